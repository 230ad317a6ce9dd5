// What is pinned for everybody in a room.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { PHONE, person, startBrowser } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

const RULES = "Whoever comes last locks the gate.";

/** Alice, who owns a room, and bob, who is in it and has said something there. */
async function room(t, options, ...settings) {
  const server = await startServer(t, "--rate-limit", "0", ...settings);
  const made = await server.asks("POST", "/api/rooms", { name: "Garden club", user_id: "alice" });
  await server.asks("POST", `/api/rooms/${made.id}/join`, { user_id: "bob" });
  const says = (sender_id, content) => server.asks("POST", "/api/send_message", { sender_id, room: made.id, content });
  await says("bob", RULES);
  const [alice, bob] = await Promise.all([person(browser, server, "alice", options), person(browser, server, "bob", options)]);
  t.after(() => Promise.all([alice, bob].map(({ context }) => context.close())));
  for (const someone of [alice, bob]) {
    await someone.opens("Garden club");
    await someone.sees(RULES);
  }
  return { server, alice, bob, says };
}

const said = ({ page }, text) => page.locator(".said[data-seq]").filter({ has: page.locator(".content", { hasText: text }) });
const dialog = ({ page }, name) => page.getByRole("dialog", { name });
const pinned = (someone, text, by) => said(someone, text).getByRole("img", { name: `Pinned by ${by}` });

/** Does something to a message by what is behind the bar. */
async function does(someone, text, action) {
  await said(someone, text).hover();
  await said(someone, text).getByRole("button", { name: "More" }).click();
  await dialog(someone, "This message").getByRole("button", { name: action }).click();
}

/** Opens what is pinned. */
async function opensPins(someone) {
  await someone.page.getByRole("button", { name: "Pinned messages" }).click();
  return dialog(someone, "Pinned messages");
}

test("who keeps order pins for everybody, and takes it back", async (t) => {
  const { alice, bob } = await room(t);
  const empty = await opensPins(bob);
  await empty.getByText("Nothing is pinned here.").waitFor();
  await does(alice, RULES, "Pin for everybody");
  await pinned(alice, RULES, "you").waitFor();
  await pinned(bob, RULES, "alice").waitFor({ state: "attached" });
  await bob.page.keyboard.press("Escape");
  const list = await opensPins(bob);
  await list.getByRole("button", { name: RULES }).waitFor();
  await does(alice, RULES, "Unpin");
  await list.getByText("Nothing is pinned here.").waitFor();
  await bob.page.keyboard.press("Escape");
  await pinned(bob, RULES, "alice").waitFor({ state: "detached" });
  // Bob is not asked: he may not.
  await said(bob, RULES).hover();
  await said(bob, RULES).getByRole("button", { name: "More" }).click();
  assert.equal(await dialog(bob, "This message").getByRole("button", { name: "Pin" }).count(), 0);
});

test("from what is pinned one goes to where it was said, however long ago", async (t) => {
  const { alice, bob, says } = await room(t);
  await does(alice, RULES, "Pin for everybody");
  await pinned(bob, RULES, "alice").waitFor();
  for (let number = 1; number <= 70; number += 1) await says("alice", `Line ${number}\n\n.`);
  await bob.sees("Line 70");
  await bob.page.reload();
  await bob.sees("Line 70");
  assert.equal(await said(bob, RULES).count(), 0);
  const list = await opensPins(bob);
  await list.getByRole("button", { name: RULES }).click();
  await bob.until((rules) => {
    const { top, bottom } = document.querySelector(".log").getBoundingClientRect();
    const row = document.activeElement.getBoundingClientRect();
    return document.activeElement.textContent.includes(rules) && row.top >= top && row.bottom <= bottom;
  }, RULES);
  await pinned(bob, RULES, "alice").waitFor();
});

test("what is deleted is not pinned any more, and an edit shows in the list", async (t) => {
  const { alice, bob } = await room(t);
  await does(alice, RULES, "Pin for everybody");
  await pinned(bob, RULES, "alice").waitFor();
  const list = await opensPins(alice);
  await list.getByRole("button", { name: RULES }).waitFor();
  await bob.page.getByLabel("Message", { exact: true }).focus();
  await bob.page.keyboard.press("ArrowUp");
  await bob.says("Nobody locks the gate.");
  await list.getByRole("button", { name: "Nobody locks the gate." }).waitFor();
  await said(bob, "Nobody locks").hover();
  await said(bob, "Nobody locks").getByRole("button", { name: "Delete" }).click();
  await bob.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await list.getByText("Nothing is pinned here.").waitFor();
});

test("a keyboard is enough to pin, and to go there", async (t) => {
  const { alice } = await room(t);
  const { keyboard } = alice.page;
  await alice.pressesUntil("Shift+Tab", "Actions");
  await keyboard.press("Enter");
  await alice.pressesUntil("ArrowRight", "More");
  await keyboard.press("Enter");
  await alice.pressesUntil("Tab", "Pin for everybody");
  await keyboard.press("Enter");
  await pinned(alice, RULES, "you").waitFor();
  await alice.pressesUntil("Shift+Tab", "Pinned messages");
  await keyboard.press("Enter");
  await alice.pressesUntil("Tab", RULES);
  await keyboard.press("Enter");
  await alice.until((rules) => document.activeElement.matches(".said") && document.activeElement.textContent.includes(rules), RULES);
});

test("in the lobby pins and deletes who keeps order there", async (t) => {
  const server = await startServer(t, "--lobby-moderators", "alice");
  const [alice, bob] = await Promise.all(["alice", "bob"].map((name) => person(browser, server, name)));
  t.after(() => Promise.all([alice, bob].map(({ context }) => context.close())));
  await Promise.all([alice.opens("Lobby"), bob.opens("Lobby")]);
  await bob.says("Welcome, all");
  await alice.sees("Welcome, all");
  await said(bob, "Welcome, all").hover();
  await said(bob, "Welcome, all").getByRole("button", { name: "Delete" }).waitFor();
  assert.equal(await said(bob, "Welcome, all").getByRole("button", { name: "More" }).count(), 0);
  await does(alice, "Welcome, all", "Pin for everybody");
  await pinned(bob, "Welcome, all", "alice").waitFor();
  const list = await opensPins(bob);
  await list.getByRole("button", { name: "Welcome, all" }).waitFor();
  await said(alice, "Welcome, all").hover();
  await said(alice, "Welcome, all").getByRole("button", { name: "Delete" }).click();
  await alice.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await list.getByText("Nothing is pinned here.").waitFor();
});

for (const [kind, options] of [["desktop", {}], ["phone", { viewport: PHONE, hasTouch: true, isMobile: true }]]) {
  test(`all of it can be used by everybody: ${kind}`, async (t) => {
    const { alice, bob, says } = await room(t, options);
    const { page } = alice;
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    await says("alice", "The tomatoes by the wall are ripe. Take as many as you can carry, I have run out of people to give them to, and the cellar is full of jars from last year that nobody has opened yet.");
    await alice.sees("The tomatoes");
    for (const text of [RULES, "The tomatoes"]) {
      await said(alice, text).getByRole("button", { name: "Actions" }).focus();
      await said(alice, text).getByRole("button", { name: "More" }).click();
      if (text === RULES) await alice.looksFine(`${kind}-message-of-room`);
      await dialog(alice, "This message").getByRole("button", { name: "Pin for everybody" }).click();
      await pinned(alice, text, "you").waitFor();
    }
    await pinned(bob, "The tomatoes", "alice").waitFor();
    await alice.looksFine(`${kind}-pinned`);
    assert.ok(await fits());
    const list = await opensPins(alice);
    await list.getByRole("button", { name: RULES }).waitFor();
    await alice.looksFine(`${kind}-pins`);
    assert.ok(await fits());
  });
}
