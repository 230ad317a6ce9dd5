// Two people in two browsers talk.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { person, startBrowser, twoTalking } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

const talking = (t) => twoTalking(t, browser);

test("two people talk, and see how far their words got", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.says("Hello");
  await bob.sees("Hello");
  await alice.seesTick("Hello", "Read");
  await bob.says("Hello yourself,\nhow are you?");
  await alice.sees("how are you?");
  await alice.says("Fine");
  await bob.sees("Fine");
  const words = ["Hello", "Hello yourself,\nhow are you?", "Fine"];
  assert.deepEqual(await alice.log(), words);
  assert.deepEqual(await bob.log(), words);
});

test("one sees that the other is typing, and is here", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.seesAnywhere("Online");
  await bob.page.getByLabel("Message", { exact: true }).pressSequentially("Well");
  await alice.seesAnywhere("bob is typing …");
  await bob.page.keyboard.press("Enter");
  await alice.sees("Well");
  await alice.page.getByText("bob is typing …").first().waitFor({ state: "detached" });
  await bob.context.close();
  await alice.seesAnywhere("Last seen");
});

test("what is new is counted, marked, and read by looking at it", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.says("One");
  await bob.sees("One");
  await bob.opens("Lobby");
  for (const words of ["Two", "Three"]) await alice.says(words);
  await bob.entry("alice").getByText("2 unread").waitFor();
  await bob.until(() => document.title === "(2) Lobby · Confab");
  await bob.until(() => document.querySelector('link[rel="icon"]').href.endsWith("icon-unread.svg"));
  await alice.seesTick("Three", "Delivered");
  await bob.opens("alice");
  await bob.until(() => {
    const rows = [...document.querySelectorAll(".rows li")].map((row) => row.querySelector(".content")?.textContent ?? row.textContent);
    return rows.slice(-4).join() === "One,New,Two,Three";
  });
  await bob.until(() => document.title === "alice · Confab");
  await bob.until(() => document.querySelector('link[rel="icon"]').href.endsWith("icon.svg"));
  await alice.seesTick("Three", "Read");
});

test("scrolling back loads what was said earlier, down to the beginning", async (t) => {
  const server = await startServer(t, "--rate-limit", "0");
  for (let number = 1; number <= 130; number += 1) {
    await server.asks("POST", "/api/send_message", { sender_id: "bob", receiver_id: "alice", content: `Number ${number}.` });
  }
  const bob = await person(browser, server, "bob");
  await bob.opens("alice");
  await bob.sees("Number 130.");
  await bob.row("Number 1.").waitFor({ state: "detached" });
  const log = bob.page.getByRole("log");
  await log.hover();
  while (!(await bob.row("Number 1.").isVisible())) {
    await bob.page.mouse.wheel(0, -1500);
    await bob.until(() => document.querySelector(".log").getAttribute("aria-busy") === null);
  }
  const expected = Array.from({ length: 130 }, (_, index) => `Number ${index + 1}.`);
  assert.deepEqual(await bob.log(), expected);
  await bob.page.getByRole("button", { name: "To the newest message" }).click();
  await bob.row("Number 130.").and(bob.page.locator(":visible")).waitFor();
  await bob.context.close();
});

test("addresses become links, a draft waits, and Shift and Enter begin a line", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.says("See https://example.org/a_(b)?c=d#e, or (http://example.com).");
  await bob.sees("See");
  const links = await bob.page.locator(".content a").evaluateAll((all) => all.map((link) => [link.href, link.rel]));
  const rel = "noopener noreferrer nofollow";
  assert.deepEqual(links, [["https://example.org/a_(b)?c=d#e", rel], ["http://example.com/", rel]]);
  const message = bob.page.getByLabel("Message", { exact: true });
  await message.pressSequentially("Half");
  await bob.page.keyboard.press("Shift+Enter");
  await message.pressSequentially("a thought");
  await bob.opens("Lobby");
  assert.equal(await message.inputValue(), "");
  await bob.opens("alice");
  assert.equal(await message.inputValue(), "Half\na thought");
  await bob.page.reload();
  await bob.page.getByRole("heading", { level: 2, name: "alice" }).waitFor();
  assert.equal(await message.inputValue(), "Half\na thought");
});

test("everybody who is online hears what is said in the lobby", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.opens("Lobby");
  await alice.says("Anybody there?");
  await bob.entry("Lobby").getByText("1 unread").waitFor();
  await bob.opens("Lobby");
  await bob.sees("Anybody there?");
});

test("who is blocked can say nothing more, until they are let", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.says("Hello");
  await bob.sees("Hello");
  await bob.page.getByRole("button", { name: "About alice" }).click();
  await bob.page.getByRole("button", { name: "Block", exact: true }).click();
  await bob.page.getByRole("button", { name: "Unblock" }).waitFor();
  await bob.page.keyboard.press("Escape");
  await bob.seesAnywhere("Blocked");
  await alice.says("Are you there?");
  await alice.seesTick("Are you there?", "Not sent");
  await bob.page.getByRole("button", { name: "About alice" }).click();
  await bob.page.getByRole("button", { name: "Unblock" }).click();
  await bob.page.getByRole("button", { name: "Block", exact: true }).waitFor();
  await bob.page.keyboard.press("Escape");
  await alice.row("Are you there?").getByRole("button", { name: "Retry" }).click();
  await bob.sees("Are you there?");
});

test("what is too long is not sent, and one is told before", async (t) => {
  const { alice } = await talking(t);
  await alice.page.getByLabel("Message", { exact: true }).fill("é".repeat(2049));
  await alice.seesAnywhere("2 bytes too long");
  assert.ok(await alice.page.getByRole("button", { name: "Send" }).isDisabled());
});

test("an address that names no conversation of one's own shows none", async (t) => {
  const { alice, bob } = await talking(t);
  await alice.says("Hello");
  for (const hash of ["#dm:a:%25zz", "#dm:alice", "#dm:alice:carol", "#room:x", "#%ff", "#nothing"]) {
    await bob.page.goto(bob.server.url + hash);
    await bob.seesAnywhere("Whom do you want to talk to?");
    await bob.page.reload();
    await bob.seesAnywhere("Whom do you want to talk to?");
  }
  await bob.opens("alice");
  await bob.sees("Hello");
});
