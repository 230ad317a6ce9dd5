// What one decides about conversations for oneself alone, here and on one's other devices.

/** The longest that a browser waits, in ms. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** `decided` tells that it is known what one has decided about a conversation. */
export class Decisions extends EventTarget {
  #chat;
  #conversations;
  /** Rings when a mute is over. */
  #timer;

  constructor(chat, conversations) {
    super();
    this.#chat = chat;
    this.#conversations = conversations;
    chat.addEventListener("settings", ({ detail: { conversation, settings } }) => this.#hear(conversation, settings));
  }

  /** Decides something about a conversation, on all devices. */
  decide(conversation, change) {
    return this.#chat.changeSettings(conversation.id, change);
  }

  /** It counts as unread again from that message on, and stays so while one looks at it. */
  async markUnread(conversation, seq) {
    clearTimeout(conversation.telling);
    conversation.keepsUnread = true;
    try {
      await this.#chat.markUnread(conversation.id, seq);
    } catch (error) {
      conversation.keepsUnread = false;
      throw error;
    }
  }

  /** All that was said there counts as read. */
  readAll(conversation) {
    this.turnsTo(conversation);
    conversation.newFrom = undefined;
    this.#conversations.markRead(conversation, conversation.last?.seq ?? 0);
  }

  /** One looks at a conversation, to read it. */
  turnsTo(conversation) {
    conversation.keepsUnread = false;
  }

  /** The server tells what one has decided; gives back whether it is known what is unread. */
  takes(conversation, settings) {
    const isKnown = conversation.decides(settings);
    this.dispatchEvent(new CustomEvent("decided", { detail: { conversation } }));
    if (conversation.muted) this.#ringsAfterMutes();
    return isKnown;
  }

  /** Without an answer it is counted when the list is read next. */
  async #hear(id, settings) {
    if (!this.#conversations.has(id)) return;
    const conversation = this.#conversations.get(id);
    if (!this.takes(conversation, settings)) {
      await this.#conversations.load(conversation).catch(() => {});
      conversation.recounts();
    }
    this.#conversations.changed();
  }

  /** What is muted for a while is to be drawn afresh afterwards. */
  #ringsAfterMutes() {
    const ends = this.#conversations.list().filter((it) => it.muted).map(({ settings }) => Date.parse(settings.muted_until));
    clearTimeout(this.#timer);
    const next = Math.min(...ends.filter((end) => end > Date.now()));
    if (next === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#ringsAfterMutes();
      this.#conversations.changed();
    }, Math.min(LONGEST_WAIT, next - Date.now() + 1));
  }
}
