// Whom a text names: people of the conversation, by what is nobody else's.

import { el } from "./dom.js";

/** The name of everybody in a room. */
export const EVERYONE = "everyone";

/** What stands behind the sign: the username where there are any, else the name. */
export function labelOf(people, id) {
  return people.handle(id) ?? people.name(id);
}

/** Who of `ids` is named in a text, and whether everybody is. */
export function namedIn(text, ids, people) {
  const labels = labelled(ids, people);
  const found = [...text.matchAll(patternOf([...labels.keys(), EVERYONE]))].map(([, label]) => label.toLowerCase());
  const mentions = [...new Set(found.map((label) => labels.get(label)).filter((id) => id !== undefined))];
  return { mentions, isEveryone: found.includes(EVERYONE) && !labels.has(EVERYONE) };
}

/** A text with the names in it set apart; one's own still more. */
export function withNames(text, { mentions = [], mentions_everyone: isEveryone }, people) {
  if (mentions.length === 0 && !isEveryone) return [text];
  const labels = labelled(mentions, people);
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(patternOf([...labels.keys(), ...(isEveryone ? [EVERYONE] : [])]))) {
    const isMe = labels.get(match[1].toLowerCase()) === people.me || match[1].toLowerCase() === EVERYONE;
    parts.push(text.slice(end, match.index), el("span", { class: `mention ${isMe ? "mention-me" : ""}` }, match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}

function labelled(ids, people) {
  return new Map(ids.map((id) => [labelOf(people, id).toLowerCase(), id]));
}

/** The longest first: one name may begin with another. */
function patternOf(labels) {
  const escaped = labels.toSorted((a, b) => b.length - a.length).map((label) => label.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`(?<![\\p{L}\\p{N}_])@(${escaped.join("|")})(?![\\p{L}\\p{N}_])`, "giu");
}
