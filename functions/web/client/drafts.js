// What one has begun to write in each conversation: here at once, and on one's other devices after a pause.

import { bytesOf } from "./confab/text.js";

/** How long nobody types before it is kept on the server, in ms. */
const PAUSE = 1500;
/** For how long nothing takes the place of what one has typed, in ms, unless it goes on with it. */
const JUST_NOW = 5000;
/** How long a draft may be, in bytes, if the server does not say. */
const LONGEST = 4096;

/**
 * What is not kept on the server yet is one's own, whatever other devices say. A `change` tells that another
 * device has written something else.
 */
export class Drafts extends EventTarget {
  #chat;
  #storage;
  #signal;
  /** By conversation: the text, whether it is still to be kept, and what that waits for. */
  #drafts = new Map();

  constructor({ chat, conversations }, storage, signal) {
    super();
    this.#chat = chat;
    this.#storage = storage;
    this.#signal = signal;
    conversations.decisions.addEventListener("decided", ({ detail }) => this.#hears(detail.conversation), { signal });
    document.addEventListener("visibilitychange", () => document.hidden && this.#keepsAll(), { signal });
    addEventListener("pagehide", () => this.#keepsAll(), { signal });
    signal.addEventListener("abort", () => this.#drafts.forEach(({ timer }) => clearTimeout(timer)));
  }

  /** What one has begun to write there. */
  of(conversation) {
    return this.#draft(conversation).text;
  }

  /** One has typed, or emptied the field. */
  writes(conversation, text) {
    const draft = this.#draft(conversation);
    Object.assign(draft, { text, isOwn: true, isOnlyHere: false, typedAt: Date.now() });
    this.#stores(draft);
    this.#keepsSoon(draft, PAUSE);
  }

  /** What one has written is said. */
  clears(conversation) {
    this.writes(conversation, "");
    this.keeps(conversation);
  }

  /** Does not wait for a pause. */
  keeps(conversation) {
    const draft = this.#draft(conversation);
    if (draft.timer !== undefined) this.#keeps(draft);
  }

  #keepsAll() {
    for (const { conversation } of this.#drafts.values()) this.keeps(conversation);
  }

  #keepsSoon(draft, pause) {
    clearTimeout(draft.timer);
    draft.timer = setTimeout(() => this.#keeps(draft), pause);
  }

  async #keeps(draft) {
    const { conversation, text } = draft;
    clearTimeout(draft.timer);
    draft.timer = undefined;
    // The server has nowhere to put it, or no room for it: then it stays here.
    const isFit = bytesOf(text).length <= (this.#chat.limits?.draft_bytes ?? LONGEST);
    if (!conversation.isKept || !isFit || this.#signal.aborted) return;
    if (text === keptOf(conversation) && draft.underWay === 0) return this.#isKept(draft);
    draft.underWay += 1;
    try {
      await this.#chat.changeSettings(conversation.id, { draft: text || null });
      if (draft.text === text) this.#isKept(draft);
    } catch (error) {
      // It is here, and kept when there is a connection again or one types on.
      console.warn("a draft could not be kept", error);
    }
    draft.underWay -= 1;
  }

  /** It is the same everywhere. */
  #isKept(draft) {
    if (this.#signal.aborted) return;
    draft.isOwn = false;
    this.#stores(draft);
  }

  /** The server says what is kept there. */
  #hears(conversation) {
    const kept = keptOf(conversation);
    const draft = this.#draft(conversation);
    const { text, isOwn, isOnlyHere, underWay, timer, typedAt } = draft;
    if (isOwn && text === kept && underWay === 0) return this.#isKept(draft);
    const goesOn = kept.startsWith(text);
    if (isOwn && !(isOnlyHere && goesOn)) {
      // What an earlier page has left takes the place of none but an empty one.
      draft.isOnlyHere = isOnlyHere ?? (text !== "" && kept !== "");
      if (!draft.isOnlyHere && timer === undefined && underWay === 0) this.#keepsSoon(draft, PAUSE);
      return;
    }
    if (text === kept) return;
    // Two devices that both insist would never come to an end: each keeps its own until one goes on.
    const stays = kept !== "" && !goesOn && Date.now() - typedAt < JUST_NOW;
    Object.assign(draft, stays ? { isOwn: true, isOnlyHere: true } : { text: kept, isOwn: false });
    this.#stores(draft);
    if (!stays) this.dispatchEvent(new CustomEvent("change", { detail: { conversation } }));
  }

  /** Beside the text it is stored whether that is kept on the server, too. */
  #stores({ conversation: { id, isKept }, text, isOwn }) {
    if (text || (isOwn && isKept)) this.#storage.setItem(this.#key("draft", id), text);
    else this.#storage.removeItem(this.#key("draft", id));
    if (!isOwn && text) this.#storage.setItem(this.#key("saved", id), "1");
    else this.#storage.removeItem(this.#key("saved", id));
  }

  #draft(conversation) {
    const { id } = conversation;
    const held = this.#drafts.get(id);
    // One who comes back to a room has another conversation.
    if (held) return Object.assign(held, { conversation });
    const stored = this.#storage.getItem(this.#key("draft", id));
    const isOwn = stored !== null && this.#storage.getItem(this.#key("saved", id)) === null;
    const made = { conversation, text: stored ?? "", isOwn, underWay: 0, typedAt: 0 };
    this.#drafts.set(id, made);
    return made;
  }

  #key(what, id) {
    return `confab.${what}.${this.#chat.user}.${id}`;
  }
}

const keptOf = ({ settings }) => settings.draft ?? "";
