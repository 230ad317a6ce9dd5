// Links in what people say: addresses of the web become anchors, everything else stays text.

import { el } from "./dom.js";

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/giu;
/** What ends a sentence, and not the address before it. */
const TRAILING = new Set(".,:;!?…");
/** Which closing bracket a bracket counts for, and how. */
const BRACKETS = { ")": [")", 1], "(": [")", -1], "]": ["]", 1], "[": ["]", -1], "}": ["}", 1], "{": ["}", -1] };

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
  const surplus = surplusOf(address);
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address[end - 1];
    if (TRAILING.has(last)) continue;
    if (!(surplus[last] > 0)) break;
    surplus[last] -= 1;
  }
  return address.slice(0, end);
}

/** How many more of each closing bracket there are than opening ones. */
function surplusOf(address) {
  const surplus = { ")": 0, "]": 0, "}": 0 };
  for (const letter of address) {
    const bracket = BRACKETS[letter];
    if (bracket) surplus[bracket[0]] += bracket[1];
  }
  return surplus;
}

function link(address) {
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address);
}
