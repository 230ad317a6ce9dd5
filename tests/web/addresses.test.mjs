// Addresses in texts: where they end, and at what cost that is found out.

import assert from "node:assert/strict";
import { test } from "node:test";

/** The little of a browser that a link is made with. */
globalThis.document = {
  createElement: () => ({
    setAttribute(name, value) {
      this[name] = value;
    },
    replaceChildren() {},
  }),
};
const { linkify } = await import("../../functions/web/client/linkify.js");

const addresses = (text) => linkify(text).filter((part) => typeof part !== "string").map(({ href }) => href);

test("an address ends before the punctuation and the brackets of the sentence around it", () => {
  for (const [text, ...expected] of [
    ["https://example.org/a_(b)?c=d#e, or (http://example.com).", "https://example.org/a_(b)?c=d#e", "http://example.com"],
    ["[https://example.org/[x]] {http://example.com/{y}}!", "https://example.org/[x]", "http://example.com/{y}"],
    ["https://example.org/?q=a.b...", "https://example.org/?q=a.b"],
    ["(see https://example.org/(a).)", "https://example.org/(a)"],
    ["nothing here: http://", ...[]],
  ]) {
    assert.deepEqual(addresses(text), expected, text);
  }
});

test("a text that is made to be slow takes no more steps than it has letters", () => {
  // In steps that grow with the square of the length this would take as long as nobody waits.
  for (const end of [".".repeat(100_000) + ")".repeat(100_000), ".)".repeat(100_000), `${")".repeat(100_000)}x`, "[".repeat(100_000)]) {
    const text = `http://a/${end}`;
    assert.equal(linkify(text).map((part) => (typeof part === "string" ? part : part.href)).join(""), text);
  }
});
