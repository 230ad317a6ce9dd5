// What can travel: JSON objects, and only text that UTF-8 can carry.

/** Whether no half of a character stands alone. @param {string} text */
export const isWellFormed = (text) => text.isWellFormed?.() ?? !/\p{Surrogate}/u.test(text);

/** @param {unknown} value @returns {string | undefined} its JSON, unless some text in it cannot travel */
export function encode(value) {
  let isSound = true;
  const json = JSON.stringify(value, (key, it) => {
    isSound &&= isWellFormed(key) && (typeof it !== "string" || isWellFormed(it));
    return it;
  });
  return isSound ? json : undefined;
}

/** @param {any} data @returns {any} the object it is, undefined if it is something else: an empty frame, say */
export function decode(data) {
  try {
    const it = JSON.parse(data);
    return typeof it === "object" && !Array.isArray(it) ? (it ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} text */
export const bytesOf = (text) => new TextEncoder().encode(text);

/** @param {{code: string, message: string, reason?: string}} what */
export const failure = ({ code, message, reason }) => Object.assign(new Error(message), { code, reason });

export const ILL_FORMED = { code: "bad_request", message: "this is not well-formed text" };
