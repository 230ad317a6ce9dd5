// In order, each once, nothing left out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ack, bobs, onItsOwnClock, online, pass } from "./support/script.js";

const THEIRS = "dm:alice:bob";

/** Somebody who has seen everything up to 5. */
async function upToFive(t) {
  onItsOwnClock(t);
  const alice = await online(t, "alice");
  alice.chat.follow(THEIRS, 5);
  await answersSync(alice.socket, 5);
  return alice;
}

async function answersSync(socket, upto, more = {}) {
  const [asked] = socket.takes("sync");
  const conversations = { [THEIRS]: { upto, complete: true, more: false, ...more } };
  await socket.answers(asked, { type: "synced", conversations });
  return asked?.since[THEIRS];
}

test("what overtakes is held back until what it overtook is there", async (t) => {
  const { socket, person } = await upToFive(t);
  await socket.says(bobs(8), bobs(7));
  assert.deepEqual(person.sees(THEIRS), []);
  await socket.says(bobs(6));
  assert.deepEqual(person.sees(THEIRS), ["bob 6", "bob 7", "bob 8"]);
  await pass(1_000);
  assert.deepEqual(socket.takes("sync"), []);
});

test("several that come at once are as if each came by itself", async (t) => {
  const { socket, person } = await upToFive(t);
  const several = (...messages) => ({ type: "messages", conversation: THEIRS, messages });
  await socket.says(several(bobs(5), bobs(6), bobs(8)), several(bobs(7), bobs(8), bobs(9)));
  assert.deepEqual(person.sees(THEIRS), ["bob 6", "bob 7", "bob 8", "bob 9"]);
});

test("what is skipped is told, is not waited for, and not shown when it comes", async (t) => {
  const { chat, socket, person } = await upToFive(t);
  await socket.says(bobs(8));
  await socket.says({ type: "messages", conversation: THEIRS, messages: [bobs(90), bobs(91)], more: true });
  assert.deepEqual(person.sees(THEIRS), ["bob 90", "bob 91"]);
  assert.deepEqual(person.events.find(({ type }) => type === "skipped").detail, { conversation: THEIRS, upto: 89 });
  await socket.says(bobs(6), bobs(92));
  assert.deepEqual([person.sees(THEIRS), chat.watermark(THEIRS)], [["bob 90", "bob 91", "bob 92"], 92]);
  await socket.says({ type: "messages", conversation: THEIRS, messages: [bobs(93)], more: true });
  assert.equal(person.count("skipped"), 1, "nothing was");
  await pass(1_000);
  assert.deepEqual(socket.takes("sync"), []);
});

test("what comes again is not shown again", async (t) => {
  const { socket, person } = await upToFive(t);
  await socket.says(bobs(6), bobs(6), bobs(5), bobs(7), bobs(6));
  assert.deepEqual(person.sees(THEIRS), ["bob 6", "bob 7"]);
});

test("a gap is filled by a sync", async (t) => {
  const { socket, person } = await upToFive(t);
  await socket.says(bobs(8));
  await pass(350);
  const page = { type: "messages", conversation: THEIRS, messages: [bobs(6), bobs(7), bobs(8)] };
  await socket.says(page);
  assert.equal(await answersSync(socket, 8), 5);
  assert.deepEqual(person.sees(THEIRS), ["bob 6", "bob 7", "bob 8"]);
});

test("a sync whose pages are lost is asked again", async (t) => {
  const { socket, person } = await upToFive(t);
  await socket.says(bobs(7));
  await pass(350);
  assert.equal(await answersSync(socket, 7), 5);
  await pass(350);
  await socket.says({ type: "messages", conversation: THEIRS, messages: [bobs(6)] });
  assert.equal(await answersSync(socket, 7), 5);
  assert.deepEqual(person.sees(THEIRS), ["bob 6", "bob 7"]);
});

test("a sync goes on where the last page ended", async (t) => {
  const { socket, person } = await upToFive(t);
  await socket.says(bobs(9));
  await pass(350);
  await socket.says({ type: "messages", conversation: THEIRS, messages: [bobs(6), bobs(7)] });
  assert.equal(await answersSync(socket, 7, { more: true }), 5);
  await socket.says({ type: "messages", conversation: THEIRS, messages: [bobs(8), bobs(9)] });
  assert.equal(await answersSync(socket, 9), 7);
  assert.equal(person.sees(THEIRS).length, 4);
});

test("what is gone is told, and the rest is shown", async (t) => {
  const { socket, person } = await upToFive(t);
  await socket.says(bobs(9));
  await pass(350);
  await answersSync(socket, 9, { complete: false });
  const [asked] = socket.takes("history");
  assert.equal(asked.after, 5);
  const messages = [bobs(8), bobs(9)];
  await socket.answers(asked, { type: "history", conversation: THEIRS, messages, before: null, after: null });
  assert.deepEqual(person.events.find(({ type }) => type === "gap").detail, { conversation: THEIRS, from: 6, upto: 7 });
  assert.deepEqual(person.sees(THEIRS), ["bob 8", "bob 9"]);
});

test("a conversation that nobody follows begins with the first that comes", async (t) => {
  onItsOwnClock(t);
  const { socket, person } = await online(t, "alice");
  await socket.says(bobs(12), bobs(11));
  await pass(350);
  assert.deepEqual(person.sees(THEIRS), ["bob 11", "bob 12"]);
  assert.deepEqual(socket.heard, []);
});

test("who follows from 0 is shown where the log begins", async (t) => {
  onItsOwnClock(t);
  const { chat, socket, person } = await online(t, "alice");
  chat.follow(THEIRS, 0);
  await pass(0);
  const [asked] = socket.takes("history");
  await socket.says(bobs(12));
  assert.equal(asked.after, 0);
  const messages = [bobs(11), bobs(12)];
  await socket.answers(asked, { type: "history", conversation: THEIRS, messages, before: null, after: null });
  assert.deepEqual(person.sees(THEIRS), ["bob 11", "bob 12"]);
});

test("one's own message is shown once, by its ack", async (t) => {
  const { chat, socket, person } = await upToFive(t);
  chat.send({ to: "bob" }, "mine");
  const [sent] = socket.takes();
  await socket.says(ack(sent, 7));
  assert.equal(chat.outbox[0].state, "sent");
  await socket.says(bobs(6), { ...bobs(7), id: sent.id, from: "alice", to: "bob", content: "mine" });
  assert.deepEqual(person.sees(THEIRS), ["bob 6", "mine"]);
  assert.deepEqual(chat.outbox, []);
});

test("the watermark outlives the page, and follow may go back behind it once", async (t) => {
  const { chat, socket, person } = await upToFive(t);
  await socket.says(bobs(6));
  const storage = person.storage;
  chat.close();
  const next = await online(t, "alice", { storage });
  assert.equal(next.chat.watermark(THEIRS), 6);
  next.chat.follow(THEIRS, 4);
  assert.equal(next.chat.watermark(THEIRS), 4);
  await next.socket.says(bobs(5));
  next.chat.follow(THEIRS, 4);
  assert.equal(next.chat.watermark(THEIRS), 5);
});

test("a conversation that is not one's to sync is left alone until something comes", async (t) => {
  const { socket, person } = await upToFive(t);
  await socket.says(bobs(8));
  await pass(350);
  await answersSync(socket, 5, { complete: false, error: "forbidden" });
  assert.equal(person.events.find(({ type }) => type === "error").detail.code, "forbidden");
  await pass(1_000);
  assert.deepEqual(socket.takes("sync"), []);
});
