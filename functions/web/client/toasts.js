// Brief notices at the edge of the screen, read out by screen readers.

import { el } from "./dom.js";

const LASTS = 6000;

/** Where notices appear: on the page, and in every dialog, since nothing beside an open one is heard. */
export function toasts() {
  return el("div", { class: "toasts", role: "status" });
}

/** Says something in passing. */
export function tell(text, kind = "") {
  const toast = el("p", { class: `toast ${kind}` }, text);
  [...document.querySelectorAll(".toasts")].at(-1).append(toast);
  setTimeout(() => toast.remove(), LASTS);
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
    complain(error.code && error.code !== "internal" ? sentence(error.message) : "That did not work. Try again.", error);
    return false;
  }
}

/** The server's errors are fragments. */
export function sentence(fragment) {
  const text = fragment.trim();
  return text ? `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}` : "";
}
