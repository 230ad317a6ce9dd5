// A conversation partner for the server: says everything once, shows everything once and in order.

import { Admission } from "./admission.js";
import { Alarms } from "./alarms.js";
import { Asks } from "./asks.js";
import { deferred } from "./deferred.js";
import { addressOf, direct, isUuid } from "./ids.js";
import { Line } from "./line.js";
import { Logs } from "./logs.js";
import { Outbox } from "./outbox.js";
import { Shelf } from "./shelf.js";
import { Turn } from "./turn.js";

const DEFAULTS = {
  http: "",
  history: 20,
  pingEvery: 30_000,
  patience: 10_000,
  // API Gateway ends a connection after two hours.
  lifetime: 110 * 60_000,
  longestWait: 30_000,
};
/** The server shows that one types at most this often, in ms. */
const TYPING = 2_000;
/** How soon to repeat what may have failed, in ms, at the latest; later each time it fails again. */
const SOON = 1_000;

export class Chat extends EventTarget {
  /** One's own id. @type {string | undefined} */
  user;
  /** @type {import("./index.js").Limits | undefined} */
  limits;
  #settings;
  #admission;
  #alarms = new Alarms();
  #shelf;
  #line;
  #outbox;
  #asks;
  #logs;
  /** What other pages have left unsent is sent by one page at a time. */
  #turn;
  #catchingUp = false;
  /** How often the server has failed since it last answered. */
  #failures = 0;
  /** @type {Map<string, number>} */
  #typed = new Map();
  /** @type {ReturnType<typeof deferred> | undefined} */
  #connecting;

  /** @param {import("./index.js").ChatOptions} options */
  constructor(options) {
    super();
    const { fetch = globalThis.fetch.bind(globalThis), WebSocket = globalThis.WebSocket } = options;
    const settings = { ...DEFAULTS, ...options, fetch, WebSocket };
    if (!WebSocket) throw new TypeError("there is no WebSocket here: pass one");
    this.#settings = settings;
    this.#admission = new Admission(settings);
    this.#shelf = new Shelf(options.storage);
    this.#turn = new Turn(this.#shelf.isShared ? globalThis.navigator?.locks : undefined);
    this.#line = new Line(this.#lineSettings(), {
      state: (detail) => this.#turned(detail),
      welcome: (frame, isReplacement) => this.#welcomed(frame, isReplacement),
      frame: (frame) => this.#hears(frame),
    });
    this.#asks = new Asks(this.#alarms, this.#line, settings.patience);
    this.#outbox = new Outbox(this.#shelf, this.#alarms, this.#line, settings.patience, {
      changed: () => this.#tell("outbox"),
      refused: (error) => this.#tell("refused", error),
    });
    this.#logs = new Logs(this.#shelf, this.#alarms, {
      message: (message) => this.#shows(message),
      gap: (gap) => this.#tell("gap", gap),
      stale: () => this.#catchUp(),
    });
    if (options.credentials.user !== undefined) this.#remember(options.credentials.user);
  }

  get state() {
    return this.#line.state;
  }

  /** What is not known to be kept, oldest first; and what is kept, until it is shown. */
  get outbox() {
    return this.#outbox.items;
  }

  /** Resolves when one is welcome, rejects if one is refused. */
  connect() {
    if (this.state === "online") return Promise.resolve();
    const { promise } = (this.#connecting ??= deferred());
    if (this.#shelf.prefix !== undefined) this.#claimLeftovers();
    this.#watchNetwork(true);
    this.#line.open();
    return promise;
  }

  /** What is not sent stays in the storage. */
  close() {
    this.#watchNetwork(false);
    this.#turn.end();
    this.#line.close();
    this.#asks.drop();
    this.#alarms.clearAll();
  }

  /** @param {import("./index.js").Address} address @param {string} content */
  send(address, content) {
    return this.#outbox.add(address, content, this.#conversationOf(address));
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
  history(conversation, range = {}) {
    const { before = Infinity, after = -1 } = range;
    return this.#asks.ask("log", { action: "history", conversation, ...range }, (it) => {
      if (it.type !== "history" || it.conversation !== conversation) return false;
      return it.messages.every((/** @type {any} */ { seq }) => after < seq && seq < before);
    });
  }

  /** One has read everything up to `seq`. @param {string} conversation @param {number} seq */
  read(conversation, seq) {
    const lane = `read ${conversation}`;
    this.#asks.drop(lane);
    const isMine = (/** @type {any} */ it) =>
      it.type === "receipt" && it.conversation === conversation && it.user === this.user && it.read >= seq;
    this.#ask(lane, { action: "read", conversation, seq }, isMine);
  }

  /** Shows others that one types; as often as one likes. @param {{to: string} | {room: string}} address */
  typing(address) {
    const where = JSON.stringify(address);
    if (Date.now() - (this.#typed.get(where) ?? 0) < TYPING) return;
    if (this.#line.send({ action: "typing", ...address })) this.#typed.set(where, Date.now());
  }

  /** @param {string} room its id or name */
  join(room) {
    const name = room.trim().toLowerCase();
    return this.#asks.ask("join", { action: "join", room }, (it) => {
      return it.type === "joined" && (it.room.id === room || it.room.name.toLowerCase() === name);
    });
  }

  /** @param {string} room its id or name */
  leave(room) {
    return this.#asks.ask("leave", { action: "leave", room }, (it) => {
      return it.type === "left" && (it.room === room || !isUuid(room));
    });
  }

  /**
   * Asks the HTTP API.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  request(method, path, body) {
    return this.#admission.request(method, path, body);
  }

  /**
   * A list of the HTTP API, over all its pages.
   * @param {string} path
   * @param {{most?: number}} [options]
   */
  list(path, { most = Infinity } = {}) {
    return this.#admission.list(path, most);
  }

  /** What comes after `seq` is shown, whatever was shown before. @param {string} conversation @param {number} seq */
  follow(conversation, seq) {
    this.#logs.follow(conversation, seq);
    this.#clearOutbox();
  }

  /** The last message shown, before which none is missing. @param {string} conversation */
  watermark(conversation) {
    return this.#logs.mark(conversation);
  }

  /** @returns {import("./line.js").Settings} */
  #lineSettings() {
    const { WebSocket, pingEvery, patience, lifetime, longestWait, history } = this.#settings;
    const admission = this.#admission;
    return {
      // What is known is brought up to date by `sync`.
      address: () => admission.address(this.#logs.mark("lobby") === undefined ? history : 0),
      refusal: () => admission.refusal(),
      renew: admission.isRenewable ? () => this.#renew() : undefined,
      replaceable: admission.isLasting,
      ...{ WebSocket, pingEvery, patience, lifetime, longestWait },
    };
  }

  async #renew() {
    const frame = { action: "renew", token: await this.#admission.token() };
    const { expires_at } = await this.#asks.ask("renew", frame, (it) => it.type === "renewed");
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
    this.#outbox.contentBytes = welcome.limits.content_bytes;
    this.#remember(welcome.user);
    this.#tell("welcome", welcome);
    this.#asks.drop("renew");
    if (!isReplacement) {
      this.#alarms.clear("hurry");
      this.#asks.restart();
      this.#outbox.restart();
      if (this.#turn.isMine) this.#outbox.adopt();
    }
    this.#logs.doubt();
    this.#catchUp();
  }

  /** Goes on with what is kept of an earlier page. @param {string} user */
  #remember(user) {
    [this.user, this.#outbox.user] = [user, user];
    if (this.#shelf.prefix === undefined) {
      const { host, pathname } = new URL(this.#settings.url);
      // Who signs in under a name of their own may be called otherwise by the server, always the same.
      this.#shelf.prefix = `confab:${host}${pathname}:${user}:`;
      this.#logs.restore();
      this.#outbox.keepAll();
    }
    this.#claimLeftovers();
  }

  #claimLeftovers() {
    this.#turn.take(`${this.#shelf.prefix}outbox`, () => this.#outbox.adopt());
  }

  /** @param {any} frame */
  #hears(frame) {
    if (frame.type === "message") return this.#logs.accept([frame]);
    if (frame.type === "ack") return this.#acked(frame);
    if (frame.type === "error") return this.#failed(frame);
    if (frame.type === undefined) return this.#hurry();
    if (frame.type === "joined") this.#joined(frame);
    if (frame.type === "left") this.#logs.close(frame.conversation);
    const isAnswer = this.#asks.answered(frame);
    if (isAnswer) this.#failures = 0;
    if (frame.type === "history") {
      if (!isAnswer) this.#pushed(frame);
    } else if (!["synced", "renewed"].includes(frame.type)) {
      this.#tell(frame.type, frame);
    }
  }

  /** @param {any} ack */
  #acked(ack) {
    this.#failures = 0;
    const item = this.#outbox.acked(ack);
    this.#tell("ack", ack);
    if (item && this.user !== undefined) {
      const { id, conversation, seq, timestamp } = ack;
      const { broadcast, ...where } = /** @type {any} */ (addressOf(conversation, this.user));
      const { content } = item;
      this.#logs.accept([{ id, conversation, seq, kind: "message", from: this.user, ...where, content, timestamp }]);
    }
    this.#clearOutbox();
    this.#outbox.flush();
  }

  /** @param {any} error */
  #failed(error) {
    if (!this.#outbox.failed(error) && !this.#asks.failed(error)) this.#tell("error", error);
  }

  /** A failure of the server does not say what has failed: whatever is not answered by then is repeated. */
  #hurry() {
    if (this.#alarms.has("hurry")) return;
    const longest = Math.min(this.#settings.patience, SOON * 2 ** this.#failures);
    this.#failures += 1;
    this.#alarms.set("hurry", longest * (0.5 + Math.random() / 2), () => {
      this.#outbox.hurry();
      this.#asks.hurry();
    });
  }

  /** @param {any} joined */
  #joined({ conversation, messages }) {
    if (this.#logs.mark(conversation) === undefined) this.follow(conversation, messages.at(-1)?.seq ?? 0);
    else this.#logs.accept(messages);
  }

  /** What a `sync` brings, and the lobby's end for newcomers. @param {any} frame */
  #pushed({ conversation, messages }) {
    if (conversation === "lobby" || this.#logs.mark(conversation) !== undefined) this.#logs.accept(messages);
  }

  async #catchUp() {
    if (this.#catchingUp || this.state !== "online") return;
    this.#catchingUp = true;
    while (await this.#readOn());
    this.#catchingUp = false;
  }

  /** @returns {Promise<boolean>} whether there may be more */
  async #readOn() {
    const since = this.#logs.since();
    const unclear = since ? undefined : this.#logs.unclear();
    if (since) {
      const synced = await this.#ask("log", { action: "sync", since }, (it) => it.type === "synced");
      const refused = synced ? this.#logs.synced(synced.conversations) : [];
      for (const error of refused) this.#tell("error", { ...error, message: `cannot sync ${error.conversation}` });
    } else if (unclear !== undefined) {
      await this.history(unclear, { after: this.#logs.mark(unclear) ?? 0, limit: 100 }).then(
        (page) => this.#logs.page(unclear, page),
        (error) => {
          this.#logs.close(unclear);
          this.#told(error, unclear);
        },
      );
    }
    return since !== undefined || unclear !== undefined;
  }

  /**
   * An ask of the library's own: if it fails, everybody is told.
   * @param {string} lane
   * @param {Record<string, any>} frame
   * @param {(answer: any) => boolean} answers
   * @returns {Promise<any>} undefined if it failed
   */
  #ask(lane, frame, answers) {
    return this.#asks.ask(lane, frame, answers).catch((error) => this.#told(error, frame.conversation));
  }

  /** @param {any} error @param {string} [conversation] */
  #told({ name, code, message }, conversation) {
    if (name !== "AbortError") this.#tell("error", { code, message, conversation });
  }

  /** @param {import("./index.js").Message} message */
  #shows(message) {
    this.#tell("message", message);
    this.#clearOutbox();
  }

  #clearOutbox() {
    this.#outbox.clear((conversation) => this.#logs.mark(conversation) ?? 0);
  }

  /** Where a message will be, if that can be known without asking. @param {any} address */
  #conversationOf({ to, room, conversation, broadcast }) {
    if (broadcast) return "lobby";
    if (isUuid(room ?? "")) return `room:${room}`;
    // With accounts a name is not an id.
    const isId = to !== undefined && (isUuid(to) || this.#admission.isOpen);
    return isId && this.user !== undefined ? direct(this.user, to) : conversation;
  }

  /** @param {boolean} isOn */
  #watchNetwork(isOn) {
    const act = isOn ? "addEventListener" : "removeEventListener";
    for (const type of ["online", "offline"]) globalThis[act]?.(type, this.#wake);
    globalThis.document?.[act]("visibilitychange", this.#wake);
  }

  /** @param {Event} event */
  #wake = ({ type }) => {
    if (type === "visibilitychange" && document.hidden) return;
    this.#line.wake();
  };

  /** @param {string} type @param {unknown} [detail] */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
