// What the entries of a conversation are.

/** What happens to people in a room. */
const NOTICES = ["joined", "left", "kicked", "banned", "unbanned", "muted", "unmuted", "appointed", "members"];

/**
 * Text that somebody said, a notice of the server's, or what only a later version knows. That is not
 * shown, but its number counts. Events about other messages will be a sort of their own.
 * @param {{kind: string}} message
 * @returns {"text" | "notice" | "other"}
 */
export function sortOf({ kind }) {
  if (kind === "message") return "text";
  return NOTICES.includes(kind) ? "notice" : "other";
}

/** @param {{kind: string}} message */
export const isKnown = (message) => sortOf(message) !== "other";

/** What brings messages, without those of which only a later version knows what they are. @param {any} it */
export const withKnown = (it) => ({ ...it, messages: it.messages.filter(isKnown) });
