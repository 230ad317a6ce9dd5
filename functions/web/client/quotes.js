// What a message answers, above it: a link to the original.

import { el, hidden } from "./dom.js";
import { named, tame } from "./names.js";
import { linkTo } from "./route.js";

/** How much of it is shown, in characters: the style sheet may cut more. */
const MOST = 120;

/** What a deleted message reads, and by whom it was deleted if not by its author. */
export function deletedParts({ from, deleted_by: by }, who) {
  return by === undefined || by === from ? ["This message was deleted"] : ["This message was deleted by ", who(by)];
}

/** A quote as a link; @param goTo shows the original */
export function quoteLink(quote, { conversation, people, goTo }) {
  const { seq, from } = quote;
  const words = wordsOf(quote);
  if (from === undefined) return el("span", { class: "quote quote-gone" }, words);
  const onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    goTo(seq);
  };
  return el("a", { class: "quote stop", tabindex: -1, href: linkTo(conversation.id, seq), "data-part": "quote", onclick },
    hidden("Answers "),
    el("span", { class: "quote-from" }, from === people.me ? "You" : named(people, from)), hidden(": "),
    el("span", { class: "quote-text", dir: "auto" }, words));
}

/** All that a quote is drawn from. */
export function quoteVersion(quote, people) {
  return quote && [quote.seq, quote.from && people.fullName(quote.from), wordsOf(quote)];
}

/** What is quoted of a message that is here. */
export function quoteOf({ seq, from, content, deleted_at: deletedAt }) {
  return { seq, from, content, ...(deletedAt && { deleted: true }) };
}

/** What it says, on one line. */
export function wordsOf({ content, deleted }) {
  if (deleted) return "This message was deleted";
  if (content === undefined) return "A message that is not there any more";
  const words = tame(content).replace(/\s+/gu, " ").trim();
  return words.length > MOST ? `${words.slice(0, MOST)} …` : words;
}
