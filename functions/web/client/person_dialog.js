// Somebody else, and how to be left in peace by them.

import { openDialog } from "./dialogs.js";
import { el, fill } from "./dom.js";
import { apart, named } from "./names.js";
import { attempt } from "./toasts.js";

const WORDS = {
  open: "Whoever you block cannot write to you, and does not see when you are here or what you have read. They are not told.",
  blocked: "You have blocked them: they cannot write to you, nor you to them, and they do not see when you are here.",
};

/** @param user whom it is about @param facts what there is to say of them at the moment */
export function personDialog({ people, user, facts }) {
  const presence = el("p", { class: "soft" });
  const words = el("p", { class: "soft" });
  const button = el("button", { onclick: () => attempt(() => people.block(user, !people.isBlocked(user))) });
  const dialog = openDialog(named(people, user), "modal small", presence, el("div", { class: "stack" }, words, button));
  const heading = dialog.querySelector("h2");

  function draw() {
    const isBlocked = people.isBlocked(user);
    fill(heading, named(people, user));
    fill(presence, apart(facts()));
    words.textContent = WORDS[isBlocked ? "blocked" : "open"];
    button.textContent = isBlocked ? "Unblock" : "Block";
    button.className = isBlocked ? "primary" : "danger";
  }
  people.addEventListener("change", draw);
  dialog.addEventListener("close", () => people.removeEventListener("change", draw));
  draw();
}
