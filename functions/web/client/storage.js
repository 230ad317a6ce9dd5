// The browser's storage, or memory where there is none: a private window must not break the chat.

function memory() {
  const items = new Map();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
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
