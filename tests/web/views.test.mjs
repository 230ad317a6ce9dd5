// How the page looks and works for everybody: scanned, photographed, by keyboard, on a phone, and small.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import * as runner from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { PHONE, person, startBrowser, visitor } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

/** The most that the page and the library may weigh, as they travel at best. */
const MOST_BYTES = 88 * 1024;

/** A server where something has been said. */
async function garden(t) {
  const server = await startServer(t);
  const says = (sender_id, where, content) => server.asks("POST", "/api/send_message", { sender_id, ...where, content });
  const topic = "What grows, what does not, and who waters in August";
  const room = await server.asks("POST", "/api/rooms", { name: "Garden club", topic, user_id: "Alice" });
  for (const user_id of ["Bob", "Carla Ruiz", "Dmitri"]) await server.asks("POST", `/api/rooms/${room.id}/join`, { user_id });
  const inRoom = { room: room.id };
  await says("Carla Ruiz", inRoom, "The tomatoes by the wall are ripe. Take as many as you can carry, I have run out of people to give them to.");
  await says("Dmitri", inRoom, "I could use some for Sunday");
  await says("Dmitri", inRoom, "How many is many?");
  await says("Carla Ruiz", inRoom, "Two buckets. Here is what I do with them: https://example.org/recipes/passata (it takes an afternoon)");
  await says("Bob", inRoom, "I will bring jars.");
  await says("Alice", inRoom, "Jars and buckets it is. I will be at the gate at four.");
  for (const content of ["Did you find the keys?", "They were on the hook by the door"]) await says("Dmitri", { receiver_id: "Alice" }, content);
  await says("Emma", { receiver_id: "Alice" }, "See you on Tuesday then.");
  return server;
}

for (const [kind, options] of [["desktop", {}], ["phone", { viewport: PHONE, hasTouch: true, isMobile: true }]]) {
  test(`every view can be used by everybody: ${kind}`, async (t) => {
    const server = await garden(t);
    const alice = await visitor(browser, server, options);
    const bob = await person(browser, server, "Bob");
    t.after(() => Promise.all([alice, bob].map(({ context }) => context.close())));
    const { page } = alice;
    await alice.looksFine(`${kind}-sign-in`);
    await alice.signsIn("Alice");
    await alice.entry("Dmitri").getByText("2 unread").waitFor();
    await alice.looksFine(`${kind}-list`);
    await alice.opens("Dmitri");
    await alice.sees("They were on the hook");
    await alice.looksFine(`${kind}-direct`);
    await page.getByRole("button", { name: "About Dmitri" }).click();
    await alice.looksFine(`${kind}-person`);
    await page.keyboard.press("Escape");
    if (kind === "phone") await page.getByRole("link", { name: "All conversations" }).click();
    await alice.opens("Garden club");
    await alice.sees("Jars and buckets");
    await alice.seesAnywhere("who waters in August");
    await alice.looksFine(`${kind}-room`);
    await page.getByRole("button", { name: "Members" }).click();
    await page.getByRole("dialog").getByLabel("What to do about Dmitri").first().click();
    await alice.looksFine(`${kind}-members`);
    // The menu is closed first.
    await page.keyboard.press("Escape");
    assert.ok(await page.getByRole("dialog").isVisible());
    await page.keyboard.press("Escape");
    if (kind === "phone") await page.getByRole("link", { name: "All conversations" }).click();
    await page.getByRole("button", { name: "Rooms" }).first().click();
    await page.getByRole("button", { name: "Open Garden club" }).waitFor();
    await alice.looksFine(`${kind}-rooms`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "New message" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Bob" }).waitFor();
    await alice.looksFine(`${kind}-write`);
    await page.keyboard.press("Escape");
    await alice.opens("Emma");
    await server.kill();
    await alice.seesAnywhere("Connection lost");
    await alice.says("Tuesday it is");
    await alice.seesTick("Tuesday it is", "Waiting to be sent");
    await alice.looksFine(`${kind}-connection-lost`);
  });
}

test("on a phone there is one thing at a time, large enough for fingers", async (t) => {
  const server = await garden(t);
  const alice = await person(browser, server, "Alice", { viewport: PHONE, hasTouch: true, isMobile: true });
  t.after(() => alice.context.close());
  const { page } = alice;
  const list = page.getByRole("navigation", { name: "Conversations" });
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  const tooSmall = () => page.evaluate(() => {
    const targets = [...document.querySelectorAll("button, input, textarea, .side a, .chat-head a")];
    const seen = targets.filter((it) => it.checkVisibility() && it.type !== "checkbox");
    return seen.filter((it) => it.getBoundingClientRect().height < 44).map((it) => it.outerHTML);
  });
  assert.ok(await fits());
  assert.deepEqual(await tooSmall(), []);
  await alice.opens("Garden club");
  await alice.sees("Jars and buckets");
  assert.ok(!(await list.isVisible()));
  assert.ok(await fits());
  assert.deepEqual(await tooSmall(), []);
  await page.goBack();
  await list.waitFor();
  assert.ok(!(await page.getByRole("log").isVisible()));
});

test("a keyboard is enough", async (t) => {
  const server = await garden(t);
  const alice = await visitor(browser, server);
  t.after(() => alice.context.close());
  const { keyboard } = alice.page;
  await alice.until(() => document.activeElement.name === "name");
  await keyboard.type("Alice");
  await keyboard.press("Enter");
  await alice.isIn();
  await alice.entry("Garden club").waitFor();
  await alice.pressesUntil("Tab", "Lobby");
  await alice.pressesUntil("ArrowDown", "Garden club");
  await keyboard.press("Enter");
  await alice.sees("Jars and buckets");
  await alice.pressesUntil("Tab", "Message");
  await keyboard.type("By keyboard");
  await keyboard.press("Enter");
  await alice.seesTick("By keyboard", "Sent");
  await keyboard.press("Escape");
  await alice.until(() => document.activeElement.getAttribute("aria-current") === "page");
  await alice.pressesUntil("Shift+Tab", "Rooms");
  await keyboard.press("Enter");
  await alice.page.getByRole("dialog", { name: "Rooms" }).waitFor();
  await keyboard.press("Escape");
  await alice.page.getByRole("dialog").waitFor({ state: "detached" });
  assert.match(await alice.focused(), /Rooms/);
});

test("the page is small", async (t) => {
  const client = new URL("../../functions/web/client/", import.meta.url);
  const all = await readdir(client, { recursive: true, withFileTypes: true });
  const paths = all.filter((it) => it.isFile()).map((it) => relative(fileURLToPath(client), join(it.parentPath, it.name)));
  const names = paths.filter((path) => !path.endsWith(".d.ts"));
  const server = await startServer(t);
  const files = await Promise.all(
    names.map(async (name) => Buffer.from(await (await fetch(`${server.url}/client/${name}`)).arrayBuffer())),
  );
  const sum = (sizes) => sizes.reduce((total, size) => total + size, 0);
  const [raw, zipped] = [sum(files.map((it) => it.length)), sum(files.map((it) => gzipSync(it).length))];
  t.diagnostic(`${files.length} files, ${raw} bytes, ${zipped} with gzip`);
  assert.ok(zipped < MOST_BYTES, `${zipped} bytes`);
});
