// Where one writes: Enter sends, Shift and Enter begin a new line, drafts stay with their conversation.

import { el } from "./dom.js";
import { icon } from "./icons.js";
import { storage } from "./storage.js";

/** How many bytes before the limit one is told of it. */
const NEAR_LIMIT = 200;

const encoder = new TextEncoder();

/** @param send called with the text @param chat for the limits, and to show that one types */
export function composer(chat, send) {
  const text = el("textarea", { rows: 1, placeholder: "Write a message", "aria-label": "Message", enterkeyhint: "send", "aria-describedby": "room-left" });
  const button = el("button", { class: "send", title: "Send" }, icon("send", "Send"));
  const left = el("p", { class: "room-left", id: "room-left" });
  const node = el("form", { class: "composer" }, text, button, left);
  let conversation;

  const limit = () => chat.limits?.content_bytes ?? 4096;
  const key = () => `confab.draft.${chat.user}.${conversation.id}`;

  function changed() {
    const spare = limit() - encoder.encode(text.value).length;
    left.textContent = spare < 0 ? `${-spare} bytes too long` : spare < NEAR_LIMIT ? `${spare} bytes left` : "";
    left.classList.toggle("too-long", spare < 0);
    button.disabled = spare < 0 || text.value.trim() === "";
    grow(text);
  }

  function typed() {
    changed();
    if (text.value) storage.setItem(key(), text.value);
    else storage.removeItem(key());
    if (conversation.kind === "lobby") return;
    if (text.value.trim() !== "") chat.typing(conversation.target);
    else chat.stopTyping(conversation.target);
  }

  function submit(event) {
    event.preventDefault();
    if (button.disabled) return;
    send(conversation, text.value.trim());
    text.value = "";
    storage.removeItem(key());
    changed();
    text.focus();
  }

  node.addEventListener("submit", submit);
  text.addEventListener("input", typed);
  text.addEventListener("keydown", (event) => {
    // While an input method composes, Enter chooses a word.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  });

  function show(next) {
    // Who turns to something else does not go on typing.
    if (conversation && conversation !== next && conversation.kind !== "lobby") chat.stopTyping(conversation.target);
    conversation = next;
    text.value = storage.getItem(key()) ?? "";
    changed();
  }

  return { node, show, focus: () => text.focus() };
}

/** As high as what is written, up to what the style sheet allows. */
function grow(text) {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}
