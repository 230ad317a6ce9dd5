// What changes elsewhere is followed at once: rooms, invitations, names, who types, who is here.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { person, startBrowser, twoTalking, visitor } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

/** Bob is in a room of alice's, and looks at it. */
async function inRoom(t) {
  const server = await startServer(t);
  const { id } = await server.asks("POST", "/api/rooms", { name: "Garden club", user_id: "alice" });
  await server.asks("POST", `/api/rooms/${id}/join`, { user_id: "bob" });
  const bob = await person(browser, server, "bob");
  t.after(() => bob.context.close());
  await bob.opens("Garden club");
  return { server, id, bob };
}

test("a room's new topic is seen at once", async (t) => {
  const { server, id, bob } = await inRoom(t);
  await bob.page.getByRole("button", { name: "Members" }).click();
  await server.asks("PATCH", `/api/rooms/${id}`, { topic: "What is ripe", user_id: "alice" });
  await bob.page.getByRole("dialog").getByText("What is ripe").waitFor();
  await bob.page.keyboard.press("Escape");
  await bob.page.locator(".chat-head").getByText("What is ripe").waitFor();
});

test("a room's new name is seen at once, wherever it stands", async (t) => {
  const { server, id, bob } = await inRoom(t);
  const { page } = bob;
  await page.getByRole("button", { name: "Members" }).click();
  await page.getByRole("dialog", { name: "Garden club" }).waitFor();
  await server.asks("PATCH", `/api/rooms/${id}`, { name: "Orchard", user_id: "alice" });
  await page.getByRole("dialog", { name: "Orchard" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { level: 2, name: "Orchard" }).waitFor();
  await bob.entry("Orchard").waitFor();
  await bob.until(() => document.title === "Orchard · Confab");
  await bob.says("Hello");
  await bob.seesTick("Hello", "Sent");
  assert.equal(await page.getByText("Garden club", { exact: true }).count(), 0);
});

test("a room that is deleted goes, and one is told", async (t) => {
  const { server, id, bob } = await inRoom(t);
  await bob.page.getByRole("button", { name: "Members" }).click();
  await bob.page.getByRole("dialog").getByText("owner").waitFor();
  await server.asks("DELETE", `/api/rooms/${id}?user_id=alice`);
  await bob.seesAnywhere("Garden club was deleted.");
  await bob.entry("Garden club").waitFor({ state: "detached" });
  await bob.seesAnywhere("Whom do you want to talk to?");
  assert.equal(await bob.page.getByRole("dialog").count(), 0);
});

test("an invitation comes and goes without loading anything again", async (t) => {
  const server = await startServer(t);
  const { id } = await server.asks("POST", "/api/rooms", { name: "Surprise", access: "private", user_id: "alice" });
  const bob = await person(browser, server, "bob");
  t.after(() => bob.context.close());
  const { page } = bob;
  await server.asks("PUT", `/api/rooms/${id}/invitations/bob`, { user_id: "alice" });
  await bob.seesAnywhere("alice invites you to Surprise.");
  await page.getByRole("button", { name: "Rooms 1 invitations" }).click();
  const invitation = page.getByRole("dialog").getByRole("listitem").filter({ hasText: "alice invites you" });
  await invitation.waitFor();
  await server.asks("DELETE", `/api/rooms/${id}/invitations/bob?user_id=alice`);
  await invitation.waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Rooms", exact: true }).first().waitFor();
});

test("who stops typing is not shown as typing", async (t) => {
  const { alice, bob } = await twoTalking(t, browser);
  await bob.page.routeWebSocket(/./, (socket) => {
    const server = socket.connectToServer();
    // Only the word that it is over can end it.
    server.onMessage((data) => socket.send(data.replace(/"expires_in_ms":\d+/, '"expires_in_ms":3600000')));
  });
  await bob.page.reload();
  await bob.isIn();
  const message = alice.page.getByLabel("Message", { exact: true });
  const typing = bob.page.getByText("alice is typing …").first();
  // Before bob's new connection is ready it is told nothing.
  while (!(await typing.isVisible())) await message.pressSequentially("well ");
  await message.fill("");
  await typing.waitFor({ state: "detached" });
});

test("who may not speak is told why", async (t) => {
  const { server, id, bob } = await inRoom(t);
  await server.asks("PUT", `/api/rooms/${id}/mutes/bob`, { seconds: 3600, user_id: "alice" });
  await bob.says("Hm?");
  await bob.row("Hm?").getByText("You are muted here.").waitFor();
  await server.asks("PUT", "/api/blocks/bob?user_id=alice");
  await bob.writesTo("alice");
  await bob.says("Are you there?");
  await bob.row("Are you there?").getByText("They have blocked you.").waitFor();
});

test("without a network one is told at once, and nobody is shown as being here", async (t) => {
  const { alice } = await twoTalking(t, browser);
  await alice.says("Hello");
  await alice.seesTick("Hello", "Read");
  await alice.entry("bob").getByText("online", { exact: true }).waitFor();
  await alice.context.setOffline(true);
  await alice.seesAnywhere("You are offline.");
  await alice.entry("bob").locator(".presence-unknown").waitFor();
  assert.equal(await alice.page.getByText("Online", { exact: true }).count(), 0);
  await alice.context.setOffline(false);
  await alice.page.getByText("You are offline.").waitFor({ state: "hidden" });
  await alice.entry("bob").getByText("online", { exact: true }).waitFor();
});

test("a new name is seen at once by whoever talks to its owner", async (t) => {
  const server = await startServer(t, "--auth", "accounts");
  const [alice, bob] = await Promise.all(["alice", "bob"].map((name) => registers(server, name)));
  t.after(() => Promise.all([alice, bob].map(({ context }) => context.close())));
  await alice.writesTo("bob");
  await alice.says("Hello");
  await bob.opens("alice");
  await bob.sees("Hello");
  await alice.page.getByRole("button", { name: "Your account, alice" }).click();
  await alice.page.getByLabel("Display name").fill("Alice Adams");
  await alice.page.getByRole("button", { name: "Save" }).click();
  await alice.page.getByRole("dialog").getByRole("paragraph").getByText("Alice Adams").first().waitFor();
  await bob.page.getByRole("heading", { level: 2, name: "Alice Adams @alice" }).waitFor();
  await bob.entry("Alice Adams").getByText("@alice").waitFor();
});

test("whoever deletes their account is gone at once for whom they talked to", async (t) => {
  const server = await startServer(t, "--auth", "accounts");
  const bob = await registers(server, "bob");
  t.after(() => bob.context.close());
  const password = "a good password";
  const { access_token: token } = await server.asks("POST", "/api/register", { username: "alice", password });
  await server.asks("POST", "/api/send_message", { receiver_id: "bob", content: "Goodbye" }, token);
  await bob.opens("alice");
  await bob.sees("Goodbye");
  await server.asks("DELETE", "/api/me", { password }, token);
  await bob.page.getByRole("heading", { level: 2, name: "Somebody who left" }).waitFor();
  await bob.entry("Somebody who left").waitFor();
  await bob.sees("Goodbye");
  assert.equal(await bob.page.getByText("alice", { exact: true }).count(), 0);
});

async function registers(server, name) {
  const someone = await visitor(browser, server);
  await someone.page.getByRole("button", { name: "Create an account" }).click();
  await someone.page.getByLabel("Username").fill(name);
  await someone.page.getByLabel("Password").fill("a good password");
  await someone.page.getByRole("button", { name: "Create account" }).click();
  await someone.isIn();
  return someone;
}
