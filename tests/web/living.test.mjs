// Messages that live: edited, deleted, answered, reacted to, and naming people.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { PHONE, person, startBrowser, twoTalking } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

const talking = (t) => twoTalking(t, browser);

/** The row of a message that the server has kept, and that says so itself and does not quote it. */
const said = ({ page }, text) => page.locator(".said[data-seq]").filter({ has: page.locator(".content", { hasText: text }) });

/** Does something to a message by the bar that appears when one points at it. */
async function does(someone, text, action) {
  await said(someone, text).hover();
  await said(someone, text).getByRole("group", { name: "What to do with this message" }).getByRole("button", { name: action }).click();
}

const reaction = (someone, text, key) => said(someone, text).getByRole("button", { name: new RegExp(`^${key}`) });
const message = ({ page }) => page.getByLabel("Message", { exact: true });

test("one edits what one said, and others see that", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.says("See you at fvie");
  await bob.sees("See you at fvie");
  await does(alice, "See you at", "Edit");
  assert.equal(await message(alice).inputValue(), "See you at fvie");
  await alice.says("See you at five");
  for (const someone of [alice, bob]) {
    await someone.sees("See you at five");
    assert.match(await someone.row("See you at five").getByText("(edited)").getAttribute("title"), /^Edited /);
    assert.deepEqual(await someone.log(), ["See you at five"]);
  }
  await bob.row("See you at five").hover();
  assert.equal(await bob.row("See you at five").getByRole("button", { name: "Edit" }).count(), 0);
  await bob.page.reload();
  await bob.sees("See you at five");
  assert.deepEqual(await bob.log(), ["See you at five"]);
});

test("arrow up edits one's last message, Escape gives up, and a draft waits meanwhile", async (t) => {
  const { alice, bob } = await talking(t);
  const { keyboard } = alice.page;
  await alice.says("First");
  await said(alice, "First").waitFor();
  await bob.sees("First");
  await keyboard.press("ArrowUp");
  await alice.seesAnywhere("Editing your message");
  assert.equal(await message(alice).inputValue(), "First");
  await keyboard.type(" and second");
  await keyboard.press("Escape");
  assert.equal(await message(alice).inputValue(), "");
  await alice.page.getByText("Editing your message", { exact: true }).waitFor({ state: "hidden" });
  await message(alice).fill("A draft");
  await does(alice, "First", "Edit");
  await keyboard.press("Escape");
  assert.equal(await message(alice).inputValue(), "A draft");
  assert.deepEqual(await bob.log(), ["First"]);
});

test("what is deleted is gone for everybody, after one was asked", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.says("The combination is 1234");
  await bob.sees("The combination");
  await does(alice, "The combination", "Delete");
  await alice.page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await does(alice, "The combination", "Delete");
  await alice.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  for (const someone of [alice, bob]) {
    await someone.sees("This message was deleted");
    assert.equal(await someone.page.getByText("1234").count(), 0);
    assert.equal(await someone.row("This message was deleted").getByRole("button").count(), 0);
  }
  await bob.entry("alice").getByText("This message was deleted").waitFor();
});

test("one reacts, by a few emojis or another, and others join in or do no more", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.says("We won");
  await bob.sees("We won");
  await does(bob, "We won", "React");
  await bob.page.getByRole("dialog", { name: "React" }).getByRole("button", { name: "Celebrating" }).click();
  await reaction(alice, "We won", "🎉").waitFor();
  assert.equal(await reaction(alice, "We won", "🎉").getAttribute("aria-pressed"), "false");
  assert.equal(await reaction(alice, "We won", "🎉").getAttribute("title"), "bob");
  await alice.page.getByRole("status").getByText("bob reacted with 🎉 to: We won").waitFor({ state: "attached" });
  await reaction(alice, "We won", "🎉").click();
  await bob.row("We won").getByRole("button", { name: "🎉 2", pressed: true }).waitFor();
  assert.equal(await reaction(bob, "We won", "🎉").getAttribute("title"), "You and alice");
  await reaction(bob, "We won", "🎉").click();
  await alice.row("We won").getByRole("button", { name: "🎉 1", pressed: true }).waitFor();
  await does(bob, "We won", "React");
  await bob.page.getByLabel("Another emoji").fill("🦔");
  await bob.page.keyboard.press("Enter");
  await reaction(alice, "We won", "🦔").waitFor();
});

test("an answer shows what it answers, and leads there", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.says("Where is the key?");
  await bob.sees("Where is the key?");
  for (let number = 1; number <= 15; number += 1) await alice.says(`Line ${number}\n\n\n.`);
  await bob.sees("Line 15");
  await does(bob, "Where is the key?", "Reply");
  await bob.seesAnywhere("Replying to alice");
  await bob.says("On the hook");
  const quote = alice.row("On the hook").getByRole("link", { name: "Where is the key?" });
  await quote.waitFor();
  await quote.click();
  await alice.until(() => {
    const { top, bottom } = document.querySelector(".log").getBoundingClientRect();
    const row = document.activeElement.getBoundingClientRect();
    return document.activeElement.textContent.includes("Where is the key?") && row.top >= top && row.bottom <= bottom;
  });
});

test("names are offered, highlighted, and counted in the list", async (t) => {
  const server = await startServer(t);
  const [alice, bob] = await Promise.all(["alice", "bob"].map((name) => person(browser, server, name)));
  t.after(() => Promise.all([alice, bob].map(({ context }) => context.close())));
  await alice.makesRoom("Garden club");
  await bob.joinsRoom("Garden club");
  await alice.sees("bob joined");
  await bob.opens("Lobby");
  const { keyboard } = alice.page;
  await message(alice).pressSequentially("Well, @b");
  const offered = alice.page.getByRole("listbox", { name: "People to mention" });
  await offered.getByRole("option", { name: "bob", selected: true }).waitFor();
  await keyboard.press("Escape");
  await offered.waitFor({ state: "hidden" });
  assert.equal(await message(alice).inputValue(), "Well, @b");
  await message(alice).pressSequentially("o");
  await message(alice).fill("");
  await message(alice).pressSequentially("Well, @");
  await offered.getByRole("option", { name: "@everyone" }).waitFor();
  await message(alice).pressSequentially("bo");
  await offered.getByRole("option", { name: "bob", selected: true }).waitFor();
  await keyboard.press("Tab");
  assert.equal(await message(alice).inputValue(), "Well, @bob ");
  await keyboard.type("who waters?");
  await keyboard.press("Enter");
  await alice.sees("who waters?");
  await bob.entry("Garden club").getByText("1 mention of you").waitFor();
  await bob.page.reload();
  await bob.entry("Garden club").getByText("1 mention of you").waitFor();
  await bob.opens("Garden club");
  await bob.sees("who waters?");
  assert.equal(await bob.page.locator(".mention-me").textContent(), "@bob");
  assert.equal(await alice.page.locator(".mention").textContent(), "@bob");
  assert.equal(await alice.page.locator(".mention-me").count(), 0);
  await bob.entry("Garden club").getByText("1 mention of you").waitFor({ state: "detached" });
  await bob.says("You do, @alice");
  await alice.page.locator(".mention-me").getByText("@alice").waitFor();
});

test("who keeps order in a room deletes what others say, and that is told", async (t) => {
  const server = await startServer(t);
  const [alice, bob] = await Promise.all(["alice", "bob"].map((name) => person(browser, server, name)));
  t.after(() => Promise.all([alice, bob].map(({ context }) => context.close())));
  await alice.makesRoom("Garden club");
  await bob.joinsRoom("Garden club");
  await alice.says("Welcome");
  await bob.says("Buy my things");
  await alice.sees("Buy my things");
  await bob.row("Welcome").hover();
  await bob.row("Welcome").getByRole("button", { name: "Reply" }).waitFor();
  await does(alice, "Buy my things", "Delete");
  await alice.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await bob.sees("This message was deleted by alice");
  assert.equal(await bob.row("Welcome").getByRole("button", { name: "Delete" }).count(), 0);
});

test("what one is at in a message's actions stays when others come", async (t) => {
  const server = await startServer(t);
  const [alice, bob] = await Promise.all(["alice", "bob"].map((name) => person(browser, server, name)));
  t.after(() => Promise.all([alice, bob].map(({ context }) => context.close())));
  await alice.makesRoom("Garden club");
  await bob.joinsRoom("Garden club");
  await bob.says("Buy my things");
  await alice.sees("Buy my things");
  await alice.page.reload();
  await alice.sees("Buy my things");
  let lets;
  const held = new Promise((resolve) => (lets = resolve));
  await alice.page.route("**/members?*", (route) => held.then(() => route.continue()));
  await alice.pressesUntil("Shift+Tab", "Actions");
  await alice.page.keyboard.press("Enter");
  await alice.pressesUntil("ArrowRight", "Reply");
  assert.equal(await said(alice, "Buy my things").getByRole("button", { name: "Delete" }).count(), 0);
  lets();
  await said(alice, "Buy my things").getByRole("button", { name: "Delete" }).waitFor();
  assert.equal(await alice.focused(), "Reply");
});

test("the address of a message leads to it", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.says("Look here");
  for (let number = 1; number <= 12; number += 1) await alice.says(`Line ${number}\n\n\n.`);
  await bob.sees("Line 12");
  await bob.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await does(bob, "Look here", "Copy link");
  await bob.seesAnywhere("Link copied.");
  const address = await bob.page.evaluate(() => navigator.clipboard.readText());
  await bob.opens("Lobby");
  await bob.page.goto(address);
  await bob.until(() => document.activeElement.textContent.includes("Look here"));
  await bob.page.reload();
  await bob.until(() => document.activeElement.textContent.includes("Look here"));
});

test("a keyboard is enough for all of it", async (t) => {
  const { alice, bob } = await talking(t);
  const { keyboard } = alice.page;
  await bob.says("One");
  await bob.says("Two");
  await alice.sees("Two");
  await alice.pressesUntil("Shift+Tab", "Actions");
  await keyboard.press("ArrowUp");
  await keyboard.press("Enter");
  assert.equal(await alice.focused(), "React");
  await keyboard.press("Enter");
  await alice.page.getByRole("dialog", { name: "React" }).waitFor();
  await keyboard.press("Enter");
  await reaction(bob, "One", "👍").waitFor();
  await alice.page.getByRole("dialog").waitFor({ state: "detached" });
  await alice.pressesUntil("ArrowRight", "Reply");
  await keyboard.press("Enter");
  await alice.seesAnywhere("Replying to bob");
  await keyboard.type("Three");
  await keyboard.press("Enter");
  await bob.row("Three").getByRole("link", { name: "One" }).waitFor();
});

test("what one does without a connection is shown, and done when there is one", async (t) => {
  const { server, alice, bob } = await talking(t);
  await alice.says("Hello");
  await alice.seesTick("Hello", "Read");
  await server.kill();
  await alice.seesAnywhere("Connection lost");
  await does(alice, "Hello", "Edit");
  await alice.says("Hello again");
  await alice.seesTick("Hello again", "Waiting to be sent");
  await server.start();
  await bob.sees("Hello again");
  await alice.row("Hello again").getByRole("img", { name: "Waiting to be sent" }).waitFor({ state: "detached" });
});

for (const [kind, options] of [["desktop", {}], ["phone", { viewport: PHONE, hasTouch: true, isMobile: true }]]) {
  test(`all of it can be used by everybody: ${kind}`, async (t) => {
    const server = await startServer(t);
    const says = (sender_id, content) => server.asks("POST", "/api/send_message", { sender_id, receiver_id: sender_id === "bob" ? "alice" : "bob", content });
    for (const content of ["Did you find the keys?", "They were on the hook by the door, under the coat."]) await says("bob", content);
    await says("alice", "Then I know where to look.");
    const [alice, bob] = await Promise.all([person(browser, server, "alice", options), person(browser, server, "bob")]);
    t.after(() => Promise.all([alice, bob].map(({ context }) => context.close())));
    const { page } = alice;
    await bob.opens("alice");
    await does(bob, "Then I know", "Reply");
    await bob.says("Good @alice");
    await does(bob, "Then I know", "React");
    await bob.page.getByRole("dialog").getByRole("button", { name: "Heart" }).click();
    await does(bob, "Did you find", "Delete");
    await bob.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await alice.opens("bob");
    await reaction(alice, "Then I know", "❤️").waitFor();
    await alice.sees("This message was deleted");
    const row = said(alice, "Then I know");
    if (kind === "phone") await presses(alice, row.locator(".content"));
    else await row.hover();
    await row.getByRole("button", { name: "Delete" }).waitFor();
    await alice.looksFine(`${kind}-living`);
    await row.getByRole("button", { name: "Edit" }).click();
    await alice.looksFine(`${kind}-editing`);
    await page.keyboard.press("Escape");
    await message(alice).pressSequentially("@b");
    await page.getByRole("option", { name: "bob" }).waitFor();
    await alice.looksFine(`${kind}-mentioning`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  });
}

/** A long press of a finger. */
async function presses({ page }, target) {
  const { x, y, width, height } = await target.boundingBox();
  const session = await page.context().newCDPSession(page);
  const touchPoints = [{ x: x + width / 2, y: y + height / 2 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.locator(".bar").waitFor();
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}
