// What is to happen to messages: asked again under the same id until it is kept, and taken back if it is refused.

import { deferred } from "./deferred.js";
import { isConversationOf, newId, timeOf } from "./ids.js";
import { ILL_FORMED, bytesOf, failure, isWellFormed } from "./text.js";

/**
 * @typedef {import("./picture.js").Change} Change
 * @typedef {{code: string, message: string, reason?: string}} Why
 * @typedef {object} Item
 * @property {string} id
 * @property {string} conversation
 * @property {number} seq the message that it is about
 * @property {Change} change
 * @property {boolean} [isElsewhere] whether it was stored by another page, which may be done with it
 * @property {boolean} [isUnderWay]
 */

const ACTIONS = ["edit", "delete", "react", "pin"];
/** How often a change may remain unanswered by a server that answers others meanwhile. */
const MOST_MISSED = 10;
/** How often a change gets another id because the server did not take that. */
const MOST_IDS = 3;
const NAME = "changes";

export class Changes {
  /** Oldest first. @type {Item[]} */
  #items = [];
  /** @type {Map<Item, ReturnType<typeof deferred>>} */
  #promises = new Map();
  /** How often ids were refused. @type {WeakMap<Item, number>} */
  #ids = new WeakMap();
  #storage;
  #connection;
  #requests;
  #clock;
  #on;
  /** Known whenever there is a connection. */
  user = "";
  /** @type {Partial<import("./index.js").Limits>} */
  limits = {};

  /**
   * @param {{
   *   storage: import("./storage.js").Storage,
   *   connection: Pick<import("./connection.js").Connection, "unfit" | "check" | "state">,
   *   requests: import("./requests.js").Requests,
   *   clock: import("./clock.js").Clock,
   * }} parts
   * @param {{
   *   changed(conversation: string, seq: number): void,
   *   refused(why: Why & {id: string, conversation: string, of: number}): void,
   * }} on
   */
  constructor({ storage, connection, requests, clock }, on) {
    this.#storage = storage;
    this.#connection = connection;
    this.#requests = requests;
    this.#clock = clock;
    this.#on = on;
  }

  /** What a message is to be by them. @param {string} conversation @param {number} seq @returns {Change[]} */
  of(conversation, seq) {
    const about = this.#items.filter((it) => it.conversation === conversation && it.seq === seq);
    return about.map(({ id, change }) => ({ ...change, timestamp: new Date(timeOf(id)).toISOString() }));
  }

  /** @param {string} conversation @param {number} seq @param {Change} change */
  add(conversation, seq, change) {
    const item = { id: newId(this.#clock.now()), conversation, seq, change };
    const made = deferred();
    this.#promises.set(item, made);
    this.#items.push(item);
    const unfit = this.#unfit(item);
    if (unfit) this.#refuse(item, unfit);
    else {
      this.#keep(item);
      this.#on.changed(conversation, seq);
      this.flush();
    }
    return { id: item.id, conversation, seq, sent: made.promise };
  }

  /** Takes over what earlier pages have not got rid of. */
  adopt() {
    const known = new Set(this.#items.map(({ id }) => id));
    const left = this.#stored().filter((it) => isItem(it) && !known.has(it.id));
    this.#items = [...left.map((it) => ({ ...it, isElsewhere: true, isUnderWay: false })), ...this.#items];
    for (const { conversation, seq } of left) this.#on.changed(conversation, seq);
    this.flush();
  }

  /** What is only in memory because nobody knew yet whose it is. */
  keepAll() {
    for (const item of this.#items) this.#keep(item);
  }

  /** Asks for the first of each message. */
  flush() {
    const busy = new Set();
    for (const item of [...this.#items]) {
      const lane = laneOf(item);
      if (busy.has(lane)) continue;
      busy.add(lane);
      if (item.isUnderWay || this.#connection.state !== "online") continue;
      const unfit = this.#unfit(item);
      if (this.#isDoneElsewhere(item)) this.#remove(item)?.reject(new DOMException("not this page's", "AbortError"));
      else if (unfit) this.#refuse(item, unfit);
      else this.#asks(item, lane);
      if (!this.#items.includes(item)) busy.delete(lane);
    }
  }

  /** @param {{id: string}} ack @returns {Item | undefined} what it answers */
  acked(ack) {
    const item = this.#items.find(({ id }) => id === ack.id);
    if (item) this.#drop(item)?.resolve(ack);
    return item;
  }

  /** Nothing can be done there any more. @param {string} conversation @param {Why} why */
  fail(conversation, why) {
    for (const item of this.#items.filter((it) => it.conversation === conversation)) this.#refuse(item, why);
  }

  /** @param {Item} item @param {string} lane */
  #asks(item, lane) {
    item.isUnderWay = true;
    const { id } = item;
    this.#requests.ask(frameOf(item), lane, MOST_MISSED).catch((error) => {
      if (!this.#items.includes(item) || item.id !== id) return;
      item.isUnderWay = false;
      if (error.name === "AbortError") return;
      if (isOfId(error) && this.#mayRename(item)) this.#rename(item);
      else this.#refuse(item, error);
      this.flush();
    });
  }

  /** @param {Item} item */
  #mayRename(item) {
    const times = (this.#ids.get(item) ?? 0) + 1;
    this.#ids.set(item, times);
    return times <= MOST_IDS;
  }

  /** The same twice changes nothing, so that another id does no harm. @param {Item} item */
  #rename(item) {
    this.#connection.check();
    this.#store(this.#stored().map((it) => (it?.id === item.id ? { ...it, id: (item.id = newId(this.#clock.now())) } : it)));
  }

  /** Why the server would not take it. @param {Item} item @returns {Why | undefined} */
  #unfit(item) {
    const { conversation, change } = item;
    const { content_bytes = Infinity, data_bytes = Infinity } = this.limits;
    if (!isWellFormed(conversation)) return ILL_FORMED;
    if (this.user && !isConversationOf(conversation, this.user)) {
      return { code: "forbidden", reason: "not_yours", message: "this is no conversation of yours" };
    }
    if (bytesOf(change.content ?? "").length > content_bytes) return tooLarge("the message", content_bytes);
    if (dataBytes(change.data) > data_bytes) return tooLarge("the data", data_bytes);
    return this.#connection.unfit(frameOf(item));
  }

  /** @param {Item} item @param {Why} why */
  #refuse(item, { code, message, reason }) {
    const { id, conversation, seq: of } = item;
    this.#remove(item)?.reject(Object.assign(failure({ code, message, reason }), { id }));
    this.#on.refused({ id, conversation, of, code, message, reason });
  }

  /** It is not to come about any more. @param {Item} item */
  #remove(item) {
    const made = this.#drop(item);
    this.#requests.drop(laneOf(item));
    this.#on.changed(item.conversation, item.seq);
    return made;
  }

  /** @param {Item} item */
  #drop(item) {
    this.#items = this.#items.filter((it) => it !== item);
    this.#store(this.#stored().filter((it) => it?.id !== item.id));
    const made = this.#promises.get(item);
    this.#promises.delete(item);
    return made;
  }

  /** Whether another page has got rid of what it had left. @param {Item} item */
  #isDoneElsewhere(item) {
    return item.isElsewhere === true && !this.#stored().some((it) => it?.id === item.id);
  }

  /** @param {Item} item */
  #keep({ id, conversation, seq, change }) {
    this.#store([...this.#stored().filter((it) => it?.id !== id), { id, conversation, seq, change }]);
  }

  /** @returns {Item[]} */
  #stored() {
    const stored = this.#storage.read(NAME);
    return Array.isArray(stored) ? stored : [];
  }

  /** @param {Item[]} items */
  #store(items) {
    this.#storage.write(NAME, items.length > 0 ? items : undefined);
  }
}

/** One change under way keeps the order of what happens to a message. @param {Item} item */
const laneOf = ({ conversation, seq }) => `change ${conversation} ${seq}`;

/** @param {Item} item */
const frameOf = ({ id, conversation, seq, change: { action, ...change } }) => ({ action, id, conversation, seq, ...change });

/** @param {Why} why */
const isOfId = ({ reason }) => reason === "id_ahead" || reason === "id_too_old";

/** @param {unknown} data */
export const dataBytes = (data) => (data ? bytesOf(JSON.stringify(data)).length : 0);

/** @param {string} what @param {number} most @returns {Why} */
export const tooLarge = (what, most) => ({ code: "too_large", message: `${what} has more than ${most} bytes` });

/** What other versions have stored may be anything. @param {any} it */
function isItem(it) {
  const isText = [it?.id, it?.conversation].every((text) => typeof text === "string");
  return isText && /^[0-9a-f-]{36}$/.test(it.id) && Number.isSafeInteger(it.seq) && ACTIONS.includes(it.change?.action);
}
