// The server's clock: a device's own may be minutes off, and the server refuses ids of the future.

const NAME = "clock";
/** By how much it may change without being written down, in ms. */
const SAME = 1_000;

export class Clock {
  #storage;
  /** How far the server's is ahead; until it is heard again, as far as an earlier page heard. */
  #ahead;

  /** @param {import("./storage.js").Storage} storage */
  constructor(storage) {
    this.#storage = storage;
    const ahead = storage.read(NAME);
    this.#ahead = Number.isFinite(ahead) ? ahead : 0;
  }

  now() {
    return Date.now() + this.#ahead;
  }

  /** @param {string} time that the server has just told */
  hears(time) {
    const ahead = Date.parse(time) - Date.now();
    if (Number.isNaN(ahead)) return;
    if (Math.abs(ahead - this.#ahead) > SAME) this.#storage.write(NAME, ahead);
    this.#ahead = ahead;
  }
}
