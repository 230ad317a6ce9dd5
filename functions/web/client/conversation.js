// One conversation as this page knows it: a run of its log without holes, up to the newest message.

import { addressOf } from "./confab/ids.js";

/** What people said and what they have of it. */
export class Conversation {
  /** @param me the id of whoever looks */
  constructor(id, me) {
    this.id = id;
    this.me = me;
    this.kind = id.split(":")[0];
    this.room = this.kind === "room" ? { id: id.slice("room:".length), name: "" } : undefined;
    /** How the protocol addresses it. */
    this.target = addressOf(id, me);
    /** The other one, if it is of two people. */
    this.with = this.target.to;
    /** Oldest first. */
    this.messages = [];
    /** Where older messages are: unknown before the first page, `null` at the beginning. */
    this.before = undefined;
    this.last = undefined;
    this.unread = 0;
    /** The first message that was new when one looked. */
    this.marker = undefined;
    /** Up to where messages are counted already. */
    this.counted = 0;
    /** How far the other one's devices, and the other one, have got. */
    this.delivered = 0;
    this.read = 0;
    /** Who types, and when that is over. */
    this.typing = new Map();
  }

  /** Whether the first page is here. */
  get isLoaded() {
    return this.before !== undefined;
  }

  /** Keeps a message at its place, once; tells whether it is new here. */
  add(message) {
    let at = this.messages.length;
    while (at > 0 && this.messages[at - 1].seq > message.seq) at -= 1;
    if (at > 0 && this.messages[at - 1].seq === message.seq) return false;
    this.messages.splice(at, 0, message);
    if (!this.last || this.last.seq < message.seq) this.last = message;
    return true;
  }

  /** Counts a message as unread, unless it is one's own, a notice, or counted. */
  count(message) {
    if (message.seq <= this.counted) return;
    this.counted = message.seq;
    if (isSaid(message) && message.from !== this.me) this.unread += 1;
  }

  /** Everything up to `seq` is read, here or on another device. */
  readUpTo(seq) {
    const rest = this.messages.filter((message) => message.seq > seq);
    this.unread = Math.min(this.unread, rest.filter((it) => isSaid(it) && it.from !== this.me).length);
    this.counted = Math.max(this.counted, seq);
  }

  /** The first of the unread messages, if it is loaded. */
  firstUnread() {
    const others = this.messages.filter((it) => isSaid(it) && it.from !== this.me);
    return this.unread > 0 ? others.at(-this.unread)?.seq : undefined;
  }

  /** Somebody's receipt. */
  receive({ user, delivered, read }) {
    if (user === this.me) {
      if (read) this.readUpTo(read);
      return;
    }
    this.delivered = Math.max(this.delivered, delivered ?? 0, read ?? 0);
    this.read = Math.max(this.read, read ?? 0);
  }

  /** A connection of the other one took everything up to there. */
  reached(seq) {
    if (this.kind === "dm") this.delivered = Math.max(this.delivered, seq);
  }

  /** What the log says about one's own messages. */
  learnStatus(message) {
    if (message.from !== this.me || !message.status || this.kind !== "dm") return;
    if (message.status !== "sent") this.delivered = Math.max(this.delivered, message.seq);
    if (message.status === "read") this.read = Math.max(this.read, message.seq);
  }

  /** How far one of one's own messages got. */
  statusOf(message) {
    if (this.kind !== "dm" || this.with === this.me) return "sent";
    if (message.seq <= this.read) return "read";
    return message.seq <= this.delivered ? "delivered" : "sent";
  }
}

/** Whether somebody said it, and it is no notice. */
export function isSaid(message) {
  return message.kind === "message";
}
