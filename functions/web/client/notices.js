// What happened to people in a room, in words.

import { who } from "./names.js";

const ABOUT = {
  kicked: ["removed", ""],
  banned: ["banned", ""],
  unbanned: ["lifted the ban on", ""],
  muted: ["muted", ""],
  unmuted: ["let", " speak again"],
};

/** A notice as a sentence; `me` is addressed as "you". */
export function noticeParts({ kind, from, about, content }, me) {
  const subject = from === me ? "You" : who(from);
  const object = about === me ? "you" : about ? who(about) : "";
  if (kind === "joined") return [subject, " joined"];
  if (kind === "left") return [subject, " left"];
  if (kind === "appointed") return [subject, " made ", object, ` ${role(content)}`];
  const [verb, rest] = ABOUT[kind] ?? [kind, ""];
  return [subject, ` ${verb} `, object, rest];
}

/** The server says the role as the last word. */
function role(content) {
  const word = content.split(" ").at(-1);
  return word === "owner" ? "an owner" : `a ${word}`;
}
