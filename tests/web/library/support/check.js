// What must always hold, checked over everything that happened; as the simulation does.

import assert from "node:assert/strict";

/** The whole log of two people. */
export async function logOf(server, one, other) {
  return pages(server, (after) => `/messages?user1=${one}&user2=${other}&user_id=${one}&limit=100&after=${after}`);
}

/** The whole log of a room. */
export async function roomLog(server, room, reader) {
  return pages(server, (after) => `/api/rooms/${room}/messages?user_id=${reader}&limit=100&after=${after}`);
}

async function pages(server, path) {
  const log = [];
  for (;;) {
    const page = await server.get(path(log.at(-1)?.seq ?? 0));
    if (page.length === 0) return log;
    log.push(...page);
  }
}

/** Numbers have no holes, and no message is there twice. */
export function isSound(log) {
  log.forEach(({ seq }, index) => assert.equal(seq, log[0].seq + index, "a hole in the log"));
  assert.equal(new Set(log.map(({ from, id }) => `${from} ${id}`)).size, log.length, "a message twice");
}

/** Everybody shows exactly the log, and every ack tells the truth, a repeated one the same. */
export function holds(log, conversation, people) {
  isSound(log);
  for (const { name, shown, acks } of people) {
    const places = (messages = []) => messages.map(({ seq, id, from, content }) => ({ seq, id, from, content }));
    assert.deepEqual(places(shown.get(conversation)), places(log), `${name} shows ${conversation}`);
    for (const ack of acks.filter((it) => it.conversation === conversation)) {
      const kept = log.find(({ seq }) => seq === ack.seq);
      assert.ok(kept?.id === ack.id && kept.from === name, `${name} got a false ack for ${ack.id}`);
    }
  }
}
