// Links in what people say: addresses of the web become anchors, everything else stays text.

import { el } from "./dom.js";

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/giu;
/** What ends a sentence, and not the address before it. */
const TRAILING = /[.,:;!?…]+$/u;

/** The parts of a text, as strings and links. */
export function linkify(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    if (!URL.canParse(address)) continue;
    parts.push(text.slice(end, match.index), link(address));
    end = match.index + address.length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

/** Without punctuation at the end, and without a closing bracket that was opened before the address. */
function trimmed(address) {
  let kept = address.replace(TRAILING, "");
  for (const [open, close] of ["()", "[]", "{}"]) {
    const count = (bracket) => kept.split(bracket).length;
    while (kept.endsWith(close) && count(close) > count(open)) kept = kept.slice(0, -1).replace(TRAILING, "");
  }
  return kept;
}

function link(address) {
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address);
}
