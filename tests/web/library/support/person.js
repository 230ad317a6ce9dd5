// Somebody with a chat client, who remembers everything that happened.

import { Chat } from "../../../../functions/web/client/confab/index.js";

const TYPES = [
  "state",
  "welcome",
  "message",
  "changed",
  "gap",
  "skipped",
  "ack",
  "refused",
  "outbox",
  "receipt",
  "typing",
  "presence",
  "joined",
  "left",
  "room",
  "settings",
  "error",
];

export class Person {
  /** Every event: its type and detail. */
  events = [];
  /** What was shown in each conversation. */
  shown = new Map();
  acks = [];

  /** @param {string} name @param {import("./server.js").Server} server @param {object} [options] */
  constructor(name, server, options = {}) {
    const { url, http } = server;
    this.name = name;
    this.storage = options.storage ?? memory();
    this.chat = new Chat({ url, http, credentials: { user: name }, storage: this.storage, ...options });
    for (const type of TYPES) this.chat.addEventListener(type, ({ detail }) => this.#notes(type, detail));
  }

  /** Resolves as soon as `isSo` holds, which is looked at after every event. */
  until(isSo, what = String(isSo), deadline = 40_000) {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!isSo()) return;
        clearTimeout(timer);
        for (const type of TYPES) this.chat.removeEventListener(type, look);
        resolve();
      };
      const timer = setTimeout(() => reject(new Error(`${this.name} waited in vain: ${what}`)), deadline);
      for (const type of TYPES) this.chat.addEventListener(type, look);
      look();
    });
  }

  /** What is shown of a conversation: what was said, and who did what of which there is a notice. */
  sees(conversation) {
    return (this.shown.get(conversation) ?? []).map(({ content, from, kind }) => content ?? `${from} ${kind}`);
  }

  count(type) {
    return this.events.filter((event) => event.type === type).length;
  }

  #notes(type, detail) {
    this.events.push({ type, detail });
    if (type === "ack") this.acks.push(detail);
    if (type !== "message") return;
    if (!this.shown.has(detail.conversation)) this.shown.set(detail.conversation, []);
    this.shown.get(detail.conversation).push(detail);
  }
}

/** A storage that two clients can share, as two pages of a browser do. */
export function memory() {
  const kept = new Map();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, String(value)),
    removeItem: (key) => void kept.delete(key),
  };
}
