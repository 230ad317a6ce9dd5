// Whom to write to: a name, or one of those who are online.

import { ask } from "./asking.js";
import { openDialog } from "./dialogs.js";
import { KeyedList, el } from "./dom.js";
import { named } from "./names.js";
import { avatar } from "./people.js";
import { field } from "./sign_in.js";
import { attempt } from "./toasts.js";

/** @param open called with the id of whom to write to */
export function writeDialog(people, open) {
  const name = el("input", { name: "name", required: true, maxlength: 64, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  const submit = async (event) => {
    event.preventDefault();
    if (await attempt(async () => choose(await people.find(name.value.trim())))) return;
    name.focus();
  };
  const list = el("ul", { class: "persons" });
  const rows = new KeyedList(list);
  const dialog = openDialog("New message", "modal",
    el("form", { class: "inline", onsubmit: submit }, field("To", name), el("button", { class: "primary" }, "Write")),
    el("h3", {}, "Online now"), list);
  name.focus();

  function choose(user) {
    dialog.close();
    open(user);
  }
  function draw() {
    const online = people.online();
    const entry = (id) => el("li", {}, el("button", { class: "person", onclick: () => choose(id) },
      avatar(id, people.name(id)), el("span", { class: "person-name" }, named(people, id))));
    const nobody = () => el("li", { class: "soft" }, "Nobody else is here at the moment.");
    const row = (id) => ({ key: id, version: people.fullName(id), render: () => entry(id) });
    rows.show(online.length ? online.map(row) : [{ key: "", version: "", render: nobody }]);
  }
  const refresh = () => ask(list, () => people.refresh(), () => {
    people.addEventListener("change", draw);
    rows.show([]);
    draw();
  });
  dialog.addEventListener("close", () => people.removeEventListener("change", draw));
  refresh();
}
