// What a message looks like by now: the copy that came, with what happened to it since.

import { sortOf } from "./kinds.js";

/**
 * @typedef {import("./index.js").TextMessage} Copy
 * @typedef {import("./index.js").Quote} Quote
 * @typedef {import("./index.js").Reaction} Reaction
 * @typedef {object} Event what happened to the message `of`
 * @property {"edited" | "deleted" | "reacted" | "pinned"} kind
 * @property {number} seq
 * @property {number} of
 * @property {string} from
 * @property {string} timestamp
 * @property {string} [content]
 * @property {Record<string, unknown>} [data]
 * @property {string[]} [mentions]
 * @property {true} [mentions_everyone]
 * @property {string} [key]
 * @property {boolean} [on]
 * @property {number} [count] unknown of what is one's own and was only acknowledged
 * @property {boolean} [guessed] whether it was made of an ack
 * @typedef {object} Change what one wants to happen to a message; what is absent stays as it is
 * @property {"edit" | "delete" | "react" | "pin"} action
 * @property {string} [content]
 * @property {Record<string, unknown> | null} [data]
 * @property {string[]} [mentions]
 * @property {boolean} [mentions_everyone]
 * @property {string} [key]
 * @property {boolean} [on]
 * @property {string} [timestamp] when one wanted it
 */

/** How many messages of a conversation are held, and of how many it is kept what happened to them. */
const MOST = 10_000;
/** How much of a message a quote has, in characters. */
const QUOTED = 200;
/** Of how many people it is told that they reacted alike. */
const NAMED = 5;

/** One conversation's messages, and what is known to have happened to them; in whatever order it came. */
export class Pictures {
  /** @type {Map<number, Copy>} */
  #copies = new Map();
  /** By the message that they are about, then by their own numbers. @type {Map<number, Map<number, Event>>} */
  #events = new Map();
  /** What they look like. @type {Map<number, Copy>} */
  #pictures = new Map();
  /** Which messages quote one. @type {Map<number, Set<number>>} */
  #quoting = new Map();
  /** Which of them the application has. @type {Set<number>} */
  #shown = new Set();
  /** Which copies were made of an ack. @type {WeakSet<Copy>} */
  #guessed = new WeakSet();
  #me;
  #pending;
  #most;

  /**
   * @param {() => string | undefined} me one's own id
   * @param {(seq: number) => Change[]} [pending] what one has done to a message and is not known to be kept
   * @param {number} [most] how many are held
   */
  constructor(me, pending = () => [], most = MOST) {
    this.#me = me;
    this.#pending = pending;
    this.#most = most;
  }

  /** What a message looks like, if it is held. @param {number} seq @returns {Copy | undefined} */
  of(seq) {
    return this.#pictures.get(seq);
  }

  /** The same for the application, which is told from now on what happens to it. @param {number} seq */
  show(seq) {
    if (this.#copies.has(seq)) this.#shown.add(seq);
    return this.of(seq);
  }

  /** @param {number} seq */
  isShown(seq) {
    return this.#shown.has(seq);
  }

  /**
   * Takes what is in the log; of which other messages than that itself it changes how they look.
   * @param {any} entry
   * @param {boolean} [isGuess] whether it was made of an ack: what the server sends is better
   * @returns {number[]} the messages that look otherwise now
   */
  takes(entry, isGuess = false) {
    const sort = sortOf(entry);
    if (sort === "text") return this.#takesCopy(entry, isGuess);
    if (sort === "event" && isSeq(entry.of) && isSeq(entry.seq)) return this.#takesEvent(entry, isGuess);
    return [];
  }

  /** Draws a message afresh. @param {number} seq @returns {number[]} it, if it looks otherwise now */
  redraws(seq) {
    return this.#draws([seq]);
  }

  /** Whoever skips a part of the log knows no more what happened before it. @param {number} seq the first that is kept */
  drop(seq) {
    for (const held of [...this.#copies.keys()]) if (held < seq) this.#lets(held);
    for (const [of, events] of this.#events) {
      for (const held of events.keys()) if (held < seq) events.delete(held);
      if (events.size === 0) this.#events.delete(of);
    }
  }

  /**
   * What is in the log for a change that the server has kept.
   * @param {Change} change
   * @param {{of: number, seq: number, timestamp: string}} ack
   * @returns {Event}
   */
  event(change, { of, seq, timestamp }) {
    return eventOf(change, this.#folded(of), { of, seq, timestamp, from: this.#me() ?? "" });
  }

  /** What a message that answers another says of it. @param {number} seq @returns {Quote} */
  quote(seq) {
    const copy = this.#copies.get(seq);
    if (!copy) return { seq };
    const { from, content, deleted_at } = /** @type {Copy} */ (this.#folded(seq));
    const revised = Math.max(copy.revised ?? 0, ...(this.#events.get(seq)?.keys() ?? []));
    const known = { seq, from, ...(revised > 0 && { revised }) };
    return deleted_at === undefined ? { ...known, content: beginning(content) } : { ...known, deleted: true };
  }

  /** @param {Copy} copy @param {boolean} isGuess */
  #takesCopy(copy, isGuess) {
    const { seq } = copy;
    const held = this.#copies.get(seq);
    const isBetter = !held || revisionOf(copy) > revisionOf(held) || (this.#guessed.has(held) && !isGuess);
    if (!isBetter) return [];
    const kept = this.#withoutDeleted(copy);
    if (isGuess) this.#guessed.add(kept);
    this.#copies.set(seq, kept);
    if (copy.deleted_at !== undefined) this.#forgets(seq);
    for (const [event, { kind }] of this.#events.get(seq) ?? []) {
      if (event <= revisionOf(copy) && kind !== "deleted") this.#events.get(seq)?.delete(event);
    }
    const original = copy.reply_to?.seq;
    if (original !== undefined) bring(this.#quoting, original, () => new Set()).add(seq);
    this.#limits();
    return this.#draws([seq, ...(this.#quoting.get(seq) ?? [])]);
  }

  /** @param {Event} event @param {boolean} isGuess */
  #takesEvent({ ...event }, isGuess) {
    const { of, seq } = event;
    if (seq <= revisionOf(this.#copies.get(of))) return [];
    const events = bring(this.#events, of, () => new Map());
    const held = events.get(seq);
    if (held && (!held.guessed || isGuess)) return [];
    if (isGuess) event.guessed = true;
    events.set(seq, this.#isDeleted(of) ? bareEvent(event) : event);
    if (event.kind === "deleted") this.#forgets(of);
    this.#limits();
    return this.#draws([of, ...(this.#quoting.get(of) ?? [])]);
  }

  /** Whether it is known that a message was deleted, held or not. @param {number} seq */
  #isDeleted(seq) {
    if (this.#copies.get(seq)?.deleted_at !== undefined) return true;
    return [...(this.#events.get(seq)?.values() ?? [])].some(({ kind }) => kind === "deleted");
  }

  /** Nothing is kept of what a deleted message said, wherever it stands. @param {number} seq */
  #forgets(seq) {
    const copy = this.#copies.get(seq);
    if (copy) this.#replaces(seq, bare(copy));
    const events = this.#events.get(seq);
    for (const [number, event] of events ?? []) events?.set(number, bareEvent(event));
    for (const quoting of this.#quoting.get(seq) ?? []) {
      const answer = this.#copies.get(quoting);
      if (answer) this.#replaces(quoting, this.#withoutDeleted(answer));
    }
  }

  /** @param {number} seq @param {Copy} copy */
  #replaces(seq, copy) {
    const before = this.#copies.get(seq);
    if (before && this.#guessed.has(before)) this.#guessed.add(copy);
    this.#copies.set(seq, copy);
  }

  /** The copy without what was deleted: itself, or what it quotes. @param {Copy} copy @returns {Copy} */
  #withoutDeleted(copy) {
    const { reply_to: quote } = copy;
    if (this.#isDeleted(copy.seq)) return bare(copy);
    return quote && this.#isDeleted(quote.seq) ? { ...copy, reply_to: deletedQuote(quote) } : { ...copy };
  }

  /** @param {Iterable<number>} seqs @returns {number[]} those that look otherwise now */
  #draws(seqs) {
    return [...seqs].filter((seq) => {
      const picture = this.#drawn(seq);
      const before = this.#pictures.get(seq);
      if (picture) this.#pictures.set(seq, picture);
      return picture !== undefined && !isSame(picture, before);
    });
  }

  /** As one wants it, even before the server has kept that. @param {number} seq @returns {Copy | undefined} */
  #drawn(seq) {
    const known = this.#folded(seq);
    const pending = this.#pending(seq);
    if (!known || pending.length === 0) return known;
    const from = this.#me() ?? "";
    const wanted = pending.reduce((it, change) => {
      const { timestamp = it.timestamp } = change;
      return applied(it, eventOf(change, it, { of: seq, seq, timestamp, from }), from);
    }, known);
    return { ...wanted, pending: true };
  }

  /** As it is known to be. @param {number} seq @returns {Copy | undefined} */
  #folded(seq) {
    const copy = this.#copies.get(seq);
    if (!copy) return undefined;
    const picture = this.#since(seq, revisionOf(copy)).reduce((it, event) => applied(it, event, this.#me()), copy);
    return picture.reply_to ? { ...picture, reply_to: this.#quoted(picture.reply_to) } : picture;
  }

  /** What happened to a message after that, in order; that it was deleted is final. @param {number} of @param {number} seq */
  #since(of, seq) {
    const events = [...(this.#events.get(of)?.values() ?? [])];
    return events.filter((event) => event.seq > seq || event.kind === "deleted").sort((a, b) => a.seq - b.seq);
  }

  /** A quote follows its original. @param {Quote} quote @returns {Quote} */
  #quoted(quote) {
    const { seq } = quote;
    const original = this.#copies.get(seq);
    // An answer of one's own may have been said before what it answers came.
    const isNewer = original && (quote.from === undefined || revisionOf(original) > revisionOf(quote));
    const known = isNewer ? quoteOf(original) : quote;
    return this.#since(seq, revisionOf(known)).reduce((it, { kind, content }) => {
      if (it.deleted) return it;
      if (kind === "deleted") return deletedQuote(it);
      return kind === "edited" && content !== undefined ? { ...it, content: beginning(content) } : it;
    }, known);
  }

  /** @param {number} seq */
  #lets(seq) {
    const quoted = this.#copies.get(seq)?.reply_to?.seq;
    if (quoted !== undefined) {
      this.#quoting.get(quoted)?.delete(seq);
      if (this.#quoting.get(quoted)?.size === 0) this.#quoting.delete(quoted);
    }
    for (const held of [this.#copies, this.#pictures, this.#shown]) held.delete(seq);
  }

  /** A program that runs for months forgets what came first. */
  #limits() {
    if (this.#copies.size > this.#most) this.#lets(/** @type {number} */ (this.#copies.keys().next().value));
    if (this.#events.size > this.#most) this.#events.delete(/** @type {number} */ (this.#events.keys().next().value));
  }
}

/**
 * What a message looks like after one more thing that happened to it.
 * @param {Copy} it
 * @param {Event} event
 * @param {string | undefined} me
 * @returns {Copy}
 */
function applied(it, event, me) {
  if (it.deleted_at !== undefined) return it;
  if (event.kind === "edited") return edited(it, event);
  if (event.kind === "reacted") return withReactions(it, reacted(it.reactions ?? [], event, me));
  if (event.kind === "pinned") return pinned(it, event);
  return { ...bare(it), deleted_at: event.timestamp, deleted_by: event.from };
}

/**
 * What a change brings about. What it does not say stays, of a message that is not held nobody can tell that:
 * then its event says nothing.
 * @param {Change} change
 * @param {Copy | undefined} it
 * @param {{of: number, seq: number, timestamp: string, from: string}} stamp
 * @returns {Event}
 */
function eventOf({ action, key, on, timestamp: _, ...change }, it, stamp) {
  if (action === "react") return { kind: "reacted", ...stamp, key, on };
  if (action === "pin") return { kind: "pinned", ...stamp, on };
  if (action === "delete") return { kind: "deleted", ...stamp };
  if (!it) return { kind: "edited", ...stamp };
  // Whom it names is one thing: who says one part of that says all of it.
  const isOfNames = change.mentions !== undefined || change.mentions_everyone !== undefined;
  const { mentions, mentions_everyone } = isOfNames ? change : it;
  const { content = it.content, data = it.data } = change;
  const named = { mentions: mentions?.length ? mentions : undefined, mentions_everyone: mentions_everyone || undefined };
  return { kind: "edited", ...stamp, content, data: data ?? undefined, ...named };
}

/** What is absent from an edit is none; one that was emptied says nothing. @param {Copy} it @param {Event} event @returns {Copy} */
function edited(it, { content, data, mentions, mentions_everyone, timestamp }) {
  if (content === undefined) return it;
  const { data: _, mentions: __, mentions_everyone: ___, ...rest } = it;
  const more = { ...(data && { data }), ...(mentions && { mentions }), ...(mentions_everyone && { mentions_everyone }) };
  return { ...rest, content, ...more, edited_at: timestamp };
}

/** @param {Copy} it @param {Event} event @returns {Copy} */
function pinned({ pinned_at, pinned_by, ...it }, { on, timestamp, from }) {
  return on ? { ...it, pinned_at: timestamp, pinned_by: from } : it;
}

/** @param {Reaction[]} before @param {Event} event @param {string | undefined} me @returns {Reaction[]} */
function reacted(before, { key, on, count, from }, me) {
  if (typeof key !== "string") return before;
  const held = before.find((it) => it.key === key) ?? { key, count: 0, users: [] };
  const after = reaction(held, { on, count, from }, from === me);
  if (!before.includes(held)) return after.count > 0 ? [...before, after] : before;
  return before.map((it) => (it === held ? after : it)).filter((it) => it.count > 0);
}

/**
 * @param {Reaction} before
 * @param {Pick<Event, "on" | "count" | "from">} event
 * @param {boolean} isMine
 * @returns {Reaction}
 */
function reaction({ key, count, users, mine }, { on, count: after, from }, isMine) {
  const others = users.filter((it) => it !== from);
  const named = users.includes(from) ? users : users.length < NAMED ? [...users, from] : users;
  const isMineNow = isMine ? on === true : mine === true;
  // Of what is one's own it is known by how much it changes the number.
  const own = Number(isMineNow) - Number(mine === true);
  return { key, count: after ?? count + own, users: on ? named : others, ...(isMineNow && { mine: true }) };
}

/** @param {Copy} it @param {Reaction[]} reactions @returns {Copy} */
function withReactions({ reactions: _, ...it }, reactions) {
  return reactions.length > 0 ? { ...it, reactions } : it;
}

/** Nothing of what it said. @param {Copy} it @returns {Copy} */
function bare({ data, reply_to, mentions, mentions_everyone, reactions, edited_at, pinned_at, pinned_by, ...it }) {
  return { ...it, content: "" };
}

/** @param {Event} event @returns {Event} */
function bareEvent({ content, data, mentions, mentions_everyone, ...it }) {
  return it;
}

/** @param {Quote} quote @returns {Quote} */
function deletedQuote({ content, ...it }) {
  return { ...it, deleted: true };
}

/** What is quoted of a copy. @param {Copy} copy @returns {Quote} */
function quoteOf({ seq, from, content, revised, deleted_at }) {
  const known = { seq, from, revised };
  return deleted_at === undefined ? { ...known, content: beginning(content) } : { ...known, deleted: true };
}

/** @param {string} content */
const beginning = (content) => (content.length > QUOTED ? [...content].slice(0, QUOTED).join("") : content);

/** @param {{revised?: number} | undefined} copy */
const revisionOf = (copy) => copy?.revised ?? 0;

/**
 * How far it got is told by receipts; which events the server had put into a copy, and how it came, is nothing to see.
 * @param {Copy} one
 * @param {Copy | undefined} other
 */
const isSame = (one, other) => other !== undefined && text(one) === text(other);
/** @param {Copy & {type?: string}} copy */
const text = ({ type, to, room, status, revised, reply_to: quote, ...copy }) => {
  const seen = quote ? { ...copy, reply_to: sorted({ ...quote, revised: undefined }) } : copy;
  return JSON.stringify(sorted(seen));
};
/** @param {object} it */
const sorted = (it) => Object.entries(it).sort(([a], [b]) => (a < b ? -1 : 1));

/** @param {unknown} it */
const isSeq = (it) => Number.isSafeInteger(it) && Number(it) >= 0;

/** @template K, V @param {Map<K, V>} map @param {K} key @param {() => V} make @returns {V} */
function bring(map, key, make) {
  const held = map.get(key) ?? make();
  map.set(key, held);
  return held;
}
