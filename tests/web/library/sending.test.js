// What is said is kept once, however often it has to be sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "./support/person.js";
import { ack, onItsOwnClock, online, pass, scripted, sockets, settled } from "./support/script.js";

test("one send is under way in a conversation, and several at once", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  chat.send({ to: "bob" }, "one");
  chat.send({ conversation: "dm:alice:bob" }, "two");
  chat.send({ to: "carol" }, "three");
  chat.send({ broadcast: true }, "four");
  const sent = socket.takes();
  assert.deepEqual(
    sent.map(({ content }) => content),
    ["one", "three", "four"],
  );
  assert.equal(sent[2].action, "broadcast");
  await socket.says(ack(sent[0], 1));
  assert.deepEqual(
    socket.takes().map(({ content, to }) => [content, to]),
    [["two", "bob"]],
  );
});

test("what is not answered is sent again under the same id, and the connection is doubted", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  chat.send({ to: "bob" }, "one");
  const [first] = socket.takes();
  await pass(10_000);
  assert.deepEqual(socket.takes(), [first]);
  assert.equal(socket.takes("ping").length, 1);
});

test("a failure of the server is no answer: soon again", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  const { sent } = chat.send({ to: "bob" }, "one");
  const [first] = socket.takes();
  await socket.says({ message: "Internal server error", connectionId: "c", requestId: "r" });
  await pass(1_000);
  assert.deepEqual(socket.takes(), [first]);
  await socket.says(ack(first, 7), ack(first, 7));
  assert.equal((await sent).seq, 7);
});

test("a server that goes on failing is asked ever more rarely, until it answers", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice", { pingEvery: 10_000_000 });
  for (const to of ["bob", "carol", "dave"]) chat.send({ to }, "hello");
  const pauses = [];
  let sent = socket.takes();
  for (let round = 0; round < 7; round += 1) {
    await socket.says(...sent.map(() => ({ message: "Internal server error", connectionId: "c", requestId: "r" })));
    const began = Date.now();
    while ((sent = socket.takes()).length === 0) await pass(50);
    assert.equal(sent.length, 3);
    pauses.push(Date.now() - began);
  }
  for (const [round, pause] of pauses.entries()) {
    const longest = Math.min(10_000, 1_000 * 2 ** round);
    assert.ok(pause >= longest / 2 && pause <= longest + 50, `${pause} of ${longest}`);
  }
  await socket.says(...sent.map((frame, index) => ack(frame, 7, `dm:alice:${["bob", "carol", "dave"][index]}`)));
  chat.send({ to: "bob" }, "again");
  await socket.says({ message: "Internal server error", connectionId: "c", requestId: "r" });
  await pass(1_000);
  assert.equal(socket.takes().length, 2);
});

test("what has to wait is not hurried by the failure of something else", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  chat.send({ to: "bob" }, "one");
  chat.send({ to: "carol" }, "two");
  const page = chat.history("lobby");
  const [{ id }, two, asked] = socket.takes();
  const slower = { type: "error", code: "rate_limited", message: "slower", retry_after_ms: 5_000 };
  await socket.says({ ...slower, id }, { ...slower, id: asked.id });
  await socket.says({ message: "Internal server error", connectionId: "c", requestId: "r" });
  await pass(1_000);
  assert.deepEqual(socket.takes(), [two]);
  await pass(4_000);
  const again = socket.takes().map((frame) => frame.id);
  assert.deepEqual(again.toSorted(), [asked.id, id].toSorted());
  await socket.answers(asked, { type: "history", conversation: "lobby", messages: [], before: null, after: null });
  await page;
});

test("what is too large for the server is refused here, and never sent", async (t) => {
  onItsOwnClock(t);
  const storage = memory();
  const { chat, socket, person } = await online(t, "alice", { storage });
  const large = ["é".repeat(2_049), "x".repeat(40_000)];
  for (const content of large) {
    const { sent, state } = chat.send({ to: "bob" }, content);
    assert.equal(state, "refused");
    await assert.rejects(sent, { code: "too_large" });
  }
  assert.deepEqual([person.count("refused"), socket.takes()], [2, []]);
  chat.send({ to: "bob" }, "x".repeat(4_096));
  const [fits] = socket.takes();
  await socket.says(ack(fits, 7));
  await assert.rejects(chat.retry(chat.outbox[0].id).sent, { code: "too_large" });
  await assert.rejects(chat.join("x".repeat(40_000)), { code: "too_large" });
  chat.typing({ to: "x".repeat(40_000) });
  assert.deepEqual(socket.takes(), []);
  chat.close();
  const next = await online(t, "alice", { storage });
  assert.deepEqual([next.chat.outbox.length, next.socket.takes()], [2, []]);
});

test("what is written before the server names its limits is measured then", async (t) => {
  onItsOwnClock(t);
  const { chat } = scripted(t, "alice");
  const [large, long] = ["é".repeat(17_000), "x".repeat(5_000)].map((content) => chat.send({ to: "bob" }, content));
  await assert.rejects(large.sent, { code: "too_large" });
  assert.equal(long.state, "queued");
  chat.connect();
  await settled();
  await sockets[0].welcomes("alice");
  await assert.rejects(long.sent, { code: "too_large" });
  assert.deepEqual(sockets[0].takes(), []);
});

test("who says too much waits", async (t) => {
  onItsOwnClock(t);
  const { chat, socket, person } = await online(t, "alice");
  chat.send({ to: "bob" }, "one");
  const [{ id }] = socket.takes();
  await socket.says({ type: "error", code: "rate_limited", message: "slower", id, retry_after_ms: 400 });
  await pass(399);
  assert.deepEqual(socket.takes(), []);
  await pass(1);
  assert.equal(socket.takes()[0].id, id);
  assert.equal(person.count("refused"), 0);
});

test("what is refused lets the next pass, and waits for a decision", async (t) => {
  onItsOwnClock(t);
  const { chat, socket, person } = await online(t, "alice");
  const { id, sent } = chat.send({ to: "bob" }, "one");
  chat.send({ to: "bob" }, "two");
  socket.takes();
  await socket.says({ type: "error", code: "forbidden", message: "no", id });
  await assert.rejects(sent, { code: "forbidden" });
  assert.equal(person.count("refused"), 1);
  const [two] = socket.takes();
  assert.equal(two.content, "two");
  await socket.says(ack(two, 7));
  const again = chat.retry(id);
  assert.equal(socket.takes()[0].id, id);
  await socket.says({ type: "error", code: "forbidden", message: "no", id });
  chat.discard(id);
  await assert.rejects(again.sent, { code: "forbidden" });
  await pass(350);
  assert.deepEqual(chat.outbox, []);
});

test("a new connection sends what was under way on the one before", async (t) => {
  onItsOwnClock(t);
  const { chat, socket } = await online(t, "alice");
  chat.send({ to: "bob" }, "one");
  const [one] = socket.takes();
  await socket.breaks();
  chat.send({ to: "bob" }, "two");
  await pass(1_000);
  await sockets[1].welcomes("alice");
  assert.deepEqual(sockets[1].takes(), [one]);
  await sockets[1].says(ack(one, 1));
  assert.equal(sockets[1].takes()[0].content, "two");
});

test("what is unsent outlives the page, in order and under the same ids", async (t) => {
  onItsOwnClock(t);
  const storage = memory();
  const before = scripted(t, "alice", { storage });
  const ids = ["one", "two"].map((content) => before.chat.send({ to: "bob" }, content).id);
  const { chat, socket } = await online(t, "alice", { storage });
  assert.deepEqual(
    chat.outbox.map(({ id }) => id),
    ids,
  );
  for (const [index, id] of ids.entries()) {
    const [sent] = socket.takes();
    assert.equal(sent.id, id);
    await socket.says(ack(sent, 7 + index));
  }
  await pass(350);
  assert.deepEqual([chat.outbox, storage.kept.get("confab:server/ws:alice:outbox")], [[], undefined]);
});

test("what is under way keeps its place among what is unsent, so that no page sends the next one first", async (t) => {
  onItsOwnClock(t);
  const storage = memory();
  const first = await online(t, "alice", { storage });
  const contents = ["one", "two", "three"];
  for (const content of contents) first.chat.send({ to: "bob" }, content);
  for (const left of [contents, contents.slice(1)]) {
    const [sent] = first.socket.takes();
    assert.equal(sent.content, left[0]);
    const other = await online(t, "alice", { storage });
    assert.deepEqual(other.chat.outbox.map(({ content }) => content), left);
    assert.equal(other.socket.takes()[0].id, sent.id);
    other.chat.close();
    await first.socket.says(ack(sent, 7));
  }
});

test("two pages with one storage keep each other's unsent messages", async (t) => {
  onItsOwnClock(t);
  const storage = memory();
  const [one, other] = [scripted(t, "alice", { storage }), scripted(t, "alice", { storage })];
  const kept = [one, other].map(({ chat }) => chat.send({ to: "bob" }, "hello").id);
  assert.deepEqual(
    scripted(t, "alice", { storage }).chat.outbox.map(({ id }) => id),
    kept,
  );
});

test("one page at a time sends what others have left unsent", async (t) => {
  onItsOwnClock(t);
  const held = [];
  const request = async (name, { signal }, act) => {
    while (held.includes(name)) await settled();
    if (signal.aborted) throw signal.reason;
    held.push(name);
    await act();
    held.splice(held.indexOf(name), 1);
  };
  inTheBrowser(t, { navigator: { locks: { request } }, localStorage: memory() });
  const [one, other] = [1, 2].map(() => scripted(t, "alice", { storage: undefined }));
  await settled();
  const { id } = one.chat.send({ to: "bob" }, "hello");
  assert.deepEqual(other.chat.outbox, []);
  one.chat.close();
  await other.until(() => other.chat.outbox.length > 0);
  assert.equal(other.chat.outbox[0].id, id);
});

/** Gives the program what browsers have. */
function inTheBrowser(t, globals) {
  for (const [name, value] of Object.entries(globals)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true });
    t.after(() => {
      Reflect.deleteProperty(globalThis, name);
      if (before) Object.defineProperty(globalThis, name, before);
    });
  }
}

test("a storage that takes nothing costs the session nothing", async (t) => {
  onItsOwnClock(t);
  const full = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  const { chat, socket } = await online(t, "alice", { storage: { getItem: full, setItem: full, removeItem: full } });
  const { sent } = chat.send({ to: "bob" }, "one");
  await socket.says(ack(socket.takes()[0], 7));
  assert.equal((await sent).seq, 7);
  await pass(350);
  assert.deepEqual([chat.outbox, chat.watermark("dm:alice:bob")], [[], 7]);
});

test("with a token and no name, unsent messages are kept as soon as the server says whose they are", async (t) => {
  onItsOwnClock(t);
  const storage = memory();
  const credentials = { token: "t" };
  const { chat } = scripted(t, "alice", { storage, credentials });
  chat.send({ to: "bob" }, "one");
  assert.equal(storage.kept.size, 0);
  chat.connect();
  await settled();
  await sockets[0].welcomes("alice-id");
  assert.ok(storage.kept.has("confab:server/ws:alice-id:outbox"));
});

test("ids are UUIDv7 of now", async (t) => {
  onItsOwnClock(t);
  const { chat } = scripted(t, "alice");
  const { id } = chat.send({ to: "bob" }, "one");
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(parseInt(id.replaceAll("-", "").slice(0, 12), 16), Date.now());
});

test("what one page has discarded no other page sends", async (t) => {
  onItsOwnClock(t);
  const storage = memory();
  const one = scripted(t, "alice", { storage });
  const [first, second] = ["first", "second"].map((content) => one.chat.send({ to: "bob" }, content));
  const other = scripted(t, "alice", { storage });
  assert.equal(other.chat.outbox.length, 2);
  one.chat.discard(first.id);
  other.chat.connect();
  await settled();
  await sockets[0].welcomes("alice");
  assert.deepEqual(
    sockets[0].takes().map(({ id }) => id),
    [second.id],
  );
  assert.deepEqual(
    other.chat.outbox.map(({ id }) => id),
    [second.id],
  );
});

test("where no page may have a turn, every page sends what is left", async (t) => {
  onItsOwnClock(t);
  const request = async () => {
    throw new DOMException("not here", "SecurityError");
  };
  inTheBrowser(t, { navigator: { locks: { request } }, localStorage: memory() });
  scripted(t, "alice", { storage: undefined }).chat.send({ to: "bob" }, "hello");
  const other = scripted(t, "alice", { storage: undefined });
  await settled();
  assert.equal(other.chat.outbox.length, 1);
});
