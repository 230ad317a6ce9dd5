// Messages that change after they were said: what is told of them, and what one does to them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "./support/person.js";
import { ack, bobs, onItsOwnClock, online, pass, settled, sockets } from "./support/script.js";

const THEIRS = "dm:alice:bob";
const LATER = "2026-01-01T00:01:00.000Z";
const happened = (kind, seq, of, more) => ({ ...bobs(seq), kind, of, content: undefined, timestamp: LATER, ...more });
const edited = (seq, of, content) => happened("edited", seq, of, { content });
const several = (messages, more) => ({ type: "messages", conversation: THEIRS, messages, ...more });
const of = (person, type) => person.events.filter((event) => event.type === type).map(({ detail }) => detail);
/** What was told of changes: which message, and what it says now. */
const changes = (person) => of(person, "changed").map(({ seq, content }) => [seq, content]);

/** Somebody who follows from 5 on, with whatever `said` comes first. */
async function alice(t, said = [], options = {}) {
  onItsOwnClock(t);
  const made = await online(t, "alice", options);
  made.chat.follow(THEIRS, 5);
  const [asked] = made.socket.takes("sync");
  const conversations = { [THEIRS]: { upto: 5, complete: true, more: false } };
  await made.socket.answers(asked, { type: "synced", conversations });
  await made.socket.says(...said);
  return made;
}

const page = (messages, more) => ({ type: "history", conversation: THEIRS, messages, before: null, after: null, ...more });

/** A page of history, as the server answers it. */
async function reads({ chat, socket }, messages) {
  const asking = chat.history(THEIRS);
  await settled();
  await socket.answers(socket.takes("history")[0], page(messages));
  return asking;
}

test("an event is no message, has its number, and changes the one that it is about", async (t) => {
  const { chat, socket, person } = await alice(t, [bobs(6), edited(7, 6, "better"), bobs(8)]);
  assert.deepEqual(person.sees(THEIRS), ["bob 6", "bob 8"]);
  assert.deepEqual(changes(person), [[6, "better"]]);
  assert.equal(chat.watermark(THEIRS), 8);
  await socket.says(edited(7, 6, "better"), happened("deleted", 9, 6));
  assert.deepEqual(changes(person), [[6, "better"], [6, ""]]);
  await pass(1_000);
  assert.deepEqual(socket.takes("sync"), []);
});

test("a missing event is a gap, and one that comes early is there when its message is", async (t) => {
  const { socket, person } = await alice(t);
  await socket.says(bobs(6), edited(9, 8, "early"), bobs(8));
  assert.deepEqual(person.sees(THEIRS), ["bob 6"]);
  await pass(350);
  assert.equal(socket.takes("sync")[0].since[THEIRS], 6);
  await socket.says(several([edited(7, 6, "late")]));
  assert.deepEqual(person.sees(THEIRS), ["bob 6", "early"]);
  assert.deepEqual(changes(person), [[6, "late"]]);
});

test("what is held back is shown as it is by then, and what was deleted is kept nowhere", async (t) => {
  const storage = memory();
  const { socket, person } = await alice(t, [], { storage });
  await socket.says({ ...bobs(7), content: "a secret" }, happened("deleted", 8, 7), bobs(6));
  assert.deepEqual(person.sees(THEIRS), ["bob 6", ""]);
  assert.equal(changes(person).length, 0);
  assert.doesNotMatch(JSON.stringify([...storage.kept.values(), person.events]), /secret/);
});

test("pages bring pictures, and what is on them is told of if it changes", async (t) => {
  const made = await alice(t, [edited(6, 2, "two, edited")]);
  const { person, socket } = made;
  const { messages, upto } = await reads(made, [bobs(1), bobs(2), edited(3, 1, "one, edited")]);
  assert.deepEqual([messages.map(({ content }) => content), upto], [["one, edited", "two, edited"], 3]);
  await socket.says(edited(7, 1, "again"), edited(8, 4, "not held"));
  assert.deepEqual(changes(person), [[1, "again"]]);
  assert.deepEqual(made.chat.pictures([bobs(4), edited(5, 1, "old")]).map(({ content }) => content), ["not held"]);
  await socket.says(happened("deleted", 9, 4));
  assert.deepEqual(changes(person), [[1, "again"], [4, ""]]);
});

test("who skips a part is told nothing of what was before it, until it is read again", async (t) => {
  const made = await alice(t, [bobs(6)]);
  const { socket, person } = made;
  await socket.says(several([bobs(90)], { more: true }), edited(91, 6, "who knows"));
  assert.deepEqual([changes(person), person.count("skipped")], [[], 1]);
  const { messages } = await reads(made, [{ ...bobs(6), content: "a fresh copy", revised: 50 }]);
  assert.equal(messages[0].content, "who knows");
});

test("who follows from a later page is told nothing of what was before a hole", async (t) => {
  const made = await alice(t, [bobs(6)]);
  const { chat, socket, person } = made;
  await reads(made, [bobs(20), bobs(21)]);
  chat.follow(THEIRS, 21);
  await socket.says(edited(22, 6, "unknown"), edited(23, 20, "known"));
  assert.deepEqual(changes(person), [[20, "known"]]);
  await reads(made, [bobs(22), edited(23, 20, "known"), bobs(24)]);
  chat.follow(THEIRS, 24);
  await socket.says(edited(25, 20, "still"));
  assert.deepEqual(changes(person).at(-1), [20, "still"]);
});

test("a quote follows what it quotes", async (t) => {
  const { socket, person } = await alice(t, [bobs(6), { ...bobs(7), reply_to: { seq: 6, from: "bob", content: "bob 6" } }]);
  await socket.says(happened("deleted", 8, 6));
  assert.deepEqual(of(person, "changed").map(({ seq, reply_to }) => [seq, reply_to]), [
    [6, undefined],
    [7, { seq: 6, from: "bob", deleted: true }],
  ]);
});

test("an answer, whom it names and its data are sent, kept, and shown by the ack", async (t) => {
  const storage = memory();
  const { chat, socket, person } = await alice(t, [{ ...bobs(6), content: "x".repeat(300) }], { storage });
  const data = { card: [1] };
  const pending = chat.send({ to: "bob" }, "hello", { replyTo: 6, mentions: ["bob"], data });
  data.card.push(2);
  assert.deepEqual([pending.replyTo, pending.mentions, pending.data], [6, ["bob"], { card: [1] }]);
  const [sent] = socket.takes();
  assert.deepEqual([sent.reply_to, sent.mentions, sent.data], [6, ["bob"], { card: [1] }]);
  assert.match(storage.kept.get("confab:server/ws:alice:outbox"), /"replyTo":6/);
  await socket.says(ack(sent, 7));
  const { reply_to, mentions, data: kept } = of(person, "message").at(-1);
  assert.deepEqual([reply_to, mentions, kept], [{ seq: 6, from: "bob", content: "x".repeat(200) }, ["bob"], { card: [1] }]);
  chat.send({ broadcast: true }, "all", { replyTo: 3 });
  chat.send({ to: "bob" }, "plain");
  const [all, plain] = socket.takes();
  assert.deepEqual([all.action, all.reply_to], ["broadcast", 3]);
  assert.deepEqual(Object.keys(plain).toSorted(), ["action", "content", "id", "to"]);
});

test("an edit is shown at once, and is pending until it is kept", async (t) => {
  const mine = { ...bobs(6), from: "alice", to: "bob", data: { a: 1 } };
  const { chat, socket, person } = await alice(t, [mine]);
  const { sent, seq } = chat.edit(THEIRS, 6, { content: "better", mentions: ["bob"] });
  const [asked] = socket.takes();
  assert.deepEqual(asked, { action: "edit", id: asked.id, conversation: THEIRS, seq: 6, content: "better", mentions: ["bob"] });
  const told = () => of(person, "changed").map(({ content, pending = false, data }) => [content, pending, data]);
  assert.deepEqual([told(), seq], [[["better", true, { a: 1 }]], 6]);
  await socket.says({ ...ack(asked, 7), of: 6 });
  assert.equal((await sent).of, 6);
  assert.deepEqual(told().at(-1), ["better", false, { a: 1 }]);
  assert.equal(of(person, "changed").at(-1).edited_at, "2026-01-01T00:00:00.000Z");
  await socket.says(bobs(8));
  assert.deepEqual([person.sees(THEIRS).at(-1), chat.outbox], ["bob 8", []]);
  chat.edit(THEIRS, 6, { data: null });
  assert.equal(socket.takes()[0].data, null);
  assert.deepEqual(told().at(-1), ["better", true, undefined]);
});

test("what is refused is taken back, and told", async (t) => {
  const { chat, socket, person } = await alice(t, [bobs(6)]);
  const { id, sent } = chat.remove(THEIRS, 6);
  const [asked] = socket.takes();
  assert.deepEqual(asked, { action: "delete", id, conversation: THEIRS, seq: 6 });
  await socket.answers(asked, { type: "error", code: "forbidden", reason: "not_yours", message: "no" });
  await assert.rejects(sent, { code: "forbidden", reason: "not_yours", id });
  assert.deepEqual(changes(person), [[6, ""], [6, "bob 6"]]);
  const [{ conversation, of: about, reason }] = of(person, "refused");
  assert.deepEqual([conversation, about, reason, chat.outbox], [THEIRS, 6, "not_yours", []]);
  assert.equal(person.count("error"), 0);
});

test("what is so already has no number of its own", async (t) => {
  const { chat, socket, person } = await alice(t, [bobs(6), bobs(7)]);
  const { sent } = chat.remove(THEIRS, 6);
  const [asked] = socket.takes();
  await socket.says({ ...ack(asked, 6), of: 6, duplicate: true });
  assert.equal((await sent).seq, 6);
  assert.deepEqual([changes(person), chat.watermark(THEIRS)], [[[6, ""], [6, "bob 6"]], 7]);
  await socket.says(happened("deleted", 8, 6));
  assert.deepEqual(changes(person).at(-1), [6, ""]);
});

test("one change of a message is under way at a time, in order, and goes on over connections", async (t) => {
  const { chat, socket, person } = await alice(t, [bobs(6), bobs(7)]);
  chat.react(THEIRS, 6, "👍");
  chat.react(THEIRS, 6, "👍", false);
  chat.react(THEIRS, 7, "🎉");
  const [first, other] = socket.takes();
  assert.deepEqual([first.key, first.on, other.key], ["👍", true, "🎉"]);
  await socket.breaks();
  await pass(1_000);
  await sockets[1].welcomes("alice");
  assert.deepEqual(sockets[1].takes(), [first, other]);
  await sockets[1].says({ ...ack(first, 8), of: 6 }, { ...ack(other, 9), of: 7 });
  const [second] = sockets[1].takes();
  assert.deepEqual([second.on, second.seq], [false, 6]);
  await sockets[1].says({ type: "message", ...happened("reacted", 8, 6, { from: "alice", key: "👍", on: true, count: 1 }) });
  await sockets[1].says({ ...ack(second, 10), of: 6 });
  const [six, seven] = [6, 7].map((seq) => of(person, "changed").findLast((it) => it.seq === seq));
  assert.deepEqual([six.reactions, six.pending], [undefined, undefined]);
  assert.deepEqual(seven.reactions, [{ key: "🎉", count: 1, users: ["alice"], mine: true }]);
  assert.equal(chat.watermark(THEIRS), 10);
});

test("what is not answered is asked again under the same id, by the next page as well", async (t) => {
  const storage = memory();
  const { chat, socket } = await alice(t, [bobs(6)], { storage });
  chat.react(THEIRS, 6, "👍");
  const [first] = socket.takes();
  await pass(10_000);
  assert.deepEqual(socket.takes(), [first]);
  chat.close();
  storage.setItem("confab:server/ws:alice:changes", JSON.stringify([{ id: "what?" }, ...JSON.parse(storage.kept.get("confab:server/ws:alice:changes"))]));
  const next = await online(t, "alice", { storage });
  assert.deepEqual(next.socket.takes(), [first]);
  await next.socket.says({ ...ack(first, 7), of: 6 });
  assert.ok(!JSON.stringify([...storage.kept]).includes("👍"));
});

test("an id that the server does not take is replaced, a few times", async (t) => {
  const { chat, socket } = await alice(t, [bobs(6)]);
  const { sent } = chat.react(THEIRS, 6, "👍");
  const ids = new Set();
  for (let round = 0; round < 4; round += 1) {
    const [asked] = socket.takes();
    ids.add(asked.id);
    await socket.answers(asked, { type: "error", code: "bad_request", reason: "id_ahead", message: "no" });
  }
  await assert.rejects(sent, { reason: "id_ahead" });
  assert.equal(ids.size, 4);
});

test("what the server could not take is not sent", async (t) => {
  const { chat, socket } = await alice(t, [{ ...bobs(6), from: "alice", to: "bob" }]);
  await socket.welcomes("alice", 7_200_000, { limits: { content_bytes: 10, data_bytes: 20, frame_bytes: 32_768 } });
  await socket.breaks();
  await pass(1_000);
  await sockets[1].welcomes("alice", 7_200_000, { limits: { content_bytes: 10, data_bytes: 20, frame_bytes: 32_768 } });
  const large = { is: "x".repeat(20) };
  await assert.rejects(chat.send({ to: "bob" }, "hello", { data: large }).sent, { code: "too_large" });
  await assert.rejects(chat.edit(THEIRS, 6, { data: large }).sent, { code: "too_large" });
  await assert.rejects(chat.edit(THEIRS, 6, { content: "x".repeat(11) }).sent, { code: "too_large" });
  await assert.rejects(chat.react("dm:bob:carol", 6, "👍").sent, { reason: "not_yours" });
  await assert.rejects(chat.react(THEIRS, 6, "\ud83d").sent, { code: "bad_request" });
  assert.throws(() => chat.react(THEIRS, undefined, "👍"), TypeError);
  assert.throws(() => chat.send({ to: "bob" }, "hello", { data: { big: 1n } }), TypeError);
  assert.deepEqual(sockets[1].takes(), []);
});

test("a room that one joins brings pictures", async (t) => {
  onItsOwnClock(t);
  const { chat, socket, person } = await online(t, "alice");
  const room = "0198f2a4-8c1e-7000-8000-0123456789ab";
  const conversation = `room:${room}`;
  const joining = chat.join("general");
  const there = (it) => ({ ...it, conversation });
  const messages = [bobs(6), edited(7, 6, "better")].map(there);
  await socket.answers(socket.takes("join")[0], { type: "joined", room: { id: room }, conversation, messages, before: 6 });
  for (const joined of [await joining, of(person, "joined")[0]]) {
    assert.deepEqual(joined.messages.map(({ content }) => content), ["better"]);
  }
  assert.equal(chat.watermark(conversation), 7);
  await socket.says(there(edited(8, 6, "best")));
  assert.deepEqual(changes(person), [[6, "best"]]);
});

test("what is pinned is asked for, and told of from then on, however long ago it was said", async (t) => {
  onItsOwnClock(t);
  const pinned = (seq) => ({ ...bobs(seq), revised: seq, pinned_at: "2026-01-01T00:00:00.000Z", pinned_by: "carol" });
  const asked = [];
  const fetch = async (url) => {
    const { pathname } = new URL(url);
    asked.push(decodeURIComponent(pathname));
    return Response.json(pathname.endsWith("/pins") ? [pinned(3), pinned(1)] : []);
  };
  const { chat, socket, person } = await online(t, "alice", { fetch });
  chat.follow(THEIRS, 5);
  // It was unpinned while the answer was on its way.
  await socket.says(happened("pinned", 6, 1, { on: false }));
  assert.deepEqual((await chat.pins(THEIRS)).map(({ seq, pinned_by }) => [seq, pinned_by]), [[3, "carol"]]);
  assert.ok(asked.includes(`/api/conversations/${THEIRS}/pins`));
  chat.pin(THEIRS, 3, false);
  assert.deepEqual(of(person, "changed").at(-1).pinned_at, undefined);
  const [frame] = socket.takes();
  assert.deepEqual([frame.action, frame.seq, frame.on], ["pin", 3, false]);
});
