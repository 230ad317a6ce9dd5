// What is to be said: sent one by one in each conversation, again under the same id until it is kept.

import { dataBytes, tooLarge } from "./changes.js";
import { deferred } from "./deferred.js";
import { addressOf, isConversationOf, newId, stamped, timeOf } from "./ids.js";
import { ILL_FORMED, bytesOf, failure, isWellFormed } from "./text.js";

/**
 * @typedef {import("./index.js").Address} Address
 * @typedef {{code: string, message: string, reason?: string}} Why
 * @typedef {object} Item
 * @property {string} id
 * @property {string} [was] the id before the server refused that
 * @property {Address} address
 * @property {string} [conversation]
 * @property {string} content
 * @property {number} [replyTo]
 * @property {string[]} [mentions]
 * @property {boolean} [mentionsEveryone]
 * @property {Record<string, unknown>} [data]
 * @property {"queued" | "sending" | "sent" | "refused"} state "sent" until it is shown
 * @property {boolean} [tried] whether the server may have heard of it
 * @property {number} [seq]
 * @property {string} [code] why it was refused
 * @property {string} [message]
 * @property {string} [reason]
 */

/** How often a message may remain unanswered by a server that answers others meanwhile. */
const MOST_MISSED = 10;
/** After how long an id that the server took for one of the future is looked at again, in ms. */
const SOON = 1_000;
/** How often that may happen to a message. */
const MOST_IDS = 5;
/** How much the clocks of servers may differ, in ms. */
const SKEW = 10_000;
/** How old an id is that a server may be unable to find, in ms. */
const OLD = 24 * 3_600_000;
/** Pages that give a message another id within this time give it the same, in ms. */
const ALIKE = 0x10000;

export class Outbox {
  /** @type {Item[]} */
  #items = [];
  /** @type {Map<Item, ReturnType<typeof deferred>>} */
  #promises = new Map();
  /** What is under way, or to be first, by lane. @type {Map<string, {item: Item}>} */
  #busy = new Map();
  /** What was stored by other pages. @type {WeakSet<Item>} */
  #adopted = new WeakSet();
  /** How often ids were refused. @type {WeakMap<Item, number>} */
  #ids = new WeakMap();
  #storage;
  #timers;
  #connection;
  #requests;
  #clock;
  #on;
  /** Whose outbox it is; known whenever there is a connection. */
  user = "";
  /** Known as soon as there has been a connection. @type {Partial<import("./index.js").Limits>} */
  limits = {};

  /**
   * @param {{
   *   storage: import("./storage.js").Storage,
   *   timers: import("./timers.js").Timers,
   *   connection: Pick<import("./connection.js").Connection, "unfit" | "check" | "state">,
   *   requests: import("./requests.js").Requests,
   *   clock: import("./clock.js").Clock,
   * }} parts
   * @param {{changed(): void, refused(why: Why & {id: string}): void, dropped(why: Why): void}} on
   */
  constructor({ storage, timers, connection, requests, clock }, on) {
    this.#storage = storage;
    this.#timers = timers;
    this.#connection = connection;
    this.#requests = requests;
    this.#clock = clock;
    this.#on = on;
  }

  /** @returns {import("./index.js").Unsent[]} oldest first */
  get items() {
    return this.#items.map(({ tried, was, ...item }) => item);
  }

  /**
   * @param {Address} address
   * @param {string} content
   * @param {string} [conversation]
   * @param {import("./index.js").Beside} [beside]
   */
  add(address, content, conversation, beside) {
    /** @type {Item} */
    const item = { id: newId(this.#clock.now()), address, conversation, content, ...beside, state: "queued" };
    this.#items.push(item);
    return this.#queue(item);
  }

  /** Takes over what earlier pages have not got rid of. */
  adopt() {
    const stored = this.#stored();
    const sound = stored.filter(isItem);
    if (sound.length < stored.length) {
      this.#store(sound);
      this.#on.dropped({ code: "bad_request", message: "something unsent that nobody can read was dropped" });
    }
    const known = new Set(this.#items.map((item) => item.id));
    const left = sound.filter(({ id, was }) => !known.has(id) && !known.has(String(was)));
    if (left.length === 0) return;
    for (const item of left) {
      this.#adopted.add(item);
      if (item.state !== "refused") item.state = "queued";
    }
    this.#items = [...left, ...this.#items];
    this.#on.changed();
    this.flush();
  }

  /** What is only in memory because nobody knew yet whose it is. */
  keepAll() {
    for (const item of this.#items) this.#keep(item);
  }

  /** @param {string} id */
  discard(id) {
    const item = this.#find(id);
    if (!item) return;
    this.#removed(item).reject(new DOMException("discarded", "AbortError"));
    this.flush();
  }

  /** @param {string} id one that was refused */
  retry(id) {
    const item = this.#find(id);
    if (item?.state !== "refused") return undefined;
    // The server would refuse that id for ever; who has looked at the message decides.
    if (item.reason?.startsWith("id_")) this.#rename(item);
    Object.assign(item, { state: "queued", code: undefined, message: undefined, reason: undefined });
    return this.#queue(item);
  }

  /** Sends whatever nothing stands in the way of. */
  flush() {
    for (const item of [...this.#items]) {
      const lane = laneOf(item);
      if (this.#busy.has(lane) || item.state !== "queued") continue;
      const unfit = this.#unfit(item);
      if (this.#isElsewhere(item)) this.#removed(item).reject(new DOMException("not this page's", "AbortError"));
      else if (unfit) this.#refuse(item, unfit);
      else if (this.#connection.state === "online") this.#send(item, lane);
      else return;
    }
  }

  /** @param {{id: string, conversation: string, seq: number}} ack @returns {Item | undefined} */
  acked(ack) {
    const item = this.#find(ack.id);
    if (item && item.state !== "sent") {
      this.#free(item);
      Object.assign(item, { state: "sent", conversation: ack.conversation, seq: ack.seq });
      this.#forget(item.id);
      this.#settle(item)?.resolve(ack);
    }
    return item;
  }

  /** What was given up and is in the log all the same. @param {string} id */
  found(id) {
    if (this.#find(id)?.state === "refused") this.discard(id);
  }

  /** Nobody can say anything there any more. @param {string} conversation @param {Why} why */
  fail(conversation, why) {
    for (const item of this.#items) {
      if (item.conversation === conversation && ["queued", "sending"].includes(item.state)) this.#refuse(item, why);
    }
  }

  /** What is shown as a message need not be shown as unsent. @param {(conversation: string) => number} mark */
  clear(mark) {
    const left = this.#items.filter((it) => it.state !== "sent" || Number(it.seq) > mark(String(it.conversation)));
    if (left.length === this.#items.length) return;
    this.#items = left;
    this.#on.changed();
  }

  /** @param {Item} item */
  #queue(item) {
    const made = deferred();
    this.#promises.set(item, made);
    this.#keep(item);
    this.#on.changed();
    const unfit = this.#unfit(item);
    if (unfit) this.#refuse(item, unfit);
    this.flush();
    const { tried, was, ...shown } = item;
    return { ...shown, sent: made.promise };
  }

  /** @param {Item} item @param {string} lane */
  #send(item, lane) {
    const isFirst = !item.tried;
    [item.state, item.tried] = ["sending", true];
    if (isFirst) this.#keep(item);
    const way = { item };
    this.#busy.set(lane, way);
    this.#requests.ask(frameOf(item, this.user), `send ${lane}`, MOST_MISSED).catch((error) => {
      if (this.#busy.get(lane) !== way) return;
      this.#free(item);
      item.state = "queued";
      if (error.name === "AbortError") return;
      error.reason ??= this.#reasonOf(error, item);
      // Whether it was kept is not known if it was sent before.
      const isUnknown = error.reason === "id_ahead" || (error.reason === "id_too_old" && isFirst);
      if (isUnknown && this.#mayWait(item)) this.#waits(item, lane);
      else this.#refuse(item, error);
      this.flush();
    });
  }

  /** What a server that says no more may have against an id. @param {Why} why @param {Item} item */
  #reasonOf({ code }, { id }) {
    const ahead = timeOf(id) - this.#clock.now();
    if (code !== "bad_request" || Math.abs(ahead) < this.#mostAhead) return undefined;
    return ahead > 0 ? "id_ahead" : ahead < -OLD ? "id_too_old" : undefined;
  }

  get #mostAhead() {
    return this.limits.id_ahead_ms ?? 120_000;
  }

  /** @param {Item} item */
  #mayWait(item) {
    const times = (this.#ids.get(item) ?? 0) + 1;
    this.#ids.set(item, times);
    return times <= MOST_IDS;
  }

  /**
   * An id of the near future is one of now soon; one of a far future no server can have taken.
   * @param {Item} item
   * @param {string} lane
   */
  #waits(item, lane) {
    this.#connection.check();
    this.#busy.set(lane, { item });
    this.#timers.set(item, SOON, () => {
      this.#free(item);
      const ahead = timeOf(item.id) - this.#clock.now();
      if (ahead < 0 || ahead > this.#mostAhead + SKEW) this.#rename(item);
      this.flush();
    });
  }

  /** Another id, the same as other pages that have this message would give it. @param {Item} item */
  #rename(item) {
    const stored = this.#stored();
    const before = item.id;
    const known = stored.find((it) => it.was === before);
    const now = this.#clock.now();
    item.id = known?.id ?? stamped(before, now - (now % ALIKE));
    [item.was, item.tried] = [before, known !== undefined];
    this.#keep(item);
    this.#on.changed();
  }

  /** Whether another page has sent or discarded what it had left. @param {Item} item */
  #isElsewhere(item) {
    return this.#adopted.has(item) && !this.#stored().some((it) => [it?.id, it?.was].includes(item.id));
  }

  /** Why the server would not take it. @param {Item} item @returns {Why | undefined} */
  #unfit(item) {
    const { address, content } = item;
    const { conversation } = /** @type {{conversation?: string}} */ (address);
    if (!isWellFormed(content)) return ILL_FORMED;
    if (conversation !== undefined && this.user && !isConversationOf(conversation, this.user)) {
      return { code: "forbidden", reason: "not_yours", message: "this is no conversation of yours" };
    }
    const most = this.limits.content_bytes ?? Infinity;
    if (bytesOf(content).length > most) return tooLarge("the message", most);
    const mostData = this.limits.data_bytes ?? Infinity;
    if (dataBytes(item.data) > mostData) return tooLarge("the data", mostData);
    return this.#connection.unfit(frameOf(item, this.user));
  }

  /** @param {Item} item @param {Why} why */
  #refuse(item, { code, message, reason }) {
    const { id } = item;
    this.#free(item);
    Object.assign(item, { state: "refused", code, message, reason });
    this.#keep(item);
    this.#settle(item)?.reject(Object.assign(failure({ code, message, reason }), { id }));
    this.#on.refused({ id, code, message, reason });
    this.#on.changed();
  }

  /** Nothing of it is under way any more. @param {Item} item */
  #free(item) {
    this.#timers.clear(item);
    for (const [lane, busy] of this.#busy) {
      if (busy.item !== item) continue;
      this.#busy.delete(lane);
      this.#requests.drop(`send ${lane}`);
    }
  }

  /** @param {string} id as it is, or was */
  #find(id) {
    return this.#items.find((item) => item.id === id) ?? this.#items.find((item) => item.was && item.was === id);
  }

  /** @param {Item} item */
  #removed(item) {
    item.state = "refused";
    this.#free(item);
    this.#items = this.#items.filter((it) => it !== item);
    this.#forget(item.id);
    this.#on.changed();
    return this.#settle(item) ?? deferred();
  }

  /** In its place, from which other pages send it; they keep theirs beside it. @param {Item} item */
  #keep(item) {
    const state = item.state === "refused" ? item.state : "queued";
    const isIt = (/** @type {any} */ it) => [item.id, item.was ?? item.id].includes(it?.id);
    const stored = this.#stored();
    const place = stored.findIndex(isIt);
    const others = stored.filter((it) => !isIt(it));
    others.splice(place < 0 ? others.length : place, 0, { ...item, state });
    this.#store(others);
  }

  /** @param {string} id */
  #forget(id) {
    this.#store(this.#stored().filter((it) => it?.id !== id));
  }

  /** @returns {Item[]} */
  #stored() {
    const stored = this.#storage.read("outbox");
    return Array.isArray(stored) ? stored : [];
  }

  /** @param {Item[]} items */
  #store(items) {
    this.#storage.write("outbox", items.length > 0 ? items : undefined);
  }

  /** @param {Item} item */
  #settle(item) {
    const made = this.#promises.get(item);
    this.#promises.delete(item);
    return made;
  }
}

/** One send in flight keeps the order of what is said there. @param {Item} item */
const laneOf = (item) => item.conversation ?? JSON.stringify(item.address);

/** @param {Item} item @param {string} user "" as long as nobody knows it: then it is only measured */
function frameOf({ id, address, content, ...item }, user) {
  const { conversation } = /** @type {{conversation?: string}} */ (address);
  const known = conversation !== undefined && user ? addressOf(conversation, user) : address;
  const { to, room = conversation, broadcast } = /** @type {any} */ (known);
  if (broadcast) return { action: "broadcast", id, content, ...wired(item) };
  return { action: "message", id, to, room: to === undefined ? room : undefined, content, ...wired(item) };
}

/**
 * What is said beside the text, as it travels.
 * @param {import("./index.js").Beside} beside
 */
export function wired({ replyTo, mentions, mentionsEveryone, data }) {
  return { reply_to: replyTo, mentions, mentions_everyone: mentionsEveryone, data };
}

/** What other versions have stored may be anything. @param {any} it */
function isItem(it) {
  const { to, room, conversation, broadcast } = it?.address ?? {};
  const where = to ?? room ?? conversation ?? broadcast;
  const isText = [it?.id, it?.content].every((text) => typeof text === "string");
  return isText && /^[0-9a-f-]{36}$/.test(it.id) && (typeof where === "string" || where === true);
}
