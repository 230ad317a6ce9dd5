// Connections go, servers die, pages are loaded again: nothing is lost, nothing is shown twice.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { startBrowser, twoTalking } from "./support/browser.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

const talking = (t) => twoTalking(t, browser);

test("who was away sees what was said meanwhile, once and in order", async (t) => {
  const { server, alice, bob } = await talking(t);
  await alice.says("Before");
  await bob.sees("Before");
  await bob.page.close();
  for (const words of ["While", "you", "were", "away"]) await alice.says(words);
  await alice.seesTick("away", "Sent");
  bob.page = await bob.context.newPage();
  await bob.page.goto(server.url);
  await bob.entry("alice").getByText("4 unread").waitFor();
  await bob.opens("alice");
  await bob.sees("away");
  assert.deepEqual(await bob.log(), ["Before", "While", "you", "were", "away"]);
  await alice.seesTick("away", "Read");
});

test("a server that dies in the middle and comes back loses nothing", async (t) => {
  const { server, alice, bob } = await talking(t);
  await alice.says("One");
  await bob.sees("One");
  await server.kill();
  await alice.seesAnywhere("Connection lost");
  await alice.says("Two");
  await bob.says("Three");
  await alice.seesTick("Two", "Waiting to be sent");
  await server.start();
  await alice.sees("Three");
  await bob.sees("Two");
  await alice.seesTick("Two", "Read");
  await bob.seesTick("Three", "Read");
  const log = await alice.log();
  assert.deepEqual(log.toSorted(), ["One", "Three", "Two"]);
  assert.deepEqual(await bob.log(), log);
  assert.ok(!(await alice.page.getByText("Connection lost").isVisible()));
});

test("what is unsent outlives the page", async (t) => {
  const { server, alice, bob } = await talking(t);
  await alice.says("One");
  await bob.sees("One");
  await server.kill();
  await alice.seesAnywhere("Connection lost");
  await alice.says("Two");
  await alice.says("Three");
  await alice.page.close();
  await server.start();
  alice.page = await alice.context.newPage();
  await alice.page.goto(server.url);
  await bob.sees("Three");
  await alice.opens("bob");
  await alice.seesTick("Three", "Read");
  const words = ["One", "Two", "Three"];
  assert.deepEqual(await alice.log(), words);
  assert.deepEqual(await bob.log(), words);
});

test("without a network one is told so, and goes on writing", async (t) => {
  const { server, alice, bob } = await talking(t);
  await server.kill();
  await alice.seesAnywhere("Connection lost");
  await alice.context.setOffline(true);
  await alice.seesAnywhere("You are offline.");
  await alice.says("From the tunnel");
  await alice.seesTick("From the tunnel", "Waiting to be sent");
  await server.start();
  await alice.context.setOffline(false);
  await bob.sees("From the tunnel");
  await alice.seesTick("From the tunnel", "Read");
});

test("how long until the next attempt is to be seen, and not read out every second", async (t) => {
  const { server, alice } = await talking(t);
  await server.kill();
  await alice.page.getByText(/Trying again in \d+ s\./).waitFor();
  await alice.until(() => [...document.querySelectorAll('[role="status"]')].some((it) => it.textContent === "Connection lost."));
  assert.equal(await alice.page.getByRole("status").filter({ hasText: /\d/ }).count(), 0);
});

test("two tabs of one person show the same, and send what one of them says once", async (t) => {
  const { server, alice, bob } = await talking(t);
  const first = alice.page;
  alice.page = await alice.context.newPage();
  await alice.page.goto(first.url());
  await alice.page.getByRole("heading", { level: 2, name: "bob" }).waitFor();
  await alice.says("From the second tab");
  await bob.sees("From the second tab");
  await bob.says("Heard");
  await alice.sees("Heard");
  const second = await alice.log();
  alice.page = first;
  await alice.sees("Heard");
  assert.deepEqual(await alice.log(), second);
  const stored = await server.asks("GET", "/messages?user1=alice&user2=bob");
  assert.deepEqual(stored.map(({ content }) => content), second);
});
