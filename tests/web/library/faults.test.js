// A nasty cloud: whatever it loses, repeats or mixes up, everybody shows the log.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { holds, logOf, roomLog } from "./support/check.js";
import { Person } from "./support/person.js";
import { Server } from "./support/server.js";

/** Much goes wrong, but little that takes long. */
const CHANCES = {
  table_failed_after: 100,
  answer_lost: 100,
  partial_batch: 2000,
  stale_read: 3000,
  throttled: 100,
  push_throttled: 500,
  push_failed: 500,
  push_failed_after: 500,
  push_hung: 50,
  cut: 400,
  silence: 100,
  died: 500,
  clock_skew: 3000,
  late_start: 200,
  late_disconnect: 2000,
  no_disconnect: 3000,
  stream_twice: 3000,
};
const MESSAGES = 10;
/** Other clouds: `SEEDS="1 2 3" tests/web/library/run`. */
const SEEDS = (process.env.SEEDS ?? "7 1607 20261").split(" ").map(Number);
const IMPATIENT = { patience: 1_500, pingEvery: 1_500, longestWait: 1_000 };

describe("a nasty cloud", { concurrency: true }, () => {
  for (const seed of SEEDS) {
    test(`everybody shows the log in the cloud of seed ${seed}`, { timeout: 120_000 }, async (t) => {
      const server = await Server.start({ faults: { seed, latency_ms: 10, chances: CHANCES } });
      const people = ["alice", "bob"].map((name) => new Person(name, server, IMPATIENT));
      t.after(() => Promise.all([...people.map(({ chat }) => chat.close()), server.stop()]));
      const [alice, bob] = people;
      for (const { chat } of people) chat.follow("dm:alice:bob", 0);
      for (const { chat } of people) await chat.connect();
      const { room } = await alice.chat.join(await made(alice.chat));
      for (const { chat } of people) chat.follow(room.conversation, 0);
      await bob.chat.join(room.id);

      const sent = [];
      for (let number = 0; number < MESSAGES; number += 1) {
        sent.push(alice.chat.send({ to: "bob" }, `alice ${number}`), bob.chat.send({ to: "alice" }, `bob ${number}`));
        for (const { name, chat } of people) sent.push(chat.send({ room: room.id }, `${name} there ${number}`));
      }
      await Promise.all(sent.map((pending) => pending.sent));
      for (const person of people) {
        for (const conversation of ["dm:alice:bob", room.conversation]) {
          const last = Math.max(
            ...people
              .flatMap(({ acks }) => acks)
              .filter((it) => it.conversation === conversation)
              .map(({ seq }) => seq),
          );
          await person.until(() => person.chat.watermark(conversation) >= last, `${conversation} up to ${last}`);
        }
        assert.deepEqual(person.chat.outbox, []);
        assert.equal(person.count("gap"), 0);
      }
      holds(await again(() => logOf(server, "alice", "bob")), "dm:alice:bob", people);
      holds(await again(() => roomLog(server, room.id, "alice")), room.conversation, people);
      for (const { name, shown } of people) {
        const own = shown
          .get("dm:alice:bob")
          .filter(({ from }) => from === name)
          .map(({ content }) => content);
        assert.deepEqual(
          own,
          Array.from({ length: MESSAGES }, (_, number) => `${name} ${number}`),
        );
      }
    });
  }
});

/** A room's id; its creator may ask for the same room twice. */
async function made(chat) {
  const { id } = await again(() => chat.request("POST", "/api/rooms", { name: "general" }));
  return id;
}

/** The HTTP API fails now and then, too. */
async function again(act) {
  for (let times = 0; ; times += 1) {
    try {
      return await act();
    } catch (error) {
      if (times === 10) throw error;
    }
  }
}
