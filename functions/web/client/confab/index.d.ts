/** A client for Confab, in browsers and Node. */

export interface ChatOptions {
  /** The WebSocket URL: "wss://…/prod" or "ws://127.0.0.1:8080/ws". */
  url: string;
  /** The HTTP API's base; "" (the default) is the page's own origin. */
  http?: string;
  credentials: Credentials;
  /**
   * Where unsent messages and watermarks outlive the page; by default `localStorage`, if there is one,
   * and then pages take turns at sending what earlier ones have left.
   */
  storage?: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  WebSocket?: typeof WebSocket;
  fetch?: typeof fetch;
  /** How many of the lobby's last messages a newcomer is shown. */
  history?: number;
  /** How long nothing may come before a `ping`, in ms. */
  pingEvery?: number;
  /** How long an answer may take before it is asked again and the connection is doubted, in ms. */
  patience?: number;
  /** The age at which a connection is replaced by the next, in ms. */
  lifetime?: number;
  /** The longest wait between two attempts to connect, in ms. */
  longestWait?: number;
}

/**
 * A name alone is for servers in open mode. Beside a token or tickets it is one's own id, under which
 * unsent messages are found before the server has said it. Functions are called for each connection;
 * they reject with an `ApiError` 400, 401 or 403 if one is not signed in any more. That for tokens is
 * told one that the server did not take, if it knows how to get another.
 */
export type Credentials =
  | { user: string; token?: undefined; ticket?: undefined }
  | { token: string | ((refused?: string) => Promise<string>); user?: string; ticket?: undefined }
  | { ticket: () => Promise<string>; user?: string; token?: undefined };

export type State = "idle" | "connecting" | "online" | "waiting" | "refused" | "closed";

/** `to` and `room` take an id or a name. */
export type Address = { to: string } | { room: string } | { conversation: string } | { broadcast: true };

/** What one has decided about a conversation for oneself alone; nobody else sees it. */
export interface Settings {
  /** What one does not want to be told of: anything, or what does not name one. */
  muted: "all" | "mentions" | null;
  /** Until when; null for good. The server tells nothing when it is over. */
  muted_until: string | null;
  /** Whether it comes before others in lists. */
  pinned: boolean;
  /** Whether lists leave it out until something is said there, of which no `settings` event tells. */
  hidden: boolean;
  /** What one has written there and not said yet. */
  draft: string | null;
  /** The first message that counts as unread again. */
  unread_from: number | null;
}

/** A conversation in a list of one's own. */
export interface Summary {
  conversation: string;
  /** The other one, if it is of two people. */
  with?: string;
  room?: { id: string; name: string };
  joined_at?: string;
  last_message?: Message;
  /** How much is unread, among its last 100 entries; and how much of that names one. */
  unread: number;
  mentions: number;
  /** How far one has read; 0 if nothing. */
  read_seq: number;
  settings: Settings;
}

/** How far somebody has read; 0 if nothing. */
export interface Reader {
  user: string;
  read_seq: number;
}

/** What is told apart by its `kind`: text, or a notice of what happened to people in a room. */
export type Message = TextMessage | Notice;

/** What somebody said, as it is by now: with what is known to have happened to it since. */
export interface TextMessage extends Entry {
  kind: "message";
  /** "" once it is deleted. */
  content: string;
  /** Whatever the sender's program has put beside the text. */
  data?: Record<string, unknown>;
  /** What it answers. */
  reply_to?: Quote;
  /** The ids of those whom it names. */
  mentions?: string[];
  /** Whether it names everybody in the room. */
  mentions_everyone?: true;
  /** In the order in which they were first used. */
  reactions?: Reaction[];
  /** When it was edited last. */
  edited_at?: string;
  /** Since when it is pinned, and by whom. */
  pinned_at?: string;
  pinned_by?: string;
  /** When it was deleted, and by whom: then nothing is left of what it said. */
  deleted_at?: string;
  deleted_by?: string;
  /** The number of the last event that the server had put into its copy. */
  revised?: number;
  /** Whether one has changed it oneself, and the server is not known to have kept that yet. */
  pending?: true;
}

/** What a message says of the one that it answers; without `from` and `content` that is gone, or not for oneself. */
export interface Quote {
  seq: number;
  from?: string;
  /** The beginning of it, as it is by now. */
  content?: string;
  revised?: number;
  deleted?: true;
}

/** How many have reacted alike. */
export interface Reaction {
  /** An emoji, or a short name. */
  key: string;
  count: number;
  /** The first few of them. */
  users: string[];
  /** Whether one is among them. */
  mine?: true;
}

export type Notice = Joining | Leaving | Moderation | Appointment | Turnover;

export interface Joining extends Entry {
  kind: "joined";
}

export interface Leaving extends Entry {
  kind: "left";
  /** Why, if they did not ask to: their account was deleted. */
  reason?: "deleted";
}

export interface Moderation extends Entry {
  kind: "kicked" | "banned" | "unbanned" | "muted" | "unmuted";
  /** Whom `from` did that to. */
  about: string;
}

export interface Appointment extends Entry {
  kind: "appointed";
  about: string;
  /** What they are now; not there in what earlier servers have kept. */
  role?: Role;
}

/** In a large room: how many came and went since the last of these; `from` was the last of them. */
export interface Turnover extends Entry {
  kind: "members";
  joined: number;
  left: number;
}

export type Role = "owner" | "moderator" | "member";

/** What every message has. */
interface Entry {
  id: string;
  conversation: string;
  seq: number;
  from: string;
  to?: string;
  room?: string;
  timestamp: string;
  status?: "sent" | "delivered" | "read";
  /** It has expired, and was read from the archive. */
  archived?: true;
}

/**
 * What an entry of the log is. An "event" changes the message that it is about, and later servers may send
 * kinds that are "other": the library shows neither, and whoever asks the HTTP API should not either.
 * Their numbers count all the same.
 */
export function sortOf(message: { kind: string }): "text" | "notice" | "event" | "other";

/** Whether a message names that user, or everybody. */
export function isNaming(message: { mentions?: string[]; mentions_everyone?: true }, user: string | undefined): boolean;

export interface Room {
  id: string;
  name: string;
  topic: string | null;
  metadata: Record<string, unknown> | null;
  access: "public" | "private";
  /** What people who join may read of what was said before. */
  history: "everything" | "since_joining";
  /** How many days what is said in it is kept, if it has a rule of its own. */
  retention_days?: number;
  creator: string;
  created_at: string;
  members: number;
  conversation: string;
}

export interface Limits {
  content_bytes: number;
  frame_bytes: number;
  history_page: number;
  backlog_messages: number;
  conversations_per_sync: number;
  messages_per_second: number;
  notices_per_minute: number;
  rooms_per_user: number;
  members_per_room: number;
  connections_per_user: number;
  /** The longest `id` of a frame. */
  id_chars: number;
  /** How far ahead of the server's clock the time inside an id may be. */
  id_ahead_ms: number;
  /** Among how many messages repeats of an id that is no UUIDv7 are found. */
  repeats_among: number;
  typing_every_ms: number;
  /** How large `data` may be, as JSON. */
  data_bytes?: number;
  /** How long the draft of a conversation may be, in bytes. */
  draft_bytes?: number;
  /** How many people a message may name. */
  mentions?: number;
  /** How many different reactions a message may have, and how long each may be. */
  reactions?: number;
  reaction_chars?: number;
  /** How many messages of a conversation are pinned at most. */
  pins?: number;
  /** For how long a message may be edited; 0 if there is no limit. */
  edit_window_ms?: number;
  user_id_chars: number;
  username_chars: number;
  display_name_chars: number;
  room_name_chars: number;
  topic_chars: number;
  metadata_bytes: number;
}

export interface Ack {
  id: string;
  conversation: string;
  seq: number;
  /** The message that was changed, if it is no new one. */
  of?: number;
  timestamp: string;
  /** Whether a recipient's connection took it; unknown while it is on its way to them. */
  delivered?: boolean;
  duplicate: boolean;
}

/** What is said beside the text of a message. */
export interface Beside {
  /** The number of the message that it answers. */
  replyTo?: number;
  /** Whom it names: ids, or usernames. */
  mentions?: string[];
  /** Whether it names everybody in the room, which moderators and owners may. */
  mentionsEveryone?: boolean;
  /** Whatever the program has to say to others of its kind: a JSON object. */
  data?: Record<string, unknown>;
}

/** What is to be different about a message; what is absent stays as it is. */
export interface Edit {
  content?: string;
  /** Whom it names is one thing: if either of these is there, the other is none unless it is there, too. */
  mentions?: string[];
  mentionsEveryone?: boolean;
  /** Null for none. */
  data?: Record<string, unknown> | null;
}

/** A change of a message: `sent` resolves once it is kept, however long that takes, and rejects if it is refused. */
export interface Changing {
  /** It may change if the server refuses it. */
  id: string;
  conversation: string;
  /** The message that it is about. */
  seq: number;
  sent: Promise<Ack>;
}

/** A message that is not known to be kept; or is kept ("sent"), and about to be shown. */
export interface Unsent extends Beside {
  /** It may change once: if the server refused it because this device's clock was wrong. */
  id: string;
  address: Address;
  /** Undefined where only the server can tell. */
  conversation?: string;
  content: string;
  state: "queued" | "sending" | "sent" | "refused";
  /** Why it was refused. */
  code?: string;
  message?: string;
  reason?: string;
}

/** `sent` resolves once the message is kept, however long that takes, and rejects if it is refused. */
export type Pending = Unsent & { sent: Promise<Ack> };

export interface Page {
  conversation: string;
  /** Oldest first. */
  messages: Message[];
  /** Cursors of the next pages, null where there is none. */
  before: number | null;
  after: number | null;
  /** The last number on it, also if that is of a kind that is not known; null if it is empty. `follow` from there. */
  upto: number | null;
}

export interface Joined {
  room: Room;
  conversation: string;
  messages: Message[];
  before: number | null;
}

export interface Left {
  room: string;
  conversation: string;
  /**
   * Why, if one did not want to. "gone": it was found out later that there is no such room, because
   * it was deleted, or is private and one is in it no more. Of neither is anything kept.
   */
  reason?: "kicked" | "banned" | "deleted" | "gone";
}

/** Why something failed: `reason` tells more where a client can act on it. */
export interface Failure {
  code: string;
  message: string;
  /** "not_a_member", "muted", "banned", "blocked", "blocking", "role", "not_yours", …, or "id_ahead", "id_too_old". */
  reason?: string;
}

export interface ChatEvents {
  state: { state: State; retryIn?: number; error?: Error };
  welcome: {
    user: string;
    connection_id: string;
    server_time: string;
    expires_at: string;
    limits: Limits;
    more_waiting?: true;
    /** Whether one may delete and pin in the lobby what others said. */
    lobby_moderator?: true;
  };
  /** In order in each conversation, each once, one's own too. */
  message: Message;
  /**
   * A message that one has been given, by an event or a page, looks otherwise now: all of it as it is by
   * now. Something happened to it or to what it quotes, or one wants that oneself.
   */
  changed: TextMessage;
  /** What the server does not have any more. */
  gap: { conversation: string; from: number; upto: number };
  /** What was said up to there, behind the last message shown, is not told: so much waited. `history` has it. */
  skipped: { conversation: string; upto: number };
  ack: Ack;
  /**
   * A message was not taken, and waits for `retry` or `discard`. What the server could not take is
   * not even sent: `too_large`, text that is not well-formed, a conversation of others. `unanswered`
   * is what a server that answers everything else does not answer. A change of a message, which is that
   * of the number `of`, does not wait: it is taken back.
   */
  refused: Failure & { id: string; conversation?: string; of?: number };
  /** `outbox` has changed. */
  outbox: null;
  receipt: { conversation: string; user: string; delivered?: number; read?: number };
  /** What one has decided about a conversation, on whatever device, as it is now. */
  settings: { conversation: string; settings: Settings };
  /** To be shown for `expires_in_ms` at most, or no more. */
  typing: { user: string; conversation: string; typing: boolean; expires_in_ms: number };
  /** Also what is found out at the start, and by what somebody says. */
  presence: { user: string; status: "online" | "offline"; last_seen: string | null };
  joined: Joined;
  left: Left;
  /** Something about a room one is in was changed. */
  room: { room: Room; conversation: string; by: string };
  invited: { room: Room; conversation: string; by: string };
  uninvited: { room: string; conversation: string; reason: "withdrawn" | "declined" | "deleted" };
  /** Somebody is called otherwise now, perhaps oneself; or has deleted their account. */
  profile:
    | { user: string; deleted: false; username: string | null; display_name: string | null; metadata: object | null }
    | { user: string; deleted: true };
  /** More waits than the server hands over by itself; it is asked for. */
  more_waiting: object;
  error: Failure & { id?: string; conversation?: string };
}

export class Chat extends EventTarget {
  constructor(options: ChatOptions);
  readonly state: State;
  /** One's own id. */
  readonly user: string | undefined;
  readonly limits: Limits | undefined;
  /** Oldest first. */
  readonly outbox: Unsent[];
  /** Resolves when one is welcome; rejects if one is refused, but never because the network is away. */
  connect(): Promise<void>;
  /** What is not sent stays in the storage. */
  close(): void;
  /** Queues a message, online or not. */
  send(address: Address, content: string, beside?: Beside): Pending;
  /**
   * Edits a message of one's own. This, like deleting and reacting, is shown at once by `changed`, repeated
   * until it is answered, over connections and pages, and taken back if it is refused.
   */
  edit(conversation: string, seq: number, edit: Edit): Changing;
  /** Deletes a message; moderators and owners may in their rooms delete anybody's. */
  remove(conversation: string, seq: number): Changing;
  /** Reacts to a message by an emoji or a short name, or does no more. */
  react(conversation: string, seq: number, key: string, on?: boolean): Changing;
  /** Pins a message for everybody, or does no more; moderators and owners may in their rooms. */
  pin(conversation: string, seq: number, on?: boolean): Changing;
  /** What is pinned, what was pinned last first; `changed` tells what becomes of it. */
  pins(conversation: string): Promise<TextMessage[]>;
  discard(id: string): void;
  /** Sends a refused message again. */
  retry(id: string): Pending | undefined;
  history(conversation: string, range?: { before?: number; after?: number; limit?: number }): Promise<Page>;
  /** One has read everything up to `seq`. */
  read(conversation: string, seq: number): void;
  /** Call it at every key: the server hears of it every two seconds at most. */
  typing(address: { to: string } | { room: string }): void;
  /** Others are told that one types no more, if they see that one does. */
  stopTyping(address: { to: string } | { room: string }): void;
  /** Whether somebody is there, as far as it is known. */
  presence(user: string): ChatEvents["presence"] | undefined;
  /** One's conversations, by id; `recent`: pinned ones first, then those where something happened last. */
  conversations(which?: { unread?: boolean; hidden?: boolean; recent?: boolean }): Promise<Summary[]>;
  /** What one has decided about a conversation, as far as that is known by a list, an answer or an event. */
  settings(conversation: string): Settings | undefined;
  /** The same from the server; the lobby has none, nor have two people before the first message. */
  askSettings(conversation: string): Promise<Settings>;
  /** Changes what is given; changes of a conversation are made one after the other. A `settings` event tells of it, too. */
  changeSettings(conversation: string, change: Partial<Settings>): Promise<Settings>;
  /** A conversation counts as unread again from that message on; `read` takes it back. */
  markUnread(conversation: string, seq: number): Promise<Settings>;
  /** Who has read how far; with `seq` only who has read that message. In rooms of 50 and less `receipt` tells what comes. */
  readers(conversation: string, seq?: number): Promise<Reader[]>;
  join(room: string): Promise<Joined>;
  leave(room: string): Promise<Left>;
  /**
   * What messages that the HTTP API has given look like by now, without what is not shown. `changed` tells
   * of them from then on, as it does of the last 10,000 messages that one was given of a conversation.
   */
  pictures(messages: Message[]): Message[];
  /** Asks the HTTP API; rejects with an `ApiError`. */
  request(method: string, path: string, body?: unknown): Promise<any>;
  /** All pages of a list of the HTTP API; no further ones once there are `most`. */
  list(path: string, options?: { most?: number }): Promise<any[]>;
  /**
   * Says that everything up to `seq` is shown already, so that `message` events go on behind it; 0
   * for all that there is. A conversation that is not followed begins with the first message that comes.
   */
  follow(conversation: string, seq: number): void;
  /** The last message shown, before which none is missing. */
  watermark(conversation: string): number | undefined;
  addEventListener<T extends keyof ChatEvents>(
    type: T,
    listener: (event: CustomEvent<ChatEvents[T]>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(...any: Parameters<EventTarget["addEventListener"]>): void;
  removeEventListener<T extends keyof ChatEvents>(
    type: T,
    listener: (event: CustomEvent<ChatEvents[T]>) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(...any: Parameters<EventTarget["removeEventListener"]>): void;
}

export class ApiError extends Error {
  constructor(status: number, code: string, message: string, retryAfter?: number, reason?: string);
  status: number;
  code: string;
  /** How long to wait before trying again, in ms. */
  retryAfter: number | undefined;
  /** Why one may not, in a word; see `Failure`. */
  reason: string | undefined;
  /** Whether the server does not let one in. */
  readonly isRefusal: boolean;
}

export interface Person {
  id: string;
  username?: string | null;
  display_name?: string | null;
  metadata?: Record<string, unknown> | null;
  created_at?: string;
}

type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Who has signed in, on a server with accounts; kept in the storage for the next page. */
export class Session {
  private constructor();
  static register(
    http: string,
    person: { username: string; password: string; displayName?: string; metadata?: object },
    storage?: Keep,
    fetch?: typeof globalThis.fetch,
  ): Promise<Session>;
  static login(
    http: string,
    person: { username: string; password: string },
    storage?: Keep,
    fetch?: typeof globalThis.fetch,
  ): Promise<Session>;
  static restore(http: string, storage?: Keep, fetch?: typeof globalThis.fetch): Session | undefined;
  readonly user: Person;
  /** A fresh access token, for `credentials`; rejects with an `ApiError` 401 once the session is over. */
  token(refused?: string): Promise<string>;
  /** This device forgets the session even if the server cannot be told, which rejects. */
  logout(options?: { everywhere?: boolean }): Promise<void>;
  /** This device forgets the session; the server is told nothing. */
  forget(): void;
}
