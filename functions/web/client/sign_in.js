// Who are you: a name, an account, or a token, as the server wants it.

import { el, fill } from "./dom.js";
import { sentence } from "./toasts.js";

const WORDS = {
  open: "Pick a name and start. This server believes any name, so it is good for trying things out and for nothing else.",
  accounts: "Talk to people, one by one or in rooms.",
  oidc: "This server trusts your organisation's identity provider. Sign in there, get an access token, and paste it here; it stays in this tab.",
};

/** Shows the form; `submit` gets the answers, and throws if they are refused. */
export function signIn(mode, told, submit) {
  const root = document.getElementById("root");
  const show = (isNew) => {
    const form = formFor(mode, isNew, submit);
    const parts = [
      el("img", { src: "client/icon.svg", alt: "", width: 56, height: 56 }),
      el("h1", { class: "wordmark" }, "Confab"),
      el("p", { class: "soft" }, WORDS[mode]),
      told && el("p", { class: "notice-bad", role: "alert" }, sentence(told)),
      form,
      mode === "accounts" && switcher(isNew, () => show(!isNew)),
    ];
    fill(root, el("main", { class: "sign-in" }, el("div", { class: "card" }, parts)));
    form.querySelector("input, textarea").focus();
  };
  document.title = "Sign in · Confab";
  show(false);
}

function switcher(isNew, change) {
  const question = isNew ? "Already have an account?" : "New here?";
  const button = el("button", { type: "button", class: "link", onclick: change }, isNew ? "Sign in" : "Create an account");
  return el("p", { class: "switcher" }, `${question} `, button);
}

function formFor(mode, isNew, submit) {
  const error = el("p", { class: "notice-bad", role: "alert", hidden: true });
  const label = mode === "open" ? "Start chatting" : isNew ? "Create account" : "Sign in";
  const button = el("button", { class: "primary wide" }, label);
  const onsubmit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    error.hidden = true;
    try {
      await submit({ ...Object.fromEntries(new FormData(form)), isNew });
    } catch (refused) {
      error.textContent = sentence(refused.message || "the server does not answer; try again");
      error.hidden = false;
      button.disabled = false;
    }
  };
  const form = el("form", { onsubmit }, fieldsOf(mode, isNew), error, button);
  return form;
}

function fieldsOf(mode, isNew) {
  if (mode === "oidc") return [field("Access token", el("textarea", { name: "token", rows: 4, required: true, spellcheck: "false", autocomplete: "off" }))];
  const name = input("name", { autocomplete: "username", maxlength: mode === "open" ? 64 : 32, autocapitalize: "none", spellcheck: "false" });
  if (mode === "open") return [field("Your name", name)];
  const password = input("password", {
    type: "password",
    autocomplete: isNew ? "new-password" : "current-password",
    minlength: isNew ? 8 : undefined,
  });
  const fields = [field("Username", name), field("Password", password, isNew && "At least 8 characters.")];
  if (isNew) fields.splice(1, 0, field("Display name", el("input", { name: "displayName", maxlength: 64, autocomplete: "nickname" }), "What others see; may be left empty."));
  return fields;
}

function input(name, attributes) {
  return el("input", { name, required: true, ...attributes });
}

/** A labelled field, with a hint if there is one. */
export function field(label, control, hint) {
  return el("label", { class: "field" }, el("span", {}, label), control, hint && el("small", {}, hint));
}
