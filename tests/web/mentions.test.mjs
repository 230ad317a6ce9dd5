// Whom a text names, and how much of what is unread names one; no browser is needed for it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation } from "../../functions/web/client/conversation.js";
import { namedIn } from "../../functions/web/client/mentions.js";

/** People by their ids: the name, and the username where that is another one. */
const people = {
  of: { 1: ["Ann", "ann"], 2: ["Ann Lee", "ann-lee"], 3: ["it's (me)!*"], 4: ["Žofie"], 5: ["[", "c.d+e"] },
  name: (id) => people.of[id][0],
  handle: (id) => people.of[id][1],
};
const named = (text) => namedIn(text, Object.keys(people.of), people);

test("names are found as they are written, the longest first, and nowhere inside of words", () => {
  assert.deepEqual(named("@ann-lee and @Ann, and @ann again").mentions, ["2", "1"]);
  assert.deepEqual(named("(@žofie) @it's (me)!* @c.d+e.").mentions, ["4", "3", "5"]);
  for (const text of ["mail me@ann or @annie, @ann_, @cxd+e", "@", "ann", "@nobody"]) assert.deepEqual(named(text).mentions, []);
  assert.deepEqual([named("@Everyone, come"), named("@everyones")].map(({ isEveryone }) => isEveryone), [true, false]);
});

const said = (seq, more) => ({ kind: "message", seq, from: "bob", content: `${seq}`, timestamp: "2026-01-01T00:00:00.000Z", ...more });

/** A conversation of which everything behind `before` is loaded; numbers of events are missing. */
function conversation(before, ...messages) {
  const made = new Conversation("room:0198f2a4-8c1e-7000-8000-0123456789ab", "alice");
  messages.forEach((message) => made.add(message));
  made.before = before;
  return made;
}

test("unread messages that name one are counted, events are not", () => {
  const made = conversation(null, said(5), said(8, { mentions: ["alice"] }), said(9), said(12, { mentions_everyone: true }));
  made.messages.forEach((message) => made.count(message));
  assert.deepEqual([made.unread, made.mentions], [4, 2]);
  made.readUpTo(8);
  assert.deepEqual([made.unread, made.mentions], [2, 1]);
  made.change(said(12));
  assert.equal(made.mentions, 0);
  made.change(said(9, { mentions: ["bob", "alice"] }));
  assert.equal(made.mentions, 1);
  made.change(said(9, { content: "", deleted_at: "2026-01-01T00:00:00.000Z" }));
  assert.deepEqual([made.unread, made.mentions], [1, 0]);
  made.readUpTo(12);
  assert.deepEqual([made.unread, made.mentions], [0, 0]);
});

test("of what is not loaded the list says how much names one", () => {
  const made = conversation(50, said(52), said(53, { mentions: ["alice"] }));
  Object.assign(made, { unread: 30, listedMentions: 4, readSeq: 10, counted: 53 });
  assert.equal(made.mentions, 4);
  made.before = 11;
  assert.deepEqual([made.hasAllUnread, made.mentions], [true, 1]);
});

test("numbers that events have are no reason to think that something unread is missing", () => {
  const made = conversation(6, said(8), said(9));
  Object.assign(made, { unread: 2, readSeq: 5, counted: 9 });
  assert.ok(made.hasAllUnread);
  made.readUpTo(7);
  assert.equal(made.unread, 2);
  made.readUpTo(8);
  assert.equal(made.unread, 1);
  assert.deepEqual([made.find(8).content, made.find(7), made.change(said(7))], ["8", undefined, undefined]);
});
