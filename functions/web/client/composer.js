// Where one writes: Enter sends, Shift and Enter begin a new line, drafts stay with their conversation. What one
// answers or edits stands above it.

import { el, fill, hidden } from "./dom.js";
import { icon } from "./icons.js";
import { namedIn } from "./mentions.js";
import { named } from "./names.js";
import { offers } from "./offers.js";
import { wordsOf } from "./quotes.js";
import { announce } from "./toasts.js";

/** How many bytes before the limit one is told of it. */
const NEAR_LIMIT = 200;
/** How many people a message may name, if the server does not say. */
const MOST_NAMED = 20;
/** For how long one waits to know whom a text can name, in ms. */
const MOST_WAITING = 2000;

const encoder = new TextEncoder();

/**
 * @param context `chat` for the limits, and to show that one types; `drafts`; `conversations` and `people` for whom
 * one can name; `send`, called with a conversation, a text and what is said beside it; `change`, with a message and
 * what is to be different; `lastOwn`, which finds what one can edit
 */
export function composer(context) {
  const { chat, people, conversations, drafts } = context;
  const text = el("textarea", { rows: 1, placeholder: "Write a message", "aria-label": "Message", enterkeyhint: "send", "aria-describedby": "about room-left" });
  const button = el("button", { class: "send", title: "Send" }, icon("send", "Send"));
  const left = el("p", { class: "room-left", id: "room-left" });
  const about = el("div", { class: "about", id: "about", hidden: true });
  const choices = offers(text, people, whoIsThere);
  const node = el("form", { class: "composer" }, choices.node, about, text, button, left);
  let conversation;
  /** The message that one edits. */
  let editing;
  /** Whether what one wrote is about to be sent. */
  let isWaiting = false;

  const limit = () => chat.limits?.content_bytes ?? 4096;

  function changed() {
    const spare = limit() - encoder.encode(text.value).length;
    left.textContent = spare < 0 ? `${-spare} bytes too long` : spare < NEAR_LIMIT ? `${spare} bytes left` : "";
    left.classList.toggle("too-long", spare < 0);
    button.disabled = spare < 0 || text.value.trim() === "";
    grow(text);
  }

  function typed() {
    changed();
    if (text.value.includes("@")) conversations.learnMembers(conversation);
    if (editing) return;
    drafts.writes(conversation, text.value);
    if (conversation.kind === "lobby") return;
    if (text.value.trim() !== "") chat.typing(conversation.target);
    else chat.stopTyping(conversation.target);
  }

  async function submit(event) {
    event.preventDefault();
    if (button.disabled || isWaiting) return;
    const [where, what] = [conversation, editing];
    isWaiting = true;
    await knowsWhom();
    isWaiting = false;
    // Who has gone elsewhere finds it as a draft.
    if (where !== conversation || what !== editing || button.disabled) return;
    const content = text.value.trim();
    if (editing) saves(content);
    else says(content);
    text.focus();
  }

  /** Whoever sends at once what names somebody waits for who is there, but not for long. */
  async function knowsWhom() {
    if (!conversation.room || conversation.members || !text.value.includes("@")) return;
    const late = new Promise((resolve) => setTimeout(resolve, MOST_WAITING));
    await Promise.race([conversations.learnMembers(conversation), late]);
  }

  function says(content) {
    const { mentions, isEveryone } = whomIn(content);
    const { answering } = conversation;
    conversation.answering = undefined;
    context.send(conversation, content, {
      ...(answering && { replyTo: answering.seq }),
      ...(mentions.length > 0 && { mentions }),
      ...(isEveryone && { mentionsEveryone: true }),
    });
    text.value = "";
    drafts.clears(conversation);
    changed();
    draw();
  }

  function saves(content) {
    const before = editing;
    const { mentions, isEveryone } = whomIn(content);
    const areSame = isEveryone === (before.mentions_everyone === true) && mentions.toSorted().join() === (before.mentions ?? []).toSorted().join();
    if (content !== before.content) context.change(before, { content, ...(!areSame && { mentions, mentionsEveryone: isEveryone }) });
    stopEditing();
  }

  /** Whom the text names, of those who can be named there. */
  function whomIn(content) {
    const { ids, mayNameEveryone } = whoIsThere();
    const { mentions, isEveryone } = namedIn(content, ids, people);
    const most = chat.limits?.mentions ?? MOST_NAMED;
    return { mentions: mentions.slice(0, most), isEveryone: isEveryone && (mayNameEveryone || editing?.mentions_everyone === true) };
  }

  function whoIsThere() {
    const mayNameEveryone = conversation.room !== undefined && conversation.isModerated;
    return { ids: conversations.peopleOf(conversation), mayNameEveryone };
  }

  /** What one writes answers a message. */
  function answer(message) {
    if (editing) stopEditing();
    conversation.answering = message;
    draw();
    announce(`Replying to ${people.fullName(message.from)}.`);
    text.focus();
  }

  /** What one writes takes the place of what one said. */
  function edit(message) {
    editing = message;
    if (message.content.includes("@")) conversations.learnMembers(conversation);
    text.value = message.content;
    changed();
    draw();
    announce("Editing your message. Escape gives up.");
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  }

  function stopEditing() {
    editing = undefined;
    text.value = drafts.of(conversation);
    changed();
    draw();
  }

  /** Neither to edit nor to answer; whether there was anything to give up. */
  function giveUp() {
    if (!editing && !conversation?.answering) return false;
    announce(editing ? "Your message stays as it was." : "What you write answers nothing any more.");
    if (editing) stopEditing();
    else conversation.answering = undefined;
    draw();
    return true;
  }

  let drawn;
  /** What is deleted meanwhile is neither edited nor answered. */
  function draw() {
    const isGone = (message) => message && conversation.find(message.seq)?.deleted_at !== undefined;
    if (isGone(editing) || isGone(conversation.answering)) {
      conversation.answering = undefined;
      announce("That message was deleted meanwhile.");
      if (editing) stopEditing();
    }
    const { answering } = conversation;
    const version = JSON.stringify([editing?.seq, answering?.seq, answering && people.fullName(answering.from)]);
    if (version !== drawn) drawAbout(answering);
    drawn = version;
  }

  function drawAbout(answering) {
    about.hidden = !editing && !answering;
    if (editing) fill(about, ...aboutParts("write", "Editing your message", editing, "Leave it as it was"));
    else if (answering) fill(about, ...aboutParts("reply", ["Replying to ", whose(answering)], answering, "Answer nothing"));
    else fill(about);
  }

  const whose = ({ from }) => (from === chat.user ? "yourself" : named(people, from));

  function aboutParts(sign, words, message, label) {
    const onclick = () => giveUp() && text.focus();
    return [
      icon(sign),
      el("p", {}, el("strong", {}, words), hidden(": "), el("span", { class: "about-text", dir: "auto" }, wordsOf(message))),
      el("button", { type: "button", class: "tool", title: label, onclick }, icon("close", label)),
    ];
  }

  function pressed(event) {
    // While an input method composes, Enter chooses a word.
    if (event.isComposing || choices.takes(event)) return;
    if (event.key === "Enter" && !event.shiftKey) submit(event);
    else if (event.key === "Escape" && giveUp()) event.stopPropagation();
    else if (event.key === "ArrowUp" && text.value === "" && !editing) editsLast(event);
  }

  function editsLast(event) {
    const last = context.lastOwn(conversation);
    if (!last) return;
    event.preventDefault();
    edit(last);
  }

  node.addEventListener("submit", submit);
  text.addEventListener("input", typed);
  text.addEventListener("keydown", pressed);
  drafts.addEventListener("change", ({ detail }) => {
    if (detail.conversation === conversation && !editing) stopEditing();
  });

  function show(next) {
    // Who turns to something else does not go on typing.
    if (conversation && conversation !== next && conversation.kind !== "lobby") chat.stopTyping(conversation.target);
    if (conversation && conversation !== next) drafts.keeps(conversation);
    conversation = next;
    stopEditing();
  }

  const drawAll = () => {
    draw();
    choices.draw();
  };
  return { node, show, draw: drawAll, answer, edit, focus: () => text.focus() };
}

/** As high as what is written, up to what the style sheet allows. */
function grow(text) {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}
