// The strip that tells how the connection is, as long as it is not simply there.

import { el } from "./dom.js";

/** Watches the library's state. */
export function connectionLine(chat) {
  const words = el("span", { role: "status" });
  // To be seen only: nobody wants to be read every second of it.
  const wait = el("span", { "aria-hidden": "true" });
  const node = el("p", { class: "line" }, words, wait);
  let timer;
  const show = (text, rest = "") => {
    if (words.textContent !== text) words.textContent = text;
    wait.textContent = rest;
    node.classList.toggle("line-shown", text !== "");
  };
  const draw = ({ state, retryAt }) => {
    clearTimeout(timer);
    if (!navigator.onLine) return show("You are offline. What you write is sent when you are back.");
    if (state === "online") return show("");
    if (state !== "waiting") return show("Connecting …");
    const seconds = Math.ceil((retryAt - Date.now()) / 1000);
    show("Connection lost.", seconds > 1 ? ` Trying again in ${seconds} s.` : " Trying again …");
    if (seconds > 1) timer = setTimeout(() => draw({ state, retryAt }), 1000);
  };
  let latest = { state: chat.state };
  chat.addEventListener("state", ({ detail }) => {
    latest = { state: detail.state, retryAt: Date.now() + (detail.retryIn ?? 0) };
    draw(latest);
  });
  for (const type of ["online", "offline"]) addEventListener(type, () => draw(latest));
  draw(latest);
  return node;
}
