// Rooms seen from outside, by a link: public ones, those one is invited to, and those that are none of one's business.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { PHONE, person, startBrowser } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

/** Alice has a room, and bob has a link to it. */
async function link(t, room, options) {
  const server = await startServer(t);
  const { id } = await server.asks("POST", "/api/rooms", { ...room, user_id: "alice" });
  const bob = await person(browser, server, "bob", options);
  t.after(() => bob.context.close());
  const follows = async (to = id) => {
    await bob.page.goto(`${server.url}/#room%3A${to}`);
    await bob.page.reload();
  };
  return { server, id, bob, follows };
}

test("a link to a public room shows what it is, and lets one join", async (t) => {
  const { bob, follows } = await link(t, { name: "Garden club", topic: "Who waters in August" });
  await follows();
  await bob.page.getByRole("heading", { level: 2, name: "Garden club" }).waitFor();
  await bob.seesAnywhere("Who waters in August");
  assert.equal(await bob.page.getByLabel("Message", { exact: true }).count(), 0);
  assert.equal(await bob.entry("Garden club").count(), 0);
  await bob.looksFine("outside-public");
  await bob.page.getByRole("button", { name: "Join", exact: true }).click();
  await bob.says("Hello");
  await bob.seesTick("Hello", "Sent");
});

test("a link to a room that one is invited to shows by whom, and lets one join or decline", async (t) => {
  const { server, id, bob, follows } = await link(t, { name: "Surprise", access: "private" });
  await server.asks("PUT", `/api/rooms/${id}/invitations/bob`, { user_id: "alice" });
  await follows();
  await bob.page.getByRole("heading", { level: 2, name: "Surprise" }).waitFor();
  await bob.seesAnywhere("alice invites you.");
  await bob.looksFine("outside-invited");
  await bob.page.getByRole("button", { name: "Decline" }).click();
  await bob.seesAnywhere("Whom do you want to talk to?");
  assert.deepEqual(await server.asks("GET", "/api/invitations?user_id=bob"), []);
  await server.asks("PUT", `/api/rooms/${id}/invitations/bob`, { user_id: "alice" });
  await follows();
  await bob.page.getByRole("button", { name: "Join", exact: true }).click();
  await bob.says("Hello");
  await bob.seesTick("Hello", "Sent");
});

for (const [kind, options] of [["desktop", {}], ["phone", { viewport: PHONE, hasTouch: true, isMobile: true }]]) {
  test(`a link to a private room or to none says that there is none: ${kind}`, async (t) => {
    const { bob, follows } = await link(t, { name: "Surprise", access: "private" }, options);
    await follows();
    await bob.page.getByRole("heading", { level: 2, name: "There is no such room" }).waitFor();
    assert.equal(await bob.page.getByText("Surprise").count(), 0);
    await bob.looksFine(`outside-nowhere-${kind}`);
    await follows("00000000-0000-4000-8000-000000000000");
    await bob.page.getByRole("heading", { level: 2, name: "There is no such room" }).waitFor();
    if (kind === "phone") await bob.page.getByRole("link", { name: "All conversations" }).click();
    await bob.entry("Lobby").waitFor();
  });
}

for (const [list, path, open] of [
  ["rooms", "**/api/rooms?*", ({ page }) => page.getByRole("button", { name: "Rooms" }).first().click()],
  ["people", "**/api/online_users*", ({ page }) => page.getByRole("button", { name: "New message" }).first().click()],
  ["a room", "**/api/rooms/*", (someone) => someone.follows()],
]) {
  test(`what does not come is asked for again by whoever wants it: ${list}`, async (t) => {
    const { bob, follows } = await link(t, { name: "Garden club" });
    await bob.page.route(path, (route) => route.fulfill({ status: 503, body: "" }));
    await open(Object.assign(bob, { follows }));
    await bob.seesAnywhere("That did not come.");
    await bob.page.unroute(path);
    await bob.page.getByRole("button", { name: "Try again" }).first().click();
    await bob.page.getByText("That did not come.").first().waitFor({ state: "detached" });
    if (list !== "people") await bob.seesAnywhere("Garden club");
  });
}

test("a list of conversations that does not come is asked for again", async (t) => {
  const { server, bob } = await link(t, { name: "Garden club" });
  await server.asks("POST", "/api/send_message", { sender_id: "alice", receiver_id: "bob", content: "Hello" });
  await bob.page.route("**/api/conversations*", (route) => route.fulfill({ status: 503, body: "" }));
  await bob.page.reload();
  await bob.page.getByRole("navigation").getByText("That did not come.").waitFor();
  await bob.page.unroute("**/api/conversations*");
  await bob.page.getByRole("navigation").getByRole("button", { name: "Try again" }).click();
  await bob.page.getByRole("navigation").getByText("That did not come.").waitFor({ state: "detached" });
  await bob.entry("alice").waitFor();
});
