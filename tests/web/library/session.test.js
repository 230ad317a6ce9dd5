// A session goes on as long as its tokens do, and nobody shows a refresh token twice.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Chat, Session } from "../../../functions/web/client/confab/index.js";
import { memory } from "./support/person.js";

/** A server that gives a pair of tokens for each refresh token, once. */
function server(t) {
  mock.timers.enable({ apis: ["Date"] });
  t.after(() => mock.timers.reset());
  let pairs = 1;
  let isAway = false;
  let name = "alice";
  const asked = [];
  const pair = () => ({
    user: { id: `${name}-id`, username: name },
    access_token: `access ${pairs}`,
    refresh_token: `refresh ${pairs}`,
    token_type: "Bearer",
    expires_in: 900,
  });
  const fetch = async (url, { body }) => {
    if (isAway) throw new TypeError("fetch failed");
    asked.push([new URL(url).pathname, JSON.parse(body)]);
    if (url.endsWith("/logout")) return new Response(null, { status: 204 });
    const { refresh_token, username = name } = JSON.parse(body);
    name = username;
    if (refresh_token && refresh_token !== `refresh ${pairs}`) {
      return Response.json({ error: { code: "unauthorized", message: "spent" } }, { status: 401 });
    }
    if (refresh_token) pairs += 1;
    return Response.json(pair());
  };
  return { asked, fetch, goes: (away) => (isAway = away) };
}

const HTTP = "http://server";
const ALICE = { username: "alice", password: "a good password" };

test("an access token is used until little is left of it, then exchanged once for all who ask", async (t) => {
  const { asked, fetch } = server(t);
  const session = await Session.login(HTTP, ALICE, memory(), fetch);
  mock.timers.tick(719_000);
  assert.equal(await session.token(), "access 1");
  mock.timers.tick(1_000);
  assert.deepEqual(await Promise.all([session.token(), session.token()]), ["access 2", "access 2"]);
  assert.equal(asked.length, 2);
});

test("pages take what another has got", async (t) => {
  const { asked, fetch } = server(t);
  const storage = memory();
  const one = await Session.login(HTTP, ALICE, storage, fetch);
  const other = Session.restore(HTTP, storage, fetch);
  mock.timers.tick(720_000);
  assert.deepEqual([await one.token(), await other.token()], ["access 2", "access 2"]);
  mock.timers.tick(720_000);
  assert.deepEqual([await other.token(), await one.token()], ["access 3", "access 3"]);
  assert.equal(asked.length, 3);
});

test("a session that is over says so and is forgotten", async (t) => {
  const { fetch } = server(t);
  const storage = memory();
  const session = await Session.login(HTTP, ALICE, storage, fetch);
  const thief = await Session.restore(HTTP, { ...storage, setItem() {}, removeItem() {} }, fetch);
  mock.timers.tick(720_000);
  await thief.token();
  await assert.rejects(session.token(), { status: 401 });
  assert.equal(Session.restore(HTTP, storage, fetch), undefined);
});

test("a server that is away ends no session", async (t) => {
  const { fetch, goes } = server(t);
  const storage = memory();
  const session = await Session.login(HTTP, ALICE, storage, fetch);
  mock.timers.tick(720_000);
  goes(true);
  await assert.rejects(session.token(), TypeError);
  goes(false);
  assert.equal(await session.token(), "access 2");
});

test("who signs out is forgotten, whether or not the server hears of it", async (t) => {
  const { asked, fetch, goes } = server(t);
  const storage = memory();
  await (await Session.login(HTTP, ALICE, storage, fetch)).logout({ everywhere: true });
  assert.deepEqual(asked.at(-1), ["/api/logout", { everywhere: true }]);
  const session = await Session.login(HTTP, ALICE, storage, fetch);
  goes(true);
  await assert.rejects(session.logout(), TypeError);
  assert.deepEqual(storage.kept.size, 0);
  await assert.rejects(
    session
      .token()
      .then(() => mock.timers.tick(720_000))
      .then(() => session.token()),
    { status: 401 },
  );
});

test("who is signed out forgets no session that another page has begun since", async (t) => {
  const { asked, fetch } = server(t);
  for (const next of [ALICE, { ...ALICE, username: "bob" }]) {
    const storage = memory();
    const tab = await Session.login(HTTP, ALICE, storage, fetch);
    await Session.restore(HTTP, storage, fetch).logout();
    await Session.login(HTTP, next, storage, fetch);
    const before = asked.length;
    tab.forget();
    assert.equal(asked.length, before);
    assert.equal(Session.restore(HTTP, storage, fetch).user.username, next.username);
    await tab.logout();
    assert.equal(Session.restore(HTTP, storage, fetch).user.username, next.username);
  }
});

test("who is signed out on this device forgets the session, whichever page renewed it last", async (t) => {
  const { fetch } = server(t);
  const storage = memory();
  const tab = await Session.login(HTTP, ALICE, storage, fetch);
  mock.timers.tick(720_000);
  await Session.restore(HTTP, storage, fetch).token();
  tab.forget();
  assert.equal(storage.kept.size, 0);
});

test("what is renewed too late takes no other session's place", async (t) => {
  const { fetch } = server(t);
  const storage = memory();
  let arrives;
  const late = async (...asked) => {
    if (asked[0].endsWith("/refresh")) await new Promise((resolve) => (arrives = resolve));
    return fetch(...asked);
  };
  const tab = await Session.login(HTTP, ALICE, storage, late);
  mock.timers.tick(720_000);
  const renewed = tab.token();
  await new Promise(setImmediate);
  Session.restore(HTTP, storage, fetch).forget();
  await Session.login(HTTP, { ...ALICE, username: "bob" }, storage, fetch);
  arrives();
  await renewed;
  assert.equal(Session.restore(HTTP, storage, fetch).user.username, "bob");
});

/** A server that answers a repeat within 20 s with the same pair; any later one ends the session. */
function lenient(t) {
  mock.timers.enable({ apis: ["Date"] });
  t.after(() => mock.timers.reset());
  let [pair, renewedAt, isOver] = [1, 0, false];
  const before = [];
  const fetch = async (url, { body }) => {
    // What the network does before the request arrives, and with its answer.
    await before.shift()?.();
    const { refresh_token } = JSON.parse(body);
    if (refresh_token === `refresh ${pair}`) [pair, renewedAt] = [pair + 1, Date.now()];
    else if (refresh_token !== `refresh ${pair - 1}` || Date.now() - renewedAt > 20_000) isOver ||= refresh_token;
    if (isOver) return Response.json({ error: { code: "unauthorized", message: "spent" } }, { status: 401 });
    await before.shift()?.();
    const tokens = { access_token: `access ${pair}`, refresh_token: `refresh ${pair}` };
    return Response.json({ user: { id: "alice-id", username: "alice" }, ...tokens, expires_in: 900 });
  };
  return { fetch, before };
}

test("two tabs without locks renew at once, and both stay signed in", async (t) => {
  const { fetch } = lenient(t);
  const storage = memory();
  const one = await Session.login(HTTP, ALICE, storage, fetch);
  const other = Session.restore(HTTP, storage, fetch);
  for (let round = 2; round < 6; round += 1) {
    mock.timers.tick(720_000);
    assert.deepEqual(await Promise.all([one.token(), other.token()]), [`access ${round}`, `access ${round}`]);
  }
});

test("a tab that is told its token is spent takes what another has got meanwhile", async (t) => {
  const { fetch, before } = lenient(t);
  const storage = memory();
  const one = await Session.login(HTTP, ALICE, storage, fetch);
  const other = Session.restore(HTTP, storage, fetch);
  mock.timers.tick(720_000);
  const spent = async () => Response.json({ error: { code: "unauthorized", message: "spent" } }, { status: 401 });
  const slow = Session.restore(HTTP, storage, async () => {
    await other.token();
    return spent();
  });
  assert.equal(await slow.token(), "access 2");
  assert.deepEqual([await one.token(), before], ["access 2", []]);
  assert.ok(Session.restore(HTTP, storage, fetch));
});

test("an answer that is lost is asked for again at once", async (t) => {
  const { fetch, before } = lenient(t);
  const storage = memory();
  const session = await Session.login(HTTP, ALICE, storage, fetch);
  mock.timers.tick(720_000);
  before.push(undefined, () => Promise.reject(new TypeError("fetch failed")));
  assert.equal(await session.token(), "access 2");
});

test("a tab that was suspended in its turn is not waited for", async (t) => {
  const { fetch } = lenient(t);
  const { navigator } = globalThis;
  // The turn never comes; the test does not wait as long as the session does.
  const locks = { request: async (name, { signal }) => Promise.reject(signal.reason) };
  Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
  t.after(() => Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true }));
  const session = await Session.login(HTTP, ALICE, memory(), fetch);
  mock.timers.tick(720_000);
  assert.equal(await session.token(), "access 2");
});

test("a clock that is put back does not make an old token good", async (t) => {
  const { fetch } = lenient(t);
  mock.timers.tick(3_600_000);
  const session = await Session.login(HTTP, ALICE, memory(), fetch);
  mock.timers.setTime(0);
  assert.equal(await session.token(), "access 2");
});

test("a full storage keeps no pair that is spent", async (t) => {
  const { fetch } = lenient(t);
  const storage = memory();
  let isFull = false;
  const small = {
    ...storage,
    setItem: (key, value) => {
      if (isFull) throw new DOMException("full", "QuotaExceededError");
      storage.setItem(key, value);
    },
  };
  const session = await Session.login(HTTP, ALICE, small, fetch);
  isFull = true;
  mock.timers.tick(720_000);
  assert.equal(await session.token(), "access 2");
  assert.equal(storage.kept.size, 0);
  mock.timers.tick(720_000);
  assert.equal(await session.token(), "access 3");
});

test("a network that answers itself signs nobody out", async (t) => {
  const { fetch } = lenient(t);
  const storage = memory();
  let isAway = false;
  const page = () => new Response("<h1>Sign in to the network</h1>", { status: 401 });
  const portal = async (...asked) => (isAway ? page() : fetch(...asked));
  const session = await Session.login(HTTP, ALICE, storage, portal);
  mock.timers.tick(720_000);
  isAway = true;
  await assert.rejects(session.token(), { isRefusal: false });
  isAway = false;
  assert.equal(await session.token(), "access 2");
});

test("a stored session that is none is nobody's", () => {
  for (const stored of ["{}", "5", '"x"', "[]", '{"user":{}}', "{"]) {
    const storage = memory();
    storage.setItem(`confab:${HTTP}:session`, stored);
    assert.equal(Session.restore(HTTP, storage) ?? undefined, undefined, stored);
  }
});

test("a token that the server does not take is exchanged once, whatever the clock says", async (t) => {
  const { fetch } = lenient(t);
  const session = await Session.login(HTTP, ALICE, memory(), fetch);
  let good = "access 2";
  const asked = [];
  const api = async (url, { headers }) => {
    asked.push(headers.Authorization);
    if (headers.Authorization === `Bearer ${good}`) return Response.json("fine");
    return Response.json({ message: "Unauthorized" }, { status: 401 });
  };
  const credentials = { token: (refused) => session.token(refused) };
  const chat = new Chat({ url: "ws://server/ws", http: HTTP, credentials, storage: memory(), fetch: api });
  assert.equal(await chat.request("GET", "/api/me"), "fine");
  assert.deepEqual(asked, ["Bearer access 1", "Bearer access 2"]);
  good = "another's";
  await assert.rejects(chat.request("GET", "/api/me"), { status: 401, isRefusal: true });
  assert.equal(asked.length, 4);
});
