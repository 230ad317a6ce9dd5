// Whom one may mean while one types a name: a list above the text, by arrow keys or a click.

import { el, fill } from "./dom.js";
import { EVERYONE, labelOf } from "./mentions.js";
import { named } from "./names.js";
import { avatar } from "./people.js";
import { announce } from "./toasts.js";

/** How many are offered at once. */
const MOST = 8;
const BEGUN = /(?<![\p{L}\p{N}_])@([^\n@]{0,32})$/u;

/**
 * @param text where one types
 * @param who gives the ids of those who can be named, and whether everybody can
 */
export function offers(text, people, who) {
  const list = el("ul", { class: "offers", id: "offers", role: "listbox", "aria-label": "People to mention", hidden: true });
  let found = [];
  let chosen = 0;
  /** What was closed is not opened by the same words. */
  let closedAt;

  const begun = () => (text.selectionStart === text.selectionEnd ? text.value.slice(0, text.selectionStart).match(BEGUN) : undefined);

  function draw() {
    const match = document.activeElement === text ? begun() : undefined;
    const before = found.length;
    found = match && match.index !== closedAt ? matching(match[1].toLowerCase()) : [];
    if (!match) closedAt = undefined;
    chosen = Math.min(chosen, Math.max(0, found.length - 1));
    if (found.length !== before) chosen = 0;
    list.hidden = found.length === 0;
    fill(list, found.map(option));
    shows();
    const many = found.length === 1 ? "1 person" : `${found.length} people`;
    if (found.length > 0 && before === 0) announce(`${many} to mention. Arrow keys choose, Enter takes.`);
  }

  function matching(wanted) {
    const { ids, mayNameEveryone } = who();
    const all = ids.map((id) => ({ id, label: labelOf(people, id), name: people.name(id) })).filter(({ label }) => label !== "…");
    // Whoever has written a whole name has nothing to choose: Enter sends.
    if (all.some(({ label }) => label.toLowerCase() === wanted) || wanted === EVERYONE) return [];
    const begins = ({ label, name }) => [label, name, ...name.split(/\s+/u)].some((it) => it.toLowerCase().startsWith(wanted));
    const everyone = mayNameEveryone && EVERYONE.startsWith(wanted) ? [{ label: EVERYONE }] : [];
    return [...all.filter(begins).slice(0, MOST), ...everyone];
  }

  function option({ id, name }, index) {
    const isEverybody = id === undefined;
    return el("li", { id: `offer-${index}`, role: "option", class: "offer", onpointerdown: keepsFocus, onclick: () => take(index) },
      isEverybody ? avatar("lobby", EVERYONE, "lobby") : avatar(id, name),
      el("span", {}, isEverybody ? [`@${EVERYONE}`, el("small", {}, "Everybody in the room")] : named(people, id)));
  }

  /** Which one Enter would take. */
  function shows() {
    [...list.children].forEach((node, index) => node.setAttribute("aria-selected", String(index === chosen)));
    const isOpen = found.length > 0;
    for (const [name, value] of [["aria-activedescendant", `offer-${chosen}`], ["aria-controls", list.id]]) {
      if (isOpen) text.setAttribute(name, value);
      else text.removeAttribute(name);
    }
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  }

  function take(index) {
    const match = begun();
    const words = `@${found[index].label} `;
    text.setRangeText(words, match.index, text.selectionStart, "end");
    text.dispatchEvent(new Event("input"));
    close();
  }

  function close() {
    closedAt = begun()?.index;
    draw();
  }

  /** Whether a key was for the list. */
  function takes(event) {
    if (found.length === 0 || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) chosen = (chosen + step + found.length) % found.length;
    else if (["Enter", "Tab"].includes(event.key) && !event.shiftKey) take(chosen);
    else if (event.key === "Escape") close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    shows();
    return true;
  }

  text.setAttribute("aria-autocomplete", "list");
  text.setAttribute("aria-haspopup", "listbox");
  for (const type of ["input", "click", "focus", "blur"]) text.addEventListener(type, draw);
  text.addEventListener("keyup", ({ key }) => ["ArrowLeft", "ArrowRight", "Home", "End"].includes(key) && draw());

  return { node: list, draw, takes };
}

const keepsFocus = (event) => event.preventDefault();
