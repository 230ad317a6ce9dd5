// A long log, and where what somebody reads in it is on the screen.

import { rm } from "node:fs/promises";
import { after } from "node:test";
import { visitor } from "./browser.mjs";
import { keptBy, startServerWith } from "./server.mjs";

/** As much as half a pixel is rounded at each of two moments. */
export const TOLERANCE = 1;

const WORDS = [
  "Yes.",
  "The tomatoes by the wall are ripe. Take as many as you can carry, I have run out of people to give them to.",
  "One line\nand another\nand a third",
  "Have you seen https://example.org/recipes/passata yet? It takes an afternoon, two buckets and somebody who stirs while the other one sings.",
];

const UNLIMITED = ["--rate-limit", "0"];

/** What servers keep of days, by the number of messages: each is written once. */
const days = new Map();
after(async () => {
  for (const day of days.values()) await rm(await day, { recursive: true });
});

/** Somebody who has read `count` messages of one day with alice, and whose pages of history can be held back. */
export async function longDay(t, browser, count, options) {
  if (!days.has(count)) days.set(count, keptBy((server) => writes(server, 1, count), ...UNLIMITED));
  const server = await startServerWith(t, await days.get(count), ...UNLIMITED);
  const bob = await visitor(browser, server, options);
  t.after(() => bob.context.close());
  const pages = await heldPages(bob.page);
  await bob.signsIn("bob");
  await bob.opens("alice");
  await bob.sees(`${count}. `);
  await toTheEnd(bob);
  while ((await unread(server, "bob", "alice")) > 0) await bob.page.evaluate(() => new Promise(requestAnimationFrame));
  await bob.page.reload();
  await bob.sees(`${count}. `);
  return { server, bob, pages };
}

/** By the button, if one is elsewhere. */
export async function toTheEnd({ page }) {
  const jump = page.getByRole("button", { name: "To the newest message" });
  await page.locator(".log:not([aria-busy])").waitFor();
  if (await jump.isVisible()) await jump.click();
}

/** Alice writes to bob, at different lengths. */
export async function writes(server, from, to) {
  for (let number = from; number <= to; number += 1) {
    const content = `${number}. ${WORDS[(number * 7) % WORDS.length]}`;
    await server.asks("POST", "/api/send_message", { sender_id: number % 5 ? "alice" : "bob", receiver_id: number % 5 ? "bob" : "alice", content });
  }
}

/** Keeps answers to `history`, once that is wanted, until each is let through. */
async function heldPages(page) {
  const waiting = [];
  const pages = { hold: () => (pages.isHeld = true) };
  /** Waits for an answer; what it gives back lets that one through, and whatever comes until the next `hold`. */
  pages.waits = async () => {
    while (waiting.length === 0) await new Promise((resolve) => (pages.came = resolve));
    return () => {
      pages.isHeld = false;
      for (const send of waiting.splice(0)) send();
    };
  };
  await page.routeWebSocket(/./, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((data) => {
      if (!pages.isHeld || !data.includes('"type":"history"')) return socket.send(data);
      waiting.push(() => socket.send(data));
      pages.came?.();
    });
  });
  return pages;
}

/** The message in the middle of the log: which it is, and where. */
export function eye({ page }) {
  return page.evaluate(() => {
    const { top, bottom } = document.querySelector(".log").getBoundingClientRect();
    const rows = [...document.querySelectorAll(".said[data-seq]")];
    const row = rows.find((it) => it.getBoundingClientRect().bottom > (top + bottom) / 2);
    return { seq: row.dataset.seq, top: row.querySelector(".content").getBoundingClientRect().top };
  });
}

/** Where a message is now. */
export function topOf({ page }, seq) {
  return page.evaluate((seq) => document.querySelector(`[data-seq="${seq}"] .content`).getBoundingClientRect().top, seq);
}

/** What is in sight at this moment, by the number that it begins with. */
export function inSight({ page }) {
  return page.evaluate(() => {
    const view = document.querySelector(".log").getBoundingClientRect();
    const seen = [...document.querySelectorAll(".said .content")].filter((it) => {
      const { top, bottom } = it.getBoundingClientRect();
      return top < view.bottom && bottom > view.top;
    });
    return seen.map((it) => Number.parseInt(it.textContent, 10));
  });
}

/** How many messages are there. */
export function loaded({ page }) {
  return page.locator(".said[data-seq]").count();
}

/** Whether one is so far up that older messages come. */
export function isNearTop({ page }) {
  return page.evaluate(() => {
    const log = document.querySelector(".log");
    return log.scrollTop < log.clientHeight;
  });
}

/** A scroll is over when nothing has moved for so many frames; one that moves nothing never begins. */
const STILL = 5;
const NEVER_BEGAN = 60;

/** Does something that scrolls, and waits until that is over: the page scrolls, too, so an event of it says little. */
export async function scrolls({ page }, act) {
  const from = await page.evaluate(() => document.querySelector(".log").scrollTop);
  await act();
  await page.evaluate(async ({ from, STILL, NEVER_BEGAN }) => {
    const log = document.querySelector(".log");
    let [top, still, patience] = [from, 0, NEVER_BEGAN];
    while (still < patience) {
      await new Promise(requestAnimationFrame);
      still = log.scrollTop === top ? still + 1 : 0;
      if (still === 0) [top, patience] = [log.scrollTop, STILL];
    }
  }, { from, STILL, NEVER_BEGAN });
}

/** What is unread in a conversation according to the server. */
export async function unread(server, user, other) {
  const all = await server.asks("GET", `/api/conversations?user_id=${user}`);
  return all.find((it) => it.with === other).unread;
}
