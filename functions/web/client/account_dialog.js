// Oneself, and the way out.

import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { avatar } from "./people.js";

/** @param signOut called with `{everywhere}` */
export function accountDialog({ me, people, hasSessions, unsent, signOut }) {
  const leave = (options) => async () => {
    dialog.close();
    await signOut(options);
  };
  const dialog = openDialog("You", "modal small",
    el("p", { class: "person" }, avatar(me, people.name(me)), el("span", { class: "person-name" }, people.name(me))),
    unsent > 0 && el("p", { class: "notice-bad" }, `${unsent === 1 ? "One message waits" : `${unsent} messages wait`} to be sent. It goes out when you sign in again on this device.`),
    el("div", { class: "stack" },
      el("button", { onclick: leave({}) }, icon("out"), "Sign out"),
      hasSessions && el("button", { onclick: leave({ everywhere: true }) }, "Sign out on all devices")));
}
