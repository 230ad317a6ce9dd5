// A promise that is kept, or not, from elsewhere.

/** @returns {{promise: Promise<any>, resolve(it?: any): void, reject(error: unknown): void}} */
export function deferred() {
  /** @type {any} */
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  // Who does not wait for it is told by the events.
  made.promise.catch(() => {});
  return made;
}
