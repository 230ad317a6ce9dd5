// A server that says what the test tells it to, at the times of a clock that the test moves.

import { mock } from "node:test";
import { Person } from "./person.js";

const LIMITS = { content_bytes: 4096, frame_bytes: 32768, history_page: 100, messages_per_second: 20 };

/** Every connection that was ever asked for. @type {Socket[]} */
export let sockets = [];

/** How far the server's clock is ahead of the device's. */
let ahead = 0;

/** The device's clock is wrong by that much. @param {number} milliseconds */
export const setClockBehind = (milliseconds) => (ahead = milliseconds);

/** What the server's clock shows. */
export const serverTime = () => Date.now() + ahead;

/** A WebSocket whose other end is the test. */
export class Socket {
  readyState = 0;
  /** What the client has said and the test has not looked at yet. */
  heard = [];

  constructor(url, protocols) {
    [this.url, this.protocols] = [new URL(url), protocols];
    sockets.push(this);
  }

  send(text) {
    this.heard.push(JSON.parse(text));
  }

  /** By the client. */
  close() {
    this.readyState = 3;
  }

  /** The handshake is done, and one is welcome. */
  async welcomes(user, lasts = 7_200_000, more = {}) {
    this.readyState = 1;
    this.onopen({});
    const [server_time, expires_at] = [serverTime(), serverTime() + lasts].map((it) => new Date(it).toISOString());
    await this.says({ type: "welcome", user, connection_id: "c", server_time, expires_at, limits: LIMITS, ...more });
  }

  async says(...frames) {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
    await settled();
  }

  /** Answers what was asked. @param {{id: string}} asked */
  answers({ id }, answer) {
    return this.says({ ...answer, id });
  }

  /** What is no frame of the server's. */
  async utters(text) {
    this.onmessage?.({ data: text });
    await settled();
  }

  /** The connection breaks, or the handshake is refused. */
  async breaks() {
    this.readyState = 3;
    this.onclose?.({});
    await settled();
  }

  /** What the client has said since the last look, but for pings and syncs unless asked for. */
  takes(action) {
    const isWanted = (frame) => (action ? frame.action === action : !["ping", "sync"].includes(frame.action));
    const taken = this.heard.filter(isWanted);
    this.heard = this.heard.filter((frame) => !isWanted(frame));
    return taken;
  }
}

/** Starts the test's own clock. @param {import("node:test").TestContext} t */
export function onItsOwnClock(t) {
  [sockets, ahead] = [[], 0];
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse("2026-01-01T00:00:00Z") });
  t.after(() => mock.timers.reset());
}

/** Lets the time pass. @param {number} milliseconds */
export async function pass(milliseconds) {
  await settled();
  mock.timers.tick(milliseconds);
  await settled();
}

/** Resolves when everything that could be done at once is done. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Somebody whose server is the script. */
export function scripted(t, name = "alice", options = {}) {
  const fetch = async () => new Response("[]");
  const server = { url: "ws://server/ws", http: "http://server" };
  const person = new Person(name, server, { WebSocket: Socket, fetch, ...options });
  t.after(() => person.chat.close());
  return person;
}

/** Somebody who is online. */
export async function online(t, name, options) {
  const person = scripted(t, name, options);
  const connected = person.chat.connect();
  await settled();
  const socket = sockets.at(-1);
  await socket.welcomes(name);
  await connected;
  return { ...person, person, chat: person.chat, socket };
}

/** A message of bob's to alice. */
export const bobs = (seq) => ({
  type: "message",
  id: `b${seq}`,
  conversation: "dm:alice:bob",
  seq,
  kind: "message",
  from: "bob",
  to: "alice",
  content: `bob ${seq}`,
  timestamp: "2026-01-01T00:00:00.000Z",
});

export const ack = ({ id }, seq, conversation = "dm:alice:bob") => ({
  type: "ack",
  status: "ok",
  id,
  conversation,
  seq,
  timestamp: "2026-01-01T00:00:00.000Z",
  delivered: true,
  duplicate: false,
});
