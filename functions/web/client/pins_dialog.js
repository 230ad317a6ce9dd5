// What is pinned in a conversation, from where one goes there.

import { ask } from "./asking.js";
import { openDialog } from "./dialogs.js";
import { KeyedList, el } from "./dom.js";
import { named } from "./names.js";
import { avatar } from "./people.js";
import { wordsOf } from "./quotes.js";
import { briefly } from "./time.js";

/** @param goTo shows a message where it was said */
export function pinsDialog({ chat, people, conversation, goTo }) {
  const list = el("ul", { class: "persons" });
  const rows = new KeyedList(list);
  const dialog = openDialog("Pinned messages", "drawer", list);
  /** By their numbers. */
  let pinned;

  function draw() {
    if (!pinned) return;
    const newestFirst = [...pinned.values()].sort((a, b) => (a.pinned_at < b.pinned_at ? 1 : -1));
    rows.show(newestFirst.length > 0 ? newestFirst.map(row) : [nothing()]);
  }
  function row(message) {
    const { seq, from, content, timestamp, pinned_by: by } = message;
    const names = [from, by].map((id) => people.fullName(id));
    const onclick = () => {
      dialog.close();
      goTo(seq);
    };
    const render = () => el("li", {}, el("button", { class: "person", onclick },
      avatar(from, people.name(from)),
      el("span", { class: "person-name" }, named(people, from),
        el("span", { class: "pinned-words", dir: "auto" }, wordsOf({ content })),
        el("small", {}, briefly(timestamp), " · pinned by ", by === people.me ? "you" : named(people, by)))));
    return { key: String(seq), version: JSON.stringify([content, names, briefly(timestamp)]), render };
  }
  const hear = ({ detail: message }) => {
    if (!pinned || message.conversation !== conversation.id) return;
    if (message.pinned_at) pinned.set(message.seq, message);
    else pinned.delete(message.seq);
    draw();
  };
  people.addEventListener("change", draw);
  chat.addEventListener("changed", hear);
  dialog.addEventListener("close", () => {
    people.removeEventListener("change", draw);
    chat.removeEventListener("changed", hear);
  });
  ask(list, () => chat.pins(conversation.id), (answer) => {
    pinned = new Map(answer.map((it) => [it.seq, it]));
    list.replaceChildren();
    draw();
  });
}

function nothing() {
  return { key: "", version: "", render: () => el("li", { class: "soft" }, "Nothing is pinned here.") };
}
