// Elements from data: text is always text, never markup.

/** An element; attributes that are `on…` functions listen, those that are missing or false are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  fill(node, ...children);
  return node;
}

/** Replaces what is in `node`. */
export function fill(node, ...children) {
  const present = children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);
  node.replaceChildren(...present);
  return node;
}

/** Text for those who listen instead of looking. */
export function hidden(text) {
  return el("span", { class: "hidden" }, text);
}

function named(node, key) {
  node.dataset.key = key;
  return node;
}

/**
 * A list that keeps the element of each key for as long as its version is the same, so that focus,
 * scrolling and screen readers are left alone by what did not change.
 */
export class KeyedList {
  #parent;
  #held = new Map();

  constructor(parent) {
    this.#parent = parent;
  }

  /** The elements, in order. */
  get nodes() {
    return this.#parent.children;
  }

  /** The element of a key, if there is one. */
  node(key) {
    return this.#held.get(key)?.node;
  }

  /**
   * What is in an element and changes by itself, as its `detail` says, is brought up to date by `refresh`.
   * @param {{key: string, version: string, render: () => HTMLElement, detail?: string, refresh?: (node: HTMLElement) => void}[]} items
   */
  show(items) {
    const focused = this.#focused();
    const held = new Map();
    for (const { key, version, render, detail, refresh } of items) {
      const before = this.#held.get(key);
      const item = before?.version === version ? before : { version, node: named(render(), key) };
      if (refresh && (item.detail ?? "") !== detail) refresh(item.node);
      held.set(key, Object.assign(item, { detail }));
    }
    for (const [key, { node }] of this.#held) {
      if (held.get(key)?.node !== node) node.remove();
    }
    let place = this.#parent.firstElementChild;
    for (const { node } of held.values()) {
      if (node === place) place = place.nextElementSibling;
      else this.#parent.insertBefore(node, place);
    }
    this.#held = held;
    this.#focus(focused);
  }

  /** Where the focus is: in which element, and in which part of it if that has a name. */
  #focused() {
    const focused = document.activeElement;
    if (!focused || !this.#parent.contains(focused)) return undefined;
    const part = focused.closest("[data-part]")?.dataset.part;
    for (const [key, { node }] of this.#held) if (node.contains(focused)) return { key, part };
    return undefined;
  }

  #focus({ key, part } = {}) {
    const node = this.#held.get(key)?.node;
    if (!node || node.contains(document.activeElement)) return;
    const same = part && node.querySelector(`[data-part="${part}"]`);
    (same || node.querySelector("a, summary, button") || node).focus();
  }
}
