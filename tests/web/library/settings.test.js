// What one decides about a conversation for oneself alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "./support/person.js";
import { onItsOwnClock, online, settled } from "./support/script.js";
import { Server } from "./support/server.js";

const THERE = "dm:alice:bob";
const NONE = { muted: null, muted_until: null, pinned: false, hidden: false, draft: null, unread_from: null };
const decided = (change) => ({ ...NONE, ...change });
const told = ({ events }) => events.filter(({ type }) => type === "settings").map(({ detail }) => detail.settings);
const frame = (settings) => ({ type: "settings", conversation: THERE, settings });

/** An HTTP API whose answers wait until the test gives them. */
function held() {
  const asked = [];
  const fetch = (url, { method, body }) => {
    const { pathname, search } = new URL(url);
    if (!pathname.startsWith("/api/conversations")) return Promise.resolve(Response.json([]));
    return new Promise((resolve) => {
      const answers = async (said, status = 200) => {
        resolve(Response.json(said, { status }));
        for (let times = 0; times < 3; times += 1) await settled();
      };
      asked.push({ method, path: decodeURIComponent(pathname + search), body: body && JSON.parse(body), answers });
    });
  };
  return { asked, fetch };
}

test("what is decided on another device is told and known", async (t) => {
  onItsOwnClock(t);
  const { chat, person, socket } = await online(t, "alice");
  assert.equal(chat.settings(THERE), undefined);
  await socket.says(frame(decided({ pinned: true })));
  assert.deepEqual([told(person), chat.settings(THERE).pinned], [[decided({ pinned: true })], true]);
  const left = { type: "left", room: "general", conversation: "room:general", reason: "kicked" };
  await socket.says({ ...frame(decided({ muted: "all" })), conversation: "room:general" }, left);
  assert.equal(chat.settings("room:general"), undefined);
});

test("changes are made one after the other, and each is told once", async (t) => {
  onItsOwnClock(t);
  const { asked, fetch } = held();
  const { chat, person, socket } = await online(t, "alice", { fetch });
  const first = chat.changeSettings(THERE, { draft: "one" });
  const second = chat.markUnread(THERE, 7);
  const elsewhere = chat.changeSettings("dm:alice:carol", { pinned: true });
  await settled();
  assert.deepEqual(
    asked.map(({ method, path, body }) => [method, path, body]),
    [
      ["PATCH", `/api/conversations/${THERE}/settings?user_id=alice`, { draft: "one" }],
      ["PATCH", "/api/conversations/dm:alice:carol/settings?user_id=alice", { pinned: true }],
    ],
  );
  // What comes over the connection meanwhile is newer than the answer.
  await socket.says(frame(decided({ draft: "one", muted: "all" })));
  await asked[0].answers(decided({ draft: "one" }));
  assert.equal((await first).draft, "one");
  assert.equal(chat.settings(THERE).muted, "all");
  assert.deepEqual(asked[2].body, { unread_from: 7 });
  await asked[2].answers(decided({ draft: "one", unread_from: 7 }));
  await Promise.all([second, asked[1].answers(decided({ pinned: true })), elsewhere]);
  assert.deepEqual(told(person).map(({ muted, unread_from, pinned }) => [muted, unread_from, pinned]), [
    ["all", null, false],
    [null, 7, false],
    [null, null, true],
  ]);
});

test("a change that is refused keeps no other from being made", async (t) => {
  onItsOwnClock(t);
  const { asked, fetch } = held();
  const { chat, person } = await online(t, "alice", { fetch });
  const refused = assert.rejects(chat.markUnread(THERE, 700), { code: "bad_request" });
  const other = chat.changeSettings(THERE, { pinned: true });
  await settled();
  await asked[0].answers({ error: { code: "bad_request", message: "no" } }, 400);
  await refused;
  await asked[1].answers(decided({ pinned: true }));
  assert.ok((await other).pinned);
  assert.equal(told(person).length, 1);
});

test("lists say what is decided, and what comes again in them is left out", async (t) => {
  onItsOwnClock(t);
  const { asked, fetch } = held();
  const { chat, socket } = await online(t, "alice", { fetch });
  const listing = chat.conversations({ unread: true, hidden: true, recent: true });
  await settled();
  assert.equal(asked[0].path, "/api/conversations?unread=true&hidden=true&order=recent&limit=100&user_id=alice");
  await socket.says(frame(decided({ pinned: true })));
  const [bob, carol] = [THERE, "dm:alice:carol"].map((conversation) => ({ conversation, settings: decided({ muted: "all" }) }));
  await asked[0].answers([bob, carol, { ...bob, unread: 9 }]);
  assert.deepEqual(await listing, [bob, carol]);
  assert.deepEqual([chat.settings(THERE).muted, chat.settings("dm:alice:carol").muted], [null, "all"]);
});

test("what one device decides, the other shows; and who has read is told", async (t) => {
  const server = await Server.start();
  t.after(() => server.stop());
  const [phone, laptop, bob] = [new Person("alice", server), new Person("alice", server), new Person("bob", server)];
  t.after(() => [phone, laptop, bob].forEach(({ chat }) => chat.close()));
  await Promise.all([phone, laptop, bob].map(({ chat }) => chat.connect()));
  await assert.rejects(phone.chat.askSettings(THERE), { code: "not_found" });
  const { seq } = await bob.chat.send({ to: "alice" }, "hello").sent;
  await phone.until(() => phone.sees(THERE).length === 1);
  phone.chat.read(THERE, seq);
  await bob.until(() => bob.events.some(({ type, detail }) => type === "receipt" && detail.read === seq));
  assert.deepEqual(await bob.chat.readers(THERE, seq), [{ user: "alice", read_seq: seq }]);
  assert.equal((await bob.chat.readers(THERE)).length, 2);

  await phone.chat.markUnread(THERE, seq);
  await laptop.until(() => laptop.chat.settings(THERE)?.unread_from === seq);
  assert.deepEqual((await laptop.chat.conversations({ unread: true })).map(({ unread }) => unread), [1]);
  laptop.chat.read(THERE, seq);
  await phone.until(() => phone.chat.settings(THERE).unread_from === null);
  await laptop.chat.changeSettings(THERE, { hidden: true, draft: "Well" });
  await phone.until(() => phone.chat.settings(THERE).hidden);
  assert.equal((await phone.chat.askSettings(THERE)).draft, "Well");
  assert.deepEqual(await phone.chat.conversations(), []);
  assert.equal((await phone.chat.conversations({ hidden: true })).length, 1);
});
