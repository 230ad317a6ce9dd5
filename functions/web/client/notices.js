// What happened to people in a room, in words.

import { who } from "./names.js";

const ABOUT = {
  kicked: ["removed", ""],
  banned: ["banned", ""],
  unbanned: ["lifted the ban on", ""],
  muted: ["muted", ""],
  unmuted: ["let", " speak again"],
};
const ROLES = { owner: "an owner", moderator: "a moderator", member: "a member" };

/** A notice as a sentence; `me` is addressed as "you". */
export function noticeParts({ kind, from, about, role, reason, joined, left }, me) {
  const subject = from === me ? "You" : who(from);
  const object = about === me ? "you" : about ? who(about) : "somebody";
  if (kind === "joined") return [subject, " joined"];
  if (kind === "left") return [subject, reason === "deleted" ? " left: their account was deleted" : " left"];
  if (kind === "members") return [turnover(joined, left)];
  if (kind === "appointed") return [subject, ...appointment(object, ROLES[role])];
  const [verb, rest] = ABOUT[kind];
  return [subject, ` ${verb} `, object, rest];
}

/** How many came and went. */
function turnover(joined, left) {
  const parts = [joined && `${joined} joined`, left && `${left} left`];
  return parts.filter(Boolean).join(", ");
}

/** What earlier servers have kept does not say the role, and later ones may know others. */
function appointment(object, role) {
  return role ? [" made ", object, ` ${role}`] : [" gave ", object, " another role"];
}
