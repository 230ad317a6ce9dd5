// Reading: what is under one's eye stays where it is, everything can be reached, and only what was seen is read.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { person, startBrowser, visitor } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";
import { TOLERANCE, eye, inSight, isNearTop, loaded, longDay, scrolls, toTheEnd, topOf, unread, writes } from "./support/log.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

const DAY = 500;
const SPEEDS = {
  "a slow wheel": ({ page }) => page.mouse.wheel(0, -600),
  "a fast wheel": ({ page }) => page.mouse.wheel(0, -4000),
  "the key Home": ({ page }) => page.keyboard.press("Home"),
  "the scrollbar": ({ page }) => page.evaluate(() => (document.querySelector(".log").scrollTop = 0)),
};

/** Fails unless the message is where it was. */
async function stays(someone, { seq, top }, what) {
  const now = await topOf(someone, seq);
  assert.ok(Math.abs(now - top) <= TOLERANCE, `${what}: from ${top} to ${now}`);
}

for (const [speed, scroll] of Object.entries(SPEEDS)) {
  test(`what one reads stays in place while older and newer messages come, with ${speed}`, async (t) => {
    const { server, bob, pages } = await longDay(t, browser, DAY);
    const log = bob.page.getByRole("log");
    await log.hover();
    await log.focus();
    const seen = new Set(await inSight(bob));
    const goesUp = async () => {
      await scrolls(bob, () => scroll(bob));
      for (const number of await inSight(bob)) seen.add(number);
    };
    let [newest, there] = [DAY, await loaded(bob)];
    while (there < newest) {
      pages.hold();
      while (!(await isNearTop(bob))) await goesUp();
      const letThrough = await pages.waits();
      const place = await eye(bob);
      newest += 1;
      await writes(server, newest, newest);
      await bob.row(`${newest}. `).waitFor({ state: "attached" });
      await stays(bob, place, "a newer message");
      letThrough();
      await bob.until((there) => document.querySelectorAll(".said[data-seq]").length > there + 1, there);
      await stays(bob, place, `older messages before ${there}`);
      there = await loaded(bob);
    }
    while (await bob.page.evaluate(() => document.querySelector(".log").scrollTop > 0)) await goesUp();
    const numbers = (await bob.log()).map((text) => Number.parseInt(text, 10));
    assert.deepEqual(numbers, Array.from({ length: newest }, (_, index) => index + 1));
    if (speed === "a slow wheel") assert.deepEqual(numbers.slice(0, DAY).filter((number) => !seen.has(number)), []);
  });
}

test("what one reads stays in place whatever changes around it", async (t) => {
  const { server, bob } = await longDay(t, browser, 60);
  const { page } = bob;
  await page.getByRole("log").hover();
  await scrolls(bob, () => page.mouse.wheel(0, -700));
  const place = await eye(bob);
  await writes(server, 61, 64);
  await bob.row("64. ").waitFor({ state: "attached" });
  await page.locator(".marker").waitFor({ state: "attached" });
  await stays(bob, place, "messages, and the line above what is new");
  const message = page.getByLabel("Message", { exact: true });
  await message.fill("one\ntwo\nthree\nfour\nfive\nsix");
  await stays(bob, place, "a higher composer");
  await message.fill("");
  await stays(bob, place, "a lower composer");
  await page.evaluate(() => (document.querySelector(".said").style.paddingTop = "300px"));
  await page.evaluate(() => new Promise(requestAnimationFrame));
  await stays(bob, place, "something that grew above");
  await page.setViewportSize({ width: 1280, height: 620 });
  await page.evaluate(() => new Promise(requestAnimationFrame));
  await stays(bob, place, "a lower window");
  await server.kill();
  await bob.seesAnywhere("Connection lost");
  await stays(bob, place, "a strip above everything");
  await server.start();
  await page.getByText("Connection lost").waitFor({ state: "hidden" });
  await stays(bob, place, "no strip any more");
});

test("who is at the end stays there, whatever comes and however high it is", async (t) => {
  const { server, bob } = await longDay(t, browser, 60);
  const atEnd = () => bob.until(() => {
    const log = document.querySelector(".log");
    return log.scrollHeight - log.scrollTop - log.clientHeight <= 1;
  });
  await writes(server, 61, 63);
  await bob.row("63. ").waitFor();
  await atEnd();
  await bob.page.getByLabel("Message", { exact: true }).fill("one\ntwo\nthree\nfour");
  await atEnd();
  await bob.page.setViewportSize({ width: 700, height: 500 });
  await atEnd();
});

/** Bob is away while alice writes to him; then he comes with another device. */
async function away(t, count) {
  const { server, bob } = await longDay(t, browser, 60);
  await bob.context.close();
  // What closes may still read for a moment.
  while ((await server.asks("GET", "/api/online_users?user_id=bob")).length > 0) {}
  await writes(server, 61, 60 + count);
  const again = await person(browser, server, "bob");
  t.after(() => again.context.close());
  return { server, bob: again };
}

for (const [size, count] of [["a few screens", 45], ["more than the server counts", 150]]) {
  test(`one lands at the first unread message, and only what one saw is read: ${size}`, async (t) => {
    const { server, bob } = await away(t, count);
    await bob.opens("alice");
    await bob.page.locator(".marker").waitFor();
    const line = () => bob.page.evaluate(() => {
      const { top, bottom } = document.querySelector(".log").getBoundingClientRect();
      const marker = document.querySelector(".marker");
      return { isInSight: marker.getBoundingClientRect().top > top && marker.getBoundingClientRect().bottom < bottom, next: marker.nextElementSibling.textContent };
    });
    await bob.page.locator(".log:not([aria-busy])").waitFor();
    assert.match((await line()).next, /61\. /);
    assert.ok((await line()).isInSight);
    assert.ok((await unread(server, "bob", "alice")) > 0);
    await toTheEnd(bob);
    await bob.until(() => !document.querySelector(".badge"));
    assert.match((await line()).next, /61\. /);
    while ((await unread(server, "bob", "alice")) > 0) await bob.page.evaluate(() => new Promise(requestAnimationFrame));
  });
}

test("the line above what is new is there, too, if the page opens with the conversation", async (t) => {
  const { bob } = await away(t, 45);
  await bob.page.goto("about:blank");
  await bob.page.goto(`${bob.server.url}/#${encodeURIComponent("dm:alice:bob")}`);
  await bob.page.locator(".marker").waitFor();
  await bob.row("61. ").waitFor();
  assert.ok((await inSight(bob)).includes(61));
});

test("what is opened before everything else has come is not opened again by that", async (t) => {
  const { server, bob } = await longDay(t, browser, 60);
  const { page } = bob;
  await page.goto("about:blank");
  await writes(server, 61, 105);
  await server.asks("PUT", "/api/blocks/alice?user_id=bob");
  const blocks = new Promise((resolve) => page.route("**/api/blocks*", resolve));
  await page.goto(server.url);
  const comes = await blocks;
  await bob.opens("alice");
  await page.locator(".marker").waitFor();
  await toTheEnd(bob);
  await bob.until(() => !document.querySelector(".badge"));
  await comes.continue();
  await page.locator(".chat-head").getByText("Blocked").waitFor();
  assert.match(await page.locator(".marker + *").textContent(), /61\. /);
});

test("what comes while one looks elsewhere is not read, and is new when one comes back", async (t) => {
  const { server, bob } = await longDay(t, browser, 60);
  await bob.page.evaluate(() => {
    document.hasFocus = () => false;
  });
  await writes(server, 61, 62);
  await bob.page.locator(".marker").waitFor();
  await bob.entry("alice").getByText("2 unread").waitFor();
  assert.equal(await unread(server, "bob", "alice"), 2);
  await bob.page.evaluate(() => {
    delete document.hasFocus;
    window.dispatchEvent(new Event("focus"));
  });
  await bob.until(() => !document.querySelector(".badge"));
  assert.ok(await bob.page.locator(".marker").isVisible());
});

test("a page that does not come is asked for again by whoever wants it", async (t) => {
  const server = await startServer(t, "--rate-limit", "0");
  await writes(server, 1, 60);
  const bob = await visitor(browser, server);
  t.after(() => bob.context.close());
  let isBroken = true;
  await bob.page.routeWebSocket(/./, (socket) => {
    const connection = socket.connectToServer();
    socket.onMessage((data) => {
      const { action, id, conversation } = JSON.parse(data);
      if (!isBroken || action !== "history" || conversation === "lobby") return connection.send(data);
      socket.send(JSON.stringify({ type: "error", code: "too_large", message: "the page is too large", id, conversation }));
    });
  });
  await bob.signsIn("bob");
  await bob.opens("alice");
  await bob.seesAnywhere("What was said did not come.");
  isBroken = false;
  await bob.page.getByRole("button", { name: "Try again" }).click();
  await bob.row("60. ").waitFor({ state: "attached" });
});
