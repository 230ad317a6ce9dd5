// Every conversation one takes part in, kept up to date by what the library hands over.

import { direct } from "./confab/ids.js";
import { sortOf } from "./confab/kinds.js";
import { Conversation, isSaid } from "./conversation.js";
import { Decisions } from "./decisions.js";

const PAGE = 50;
/** The most that a page of history has. */
const LARGEST_PAGE = 100;
/** So many unread messages are loaded to land at the first one; of more, as many as this. */
const MOST_UNREAD = 1000;
/** So many messages are loaded to show one of earlier. */
const MOST_BACK = 3000;
/** Of so many of a room's members the names are asked for. */
const MOST_NAMED = 100;
/** Of so many rooms it is looked up at the start whether what is unread names one, if the list does not tell. */
const MOST_LOOKED_UP = 10;
/** Others are told how far one has read at most this often, in ms. */
const TELL_READ = 500;
const TYPING_LASTS = 5000;
/** The conversation of everybody who is online; the server keeps no list of who has read it. */
export const LOBBY = "lobby";

/**
 * A `change` tells that something is to be drawn afresh; `removed` that one is not in a room any more;
 * `altered` that something happened to a message.
 */
export class Conversations extends EventTarget {
  #chat;
  #storage;
  #byId = new Map();
  #since = Date.now();
  #scheduled = false;
  /** Whether one keeps order in the lobby. */
  #keepsLobby = false;

  constructor(chat, storage) {
    super();
    this.#chat = chat;
    this.#storage = storage;
    this.decisions = new Decisions(chat, this);
    this.invitations = [];
    /** Whether the list did not come when it was last asked for. */
    this.isMissing = false;
    const on = (type, act) => chat.addEventListener(type, ({ detail }) => (act(detail), this.changed()));
    on("welcome", ({ lobby_moderator: keepsLobby = false }) => (this.#keepsLobby = keepsLobby));
    on("message", (message) => this.#hear(message));
    on("changed", (message) => this.#alter(message));
    on("ack", ({ conversation, seq, of, delivered }) => delivered && of === undefined && this.#byId.get(conversation)?.reached(seq));
    on("receipt", (receipt) => this.#byId.get(receipt.conversation)?.receive(receipt));
    on("typing", (typing) => this.#type(typing));
    on("joined", (joined) => this.#join(joined));
    on("left", (left) => this.#leave(left));
    on("room", ({ room, conversation }) => Object.assign(this.#byId.get(conversation) ?? {}, { room }));
    on("invited", (invitation) => this.#invite(invitation));
    on("uninvited", ({ room }) => this.#uninvite(room));
    on("gap", (gap) => this.#forgetBefore(gap));
    on("skipped", (skipped) => this.#forgetBefore(skipped));
    on("outbox", () => {});
  }

  /** The conversation of that id; made if nothing was known of it. */
  get(id) {
    let conversation = this.#byId.get(id);
    if (!conversation) {
      conversation = new Conversation(id, this.#chat.user);
      this.#byId.set(id, conversation);
    }
    return conversation;
  }

  /** The conversation with somebody. */
  with(user) {
    return this.get(direct(this.#chat.user, user));
  }

  /** Whether it is known, by the list or by what was heard. */
  has(id) {
    return this.#byId.has(id);
  }

  /** All of them: those that one has pinned, the lobby, then whatever was said in last. */
  list() {
    const time = ({ last, joinedAt }) => last?.timestamp ?? joinedAt ?? "";
    const rest = [...this.#byId.values()].filter(({ kind }) => kind !== LOBBY).sort((a, b) => (time(a) < time(b) ? 1 : -1));
    const isPinned = ({ settings }) => settings.pinned;
    return [...rest.filter(isPinned), this.get(LOBBY), ...rest.filter((it) => !isPinned(it))];
  }

  /** Whether one keeps order there, as far as it is known. */
  isModerated(conversation) {
    return conversation.id === LOBBY ? this.#keepsLobby : conversation.room !== undefined && conversation.isModerated;
  }

  /** What waits to be sent in a conversation, oldest first. */
  pending(conversation) {
    return this.#chat.outbox.filter((pending) => this.#where(pending) === conversation.id);
  }

  /** How much is unread in all, of what one wants to be told of. */
  unread() {
    return [...this.#byId.values()].reduce((sum, { loud }) => sum + loud, 0);
  }

  /** Does not join the room that one is invited to. */
  async decline(room) {
    await this.#chat.request("DELETE", `/api/invitations/${room}`);
    this.#uninvite(room);
    this.changed();
  }

  /** Reads the list from the server: after each connect, and when what one is in may have changed. */
  async refresh() {
    try {
      await this.#refresh();
      this.isMissing = false;
    } catch (error) {
      this.isMissing = true;
      throw error;
    } finally {
      this.changed();
    }
  }

  async #refresh() {
    const [listed, invited] = await Promise.all([
      this.#chat.conversations({ hidden: true }),
      this.#chat.list("/api/invitations"),
      this.load(this.get(LOBBY)),
    ]);
    this.invitations = invited;
    const present = new Set(listed.map((summary) => this.#list(summary).id));
    for (const { id, kind } of this.#byId.values()) {
      if (kind === "room" && !present.has(id)) this.#remove(id);
    }
    this.#lookUpMentions(listed.filter((it) => it.room && it.unread > 0 && it.mentions === undefined));
  }

  /** Without an answer there are fewer marks in the list. */
  async #lookUpMentions(summaries) {
    for (const { conversation } of summaries.slice(0, MOST_LOOKED_UP)) {
      if (this.#byId.has(conversation)) await this.load(this.get(conversation)).catch(() => {});
    }
  }

  /** The first page, with everything unread as far as it fits; nothing if it is here. */
  async load(conversation) {
    if (conversation.isLoaded) return;
    const limit = Math.min(LARGEST_PAGE, Math.max(PAGE, conversation.unread + 10));
    const { messages, before, upto } = await this.#chat.history(conversation.id, { limit });
    if (conversation.isLoaded) return;
    conversation.before = before;
    this.#begin(conversation, messages, upto ?? 0);
    if (conversation.kind === "dm") this.#learnStatuses(conversation);
    if (conversation.room) this.#describe(conversation);
    if (conversation.id === LOBBY) this.#countLobby(conversation);
    this.changed();
  }

  /** As `load`, and back to the first unread message. */
  async loadUnread(conversation) {
    await this.load(conversation);
    while (!conversation.hasAllUnread && conversation.messages.length < MOST_UNREAD) {
      await this.loadEarlier(conversation, LARGEST_PAGE);
    }
  }

  /** One more page of what was said earlier. */
  async loadEarlier(conversation, limit = PAGE) {
    const { messages, before } = await this.#chat.history(conversation.id, { before: conversation.before, limit });
    conversation.before = before;
    messages.forEach((message) => conversation.add(message));
    this.changed();
  }

  /** Loads what was said earlier until that message is here; whether it is. */
  async loadBackTo(conversation, seq) {
    await this.load(conversation);
    while (!conversation.find(seq) && conversation.before > seq && conversation.messages.length < MOST_BACK) {
      await this.loadEarlier(conversation, LARGEST_PAGE);
    }
    return conversation.find(seq) !== undefined;
  }

  /** Whom one can name there, those who spoke last first: in a room who is in it, as soon as that is known. */
  peopleOf({ messages, members = [], room, with: other, me }) {
    const speakers = messages.map(({ from }) => from).reverse();
    if (other !== undefined) return other === me ? [] : [other];
    const present = new Set(members.map(({ user }) => user));
    const all = room ? [...speakers.filter((id) => present.has(id)), ...[...present].slice(0, MOST_NAMED)] : speakers;
    return [...new Set(all)].filter((id) => id !== me);
  }

  /** Asks who is in a room, once until somebody comes or goes; without an answer it is asked again. */
  async learnMembers(conversation) {
    if (!conversation.room || conversation.members) return;
    conversation.learning ??= this.#chat.list(`/api/rooms/${conversation.room.id}/members`)
      .then((members) => (conversation.members = members), () => {})
      .finally(() => (conversation.learning = undefined));
    await conversation.learning;
    this.changed();
  }

  /** One has seen everything up to `seq`, and others may know. */
  markRead(conversation, seq) {
    const { readSeq, messages, isMarked, isLoaded, unread, keepsUnread } = conversation;
    if (seq <= readSeq || keepsUnread) return;
    const isNews = isMarked || (!isLoaded && unread > 0) || messages.some((it) => it.seq > readSeq && it.seq <= seq && conversation.isOthers(it));
    conversation.readUpTo(seq);
    if (conversation.id === LOBBY) this.#storage.setItem(this.#lobbyKey(), String(seq));
    else if (isNews) this.#tellRead(conversation);
    this.changed();
  }

  /** At once if that is all, and now and then while one scrolls on. */
  #tellRead(conversation) {
    const wait = conversation.unread > 0 ? (conversation.toldAt ?? 0) + TELL_READ - Date.now() : 0;
    clearTimeout(conversation.telling);
    const tell = () => {
      conversation.toldAt = Date.now();
      if (this.#chat.state !== "closed") this.#chat.read(conversation.id, conversation.readSeq);
    };
    if (wait > 0) conversation.telling = setTimeout(tell, wait);
    else tell();
  }

  /** Draws once for however many things happened at the same time. */
  changed() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.dispatchEvent(new Event("change"));
    });
  }

  #list(summary) {
    const conversation = this.get(summary.conversation);
    const { last_message: last, unread, mentions = 0, room, joined_at: joinedAt, read_seq: readSeq } = summary;
    Object.assign(conversation, { joinedAt, ...(room && { room }) });
    conversation.readSeq = readSeq ?? 0;
    const isKnown = this.decisions.takes(conversation, this.#chat.settings(conversation.id) ?? conversation.settings);
    if (last && (last.seq > conversation.counted || !isKnown)) {
      const later = conversation.messages.filter((it) => it.seq > last.seq);
      Object.assign(conversation, { unread, listedMentions: mentions, counted: last.seq });
      later.forEach((message) => conversation.count(message));
    }
    // Of what is here something may be missing in between, which the library asks for by itself.
    if (last && !conversation.isLoaded && conversation.messages.length === 0) this.#chat.follow(conversation.id, last.seq);
    // Once it is followed: what happens to it from then on is heard.
    const [picture] = last ? this.#chat.pictures([last]) : [];
    if (picture && !(conversation.last?.seq >= picture.seq)) conversation.last = picture;
    return conversation;
  }

  /** Keeps the newest page, and of what was heard before it only what has no hole to it; goes on behind it. */
  #begin(conversation, page, upto) {
    const oldest = page[0]?.seq ?? 0;
    conversation.messages = conversation.messages.filter(({ seq }) => seq >= oldest);
    page.forEach((message) => conversation.add(message));
    this.#chat.follow(conversation.id, upto);
  }

  /** Pages of history over the WebSocket do not say who has read what; HTTP does. */
  async #learnStatuses(conversation) {
    const path = `/api/messages?with=${encodeURIComponent(conversation.with)}&limit=${PAGE}`;
    // Without an answer there are fewer ticks, until the next receipt.
    const messages = await this.#chat.request("GET", path).catch(() => []);
    messages.forEach((message) => conversation.learnStatus(message));
  }

  #hear(message) {
    const known = this.#byId.has(message.conversation);
    const conversation = this.get(message.conversation);
    // The server tells of it only in lists.
    if (conversation.settings.hidden && isSaid(message)) conversation.settings = { ...conversation.settings, hidden: false };
    conversation.add(message);
    conversation.typing.delete(message.from);
    if (conversation.id === LOBBY && !conversation.isLoaded) return;
    conversation.count(message);
    if (!known && conversation.room) this.#describe(conversation);
    if (sortOf(message) === "notice") conversation.members = undefined;
    if (message.kind === "left" && message.from === this.#chat.user) this.#refreshQuietly();
  }

  #alter(after) {
    const conversation = this.#byId.get(after.conversation);
    const before = conversation?.change(after);
    if (before) this.dispatchEvent(new CustomEvent("altered", { detail: { conversation, before, after } }));
  }

  #type({ user, conversation, typing = true, expires_in_ms: lasts = TYPING_LASTS }) {
    const where = this.#byId.get(conversation);
    if (!where || user === this.#chat.user) return;
    if (!typing) return where.typing.delete(user);
    where.typing.set(user, Date.now() + lasts);
    setTimeout(() => this.#stopTyping(where, user), lasts);
  }

  #stopTyping(where, user) {
    if (where.typing.get(user) > Date.now()) return;
    where.typing.delete(user);
    this.changed();
  }

  #join({ conversation: id, room, messages, before }) {
    const conversation = this.get(id);
    conversation.room = room;
    if (!conversation.isLoaded) {
      conversation.before = before;
      this.#begin(conversation, messages, messages.at(-1)?.seq ?? this.#chat.watermark(id));
    }
    conversation.counted = Math.max(conversation.counted, conversation.last?.seq ?? 0);
    this.#uninvite(room.id);
  }

  #invite({ room, by }) {
    const isNew = !this.invitations.some((it) => it.room.id === room.id);
    this.#uninvite(room.id);
    this.invitations.push({ room, by });
    if (isNew) this.dispatchEvent(new CustomEvent("invited", { detail: { room, by } }));
  }

  #uninvite(room) {
    this.invitations = this.invitations.filter((it) => it.room.id !== room);
  }

  #leave({ conversation, reason }) {
    this.#remove(conversation, reason);
  }

  #remove(id, reason) {
    const conversation = this.#byId.get(id);
    if (!conversation) return;
    this.#byId.delete(id);
    this.dispatchEvent(new CustomEvent("removed", { detail: { conversation, reason } }));
  }

  /** What lies before a hole is not shown beside what lies after it. */
  #forgetBefore({ conversation: id, upto }) {
    const conversation = this.#byId.get(id);
    if (!conversation?.isLoaded) return;
    conversation.messages = conversation.messages.filter((message) => message.seq > upto);
    conversation.before = upto + 1;
  }

  /** The list has only the names of rooms. */
  async #describe(conversation) {
    try {
      conversation.room = await this.#chat.request("GET", `/api/rooms/${conversation.room.id}`);
      this.changed();
    } catch {
      this.#refreshQuietly();
    }
  }

  /** A failure is made good by the next connect. */
  #refreshQuietly() {
    this.refresh().catch(() => {});
  }

  #countLobby(conversation) {
    const before = conversation.messages.findLast(({ timestamp }) => Date.parse(timestamp) < this.#since)?.seq;
    conversation.readSeq = Number(this.#storage.getItem(this.#lobbyKey()) ?? before ?? 0);
    conversation.unread = conversation.messages.filter((it) => it.seq > conversation.readSeq && conversation.isOthers(it)).length;
    conversation.counted = conversation.last?.seq ?? 0;
  }

  #lobbyKey() {
    return `confab.lobby.${this.#chat.user}`;
  }

  #where({ conversation, address }) {
    if (conversation) return conversation;
    if (address.to !== undefined) return direct(this.#chat.user, address.to);
    return address.room ? `room:${address.room}` : LOBBY;
  }
}
