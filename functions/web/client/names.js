// Names beside other words: set apart from them, and never somebody else's.

import { el } from "./dom.js";

/** What turns around the text behind it, or ends what others have begun. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/gu;
/** Letters that are written from right to left, and marks that say so. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200e\u200f\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A text of somebody else's that can be put between others. */
export function tame(text) {
  return text.replace(TURNING, "\ufffd");
}

/** The same where there are no elements: in titles and labels. */
export function isolated(text) {
  return RIGHT_TO_LEFT.test(text) ? `\u2068${tame(text)}\u2069` : tame(text);
}

/** A text of somebody else's among the page's own words. */
export function apart(text) {
  return el("bdi", {}, tame(text));
}

/** Somebody's name, and the username where that is another one: others may call themselves the same. */
export function named(people, id) {
  return [apart(people.name(id)), handle(people, id)];
}

/** The username, to stand beside the name, if it is not the name. */
export function handle(people, id) {
  const username = people.handle(id);
  return username && [" ", el("bdi", { class: "handle" }, `@${username}`)];
}

/** Who somebody is, as a part of a sentence. */
export const who = (id) => ({ id });
/** What somebody wrote, as a part of a sentence. */
export const quote = (text) => ({ text });

/** A sentence as elements: words, `who` and `quote`. */
export function shown(parts, people) {
  return parts.map((part) => (part.id !== undefined ? named(people, part.id) : part.text !== undefined ? apart(part.text) : part));
}

/** The same sentence as text. */
export function spoken(parts, people) {
  return parts.map((part) => (part.id !== undefined ? people.fullName(part.id) : part.text !== undefined ? isolated(part.text) : part)).join("");
}
