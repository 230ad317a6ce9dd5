// A connection that always comes back, and is replaced by the next before it ends.

import { Timers } from "./timers.js";
import { newId } from "./ids.js";
import { ILL_FORMED, bytesOf, decode, encode } from "./text.js";

/** How long to wait at most before the first attempt to come back, in ms; then longer each time. */
const SHORTEST = 500;
/** As how many failures connections count at most that are lost again and again: the server is there. */
const SHORT_LIVED = 2;

/** One WebSocket. */
class Link {
  /** @type {WebSocket | undefined} */
  #socket;
  #on;
  opened = false;
  ended = false;
  /** When it was made welcome. */
  since = 0;

  /** @param {{frame(frame: any, link: Link): void, end(link: Link): void}} on */
  constructor(on) {
    this.#on = on;
  }

  /** @param {typeof WebSocket} WebSocket @param {string} url @param {string[]} protocols */
  dial(WebSocket, url, protocols) {
    const socket = new WebSocket(url, protocols);
    socket.onopen = () => (this.opened = true);
    // API Gateway may send an empty frame where a route has no answer.
    socket.onmessage = ({ data }) => this.#on.frame(decode(data), this);
    // Node tells of a failed handshake by an error alone.
    socket.onerror = socket.onclose = () => this.drop();
    this.#socket = socket;
  }

  /** @param {object} frame */
  send(frame) {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(/** @type {string} */ (encode(frame)));
    return true;
  }

  /** Does not wait for a server that may be silent. */
  drop() {
    this.ended = true;
    const socket = this.#socket;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
      socket.close();
      this.#socket = undefined;
    }
    this.#on.end(this);
  }
}

/**
 * @typedef {object} Settings
 * @property {typeof WebSocket} WebSocket
 * @property {() => Promise<{url: string, protocols: string[]}>} address with credentials, made for each attempt
 * @property {() => Promise<Error | undefined>} refusal why the server lets nobody in, if it is that
 * @property {(() => Promise<number>) | undefined} renew shows a fresh token; until when that is good
 * @property {boolean} replaceable whether another connection would outlive this one's credentials
 * @property {number} pingEvery
 * @property {number} patience
 * @property {number} lifetime
 * @property {number} longestWait
 */

export class Connection {
  /** @type {"idle" | "connecting" | "online" | "waiting" | "refused" | "closed"} */
  state = "idle";
  /** @type {Link | undefined} */
  #current;
  /** @type {Link | undefined} */
  #opening;
  /** Replaced, but what was sent over it may still be answered. @type {Set<Link>} */
  #retired = new Set();
  #failures = 0;
  /** The server ends a connection over a larger frame. */
  #frameBytes = 32 * 1024;
  #clock;
  #timers = new Timers();
  #settings;
  #on;

  /**
   * @param {Settings} settings
   * @param {import("./clock.js").Clock} clock
   * @param {{
   *   state(detail: object): void,
   *   welcome(frame: any, isReplacement: boolean): void,
   *   frame(frame: any): void,
   * }} on
   */
  constructor(settings, clock, on) {
    this.#settings = settings;
    this.#clock = clock;
    this.#on = on;
  }

  open() {
    if (["connecting", "online"].includes(this.state)) return;
    this.#failures = 0;
    this.#dial();
  }

  close() {
    const links = [this.#current, this.#opening, ...this.#retired];
    this.#current = this.#opening = undefined;
    this.#retired.clear();
    this.#turn("closed");
    for (const link of links) link?.drop();
    this.#timers.clearAll();
  }

  /** Why the server would not understand a frame, or end the connection. @param {object} frame */
  unfit(frame) {
    const text = encode(frame);
    if (text === undefined) return ILL_FORMED;
    if (bytesOf(text).length <= this.#frameBytes) return undefined;
    return { code: "too_large", message: "this is more than the server takes" };
  }

  /** @param {object} frame @returns {boolean} whether there is a connection to send it over */
  send(frame) {
    return !this.unfit(frame) && (this.#current?.send(frame) ?? false);
  }

  /** Asks for a sign of life, without which the connection counts as lost. */
  check() {
    const link = this.#current;
    if (!link || this.#timers.has("silence")) return;
    link.send({ action: "ping", id: newId() });
    this.#timers.set("silence", this.#settings.patience, () => link.drop());
  }

  /** The network may have changed. */
  wake() {
    if (this.state === "waiting") this.open();
    else this.check();
  }

  async #dial() {
    if (this.#opening) return;
    const link = new Link({ frame: (it, link) => this.#hears(it, link), end: (it) => this.#ended(it) });
    this.#opening = link;
    this.#timers.clear("dial");
    if (!this.#current) this.#turn("connecting");
    this.#timers.set("welcome", this.#settings.patience, () => link.drop());
    try {
      const { url, protocols } = await this.#settings.address();
      if (!link.ended) link.dial(this.#settings.WebSocket, url, protocols);
    } catch (error) {
      if (!link.ended) this.#failed(isRefusal(error) ? error : undefined);
    }
  }

  /** @param {any} frame undefined if it was none @param {Link} link */
  #hears(frame, link) {
    if (link === this.#opening && frame?.type === "welcome") this.#welcomed(link, frame);
    if (link === this.#current) {
      this.#timers.clear("silence");
      this.#timers.set("ping", this.#settings.pingEvery, () => this.check());
    }
    if (frame?.type === "pong") this.#clock.hears(frame.server_time);
    if (frame && frame.type !== "welcome") this.#on.frame(frame);
  }

  /** @param {Link} link @param {import("./index.js").ChatEvents["welcome"]} welcome */
  #welcomed(link, welcome) {
    const before = this.#current;
    this.#timers.clear("welcome");
    this.#timers.clear("silence");
    [this.#current, this.#opening] = [link, undefined];
    link.since = Date.now();
    this.#clock.hears(welcome.server_time);
    this.#frameBytes = welcome.limits?.frame_bytes ?? this.#frameBytes;
    if (before) this.#retire(before);
    this.#planEnd(welcome.expires_at);
    this.state = "online";
    this.#on.welcome(welcome, before !== undefined);
    if (!before) this.#on.state({ state: this.state });
  }

  /** @param {Link} link */
  #retire(link) {
    this.#retired.add(link);
    this.#timers.set(link, this.#settings.patience, () => link.drop());
  }

  /** A little before it ends, at another moment for everybody. @param {string} end */
  #planEnd(end) {
    const { lifetime, renew, replaceable } = this.#settings;
    const left = this.#leftUntil(Date.parse(end));
    const credentials = replaceable && !renew ? Math.max(left - margin(left), SHORTEST) : lifetime;
    this.#timers.set("replace", Math.min(lifetime, credentials) * (0.95 + Math.random() / 20), () => this.#dial());
    if (renew) this.#planRenewal(left);
  }

  /** @param {number} left */
  #planRenewal(left) {
    this.#timers.set("renew", Math.max(left - margin(left), SHORTEST), async () => {
      const link = this.#current;
      try {
        const until = await this.#settings.renew?.();
        if (until === undefined || this.#current !== link) return;
        this.#planRenewal(this.#leftUntil(until));
      } catch {
        // The connection ends with its token; then whoever is not let in any more is told.
        if (this.#current === link) this.#planRenewal(SHORTEST * 10);
      }
    });
  }

  /** @param {number} time of the server's clock */
  #leftUntil(time) {
    const left = time - this.#clock.now();
    return Number.isNaN(left) ? this.#settings.lifetime : left;
  }

  /** @param {Link} link */
  async #ended(link) {
    this.#timers.clear(link);
    this.#retired.delete(link);
    if (link === this.#opening) {
      this.#timers.clear("welcome");
      const refusal = link.opened ? undefined : await this.#refusal();
      if (link === this.#opening) this.#failed(refusal);
    } else if (link === this.#current) {
      this.#current = undefined;
      for (const name of ["ping", "silence", "replace", "renew"]) this.#timers.clear(name);
      const hasLasted = Date.now() - link.since > this.#settings.patience;
      this.#failures = hasLasted ? 0 : Math.min(this.#failures + 1, SHORT_LIVED);
      if (this.#opening) this.#turn("connecting");
      else this.#wait();
    }
  }

  /** Who is asked may be as silent as the server is. */
  async #refusal() {
    const { patience, refusal } = this.#settings;
    const late = new Promise((resolve) => this.#timers.set("refusal", patience, () => resolve(undefined)));
    return Promise.race([refusal(), late]);
  }

  /** The next connection did not come about. @param {unknown} refusal */
  #failed(refusal) {
    this.#opening = undefined;
    this.#timers.clear("welcome");
    this.#failures += 1;
    if (this.#current) this.#timers.set("replace", this.#pause(), () => this.#dial());
    else if (refusal) this.#turn("refused", { error: refusal });
    else this.#wait();
  }

  #wait() {
    const retryIn = this.#pause();
    this.#timers.set("dial", retryIn, () => this.#dial());
    this.#turn("waiting", { retryIn });
  }

  /** Longer each time, and not the same for all whom a server has lost at once. */
  #pause() {
    return Math.min(this.#settings.longestWait, SHORTEST * 2 ** this.#failures) * (0.5 + Math.random() / 2);
  }

  /** @param {Connection["state"]} state @param {object} [detail] */
  #turn(state, detail) {
    if (state === this.state && state !== "waiting") return;
    this.state = state;
    this.#on.state({ state, ...detail });
  }
}

/** How long before its end a connection is replaced or renewed. @param {number} left */
const margin = (left) => Math.min(60_000, left / 10);

/** A token that no header can carry is one, too. @param {any} error */
const isRefusal = (error) => error?.isRefusal === true || error?.name === "SyntaxError";
