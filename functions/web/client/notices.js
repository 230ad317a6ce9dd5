// What happened to people in a room, in words.

const ABOUT = {
  kicked: ["removed", ""],
  banned: ["banned", ""],
  unbanned: ["lifted the ban on", ""],
  muted: ["muted", ""],
  unmuted: ["let", " speak again"],
};

/** A notice as a sentence; `me` is addressed as "you". */
export function noticeText({ kind, from, about, content }, people, me) {
  const who = from === me ? "You" : people.name(from);
  const whom = about === me ? "you" : about && people.name(about);
  if (kind === "joined") return `${who} joined`;
  if (kind === "left") return `${who} left`;
  if (kind === "appointed") return `${who} made ${whom} ${role(content)}`;
  const [verb, rest] = ABOUT[kind] ?? [kind, ""];
  return `${who} ${verb} ${whom ?? ""}${rest}`.trim();
}

/** The server says the role as the last word. */
function role(content) {
  const word = content.split(" ").at(-1);
  return word === "owner" ? "an owner" : `a ${word}`;
}
