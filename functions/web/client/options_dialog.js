// What one decides about a conversation for oneself alone: to see it first or not at all, to read it later, to be
// told less.

import { choiceDialog } from "./choices.js";
import { el } from "./dom.js";
import { shown } from "./names.js";
import { field } from "./sign_in.js";
import { dayOf, soon } from "./time.js";
import { titleParts } from "./titles.js";
import { announce, attempt, tell } from "./toasts.js";

const HOUR = 60 * 60 * 1000;
/** When the morning is. */
const MORNING = 8;

/** What one can be left alone with, and for how long. */
const WHAT = [["all", "Everything"], ["mentions", "All but mentions of you"]];
const HOW_LONG = [
  ["An hour", () => Date.now() + HOUR],
  ["8 hours", () => Date.now() + 8 * HOUR],
  ["Until tomorrow", () => new Date(dayOf(Date.now())).setHours(24 + MORNING)],
  ["For good", () => null],
];

/** @param hidden called when the conversation is in the list no more */
export function optionsDialog({ conversations: { decisions }, people, conversation, hidden }) {
  const { settings, unread, isMarked, muted } = conversation;
  const decide = async (change, words) => {
    if (!(await attempt(() => decisions.decide(conversation, change)))) return false;
    announce(words);
    return true;
  };
  const hide = async () => {
    if (!(await attempt(() => decisions.decide(conversation, { hidden: true })))) return;
    tell("Hidden until something is said there.");
    hidden();
  };
  const isUnread = unread > 0 || isMarked;
  const dialog = choiceDialog(shown(titleParts(conversation), people), [
    settings.pinned
      ? ["pin", "Unpin", () => decide({ pinned: false }, "Not pinned any more."), "It is at the top of your list now"]
      : ["pin", "Pin to the top of your list", () => decide({ pinned: true }, "Pinned to the top of your list.")],
    isUnread
      ? ["unread", "Mark as read", () => decisions.readAll(conversation)]
      : newestOf(conversation) !== undefined && ["unread", "Mark as unread", () => marks(decisions, conversation, newestOf(conversation))],
    settings.hidden
      ? ["seen", "Show in your list again", () => decide({ hidden: false }, "In your list again.")]
      : ["hide", "Hide from your list", hide, "Until something is said there"],
    muted && ["bell", "Unmute", () => decide({ muted: null }, "Not muted any more."), mutedWords(conversation)],
  ], !muted && muteForm((change) => {
    dialog.close();
    decide(change, "Muted.");
  }));
}

/** Counts a conversation as unread from a message on. */
export async function marks(decisions, conversation, seq) {
  if (await attempt(() => decisions.markUnread(conversation, seq))) announce("Marked as unread.");
}

/** The message that is to be read again: what others said last, or else the last of all. */
function newestOf(conversation) {
  const { messages, last } = conversation;
  return (messages.findLast((message) => conversation.isOthers(message)) ?? last)?.seq;
}

/** What one is left alone with, and until when. */
export function mutedWords({ muted, settings: { muted_until: until } }) {
  const what = muted === "mentions" ? "Muted but for mentions" : "Muted";
  return until ? `${what} until ${soon(until)}` : what;
}

function muteForm(decide) {
  const what = el("select", {}, WHAT.map(([value, words]) => el("option", { value }, words)));
  const howLong = el("select", {}, HOW_LONG.map(([words], index) => el("option", { value: index }, words)));
  const onsubmit = (event) => {
    event.preventDefault();
    const until = HOW_LONG[howLong.value][1]();
    decide({ muted: what.value, muted_until: until && new Date(until).toISOString() });
  };
  return el("form", { class: "mute", onsubmit }, field("Mute", what), field("For how long", howLong), el("button", {}, "Mute"));
}
