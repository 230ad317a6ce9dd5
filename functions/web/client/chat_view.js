// One conversation: who it is with, its log, and where one writes.

import { mayEdit } from "./actions.js";
import { isSaid } from "./conversation.js";
import { composer } from "./composer.js";
import { doorView } from "./door.js";
import { el, fill, hidden } from "./dom.js";
import { icon } from "./icons.js";
import { logView } from "./log.js";
import { apart, isolated, shown, spoken, who } from "./names.js";
import { mutedWords } from "./options_dialog.js";
import { avatar } from "./people.js";
import { wordsOf } from "./quotes.js";
import { briefly } from "./time.js";
import { titleOf, titleParts } from "./titles.js";
import { announce } from "./toasts.js";

/**
 * @param actions `members` opens who is in a room, `person` who somebody is, `options` what one decides about a
 * conversation, `pins` what is pinned there
 */
export function chatView(context) {
  const { chat, conversations, people, actions } = context;
  const head = el("header", { class: "chat-head" });
  const typing = el("p", { class: "typing" });
  const log = logView({
    ...context,
    read: (conversation, seq) => conversations.markRead(conversation, seq),
    reply: (message) => writing.answer(message),
    edit: (message) => writing.edit(message),
  });
  // How it went is told by the outbox and the log, and what is refused by the app.
  const writing = composer({
    ...context,
    send: (conversation, content, beside) => {
      log.follow();
      conversation.newFrom = undefined;
      conversations.decisions.turnsTo(conversation);
      chat.send(conversation.target, content, beside).sent.catch(() => {});
      conversations.changed();
    },
    change: ({ conversation, seq }, edit) => chat.edit(conversation, seq, edit).sent.catch(() => {}),
    lastOwn: ({ messages }) => messages.findLast((message) => isSaid(message) && mayEdit(message, context)),
  });
  const node = el("section", { class: "chat", "aria-label": "Conversation" });
  let conversation;
  let door;

  function draw() {
    door?.draw();
    if (!conversation) return;
    drawHead();
    drawTyping();
    log.draw();
    writing.draw();
  }

  conversations.addEventListener("altered", ({ detail: { conversation: where, before, after } }) => {
    if (where === conversation && after.from === chat.user) reactedTo(before, after, people).forEach(announce);
  });

  let typed;
  function drawTyping() {
    const parts = typingParts([...conversation.typing.keys()]);
    const version = spoken(parts, people);
    if (version !== typed) fill(typing, shown(parts, people));
    typed = version;
  }

  let drawn;
  function drawHead() {
    const [title, words] = [titleOf(conversation, people), titleParts(conversation)];
    const facts = factsOf(conversation, people);
    const { with: user } = conversation;
    const quiet = conversation.muted && mutedWords(conversation);
    const version = JSON.stringify([conversation.id, spoken(words, people), facts, quiet, conversation.isKept]);
    if (version === drawn) return;
    drawn = version;
    fill(head,
      back(),
      avatar(user ?? conversation.id, title, conversation.kind),
      el("div", { class: "chat-title" }, el("h2", {}, shown(words, people), quiet && el("span", { class: "sign", title: quiet }, icon("quiet", quiet))), el("p", { class: facts.isOnline && "is-online" }, apart(facts.text))),
      conversation.kind !== "dm" && tool("pin", "Pinned messages", () => actions.pins(conversation)),
      more(conversation, spoken(words, people)),
      conversation.isKept && tool("more", "Options", () => actions.options(conversation)));
  }

  /** What else there is about a conversation, behind a button. */
  function more({ room, with: user, me }, title) {
    const words = room ? "Members" : `About ${title}`;
    const show = () => (room ? actions.members(conversation) : actions.person({ user, facts: () => factsOf(conversations.with(user), people).text }));
    const isAny = room || (user !== undefined && user !== me);
    return isAny && tool(room ? "people" : "person", words, show);
  }

  function tool(name, words, onclick) {
    return el("button", { class: "tool", title: words, "aria-haspopup": "dialog", onclick }, icon(name, words));
  }

  /** Shows a conversation, or what to do when none is chosen. */
  async function show(next) {
    conversation = next;
    drawn = door = undefined;
    if (!next) {
      log.hide();
      fill(node, nothingChosen(actions));
      return;
    }
    fill(node, head, log.node, typing, writing.node);
    writing.show(next);
    draw();
    // Where a keyboard would cover what one came to read, one taps first.
    if (matchMedia("(hover: hover)").matches) writing.focus();
    await log.show(next);
  }

  /** Shows a room that one is not in. */
  function showDoor(id) {
    conversation = undefined;
    log.hide();
    door = { id, ...doorView(context, id) };
    fill(node, el("header", { class: "chat-head door-head" }, back()), door.node);
  }

  return { node, show, showDoor, draw, goTo: (seq) => log.goTo(seq), current: () => conversation, outside: () => door?.id };
}

/** Who has reacted to one's message since; whoever looks sees it. */
function reactedTo({ reactions: before = [] }, { reactions = [], content }, people) {
  return reactions.flatMap(({ key, users }) => {
    const known = before.find((it) => it.key === key)?.users ?? [];
    const others = users.filter((id) => id !== people.me && !known.includes(id));
    return others.map((id) => `${people.fullName(id)} reacted with ${isolated(key)} to: ${wordsOf({ content })}`);
  });
}

function back() {
  return el("a", { class: "tool back", href: "#", title: "All conversations" }, icon("back", "All conversations"));
}

function typingParts(typists) {
  if (typists.length === 0) return [];
  if (typists.length === 1) return [who(typists[0]), " is typing …"];
  if (typists.length === 2) return [who(typists[0]), " and ", who(typists[1]), " are typing …"];
  return ["Several people are typing …"];
}

function factsOf(conversation, people) {
  if (conversation.kind === "lobby") return { text: "Everybody who is online hears you" };
  if (conversation.room) {
    const { topic, members } = conversation.room;
    return { text: topic || (members ? `${members} ${members === 1 ? "member" : "members"}` : "Room") };
  }
  if (conversation.with === conversation.me) return { text: "Only you read this" };
  if (people.isBlocked(conversation.with)) return { text: "Blocked" };
  if (!people.isLive) return { text: "Not known without a connection" };
  if (people.isOnline(conversation.with)) return { text: "Online", isOnline: true };
  const seen = people.lastSeen(conversation.with);
  return { text: seen ? `Last seen ${briefly(seen)}` : "Offline" };
}

function nothingChosen(actions) {
  return el("div", { class: "nothing" },
    el("img", { src: "client/icon.svg", alt: "", width: 72, height: 72 }),
    el("h2", {}, "Whom do you want to talk to?"),
    el("p", { class: "soft" }, "Choose a conversation, write to somebody, or find a room."),
    el("div", { class: "buttons" },
      el("button", { class: "primary", onclick: actions.write }, icon("write"), "New message"),
      el("button", { onclick: actions.rooms }, icon("rooms"), "Rooms")),
    hidden("Conversations are in the list before this."));
}
