// What conversations are called.

import { quote, who } from "./names.js";

/** The other one's name, the room's, or the lobby, as parts of a sentence. */
export function titleParts(conversation) {
  if (conversation.kind === "lobby") return ["Lobby"];
  if (conversation.room) return [quote(conversation.room.name || "…")];
  if (conversation.with === conversation.me) return ["Notes to yourself"];
  return [who(conversation.with)];
}

/** The name alone. */
export function titleOf(conversation, people) {
  const [part] = titleParts(conversation);
  return part.id !== undefined ? people.name(part.id) : part.text ?? part;
}
