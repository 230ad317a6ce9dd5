// Who has read a message in a room.

import { ask } from "./asking.js";
import { openDialog } from "./dialogs.js";
import { KeyedList, el } from "./dom.js";
import { named } from "./names.js";
import { avatar } from "./people.js";

/** Whoever has said it has read it; whoever reads it meanwhile is added. */
export function readersDialog({ chat, people }, { conversation, seq, from }) {
  const count = el("p", { class: "soft", role: "status" });
  const list = el("ul", { class: "persons" });
  const rows = new KeyedList(list);
  const dialog = openDialog("Read by", "modal small", count, list);
  const readers = new Set();
  let isKnown = false;

  function draw() {
    if (!isKnown) return;
    const others = [...readers].filter((user) => user !== from && user !== people.me);
    const words = wordsOn(others.length);
    if (count.textContent !== words) count.textContent = words;
    const render = (user) => () => el("li", { class: "person" }, avatar(user, people.name(user)), el("span", { class: "person-name" }, named(people, user)));
    rows.show(others.map((user) => ({ key: user, version: people.fullName(user), render: render(user) })));
  }
  const hear = ({ detail }) => {
    if (detail.conversation !== conversation || !(detail.read >= seq)) return;
    readers.add(detail.user);
    draw();
  };
  people.addEventListener("change", draw);
  chat.addEventListener("receipt", hear);
  dialog.addEventListener("close", () => {
    people.removeEventListener("change", draw);
    chat.removeEventListener("receipt", hear);
  });
  ask(list, () => chat.readers(conversation, seq), (answer) => {
    answer.forEach(({ user }) => readers.add(user));
    isKnown = true;
    list.replaceChildren();
    draw();
  });
}

function wordsOn(count) {
  if (count === 0) return "Nobody else has read this yet.";
  return count === 1 ? "1 person has read this." : `${count} people have read this.`;
}
