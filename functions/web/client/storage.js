// The browser's storage, or memory where there is none: a private window must not break the chat.

function memory() {
  const items = new Map();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
    key: (index) => [...items.keys()][index] ?? null,
    get length() {
      return items.size;
    },
  };
}

function available() {
  try {
    localStorage.getItem("confab");
    return localStorage;
  } catch {
    return memory();
  }
}

const kept = available();

/** Forgets what is kept of somebody, and nothing of anybody whose name begins alike. */
export function forgetPerson(url, user) {
  const { host, pathname } = new URL(url);
  const isTheirs = (key) =>
    key === `confab.lobby.${user}` || /^(dm:|room:|lobby$)/.test(rest(key, `confab.draft.${user}.`) || rest(key, `confab.saved.${user}.`))
    || /^[^:]+$/.test(rest(key, `confab:${host}${pathname}:${user}:`));
  const keys = Array.from({ length: kept.length }, (_, index) => kept.key(index));
  keys.filter(isTheirs).forEach((key) => kept.removeItem(key));
}

const rest = (key, beginning) => (key.startsWith(beginning) ? key.slice(beginning.length) : "");

/** Like `localStorage`; what cannot be kept is lost without a word: drafts and the like. */
export const storage = {
  getItem: (key) => kept.getItem(key),
  removeItem: (key) => kept.removeItem(key),
  setItem: (key, value) => {
    try {
      kept.setItem(key, value);
    } catch {
      kept.removeItem(key);
    }
  },
};
