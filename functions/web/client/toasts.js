// Brief notices at the edge of the screen, read out by screen readers.

import { el } from "./dom.js";

const LASTS = 6000;
const WHY_NOT = {
  muted: "You are muted here.",
  banned: "You are banned from this room.",
  blocked: "They have blocked you.",
  blocking: "You have blocked them. Unblock them first.",
  not_a_member: "You are not in this room.",
  role: "Your role here does not allow that.",
  broadcast: "You may not speak to everybody.",
  not_yours: "Only whoever wrote that may do this.",
  too_late: "It is too late to edit that.",
};

/** Where notices appear: on the page, and in every dialog, since nothing beside an open one is heard. */
export function toasts() {
  return el("div", { class: "toasts", role: "status" });
}

/** Says something in passing: a text, or parts of one. */
export function tell(text, kind = "") {
  const toast = el("p", { class: kind === "hidden" ? kind : `toast ${kind}` }, text);
  [...document.querySelectorAll(".toasts")].at(-1).append(toast);
  setTimeout(() => toast.remove(), LASTS);
}

/** Says something to those who listen alone: the others see it. */
export function announce(text) {
  tell(text, "hidden");
}

/** Says that something did not work; the cause is for developers. */
export function complain(text, cause) {
  console.error(text, cause);
  tell(text, "toast-bad");
}

/** Does something that may be refused, and says so in the server's words. */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    complain(error.code && error.code !== "internal" ? reasonOf(error) : "That did not work. Try again.", error);
    return false;
  }
}

/** Why something is refused, in words that one can act on. */
export function reasonOf({ reason, message, code }) {
  return WHY_NOT[reason] ?? sentence(message || code);
}

/** The server's errors are fragments. */
export function sentence(fragment) {
  const text = fragment.trim();
  return text ? `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}` : "";
}
