// What one has decided about conversations for oneself alone, as far as it is known.

/** @typedef {import("./index.js").Settings} Settings */

export class OwnSettings {
  /** @type {Map<string, Settings>} */
  #known = new Map();
  /** When the server last said by itself what they are: that is newer than what was asked for before. @type {Map<string, number>} */
  #told = new Map();
  #now = 0;
  /** The last change of each conversation that is under way. @type {Map<string, Promise<unknown>>} */
  #last = new Map();
  #on;

  /**
   * @param {{
   *   request(method: string, path: string, body?: unknown): Promise<any>,
   *   changed(it: {conversation: string, settings: Settings}): void,
   * }} on
   */
  constructor(on) {
    this.#on = on;
  }

  /** @param {string} conversation */
  of(conversation) {
    return this.#known.get(conversation);
  }

  /** The server tells how they are now. @param {{conversation: string, settings: Settings}} frame */
  hears({ conversation, settings }) {
    this.#now += 1;
    this.#told.set(conversation, this.#now);
    this.#known.set(conversation, settings);
    this.#on.changed({ conversation, settings });
  }

  /** @param {string} conversation */
  forget(conversation) {
    this.#known.delete(conversation);
  }

  /**
   * Does something that brings what they are, by conversation; what the server says meanwhile is newer.
   * @template T
   * @param {() => Promise<T>} ask
   * @param {(answer: T) => [string, Settings | undefined][]} found
   * @returns {Promise<T>}
   */
  async learns(ask, found) {
    const begun = this.#now;
    const answer = await ask();
    for (const [conversation, settings] of found(answer)) {
      if (settings && (this.#told.get(conversation) ?? 0) <= begun) this.#known.set(conversation, settings);
    }
    return answer;
  }

  /** @param {string} conversation @returns {Promise<Settings>} */
  ask(conversation) {
    return this.learns(() => this.#on.request("GET", pathOf(conversation)), (settings) => [[conversation, settings]]);
  }

  /**
   * One change at a time in each conversation, so that what one wanted last is what stays.
   * @param {string} conversation
   * @param {Partial<Settings>} change
   * @returns {Promise<Settings>}
   */
  change(conversation, change) {
    const before = this.#last.get(conversation) ?? Promise.resolve();
    const changing = before.then(() => this.#changes(conversation, change));
    const ended = changing.then(() => {}, () => {}).then(() => {
      if (this.#last.get(conversation) === ended) this.#last.delete(conversation);
    });
    this.#last.set(conversation, ended);
    return changing;
  }

  /** It is told by the answer, if the server's own word did not come. @param {string} conversation @param {Partial<Settings>} change */
  async #changes(conversation, change) {
    const begun = this.#now;
    const settings = await this.#on.request("PATCH", pathOf(conversation), change);
    if ((this.#told.get(conversation) ?? 0) <= begun) this.hears({ conversation, settings });
    return settings;
  }
}

/** @param {string} conversation */
const pathOf = (conversation) => `/api/conversations/${encodeURIComponent(conversation)}/settings`;
