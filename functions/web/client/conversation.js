// One conversation as this page knows it: a run of its log without holes, up to the newest message.

import { addressOf } from "./confab/ids.js";
import { isNaming, sortOf } from "./confab/kinds.js";

/** What one has decided about a conversation of which one has decided nothing. */
const UNDECIDED = { muted: null, muted_until: null, pinned: false, hidden: false, draft: null, unread_from: null };

/** What people said and what they have of it. */
export class Conversation {
  /** Up to where one has read, whatever of it counts as unread again. */
  #readSeq = 0;

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
    /** How many of those name one, according to the list: what is loaded is counted here. */
    this.listedMentions = 0;
    /** The message that one is about to answer. */
    this.answering = undefined;
    /** Who is in the room, once that was asked for. */
    this.members = undefined;
    /** Being asked for, if it is. */
    this.learning = undefined;
    /** What one has decided about it for oneself alone. */
    this.settings = UNDECIDED;
    /** Whether what is marked as unread is to stay so though one looks at it. */
    this.keepsUnread = false;
    /** Behind which message it was new when one looked, if anything was. */
    this.newFrom = undefined;
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

  /** Up to where it counts as read. */
  get readSeq() {
    const { unread_from: from } = this.settings;
    return from ? Math.min(this.#readSeq, from - 1) : this.#readSeq;
  }

  /** One has read up to there, at least. */
  set readSeq(seq) {
    this.#readSeq = Math.max(this.#readSeq, seq);
  }

  /** Whether one can decide anything about it: the server keeps nothing of what has not begun, and of the lobby. */
  get isKept() {
    return this.kind === "room" || (this.kind === "dm" && (this.joinedAt ?? this.last) !== undefined);
  }

  /** Whether one has marked it as unread. */
  get isMarked() {
    return this.settings.unread_from !== null;
  }

  /** What one does not want to be told of at the moment: "all", or "mentions" for all but these. */
  get muted() {
    const { muted, muted_until: until } = this.settings;
    return until && Date.parse(until) <= Date.now() ? undefined : muted ?? undefined;
  }

  /** How much of what is unread one wants to be told of. */
  get loud() {
    if (this.muted === "all" || this.settings.hidden) return 0;
    return this.muted ? this.mentions : this.unread || Number(this.isMarked);
  }

  /** One has decided otherwise about it, here or on another device; gives back whether it is known what is unread. */
  decides(settings) {
    const [before, from] = [this.readSeq, this.settings.unread_from];
    this.settings = settings;
    if (settings.unread_from && settings.unread_from !== from) {
      this.keepsUnread = true;
      this.newFrom = this.readSeq;
    }
    if (!settings.unread_from) this.keepsUnread = false;
    if (this.readSeq > before) this.readUpTo(this.readSeq);
    return this.readSeq >= before || this.recounts();
  }

  /** Counts afresh what is unread, if all of that is here. */
  recounts() {
    if (!this.#hasAllBehind(this.readSeq)) return false;
    this.unread = this.messages.filter((it) => it.seq > this.readSeq && this.isOthers(it)).length;
    return true;
  }

  /** Keeps a message at its place, once, as it came last; tells whether it is new here. */
  add(message) {
    let at = this.messages.length;
    while (at > 0 && this.messages[at - 1].seq > message.seq) at -= 1;
    if (at > 0 && this.messages[at - 1].seq === message.seq) {
      this.messages[at - 1] = message;
      if (this.last?.seq === message.seq) this.last = message;
      return false;
    }
    this.messages.splice(at, 0, message);
    if (!this.last || this.last.seq < message.seq) this.last = message;
    return true;
  }

  /** The message of that number, if it is here. */
  find(seq) {
    let [from, to] = [0, this.messages.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.messages[middle].seq < seq) from = middle + 1;
      else to = middle;
    }
    return this.messages[from]?.seq === seq ? this.messages[from] : undefined;
  }

  /** Something happened to a message; gives back how it was. */
  change(message) {
    const before = this.find(message.seq);
    const isCounted = message.seq > this.readSeq && message.seq <= this.counted;
    if (before && isCounted && this.isOthers(before) && !this.isOthers(message)) this.unread = Math.max(0, this.unread - 1);
    if (before) this.messages[this.messages.indexOf(before)] = message;
    if (this.last?.seq === message.seq) this.last = message;
    return before;
  }

  /** How many unread messages name one: events may have numbers in between, and are none of them. */
  get mentions() {
    if (this.unread === 0) return 0;
    let found = 0;
    for (let at = this.messages.length - 1; at >= 0 && this.messages[at].seq > this.readSeq; at -= 1) {
      const message = this.messages[at];
      if (this.isOthers(message) && isNaming(message, this.me)) found += 1;
    }
    return Math.min(this.unread, this.hasAllUnread ? found : Math.max(found, this.listedMentions));
  }

  /** One's own role in a room, as far as it is known. */
  get role() {
    return this.members?.find(({ user }) => user === this.me)?.role;
  }

  /** Whether one keeps order there. */
  get isModerated() {
    return ["moderator", "owner"].includes(this.role);
  }

  /** Counts a message as unread, unless it is one's own, a notice, or counted. */
  count(message) {
    if (message.seq <= this.counted) return;
    this.counted = message.seq;
    if (!this.isOthers(message)) return;
    if (this.unread === 0) this.readSeq = message.seq - 1;
    this.unread += 1;
  }

  /** Everything up to `seq` is read, here or on another device. */
  readUpTo(seq) {
    this.readSeq = seq;
    if (this.isMarked && seq >= this.settings.unread_from) this.settings = { ...this.settings, unread_from: null };
    this.counted = Math.max(this.counted, seq);
    const rest = this.messages.filter((it) => it.seq > this.readSeq);
    const isWhole = rest.length < this.messages.length || rest[0]?.seq === this.readSeq + 1 || this.#goesBackTo(this.readSeq);
    const most = isWhole ? rest.filter((it) => this.isOthers(it)).length : Math.max(0, (this.last?.seq ?? 0) - this.readSeq);
    this.unread = Math.min(this.unread, most);
  }

  /** The first message that was new when one looked, as far back as messages are loaded. */
  get marker() {
    if (this.newFrom === undefined) return undefined;
    return this.messages.find((it) => it.seq > this.newFrom && this.isOthers(it))?.seq;
  }

  /** Whether everything unread is loaded. */
  get hasAllUnread() {
    return this.unread === 0 || this.#hasAllBehind(this.readSeq);
  }

  /** Whether everything behind `seq` is here. */
  #hasAllBehind(seq) {
    return this.#goesBackTo(seq) || this.messages[0]?.seq <= seq + 1;
  }

  /** Whether nothing behind `seq` is missing. */
  #goesBackTo(seq) {
    return this.before === null || this.before <= seq + 1;
  }

  /** Whether it is something that others said, and have not taken back. */
  isOthers(message) {
    return isSaid(message) && message.from !== this.me && !message.deleted_at;
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
  return sortOf(message) === "text";
}
