// Text that cannot travel: half a character, which no UTF-8 has.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "./support/person.js";
import { ack, onItsOwnClock, online, pass, scripted, settled, sockets } from "./support/script.js";

const HALF = "\ud83d";
const OUTBOX = "confab:server/ws:alice:outbox";
const MARKS = "confab:server/ws:alice:marks";

/** An engine that cannot tell by itself what is well-formed. */
function withoutHelp(t) {
  const { isWellFormed } = String.prototype;
  delete String.prototype.isWellFormed;
  t.after(() => Object.assign(String.prototype, { isWellFormed }));
}

for (const engine of ["this engine", "an older engine"]) {
  test(`half a character is refused at once wherever it enters, and holds up nothing: ${engine}`, async (t) => {
    if (engine === "an older engine") withoutHelp(t);
    onItsOwnClock(t);
    const { chat, socket, person } = await online(t, "alice");
    const refused = [
      chat.send({ to: "bob" }, `${HALF} hello`),
      chat.send({ to: HALF }, "hello"),
      chat.send({ room: HALF }, "hello"),
      chat.send({ conversation: `dm:alice:${HALF}` }, "hello"),
    ];
    for (const { state, sent } of refused) {
      assert.equal(state, "refused");
      await assert.rejects(sent, ({ code }) => ["bad_request", "forbidden"].includes(code));
    }
    const asked = [
      () => chat.join(HALF),
      () => chat.leave(HALF),
      () => chat.history(`dm:alice:${HALF}`),
      () => chat.request("GET", `/api/users/${HALF}`),
      () => chat.request("POST", "/api/rooms", { name: "tea", metadata: { [HALF]: 1 } }),
      () => chat.list(`/api/rooms?name=${HALF}`),
    ];
    for (const ask of asked) await assert.rejects(ask(), { code: "bad_request" });
    assert.throws(() => chat.follow(HALF, 1), TypeError);
    chat.typing({ to: HALF });
    chat.read(HALF, 1);
    assert.deepEqual([socket.takes("typing"), socket.takes("read"), person.count("refused")], [[], [], 4]);

    chat.send({ to: "bob" }, "\u{1f600}, whole");
    chat.join("general").catch(() => {});
    assert.deepEqual(
      socket.takes().map(({ action }) => action),
      ["message", "join"],
    );
  });
}

test("a name with half a character is nobody's", async (t) => {
  onItsOwnClock(t);
  const { chat } = scripted(t, HALF);
  await assert.rejects(chat.connect(), { code: "bad_request", isRefusal: true });
  assert.deepEqual([chat.state, sockets.length], ["refused", 0]);
});

test("what an earlier version has stored holds up nothing, and is told", async (t) => {
  onItsOwnClock(t);
  const storage = memory();
  const id = (last) => `019b7000-0000-7000-8000-00000000000${last}`;
  const address = { to: "bob" };
  const stored = [
    null,
    "text",
    { id: id(0) },
    { id: id(1), address: {}, content: "to nobody", state: "queued" },
    { id: id(2), address, content: HALF, state: "queued" },
    { id: id(3), address, content: "hello", state: "sending" },
    { id: id(4), address: { conversation: "dm:%zz:alice" }, content: "nowhere", state: "queued" },
  ];
  storage.setItem(OUTBOX, JSON.stringify(stored));
  storage.setItem(MARKS, JSON.stringify({ [HALF]: 7, "dm:alice:bob": 5, "dm:alice:carol": "x", "dm:alice:dave": -1 }));
  const { chat, person, socket } = await online(t, "alice", { storage });
  assert.equal(person.events.find(({ type }) => type === "error").detail.code, "bad_request");
  assert.deepEqual(
    person.events.filter(({ type }) => type === "refused").map(({ detail }) => [detail.id, detail.code]),
    [
      [id(2), "bad_request"],
      [id(4), "forbidden"],
    ],
  );
  assert.deepEqual(socket.takes("sync")[0].since, { "dm:alice:bob": 5 });
  const [sent] = socket.takes();
  assert.equal(sent.content, "hello");
  await socket.says(ack(sent, 6));
  for (const { id } of chat.outbox) chat.discard(id);
  await pass(350);
  assert.equal(storage.kept.has(OUTBOX), false);
});

for (const [name, stored] of [["an object", "{}"], ["a number", "5"], ["no JSON", "{"]]) {
  test(`a storage that holds ${name} where a list was is no obstacle`, async (t) => {
    onItsOwnClock(t);
    const storage = memory();
    for (const key of [OUTBOX, MARKS, "confab:server/ws:clock"]) storage.setItem(key, stored);
    const { chat, socket } = await online(t, "alice", { storage });
    chat.send({ to: "bob" }, "hello");
    await settled();
    assert.equal(socket.takes()[0].content, "hello");
  });
}
