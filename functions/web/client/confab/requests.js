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
 * @typedef {object} Request
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

export class Requests {
  /** By id, the oldest first. @type {Map<string, Request>} */
  #requests = new Map();
  #timers;
  #connection;
  #patience;
  #answers = 0;
  /** How often the server has failed since it last answered. */
  #failures = 0;

  /**
   * @param {import("./timers.js").Timers} timers
   * @param {Pick<import("./connection.js").Connection, "unfit" | "send" | "check">} connection
   * @param {number} patience
   */
  constructor(timers, connection, patience) {
    this.#timers = timers;
    this.#connection = connection;
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
      const named = { id, frame: { id, ...frame }, lane: lane ?? id };
      const request = { ...named, most, resolve, reject, sent, waits, missed, seen };
      this.#requests.set(id, request);
      const unfit = this.#connection.unfit(request.frame);
      if (unfit) this.#fails(request, unfit);
      this.flush();
    });
  }

  /** Sends the first of each lane. */
  flush() {
    const busy = new Set();
    for (const request of this.#all()) {
      if (busy.has(request.lane)) continue;
      // What was asked before the server named its limits is measured again.
      const unfit = request.sent ? undefined : this.#connection.unfit(request.frame);
      if (unfit) {
        this.#fails(request, unfit);
        continue;
      }
      busy.add(request.lane);
      if (request.sent || !this.#connection.send(request.frame)) continue;
      [request.sent, request.waits, request.seen] = [true, false, this.#answers];
      this.#timers.set(request, this.#patience, () => {
        this.#connection.check();
        this.#misses(request);
        this.flush();
      });
    }
  }

  /** On a new connection nothing is under way. */
  restart() {
    this.#timers.clear("hurry");
    for (const request of this.#all()) {
      this.#timers.clear(request);
      // If connections are lost again and again as soon as it is said, it is to blame.
      if (request.sent) this.#misses(request, 0.5);
    }
    // The token was for the connection before this one.
    this.drop("renew");
  }

  /**
   * The server has failed, which does not say in what: soon all that is not answered by then is
   * repeated, unless it has to wait.
   */
  hurry() {
    if (this.#timers.has("hurry")) return;
    const longest = Math.min(this.#patience, SOON * 2 ** this.#failures);
    this.#failures += 1;
    this.#timers.set("hurry", longest * (0.5 + Math.random() / 2), () => {
      this.#connection.check();
      for (const request of this.#open()) this.#misses(request);
      this.flush();
    });
  }

  /** The server has answered something. */
  alive() {
    this.#answers += 1;
  }

  /** @param {any} frame @returns {boolean} whether it answers something that was asked, an error too */
  answered(frame) {
    const request = this.#requests.get(frame.id);
    if (!request) return false;
    this.alive();
    if (frame.type === "error") this.#refused(request, frame);
    else this.#fulfilled(request, frame);
    this.flush();
    return true;
  }

  /** @param {Request} request @param {any} answer */
  #fulfilled(request, answer) {
    this.#failures = 0;
    this.#remove(request).resolve(answer);
  }

  /**
   * @param {Request} request
   * @param {{code: string, message: string, reason?: string, retry_after_ms?: number}} error
   */
  #refused(request, error) {
    if (!PASSING.includes(error.code) || request.lane === "renew") return this.#fails(request, error);
    const { retry_after_ms: wanted } = error;
    const pause = Number.isFinite(wanted) ? Math.min(LONGEST, Math.max(SHORTEST, Number(wanted))) : this.#patience;
    request.waits = true;
    this.#timers.set(request, pause, () => {
      this.#misses(request, wanted === undefined ? 1 : 0);
      this.flush();
    });
  }

  /** Nobody needs the answer any more. @param {string} [lane] every lane if none is named */
  drop(lane) {
    const unwanted = this.#all().filter((it) => lane === undefined || it.lane === lane);
    for (const request of unwanted) {
      this.#remove(request).reject(new DOMException("not needed any more", "AbortError"));
    }
    this.flush();
  }

  /** What is under way. */
  #open() {
    return this.#all().filter((it) => it.sent && !it.waits);
  }

  #all() {
    return [...this.#requests.values()];
  }

  /**
   * No answer: that counts if the server has answered something else meanwhile.
   * @param {Request} request
   * @param {number} [count]
   */
  #misses(request, count = Number(this.#answers > request.seen)) {
    request.sent = false;
    request.missed += count;
    if (request.missed < request.most) return;
    this.#fails(request, { code: "unanswered", message: "the server does not answer this" });
  }

  /** @param {Request} request @param {{code: string, message: string, reason?: string}} why */
  #fails(request, why) {
    this.#remove(request).reject(failure(why));
  }

  /** @param {Request} request */
  #remove(request) {
    if (this.#requests.get(request.id) === request) this.#requests.delete(request.id);
    this.#timers.clear(request);
    return request;
  }
}
