// What all dialogs share: a title, a way out, and focus that comes back.

import { el } from "./dom.js";
import { icon } from "./icons.js";
import { toasts } from "./toasts.js";

/** How many there have been: each is named by a heading of its own. */
let opened = 0;

/** Opens a dialog; Esc and a click beside it close it, too. */
export function openDialog(title, kind, ...content) {
  opened += 1;
  const id = `dialog-${opened}`;
  const heading = el("h2", { id, tabindex: -1, autofocus: true }, title);
  const close = el("button", { class: "tool", title: "Close", onclick: () => dialog.close() }, icon("close", "Close"));
  const dialog = el("dialog", { class: kind, "aria-labelledby": id },
    el("div", { class: "dialog-body" }, el("header", { class: "dialog-head" }, heading, close), content), toasts());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    // What was just said is still to be read.
    document.querySelector(".toasts").append(...dialog.querySelector(".toasts").children);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks before something that cannot be undone; resolves to whether it is to be done. */
export function confirmed(question, verb) {
  return new Promise((resolve) => {
    let isWanted = false;
    const act = (wanted) => () => {
      isWanted = wanted;
      dialog.close();
    };
    const dialog = openDialog(question, "modal small", el("div", { class: "buttons" },
      el("button", { onclick: act(false) }, "Cancel"),
      el("button", { class: "danger", onclick: act(true) }, verb)));
    dialog.addEventListener("close", () => resolve(isWanted));
  });
}
