// Oneself, and the way out.

import { openDialog } from "./dialogs.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { named } from "./names.js";
import { avatar } from "./people.js";
import { field } from "./sign_in.js";
import { attempt, tell } from "./toasts.js";

/** @param signOut called with `{everywhere}` */
export function accountDialog({ me, people, hasSessions, unsent, signOut }) {
  const leave = (options) => async () => {
    dialog.close();
    await signOut(options);
  };
  const self = el("p", { class: "person" });
  const draw = () => fill(self, avatar(me, people.name(me)), el("span", { class: "person-name" }, named(people, me)));
  draw();
  const dialog = openDialog("You", "modal small", self,
    unsent > 0 && el("p", { class: "notice-bad" }, unsent === 1 ? "One message is not sent yet. Whoever signs out throws it away." : `${unsent} messages are not sent yet. Whoever signs out throws them away.`),
    hasSessions && nameForm(me, people),
    el("div", { class: "stack" },
      el("button", { onclick: leave({}) }, icon("out"), "Sign out"),
      hasSessions && el("button", { onclick: leave({ everywhere: true }) }, "Sign out on all devices")));
  people.addEventListener("change", draw);
  dialog.addEventListener("close", () => people.removeEventListener("change", draw));
}

/** How others see one. */
function nameForm(me, people) {
  const name = el("input", { value: people.name(me), maxlength: 64, autocomplete: "nickname" });
  const onsubmit = async (event) => {
    event.preventDefault();
    if (await attempt(() => people.rename(name.value.trim()))) tell(["Others see ", named(people, me), " now."]);
  };
  return el("form", { class: "inline", onsubmit }, field("Display name", name), el("button", {}, "Save"));
}
