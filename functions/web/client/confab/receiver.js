// What comes over the connection, and what becomes of it.

import { addressOf } from "./ids.js";
import { isShown } from "./kinds.js";
import { wired } from "./outbox.js";

/** What may answer a request, beside `ack` and `error`. */
const ANSWERS = ["joined", "left", "history", "synced", "receipt", "renewed"];
/** What is told as it comes. What only a later version knows is not, by whatever name it comes. */
const NEWS = ["receipt", "typing", "room", "invited", "uninvited", "profile", "more_waiting"];
/** How long others are shown that somebody types, if the server does not say, in ms. */
const TYPES = 6_000;

export class Receiver {
  #requests;
  #outbox;
  #changes;
  #conversations;
  #catchUp;
  #presence;
  #settings;
  #on;

  /**
   * @param {{
   *   requests: import("./requests.js").Requests,
   *   outbox: import("./outbox.js").Outbox,
   *   changes: import("./changes.js").Changes,
   *   conversations: import("./conversations.js").Conversations,
   *   catchUp: import("./catch_up.js").CatchUp,
   *   presence: import("./presence.js").Presence,
   *   settings: import("./settings.js").OwnSettings,
   * }} parts
   * @param {{user(): string | undefined, tell(type: string, detail: unknown): void}} on
   */
  constructor({ requests, outbox, changes, conversations, catchUp, presence, settings }, on) {
    this.#requests = requests;
    this.#outbox = outbox;
    this.#changes = changes;
    this.#conversations = conversations;
    this.#catchUp = catchUp;
    this.#presence = presence;
    this.#settings = settings;
    this.#on = on;
  }

  /** A frame that this version does not understand must not end what others depend on. @param {any} frame */
  takes(frame) {
    try {
      this.#hears(frame);
    } catch (/** @type {any} */ error) {
      this.told({ code: "internal", message: `a frame makes no sense: ${error.message}` });
    }
  }

  /** The next one of its conversation. @param {import("./index.js").Message} message */
  shows(message) {
    if (isShown(message)) this.#on.tell("message", message);
    if (message.from === this.#on.user()) this.#outbox.found(message.id);
    this.clearOutbox();
  }

  /** What was missed there cannot be had. @param {string} conversation @param {any} error */
  lost(conversation, error) {
    const [kind, room] = conversation.split(":");
    if (kind === "room" && error.code === "not_found") {
      this.#forget(conversation);
      this.#settings.forget(conversation);
      this.#on.tell("left", { type: "left", room, conversation, reason: "gone" });
    } else {
      if (error.code === "forbidden") this.#conversations.close(conversation);
      this.told(error, conversation);
    }
  }

  /** @param {any} error @param {string} [conversation] */
  told({ name, code, message, reason }, conversation) {
    if (name !== "AbortError") this.#on.tell("error", { code, message, reason, conversation });
  }

  /** What brings a page, as it is to be shown. @param {any} frame */
  given({ ...frame }) {
    return { ...frame, messages: this.#conversations.gives(frame.messages, true) };
  }

  clearOutbox() {
    this.#outbox.clear((conversation) => this.#conversations.mark(conversation) ?? 0);
  }

  /** @param {any} frame */
  #hears(frame) {
    const { type } = frame;
    if (type === "message") return this.#said([frame]);
    if (type === "messages") return this.#said(frame.messages, frame.more);
    if (type === "ack") return this.#acked(frame);
    if (type === "error") return this.#failed(frame);
    if (type === undefined) return this.#requests.hurry();
    if (type === "pong") return this.#requests.alive();
    if (type === "presence") return this.#presence.hears(frame);
    if (type === "settings") return this.#settings.hears(frame);
    if (type === "more_waiting") this.#catchUp.more();
    if (["typing", "receipt"].includes(type) && frame.user !== this.#on.user() && !frame.delivered) {
      this.#presence.shows(frame.user);
    }
    const isAnswer = ANSWERS.includes(type) && this.#requests.answered(frame);
    if (["joined", "left"].includes(type)) return this.#moved(frame, isAnswer);
    if (type === "history" && !isAnswer) return this.#pushed(frame);
    if (!NEWS.includes(type)) return;
    this.#on.tell(type, type === "typing" ? { typing: true, expires_in_ms: TYPES, ...frame } : frame);
  }

  /** @param {import("./index.js").Message[]} messages @param {boolean} [more] whether others before them do not come */
  #said(messages, more = false) {
    if (more) this.#conversations.skip(messages);
    this.#conversations.accept(messages);
    for (const message of messages) if (message.from !== this.#on.user()) this.#presence.said(message);
  }

  /** @param {any} ack */
  #acked(ack) {
    this.#requests.answered(ack);
    const item = this.#outbox.acked(ack);
    const changed = item ? undefined : this.#changes.acked(ack);
    this.#on.tell("ack", ack);
    if (item) this.#keeps(item, ack);
    if (changed) this.#changedAs(changed, ack);
    this.clearOutbox();
    this.#outbox.flush();
    this.#changes.flush();
  }

  /** One's own message as it is known to be, until the server says more. @param {any} item @param {any} ack */
  #keeps(item, { id, conversation, seq, timestamp }) {
    const from = this.#on.user();
    if (from === undefined) return;
    const { broadcast, ...where } = /** @type {any} */ (addressOf(conversation, from));
    const { reply_to, mentions, mentions_everyone, data } = wired(item);
    const message = {
      ...{ kind: "message", id, conversation, seq, from, ...where, content: item.content, timestamp },
      ...(data && { data }),
      ...(reply_to !== undefined && { reply_to: this.#conversations.quote(conversation, reply_to) }),
      ...(mentions?.length && { mentions }),
      ...(mentions_everyone && { mentions_everyone }),
    };
    this.#conversations.accept([message], true);
  }

  /** @param {import("./changes.js").Item} item @param {any} ack */
  #changedAs({ conversation, seq: of, change }, ack) {
    this.#conversations.keeps(change, { ...ack, conversation, of });
    this.#conversations.redraws(conversation, of);
  }

  /** @param {any} error */
  #failed(error) {
    if (this.#requests.answered(error)) return;
    // It may be about anything that is under way.
    if (error.id === undefined) this.#requests.hurry();
    this.#on.tell("error", error);
  }

  /**
   * One is in a room, or in it no more. An answer that comes again, or that nobody waits for any more,
   * says nothing of where one is by now.
   * @param {any} frame
   * @param {boolean} isAnswer
   */
  #moved(frame, isAnswer) {
    const { type, conversation, reason, id } = frame;
    if (id !== undefined && !isAnswer) return;
    // Whoever leaves begins anew when they come again.
    if (type === "left") this.#settings.forget(conversation);
    if (type === "joined") this.#joined(frame);
    else if (reason === "deleted") this.#forget(conversation);
    else this.#conversations.close(conversation);
    this.#on.tell(type, type === "joined" ? this.given(frame) : frame);
  }

  /** @param {any} joined */
  #joined({ conversation, messages }) {
    this.#conversations.gives(messages, true);
    if (this.#conversations.mark(conversation) !== undefined) return this.#conversations.accept(messages);
    this.#conversations.follow(conversation, messages.at(-1)?.seq ?? 0);
    this.clearOutbox();
  }

  /** There is no such room any more, for anybody or for oneself. @param {string} conversation */
  #forget(conversation) {
    this.#conversations.forget(conversation);
    const why = { code: "not_found", message: "there is no such room any more" };
    this.#outbox.fail(conversation, why);
    this.#changes.fail(conversation, why);
  }

  /**
   * An answer that nobody waits for any more: that may be of long ago, and is not where to begin.
   * @param {any} frame
   */
  #pushed({ conversation, messages }) {
    if (this.#conversations.mark(conversation) !== undefined) this.#conversations.accept(messages);
  }
}
