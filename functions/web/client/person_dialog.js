// Somebody else, and how to be left in peace by them.

import { openDialog } from "./dialogs.js";
import { el, fill } from "./dom.js";
import { handle } from "./people.js";
import { attempt } from "./toasts.js";

const WORDS = {
  open: "Whoever you block cannot write to you, and does not see when you are here or what you have read. They are not told.",
  blocked: "You have blocked them: they cannot write to you, nor you to them, and they do not see when you are here.",
};

/** @param user whom it is about */
export function personDialog({ people, user, presence }) {
  const rest = el("div", { class: "stack" });
  openDialog([people.name(user), handle(people, user)], "modal small", el("p", { class: "soft" }, presence), rest);

  const change = async () => {
    await attempt(() => people.block(user, !people.isBlocked(user)));
    draw();
    rest.querySelector("button").focus();
  };
  function draw() {
    const isBlocked = people.isBlocked(user);
    fill(rest,
      el("p", { class: "soft" }, WORDS[isBlocked ? "blocked" : "open"]),
      el("button", { class: isBlocked ? "primary" : "danger", onclick: change }, isBlocked ? "Unblock" : "Block"));
  }
  draw();
}
