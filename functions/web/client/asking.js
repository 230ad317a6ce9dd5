// What is asked for and may not come: one is told so, and can ask again.

import { el, fill } from "./dom.js";

/** Asks, and says in `node` how that goes; `draw` gets the answer. */
export async function ask(node, load, draw, tag = "li") {
  fill(node, el(tag, { class: "soft" }, "Looking …"));
  let answer;
  try {
    answer = await load();
  } catch (error) {
    if (node.isConnected) console.warn("something did not come", error);
    fill(node, notCome(() => ask(node, load, draw, tag), tag));
    return;
  }
  draw(answer);
}

/** Stands in the place of what did not come. */
export function notCome(again, tag = "li") {
  return el(tag, { class: "soft" }, "That did not come. ", el("button", { class: "link", type: "button", onclick: again }, "Try again"));
}
