// What the scripts in tests/client_scripts say of frames and events.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const FRAMES = JSON.parse(readFileSync(new URL("../../../client_scripts/support/frames.json", import.meta.url), "utf8"));

/** What names like `$one` stand for. */
export class Names {
  #known = new Map();

  /** Whether something has all that a pattern says of it: only then its names stand for something. */
  match(pattern, it) {
    const before = new Map(this.#known);
    const isMatch = this.#fits(pattern, it);
    if (!isMatch) this.#known = before;
    return isMatch;
  }

  #fits(pattern, it) {
    if (isName(pattern)) {
      if (!this.#known.has(pattern) && it !== undefined) this.#known.set(pattern, it);
      return this.#known.get(pattern) === it;
    }
    if (Array.isArray(pattern)) {
      return pattern.length === it?.length && pattern.every((each, index) => this.#fits(each, it[index]));
    }
    if (!isObject(pattern)) return pattern === (it ?? null);
    return isObject(it) && Object.entries(pattern).every(([name, each]) => this.#fits(each, it[name]));
  }

  /** The same with what the names in it stand for. */
  fill(it) {
    if (isName(it)) return this.#known.get(it) ?? assert.fail(`${it} is not known yet`);
    if (Array.isArray(it)) return it.map((each) => this.fill(each));
    return isObject(it) ? changed(it, (each) => this.fill(each)) : it;
  }

  /** @param {any[]} patterns @param {any[]} them @param {boolean} [inAnyOrder] */
  expect(patterns, them, inAnyOrder = false) {
    const rest = [...them];
    const isAsSaid = patterns.every((pattern) => {
      const at = inAnyOrder ? rest.findIndex((it) => this.match(pattern, it)) : 0;
      return at >= 0 && rest.length > 0 && this.match(pattern, ...rest.splice(at, 1));
    });
    const words = [patterns, them].map((it) => JSON.stringify(it, undefined, 1));
    assert.ok(isAsSaid && rest.length === 0, `expected ${words[0]}, found ${words[1]}`);
  }
}

/** A frame of the server's with all that the script need not say. */
export function completed(frame) {
  const { conversation, messages, room, conversations } = frame;
  if (frame.type === undefined) return frame;
  if (frame.type === "message") return message(frame);
  const whole = { ...FRAMES[frame.type], ...frame };
  if (messages) whole.messages = messages.map((it) => ({ ...message({ conversation, ...it }), type: undefined }));
  if (isObject(room)) whole.room = { ...FRAMES.room_fields, conversation: `room:${room.id}`, ...room };
  if (conversations) whole.conversations = changed(conversations, (it) => ({ ...FRAMES.synced_fields, ...it }));
  return whole;
}

const message = (it) => ({ ...FRAMES.message, id: `m${it.seq}`, ...it });
const isName = (it) => typeof it === "string" && it.startsWith("$");
const isObject = (it) => typeof it === "object" && it !== null && !Array.isArray(it);
const changed = (it, change) => Object.fromEntries(Object.entries(it).map(([name, each]) => [name, change(each)]));
