// What people decide about conversations for themselves alone: on one device, and seen on all of theirs.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { PHONE, person, startBrowser } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

/** A server, and alice on two devices, to whom bob, carol and a room have something to say. */
async function twoDevices(t, options) {
  const server = await startServer(t);
  const says = (sender_id, where, content) => server.asks("POST", "/api/send_message", { sender_id, ...where, content });
  const toAlice = (from, content) => says(from, { receiver_id: "alice" }, content);
  const room = await server.asks("POST", "/api/rooms", { name: "Garden club", user_id: "alice" });
  for (const user_id of ["bob", "carol"]) await server.asks("POST", `/api/rooms/${room.id}/join`, { user_id });
  for (const content of ["Did you find the keys?", "They were on the hook"]) await toAlice("bob", content);
  await says("carol", { room: room.id }, "The tomatoes are ripe");
  await toAlice("carol", "See you on Tuesday");
  const [alice, phone] = await Promise.all([person(browser, server, "alice", options), person(browser, server, "alice", options)]);
  t.after(() => Promise.all([alice, phone].map(({ context }) => context.close())));
  await Promise.all([alice, phone].map((it) => it.entry("carol").waitFor()));
  return { server, alice, phone, toAlice, inRoom: (from, content, beside) => says(from, { room: room.id, ...beside }, content) };
}

/** The names in the list, from top to bottom. */
const listed = ({ page }) => page.locator(".entry-name").allTextContents();
const lists = (someone, ...names) => someone.until((wanted) => [...document.querySelectorAll(".entry-name")].map((it) => it.textContent).join() === wanted, names.join());
const message = ({ page }) => page.getByLabel("Message", { exact: true });
const dialog = ({ page }, name) => page.getByRole("dialog", { name });
const sign = (someone, title, words) => someone.entry(title).getByRole("img", { name: words });

/** Chooses something of a conversation that is open. */
async function chooses(someone, title, words) {
  await someone.page.getByRole("button", { name: "Options", exact: true }).click();
  await dialog(someone, title).getByRole("button", { name: words }).click();
  await dialog(someone, title).waitFor({ state: "detached" });
}

/** Does something to a message by the bar, or by what is behind it. */
async function does(someone, text, action) {
  const row = someone.page.locator(".said[data-seq]").filter({ has: someone.page.locator(".content", { hasText: text }) });
  await row.hover();
  await row.getByRole("button", { name: "More" }).click();
  await dialog(someone, "This message").getByRole("button", { name: action }).click();
}

test("what is pinned is at the top of the list on all devices", async (t) => {
  const { alice, phone, toAlice } = await twoDevices(t);
  await lists(phone, "Lobby", "carol", "Garden club", "bob");
  await alice.opens("bob");
  await chooses(alice, "bob", "Pin to the top");
  await lists(phone, "bob", "Lobby", "carol", "Garden club");
  await sign(phone, "bob", "Pinned").waitFor();
  await toAlice("carol", "Or on Wednesday");
  await phone.entry("carol").getByText("2 unread").waitFor();
  assert.equal((await listed(phone))[0], "bob");
  await phone.page.reload();
  await lists(phone, "bob", "Lobby", "carol", "Garden club");
  await chooses(alice, "bob", "Unpin");
  await sign(phone, "bob", "Pinned").waitFor({ state: "detached" });
  assert.equal((await listed(phone))[0], "Lobby");
});

test("what is hidden is out of the list until something is said there, and can be seen", async (t) => {
  const { alice, phone, toAlice } = await twoDevices(t);
  await alice.opens("bob");
  await chooses(alice, "bob", "Hide");
  await alice.seesAnywhere("Whom do you want to talk to?");
  for (const someone of [alice, phone]) {
    await lists(someone, "Lobby", "carol", "Garden club");
    await someone.page.getByRole("button", { name: "Hidden", exact: true }).click();
    await lists(someone, "bob");
    await someone.page.getByRole("button", { name: "Hidden", pressed: true }).click();
  }
  // Whoever looks for a name finds it.
  await phone.page.getByLabel("Find a conversation").fill("bo");
  await lists(phone, "bob");
  await phone.page.getByLabel("Find a conversation").fill("");
  await phone.page.reload();
  await lists(phone, "Lobby", "carol", "Garden club");
  await toAlice("bob", "Are you there?");
  for (const someone of [alice, phone]) await lists(someone, "Lobby", "bob", "carol", "Garden club");
  await phone.opens("bob");
  await chooses(phone, "bob", "Hide");
  await lists(alice, "Lobby", "carol", "Garden club");
  await alice.page.getByRole("button", { name: "Hidden", exact: true }).click();
  await alice.opens("bob");
  await chooses(alice, "bob", "Show in your list");
  await lists(phone, "Lobby", "bob", "carol", "Garden club");
  assert.equal(await phone.page.getByRole("button", { name: "Hidden", exact: true }).count(), 0);
});

test("what is muted is quiet, but for mentions if one likes, until one unmutes it", async (t) => {
  const { alice, phone, inRoom } = await twoDevices(t);
  await alice.opens("Garden club");
  await alice.sees("The tomatoes are ripe");
  await alice.page.getByRole("button", { name: "Options", exact: true }).click();
  await alice.page.getByRole("combobox", { name: "Mute" }).selectOption("All but mentions of you");
  await alice.page.getByLabel("For how long").selectOption("8 hours");
  await dialog(alice, "Garden club").getByRole("button", { name: "Mute" }).click();
  await sign(phone, "Garden club", /^Muted but for mentions until /).waitFor();
  await alice.opens("Lobby");
  // Two of bob's and one of carol's.
  await phone.until(() => document.title === "(3) Confab");
  await inRoom("bob", "I bring jars");
  await phone.entry("Garden club").getByText("1 unread").waitFor();
  await phone.until(() => document.title === "(3) Confab");
  await inRoom("bob", "Which of them, alice?", { mentions: ["alice"] });
  await phone.entry("Garden club").getByText("1 mention of you").waitFor();
  await phone.until(() => document.title === "(4) Confab");
  await alice.opens("Garden club");
  await chooses(alice, "Garden club", "Unmute");
  await sign(phone, "Garden club", /^Muted/).waitFor({ state: "detached" });
  await alice.opens("bob");
  await alice.page.getByRole("button", { name: "Options", exact: true }).click();
  await alice.page.getByLabel("For how long").selectOption("For good");
  await dialog(alice, "bob").getByRole("button", { name: "Mute" }).click();
  await sign(phone, "bob", "Muted").waitFor();
});

test("who marks as unread reads it later, on whatever device", async (t) => {
  const { server, alice, phone } = await twoDevices(t);
  const isUnread = async () => (await server.asks("GET", "/api/conversations?user_id=alice&unread=true")).some((it) => it.with === "bob");
  await alice.opens("bob");
  await alice.sees("They were on the hook");
  await phone.entry("bob").getByText("2 unread").waitFor({ state: "detached" });
  await chooses(alice, "bob", "Mark as unread");
  for (const someone of [alice, phone]) await someone.entry("bob").getByText("1 unread").waitFor();
  await does(alice, "Did you find the keys?", "Mark as unread from here");
  for (const someone of [alice, phone]) await someone.entry("bob").getByText("2 unread").waitFor();
  await phone.page.getByRole("button", { name: "Unread", exact: true }).click();
  await lists(phone, "carol", "Garden club", "bob");
  assert.ok(await isUnread());
  await phone.page.reload();
  await phone.opens("bob");
  await phone.row("New").waitFor();
  await alice.entry("bob").getByText("unread").waitFor({ state: "detached" });
  assert.ok(!(await isUnread()));
  await chooses(alice, "bob", "Mark as unread");
  await phone.entry("bob").getByText("1 unread").waitFor();
  await chooses(alice, "bob", "Mark as read");
  await phone.entry("bob").getByText("1 unread").waitFor({ state: "detached" });
});

test("a draft is on all devices, is nowhere once it is sent, and never takes the place of what one types", async (t) => {
  const { server, alice, phone } = await twoDevices(t);
  const draft = async () => (await server.asks("GET", `/api/conversations/dm:alice:bob/settings?user_id=alice`)).draft;
  await alice.opens("bob");
  await message(alice).pressSequentially("Half a thought");
  await phone.entry("bob").getByText("Draft: Half a thought").waitFor();
  await phone.opens("bob");
  assert.equal(await message(phone).inputValue(), "Half a thought");
  await message(phone).pressSequentially(" more");
  await alice.until(() => document.querySelector("textarea").value === "Half a thought more");
  // What one types stays, whatever comes.
  const mine = "Half a thought more, and mine";
  await message(alice).fill(mine);
  await server.asks("PATCH", "/api/conversations/dm:alice:bob/settings", { user_id: "alice", draft: "Theirs" });
  await phone.until((mine) => document.querySelector("textarea").value === mine, mine);
  assert.equal(await draft(), mine);
  assert.equal(await message(alice).inputValue(), mine);
  await phone.page.keyboard.press("Enter");
  await alice.sees(mine);
  await alice.until(() => document.querySelector("textarea").value === "");
  assert.equal(await draft(), null);
});

test("a draft outlives a server that is away, and what one has sent meanwhile does not come back", async (t) => {
  const { server, alice, phone } = await twoDevices(t);
  await alice.opens("bob");
  await message(alice).fill("Kept");
  await phone.entry("bob").getByText("Draft: Kept").waitFor();
  await server.kill();
  await alice.seesAnywhere("Connection lost");
  await alice.says("Kept, and sent");
  await alice.seesTick("Kept, and sent", "Waiting to be sent");
  await alice.opens("carol");
  await message(alice).fill("Written in the tunnel");
  await server.start();
  await phone.entry("carol").getByText("Draft: Written in the tunnel").waitFor();
  await phone.entry("bob").getByText("Kept, and sent").waitFor();
  await alice.opens("bob");
  assert.equal(await message(alice).inputValue(), "");
  await alice.page.reload();
  await alice.sees("Kept, and sent");
  assert.equal(await message(alice).inputValue(), "");
});

test("in a room one sees who has read a message, as they do", async (t) => {
  const { server, alice } = await twoDevices(t);
  const [bob, carol] = await Promise.all(["bob", "carol"].map((name) => person(browser, server, name)));
  t.after(() => Promise.all([bob, carol].map(({ context }) => context.close())));
  await alice.opens("Garden club");
  await alice.says("I take them all");
  await bob.opens("Garden club");
  await bob.sees("I take them all");
  await bob.entry("Garden club").getByText("unread").waitFor({ state: "detached" });
  await does(alice, "I take them all", "Who has read this");
  const readers = dialog(alice, "Read by");
  await readers.getByText("1 person has read this.").waitFor();
  assert.deepEqual(await readers.getByRole("listitem").locator("bdi").allTextContents(), ["bob"]);
  await carol.opens("Garden club");
  await readers.getByText("2 people have read this.").waitFor();
  await readers.getByText("carol").waitFor();
});

test("the list leads to it as well: by a button where one points, and by a finger that stays", async (t) => {
  const { alice, phone } = await twoDevices(t);
  await alice.entry("bob").hover();
  await alice.page.getByRole("button", { name: "Options for bob" }).click();
  await dialog(alice, "bob").getByRole("button", { name: "Mark as read" }).click();
  for (const someone of [alice, phone]) await someone.entry("bob").getByText("unread").waitFor({ state: "detached" });
  await phone.entry("bob").dispatchEvent("contextmenu");
  await dialog(phone, "bob").getByRole("button", { name: "Mark as unread" }).click();
  for (const someone of [alice, phone]) await someone.entry("bob").getByText("1 unread").waitFor();
  assert.ok(await phone.page.getByText("Whom do you want to talk to?").isVisible());
});

test("a keyboard is enough for that, too", async (t) => {
  const { alice, phone } = await twoDevices(t);
  const { keyboard } = alice.page;
  await alice.pressesUntil("Tab", "Lobby");
  await alice.pressesUntil("ArrowDown", "bob");
  await alice.pressesUntil("Tab", "Options");
  await keyboard.press("Enter");
  await dialog(alice, "bob").waitFor();
  await alice.pressesUntil("Tab", "Pin to the top");
  await keyboard.press("Enter");
  await sign(phone, "bob", "Pinned").waitFor();
  await dialog(alice, "bob").waitFor({ state: "detached" });
  assert.match(await alice.focused(), /Options/);
  await keyboard.press("Enter");
  await alice.pressesUntil("Tab", "Mute");
  await keyboard.press("Tab");
  await keyboard.press("ArrowDown");
  await alice.pressesUntil("Tab", "Mute");
  await keyboard.press("Enter");
  await sign(phone, "bob", /^Muted until /).waitFor();
  await alice.pressesUntil("Shift+Tab", "Unread");
  await keyboard.press("Enter");
  await alice.page.getByRole("button", { name: "Unread", pressed: true }).waitFor();
});

test("what fails is told, and stays as it was", async (t) => {
  const { server, alice } = await twoDevices(t);
  await alice.opens("bob");
  await alice.sees("They were on the hook");
  await server.kill();
  await chooses(alice, "bob", "Pin to the top");
  await alice.seesAnywhere("That did not work. Try again.");
  assert.equal(await sign(alice, "bob", "Pinned").count(), 0);
});

for (const [kind, options] of [["desktop", {}], ["phone", { viewport: PHONE, hasTouch: true, isMobile: true }]]) {
  test(`all of it can be used by everybody: ${kind}`, async (t) => {
    const { server, alice, phone, inRoom } = await twoDevices(t, options);
    const { page } = alice;
    const goesBack = async () => kind === "phone" && page.getByRole("link", { name: "All conversations" }).click();
    const tooSmall = () => page.evaluate(() => {
      const seen = [...document.querySelectorAll("button, select, .side a")].filter((it) => it.checkVisibility());
      return seen.filter((it) => it.getBoundingClientRect().height < 44).map((it) => it.outerHTML);
    });
    const looksFine = async (name) => {
      await alice.looksFine(`${kind}-${name}`);
      if (kind === "phone") assert.deepEqual(await tooSmall(), []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    };
    await server.asks("PATCH", "/api/conversations/dm:alice:bob/settings", { user_id: "alice", pinned: true });
    await server.asks("PATCH", "/api/conversations/dm:alice:carol/settings", { user_id: "alice", hidden: true, draft: "Tuesday it is" });
    await alice.opens("Garden club");
    await alice.sees("The tomatoes are ripe");
    await page.getByRole("button", { name: "Options", exact: true }).click();
    await looksFine("options");
    await page.getByLabel("For how long").selectOption("Until tomorrow");
    await dialog(alice, "Garden club").getByRole("button", { name: "Mute" }).click();
    await page.getByRole("heading", { level: 2 }).getByRole("img", { name: /^Muted until tomorrow/ }).waitFor();
    await page.getByRole("button", { name: "Options", exact: true }).click();
    await looksFine("options-muted");
    await page.keyboard.press("Escape");
    await alice.says("I take them all");
    await page.locator(".said.mine").getByRole("button", { name: "Actions" }).focus();
    await page.locator(".said.mine").getByRole("button", { name: "More" }).click();
    await looksFine("message");
    await server.asks("PATCH", "/api/conversations/dm:alice:bob/settings", { user_id: "alice", unread_from: 1 });
    await dialog(alice, "This message").getByRole("button", { name: "Who has read this" }).click();
    await dialog(alice, "Read by").getByText("Nobody else has read this yet.").waitFor();
    await looksFine("readers");
    await page.keyboard.press("Escape");
    await goesBack();
    if (kind === "desktop") await alice.opens("Lobby");
    await inRoom("bob", "I bring jars");
    await alice.entry("Garden club").getByText("1 unread").waitFor();
    if (kind === "desktop") await alice.entry("bob").hover();
    await looksFine("decided");
    await page.getByRole("button", { name: "Hidden", exact: true }).click();
    await lists(alice, ...(kind === "desktop" ? ["Lobby", "carol"] : ["carol"]));
    await looksFine("hidden");
  });
}
