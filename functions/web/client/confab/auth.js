// What one shows to be let in.

import { ApiError, ask } from "./api.js";
import { ILL_FORMED, isWellFormed } from "./text.js";

/** @typedef {import("./index.js").ChatOptions & {http: string, fetch: typeof fetch, patience: number}} Settings */

/** The most that the server says at once. */
const LARGEST_PAGE = 100;

export class Auth {
  #settings;

  /** @param {Settings} settings */
  constructor(settings) {
    this.#settings = settings;
  }

  /** Whether one is whoever one says. */
  get isOpen() {
    const { token, ticket } = this.#settings.credentials;
    return token === undefined && ticket === undefined;
  }

  /** Whether a connection can be told a fresh token. */
  get isRenewable() {
    return typeof this.#settings.credentials.token === "function";
  }

  /** Whether the next connection could live longer than this one. */
  get isLasting() {
    return typeof this.#settings.credentials.token !== "string";
  }

  /** @param {string} [refused] one that the server does not take */
  async token(refused) {
    const { token } = this.#settings.credentials;
    return typeof token === "function" ? token(refused) : token;
  }

  /** Where to connect, made anew each time. @param {number} history how much of the lobby is wanted */
  async address(history) {
    const { ticket, user } = this.#settings.credentials;
    // In a URL it would become somebody else's.
    if (!isWellFormed(String(user))) throw new ApiError(400, ILL_FORMED.code, ILL_FORMED.message);
    const url = new URL(this.#settings.url);
    url.searchParams.set("history", String(history));
    if (ticket) url.searchParams.set("ticket", await ticket());
    if (this.isOpen) url.searchParams.set("user_id", String(user));
    const token = await this.token();
    return { url: url.href, protocols: token === undefined ? [] : ["confab", token] };
  }

  /** @param {string} method @param {string} path @param {unknown} [body] */
  async request(method, path, body) {
    return (await this.#ask(method, this.#named(path), body)).said;
  }

  /** A list, read until there is no more or there are as many as wanted. @param {string} path @param {number} most */
  async list(path, most) {
    /** @type {any[]} */
    const items = [];
    let named = this.#named(path, { limit: String(Math.min(most, LARGEST_PAGE)) });
    while (items.length < most) {
      const { said, after } = await this.#ask("GET", named);
      items.push(...said);
      const next = this.#named(path, { limit: String(LARGEST_PAGE), after: String(after) });
      if (after === undefined || next === named) break;
      named = next;
    }
    return items;
  }

  /**
   * Once more if there is another token than the one that is refused: clocks and keys change.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async #ask(method, path, body) {
    const token = await this.token();
    try {
      return await ask(this.#settings, method, path, { body, token });
    } catch (/** @type {any} */ error) {
      const other = error.status === 401 && error.isRefusal ? await this.token(token) : token;
      if (other === token) throw error;
      return ask(this.#settings, method, path, { body, token: other });
    }
  }

  /** @param {string} path @param {Record<string, string>} [query] */
  #named(path, query = {}) {
    const { user } = this.#settings.credentials;
    const parts = new URLSearchParams({ ...query, ...(this.isOpen && { user_id: String(user) }) });
    return parts.size > 0 ? `${path}${path.includes("?") ? "&" : "?"}${parts}` : path;
  }

  /** Why nobody is let in, if it is that: browsers do not tell it of a handshake, the HTTP API does. */
  async refusal() {
    if (this.#settings.credentials.ticket) return undefined;
    try {
      await this.request("GET", "/api/invitations?limit=1");
    } catch (/** @type {any} */ error) {
      if (error.isRefusal) return error;
    }
    return undefined;
  }
}
