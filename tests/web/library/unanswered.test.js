// Whatever the server answers, or does not: nothing waits for ever.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ack, bobs, onItsOwnClock, online, pass, scripted, serverTime, settled, sockets } from "./support/script.js";

/** Lets the time pass while the server answers pings and whatever `answers` tells, and nothing else. */
async function lives(milliseconds, answers = async () => {}) {
  for (let passed = 0; passed < milliseconds; passed += 500) {
    await pass(500);
    const socket = sockets.at(-1);
    for (const ping of socket.takes("ping")) {
      await socket.answers(ping, { type: "pong", server_time: new Date(serverTime()).toISOString() });
    }
    await answers(socket);
  }
}

test("a message that a living server does not answer makes way for the next in the end", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  const [stuck, next] = ["stuck", "next"].map((content) => chat.send({ to: "bob" }, content));
  await lives(180_000);
  await assert.rejects(stuck.sent, { code: "unanswered" });
  assert.equal(person.events.find(({ type }) => type === "refused").detail.id, stuck.id);
  const [sent] = socket.takes().filter(({ content }) => content === "next");
  await socket.says(ack(sent, 7));
  assert.equal((await next.sent).seq, 7);
  // It was kept all the same, and comes back.
  chat.follow("dm:alice:bob", 7);
  await socket.says({ ...bobs(8), from: "alice", to: "bob", id: stuck.id, content: "stuck" });
  assert.deepEqual(chat.outbox, []);
});

test("a server that is away for hours refuses nothing", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  const { sent } = chat.send({ to: "bob" }, "hello");
  await socket.breaks();
  for (let minutes = 0; minutes < 240; minutes += 1) {
    await pass(60_000);
    if (sockets.at(-1).readyState === 0) await sockets.at(-1).breaks();
  }
  const before = sockets.length;
  while (sockets.length === before) await pass(1_000);
  await sockets.at(-1).welcomes("alice");
  await sockets.at(-1).says(ack(sockets.at(-1).takes()[0], 7));
  assert.deepEqual([(await sent).seq, person.count("refused")], [7, 0]);
});

test("a server that fails for a quarter of an hour refuses nothing", async (t) => {
  onItsOwnClock(t);
  const { chat, person } = await online(t, "alice");
  const { sent } = chat.send({ to: "bob" }, "hello");
  const fails = async (socket) => {
    const failed = [...socket.takes(), ...socket.takes("ping")];
    for (const _ of failed) await socket.says({ message: "Internal server error", connectionId: "c", requestId: "r" });
  };
  for (let passed = 0; passed < 900_000; passed += 500) {
    await pass(500);
    await fails(sockets.at(-1));
  }
  assert.equal(person.count("refused"), 0);
  await pass(20_000);
  await sockets.at(-1).says(ack(sockets.at(-1).takes()[0], 7));
  assert.equal((await sent).seq, 7);
});

test("what ends every connection it is said over is not said for ever", async (t) => {
  onItsOwnClock(t);
  const { chat } = await online(t, "alice");
  const { sent } = chat.send({ to: "bob" }, "hello");
  const refused = assert.rejects(sent, { code: "unanswered" });
  for (let times = 0; times < 20; times += 1) {
    const { length } = sockets;
    assert.equal(sockets.at(-1).takes().length, 1, `${times}`);
    await sockets.at(-1).breaks();
    while (sockets.length === length) await pass(100);
    await sockets.at(-1).welcomes("alice");
  }
  await refused;
});

test("a join without an answer fails, and holds up no other", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  const silent = assert.rejects(chat.join("silent"), { code: "unanswered" });
  const other = chat.join("other");
  const [, asked] = socket.takes("join");
  const room = { id: "0198f2a4-8c1e-7000-8000-0123456789ab", name: "other" };
  await socket.answers(asked, { type: "joined", room, conversation: `room:${room.id}`, messages: [], before: null });
  assert.equal((await other).room.name, "other");
  await lives(60_000);
  await silent;
});

test("what the server cannot read is given up in the end, and nothing else with it", async (t) => {
  onItsOwnClock(t);
  const { chat, person } = await online(t, "alice");
  const fine = ["bob", "carol"].map((to) => chat.send({ to }, "fine"));
  const bad = chat.send({ to: "dave" }, "bad");
  const refused = assert.rejects(bad.sent, { code: "unanswered" });
  await lives(180_000, async (socket) => {
    for (const frame of socket.takes("message")) {
      if (frame.content === "fine") await socket.says(ack(frame, 7, `dm:alice:${frame.to}`));
      else await socket.says({ type: "error", code: "bad_request", message: "the frame is not JSON" });
    }
  });
  await Promise.all(fine.map(({ sent }) => sent));
  await refused;
  assert.equal(person.count("refused"), 1);
});

test("an empty frame, and whatever else is none, is ignored", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  const before = person.events.length;
  for (const text of ["", "null", "5", '"text"', "[]", "{", new Blob(["{}"])]) await socket.utters(text);
  assert.deepEqual([person.events.length, chat.state], [before, "online"]);
  chat.send({ to: "bob" }, "hello");
  assert.equal(socket.takes().length, 1);
});

test("frames that make no sense are told, and end nothing", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  chat.follow("dm:alice:bob", 5);
  await socket.answers(socket.takes("sync")[0], { type: "synced" });
  const types = ["joined", "left", "history", "message", "presence", "typing", "receipt", "ack", "synced", "new"];
  for (const type of types) {
    await socket.says({ type }, { type, conversation: "dm:%zz:x", seq: "7", messages: [null], user: 5 });
  }
  assert.ok(person.count("error") > 0);
  const pending = ["one", "two"].map((content) => chat.send({ to: "bob" }, content));
  await socket.says(ack(socket.takes("message")[0], 6, "dm:%zz:x"));
  await socket.says(ack(socket.takes("message")[0], 7));
  assert.deepEqual((await Promise.all(pending.map(({ sent }) => sent))).map(({ seq }) => seq), [6, 7]);
  await socket.says(bobs(6));
  assert.deepEqual(person.sees("dm:alice:bob"), ["bob 6", "two"]);
});

test("a server that wants a message in a million years gets it sooner", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice", { pingEvery: 10_000_000 });
  for (const retry_after_ms of [1e15, -5, "soon", null]) {
    chat.send({ to: "bob" }, "hello");
    const [{ id }] = socket.takes();
    await socket.says({ type: "error", code: "rate_limited", message: "slower", id, retry_after_ms });
    await settled();
    assert.deepEqual(socket.takes(), [], "not at once");
    await pass(60_000);
    const [again] = socket.takes();
    assert.equal(again.id, id);
    await socket.says(ack(again, 7));
  }
});

test("a welcome that tells no times and no limits is one all the same", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  await socket.breaks();
  await pass(1_000);
  await sockets[1].welcomes("alice", 1, { server_time: undefined, expires_at: undefined, limits: undefined });
  assert.equal(chat.state, "online");
  chat.send({ to: "bob" }, "hello");
  assert.equal(sockets[1].takes().length, 1);
  await pass(5_000);
  assert.equal(sockets.length, 2);
});

test("a token that never comes is waited for no longer than a connection", async (t) => {
  onItsOwnClock(t);
  let asked = 0;
  const token = () => new Promise(() => (asked += 1));
  const { chat } = await online(t, "alice");
  chat.close();
  const other = scripted(t, "alice", { credentials: { token } });
  other.chat.connect().catch(() => {});
  await pass(10_000);
  await pass(10_000);
  assert.equal(other.chat.state, "waiting");
  const before = asked;
  await pass(30_000);
  assert.ok(asked > before);
});

test("one conversation that the server does not take keeps no other from being heard", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  const names = Array.from({ length: 9 }, (_, index) => `dm:alice:friend${index}`);
  for (const name of names) chat.follow(name, 5);
  const synced = new Set();
  await lives(10_000, async () => {
    for (const frame of socket.takes("sync")) {
      const asked = Object.keys(frame.since);
      if (asked.includes(names[4])) {
        await socket.answers(frame, { type: "error", code: "bad_request", message: "no" });
        continue;
      }
      asked.forEach((name) => synced.add(name));
      const conversations = Object.fromEntries(asked.map((name) => [name, { upto: 5, complete: true, more: false }]));
      await socket.answers(frame, { type: "synced", conversations });
    }
  });
  assert.deepEqual([...synced].toSorted(), names.filter((name) => name !== names[4]));
  assert.equal(person.events.find(({ type }) => type === "error").detail.conversation, names[4]);
});

test("a sync that brings nothing though there is more is asked ever more rarely", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  chat.follow("dm:alice:bob", 5);
  let asked = 0;
  await lives(60_000, async () => {
    for (const frame of socket.takes("sync")) {
      asked += 1;
      const conversations = { "dm:alice:bob": { upto: 5, complete: true, more: true } };
      await socket.answers(frame, { type: "synced", conversations });
    }
  });
  assert.ok(asked > 5 && asked < 20, `${asked}`);
});

test("a server that is too slow for a sync is asked again later", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  chat.follow("dm:alice:bob", 5);
  await lives(60_000);
  socket.takes("sync");
  await lives(40_000);
  assert.ok(socket.takes("sync").length > 0);
});
