// Several pages of one browser take turns.

export class TabLock {
  /** Whether it is this page's turn. */
  isMine = false;
  /** @type {AbortController | undefined} */
  #ends;
  #locks;

  /** @param {LockManager | undefined} locks what the pages that share a storage have in common */
  constructor(locks) {
    this.#locks = locks;
  }

  /** Acts as soon as no other page has its turn, and keeps it. @param {string} name @param {() => void} act */
  take(name, act) {
    if (this.#ends) return;
    const { signal } = (this.#ends = new AbortController());
    const begin = () => {
      this.isMine = true;
      act();
      return new Promise((end) => signal.addEventListener("abort", end));
    };
    // Without locks every page acts: that is more work, and no harm.
    if (this.#locks) this.#locks.request(name, { signal }, begin).catch(() => signal.aborted || begin());
    else begin();
  }

  end() {
    this.#ends?.abort();
    this.#ends = undefined;
    this.isMine = false;
  }
}
