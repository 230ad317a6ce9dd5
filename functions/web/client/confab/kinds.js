// What the entries of a conversation are.

/** What happens to people in a room. */
const NOTICES = ["joined", "left", "kicked", "banned", "unbanned", "muted", "unmuted", "appointed", "members"];
/** What happens to a message after it was said. */
const EVENTS = ["edited", "deleted", "reacted", "pinned"];

/**
 * Text that somebody said, a notice of the server's, an event that changes a message, or what only a later
 * version knows. The last two are not shown, but their numbers count.
 * @param {{kind: string}} message
 * @returns {"text" | "notice" | "event" | "other"}
 */
export function sortOf({ kind }) {
  if (kind === "message") return "text";
  if (EVENTS.includes(kind)) return "event";
  return NOTICES.includes(kind) ? "notice" : "other";
}

/** Whether it is a line of its own. @param {{kind: string}} message */
export const isShown = (message) => ["text", "notice"].includes(sortOf(message));

/**
 * Whether a message names somebody, or everybody.
 * @param {{mentions?: string[], mentions_everyone?: true}} message
 * @param {string | undefined} user
 */
export function isNaming({ mentions, mentions_everyone }, user) {
  return mentions_everyone === true || (user !== undefined && (mentions?.includes(user) ?? false));
}
