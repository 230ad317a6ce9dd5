// Everything else that people do, and what they are told of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ApiError, Chat, Session } from "../../../functions/web/client/confab/index.js";
import { Person, memory } from "./support/person.js";
import { Server } from "./support/server.js";

const detailOf = (person, type) => person.events.findLast((event) => event.type === type)?.detail;

/** Alice and bob, online. */
async function two(t) {
  const server = await Server.start();
  const people = ["alice", "bob"].map((name) => new Person(name, server));
  t.after(async () => {
    for (const { chat } of people) chat.close();
    await server.stop();
  });
  for (const { chat } of people) await chat.connect();
  return [...people, server];
}

describe("with the server", { concurrency: true }, () => {
  test("rooms are joined by name, show what is said there, and are left", async (t) => {
    const [alice, bob] = await two(t);
    const room = await alice.chat.request("POST", "/api/rooms", { name: "General" });
    await alice.chat.join(room.id);
    const joined = await bob.chat.join("general");
    assert.equal(joined.conversation, room.conversation);
    await alice.chat.send({ room: room.id }, "hello").sent;
    await bob.until(() => bob.sees(room.conversation).includes("hello"));
    assert.equal((await bob.chat.leave(room.id)).room, room.id);
    await alice.until(() => alice.sees(room.conversation).includes("bob left"));
    await assert.rejects(bob.chat.send({ room: room.id }, "still here").sent, { code: "forbidden" });
    assert.equal(bob.chat.outbox[0].code, "forbidden");
    await assert.rejects(bob.chat.join("nowhere"), { code: "not_found" });
  });

  test("typing, receipts and presence are told", async (t) => {
    const [alice, bob] = await two(t);
    const { seq } = await alice.chat.send({ to: "bob" }, "hello").sent;
    await bob.until(() => bob.chat.watermark("dm:alice:bob") === seq);
    bob.chat.typing({ to: "alice" });
    bob.chat.read("dm:alice:bob", seq);
    await alice.until(() => detailOf(alice, "typing")?.user === "bob");
    await alice.until(() => detailOf(alice, "receipt")?.read === seq);
    bob.chat.close();
    await alice.until(() => detailOf(alice, "presence")?.status === "offline");
  });

  test("who is there is known from the start, and that they type no more", async (t) => {
    const [alice, bob, server] = await two(t);
    await alice.chat.send({ to: "bob" }, "hello").sent;
    const next = new Person("bob", server);
    t.after(() => next.chat.close());
    await next.chat.connect();
    await next.until(() => next.chat.presence("alice")?.status === "online");
    alice.chat.typing({ to: "bob" });
    alice.chat.stopTyping({ to: "bob" });
    await bob.until(() => detailOf(bob, "typing")?.typing === false);
    assert.deepEqual(bob.count("error") + alice.count("error"), 0);
  });

  test("a room that is deleted goes for all who are in it, also for who comes back later", async (t) => {
    const [alice, bob, server] = await two(t);
    const room = await alice.chat.request("POST", "/api/rooms", { name: "tea" });
    const away = new Person("carol", server);
    t.after(() => away.chat.close());
    await away.chat.connect();
    for (const { chat } of [alice, bob, away]) await chat.join(room.id);
    away.chat.close();
    await alice.chat.request("PATCH", `/api/rooms/${room.id}`, { topic: "leaves" });
    await bob.until(() => detailOf(bob, "room")?.room.topic === "leaves");
    await alice.chat.request("DELETE", `/api/rooms/${room.id}`);
    await bob.until(() => detailOf(bob, "left")?.reason === "deleted");
    assert.equal(bob.chat.watermark(room.conversation), undefined);
    const pending = away.chat.send({ conversation: room.conversation }, "is anybody here?");
    await away.chat.connect();
    await assert.rejects(pending.sent, { code: "not_found" });
    await away.until(() => away.chat.watermark(room.conversation) === undefined);
  });

  test("lists are read to their end", async (t) => {
    const [alice] = await two(t);
    const names = Array.from({ length: 103 }, (_, index) => `Room ${100 + index}`);
    for (const name of names) await alice.chat.request("POST", "/api/rooms", { name });
    const found = async (options) => (await alice.chat.list("/api/rooms", options)).map(({ name }) => name).toSorted();
    assert.deepEqual(await found(), names);
    assert.equal((await found({ most: 7 })).length, 7);
  });

  test("history is read page by page", async (t) => {
    const [alice] = await two(t);
    for (const content of ["one", "two", "three"]) await alice.chat.send({ to: "bob" }, content).sent;
    const last = await alice.chat.history("dm:alice:bob", { limit: 2 });
    assert.deepEqual(
      last.messages.map(({ content }) => content),
      ["two", "three"],
    );
    const first = await alice.chat.history("dm:alice:bob", { before: last.before, limit: 2 });
    assert.deepEqual([first.messages.map(({ content }) => content), first.before], [["one"], null]);
    await assert.rejects(alice.chat.history("dm:bob:carol"), { code: "forbidden" });
  });

  test("newcomers see the lobby's end, once", async (t) => {
    const [alice, bob, server] = await two(t);
    for (let number = 0; number < 5; number += 1) await alice.chat.send({ broadcast: true }, `all ${number}`).sent;
    await bob.until(() => bob.sees("lobby").length === 5);
    const carol = new Person("carol", server, { history: 2, lifetime: 200 });
    t.after(() => carol.chat.close());
    await carol.chat.connect();
    await carol.until(() => carol.count("welcome") === 3);
    assert.deepEqual(carol.sees("lobby"), ["all 3", "all 4"]);
  });

  test("people of any script find the same conversation as the server", async (t) => {
    const [, , server] = await two(t);
    const names = ["é", "😀 it's (me)!*", "\u{ff5e}", "A:b%"];
    const people = names.map((name) => new Person(name, server));
    t.after(() => people.forEach(({ chat }) => chat.close()));
    for (const { chat } of people) await chat.connect();
    for (const { chat } of people) {
      for (const to of names) {
        const pending = chat.send({ to }, "hello");
        assert.equal((await pending.sent).conversation, pending.conversation);
        assert.equal(
          (await chat.send({ conversation: pending.conversation }, "again").sent).conversation,
          pending.conversation,
        );
      }
    }
  });

  test("a name that cannot be one is refused", async (t) => {
    const [, , server] = await two(t);
    const nobody = new Person("\u0007", server);
    await assert.rejects(nobody.chat.connect(), (error) => error instanceof ApiError && error.isRefusal);
    assert.equal(nobody.chat.state, "refused");
  });

  test("accounts: register, chat with a token or a ticket, come back, sign out", async (t) => {
    const server = await Server.start({ auth: "accounts" });
    t.after(() => server.stop());
    const { url, http } = server;
    const storage = memory();
    const person = { username: "alice", password: "a good password" };
    const alice = await Session.register(http, { ...person, displayName: "Alice" }, storage);
    const bob = await Session.register(http, { username: "bob", password: "a good password" }, memory());
    assert.equal(alice.user.display_name, "Alice");
    await assert.rejects(Session.login(http, { ...person, password: "a bad password" }, memory()), { status: 401 });

    const chat = new Chat({ url, http, storage, credentials: { token: () => alice.token(), user: alice.user.id } });
    const ticket = async () => (await ofBob.request("POST", "/api/tickets")).ticket;
    const ofBob = new Chat({ url, http, storage: memory(), credentials: { token: await bob.token() } });
    const byTicket = new Chat({ url, http, storage: memory(), credentials: { ticket } });
    t.after(() => [chat, ofBob, byTicket].forEach((it) => it.close()));
    for (const it of [chat, ofBob, byTicket]) await it.connect();
    assert.deepEqual([chat.user, ofBob.user, byTicket.user], [alice.user.id, bob.user.id, bob.user.id]);
    const heard = new Promise((resolve) => byTicket.addEventListener("message", ({ detail }) => resolve(detail)));
    await chat.send({ to: "bob" }, "hello").sent;
    assert.equal((await heard).content, "hello");

    const again = Session.restore(http, storage);
    assert.equal((await chat.request("GET", "/api/me")).username, "alice");
    await again.logout();
    assert.equal(Session.restore(http, storage), undefined);
    const refused = await new Promise((resolve) => {
      chat.addEventListener("state", ({ detail }) => detail.state === "refused" && resolve(detail.error));
    });
    assert.equal(refused.status, 401);
  });

  test("accounts: two pages that renew at once both stay signed in, whichever comes first", async (t) => {
    const server = await Server.start({ auth: "accounts" });
    t.after(() => server.stop());
    const { http } = server;
    const [first, second] = [memory(), memory()];
    const one = await Session.register(http, { username: "alice", password: "a good password" }, first);
    for (let round = 0; round < 3; round += 1) {
      // Two storages know nothing of each other's turns: the server is all that holds them together.
      for (const [key, value] of first.kept) second.setItem(key, value);
      const other = Session.restore(http, second);
      const [spent, kept] = [await one.token(), [...first.kept.values()]];
      const [mine, theirs] = await Promise.all([one.token(spent), other.token(spent)]);
      for (const token of [mine, theirs]) {
        const answer = await fetch(`${http}/api/me`, { headers: { Authorization: `Bearer ${token}` } });
        assert.equal((await answer.json()).username, "alice");
      }
      assert.notDeepEqual([...first.kept.values()], kept);
      assert.notDeepEqual([...second.kept.values()], kept);
    }
  });
});
