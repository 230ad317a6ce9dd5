// A stack under trial: its HTTP API, its WebSockets, and the people who use it.

import { randomBytes } from "node:crypto";
import * as http from "node:http";
import * as https from "node:https";

/** How long to wait for anything, in ms: a first start of every function fits. */
const PATIENCE = 30_000;

export const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

export class Stack {
  /** @type {"open" | "accounts" | "oidc"} */
  mode = "open";
  /** @type {Person[]} */
  people = [];

  constructor({ http, websocket, user, tokens, origin, management }) {
    this.http = http;
    this.websocket = websocket;
    this.user = user;
    this.tokens = tokens?.split(",") ?? [];
    this.origins = origin;
    // The local server's own path is no stage; @connections is beside it there.
    this.management = management ?? websocket.replace(/^ws/, "http").replace(/\/ws$/, "");
  }

  /** Asks the HTTP API as `person`, if anybody. */
  async ask(method, path, { person, body, headers = {} } = {}) {
    const url = new URL(this.http + path);
    if (person) Object.assign(headers, person.proof(url));
    const asked = performance.now();
    const answer = await fetch(url, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const text = await answer.text();
    const took = performance.now() - asked;
    return { status: answer.status, headers: answer.headers, text, said: parsed(text), took };
  }

  /** The status of a handshake, of which the connection ends at once. */
  handshake(url, headers = {}) {
    const { request } = url.startsWith("wss:") ? https : http;
    const asking = request(url.replace(/^ws/, "http"), {
      timeout: PATIENCE,
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
        ...headers,
      },
    });
    return new Promise((resolve, reject) => {
      asking.on("upgrade", (answer, socket) => (socket.destroy(), resolve(answer.statusCode)));
      asking.on("response", (answer) => (answer.resume(), resolve(answer.statusCode)));
      asking.on("timeout", () => asking.destroy(new Error("a handshake is not answered")));
      asking.on("error", reject);
      asking.end();
    });
  }
}

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Somebody, by a name in open mode and by a token elsewhere. */
export class Person {
  constructor(stack, { id, name = id, token, password, made = false }) {
    Object.assign(this, { stack, id, name, token, password, made });
  }

  /** What a request has to show; in open mode the URL says it. */
  proof(url) {
    if (this.token) return { authorization: `Bearer ${this.token}` };
    url.searchParams.set("user_id", this.id);
    return {};
  }

  /** Opens a connection, and waits for its welcome. */
  async connect(query = {}) {
    const url = new URL(this.stack.websocket);
    for (const [name, value] of Object.entries({ history: "0", ...query })) url.searchParams.set(name, value);
    const protocols = query.ticket ? [] : this.token ? ["confab", this.token] : [];
    if (!this.token) url.searchParams.set("user_id", this.id);
    const line = new Line(url.href, protocols);
    await line.opened();
    line.welcome = await line.hears((frame) => frame.type === "welcome");
    return line;
  }
}

/** A WebSocket and what has come over it. */
export class Line {
  #socket;
  #heard = [];
  #waiting = new Set();
  began = performance.now();

  constructor(url, protocols) {
    this.#socket = new WebSocket(url, protocols);
    this.#socket.onmessage = ({ data }) => this.#takes(typeof data === "string" ? (parsed(data) ?? { text: data }) : {});
    this.#socket.onclose = ({ code, reason }) => this.#takes({ closed: code, reason });
    this.#socket.onerror = () => {};
  }

  get protocol() {
    return this.#socket.protocol;
  }

  async opened() {
    const deadline = performance.now() + PATIENCE;
    while (this.#socket.readyState === 0 && performance.now() < deadline) await sleep(5);
    if (this.#socket.readyState !== 1) throw new Error("a handshake is refused");
    this.stands = performance.now();
  }

  send(frame) {
    this.#socket.send(typeof frame === "string" || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
  }

  /** Sends a frame; its answer is the first to match. */
  asks(frame, matches) {
    const answer = this.hears(matches);
    this.send(frame);
    return answer;
  }

  /** The next frame to match, also one that has come already; each is heard once. */
  hears(matches, patience = PATIENCE) {
    const index = this.#heard.findIndex(matches);
    if (index >= 0) return Promise.resolve(this.#heard.splice(index, 1)[0]);
    return new Promise((resolve, reject) => {
      const tired = () => {
        this.#waiting.delete(waiting);
        reject(new Error(`nothing came for ${patience / 1000} s`));
      };
      const timer = setTimeout(tired, patience);
      const waiting = { matches, resolve: (frame) => (clearTimeout(timer), resolve(frame)) };
      this.#waiting.add(waiting);
    });
  }

  close() {
    this.#socket.close();
  }

  #takes(frame) {
    for (const waiting of this.#waiting) {
      if (waiting.matches(frame)) {
        this.#waiting.delete(waiting);
        return waiting.resolve(frame);
      }
    }
    this.#heard.push(frame);
  }
}
