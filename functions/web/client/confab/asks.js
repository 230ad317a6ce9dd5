// What is asked over the connection, again until it is answered; but not for ever.

import { newId } from "./ids.js";
import { failure } from "./text.js";

/** How often a question may remain unanswered by a server that answers others meanwhile. */
const MOST_MISSED = 3;
/** How soon to repeat what may have failed, in ms, at the latest; later each time it fails again. */
const SOON = 1_000;
/** Errors that are not about what was asked. */
const PASSING = ["rate_limited", "unauthorized", "internal"];
/** The longest and the shortest wait that a server can ask for, in ms. */
const [LONGEST, SHORTEST] = [60_000, 100];

/**
 * @typedef {object} Ask
 * @property {string} id which its answer repeats
 * @property {Record<string, any>} frame
 * @property {string} lane of which one is under way at a time, since the second may build on the first
 * @property {number} most
 * @property {(answer: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {boolean} sent
 * @property {boolean} waits whether the server wants it no sooner than it is repeated anyway
 * @property {number} missed
 * @property {number} seen how many answers had come when it was sent
 */

export class Asks {
  /** By id, the oldest first. @type {Map<string, Ask>} */
  #asks = new Map();
  #alarms;
  #line;
  #patience;
  #answers = 0;
  /** How often the server has failed since it last answered. */
  #failures = 0;

  /**
   * @param {import("./alarms.js").Alarms} alarms
   * @param {Pick<import("./line.js").Line, "unfit" | "send" | "check">} line
   * @param {number} patience
   */
  constructor(alarms, line, patience) {
    this.#alarms = alarms;
    this.#line = line;
    this.#patience = patience;
  }

  /**
   * @param {Record<string, any>} frame gets an id unless it has one
   * @param {string} [lane] one of its own if none is named
   * @param {number} [most]
   * @returns {Promise<any>} the answer
   */
  ask(frame, lane, most = MOST_MISSED) {
    return new Promise((resolve, reject) => {
      const { id = newId() } = frame;
      const [sent, waits, missed, seen] = [false, false, 0, 0];
      const ask = { id, frame: { id, ...frame }, lane: lane ?? id, most, resolve, reject, sent, waits, missed, seen };
      this.#asks.set(id, ask);
      const unfit = this.#line.unfit(ask.frame);
      if (unfit) this.#fails(ask, unfit);
      this.flush();
    });
  }

  /** Sends the first of each lane. */
  flush() {
    const busy = new Set();
    for (const ask of this.#all()) {
      if (busy.has(ask.lane)) continue;
      // What was asked before the server named its limits is measured again.
      const unfit = ask.sent ? undefined : this.#line.unfit(ask.frame);
      if (unfit) {
        this.#fails(ask, unfit);
        continue;
      }
      busy.add(ask.lane);
      if (ask.sent || !this.#line.send(ask.frame)) continue;
      [ask.sent, ask.waits, ask.seen] = [true, false, this.#answers];
      this.#alarms.set(ask, this.#patience, () => {
        this.#line.check();
        this.#misses(ask);
        this.flush();
      });
    }
  }

  /** On a new connection nothing is under way. */
  restart() {
    this.#alarms.clear("hurry");
    for (const ask of this.#all()) {
      this.#alarms.clear(ask);
      // If connections are lost again and again as soon as it is said, it is to blame.
      if (ask.sent) this.#misses(ask, 0.5);
    }
    this.flush();
  }

  /**
   * The server has failed, which does not say in what: soon all that is not answered by then is
   * repeated, unless it has to wait.
   */
  hurry() {
    if (this.#alarms.has("hurry")) return;
    const longest = Math.min(this.#patience, SOON * 2 ** this.#failures);
    this.#failures += 1;
    this.#alarms.set("hurry", longest * (0.5 + Math.random() / 2), () => {
      this.#line.check();
      for (const ask of this.#open()) this.#misses(ask);
      this.flush();
    });
  }

  /** The server has answered something. */
  alive() {
    this.#answers += 1;
  }

  /** @param {any} frame @returns {boolean} whether it answers something that was asked, an error too */
  answered(frame) {
    const ask = this.#asks.get(frame.id);
    if (!ask) return false;
    this.alive();
    if (frame.type === "error") this.#refused(ask, frame);
    else this.#fulfilled(ask, frame);
    this.flush();
    return true;
  }

  /** @param {Ask} ask @param {any} answer */
  #fulfilled(ask, answer) {
    this.#failures = 0;
    this.#remove(ask).resolve(answer);
  }

  /** @param {Ask} ask @param {{code: string, message: string, reason?: string, retry_after_ms?: number}} error */
  #refused(ask, error) {
    if (!PASSING.includes(error.code) || ask.lane === "renew") return this.#fails(ask, error);
    const { retry_after_ms: wanted } = error;
    const pause = Number.isFinite(wanted) ? Math.min(LONGEST, Math.max(SHORTEST, Number(wanted))) : this.#patience;
    ask.waits = true;
    this.#alarms.set(ask, pause, () => {
      this.#misses(ask, wanted === undefined ? 1 : 0);
      this.flush();
    });
  }

  /** Nobody needs the answer any more. @param {string} [lane] every lane if none is named */
  drop(lane) {
    const unwanted = this.#all().filter((it) => lane === undefined || it.lane === lane);
    for (const ask of unwanted) {
      this.#remove(ask).reject(new DOMException("not needed any more", "AbortError"));
    }
    this.flush();
  }

  /** What is under way. */
  #open() {
    return this.#all().filter((it) => it.sent && !it.waits);
  }

  #all() {
    return [...this.#asks.values()];
  }

  /**
   * No answer: that counts if the server has answered something else meanwhile.
   * @param {Ask} ask
   * @param {number} [count]
   */
  #misses(ask, count = Number(this.#answers > ask.seen)) {
    ask.sent = false;
    ask.missed += count;
    if (ask.missed < ask.most) return;
    this.#fails(ask, { code: "unanswered", message: "the server does not answer this" });
  }

  /** @param {Ask} ask @param {{code: string, message: string, reason?: string}} why */
  #fails(ask, why) {
    this.#remove(ask).reject(failure(why));
  }

  /** @param {Ask} ask */
  #remove(ask) {
    this.#asks.delete(ask.id);
    this.#alarms.clear(ask);
    return ask;
  }
}
