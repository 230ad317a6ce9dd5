// What a message is: text, a notice, or what only a later version knows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sortOf } from "../../../functions/web/client/confab/index.js";
import { noticeParts } from "../../../functions/web/client/notices.js";
import { bobs, onItsOwnClock, online, settled } from "./support/script.js";

const THEIRS = "dm:alice:bob";
const dance = (seq) => ({ ...bobs(seq), kind: "dance", content: undefined });
const who = ({ id }) => id;
const words = (notice, me = "alice") =>
  noticeParts(notice, me).map((part) => (typeof part === "string" ? part : who(part))).join("");

test("text, notices and the rest are told apart by their kind", () => {
  const kinds = ["message", "joined", "appointed", "dance", undefined, "toString"];
  assert.deepEqual(kinds.map((kind) => sortOf({ kind })), ["text", "notice", "notice", "other", "other", "other"]);
});

test("a page leaves out what nobody knows, and tells how far it goes all the same", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  const asks = async (messages) => {
    const page = chat.history(THEIRS);
    await settled();
    const [asked] = socket.takes("history");
    await socket.answers(asked, { type: "history", conversation: THEIRS, messages, before: 6, after: null });
    return page;
  };
  const { messages, before, upto } = await asks([bobs(6), dance(7)]);
  assert.deepEqual([messages.map(({ seq }) => seq), before, upto], [[6], 6, 7]);
  assert.deepEqual((await asks([dance(7)])).upto, 7);
  assert.deepEqual((await asks([])).upto, null);
});

test("a room that one joins shows nothing of what nobody knows, and goes on behind it", async (t) => {
  onItsOwnClock(t);
  const { chat, socket, person } = await online(t, "alice");
  const room = "0198f2a4-8c1e-7000-8000-0123456789ab";
  const conversation = `room:${room}`;
  const joining = chat.join("general");
  const [asked] = socket.takes("join");
  const messages = [bobs(6), dance(7)].map((it) => ({ ...it, conversation }));
  await socket.answers(asked, { type: "joined", room: { id: room }, conversation, messages, before: 6 });
  const told = person.events.find(({ type }) => type === "joined").detail;
  for (const joined of [await joining, told]) assert.deepEqual(joined.messages.map(({ seq }) => seq), [6]);
  assert.equal(chat.watermark(conversation), 7);
});

test("the page puts notices into words", () => {
  const by = { from: "bob", about: "carol" };
  assert.equal(words({ kind: "joined", from: "bob" }), "bob joined");
  assert.equal(words({ kind: "left", from: "alice" }), "You left");
  assert.equal(words({ kind: "left", from: "bob", reason: "deleted" }), "bob left: their account was deleted");
  assert.equal(words({ kind: "left", from: "bob", reason: "eloped" }), "bob left");
  assert.equal(words({ kind: "members", from: "bob", joined: 12, left: 3 }), "12 joined, 3 left");
  assert.equal(words({ kind: "members", from: "bob", joined: 0, left: 2 }), "2 left");
  assert.equal(words({ kind: "kicked", ...by }), "bob removed carol");
  assert.equal(words({ kind: "unmuted", from: "bob", about: "alice" }), "bob let you speak again");
  assert.equal(words({ kind: "appointed", ...by, role: "owner" }), "bob made carol an owner");
  // What earlier servers have kept, and what later ones may say.
  assert.equal(words({ kind: "appointed", ...by, content: "bob made carol owner" }), "bob gave carol another role");
  assert.equal(words({ kind: "appointed", ...by, role: "captain" }), "bob gave carol another role");
});
