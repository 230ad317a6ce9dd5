// Which of two texts a draft is: what was typed here, or what another device has; no browser is needed for it.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Drafts } from "../../functions/web/client/drafts.js";

const NAMES = ["draft", "saved"].map((what) => `confab.${what}.alice.dm:alice:bob`);

/** A page with what an earlier one has stored, and with a server that keeps what it is told. */
function page(t, stored = {}) {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse("2026-01-01T00:00:00Z") });
  mock.method(console, "warn", () => {});
  Object.assign(globalThis, { document: new EventTarget(), addEventListener: () => {} });
  const ended = new AbortController();
  t.after(() => {
    ended.abort();
    mock.timers.reset();
    mock.restoreAll();
  });
  const items = new Map(Object.entries(stored));
  const storage = {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
  };
  const conversation = { id: "dm:alice:bob", isKept: true, settings: { draft: null } };
  const decisions = new EventTarget();
  const server = {
    told: [],
    says: (draft) => {
      conversation.settings = { draft };
      decisions.dispatchEvent(new CustomEvent("decided", { detail: { conversation } }));
    },
  };
  const changeSettings = async (_, { draft }) => {
    server.told.push(draft);
    if (server.isAway) throw new TypeError("fetch failed");
    server.says(draft);
  };
  const drafts = new Drafts({ chat: { user: "alice", changeSettings }, conversations: { decisions } }, storage, ended.signal);
  const waits = async (milliseconds) => {
    mock.timers.tick(milliseconds);
    for (let times = 0; times < 3; times += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { drafts, conversation, server, waits, kept: () => NAMES.map((name) => items.get(name)), text: () => drafts.of(conversation) };
}

test("what one types is kept after a pause, once, and is nobody else's then", async (t) => {
  const { drafts, conversation, server, waits, kept, text } = page(t);
  for (const typed of ["H", "He", "Hello"]) drafts.writes(conversation, typed);
  assert.deepEqual([server.told, kept()], [[], ["Hello", undefined]]);
  await waits(1500);
  assert.deepEqual([server.told, kept()], [["Hello"], ["Hello", "1"]]);
  await waits(10_000);
  server.says("Hello from the phone");
  assert.deepEqual([text(), server.told, kept()], ["Hello from the phone", ["Hello"], ["Hello from the phone", "1"]]);
  server.says(null);
  assert.deepEqual([text(), kept()], ["", [undefined, undefined]]);
});

test("nothing takes the place of what is not kept yet, or was typed just now and does not go on", async (t) => {
  const { drafts, conversation, server, waits, text } = page(t);
  drafts.writes(conversation, "Mine");
  server.says("Theirs");
  assert.equal(text(), "Mine");
  await waits(1500);
  assert.deepEqual(server.told, ["Mine"]);
  server.says("Theirs again");
  await waits(10_000);
  assert.deepEqual([text(), server.told], ["Mine", ["Mine"]]);
  server.says("Mine, and more");
  assert.equal(text(), "Mine, and more");
  // Sent from another device.
  drafts.writes(conversation, "Soon sent");
  await waits(1500);
  server.says(null);
  assert.equal(text(), "");
});

test("what is sent is no draft any more, also if the server hears of it late", async (t) => {
  const { drafts, conversation, server, waits, kept, text } = page(t);
  drafts.writes(conversation, "Hello");
  await waits(1500);
  server.isAway = true;
  drafts.clears(conversation);
  await waits(0);
  server.says("Hello");
  assert.deepEqual([text(), kept()], ["", ["", undefined]]);
  server.isAway = false;
  await waits(1500);
  assert.deepEqual([server.told, conversation.settings.draft, kept()], [["Hello", null, null], null, [undefined, undefined]]);
});

test("what an earlier page has left is kept where there is nothing, and else stays here until one goes on", async (t) => {
  const [draft] = NAMES;
  const { server, waits, text } = page(t, { [draft]: "Left" });
  server.says(null);
  await waits(1500);
  assert.deepEqual([text(), server.told], ["Left", ["Left"]]);
});

test("two texts of two devices stay where they are until one goes on with one of them", async (t) => {
  const [draft] = NAMES;
  const { drafts, conversation, server, waits, text } = page(t, { [draft]: "Left" });
  server.says("Theirs");
  await waits(10_000);
  assert.deepEqual([text(), server.told], ["Left", []]);
  drafts.writes(conversation, "Left, and went on");
  await waits(1500);
  assert.deepEqual(server.told, ["Left, and went on"]);
});

test("what was kept already gives way to what the server has", async (t) => {
  const [draft, saved] = NAMES;
  const { server, text } = page(t, { [draft]: "Kept", [saved]: "1" });
  assert.equal(text(), "Kept");
  server.says("Newer");
  assert.equal(text(), "Newer");
});
