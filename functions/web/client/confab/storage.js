// What outlives the page, as far as the browser lets it.

/** @typedef {Pick<typeof globalThis.localStorage, "getItem" | "setItem" | "removeItem">} StorageLike */

/** JSON values in a storage, under names that begin alike. */
export class Storage {
  /** What the storage did not take: it is full, switched off or not there. @type {Map<string, string>} */
  #refused = new Map();
  #storage;
  /** Whether it is known that other pages have the same. */
  isShared;
  /** Nothing is kept until it is known whose it is. @type {string | undefined} */
  prefix;

  /** @param {StorageLike | undefined} storage @param {string} [prefix] */
  constructor(storage, prefix) {
    this.#storage = storage ?? browserStorage();
    this.isShared = storage === undefined && this.#storage !== undefined;
    this.prefix = prefix;
  }

  /** @param {string} name @returns {any} undefined if there is nothing, or nothing that can be read */
  read(name) {
    if (this.prefix === undefined) return undefined;
    const key = this.prefix + name;
    try {
      const text = this.#refused.get(key) ?? this.#storage?.getItem(key);
      return text ? JSON.parse(text) : undefined;
    } catch {
      return undefined;
    }
  }

  /** @param {string} name @param {any} value undefined to forget it @returns {boolean} whether the storage took it */
  write(name, value) {
    if (this.prefix === undefined) return false;
    const key = this.prefix + name;
    try {
      if (!this.#storage) throw new Error("there is no storage");
      if (value === undefined) this.#storage.removeItem(key);
      else this.#storage.setItem(key, JSON.stringify(value));
      this.#refused.delete(key);
      return true;
    } catch {
      // The session goes on with what it remembers itself.
      this.#refused.set(key, value === undefined ? "" : JSON.stringify(value));
      return false;
    }
  }
}

/** @returns {StorageLike | undefined} */
function browserStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
