// Rooms: making, finding, joining, leaving, and keeping order in them.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { person, startBrowser } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

async function people(t, ...names) {
  const server = await startServer(t);
  const all = await Promise.all(names.map((name) => person(browser, server, name)));
  t.after(() => Promise.all(all.map(({ context }) => context.close())));
  return { server, all };
}

test("one makes a room, others join and talk", async (t) => {
  const { all: [alice, bob] } = await people(t, "alice", "bob");
  await alice.makesRoom("Garden club");
  await bob.joinsRoom("Garden club");
  await alice.sees("bob joined");
  await alice.says("Welcome");
  await bob.sees("Welcome");
  await bob.says("Thank you");
  await alice.sees("Thank you");
  assert.deepEqual(await alice.log(), await bob.log());
  await bob.page.getByRole("button", { name: "Members" }).click();
  await bob.page.getByRole("dialog").getByText("owner").waitFor();
  await bob.page.getByRole("button", { name: "Leave the room" }).click();
  await alice.sees("bob left");
  await bob.entry("Garden club").waitFor({ state: "detached" });
  await bob.seesAnywhere("Whom do you want to talk to?");
});

test("an owner removes somebody, who is told", async (t) => {
  const { all: [alice, bob] } = await people(t, "alice", "bob");
  await alice.makesRoom("Quiet room");
  await bob.joinsRoom("Quiet room");
  await alice.sees("bob joined");
  await alice.page.getByRole("button", { name: "Members" }).click();
  const menu = alice.page.getByRole("dialog").locator("summary");
  await menu.click();
  await alice.page.getByRole("button", { name: "Mute for an hour" }).click();
  await bob.sees("alice muted you");
  await bob.says("Hm?");
  await bob.seesTick("Hm?", "Not sent");
  await bob.row("Hm?").getByRole("button", { name: "Discard" }).click();
  await bob.row("Hm?").waitFor({ state: "detached" });
  await menu.click();
  await alice.page.getByRole("button", { name: "Remove" }).click();
  await bob.seesAnywhere("You were removed from Quiet room.");
  await bob.entry("Quiet room").waitFor({ state: "detached" });
});

test("a private room is found by whoever is invited", async (t) => {
  const { all: [alice, bob] } = await people(t, "alice", "bob");
  await alice.makesRoom("Surprise", { isPrivate: true });
  await bob.page.getByRole("button", { name: "Rooms" }).first().click();
  await bob.seesAnywhere("There are no rooms yet.");
  await bob.page.keyboard.press("Escape");
  await alice.page.getByRole("button", { name: "Members" }).click();
  await alice.page.getByLabel("Invite").fill("bob");
  await alice.page.getByRole("button", { name: "Invite" }).click();
  await alice.seesAnywhere("bob is invited.");
  await bob.page.reload();
  await bob.isIn();
  await bob.page.getByRole("button", { name: "Rooms 1 invitations" }).click();
  await bob.seesAnywhere("alice invites you");
  await bob.page.getByRole("dialog").getByRole("button", { name: "Join", exact: true }).click();
  await bob.page.getByRole("heading", { level: 2, name: "Surprise" }).waitFor();
});

test("whoever joins a room that was made so reads nothing of what was said before", async (t) => {
  const { all: [alice, bob, carol] } = await people(t, "alice", "bob", "carol");
  await alice.makesRoom("Support", { isSinceJoining: true });
  await alice.says("Between ourselves");
  await alice.seesTick("Between ourselves", "Sent");
  await alice.makesRoom("Garden club");
  await alice.says("For everybody");
  await alice.seesTick("For everybody", "Sent");
  for (const someone of [bob, carol]) {
    await someone.joinsRoom("Support");
    await someone.joinsRoom("Garden club");
    await someone.sees("For everybody");
    await someone.opens("Support");
    await someone.sees(/^you joined/i);
    assert.deepEqual(await someone.log(), []);
  }
  await alice.opens("Support");
  await alice.says("Welcome, both of you");
  for (const someone of [bob, carol]) await someone.sees("Welcome, both of you");
  assert.deepEqual(await carol.log(), ["Welcome, both of you"]);
});

test("what one types beside the members stays, whoever comes and goes", async (t) => {
  const { all: [alice, bob] } = await people(t, "alice", "bob");
  await alice.makesRoom("Garden club");
  await bob.joinsRoom("Garden club");
  await alice.sees("bob joined");
  const { page } = alice;
  await page.getByRole("button", { name: "Members" }).click();
  const invite = page.getByLabel("Invite");
  await page.getByRole("dialog").locator("summary").click();
  await invite.pressSequentially("ca");
  await bob.context.close();
  await page.getByRole("dialog").getByText("online", { exact: true }).nth(1).waitFor({ state: "hidden" });
  await page.keyboard.type("rol");
  assert.equal(await invite.inputValue(), "carol");
  assert.ok(await page.getByRole("button", { name: "Mute for an hour" }).isVisible());
});

test("an invitation that is refused is told as that", async (t) => {
  const { server, all: [alice] } = await people(t, "alice");
  await server.asks("PUT", "/api/blocks/alice?user_id=bob");
  await alice.makesRoom("Garden club");
  await alice.page.getByRole("button", { name: "Members" }).click();
  const invite = alice.page.getByLabel("Invite");
  await invite.fill("bob");
  await alice.page.getByRole("button", { name: "Invite" }).click();
  await alice.page.locator(".toast-bad").last().waitFor();
  await invite.fill("carol");
  await alice.page.getByRole("button", { name: "Invite" }).click();
  await alice.seesAnywhere("carol is invited.");
  assert.equal(await alice.page.getByText("bob is invited").count(), 0);
});
