// A conversation partner for the server: says everything once, shows everything once and in order.

import { Auth } from "./auth.js";
import { CatchUp } from "./catch_up.js";
import { Changes } from "./changes.js";
import { Clock } from "./clock.js";
import { Connection } from "./connection.js";
import { Conversations } from "./conversations.js";
import { deferred } from "./deferred.js";
import { direct, isUuid, newId } from "./ids.js";
import { watchNetwork } from "./network.js";
import { Outbox } from "./outbox.js";
import { Presence } from "./presence.js";
import { Receiver } from "./receiver.js";
import { Requests } from "./requests.js";
import { OwnSettings } from "./settings.js";
import { Storage } from "./storage.js";
import { TabLock } from "./tab_lock.js";
import { isWellFormed } from "./text.js";
import { Timers } from "./timers.js";

const DEFAULTS = {
  http: "",
  history: 20,
  pingEvery: 30_000,
  patience: 10_000,
  // API Gateway ends a connection after two hours.
  lifetime: 110 * 60_000,
  longestWait: 30_000,
};
/** The server shows that one types at most this often, in ms; and others see it for so long. */
const [TYPING, TYPES] = [2_000, 6_000];

/**
 * How long after a connection was made everything has been done that was under way then, in ms: API
 * Gateway gives an invocation 29 seconds.
 */
const UNDER_WAY = 30_000;

export class Chat extends EventTarget {
  /** One's own id. @type {string | undefined} */
  user;
  /** @type {import("./index.js").Limits | undefined} */
  limits;
  #settings;
  #auth;
  #timers = new Timers();
  #storage;
  /** The server, in names of what is stored. */
  #place;
  #connection;
  #outbox;
  /** @type {Changes} */
  #changes;
  #requests;
  #conversations;
  #catchUp;
  #presence;
  #own;
  #receiver;
  /** What other pages have left unsent is sent by one page at a time. */
  #tabLock;
  /** Before that nobody can listen. */
  #isHeard = false;
  /** @type {ReturnType<typeof deferred> | undefined} */
  #connecting;
  /** @type {(() => void) | undefined} */
  #unwatch;

  /** @param {import("./index.js").ChatOptions} options */
  constructor(options) {
    super();
    const { fetch = globalThis.fetch.bind(globalThis), WebSocket = globalThis.WebSocket } = options;
    const settings = { ...DEFAULTS, ...options, fetch, WebSocket };
    if (!WebSocket) throw new TypeError("there is no WebSocket here: pass one");
    this.#settings = settings;
    this.#auth = new Auth(settings);
    this.#storage = new Storage(options.storage);
    this.#tabLock = new TabLock(this.#storage.isShared ? globalThis.navigator?.locks : undefined);
    const { host, pathname } = new URL(settings.url);
    this.#place = `confab:${host}${pathname}:`;
    const clock = new Clock(new Storage(options.storage, this.#place));
    this.#connection = new Connection(this.#connectionSettings(), clock, {
      state: (detail) => this.#turned(detail),
      welcome: (frame, isReplacement) => this.#welcomed(frame, isReplacement),
      frame: (frame) => this.#receiver.takes(frame),
    });
    this.#requests = new Requests(this.#timers, this.#connection, settings.patience);
    this.#conversations = new Conversations(this.#storage, this.#timers, {
      user: () => this.user,
      pending: (conversation, seq) => this.#changes.of(conversation, seq),
      message: (message) => this.#receiver.shows(message),
      changed: (message) => this.#tell("changed", message),
      gap: (gap) => this.#tell("gap", gap),
      skipped: (skipped) => this.#tell("skipped", skipped),
      stale: () => this.#catchUp.run(),
    });
    const [storage, timers, connection] = [this.#storage, this.#timers, this.#connection];
    const [requests, conversations] = [this.#requests, this.#conversations];
    const list = (/** @type {string} */ path) => this.list(path);
    this.#outbox = new Outbox({ storage, timers, connection, requests, clock }, {
      changed: () => this.#tell("outbox"),
      refused: (error) => this.#tell("refused", error),
      dropped: (error) => this.#tell("error", error),
    });
    this.#changes = new Changes({ storage, connection, requests, clock }, {
      changed: (conversation, seq) => this.#conversations.redraws(conversation, seq),
      refused: (error) => this.#tell("refused", error),
    });
    const failed = (/** @type {string} */ where, /** @type {any} */ error) => this.#receiver.lost(where, error);
    this.#catchUp = new CatchUp({ storage, conversations, requests, connection, timers }, { list, failed });
    this.#presence = new Presence({ timers, connection, clock }, { list, seen: (who) => this.#tell("presence", who) });
    this.#own = new OwnSettings({
      request: (method, path, body) => this.request(method, path, body),
      changed: (changed) => this.#tell("settings", changed),
    });
    const [outbox, changes, catchUp, presence] = [this.#outbox, this.#changes, this.#catchUp, this.#presence];
    const parts = { requests, outbox, changes, conversations, catchUp, presence, settings: this.#own };
    this.#receiver = new Receiver(parts, {
      user: () => this.user,
      tell: (type, detail) => this.#tell(type, detail),
    });
    if (options.credentials.user !== undefined) this.#remember(options.credentials.user);
    this.#isHeard = true;
  }

  get state() {
    return this.#connection.state;
  }

  /** What is not known to be kept, oldest first; and what is kept, until it is shown. */
  get outbox() {
    return this.#outbox.items;
  }

  /** Resolves when one is welcome, rejects if one is refused. */
  connect() {
    if (this.state === "online") return Promise.resolve();
    const { promise } = (this.#connecting ??= deferred());
    if (this.#storage.prefix !== undefined) this.#claimLeftovers();
    this.#unwatch ??= watchNetwork(() => this.#connection.wake());
    this.#connection.open();
    return promise;
  }

  /** What is not sent stays in the storage. */
  close() {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#tabLock.end();
    this.#connection.close();
    this.#requests.drop();
    this.#timers.clearAll();
  }

  /**
   * @param {import("./index.js").Address} address
   * @param {string} content
   * @param {import("./index.js").Beside} [beside]
   */
  send(address, content, beside = {}) {
    return this.#outbox.add(address, content, this.#conversationOf(address), copyOf(beside));
  }

  /**
   * Changes what one has said.
   * @param {string} conversation
   * @param {number} seq
   * @param {import("./index.js").Edit} edit
   */
  edit(conversation, seq, edit) {
    const { content, data, mentions, mentionsEveryone: mentions_everyone } = copyOf(edit);
    return this.#change(conversation, seq, { action: "edit", content, data, mentions, mentions_everyone });
  }

  /** Deletes a message. @param {string} conversation @param {number} seq */
  remove(conversation, seq) {
    return this.#change(conversation, seq, { action: "delete" });
  }

  /** @param {string} conversation @param {number} seq @param {string} key @param {boolean} [on] */
  react(conversation, seq, key, on = true) {
    return this.#change(conversation, seq, { action: "react", key, on });
  }

  /** Pins a message, or lets it be pinned no more. @param {string} conversation @param {number} seq @param {boolean} [on] */
  pin(conversation, seq, on = true) {
    return this.#change(conversation, seq, { action: "pin", on });
  }

  /**
   * What is pinned, what was pinned last first.
   * @param {string} conversation
   * @returns {Promise<import("./index.js").TextMessage[]>}
   */
  async pins(conversation) {
    const messages = this.pictures(await this.list(`/api/conversations/${encodeURIComponent(conversation)}/pins`));
    // One that is not pinned any more may have been on its way.
    return /** @type {any[]} */ (messages).filter(({ pinned_at }) => pinned_at !== undefined);
  }

  /** @param {string} id */
  discard(id) {
    this.#outbox.discard(id);
  }

  /** @param {string} id */
  retry(id) {
    return this.#outbox.retry(id);
  }

  /**
   * A page of what was said.
   * @param {string} conversation
   * @param {{before?: number, after?: number, limit?: number}} [range]
   */
  async history(conversation, range = {}) {
    const page = await this.#catchUp.history(conversation, range);
    return { ...this.#receiver.given(page), upto: page.messages.at(-1)?.seq ?? null };
  }

  /** One has read everything up to `seq`. @param {string} conversation @param {number} seq */
  read(conversation, seq) {
    const lane = `read ${conversation}`;
    this.#requests.drop(lane);
    const asked = this.#requests.ask({ action: "read", conversation, seq }, lane);
    asked.catch((error) => this.#receiver.told(error, conversation));
  }

  /** Shows others that one types; as often as one likes. @param {{to: string} | {room: string}} address */
  typing(address) {
    const where = `typing ${JSON.stringify(address)}`;
    if (this.#timers.has(where) || !this.#connection.send({ action: "typing", id: newId(), ...address })) return;
    this.#timers.set(where, this.limits?.typing_every_ms ?? TYPING, () => {});
    this.#timers.set(`${where} shown`, TYPES, () => {});
  }

  /** Shows others that one types no more, if they see that one does. @param {{to: string} | {room: string}} address */
  stopTyping(address) {
    const where = `typing ${JSON.stringify(address)}`;
    const frame = { action: "typing", id: newId(), ...address, typing: false };
    if (this.#timers.has(`${where} shown`)) this.#connection.send(frame);
    for (const name of [where, `${where} shown`]) this.#timers.clear(name);
  }

  /** Whether somebody is there, as far as it is known. @param {string} user */
  presence(user) {
    return this.#presence.of(user);
  }

  /**
   * Where one takes part, and how much is unread there.
   * @param {{unread?: boolean, hidden?: boolean, recent?: boolean}} [which]
   * @returns {Promise<import("./index.js").Summary[]>}
   */
  async conversations({ unread, hidden, recent } = {}) {
    const wanted = { ...(unread && { unread: "true" }), ...(hidden && { hidden: "true" }), ...(recent && { order: "recent" }) };
    const query = new URLSearchParams(wanted);
    const path = `/api/conversations${query.size > 0 ? `?${query}` : ""}`;
    const listed = await this.#own.learns(() => this.list(path), (all) => all.map((it) => [it.conversation, it.settings]));
    const seen = new Set();
    // What became active meanwhile comes again.
    return listed.filter(({ conversation }) => !seen.has(conversation) && seen.add(conversation));
  }

  /** What one has decided about a conversation, as far as it is known. @param {string} conversation */
  settings(conversation) {
    return this.#own.of(conversation);
  }

  /** The same from the server. @param {string} conversation */
  askSettings(conversation) {
    return this.#own.ask(conversation);
  }

  /** @param {string} conversation @param {Partial<import("./index.js").Settings>} change */
  changeSettings(conversation, change) {
    return this.#own.change(conversation, change);
  }

  /** It counts as unread again from that message on. @param {string} conversation @param {number} seq */
  markUnread(conversation, seq) {
    return this.changeSettings(conversation, { unread_from: seq });
  }

  /**
   * Who has read how far, or only who has read a message.
   * @param {string} conversation
   * @param {number} [seq]
   * @returns {Promise<import("./index.js").Reader[]>}
   */
  readers(conversation, seq) {
    const path = `/api/conversations/${encodeURIComponent(conversation)}/readers`;
    return this.list(seq === undefined ? path : `${path}?seq=${seq}`);
  }

  /** @param {string} room its id or name */
  async join(room) {
    return this.#receiver.given(await this.#requests.ask({ action: "join", room }, `room ${room}`));
  }

  /** @param {string} room its id or name */
  leave(room) {
    return this.#requests.ask({ action: "leave", room }, `room ${room}`);
  }

  /**
   * What messages that the HTTP API has given look like by now; one is told of them from then on.
   * @param {import("./index.js").Message[]} messages
   */
  pictures(messages) {
    return messages.flatMap((message) => this.#conversations.gives([message]));
  }

  /**
   * Asks the HTTP API.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  request(method, path, body) {
    return this.#auth.request(method, path, body);
  }

  /**
   * A list of the HTTP API, over all its pages.
   * @param {string} path
   * @param {{most?: number}} [options]
   */
  list(path, { most = Infinity } = {}) {
    return this.#auth.list(path, most);
  }

  /** What comes after `seq` is shown, whatever was shown before. @param {string} conversation @param {number} seq */
  follow(conversation, seq) {
    this.#conversations.follow(conversation, seq);
    this.#receiver.clearOutbox();
  }

  /** The last message shown, before which none is missing. @param {string} conversation */
  watermark(conversation) {
    return this.#conversations.mark(conversation);
  }

  /** @returns {import("./connection.js").Settings} */
  #connectionSettings() {
    const { WebSocket, pingEvery, patience, lifetime, longestWait, history } = this.#settings;
    const auth = this.#auth;
    return {
      // What is known is brought up to date by `sync`.
      address: () => auth.address(this.#conversations.mark("lobby") === undefined ? history : 0),
      refusal: () => auth.refusal(),
      renew: auth.isRenewable ? () => this.#renew() : undefined,
      replaceable: auth.isLasting,
      ...{ WebSocket, pingEvery, patience, lifetime, longestWait },
    };
  }

  async #renew() {
    const frame = { action: "renew", token: await this.#auth.token() };
    const { expires_at } = await this.#requests.ask(frame, "renew");
    return Date.parse(expires_at);
  }

  /** @param {any} detail */
  #turned(detail) {
    const connecting = this.#connecting;
    if (["online", "refused", "closed"].includes(detail.state)) this.#connecting = undefined;
    if (detail.state === "refused") connecting?.reject(detail.error);
    if (detail.state === "closed") connecting?.reject(new DOMException("closed", "AbortError"));
    this.#tell("state", detail);
    if (detail.state === "online") connecting?.resolve();
  }

  /** @param {any} welcome @param {boolean} isReplacement */
  #welcomed(welcome, isReplacement) {
    this.limits = welcome.limits;
    this.#outbox.limits = this.#changes.limits = this.#catchUp.limits = welcome.limits ?? {};
    this.#remember(welcome.user);
    this.#tell("welcome", welcome);
    if (isReplacement) this.#requests.drop("renew");
    else {
      this.#requests.restart();
      this.#outbox.flush();
      this.#changes.flush();
      if (this.#tabLock.isMine) this.#adopts();
      this.#presence.ask();
    }
    this.#doubts();
    // A message of another device that was under way is not pushed here.
    this.#timers.set("doubt", UNDER_WAY, () => this.#doubts());
    if (welcome.more_waiting || this.#catchUp.isShort) this.#catchUp.more();
  }

  /** Asks for what may have been missed. */
  #doubts() {
    this.#conversations.doubt();
    this.#catchUp.run();
  }

  /** Goes on with what is kept of an earlier page. @param {string} user */
  #remember(user) {
    this.user = this.#outbox.user = this.#changes.user = user;
    if (this.#storage.prefix === undefined) {
      // Who signs in under a name of their own may be called otherwise by the server, always the same.
      this.#storage.prefix = `${this.#place}${user}:`;
      this.#conversations.restore();
      this.#outbox.keepAll();
      this.#changes.keepAll();
    }
    this.#claimLeftovers();
  }

  #claimLeftovers() {
    this.#tabLock.take(`${this.#storage.prefix}outbox`, () => this.#adopts());
  }

  #adopts() {
    this.#outbox.adopt();
    this.#changes.adopt();
  }

  /** @param {string} conversation @param {number} seq @param {import("./picture.js").Change} change */
  #change(conversation, seq, change) {
    if (typeof conversation !== "string" || !Number.isSafeInteger(seq)) {
      throw new TypeError("a message of a conversation is changed");
    }
    return this.#changes.add(conversation, seq, change);
  }

  /** Where a message will be, if that can be known without asking. @param {any} address */
  #conversationOf({ to, room, conversation, broadcast }) {
    if (broadcast) return "lobby";
    if (isUuid(room ?? "")) return `room:${room}`;
    // With accounts a name is not an id.
    const isId = to !== undefined && isWellFormed(to) && (isUuid(to) || this.#auth.isOpen);
    return isId && this.user !== undefined ? direct(this.user, to) : conversation;
  }

  /** @param {string} type @param {unknown} [detail] */
  #tell(type, detail) {
    if (!this.#isHeard) return queueMicrotask(() => this.#tell(type, detail));
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** What is said beside a text is what it was when it was said. @template T @param {T} it @returns {T} */
const copyOf = (it) => JSON.parse(JSON.stringify(it));
