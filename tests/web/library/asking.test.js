// What is asked, and what is told unasked.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "./support/person.js";
import { ack, bobs, onItsOwnClock, online, pass, sockets } from "./support/script.js";
import { serverTime, setClockBehind, settled } from "./support/script.js";

const ROOM = { id: "0198f2a4-8c1e-7000-8000-0123456789ab", name: "general" };
const THERE = `room:${ROOM.id}`;
const of = (person, type) => person.events.filter((event) => event.type === type).map(({ detail }) => detail);

test("whatever is asked has an id, and nothing but its own answer answers it", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  chat.follow("dm:alice:bob", 5);
  const leaving = chat.leave("general");
  const joining = chat.join("tea");
  const page = chat.history("lobby", { limit: 3 });
  chat.read("dm:alice:bob", 5);
  await pass(30_000);
  const asked = Object.fromEntries(socket.heard.map((frame) => [frame.action, frame]));
  socket.heard = [];
  for (const action of ["leave", "join", "history", "read", "sync", "ping"]) assert.ok(asked[action].id, action);

  let left = false;
  leaving.then(() => (left = true));
  await socket.says({ type: "left", room: ROOM.id, conversation: THERE, reason: "kicked" });
  await socket.says({ type: "left", room: ROOM.id, conversation: THERE });
  // An answer that comes late says nothing of where one is by now.
  await socket.says({ type: "left", room: ROOM.id, conversation: THERE, id: "of another request" });
  assert.deepEqual([left, of(person, "left").length], [false, 2]);
  await socket.answers(asked.leave, { type: "left", room: ROOM.id, conversation: THERE });
  assert.equal((await leaving).room, ROOM.id);

  const history = { type: "history", conversation: "lobby", messages: [], before: null, after: null };
  await socket.says(history, { ...history, before: 7 });
  await socket.answers(asked.history, { ...history, before: 9 });
  assert.equal((await page).before, 9);
  const joined = { type: "joined", room: ROOM, conversation: THERE, messages: [], before: null };
  await socket.says(joined);
  await socket.answers(asked.join, { ...joined, room: { ...ROOM, name: "tea" } });
  assert.equal((await joining).room.name, "tea");
  await socket.answers(asked.read, { type: "receipt", conversation: "dm:alice:bob", user: "alice", read: 9 });
  await pass(60_000);
  assert.deepEqual(socket.takes("read"), []);
});

test("why something is forbidden is told", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  const { sent } = chat.send({ to: "bob" }, "hello");
  const joined = assert.rejects(chat.join("general"), { code: "forbidden", reason: "banned" });
  const forbidden = { type: "error", code: "forbidden", message: "no" };
  const [message, join] = socket.takes();
  await socket.answers(message, { ...forbidden, reason: "blocked" });
  await socket.answers(join, { ...forbidden, reason: "banned" });
  await assert.rejects(sent, { reason: "blocked" });
  await joined;
  assert.deepEqual([of(person, "refused")[0].reason, chat.outbox[0].reason], ["blocked", "blocked"]);
});

test("nobody speaks in a conversation of two others", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "carol");
  for (const conversation of ["dm:alice:bob", "dm:alice", "tea", "dm:%zz:carol"]) {
    await assert.rejects(chat.send({ conversation }, "hello").sent, { code: "forbidden", reason: "not_yours" });
  }
  assert.deepEqual(socket.takes(), []);
  chat.send({ conversation: "dm:bob:carol" }, "hello");
  assert.equal(socket.takes()[0].to, "bob");
});

test("rooms, invitations and profiles are told as they change", async (t) => {
  onItsOwnClock(t);
  const { person, socket } = await online(t, "alice", {});
  const told = [];
  const frames = [
    { type: "room", room: ROOM, conversation: THERE, by: "bob" },
    { type: "invited", room: ROOM, conversation: THERE, by: "bob" },
    { type: "uninvited", room: ROOM.id, conversation: THERE, reason: "withdrawn" },
    { type: "profile", user: "bob", username: "bob", display_name: "Bob", metadata: null, deleted: false },
    { type: "profile", user: "bob", deleted: true },
  ];
  for (const type of ["room", "invited", "uninvited", "profile"]) {
    person.chat.addEventListener(type, ({ detail }) => told.push(detail));
  }
  await socket.says(...frames);
  assert.deepEqual(told, frames);
});

/** Answers the sync of the room. */
const syncs = (socket, more) => {
  const conversations = { [THERE]: { upto: 5, complete: true, more: false, ...more } };
  return socket.answers(socket.takes("sync")[0], { type: "synced", conversations });
};

for (const [how, goes] of [
  [
    "is deleted",
    async (socket) => {
      await syncs(socket);
      await socket.says({ type: "left", room: ROOM.id, conversation: THERE, reason: "deleted" });
    },
  ],
  [
    "was deleted meanwhile",
    (socket) => syncs(socket, { complete: false, error: "not_found" }),
  ],
]) {
  test(`a room that ${how} goes, and with it what was to be said there`, async (t) => {
    onItsOwnClock(t);
    const { chat, person, socket } = await online(t, "alice");
    chat.follow(THERE, 5);
    const pending = ["one", "two"].map((content) => chat.send({ conversation: THERE }, content));
    const other = chat.send({ to: "bob" }, "elsewhere");
    await goes(socket);
    for (const { sent } of pending) await assert.rejects(sent, { code: "not_found" });
    assert.equal(chat.watermark(THERE), undefined);
    assert.ok(["deleted", "gone"].includes(of(person, "left")[0].reason));
    const [, elsewhere] = socket.takes();
    await socket.says(ack(elsewhere, 7));
    await other.sent;
    await socket.breaks();
    await pass(1_000);
    await sockets[1].welcomes("alice");
    assert.ok(sockets[1].takes("sync").every(({ since }) => since[THERE] === undefined));
    assert.deepEqual(sockets[1].takes(), []);
  });
}

test("typing is shown for a while, or until it is said to be over", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  await socket.says({ type: "typing", user: "bob", conversation: "dm:alice:bob" });
  await socket.says({ type: "typing", user: "bob", conversation: "dm:alice:bob", typing: false, expires_in_ms: 6000 });
  assert.deepEqual(
    of(person, "typing").map(({ typing, expires_in_ms }) => [typing, expires_in_ms]),
    [
      [true, 6000],
      [false, 6000],
    ],
  );
  chat.stopTyping({ to: "bob" });
  chat.typing({ to: "bob" });
  chat.stopTyping({ to: "bob" });
  chat.stopTyping({ to: "bob" });
  chat.typing({ to: "bob" });
  await pass(6_000);
  chat.stopTyping({ to: "bob" });
  assert.deepEqual(
    socket.takes("typing").map(({ typing }) => typing),
    [undefined, false, undefined],
  );
});

test("one types on though the clock is put back", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  chat.typing({ to: "bob" });
  await pass(3_000);
  t.mock.method(Date, "now", () => 0);
  chat.typing({ to: "bob" });
  assert.equal(socket.takes("typing").length, 2);
});

/** Answers for the HTTP API, by path; and what was asked. */
function api(answers) {
  const asked = [];
  const fetch = async (url) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    const answer = answers[pathname] ?? [];
    return Response.json(typeof answer === "function" ? await answer() : answer);
  };
  return { asked, fetch };
}

for (const how of ["at the start", "later"]) {
  test(`when more waits than is handed over, it is asked for: ${how}`, async (t) => {
    onItsOwnClock(t);
    const carols = { ...bobs(9), from: "carol", conversation: "dm:alice:carol" };
    const listed = [
      { conversation: "dm:alice:bob", last_message: bobs(7), unread: 2 },
      { conversation: "dm:alice:carol", last_message: carols, unread: 1 },
      { conversation: "dm:alice:dave", last_message: { ...bobs(3), from: "alice" }, unread: 0 },
    ];
    let isAway = how === "later";
    const answer = () => {
      if (!isAway) return listed;
      isAway = false;
      throw new TypeError("fetch failed");
    };
    const { fetch } = api({ "/api/conversations": answer });
    const { chat, socket, person } = await online(t, "alice", { fetch });
    chat.follow("dm:alice:bob", 5);
    const ended = { upto: 5, complete: true, more: false };
    await socket.answers(socket.takes("sync")[0], { type: "synced", conversations: { "dm:alice:bob": ended } });
    await socket.says({ type: "more_waiting" });
    await pass(5_000);
    const [asked] = socket.takes("history");
    assert.equal(asked.conversation, "dm:alice:carol");
    const page = { type: "history", conversation: "dm:alice:carol", messages: [carols], before: null, after: null };
    await socket.answers(asked, page);
    assert.deepEqual(socket.takes("sync").at(-1).since, { "dm:alice:bob": 5 });
    assert.deepEqual(person.sees("dm:alice:carol"), ["bob 9"]);
  });
}

test("a welcome that says more waits is believed", async (t) => {
  onItsOwnClock(t);
  const { asked, fetch } = api({});
  const { socket } = await online(t, "alice", { fetch });
  await socket.breaks();
  await pass(1_000);
  await sockets[1].welcomes("alice", 7_200_000, { more_waiting: true });
  assert.ok(asked.includes("/api/conversations"));
});

test("what waited is asked for by the next page if the last one ended too soon", async (t) => {
  onItsOwnClock(t);
  const storage = memory();
  const never = api({ "/api/conversations": () => new Promise(() => {}) });
  const { chat, socket } = await online(t, "alice", { storage, fetch: never.fetch });
  await socket.says({ type: "more_waiting" });
  chat.close();
  for (const times of [1, 0]) {
    const { asked, fetch } = api({});
    const next = await online(t, "alice", { storage, fetch });
    await settled();
    assert.equal(asked.filter((path) => path === "/api/conversations").length, times);
    next.chat.close();
  }
});

test("who is there is known from the start, and by what they do", async (t) => {
  onItsOwnClock(t);
  const circle = [
    { user: "bob", status: "online", last_seen: null },
    { user: "carol", status: "offline", last_seen: "2025-12-31T00:00:00.000Z" },
  ];
  const { asked, fetch } = api({ "/api/presence": () => circle });
  const { chat, socket, person } = await online(t, "alice", { fetch });
  await settled();
  assert.deepEqual(of(person, "presence"), circle);
  assert.equal(chat.presence("carol").last_seen, "2025-12-31T00:00:00.000Z");

  await socket.says({ type: "typing", user: "carol", conversation: "dm:alice:carol" });
  assert.equal(chat.presence("carol").status, "online");
  const said = (from, seconds) => {
    const timestamp = new Date(serverTime() - seconds * 1_000).toISOString();
    return { ...bobs(7), from, conversation: `dm:alice:${from}`, timestamp };
  };
  await socket.says(said("dave", 0), said("erin", 3_600), said("alice", 0));
  assert.equal(chat.presence("dave").status, "online");
  assert.deepEqual([chat.presence("erin"), chat.presence("alice")], [undefined, undefined]);

  // It was a program that speaks without a connection.
  circle.push({ user: "dave", status: "offline", last_seen: null });
  await pass(2_000);
  assert.equal(chat.presence("dave").status, "offline");
  await socket.says(said("dave", 0), { ...said("frank", 0), conversation: THERE });
  await pass(2_000);
  await socket.says({ ...said("frank", 0), conversation: THERE });
  await pass(2_000);
  assert.deepEqual([chat.presence("dave").status, chat.presence("frank")], ["offline", undefined]);
  assert.equal(asked.filter((path) => path === "/api/presence").length, 3);
});

test("what was said just now is fresh by the server's clock", async (t) => {
  onItsOwnClock(t);
  setClockBehind(-3 * 60_000);
  const { chat, socket } = await online(t, "alice");
  await socket.says({ ...bobs(7), timestamp: new Date(serverTime()).toISOString() });
  assert.equal(chat.presence("bob").status, "online");
});

test("who has closed the chat asks for nothing any more", async (t) => {
  onItsOwnClock(t);
  let asked = 0;
  const fetch = async () => {
    asked += 1;
    await settled();
    throw new TypeError("fetch failed");
  };
  const { chat, socket } = await online(t, "alice", { fetch });
  await socket.says({ type: "more_waiting" });
  chat.close();
  await settled();
  const before = asked;
  for (let times = 0; times < 10; times += 1) await pass(20_000);
  assert.equal(asked, before);
});
