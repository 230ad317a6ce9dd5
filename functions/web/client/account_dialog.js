// Oneself, and the way out.

import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, handle } from "./people.js";
import { field } from "./sign_in.js";
import { attempt, tell } from "./toasts.js";

/** @param signOut called with `{everywhere}` */
export function accountDialog({ me, people, hasSessions, unsent, signOut }) {
  const leave = (options) => async () => {
    dialog.close();
    await signOut(options);
  };
  const dialog = openDialog("You", "modal small",
    el("p", { class: "person" }, avatar(me, people.name(me)), el("span", { class: "person-name" }, people.name(me), handle(people, me))),
    unsent > 0 && el("p", { class: "notice-bad" }, `${unsent === 1 ? "One message waits" : `${unsent} messages wait`} to be sent. It goes out when you sign in again on this device.`),
    hasSessions && nameForm(me, people),
    el("div", { class: "stack" },
      el("button", { onclick: leave({}) }, icon("out"), "Sign out"),
      hasSessions && el("button", { onclick: leave({ everywhere: true }) }, "Sign out on all devices")));
}

/** How others see one. */
function nameForm(me, people) {
  const name = el("input", { value: people.name(me), maxlength: 64, autocomplete: "nickname" });
  const onsubmit = async (event) => {
    event.preventDefault();
    if (await attempt(() => people.rename(name.value.trim()))) tell(`Others see ${people.name(me)} now.`);
  };
  return el("form", { class: "inline", onsubmit }, field("Display name", name), el("button", {}, "Save"));
}
