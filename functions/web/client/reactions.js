// How people react to a message, and what one can react with.

import { openDialog } from "./dialogs.js";
import { KeyedList, el } from "./dom.js";
import { apart, isolated } from "./names.js";
import { field } from "./sign_in.js";

const COMMON = [["👍", "Thumbs up"], ["❤️", "Heart"], ["😂", "Laughing"], ["🎉", "Celebrating"], ["😮", "Surprised"], ["😢", "Sad"]];
/** How long a reaction may be, if the server does not say. */
const LONGEST = 32;

/** The lists that were drawn once: what is the same in them is left alone. */
const lists = new WeakMap();

/** Where the reactions of a message are; it is heard elsewhere that there are others. */
export function reactionList() {
  return el("ul", { class: "reactions", "aria-label": "Reactions", "aria-live": "off" });
}

/** Brings them up to date. @param toggle called with what one reacts with, or does no more */
export function drawReactions(node, { reactions = [] }, people, toggle) {
  if (!lists.has(node)) lists.set(node, new KeyedList(node));
  lists.get(node).show(reactions.map((it) => row(it, people, toggle)));
}

/** All that a row's reactions are drawn from. */
export function reactionsVersion({ reactions = [] }, people) {
  return reactions.length === 0 ? "" : JSON.stringify(reactions.map((it) => [it.key, it.count, it.mine, namesOf(it, people)]));
}

function row(reaction, people, toggle) {
  const { key, count, mine = false } = reaction;
  const names = namesOf(reaction, people);
  const render = () => el("li", {},
    el("button", { class: "reaction stop", tabindex: -1, title: names, "aria-pressed": String(mine), onclick: () => toggle(key, !mine) },
      el("span", { class: "chip" }, apart(key), " ", String(count))));
  return { key, version: JSON.stringify([count, mine, names]), render };
}

/** Who they are, as far as that is told. */
export function namesOf({ users, count, mine }, people) {
  const others = users.filter((id) => id !== people.me).map((id) => people.fullName(id));
  const names = mine ? ["You", ...others] : others;
  const rest = count - names.length;
  const all = rest > 0 ? [...names, rest === 1 ? "1 other" : `${rest} others`] : names;
  return all.length > 1 ? `${all.slice(0, -1).join(", ")} and ${all.at(-1)}` : all.join("");
}

/** Asks what to react with: a few emojis, or another. */
export function reactionDialog(chat, react) {
  const choose = (key) => {
    dialog.close();
    react(key);
  };
  const other = el("input", {
    ...{ required: true, pattern: "\\S+", title: "One emoji, or a short name without spaces" },
    ...{ maxlength: chat.limits?.reaction_chars ?? LONGEST, autocomplete: "off", autocapitalize: "none" },
  });
  const onsubmit = (event) => {
    event.preventDefault();
    choose(other.value);
  };
  const dialog = openDialog("React", "modal small",
    el("div", { class: "palette", role: "group", "aria-label": "Common reactions" },
      COMMON.map(([key, name]) => el("button", { title: name, "aria-label": `${name} ${isolated(key)}`, onclick: () => choose(key) }, key))),
    el("form", { class: "inline", onsubmit }, field("Another emoji", other), el("button", { class: "primary" }, "React")));
  dialog.querySelector(".palette button").focus();
}
