// The device's clock is wrong; the server's counts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { timeOf } from "../../../functions/web/client/confab/ids.js";
import { Person, memory } from "./support/person.js";
import { ack, onItsOwnClock, online, pass, scripted, settled, sockets } from "./support/script.js";
import { serverTime, setClockBehind } from "./support/script.js";
import { Server } from "./support/server.js";

const MINUTE = 60_000;
const REFUSED = { type: "error", code: "bad_request", message: "the time inside `id` is no good" };
const [AHEAD, TOO_OLD] = ["id_ahead", "id_too_old"].map((reason) => ({ ...REFUSED, reason }));

/** Somebody whose clock is three minutes ahead, or behind by a negative number. */
async function withAWrongClock(t, minutes, options) {
  onItsOwnClock(t);
  setClockBehind(-minutes * MINUTE);
  return online(t, "alice", options);
}

for (const minutes of [3, -3, 60 * 24 * 365]) {
  test(`a device whose clock is ${minutes} minutes ahead sends all the same`, async (t) => {
    const { chat } = await withAWrongClock(t, minutes);
    assert.ok(Math.abs(timeOf(chat.send({ to: "bob" }, "hello").id) - serverTime()) < 1_000);
  });
}

test("the next page knows before it is welcome, and not by a name of its own", async (t) => {
  const storage = memory();
  const { chat } = await withAWrongClock(t, 3, { storage });
  chat.close();
  for (const credentials of [{ user: "alice" }, { token: "t" }]) {
    const { id } = scripted(t, "alice", { storage, credentials }).chat.send({ to: "bob" }, "hello");
    assert.ok(Math.abs(timeOf(id) - serverTime()) < 1_000);
  }
});

test("a clock that is put right while one is online is noticed", async (t) => {
  const { chat, socket } = await withAWrongClock(t, 3, { pingEvery: 1_000 });
  setClockBehind(0);
  await pass(1_000);
  await socket.says({ type: "pong", server_time: new Date(serverTime()).toISOString() });
  assert.ok(Math.abs(timeOf(chat.send({ to: "bob" }, "hello").id) - serverTime()) < 1_000);
});

/** What was written before there was a server to ask for the time. */
async function writtenBefore(t, minutes, options) {
  onItsOwnClock(t);
  setClockBehind(-minutes * MINUTE);
  const { chat } = scripted(t, "alice", options);
  const pending = chat.send({ to: "bob" }, "hello");
  chat.connect();
  await settled();
  await sockets[0].welcomes("alice");
  const [sent] = sockets[0].takes();
  assert.equal(sent.id, pending.id);
  return { chat, pending, sent, socket: sockets[0] };
}

test("an id of the future becomes another, once the server has refused it, and is kept once", async (t) => {
  const { chat, pending, sent, socket } = await writtenBefore(t, 3);
  await socket.answers(sent, AHEAD);
  await pass(1_000);
  const [again] = socket.takes();
  assert.notEqual(again.id, sent.id);
  assert.equal(again.content, "hello");
  assert.ok(timeOf(again.id) <= serverTime() && timeOf(again.id) > serverTime() - 2 * MINUTE);
  assert.equal(chat.outbox[0].id, again.id);
  await socket.says(ack(again, 7));
  assert.deepEqual([(await pending.sent).id, socket.takes()], [again.id, []]);
});

test("an id that may have been accepted stays what it is until its time has come", async (t) => {
  const { sent, socket } = await writtenBefore(t, 2.1);
  for (let times = 0; times < 3; times += 1) {
    await socket.answers(sent, AHEAD);
    await pass(1_000);
    assert.deepEqual(socket.takes(), [sent]);
  }
  await socket.says(ack(sent, 7));
});

test("a server that takes no id at all is not asked for ever", async (t) => {
  const { pending, sent, socket } = await writtenBefore(t, 3);
  let last = sent;
  for (let times = 0; times < 10 && last; times += 1) {
    await socket.answers(last, AHEAD);
    await pass(1_000);
    [last] = socket.takes();
  }
  await assert.rejects(pending.sent, { code: "bad_request", reason: "id_ahead" });
});

test("two pages that share a message give it the same new id", async (t) => {
  onItsOwnClock(t);
  const storage = memory();
  scripted(t, "alice", { storage }).chat.send({ to: "bob" }, "hello");
  setClockBehind(-3 * MINUTE);
  const pages = [await online(t, "alice", { storage }), await online(t, "alice", { storage })];
  const ids = [];
  for (const { socket } of pages) await socket.answers(socket.takes()[0], AHEAD);
  await pass(1_000);
  for (const { socket } of pages) ids.push(socket.takes()[0].id);
  assert.equal(ids[0], ids[1]);
});

test("an id that is too old becomes another if it was never sent before", async (t) => {
  const { sent, socket } = await writtenBefore(t, -60 * 24 * 30);
  await socket.answers(sent, TOO_OLD);
  await pass(1_000);
  const [again] = socket.takes();
  assert.notEqual(again.id, sent.id);
  await socket.says(ack(again, 7));
});

test("what may have been kept long ago is said again only by who has looked", async (t) => {
  const storage = memory();
  const { chat, sent } = await writtenBefore(t, -60 * 24 * 30, { storage });
  chat.close();
  const next = await online(t, "alice", { storage });
  assert.deepEqual(next.socket.takes(), [sent]);
  await next.socket.answers(sent, TOO_OLD);
  await pass(2_000);
  assert.deepEqual(next.socket.takes(), []);
  const [refused] = next.chat.outbox;
  assert.deepEqual([refused.id, refused.state, refused.reason], [sent.id, "refused", "id_too_old"]);
  const again = next.chat.retry(sent.id);
  const [said] = next.socket.takes();
  assert.ok(said.id === again.id && said.id !== sent.id && said.content === "hello");
  await next.socket.says(ack(said, 7));
  assert.equal((await again.sent).seq, 7);
});

test("the server understands a device whose clock is minutes off, before and after it has told the time", async (t) => {
  const server = await Server.start();
  const { now } = Date;
  t.mock.method(Date, "now", () => now() + 3 * MINUTE);
  const alice = new Person("alice", server);
  t.after(() => Promise.all([alice.chat.close(), server.stop()]));
  const before = alice.chat.send({ to: "bob" }, "before");
  await alice.chat.connect();
  const after = alice.chat.send({ to: "bob" }, "after");
  const acks = await Promise.all([before.sent, after.sent]);
  assert.deepEqual(
    acks.map(({ id }) => id === before.id || id === after.id),
    [false, true],
  );
  const log = await server.get("/messages?user1=alice&user2=bob&user_id=alice");
  assert.deepEqual(
    log.map(({ content }) => content),
    ["before", "after"],
  );
});
