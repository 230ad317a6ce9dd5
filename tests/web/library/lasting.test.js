// The real server, killed, silent or replaced; pages that end and come again.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { holds, logOf } from "./support/check.js";
import { Person, memory } from "./support/person.js";
import { Server } from "./support/server.js";

const OURS = "dm:alice:bob";
const IMPATIENT = { patience: 1_000, pingEvery: 1_000 };

/** Two people who are online and follow what they say to each other. */
async function two(t, server, options) {
  const people = ["alice", "bob"].map((name) => new Person(name, server, options));
  t.after(async () => {
    for (const { chat } of people) chat.close();
    await server.stop();
  });
  for (const { chat } of people) chat.follow(OURS, 0);
  for (const { chat } of people) await chat.connect();
  return people;
}

/** How many messages the server says it has: of a slow one a repeat may get another ack. */
const kept = (people) => new Set(people.flatMap(({ acks }) => acks.map(({ id }) => id))).size;

/** Both show the same, which is the whole log. */
async function agree(server, people, count) {
  for (const person of people) await person.until(() => person.sees(OURS).length >= count, `${count} messages`);
  const log = await logOf(server, "alice", "bob");
  assert.equal(log.length, count);
  holds(log, OURS, people);
}

describe("with the server", { concurrency: true }, () => {
  test("a server that is killed in the middle costs nothing", async (t) => {
    const server = await Server.start({ keeps: true });
    const [alice, bob] = await two(t, server, IMPATIENT);
    const sent = [];
    for (let number = 0; number < 60; number += 1) {
      sent.push(alice.chat.send({ to: "bob" }, `a${number}`).sent, bob.chat.send({ to: "alice" }, `b${number}`).sent);
    }
    await alice.until(() => alice.acks.length >= 10);
    await server.kill();
    await alice.until(() => alice.chat.state === "waiting");
    sent.push(alice.chat.send({ to: "bob" }, "said offline").sent);
    await server.restart();
    await Promise.all(sent);
    await agree(server, [alice, bob], 121);
    assert.deepEqual([alice.count("gap"), alice.chat.outbox.length], [0, 0]);
  });

  test("one connection after the other shows one conversation", async (t) => {
    const server = await Server.start();
    const people = await two(t, server, { ...IMPATIENT, lifetime: 300 });
    const [alice, bob] = people;
    for (let number = 0; alice.count("welcome") < 6 || bob.count("welcome") < 6; number += 1) {
      await Promise.all([
        alice.chat.send({ to: "bob" }, `a${number}`).sent,
        bob.chat.send({ to: "alice" }, `b${number}`).sent,
      ]);
    }
    await agree(server, people, kept(people));
    for (const person of people) {
      const states = person.events.filter(({ type }) => type === "state").map(({ detail }) => detail.state);
      assert.deepEqual([states, person.count("gap")], [["connecting", "online"], 0]);
    }
  });

  test("a connection that is lost in silence is noticed, and what was pushed to it comes all the same", async (t) => {
    const server = await Server.start({ faults: { seed: 3, latency_ms: 0, chances: { silence: 1_000 } } });
    const people = await two(t, server, { patience: 500, pingEvery: 500 });
    const lost = () => people.some((person) => person.count("welcome") > 1);
    for (let number = 0; !lost(); number += 1) {
      await Promise.all(people.map(({ name, chat }) => chat.send({ conversation: OURS }, `${name} ${number}`).sent));
    }
    await agree(server, people, kept(people));
  });

  test("a page that ends with unsent messages leaves them to the next", async (t) => {
    const server = await Server.start({ keeps: true });
    const storage = memory();
    const [alice, bob] = await two(t, server, IMPATIENT);
    await alice.chat.send({ to: "bob" }, "before").sent;
    await server.kill();
    const unsent = ["one", "two", "three"];
    const page = new Person("alice", server, { ...IMPATIENT, storage });
    for (const content of unsent) page.chat.send({ to: "bob" }, content);
    page.chat.connect().catch(() => {});
    page.chat.close();
    const next = new Person("alice", server, { ...IMPATIENT, storage });
    t.after(() => next.chat.close());
    assert.deepEqual(
      next.chat.outbox.map(({ content }) => content),
      unsent,
    );
    next.chat.follow(OURS, 0);
    await server.restart();
    await next.chat.connect();
    await agree(server, [alice, bob, next], 4);
    assert.deepEqual(bob.sees(OURS), ["before", ...unsent]);
    assert.deepEqual(
      [next.chat.outbox, storage.kept.has(`confab:${new URL(server.url).host}/ws:alice:outbox`)],
      [[], false],
    );
  });

  test("the next page goes on where the last one ended", async (t) => {
    const server = await Server.start();
    const storage = memory();
    const [alice, bob] = await two(t, server, { storage });
    await alice.chat.send({ to: "bob" }, "one").sent;
    await bob.until(() => bob.sees(OURS).length === 1);
    bob.chat.close();
    for (const content of ["two", "three"]) await alice.chat.send({ to: "bob" }, content).sent;
    const next = new Person("bob", server, { storage });
    t.after(() => next.chat.close());
    await next.chat.connect();
    await next.until(() => next.sees(OURS).length === 2);
    assert.deepEqual(next.sees(OURS), ["two", "three"]);
  });

  test("two pages that share what is unsent say it once", async (t) => {
    const server = await Server.start();
    const storage = memory();
    const [alice, bob] = await two(t, server, {});
    const pages = [1, 2].map(() => new Person("carol", server, { storage }));
    for (const number of [1, 2, 3]) pages[0].chat.send({ to: "bob" }, `left ${number}`);
    const third = new Person("carol", server, { storage });
    t.after(() => [...pages, third].forEach(({ chat }) => chat.close()));
    for (const { chat } of [...pages, third]) await chat.connect();
    await bob.until(() => bob.sees("dm:bob:carol").length === 3);
    await third.until(() => third.chat.outbox.length === 0);
    await pages[0].until(() => pages[0].chat.outbox.length === 0);
    assert.deepEqual(
      (await logOf(server, "bob", "carol")).map(({ content }) => content),
      ["left 1", "left 2", "left 3"],
    );
    assert.equal(alice.count("message"), 0);
  });
});
