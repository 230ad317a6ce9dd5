// Which answer belongs to which request: the one that repeats its id, and no other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ack, bobs, onItsOwnClock, online, pass, settled } from "./support/script.js";

const GENERAL = "0198f2a4-8c1e-7000-8000-0123456789ab";
const TEA = "0198f2a4-8c1e-7000-8000-ba9876543210";
const left = (room) => ({ type: "left", room, conversation: `room:${room}` });
const page = (conversation, messages, before = null) => ({
  type: "history",
  conversation,
  messages,
  before,
  after: null,
});
const forbidden = { type: "error", code: "forbidden", reason: "not_yours", message: "this is not yours" };

/** Whether a promise is settled, and how. */
const outcome = async (promise) => {
  let how = "open";
  promise.then(
    () => (how = "fulfilled"),
    () => (how = "rejected"),
  );
  await settled();
  return how;
};

test("of two leaves at once the refused one is rejected, and the other fulfilled", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  const [general, tea] = [chat.leave("general"), chat.leave("tea")];
  const asked = socket.takes("leave");
  assert.deepEqual(asked.map(({ room }) => room), ["general", "tea"]);
  const refused = assert.rejects(general, { code: "conflict" });
  // Another device leaves the same room meanwhile.
  await socket.says(left(TEA), left(GENERAL));
  assert.deepEqual([await outcome(general), await outcome(tea)], ["open", "open"]);
  await socket.answers(asked[0], { type: "error", code: "conflict", message: "make somebody else owner first" });
  await refused;
  assert.equal(await outcome(tea), "open");
  await socket.answers(asked[1], left(TEA));
  assert.equal((await tea).room, TEA);
  assert.deepEqual([person.count("left"), person.count("error")], [3, 0]);
});

test("pages of the same range are told apart, in whatever order they come", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  const range = { before: 50, limit: 10 };
  const conversations = ["dm:alice:bob", "dm:alice:carol", "dm:alice:bob"];
  const pages = conversations.map((conversation) => chat.history(conversation, range));
  const asked = socket.takes("history");
  assert.deepEqual(asked.map(({ conversation }) => conversation), conversations);
  assert.equal(new Set(asked.map(({ id }) => id)).size, 3);
  for (const [index, request] of [...asked.entries()].toReversed()) {
    await socket.answers(request, page(request.conversation, [], index));
  }
  const found = (await Promise.all(pages)).map(({ conversation, before }) => [conversation, before]);
  assert.deepEqual(found, conversations.map((conversation, index) => [conversation, index]));
});

test("of two requests that are alike an error rejects the one that it names", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  const [first, second] = [1, 2].map(() => chat.history("dm:alice:bob", { limit: 10 }));
  const asked = socket.takes("history");
  assert.equal(asked.length, 2);
  const refused = assert.rejects(second, { code: "forbidden", reason: "not_yours" });
  await socket.answers(asked[1], forbidden);
  await refused;
  assert.equal(await outcome(first), "open");
  await socket.answers(asked[0], page("dm:alice:bob", []));
  await first;
  assert.equal(person.count("error"), 0);
});

test("an error that names no request rejects none, and one of a request that is over is only told", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  const joining = chat.join("general");
  await socket.says({ type: "error", code: "bad_request", message: "the frame is not JSON" });
  await socket.says({ ...forbidden, id: "of a request that is over" });
  assert.deepEqual([await outcome(joining), person.count("error")], ["open", 2]);
  await pass(1_000);
  const again = socket.takes("join");
  assert.ok(again.length === 2 && again[0].id === again[1].id, "it is asked again soon");
});

test("a late answer is taken in, and fulfils nothing", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  chat.follow("dm:alice:bob", 5);
  const given = chat.history("dm:alice:bob", { after: 5 });
  const late = [];
  const rejected = assert.rejects(given, { code: "unanswered" });
  for (let times = 0; times < 12; times += 1) {
    await pass(5_000);
    for (const ping of socket.takes("ping")) await socket.answers(ping, { type: "pong" });
    late.push(...socket.takes("history"));
  }
  await rejected;
  const next = chat.history("dm:alice:bob", { after: 5 });
  await socket.answers(late[0], page("dm:alice:bob", [bobs(6)]));
  assert.deepEqual([await outcome(next), person.sees("dm:alice:bob")], ["open", ["bob 6"]]);

  chat.read("dm:alice:bob", 5);
  const [before] = socket.takes("read");
  chat.read("dm:alice:bob", 6);
  const [now] = socket.takes("read");
  const receipt = { type: "receipt", conversation: "dm:alice:bob", user: "alice" };
  await socket.answers(before, { ...receipt, read: 5 });
  assert.equal(person.count("receipt"), 1);
  await pass(10_000);
  assert.deepEqual(socket.takes("read"), [now], "the last one is not answered yet");
});

test("a late page of the lobby is not where the lobby begins", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  const broadcast = (seq) => ({ ...bobs(seq), to: undefined, conversation: "lobby" });
  await socket.answers({ id: "of a request that is over" }, page("lobby", [broadcast(3)]));
  await pass(1_000);
  assert.deepEqual([person.sees("lobby"), chat.watermark("lobby")], [[], undefined]);
  await socket.says({ type: "messages", conversation: "lobby", messages: [broadcast(9)] });
  await pass(1_000);
  assert.deepEqual(person.sees("lobby"), ["bob 9"]);
});

test("what is said in a room comes back under the id of its request, and is no answer", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  const conversation = `room:${GENERAL}`;
  chat.follow(conversation, 5);
  const { sent } = chat.send({ conversation }, "hello");
  const [asked] = socket.takes("message");
  const echo = { ...bobs(6), id: asked.id, from: "alice", to: undefined, room: GENERAL, conversation };
  await socket.says({ ...echo, content: "hello" });
  assert.deepEqual([await outcome(sent), person.sees(conversation)], ["open", ["hello"]]);
  await socket.says(ack(asked, 6, conversation));
  assert.equal((await sent).seq, 6);
});
