// Who people are: what they are called, how they are drawn, and whether they are here.

import { el, hidden } from "./dom.js";
import { icon } from "./icons.js";
import { isolated, tame } from "./names.js";

const HUES = 8;
const GONE = "Somebody who left";
/** Of how many it is known who is online; of others as soon as they come and go. */
const MOST_ONLINE = 500;
/** For how long names that did not come are left alone, in ms: longer each time, up to the longest. */
const SHORTEST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;

/** The names behind ids, asked for once, and who is online. A `change` tells that something is known now. */
export class People extends EventTarget {
  #chat;
  #names = new Map();
  /** Whose names did not come, and are asked for again after a pause. */
  #missing = new Set();
  #pause = SHORTEST_PAUSE;
  #accounts;
  #online = new Set();
  #lastSeen = new Map();
  #blocked = new Set();

  /** @param accounts whether ids are not names */
  constructor(chat, accounts) {
    super();
    this.#chat = chat;
    this.#accounts = accounts;
    chat.addEventListener("presence", ({ detail }) => this.#notice(detail));
    chat.addEventListener("profile", ({ detail }) => this.#hearOf(detail));
    chat.addEventListener("state", () => this.#changed());
  }

  /** What somebody is called, as far as it is known. */
  name(id) {
    if (!this.#accounts) return tame(id);
    if (!this.#names.has(id)) this.#ask(id);
    return this.#names.get(id)?.called ?? "…";
  }

  /** The name that is nobody else's, where it is not the one that is shown. */
  handle(id) {
    const { called, username } = (this.#accounts && this.#names.get(id)) || {};
    return username !== called ? username : undefined;
  }

  /** Both names, for a sentence. */
  fullName(id) {
    const [name, username] = [isolated(this.name(id)), this.handle(id)];
    return username ? `${name} @${username}` : name;
  }

  /** Oneself. */
  get me() {
    return this.#chat.user;
  }

  /** Whether one hears who comes and goes. */
  get isLive() {
    return this.#chat.state === "online" && navigator.onLine;
  }

  /** Whether somebody has a connection, as far as it was heard. */
  isOnline(id) {
    return this.#online.has(id);
  }

  /** When somebody was here last, if they were seen to leave. */
  lastSeen(id) {
    return this.#lastSeen.get(id);
  }

  /** Whether one has blocked somebody. */
  isBlocked(id) {
    return this.#blocked.has(id);
  }

  /** Lets somebody speak to one, or not. */
  async block(id, isBlocked) {
    await this.#chat.request(isBlocked ? "PUT" : "DELETE", `/api/blocks/${encodeURIComponent(id)}`);
    if (isBlocked) this.#blocked.add(id);
    else this.#blocked.delete(id);
    this.#changed();
    // Whether they are here is told to whom they have not blocked; it is done whether or not that comes.
    this.refresh().catch(() => {});
  }

  /** Takes another name; without one, others see the username. */
  async rename(name) {
    this.#remember(await this.#chat.request("PATCH", "/api/me", { display_name: name }));
    this.#changed();
  }

  /** Everybody who is online, but for oneself. */
  online() {
    return [...this.#online].filter((id) => id !== this.#chat.user);
  }

  /** Who is online and who is blocked according to the server, which tells it only to whoever asks. */
  async refresh() {
    const [online, blocked] = await Promise.all([
      this.#chat.list("/api/online_users", { most: MOST_ONLINE }),
      this.#chat.list("/api/blocks"),
    ]);
    this.#online = new Set(online.map(({ user }) => user));
    this.#blocked = new Set(blocked.map(({ user }) => user));
    this.#changed();
  }

  /** Somebody by id or username; fails if there is nobody. */
  async find(name) {
    const person = await this.#chat.request("GET", `/api/users/${encodeURIComponent(name)}`);
    this.#remember(person);
    return person.id;
  }

  /** What is known may have another meaning now. */
  draws() {
    this.#changed();
  }

  async #ask(id) {
    this.#names.set(id, {});
    try {
      this.#remember(await this.#chat.request("GET", `/api/users/${encodeURIComponent(id)}`));
      this.#pause = SHORTEST_PAUSE;
    } catch (error) {
      if (error.code !== "not_found") return this.#misses(id);
      this.#names.set(id, { called: GONE });
    }
    this.#changed();
  }

  /** Until the pause is over, looking at the name asks for nothing. */
  #misses(id) {
    this.#missing.add(id);
    if (this.#missing.size > 1) return;
    setTimeout(() => {
      if (["closed", "refused"].includes(this.#chat.state)) return;
      for (const missing of this.#missing) this.#names.delete(missing);
      this.#missing.clear();
      this.#changed();
    }, this.#pause);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }

  #remember(person) {
    this.#missing.delete(person.id);
    const { id, display_name: displayName, username } = person;
    this.#names.set(id, { called: tame(displayName || username || id), username });
  }

  /** Somebody calls themselves otherwise now, or is gone. */
  #hearOf({ user, deleted, ...person }) {
    if (!deleted) this.#remember({ ...person, id: user });
    else this.#names.set(user, { called: GONE });
    if (deleted) this.#online.delete(user);
    this.#changed();
  }

  #notice({ user, status, last_seen }) {
    if (status === "online") this.#online.add(user);
    else this.#online.delete(user);
    if (last_seen) this.#lastSeen.set(user, last_seen);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** A dot that tells whether somebody is here. */
export function presence(people, id) {
  const dot = el("span", { class: "presence", "data-user": id }, hidden("online"));
  drawPresence(dot, people);
  return dot;
}

/** Brings dots up to date: they say nothing certain while one hears nothing oneself. */
export function drawPresence(dot, people) {
  const id = dot.dataset.user;
  dot.hidden = id !== people.me && !people.isOnline(id);
  dot.classList.toggle("presence-unknown", !people.isLive);
  dot.firstElementChild.textContent = people.isLive ? "online" : "was online";
}

/** A coloured disc with initials, or a sign for a room; decoration, since the name stands beside it. */
export function avatar(id, name, kind = "dm") {
  const sign = { dm: () => initialsOf(name), room: () => "#", lobby: () => icon("globe") }[kind]();
  return el("span", { class: `avatar avatar-${kind} hue-${hueOf(id)}`, "aria-hidden": "true" }, sign);
}

function initialsOf(name) {
  const words = name.split(/[\s._-]+/u).filter(Boolean);
  const letters = words.slice(0, 2).map((word) => [...word][0].toUpperCase());
  return letters.join("") || "?";
}

/** The same for the same id, on every screen. */
export function hueOf(id) {
  let hash = 0x811c9dc5;
  for (const letter of id) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193);
  return (hash >>> 16) % HUES;
}
