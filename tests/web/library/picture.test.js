// What a message looks like, in whatever order and however often it came what happened to it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isNaming, sortOf } from "../../../functions/web/client/confab/kinds.js";
import { Pictures } from "../../../functions/web/client/confab/picture.js";

const WHEN = "2026-01-01T00:00:00.000Z";
const LATER = "2026-01-01T00:01:00.000Z";
const SECRET = "the combination is 1234";

const base = (kind, seq, more) => ({ kind, id: `m${seq}`, conversation: "dm:alice:bob", seq, from: "bob", timestamp: WHEN, ...more });
const said = (seq, more) => base("message", seq, { content: `bob ${seq}`, ...more });
const happened = (kind, seq, of, more) => base(kind, seq, { of, timestamp: LATER, ...more });
const edited = (seq, of, content, more) => happened("edited", seq, of, { content, ...more });
const deleted = (seq, of, more) => happened("deleted", seq, of, more);
const reacted = (seq, of, key, on, count, from = "bob") => happened("reacted", seq, of, { key, on, count, from });

const pictures = (...entries) => {
  const made = new Pictures(() => "alice");
  for (const entry of entries) made.takes(entry);
  return made;
};

/** All orders of a few things. */
const orders = (them) =>
  them.length < 2 ? [them] : them.flatMap((it, at) => orders(them.toSpliced(at, 1)).map((rest) => [it, ...rest]));

test("whatever the order, and however often: the picture is the same", () => {
  const entries = [
    said(1, { data: { a: 1 }, mentions: ["carol"] }),
    edited(2, 1, "first", { data: { b: 2 } }),
    edited(4, 1, "second", { mentions: ["alice"] }),
    reacted(3, 1, "👍", true, 1),
    reacted(5, 1, "👍", true, 2, "alice"),
  ];
  const expected = said(1, {
    content: "second",
    mentions: ["alice"],
    edited_at: LATER,
    reactions: [{ key: "👍", count: 2, users: ["bob", "alice"], mine: true }],
  });
  for (const order of orders(entries)) {
    assert.deepEqual(pictures(...order).of(1), expected);
    assert.deepEqual(pictures(...order, ...order).of(1), expected);
  }
});

test("it is told which messages look otherwise, once", () => {
  const made = pictures();
  assert.deepEqual(made.takes(edited(2, 1, "new")), []);
  assert.deepEqual(made.takes(said(1)), [1]);
  assert.deepEqual(made.takes(said(1, { status: "read" })), []);
  assert.deepEqual(made.takes(edited(2, 1, "new")), []);
  assert.deepEqual(made.takes(reacted(3, 1, "👍", true, 1)), [1]);
  // A copy that has that in it looks the same, and so does one that came another way.
  const reactions = [{ key: "👍", count: 1, users: ["bob"] }];
  assert.deepEqual(made.takes({ type: "message", ...said(1, { content: "new", edited_at: LATER, reactions, revised: 3, to: "alice" }) }), []);
  assert.equal(made.of(1).revised, 3);
  assert.deepEqual(made.takes(happened("dance", 4, 1)), []);
  assert.deepEqual(made.takes(edited(5, undefined, "of nothing")), []);
});

test("what a copy has already is not done again", () => {
  const copy = said(1, { content: "third", revised: 6, reactions: [{ key: "👍", count: 3, users: ["bob"] }] });
  const before = [edited(4, 1, "second"), reacted(6, 1, "👍", false, 2)];
  for (const order of orders([copy, ...before])) assert.deepEqual(pictures(...order).of(1), copy);
  const after = pictures(copy, ...before, edited(7, 1, "fourth"));
  assert.deepEqual([after.of(1).content, after.of(1).revised], ["fourth", 6]);
});

test("of two copies the one that has more stays", () => {
  const [old, fresh] = [said(1, { content: "old", revised: 3 }), said(1, { content: "fresh", revised: 5 })];
  for (const order of orders([said(1), old, fresh])) assert.deepEqual(pictures(...order).of(1), fresh);
  for (const order of orders([old, edited(4, 1, "between"), fresh])) assert.equal(pictures(...order).of(1).content, "fresh");
});

test("an edit says all that there is; one that was emptied says nothing", () => {
  const whole = said(1, { data: { a: 1 }, mentions: ["carol"], mentions_everyone: true });
  const { data, mentions, mentions_everyone, content } = pictures(whole, edited(2, 1, "bare")).of(1);
  assert.deepEqual([data, mentions, mentions_everyone, content], [undefined, undefined, undefined, "bare"]);
  assert.deepEqual(pictures(whole, edited(2, 1, undefined)).of(1), whole);
});

test("deleting is final, and nothing of the content is kept anywhere", () => {
  const entries = [
    said(1, { content: SECRET, data: { SECRET }, mentions: ["alice"], reply_to: { seq: 9, content: SECRET } }),
    edited(2, 1, `${SECRET}!`, { data: { SECRET } }),
    reacted(3, 1, "👍", true, 1),
    deleted(4, 1, { from: "carol" }),
    edited(5, 1, `${SECRET}?`),
    reacted(6, 1, "🎉", true, 1),
    said(7, { reply_to: { seq: 1, from: "bob", content: SECRET } }),
  ];
  for (const order of orders(entries).filter((_, index) => index % 7 === 0)) {
    const made = pictures(...order);
    assert.deepEqual(made.of(1), said(1, { content: "", deleted_at: LATER, deleted_by: "carol" }));
    assert.deepEqual(made.of(7).reply_to, { seq: 1, from: "bob", deleted: true });
    assert.deepEqual(made.quote(1), { seq: 1, from: "bob", revised: 6, deleted: true });
    // A later copy of what was quoted takes nothing back.
    made.takes(said(1, { content: SECRET, revised: 3 }));
    assert.doesNotMatch(JSON.stringify([made.of(1), made.of(7)]), /1234/);
  }
  const gone = said(1, { content: "", deleted_at: LATER, deleted_by: "bob", revised: 4 });
  for (const order of orders([gone, edited(2, 1, SECRET), edited(9, 1, SECRET)])) assert.deepEqual(pictures(...order).of(1), gone);
});

test("reactions come and go, in the order in which they were first used", () => {
  const made = pictures(said(1), reacted(2, 1, "👍", true, 1), reacted(3, 1, "🎉", true, 1, "alice"), reacted(4, 1, "👍", true, 2, "carol"));
  const keys = () => (made.of(1).reactions ?? []).map(({ key, count, mine = false }) => [key, count, mine]);
  assert.deepEqual(keys(), [["👍", 2, false], ["🎉", 1, true]]);
  made.takes(reacted(5, 1, "👍", false, 1, "bob"));
  assert.deepEqual(made.of(1).reactions[0], { key: "👍", count: 1, users: ["carol"] });
  made.takes(reacted(6, 1, "👍", false, 0, "carol"));
  made.takes(reacted(7, 1, "👍", true, 1, "carol"));
  assert.deepEqual(keys(), [["🎉", 1, true], ["👍", 1, false]]);
  made.takes(reacted(8, 1, "🎉", false, 0, "alice"));
  made.takes(reacted(9, 1, "👍", false, 0, "carol"));
  assert.ok(!("reactions" in made.of(1)));
});

test("of many who react alike the first five are named, and oneself is known all the same", () => {
  const names = ["b", "c", "d", "e", "f", "alice", "g"];
  const made = pictures(said(1), ...names.map((from, index) => reacted(2 + index, 1, "👍", true, 1 + index, from)));
  assert.deepEqual(made.of(1).reactions, [{ key: "👍", count: 7, users: names.slice(0, 5), mine: true }]);
  made.takes(reacted(20, 1, "👍", false, 6, "alice"));
  assert.deepEqual(made.of(1).reactions, [{ key: "👍", count: 6, users: names.slice(0, 5) }]);
});

test("a quote follows its original, held or not", () => {
  const answer = said(9, { reply_to: { seq: 1, from: "bob", content: "bob 1", revised: 3 } });
  const quoted = (...entries) => pictures(...entries).of(9).reply_to.content;
  for (const order of orders([answer, edited(2, 1, "before"), edited(10, 1, "after")])) assert.equal(quoted(...order), "after");
  assert.equal(quoted(answer, edited(2, 1, "before")), "bob 1");
  for (const order of orders([answer, said(1, { content: "newer", revised: 5 })])) assert.equal(quoted(...order), "newer");
  assert.equal(quoted(answer, said(1, { content: "older", revised: 2 })), "bob 1");
  for (const order of orders([answer, said(1, { content: "newer", revised: 5 }), edited(8, 1, "newest")])) {
    assert.equal(quoted(...order), "newest");
  }
  for (const order of orders([said(9, { reply_to: { seq: 1 } }), said(1)])) assert.equal(quoted(...order), "bob 1");
  const made = pictures(said(1), answer);
  assert.deepEqual(made.takes(edited(10, 1, "é".repeat(300))), [1, 9]);
  assert.equal(made.of(9).reply_to.content, "é".repeat(200));
  assert.deepEqual(made.takes(said(1, { content: "", deleted_at: LATER, deleted_by: "bob", revised: 11 })), [1, 9]);
  assert.deepEqual(made.of(9).reply_to, { seq: 1, from: "bob", revised: 11, deleted: true });
});

test("who skips a part of the log knows no more what was before it", () => {
  const made = pictures(said(1), said(5), edited(3, 1, "old"), edited(6, 2, "kept"), reacted(4, 7, "👍", true, 1));
  made.drop(5);
  assert.equal(made.of(1), undefined);
  assert.equal(made.of(5).content, "bob 5");
  made.takes(said(2));
  made.takes(said(7));
  assert.deepEqual([made.of(2).content, made.of(7).reactions], ["kept", undefined]);
});

test("what one wants is shown at once, marked, and taken back if it does not come about", () => {
  let pending = [{ action: "edit", content: "mine" }, { action: "react", key: "👍", on: true }];
  const made = new Pictures(() => "alice", () => pending);
  made.takes(said(1, { data: { a: 1 }, reactions: [{ key: "👍", count: 1, users: ["bob"] }] }));
  const { content, data, reactions, pending: isPending } = made.of(1);
  assert.deepEqual([content, data, isPending], ["mine", { a: 1 }, true]);
  assert.deepEqual(reactions, [{ key: "👍", count: 2, users: ["bob", "alice"], mine: true }]);
  pending = [{ action: "delete" }];
  assert.deepEqual(made.redraws(1), [1]);
  assert.equal(made.of(1).deleted_by, "alice");
  pending = [];
  assert.deepEqual(made.redraws(1), [1]);
  assert.equal(made.of(1).content, "bob 1");
});

test("what is made of an ack counts until the server's own comes", () => {
  const made = pictures(said(1, { data: { a: 1 }, mentions: ["bob"] }), reacted(2, 1, "👍", true, 1));
  const stamp = (seq) => ({ of: 1, seq, timestamp: LATER });
  made.takes(made.event({ action: "edit", content: "mine", data: null, mentions: [] }, stamp(4)), true);
  assert.deepEqual(
    [made.of(1).content, made.of(1).data, made.of(1).mentions],
    ["mine", undefined, undefined],
  );
  const everyone = made.event({ action: "edit", mentions_everyone: true }, stamp(4));
  assert.deepEqual([everyone.content, everyone.mentions, everyone.mentions_everyone], ["mine", undefined, true]);
  made.takes(made.event({ action: "react", key: "👍", on: true }, stamp(5)), true);
  // What happened in between, and came later, is counted as well.
  made.takes(reacted(3, 1, "👍", true, 2, "carol"));
  assert.equal(made.of(1).reactions[0].count, 3);
  made.takes(made.event({ action: "react", key: "👍", on: true }, stamp(6)), true);
  assert.equal(made.of(1).reactions[0].count, 3);
  made.takes(reacted(5, 1, "👍", true, 7, "alice"));
  assert.equal(made.of(1).reactions[0].count, 7);
  const guess = said(8, { content: "hello", mentions: ["Bob"] });
  assert.deepEqual(made.takes(guess, true), [8]);
  assert.deepEqual(made.takes({ ...guess, mentions: ["bob"] }), [8]);
  assert.deepEqual(made.takes(guess, true), []);
  assert.deepEqual(pictures().event({ action: "edit", content: "whose?" }, stamp(4)).content, undefined);
});

test("not everything is held for ever", () => {
  const made = new Pictures(() => "alice", undefined, 3);
  for (let seq = 1; seq <= 5; seq += 1) made.takes(said(seq));
  assert.deepEqual([1, 2, 3, 4, 5].filter((seq) => made.of(seq)), [3, 4, 5]);
});

test("events are a sort of their own, and it is known whom a message names", () => {
  assert.deepEqual(["edited", "deleted", "reacted"].map((kind) => sortOf({ kind })), ["event", "event", "event"]);
  assert.deepEqual(
    [{ mentions: ["alice"] }, { mentions: ["bob"] }, { mentions_everyone: true }, {}].map((it) => isNaming(it, "alice")),
    [true, false, true, false],
  );
});
