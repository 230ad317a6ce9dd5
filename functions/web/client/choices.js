// What one can do about something, as a list of buttons in a dialog.

import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";

/**
 * A list of choices, each of which closes the dialog.
 * @param choices each with its icon, what it does in words, what it does, and perhaps more words
 */
export function choiceDialog(title, choices, ...content) {
  const button = ([name, label, run, more]) => {
    const onclick = () => {
      dialog.close();
      run();
    };
    return el("li", {}, el("button", { class: "choice", onclick }, icon(name), el("span", {}, label, more && el("small", {}, more))));
  };
  const list = el("ul", { class: "choices" }, choices.filter(Boolean).map(button));
  const dialog = openDialog(title, "modal small", list, ...content);
  return dialog;
}
