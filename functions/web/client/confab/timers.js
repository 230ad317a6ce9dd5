// What is to be done later, unless something else happens first.

/** Timers of more than this ring at once, in ms. */
const LONGEST = 2 ** 31 - 1;

export class Timers {
  /** @type {Map<unknown, ReturnType<typeof setTimeout>>} */
  #timers = new Map();

  /** Replaces the timer of that name. @param {unknown} name @param {number} delay @param {() => void} ring */
  set(name, delay, ring) {
    this.clear(name);
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      ring();
    }, Math.min(delay, LONGEST));
    this.#timers.set(name, timer);
  }

  /** @param {unknown} name */
  has(name) {
    return this.#timers.has(name);
  }

  /** @param {unknown} name */
  clear(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  clearAll() {
    for (const name of this.#timers.keys()) this.clear(name);
  }
}
