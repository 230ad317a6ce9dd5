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
 * @property {string} lane of which one is under way at a time, since the second may build on the first
 * @property {Record<string, any>} frame
 * @property {string} answer the type of what answers it
 * @property {number} most
 * @property {(answer: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {boolean} sent
 * @property {boolean} waits whether the server wants it no sooner than it is repeated anyway
 * @property {number} missed
 * @property {number} seen how many answers had come when it was sent
 */

export class Asks {
  /** @type {Ask[]} */
  #asks = [];
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
   * @param {string} lane
   * @param {Record<string, any>} frame
   * @param {string} answer
   * @param {number} [most]
   * @returns {Promise<any>} the answer
   */
  ask(lane, frame, answer, most = MOST_MISSED) {
    return new Promise((resolve, reject) => {
      const [sent, waits, missed, seen] = [false, false, 0, 0];
      const named = { id: newId(), ...frame };
      this.#asks.push({ lane, frame: named, answer, most, resolve, reject, sent, waits, missed, seen });
      const unfit = this.#line.unfit(named);
      if (unfit) this.#fails(this.#asks.length - 1, unfit);
      this.flush();
    });
  }

  /** Sends the first of each lane. */
  flush() {
    const busy = new Set();
    for (const ask of [...this.#asks]) {
      if (busy.has(ask.lane)) continue;
      // What was asked before the server named its limits is measured again.
      const unfit = ask.sent ? undefined : this.#line.unfit(ask.frame);
      if (unfit) {
        this.#fails(this.#asks.indexOf(ask), unfit);
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
    for (const ask of [...this.#asks]) {
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

  /** @param {any} frame @returns {boolean} whether it was asked for */
  answered(frame) {
    const index = this.#asks.findIndex((it) => it.frame.id === frame.id && it.answer === frame.type);
    if (index < 0) return false;
    this.alive();
    this.#failures = 0;
    this.#remove(index).resolve(frame);
    this.flush();
    return true;
  }

  /**
   * @param {{id?: string, code: string, message: string, reason?: string, retry_after_ms?: number}} error
   * @returns {boolean} whether it answers something that was asked
   */
  failed(error) {
    const index = this.#asks.findIndex((it) => it.frame.id === error.id);
    const ask = this.#asks[index];
    if (!ask) return false;
    this.alive();
    if (!PASSING.includes(error.code) || ask.lane === "renew") {
      this.#fails(index, error);
      this.flush();
      return true;
    }
    const { retry_after_ms: wanted } = error;
    const pause = Number.isFinite(wanted) ? Math.min(LONGEST, Math.max(SHORTEST, Number(wanted))) : this.#patience;
    ask.waits = true;
    this.#alarms.set(ask, pause, () => {
      this.#misses(ask, wanted === undefined ? 1 : 0);
      this.flush();
    });
    return true;
  }

  /**
   * The server could not read something, and so cannot say what: the only thing under way, or one
   * of all, which are asked again.
   * @param {{code: string, message: string}} error
   */
  unreadable(error) {
    const open = PASSING.includes(error.code) ? [] : this.#open();
    for (const ask of open) {
      ask.missed += 1;
      if (open.length === 1 || ask.missed >= ask.most) this.#fails(this.#asks.indexOf(ask), error);
    }
    if (open.length === 1) this.flush();
    else this.hurry();
  }

  /** Nobody needs the answer any more. @param {string} [lane] every lane if none is named */
  drop(lane) {
    const unwanted = this.#asks.filter((it) => lane === undefined || it.lane === lane);
    for (const ask of unwanted) {
      this.#remove(this.#asks.indexOf(ask)).reject(new DOMException("not needed any more", "AbortError"));
    }
    this.flush();
  }

  /** What is under way. */
  #open() {
    return this.#asks.filter((it) => it.sent && !it.waits);
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
    this.#fails(this.#asks.indexOf(ask), { code: "unanswered", message: "the server does not answer this" });
  }

  /** @param {number} index @param {{code: string, message: string, reason?: string}} why */
  #fails(index, why) {
    this.#remove(index).reject(failure(why));
  }

  /** @param {number} index */
  #remove(index) {
    const [ask] = this.#asks.splice(index, 1);
    this.#alarms.clear(ask);
    return ask;
  }
}
