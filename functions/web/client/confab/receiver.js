// What comes over the connection, and what becomes of it.

import { addressOf } from "./ids.js";
import { isShown, withKnown } from "./kinds.js";

/** What may answer a request, beside `ack` and `error`. */
const ANSWERS = ["joined", "left", "history", "synced", "receipt", "renewed"];
/** What is told as it comes. What only a later version knows is not, by whatever name it comes. */
const NEWS = ["receipt", "typing", "room", "invited", "uninvited", "profile", "more_waiting"];
/** How long others are shown that somebody types, if the server does not say, in ms. */
const TYPES = 6_000;

export class Receiver {
  #requests;
  #outbox;
  #conversations;
  #catchUp;
  #presence;
  #on;

  /**
   * @param {{
   *   requests: import("./requests.js").Requests,
   *   outbox: import("./outbox.js").Outbox,
   *   conversations: import("./conversations.js").Conversations,
   *   catchUp: import("./catch_up.js").CatchUp,
   *   presence: import("./presence.js").Presence,
   * }} parts
   * @param {{user(): string | undefined, tell(type: string, detail: unknown): void}} on
   */
  constructor({ requests, outbox, conversations, catchUp, presence }, on) {
    this.#requests = requests;
    this.#outbox = outbox;
    this.#conversations = conversations;
    this.#catchUp = catchUp;
    this.#presence = presence;
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
    this.#on.tell("ack", ack);
    const from = this.#on.user();
    if (item && from !== undefined) {
      const { id, conversation, seq, timestamp } = ack;
      const { broadcast, ...where } = /** @type {any} */ (addressOf(conversation, from));
      const { content } = item;
      this.#conversations.accept([{ kind: "message", id, conversation, seq, from, ...where, content, timestamp }]);
    }
    this.clearOutbox();
    this.#outbox.flush();
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
    if (type === "joined") this.#joined(frame);
    else if (reason === "deleted") this.#forget(conversation);
    else this.#conversations.close(conversation);
    this.#on.tell(type, type === "joined" ? withKnown(frame) : frame);
  }

  /** @param {any} joined */
  #joined({ conversation, messages }) {
    if (this.#conversations.mark(conversation) !== undefined) return this.#conversations.accept(messages);
    this.#conversations.follow(conversation, messages.at(-1)?.seq ?? 0);
    this.clearOutbox();
  }

  /** There is no such room any more, for anybody or for oneself. @param {string} conversation */
  #forget(conversation) {
    this.#conversations.forget(conversation);
    this.#outbox.fail(conversation, { code: "not_found", message: "there is no such room any more" });
  }

  /**
   * An answer that nobody waits for any more: that may be of long ago, and is not where to begin.
   * @param {any} frame
   */
  #pushed({ conversation, messages }) {
    if (this.#conversations.mark(conversation) !== undefined) this.#conversations.accept(messages);
  }
}
