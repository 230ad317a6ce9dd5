// What is to be said: sent one by one in each conversation, again under the same id until it is kept.

import { deferred } from "./deferred.js";
import { addressOf, newId } from "./ids.js";

/**
 * @typedef {import("./index.js").Address} Address
 * @typedef {object} Item
 * @property {string} id
 * @property {Address} address
 * @property {string} [conversation]
 * @property {string} content
 * @property {"queued" | "sending" | "sent" | "refused"} state "sent" until it is shown
 * @property {number} [seq]
 * @property {string} [code] why it was refused
 * @property {string} [message]
 */

/** Errors that are not about the message itself. */
const PASSING = ["rate_limited", "unauthorized", "internal"];

export class Outbox {
  /** @type {Item[]} */
  #items = [];
  /** @type {Map<string, ReturnType<typeof deferred>>} */
  #promises = new Map();
  /** Where something is under way, or has to wait: by address. @type {Map<string, {id: string, waits: boolean}>} */
  #busy = new Map();
  #shelf;
  #alarms;
  #line;
  #patience;
  #on;
  /** Whose outbox it is; known whenever there is a connection. */
  user = "";
  /** The most bytes of a message's text; known as soon as there has been a connection. */
  contentBytes = Infinity;

  /**
   * @param {import("./shelf.js").Shelf} shelf
   * @param {import("./alarms.js").Alarms} alarms
   * @param {Pick<import("./line.js").Line, "takes" | "send" | "check">} line
   * @param {number} patience
   * @param {{changed(): void, refused(error: object): void}} on
   */
  constructor(shelf, alarms, line, patience, on) {
    this.#shelf = shelf;
    this.#alarms = alarms;
    this.#line = line;
    this.#patience = patience;
    this.#on = on;
  }

  /** @returns {Item[]} oldest first */
  get items() {
    return this.#items.map((item) => ({ ...item }));
  }

  /** @param {Address} address @param {string} content @param {string} [conversation] */
  add(address, content, conversation) {
    /** @type {Item} */
    const item = { id: newId(), address, conversation, content, state: "queued" };
    this.#items.push(item);
    return this.#queue(item);
  }

  /** Takes over what earlier pages have not got rid of. */
  adopt() {
    const known = new Set(this.#items.map((item) => item.id));
    /** @type {Item[]} */
    const left = (this.#shelf.read("outbox") ?? []).filter((/** @type {Item} */ it) => !known.has(it.id));
    if (left.length === 0) return;
    this.#items.unshift(...left);
    this.#on.changed();
    this.flush();
  }

  /** What is only in memory because nobody knew yet whose it is. */
  keepAll() {
    for (const item of this.#items) this.#keep(item);
  }

  /** @param {string} id */
  discard(id) {
    this.#settle(id)?.reject(new DOMException("discarded", "AbortError"));
    this.#remove((item) => item.id === id);
    this.#forget(id);
    this.#free(id);
    this.flush();
  }

  /** @param {string} id one that was refused */
  retry(id) {
    const item = this.#find(id);
    if (item?.state !== "refused") return undefined;
    Object.assign(item, { state: "queued", code: undefined, message: undefined });
    return this.#queue(item);
  }

  /** Sends whatever nothing stands in the way of. */
  flush() {
    for (const item of this.#items) {
      const lane = laneOf(item);
      if (this.#busy.has(lane) || item.state === "refused" || item.state === "sent") continue;
      const excess = this.#excess(item);
      if (excess !== undefined) {
        this.#refuse(item, "too_large", excess);
        continue;
      }
      if (!this.#line.send(frameOf(item, this.user))) return;
      item.state = "sending";
      this.#holds(lane, { id: item.id, waits: false }, this.#patience, () => this.#line.check());
    }
  }

  /** On a new connection nothing is under way. */
  restart() {
    for (const lane of this.#busy.keys()) this.#release(lane);
    this.flush();
  }

  /** Repeats what is not answered yet, unless it has to wait. */
  hurry() {
    for (const [lane, { waits }] of this.#busy) if (!waits) this.#release(lane);
    this.flush();
  }

  /** @param {{id: string, conversation: string, seq: number}} ack @returns {Item | undefined} */
  acked(ack) {
    const item = this.#find(ack.id);
    this.#free(ack.id);
    if (item && item.state !== "sent") {
      Object.assign(item, { state: "sent", conversation: ack.conversation, seq: ack.seq });
      this.#forget(ack.id);
      this.#settle(ack.id)?.resolve(ack);
    }
    return item;
  }

  /**
   * @param {{id: string, code: string, message: string, retry_after_ms?: number}} error
   * @returns {boolean} whether it is about a message of this outbox
   */
  failed(error) {
    const item = this.#find(error.id);
    if (!item || item.state === "sent") return false;
    const { code, message } = error;
    if (PASSING.includes(code)) {
      this.#holds(laneOf(item), { id: item.id, waits: true }, error.retry_after_ms ?? this.#patience);
      return true;
    }
    this.#refuse(item, code, message);
    this.flush();
    return true;
  }

  /** What is shown as a message need not be shown as unsent. @param {(conversation: string) => number} mark */
  clear(mark) {
    this.#remove((it) => it.state === "sent" && Number(it.seq) <= mark(String(it.conversation)));
  }

  /** @param {Item} item */
  #queue(item) {
    this.#keep(item);
    const sent = this.#promise(item.id);
    this.#on.changed();
    this.flush();
    return { ...item, sent };
  }

  /** Why the server would not take it, or end the connection for it. @param {Item} item */
  #excess(item) {
    const { length } = new TextEncoder().encode(item.content);
    if (length > this.contentBytes) return `the message has more than ${this.contentBytes} bytes`;
    return this.#line.takes(frameOf(item, this.user)) ? undefined : "the message is more than the server takes";
  }

  /** @param {Item} item @param {string} code @param {string} message */
  #refuse(item, code, message) {
    const { id } = item;
    Object.assign(item, { state: "refused", code, message });
    this.#keep(item);
    this.#free(id);
    this.#settle(id)?.reject(Object.assign(new Error(message), { code, id }));
    this.#on.refused({ id, code, message });
    this.#on.changed();
  }

  /**
   * @param {string} lane
   * @param {{id: string, waits: boolean}} what
   * @param {number} delay
   * @param {() => void} [late]
   */
  #holds(lane, what, delay, late) {
    this.#busy.set(lane, what);
    this.#alarms.set(`send ${lane}`, delay, () => {
      this.#busy.delete(lane);
      late?.();
      this.flush();
    });
  }

  /** @param {string} id of what is not under way any more */
  #free(id) {
    for (const [lane, busy] of this.#busy) if (busy.id === id) this.#release(lane);
  }

  /** @param {string} lane */
  #release(lane) {
    this.#busy.delete(lane);
    this.#alarms.clear(`send ${lane}`);
  }

  /** @param {string} id */
  #find(id) {
    return this.#items.find((item) => item.id === id);
  }

  /** @param {(item: Item) => boolean} unwanted */
  #remove(unwanted) {
    const left = this.#items.filter((item) => !unwanted(item));
    if (left.length === this.#items.length) return;
    this.#items = left;
    this.#on.changed();
  }

  /** Other tabs keep theirs beside it. @param {Item} item */
  #keep(item) {
    const { state, ...kept } = item;
    const others = this.#others(item.id);
    this.#shelf.write("outbox", [...others, { ...kept, state: state === "refused" ? state : "queued" }]);
  }

  /** @param {string} id */
  #forget(id) {
    const others = this.#others(id);
    this.#shelf.write("outbox", others.length > 0 ? others : undefined);
  }

  /** @param {string} id @returns {Item[]} */
  #others(id) {
    return (this.#shelf.read("outbox") ?? []).filter((/** @type {Item} */ it) => it.id !== id);
  }

  /** @param {string} id */
  #promise(id) {
    const made = deferred();
    this.#promises.set(id, made);
    return made.promise;
  }

  /** @param {string} id */
  #settle(id) {
    const made = this.#promises.get(id);
    this.#promises.delete(id);
    return made;
  }
}

/** One send in flight keeps the order of what is said there. @param {Item} item */
const laneOf = (item) => item.conversation ?? JSON.stringify(item.address);

/** @param {Item} item @param {string} user */
function frameOf({ id, address, content }, user) {
  const target = "conversation" in address ? addressOf(address.conversation, user) : address;
  if ("broadcast" in target) return { action: "broadcast", id, content };
  return { action: "message", id, ...target, content };
}
