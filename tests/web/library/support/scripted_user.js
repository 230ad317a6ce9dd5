// Somebody whose server, clock and wishes are a script's, see tests/client_scripts.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { Conversation } from "../../../../functions/web/client/conversation.js";
import { Names, completed } from "./patterns.js";
import { onItsOwnClock, pass, scripted, settled, sockets } from "./script.js";

/** How long what has no answer waits to be repeated, and how finely time passes, in ms. */
const [PATIENCE, TICK] = [3_000, 50];

export class ScriptedUser {
  /** What the client has sent, and told, and no step has looked at. */
  frames = [];
  events = [];
  #chat;
  #names = new Names();
  /** What `GET /api/conversations` answers. */
  #listed = [];
  /** How much was told before the last frame was given. */
  #before = 0;
  /** What was shown, and how far it got: the library keeps no status, its users do, as the page does. */
  #conversations = new Map();
  /** What messages looked like as they were told last. */
  #pictures = new Map();
  /** Rooms that one has left. */
  #ended = new Set();

  /** @param {import("node:test").TestContext} t */
  constructor(t) {
    onItsOwnClock(t);
    const answer = (url) => (new URL(url).pathname === "/api/conversations" ? this.#listed : []);
    const fetch = async (url) => Response.json(answer(url));
    this.#chat = scripted(t, "alice", { fetch, patience: PATIENCE }).chat;
    for (const [type, hear] of Object.entries(this.#ears())) {
      this.#chat.addEventListener(type, ({ detail }) => hear(detail));
    }
  }

  /** Connects, and follows conversations from what was shown before. */
  async begins(follows) {
    await this.#connects({});
    for (const [conversation, seq] of Object.entries(follows)) this.#chat.follow(conversation, seq);
    for (;;) {
      await this.#listens();
      const asked = this.frames.find(({ action }) => action === "sync");
      if (!asked) break;
      this.frames = [];
      const ends = Object.entries(asked.since).map(([conversation, upto]) => [conversation, { upto }]);
      await this.#hears({ type: "synced", id: asked.id, conversations: Object.fromEntries(ends) });
    }
    [this.frames, this.events] = [[], []];
  }

  /** @param {any} step */
  async takes(step) {
    if (step.do) this.#does(step);
    else if (step.connected) await this.#connects(step.connected);
    else if (step.disconnected) await sockets.at(-1).breaks();
    else if (step.if_asked) await this.#answers(step.if_asked, step.given);
    else if (step.given) await this.#hears(this.#names.fill(step.given));
    else if (step.listed) this.#listed = step.listed.map(summary);
    else if (step.wait_ms) await this.#waits(step.wait_ms);
    else if (step.frames) this.#names.expect(step.frames, this.frames.splice(0), step.in_any_order);
    else if (step.events) this.#expects(step.events);
    else if (step.unsent !== undefined) assert.equal(this.#unsent().length, step.unsent);
    else if (step.status) assert.equal(this.#statusIn(step.status.conversation), step.status.is);
    else assert.fail("nobody knows this step");
    await this.#listens();
  }

  #does({ do: what, conversation, content, seq, room, ...more }) {
    const chat = this.#chat;
    if (what === "send") return chat.send({ conversation }, content);
    if (what === "reply") return chat.send({ conversation }, content, { replyTo: seq });
    if (what === "edit") {
      const { data, mentions, mentions_everyone: mentionsEveryone } = more;
      return chat.edit(conversation, seq, { content, data, mentions, mentionsEveryone });
    }
    if (what === "delete") return chat.remove(conversation, seq);
    if (what === "pin") return chat.pin(conversation, seq, more.on);
    if (what === "react") return chat.react(conversation, seq, more.key, more.on);
    if (what === "follow") return chat.follow(conversation, seq);
    if (what === "read") return chat.read(conversation, seq);
    const granted = what === "join" ? (joined) => this.#joined(joined) : () => {};
    return chat[what](room).then(granted, ({ name, code }) => {
      if (name !== "AbortError") this.#tells("denied", { do: what, room, code });
    });
  }

  async #connects(welcome) {
    this.#chat.connect();
    await settled();
    const socket = sockets.at(-1);
    socket.readyState = 1;
    socket.onopen({});
    await this.#hears({ type: "welcome", ...welcome });
  }

  async #hears(frame) {
    this.#before = this.events.length;
    await sockets.at(-1).says(completed(frame));
  }

  async #answers(pattern, answer) {
    const at = this.frames.findIndex((frame) => this.#names.match(pattern, frame));
    if (at < 0) return;
    const [{ id }] = this.frames.splice(at, 1);
    await this.#hears({ ...this.#names.fill(answer), id });
  }

  async #waits(milliseconds) {
    for (let left = milliseconds; left > 0; left -= TICK) {
      await pass(Math.min(TICK, left));
      await this.#listens();
    }
  }

  /** Takes what the client has sent, and answers its pings. */
  async #listens() {
    await settled();
    for (const socket of sockets) {
      for (const frame of socket.heard.splice(0)) {
        if (frame.action !== "ping") this.frames.push(frame);
        else await socket.answers(frame, { type: "pong", server_time: new Date().toISOString() });
      }
    }
  }

  /** In this order within a conversation. */
  #expects(events) {
    const told = this.events.splice(0);
    for (const conversation of new Set([...told, ...events].map(conversationOf))) {
      const [expected, found] = [events, told].map((all) => all.filter((it) => conversationOf(it) === conversation));
      this.#names.expect(expected, found);
    }
  }

  /** The library's events in the words of the scripts. */
  #ears() {
    return {
      message: (message) => this.#shows(message),
      changed: (message) => this.#changed(message),
      gap: ({ conversation }) => this.#tells("gone", { conversation }),
      skipped: ({ conversation }) => this.#tells("skipped", { conversation }),
      left: ({ conversation, reason }) => this.#left(conversation, reason),
      refused: (refusal) => this.#refused(refusal),
      error: ({ code, conversation }) => code === "forbidden" && conversation && this.#left(conversation),
      ack: ({ delivered, conversation, seq }) => delivered && this.#in(conversation).reached(seq),
      receipt: (receipt) => this.#in(receipt.conversation).receive(receipt),
    };
  }

  #tells(name, event) {
    this.events.push({ [name]: event });
  }

  #shows(message) {
    const { conversation, seq, kind, from, about, role, reason } = message;
    if (!this.#in(conversation).add(message)) return;
    if (kind !== "message") return this.#tells("notice", { conversation, seq, kind, from, about, role, reason });
    this.#pictures.set(`${conversation} ${seq}`, message);
    this.#tells("shown", message);
  }

  /** The library shows at once what one wants, and takes that back if it is refused: scripts have what is kept. */
  #changed(message) {
    const key = `${message.conversation} ${message.seq}`;
    if (message.pending || isDeepStrictEqual(message, this.#pictures.get(key))) return;
    this.#pictures.set(key, message);
    this.#tells("changed", message);
  }

  #refused({ id, conversation, of, code }) {
    if (of === undefined) this.#tells("refused", { content: this.#contentOf(id), code });
    else this.#tells("not_changed", { conversation, seq: of, code });
  }

  /** The library leaves it to whoever has asked to show what the answer brings. */
  #joined({ conversation, messages }) {
    this.#ended.delete(conversation);
    this.events.splice(this.#before, 0, { joined: { conversation } });
    for (const message of messages) this.#shows(message);
  }

  #left(conversation, reason) {
    if (!this.#ended.has(conversation)) this.#tells("left", { conversation, reason });
    this.#ended.add(conversation);
  }

  #in(conversation) {
    if (!this.#conversations.has(conversation)) {
      this.#conversations.set(conversation, new Conversation(conversation, "alice"));
    }
    return this.#conversations.get(conversation);
  }

  #contentOf(id) {
    return this.#chat.outbox.find((item) => item.id === id).content;
  }

  #unsent() {
    return this.#chat.outbox.filter(({ state }) => ["queued", "sending"].includes(state));
  }

  #statusIn(conversation) {
    if (this.#unsent().some((item) => item.conversation === conversation)) return "sending";
    const where = this.#in(conversation);
    return where.statusOf(where.messages.findLast(({ from }) => from === "alice"));
  }
}

/** What the script lists, as the server does. */
const summary = ({ conversation, last, read }) => ({
  conversation,
  last_message: { seq: last },
  unread: last - read,
  read_seq: read,
});

const conversationOf = (event) => Object.values(event)[0].conversation ?? "";
