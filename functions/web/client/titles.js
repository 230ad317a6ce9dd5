// What conversations are called.

/** The other one's name, the room's, or the lobby. */
export function titleOf(conversation, people) {
  if (conversation.kind === "lobby") return "Lobby";
  if (conversation.room) return conversation.room.name || "…";
  if (conversation.with === conversation.me) return "Notes to yourself";
  return people.name(conversation.with);
}
