// What was said, in order: each message of a conversation once, none left out; and how it looks by now.

import { isShown, sortOf } from "./kinds.js";
import { Pictures } from "./picture.js";
import { isWellFormed } from "./text.js";

/**
 * How long a message may overtake the one before it until that counts as missing, in ms: what its sender
 * delivers and what the table's stream brings may cross.
 */
const OVERTAKING = 300;
/** How long to wait at most before something is asked again that brought nothing, in ms. */
const LONGEST = 10_000;

/**
 * @typedef {import("./index.js").Message} Message
 * @typedef {object} Log
 * @property {number | undefined} mark the last message shown; 0 to begin where the log does
 * @property {Map<number, Message>} beyond what came and cannot be shown yet; of text only that it did
 * @property {number} upto the last message that is known to exist
 * @property {boolean} stale whether to ask what came after the mark
 * @property {boolean} broken whether the server says that something after the mark is gone
 * @property {boolean} closed whether one has no part in it any more
 * @property {boolean} shown whether anything was shown since the program began
 * @property {number} vain how often it was asked in vain
 * @property {Pictures} pictures
 * @property {{from: number, upto: number}} page the last page of history that the application was given
 */

export class Conversations {
  /** @type {Map<string, Log>} */
  #logs = new Map();
  #storage;
  #timers;
  #on;

  /**
   * @param {import("./storage.js").Storage} storage
   * @param {import("./timers.js").Timers} timers
   * @param {{
   *   user(): string | undefined,
   *   pending(conversation: string, seq: number): import("./picture.js").Change[],
   *   message(it: Message): void,
   *   changed(it: import("./index.js").TextMessage): void,
   *   gap(it: object): void,
   *   skipped(it: object): void,
   *   stale(): void,
   * }} on
   */
  constructor(storage, timers, on) {
    this.#storage = storage;
    this.#timers = timers;
    this.#on = on;
  }

  /** Goes on where an earlier page ended. */
  restore() {
    for (const [conversation, mark] of Object.entries(this.#storage.read("marks") ?? {})) {
      // What another version has stored may be what the server would never understand.
      if (!isWellFormed(conversation) || !isSeq(mark)) continue;
      const log = this.#log(conversation);
      log.mark ??= mark;
      this.#shows(conversation, log);
    }
    for (const [conversation, { mark }] of this.#logs) if (mark !== undefined) this.#keep(conversation, mark);
  }

  /** @param {string} conversation */
  mark(conversation) {
    return this.#logs.get(conversation)?.mark;
  }

  /** Whatever is shown next comes after `seq`. @param {string} conversation @param {number} seq */
  follow(conversation, seq) {
    if (!isWellFormed(conversation) || !isSeq(seq)) throw new TypeError("a conversation and a number are followed");
    const log = this.#log(conversation);
    log.closed = false;
    // What was shown is not shown again; where an earlier page ended is no reason to leave any out.
    if (log.mark !== undefined && log.shown && seq <= log.mark) return;
    // Of what happened between the two to what was shown before, nothing will be heard.
    const known = log.page.upto === seq ? log.page.from : seq + 1;
    if (log.mark !== undefined && known > log.mark + 1) log.pictures.drop(known);
    log.mark = seq;
    for (const held of log.beyond.keys()) if (held <= seq) log.beyond.delete(held);
    this.#keep(conversation, seq);
    this.#shows(conversation, log);
    this.#ask(log);
  }

  /**
   * @param {Message[]} messages of one conversation
   * @param {boolean} [isGuess] whether they were made of an ack
   */
  accept(messages, isGuess = false) {
    const { conversation } = messages?.[0] ?? {};
    if (conversation === undefined || !messages.every(({ seq }) => isSeq(seq))) return;
    const log = this.#log(conversation);
    log.closed = false;
    for (const message of messages) {
      this.#takes(log, message, isGuess);
      if (message.seq > (log.mark ?? 0)) log.beyond.set(message.seq, bare(message));
      log.upto = Math.max(log.upto, message.seq);
    }
    this.#shows(conversation, log);
    this.#waits(conversation, log);
  }

  /**
   * What the application is given by itself is held from then on.
   * @param {Message[]} messages of one conversation, without a hole if it is a page
   * @param {boolean} [isPage]
   * @returns {Message[]} how they look, without what is not shown
   */
  gives(messages, isPage = false) {
    const { conversation } = messages[0] ?? {};
    if (conversation === undefined || !messages.every(({ seq }) => isSeq(seq))) return messages.filter(isShown);
    const log = this.#log(conversation);
    for (const message of messages) this.#takes(log, message);
    if (isPage) log.page = { from: messages[0].seq, upto: Number(messages.at(-1)?.seq) };
    return messages.filter(isShown).map((message) => this.#shown(log, message) ?? message);
  }

  /** How a message looks by now, if it is held. @param {string} conversation @param {number} seq */
  picture(conversation, seq) {
    return this.#logs.get(conversation)?.pictures.of(seq);
  }

  /** What one wants of a message has changed. @param {string} conversation @param {number} seq */
  redraws(conversation, seq) {
    const log = this.#logs.get(conversation);
    if (log) this.#tellsOf(log, log.pictures.redraws(seq));
  }

  /** What an answer to a message says of it. @param {string} conversation @param {number} seq */
  quote(conversation, seq) {
    return this.#log(conversation).pictures.quote(seq);
  }

  /**
   * A change that the server has kept; what was so already has no number of its own, but that of its message.
   * @param {import("./picture.js").Change} change
   * @param {{id: string, conversation: string, of: number, seq: number, timestamp: string}} ack
   */
  keeps(change, { id, conversation, of, seq, timestamp }) {
    if (!isSeq(seq) || !isSeq(of) || seq <= of) return;
    const event = this.#log(conversation).pictures.event(change, { of, seq, timestamp });
    this.accept([/** @type {any} */ ({ id, conversation, ...event })], true);
  }

  /** More was said before these than comes: unless it is here, it goes on with them. @param {Message[]} messages */
  skip(messages) {
    const [first] = messages;
    if (first === undefined || !isSeq(first.seq) || first.seq < 1) return;
    const log = this.#log(first.conversation);
    const mark = log.mark ?? 0;
    if (first.seq <= mark + 1) return;
    for (const held of log.beyond.keys()) if (held < first.seq) log.beyond.delete(held);
    log.pictures.drop(first.seq);
    [log.mark, log.broken] = [first.seq - 1, false];
    this.#keep(first.conversation, log.mark);
    this.#on.skipped({ conversation: first.conversation, upto: log.mark });
  }

  /** One has left, or was put out. @param {string} conversation */
  close(conversation) {
    this.#log(conversation).closed = true;
  }

  /** There is no such conversation any more. @param {string} conversation */
  forget(conversation) {
    this.#logs.delete(conversation);
    this.#timers.clear(`log ${conversation}`);
    const { [conversation]: _, ...others } = this.#storage.read("marks") ?? {};
    this.#storage.write("marks", others);
  }

  /** Without a connection anything may be missed. @param {Iterable<string>} [names] all if none are named */
  doubt(names = this.#logs.keys()) {
    for (const name of names) {
      const log = this.#log(name);
      log.stale = log.mark !== undefined;
    }
  }

  /** Whether something is missing, which is asked for then. @param {string} conversation @param {number} seq */
  isBehind(conversation, seq) {
    const log = this.#log(conversation);
    if (log.mark === undefined || seq <= log.mark) return false;
    [log.upto, log.stale, log.closed] = [Math.max(log.upto, seq), true, false];
    return true;
  }

  /** Begins with the first of these, unless it has begun. @param {string} conversation @param {Message[]} messages */
  begin(conversation, messages) {
    const log = this.#log(conversation);
    if (log.mark === undefined && messages.length > 0) log.mark = messages[0].seq - 1;
    this.accept(messages);
  }

  /**
   * What to `sync`; it does not count as stale any more.
   * @param {number} most
   * @returns {Record<string, number> | undefined}
   */
  since(most) {
    const stale = [...this.#logs].filter(([, it]) => it.stale && !it.closed && !needsPage(it)).slice(0, most);
    for (const [, log] of stale) log.stale = false;
    if (stale.length === 0) return undefined;
    return Object.fromEntries(stale.map(([name, log]) => [name, log.mark ?? 0]));
  }

  /** A conversation of which only a page of its history tells where it goes on. */
  unclear() {
    const [found] = [...this.#logs].find(([, it]) => it.stale && !it.closed && needsPage(it)) ?? [];
    if (found !== undefined) this.#log(found).stale = false;
    return found;
  }

  /**
   * How far a `sync` got; its messages may come later than this.
   * @param {Record<string, {upto: number, complete: boolean, more: boolean, error?: string}>} conversations
   * @returns {{conversation: string, code: string}[]} what is not one's to sync
   */
  synced(conversations) {
    const refused = [];
    for (const [conversation, { upto, complete, more, error }] of Object.entries(conversations)) {
      const log = this.#logs.get(conversation);
      if (!log) continue;
      const mark = log.mark ?? 0;
      if (error) {
        log.closed = true;
        refused.push({ conversation, code: error });
      } else if (!complete && (more || upto > mark)) {
        log.broken = true;
        this.#ask(log);
      } else if (more && log.vain === 0 && upto <= mark) {
        // What was pushed is here already: on with it.
        log.vain = 1;
        this.#ask(log);
      } else {
        log.upto = Math.max(log.upto, upto);
        log.vain = more || log.upto > mark ? log.vain + 1 : 0;
        this.#waits(conversation, log, more);
      }
    }
    return refused;
  }

  /**
   * The page of history right after the mark, which shows where the log begins or goes on.
   * @param {string} conversation
   * @param {{messages: Message[], after: number | null}} page
   */
  page(conversation, { messages, after }) {
    const log = this.#log(conversation);
    const before = log.mark ?? 0;
    log.broken = false;
    const isSound = messages.every(({ seq }) => isSeq(seq));
    if (messages.length === 0 && after !== null && isSound) this.#skips(conversation, log, after);
    for (const message of isSound ? messages : []) {
      this.#takes(log, message);
      if (message.seq <= (log.mark ?? 0)) continue;
      this.#skips(conversation, log, message.seq - 1);
      log.beyond.set(message.seq, bare(message));
      this.#shows(conversation, log);
    }
    // Only a page that leads further is followed by another.
    if (after !== null && after > before) this.#ask(log);
    else log.upto = Math.max(log.mark ?? 0, ...log.beyond.keys());
    this.#waits(conversation, log);
  }

  /** Nothing up to there is left. @param {string} conversation @param {Log} log @param {number} upto */
  #skips(conversation, log, upto) {
    if (log.mark && upto > log.mark) this.#on.gap({ conversation, from: log.mark + 1, upto });
    log.mark = Math.max(log.mark ?? 0, upto);
  }

  /** @param {string} conversation @param {Log} log */
  #shows(conversation, log) {
    const before = log.mark;
    while (log.mark) {
      const message = log.beyond.get(log.mark + 1);
      if (!message) break;
      log.beyond.delete(message.seq);
      [log.mark, log.shown, log.vain] = [message.seq, true, 0];
      const shown = this.#shown(log, message);
      if (shown) this.#on.message(shown);
    }
    if (log.mark !== before) this.#keep(conversation, /** @type {number} */ (log.mark));
  }

  /** How it is to be shown, now that it is. @param {Log} log @param {Message} message @returns {Message | undefined} */
  #shown(log, message) {
    if (sortOf(message) !== "text") return message;
    return log.pictures.show(message.seq);
  }

  /** @param {Log} log @param {Message} message @param {boolean} [isGuess] */
  #takes(log, message, isGuess) {
    this.#tellsOf(log, log.pictures.takes(message, isGuess));
  }

  /** @param {Log} log @param {number[]} changed */
  #tellsOf(log, changed) {
    for (const seq of changed) {
      const picture = log.pictures.of(seq);
      if (picture && log.pictures.isShown(seq)) this.#on.changed(picture);
    }
  }

  /** What was overtaken may be about to come. @param {string} conversation @param {Log} log @param {boolean} [more] */
  #waits(conversation, log, more = false) {
    const name = `log ${conversation}`;
    const isMissing = () => more || log.upto > (log.mark ?? 0);
    if (!isMissing() || this.#timers.has(name)) return;
    const pause = Math.min(LONGEST, OVERTAKING * 2 ** Math.max(0, log.vain - 1));
    this.#timers.set(name, pause, () => {
      if (log.mark === undefined && log.beyond.size > 0) {
        // Nobody said where to begin: with the first that came.
        log.mark = Math.min(...log.beyond.keys()) - 1;
        this.#shows(conversation, log);
      }
      if (isMissing()) this.#ask(log);
    });
  }

  /** @param {Log} log */
  #ask(log) {
    log.stale = true;
    this.#on.stale();
  }

  /** Other tabs keep their marks beside it. @param {string} conversation @param {number} mark */
  #keep(conversation, mark) {
    this.#storage.write("marks", { ...this.#storage.read("marks"), [conversation]: mark });
  }

  /** @param {string} conversation */
  #log(conversation) {
    let log = this.#logs.get(conversation);
    if (!log) {
      const [stale, broken, closed, shown] = [false, false, false, false];
      const pictures = new Pictures(this.#on.user, (seq) => this.#on.pending(conversation, seq));
      const page = { from: 0, upto: 0 };
      log = { mark: undefined, beyond: new Map(), upto: 0, stale, broken, closed, shown, vain: 0, pictures, page };
      this.#logs.set(conversation, log);
    }
    return log;
  }
}

/** @param {Log} log */
const needsPage = (log) => log.mark === 0 || log.broken;

/** @param {unknown} it */
const isSeq = (it) => Number.isSafeInteger(it) && Number(it) >= 0;

/** What is in the pictures is not kept twice: it may be deleted there. @param {Message} message */
const bare = (message) => {
  if (sortOf(message) === "notice") return message;
  const { kind, id, conversation, seq, from } = message;
  return /** @type {Message} */ ({ kind, id, conversation, seq, from });
};
