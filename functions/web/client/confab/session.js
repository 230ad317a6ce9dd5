// Who has signed in, on a server with accounts.

import { ApiError, call } from "./api.js";
import { newId } from "./ids.js";
import { Shelf } from "./shelf.js";

/**
 * @typedef {import("./index.js").Person} Person
 * @typedef {object} Signed
 * @property {string} id the same for all that comes of one signing in
 * @property {Person} user
 * @property {string} access_token
 * @property {string} refresh_token
 * @property {number} fresh until when the access token is used without asking for another, ms
 */

/** How much of an access token's time is used: the rest is for a connection to show the next one. */
const USED = 0.8;

export class Session {
  /** @type {Signed} */
  #signed;
  /** @type {Promise<string> | undefined} */
  #refreshing;
  #server;
  #shelf;

  /** @param {{http: string, fetch: typeof fetch}} server @param {Shelf} shelf @param {Signed} signed */
  constructor(server, shelf, signed) {
    this.#server = server;
    this.#shelf = shelf;
    this.#signed = signed;
  }

  /**
   * @param {string} http
   * @param {{username: string, password: string, displayName?: string, metadata?: object}} person
   * @param {import("./shelf.js").StorageLike} [storage]
   * @param {typeof globalThis.fetch} [fetch]
   */
  static register(http, { displayName, ...person }, storage, fetch) {
    return Session.#enter("/api/register", { ...person, display_name: displayName }, http, storage, fetch);
  }

  /**
   * @param {string} http
   * @param {{username: string, password: string}} person
   * @param {import("./shelf.js").StorageLike} [storage]
   * @param {typeof globalThis.fetch} [fetch]
   */
  static login(http, person, storage, fetch) {
    return Session.#enter("/api/login", person, http, storage, fetch);
  }

  /**
   * The session of an earlier page, if there is one.
   * @param {string} http
   * @param {import("./shelf.js").StorageLike} [storage]
   * @param {typeof globalThis.fetch} [fetch]
   * @returns {Session | undefined}
   */
  static restore(http, storage, fetch) {
    const shelf = shelfOf(http, storage);
    const signed = shelf.read("session");
    return signed && new Session(serverOf(http, fetch), shelf, signed);
  }

  /**
   * @param {string} path
   * @param {object} body
   * @param {string} http
   * @param {import("./shelf.js").StorageLike} [storage]
   * @param {typeof globalThis.fetch} [fetch]
   */
  static async #enter(path, body, http, storage, fetch) {
    const [server, shelf] = [serverOf(http, fetch), shelfOf(http, storage)];
    const signed = signedBy(newId(), await call(server, "POST", path, { body }));
    shelf.write("session", signed);
    return new Session(server, shelf, signed);
  }

  get user() {
    return this.#signed.user;
  }

  /** An access token that is good for a while. Rejects with an `ApiError` once the session is over. */
  async token() {
    if (Date.now() < this.#signed.fresh) return this.#signed.access_token;
    return (this.#refreshing ??= this.#alone(() => this.#refresh()).finally(() => (this.#refreshing = undefined)));
  }

  /** This device forgets the session even if the server cannot be told. */
  async logout({ everywhere = false } = {}) {
    try {
      const token = await this.token();
      await call(this.#server, "POST", "/api/logout", { body: { everywhere }, token });
    } finally {
      this.forget();
    }
  }

  /** This device forgets the session, but not one that another page has begun since. */
  forget() {
    if (this.#isStored()) this.#shelf.write("session", undefined);
  }

  #isStored() {
    return this.#shelf.read("session")?.id === this.#signed.id;
  }

  /** A refresh token that is shown twice ends its session: tabs take turns. @param {() => Promise<string>} act */
  async #alone(act) {
    const { locks } = globalThis.navigator ?? {};
    return locks ? await locks.request(`confab:session:${this.user.id}`, act) : act();
  }

  async #refresh() {
    /** @type {Signed | undefined} */
    const stored = this.#shelf.read("session");
    if (stored?.user.id !== this.user.id) throw new ApiError(401, "unauthorized", "signed out elsewhere");
    // Another tab may have been faster.
    this.#signed = stored;
    if (Date.now() < stored.fresh) return stored.access_token;
    try {
      const body = { refresh_token: stored.refresh_token };
      const signed = signedBy(stored.id, await call(this.#server, "POST", "/api/refresh", { body }));
      if (this.#isStored()) this.#shelf.write("session", signed);
      this.#signed = signed;
      return signed.access_token;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.forget();
      throw error;
    }
  }
}

/** @param {string} id @param {any} answer @returns {Signed} */
function signedBy(id, { user, access_token, refresh_token, expires_in }) {
  return { id, user, access_token, refresh_token, fresh: Date.now() + expires_in * 1000 * USED };
}

/** @param {string} http @param {typeof globalThis.fetch} [fetch] */
const serverOf = (http, fetch = globalThis.fetch.bind(globalThis)) => ({ http, fetch });

/** @param {string} http @param {import("./shelf.js").StorageLike} [storage] */
const shelfOf = (http, storage) => new Shelf(storage, `confab:${http}:`);
