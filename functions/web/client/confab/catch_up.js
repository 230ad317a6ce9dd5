// What was said while one could not hear it, of every conversation.

/** How many conversations the server takes in one `sync`, if it does not say. */
const MOST = 50;
/** How long to wait before the list of conversations is asked for again, in ms. */
const LATER = 5_000;
/** The largest page of history. */
const PAGE = 100;

export class CatchUp {
  #storage;
  #conversations;
  #requests;
  #connection;
  #timers;
  #on;
  #running = false;
  #listing = false;
  /** How many conversations are asked for at once: fewer if the server does not take so many. */
  #most = MOST;
  /** @type {Partial<import("./index.js").Limits>} */
  limits = {};

  /**
   * @param {{
   *   storage: import("./storage.js").Storage,
   *   conversations: import("./conversations.js").Conversations,
   *   requests: import("./requests.js").Requests,
   *   connection: Pick<import("./connection.js").Connection, "state">,
   *   timers: import("./timers.js").Timers,
   * }} parts
   * @param {{list(path: string): Promise<any[]>, failed(conversation: string, error: any): void}} on
   */
  constructor({ storage, conversations, requests, connection, timers }, on) {
    this.#connection = connection;
    this.#storage = storage;
    this.#conversations = conversations;
    this.#requests = requests;
    this.#timers = timers;
    this.#on = on;
  }

  async run() {
    if (this.#running) return;
    this.#running = true;
    this.#most = this.limits.conversations_per_sync ?? MOST;
    try {
      while (await this.#goesOn());
    } finally {
      this.#running = false;
    }
  }

  /** More waits than the server hands over by itself. */
  async more() {
    if (this.#listing) return;
    this.#listing = true;
    // The server says it once; the page may end before it is done.
    this.#storage.write("more", true);
    try {
      for (const { conversation, last_message: last, unread } of await this.#on.list("/api/conversations")) {
        if (!last || this.#conversations.isBehind(conversation, last.seq)) continue;
        const isFollowed = this.#conversations.mark(conversation) !== undefined;
        if (unread > 0 && !isFollowed) await this.#begins(conversation, unread);
      }
      this.#storage.write("more", undefined);
    } catch (/** @type {any} */ error) {
      if (error.status < 500) this.#storage.write("more", undefined);
      // Without a connection, the next one asks.
      else if (this.#connection.state === "online") this.#timers.set("more", LATER, () => this.more());
    } finally {
      this.#listing = false;
    }
    this.run();
  }

  /** Whether that was not asked for to its end. */
  get isShort() {
    return this.#storage.read("more") === true;
  }

  /** What nobody follows begins with what is unread. @param {string} conversation @param {number} unread */
  async #begins(conversation, unread) {
    try {
      const { messages } = await this.history(conversation, { limit: Math.min(PAGE, unread + 10) });
      this.#conversations.begin(conversation, messages);
    } catch (error) {
      this.#on.failed(conversation, error);
    }
  }

  /** @param {string} conversation @param {{before?: number, after?: number, limit?: number}} range */
  history(conversation, range) {
    return this.#requests.ask({ action: "history", conversation, ...range });
  }

  /** @returns {Promise<boolean>} whether there may be more */
  async #goesOn() {
    const since = this.#conversations.since(this.#most);
    if (since) return this.#syncs(since);
    const unclear = this.#conversations.unclear();
    return unclear !== undefined && this.#reads(unclear);
  }

  /** @param {Record<string, number>} since */
  async #syncs(since) {
    const names = Object.keys(since);
    try {
      const { conversations } = await this.#requests.ask({ action: "sync", since });
      for (const { conversation, code } of this.#conversations.synced(conversations)) {
        this.#on.failed(conversation, { code, message: `cannot sync ${conversation}` });
      }
    } catch (error) {
      if (!this.#isTold(names, error)) return false;
    }
    return true;
  }

  /** @param {string} conversation */
  async #reads(conversation) {
    try {
      const after = this.#conversations.mark(conversation) ?? 0;
      this.#conversations.page(conversation, await this.history(conversation, { after, limit: PAGE }));
    } catch (error) {
      if (!this.#isTold([conversation], error)) return false;
    }
    return true;
  }

  /** A server may be slow. @param {string} name */
  #asksLater(name) {
    this.#timers.set(`later ${name}`, LATER, () => {
      this.#conversations.doubt([name]);
      this.run();
    });
  }

  /** One conversation must not keep the others from being heard. @param {string[]} names @param {any} error */
  #isTold(names, error) {
    const isOver = error.name === "AbortError";
    if (isOver || names.length > 1) this.#conversations.doubt(names);
    if (names.length > 1) this.#most = Math.ceil(names.length / 2);
    else if (error.code === "unanswered") this.#asksLater(names[0]);
    else if (!isOver) this.#on.failed(names[0], error);
    return !isOver;
  }
}
