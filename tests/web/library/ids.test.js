// What is a conversation's id, and what only looks like one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { direct, isConversationOf } from "../../../functions/web/client/confab/ids.js";

const ROOM = "0198f2a4-8c1e-7000-8000-0123456789ab";

test("only the server's spelling of a conversation that is one's own is an id", () => {
  const direct = ["dm:alice:bob", "dm:alice:alice", "dm:alice:%F0%9F%98%80", "dm:a%3Ab%25:alice"];
  for (const id of ["lobby", `room:${ROOM}`, ...direct]) assert.ok(isConversationOf(id, "alice"), id);
  const others = ["dm:bob:carol", "dm:bob:alice", "dm:alice:bob:carol", "dm:alice:", "dm:alice", "dm::", "dm:", "dm"];
  const garbled = ["dm:a:%zz", "dm:%61:alice", "dm:%ff:alice", "DM:alice:bob", "lobby:", "", "x"];
  const rooms = ["room:", "room:general", `room:${ROOM}:x`];
  for (const id of [...others, ...garbled, ...rooms]) assert.ok(!isConversationOf(id, "alice"), id);
});

test("whoever of two people asks, their conversation is the same", () => {
  const pairs = [
    ["alice", "bob"],
    ["a", "a:b"],
    ["\u{fffd}", "\u{1f600}"],
  ];
  for (const [one, other] of pairs) {
    assert.equal(direct(one, other), direct(other, one));
    assert.ok(isConversationOf(direct(one, other), one));
  }
});
