// Who has signed in, on a server with accounts.

import { ApiError, call } from "./api.js";
import { newId } from "./ids.js";
import { Storage } from "./storage.js";

/**
 * @typedef {import("./index.js").Person} Person
 * @typedef {object} Signed
 * @property {string} id the same for all that comes of one signing in
 * @property {Person} user
 * @property {string} access_token
 * @property {string} refresh_token
 * @property {number} made when the tokens came, ms: a clock that was put back knows nothing of them
 * @property {number} fresh until when the access token is used without asking for another, ms
 */

/** How much of an access token's time is used: the rest is for a connection to show the next one. */
const USED = 0.8;
/** How long the server may take to renew them, in ms: a repeat right after that is still in time. */
const PATIENCE = 8_000;
/** How long to wait for another page's turn, in ms: it may be suspended in the middle of it. */
const TURN = 20_000;

export class Session {
  /** @type {Signed} */
  #signed;
  /** @type {Promise<string> | undefined} */
  #refreshing;
  #server;
  #storage;

  /** @param {{http: string, fetch: typeof fetch}} server @param {Storage} storage @param {Signed} signed */
  constructor(server, storage, signed) {
    this.#server = server;
    this.#storage = storage;
    this.#signed = signed;
  }

  /**
   * @param {string} http
   * @param {{username: string, password: string, displayName?: string, metadata?: object}} person
   * @param {import("./storage.js").StorageLike} [storage]
   * @param {typeof globalThis.fetch} [fetch]
   */
  static register(http, { displayName, ...person }, storage, fetch) {
    return Session.#enter("/api/register", { ...person, display_name: displayName }, http, storage, fetch);
  }

  /**
   * @param {string} http
   * @param {{username: string, password: string}} person
   * @param {import("./storage.js").StorageLike} [storage]
   * @param {typeof globalThis.fetch} [fetch]
   */
  static login(http, person, storage, fetch) {
    return Session.#enter("/api/login", person, http, storage, fetch);
  }

  /**
   * The session of an earlier page, if there is one.
   * @param {string} http
   * @param {import("./storage.js").StorageLike} [storage]
   * @param {typeof globalThis.fetch} [fetch]
   * @returns {Session | undefined}
   */
  static restore(http, storage, fetch) {
    const kept = storageOf(http, storage);
    const signed = kept.read("session");
    return signed?.user?.id && signed.refresh_token && new Session(serverOf(http, fetch), kept, signed);
  }

  /**
   * @param {string} path
   * @param {object} body
   * @param {string} http
   * @param {import("./storage.js").StorageLike} [storage]
   * @param {typeof globalThis.fetch} [fetch]
   */
  static async #enter(path, body, http, storage, fetch) {
    const [server, kept] = [serverOf(http, fetch), storageOf(http, storage)];
    const signed = signedBy(newId(), await call(server, "POST", path, { body }));
    keep(kept, signed);
    return new Session(server, kept, signed);
  }

  get user() {
    return this.#signed.user;
  }

  /**
   * An access token that is good for a while. Rejects with an `ApiError` once the session is over.
   * @param {string} [refused] one that the server does not take
   */
  async token(refused = "") {
    // Another page may have renewed it.
    if (this.#isStored()) this.#signed = this.#storage.read("session");
    if (isFresh(this.#signed, refused)) return this.#signed.access_token;
    const ended = () => (this.#refreshing = undefined);
    return (this.#refreshing ??= this.#alone(() => this.#refresh(refused)).finally(ended));
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
    if (this.#isStored()) this.#storage.write("session", undefined);
  }

  #isStored() {
    return this.#storage.read("session")?.id === this.#signed.id;
  }

  /** Pages take turns where they can, so that one asks for all. @param {() => Promise<string>} act */
  async #alone(act) {
    const { locks } = globalThis.navigator ?? {};
    if (!locks) return act();
    let isMine = false;
    const begin = () => {
      isMine = true;
      return act();
    };
    const signal = AbortSignal.timeout(TURN);
    return locks.request(`confab:session:${this.user.id}`, { signal }, begin).catch((error) => {
      if (isMine) throw error;
      return act();
    });
  }

  /** @param {string} refused */
  async #refresh(refused) {
    /** @type {Signed | undefined} */
    const stored = this.#storage.read("session");
    if (stored?.user?.id !== this.user.id) throw new ApiError(401, "unauthorized", "signed out elsewhere");
    // Another tab may have been faster.
    this.#signed = stored;
    if (isFresh(stored, refused)) return stored.access_token;
    try {
      const signed = signedBy(stored.id, await this.#renewed(stored.refresh_token));
      if (this.#isStored()) keep(this.#storage, signed);
      this.#signed = signed;
    } catch (/** @type {any} */ error) {
      const isOver = error.status === 401 && error.isRefusal;
      const now = this.#storage.read("session");
      // What another tab has got meanwhile is good, whatever this one was told.
      if (!isOver || now?.id !== stored.id || now.refresh_token === stored.refresh_token) {
        if (isOver) this.forget();
        throw error;
      }
      this.#signed = now;
    }
    return this.#signed.access_token;
  }

  /**
   * An answer that is lost is asked for again at once: later, the token would count as stolen.
   * @param {string} refresh_token
   */
  #renewed(refresh_token) {
    const server = { ...this.#server, patience: PATIENCE };
    const ask = () => call(server, "POST", "/api/refresh", { body: { refresh_token } });
    return ask().catch((error) => {
      if (error.status < 500) throw error;
      return ask();
    });
  }
}

/** @param {Signed} signed @param {string} refused what the server does not take, whatever the clock says */
function isFresh({ made, fresh, access_token }, refused) {
  const now = Date.now();
  return made <= now && now < fresh && access_token !== refused;
}

/**
 * A full storage must not keep the pair before: whoever showed that would end the session.
 * @param {Storage} storage
 * @param {Signed} signed
 */
function keep(storage, signed) {
  if (storage.write("session", signed)) return;
  storage.write("session", undefined);
  storage.write("session", signed);
}

/** @param {string} id @param {any} answer @returns {Signed} */
function signedBy(id, { user, access_token, refresh_token, expires_in }) {
  const made = Date.now();
  return { id, user, access_token, refresh_token, made, fresh: made + expires_in * 1000 * USED };
}

/** @param {string} http @param {typeof globalThis.fetch} [fetch] */
const serverOf = (http, fetch = globalThis.fetch.bind(globalThis)) => ({ http, fetch });

/** @param {string} http @param {import("./storage.js").StorageLike} [storage] */
const storageOf = (http, storage) => new Storage(storage, `confab:${http}:`);
