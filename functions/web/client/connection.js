// The strip that tells how the connection is, as long as it is not simply there.

import { el } from "./dom.js";

/** Watches the library's state. */
export function connectionLine(chat) {
  const node = el("p", { class: "line", role: "status" });
  let timer;
  const show = (text) => {
    if (node.textContent !== text) node.textContent = text;
    node.classList.toggle("line-shown", text !== "");
  };
  const draw = ({ state, retryAt }) => {
    clearTimeout(timer);
    if (state === "online") return show("");
    if (!navigator.onLine) return show("You are offline. What you write is sent when you are back.");
    if (state !== "waiting") return show("Connecting …");
    const seconds = Math.ceil((retryAt - Date.now()) / 1000);
    show(seconds > 1 ? `Connection lost. Trying again in ${seconds} s.` : "Connection lost. Trying again …");
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
