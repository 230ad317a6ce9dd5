// What is asked over the connection, again until it is answered.

import { newId } from "./ids.js";

/**
 * @typedef {object} Ask
 * @property {string} lane of which one is under way at a time: answers do not say what they answer
 * @property {Record<string, any>} frame
 * @property {(answer: any) => boolean} answers
 * @property {(answer: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {boolean} sent
 * @property {boolean} waits whether the server wants it no sooner than it is repeated anyway
 */

export class Asks {
  /** @type {Ask[]} */
  #asks = [];
  #alarms;
  #line;
  #patience;

  /**
   * @param {import("./alarms.js").Alarms} alarms
   * @param {Pick<import("./line.js").Line, "takes" | "send" | "check">} line
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
   * @param {(answer: any) => boolean} answers
   * @returns {Promise<any>} the answer
   */
  ask(lane, frame, answers) {
    return new Promise((resolve, reject) => {
      const named = { ...frame, id: newId() };
      if (!this.#line.takes(named)) {
        reject(Object.assign(new Error("this is more than the server takes"), { code: "too_large" }));
        return;
      }
      this.#asks.push({ lane, frame: named, answers, resolve, reject, sent: false, waits: false });
      this.flush();
    });
  }

  /** Sends the first of each lane. */
  flush() {
    const busy = new Set();
    for (const ask of this.#asks) {
      if (!busy.has(ask.lane) && !ask.sent) {
        if (!this.#line.send(ask.frame)) return;
        [ask.sent, ask.waits] = [true, false];
        this.#again(ask, this.#patience, () => this.#line.check());
      }
      busy.add(ask.lane);
    }
  }

  /** On a new connection nothing is under way. */
  restart() {
    for (const ask of this.#asks) {
      ask.sent = false;
      this.#alarms.clear(ask);
    }
    this.flush();
  }

  /** Repeats what is not answered yet, unless it has to wait. */
  hurry() {
    for (const ask of this.#asks) if (!ask.waits) ask.sent = false;
    this.flush();
  }

  /** @param {any} frame @returns {boolean} whether it was asked for */
  answered(frame) {
    const ask = this.#asks.find((it) => it.sent && it.answers(frame));
    if (ask) this.#done(ask).resolve(frame);
    return ask !== undefined;
  }

  /** @param {{id?: string, code: string, message: string, retry_after_ms?: number}} error */
  failed(error) {
    const ask = this.#asks.find((it) => it.frame.id === error.id);
    if (!ask) return false;
    const isPassing = error.code === "unauthorized" && ask.lane !== "renew";
    if (!isPassing && error.retry_after_ms === undefined) {
      this.#done(ask).reject(Object.assign(new Error(error.message), { code: error.code }));
      return true;
    }
    ask.waits = true;
    this.#again(ask, error.retry_after_ms ?? this.#patience);
    return true;
  }

  /** Nobody needs the answer any more. @param {string} [lane] every lane if none is named */
  drop(lane) {
    for (const ask of this.#asks.filter((it) => lane === undefined || it.lane === lane)) {
      this.#done(ask).reject(new DOMException("not needed any more", "AbortError"));
    }
  }

  /** @param {Ask} ask @param {number} delay @param {() => void} [late] */
  #again(ask, delay, late) {
    this.#alarms.set(ask, delay, () => {
      ask.sent = false;
      late?.();
      this.flush();
    });
  }

  /** @param {Ask} ask */
  #done(ask) {
    this.#alarms.clear(ask);
    this.#asks = this.#asks.filter((it) => it !== ask);
    this.flush();
    return ask;
  }
}
