// A connection that always comes back, and is replaced before it ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ack, bobs, onItsOwnClock, online, pass, scripted, settled, sockets } from "./support/script.js";

test("a name, a token or a ticket opens the connection", async (t) => {
  onItsOwnClock(t);
  const ways = [{ user: "alice" }, { token: "t1" }, { token: async () => "t2" }, { ticket: async () => "t3" }];
  for (const credentials of ways) scripted(t, "alice", { credentials }).chat.connect();
  await settled();
  const shown = sockets.map(({ url, protocols }) => [url.search, ...protocols]).sort();
  assert.deepEqual(shown, [
    ["?history=20&ticket=t3"],
    ["?history=20&user_id=alice"],
    ["?history=20", "confab", "t1"],
    ["?history=20", "confab", "t2"],
  ]);
});

test("a lost connection comes back after a while that grows, never the same", async (t) => {
  onItsOwnClock(t);
  const { socket, person } = await online(t, "alice");
  await pass(60_000);
  await socket.says({ type: "pong", server_time: new Date().toISOString() });
  await socket.breaks();
  for (let times = 1; times <= 8; times += 1) {
    const { state, retryIn } = person.events.findLast(({ type }) => type === "state").detail;
    assert.equal(state, "waiting");
    const longest = Math.min(30_000, 500 * 2 ** (times - 1));
    assert.ok(retryIn >= longest / 2 && retryIn <= longest, `${retryIn} of ${longest}`);
    await pass(retryIn);
    assert.equal(sockets.length, times + 1);
    await sockets.at(-1).breaks();
  }
});

test("a silent connection is given up for another", async (t) => {
  onItsOwnClock(t);
  const { socket, chat } = await online(t, "alice");
  await pass(30_000);
  assert.equal(socket.takes("ping").length, 1);
  await socket.says({ type: "pong", server_time: new Date().toISOString() });
  await pass(29_999);
  assert.equal(socket.takes("ping").length, 0);
  await pass(1);
  await pass(10_000);
  assert.deepEqual([socket.readyState, chat.state], [3, "waiting"]);
});

test("a handshake that is never welcome is given up", async (t) => {
  onItsOwnClock(t);
  const { chat } = scripted(t);
  chat.connect();
  await settled();
  sockets[0].readyState = 1;
  sockets[0].onopen({});
  await pass(10_000);
  assert.deepEqual([sockets[0].readyState, chat.state], [3, "waiting"]);
});

test("a handshake that is given up before there is a token is not made any more", async (t) => {
  onItsOwnClock(t);
  let arrives;
  const late = new Promise((resolve) => (arrives = resolve));
  const { chat } = scripted(t, "alice", { credentials: { token: () => late } });
  chat.connect();
  await pass(10_000);
  arrives("token");
  await settled();
  assert.deepEqual([chat.state, sockets.length], ["waiting", 0]);
  await pass(1_000);
  assert.equal(sockets.length, 1);
});

test("the next connection takes over before the last one ends, and nothing is lost between", async (t) => {
  onItsOwnClock(t);
  const { socket, chat, person } = await online(t, "alice", { lifetime: 5_000 });
  chat.follow("dm:alice:bob", 5);
  await settled();
  const conversations = { "dm:alice:bob": { upto: 5, complete: true, more: false } };
  await socket.answers(socket.takes("sync")[0], { type: "synced", conversations });
  await pass(4_000);
  const { sent } = chat.send({ to: "bob" }, "mine");
  const [mine] = socket.takes();
  await pass(1_000);
  const [, next] = sockets;
  await socket.says(bobs(6));
  await next.welcomes("alice");
  assert.deepEqual(next.takes(), []);
  await next.says(bobs(7), bobs(6));
  await socket.says(bobs(7), ack(mine, 8));
  assert.equal((await sent).seq, 8);
  assert.deepEqual(person.sees("dm:alice:bob"), ["bob 6", "bob 7", "mine"]);
  await pass(10_000);
  assert.deepEqual([socket.readyState, next.readyState], [3, 1]);
  assert.deepEqual(
    person.events.filter(({ type }) => type === "state").map(({ detail }) => detail.state),
    ["connecting", "online"],
  );
});

test("if the next connection fails, the last one goes on", async (t) => {
  onItsOwnClock(t);
  const { socket, chat } = await online(t, "alice", { lifetime: 5_000, pingEvery: 60_000 });
  await pass(5_000);
  await sockets[1].breaks();
  assert.deepEqual([chat.state, socket.readyState], ["online", 1]);
  await pass(2_000);
  assert.equal(sockets.length, 3);
});

test("a connection shows a fresh token before the old one ends", async (t) => {
  onItsOwnClock(t);
  const token = async () => `t ${Date.now()}`;
  const { chat, socket } = await opened(t, { token }, 900_000);
  await pass(840_000);
  const [{ action, token: shown, id }] = sockets.at(-1).takes();
  assert.deepEqual([action, shown], ["renew", `t ${Date.now()}`]);
  await socket.answers({ id }, { type: "renewed", expires_at: new Date(Date.now() + 900_000).toISOString() });
  await pass(840_000);
  assert.equal(sockets.at(-1).takes()[0].token, `t ${Date.now()}`);
  assert.deepEqual([chat.state, sockets.length], ["online", 1]);
});

test("who comes with tickets comes with another before the connection ends", async (t) => {
  onItsOwnClock(t);
  let tickets = 0;
  await opened(t, { ticket: async () => `t${(tickets += 1)}` }, 900_000);
  await pass(840_000);
  assert.equal(sockets[1].url.searchParams.get("ticket"), "t2");
});

/** Somebody who is online and answers pings. */
async function opened(t, credentials, lasts) {
  const person = scripted(t, "alice", { credentials, pingEvery: 10_000_000 });
  person.chat.connect();
  await settled();
  await sockets[0].welcomes("alice", lasts);
  return { chat: person.chat, socket: sockets[0] };
}

test("who is refused is told why, and nobody tries again", async (t) => {
  onItsOwnClock(t);
  const fetch = async () => Response.json({ error: { code: "unauthorized", message: "no" } }, { status: 401 });
  const { chat } = scripted(t, "alice", { fetch, credentials: { token: "bad" } });
  const connecting = chat.connect();
  await settled();
  await sockets[0].breaks();
  await assert.rejects(connecting, { status: 401, code: "unauthorized" });
  await pass(60_000);
  assert.deepEqual([chat.state, sockets.length], ["refused", 1]);
  chat.connect();
  await settled();
  assert.equal(sockets.length, 2);
});

test("a server that is away is no refusal", async (t) => {
  onItsOwnClock(t);
  const fetch = async () => {
    throw new TypeError("fetch failed");
  };
  const { chat } = scripted(t, "alice", { fetch });
  const connecting = chat.connect();
  await settled();
  await sockets[0].breaks();
  assert.equal(chat.state, "waiting");
  await pass(1_000);
  await sockets[1].welcomes("alice");
  await connecting;
});

test("who has closed the chat is left alone", async (t) => {
  onItsOwnClock(t);
  const { socket, chat } = await online(t, "alice");
  const page = chat.history("lobby");
  chat.close();
  await assert.rejects(page, { name: "AbortError" });
  await pass(7_200_000);
  assert.deepEqual([socket.readyState, sockets.length, chat.state], [3, 1, "closed"]);
});

test("what is asked is asked again until it is answered", async (t) => {
  onItsOwnClock(t);
  const { socket, chat } = await online(t, "alice");
  const page = chat.history("lobby", { before: 9 });
  const refused = assert.rejects(chat.join("General"), { code: "forbidden" });
  assert.deepEqual(
    socket.takes().map(({ action }) => action),
    ["history", "join"],
  );
  await socket.breaks();
  await pass(1_000);
  const asked = sockets[1].takes();
  await sockets[1].welcomes("alice");
  assert.deepEqual(asked, []);
  const [history, { id }] = sockets[1].takes();
  const nothing = { type: "history", conversation: "lobby", messages: [], before: null, after: null };
  await sockets[1].answers(history, nothing);
  await sockets[1].says({ type: "error", code: "forbidden", message: "no", id });
  assert.deepEqual((await page).messages, []);
  await refused;
});

test("a read mark that is overtaken by a later one is not repeated", async (t) => {
  onItsOwnClock(t);
  const { socket, chat } = await online(t, "alice");
  chat.read("dm:alice:bob", 6);
  chat.read("dm:alice:bob", 7);
  socket.takes();
  await socket.breaks();
  await pass(1_000);
  await sockets[1].welcomes("alice");
  assert.deepEqual(
    sockets[1].takes().map(({ seq }) => seq),
    [7],
  );
});

test("typing is said every two seconds at most", async (t) => {
  onItsOwnClock(t);
  const { socket, chat } = await online(t, "alice");
  for (let key = 0; key < 10; key += 1) {
    chat.typing({ to: "bob" });
    await pass(300);
  }
  assert.equal(socket.takes("typing").length, 2);
});
