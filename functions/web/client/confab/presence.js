// Who of one's circle is there.

/** @typedef {import("./index.js").ChatEvents["presence"]} Seen */

/** For how long what somebody has said shows that they are there, in ms. */
const FRESH = 10_000;
/** How long to wait before the server is asked, in ms: because of what was said, and after a failure. */
const [SOON, LATER] = [2_000, 15_000];

export class Presence {
  /** @type {Map<string, Seen>} */
  #seen = new Map();
  /** Of whom the server was asked since they said something: once, for they may not be of one's circle. */
  #asked = new Set();
  #timers;
  #connection;
  #clock;
  #on;

  /**
   * @param {{
   *   timers: import("./timers.js").Timers,
   *   connection: Pick<import("./connection.js").Connection, "state">,
   *   clock: import("./clock.js").Clock,
   * }} parts
   * @param {{list(path: string): Promise<any[]>, seen(who: Seen): void}} on
   */
  constructor({ timers, connection, clock }, on) {
    this.#timers = timers;
    this.#connection = connection;
    this.#clock = clock;
    this.#on = on;
  }

  /** @param {string} user @returns {Seen | undefined} */
  of(user) {
    return this.#seen.get(user);
  }

  async ask() {
    try {
      for (const who of await this.#on.list("/api/presence")) {
        if (this.of(who.user)?.status !== who.status) this.hears(who);
      }
    } catch (/** @type {any} */ error) {
      // A server that does not know the question tells only who comes and goes.
      // Without a connection, the next one asks.
      if (!(error.status < 500) && this.#connection.state === "online") this.#askIn(LATER);
    }
  }

  /** @param {Seen} who */
  hears({ user, status, last_seen }) {
    const who = { user, status, last_seen };
    this.#seen.set(user, who);
    this.#on.seen(who);
  }

  /** Who types or reads has a connection. @param {string} user */
  shows(user) {
    if (this.of(user)?.status !== "online") this.hears({ user, status: "online", last_seen: null });
  }

  /** Who says something is there most likely; the server knows. @param {import("./index.js").Message} message */
  said({ from, conversation, timestamp }) {
    if (this.of(from)?.status === "online" || this.#asked.has(from)) return;
    if (this.#clock.now() - Date.parse(timestamp) > FRESH) return;
    this.#asked.add(from);
    if (conversation.startsWith("dm:")) this.shows(from);
    this.#askIn(SOON);
  }

  /** @param {number} delay */
  #askIn(delay) {
    if (!this.#timers.has("presence")) this.#timers.set("presence", delay, () => this.ask());
  }
}
