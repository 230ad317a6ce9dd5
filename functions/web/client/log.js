// The log of one conversation: days, groups, what is new, what waits to be sent; older pages as one
// scrolls back.

import { actionBar } from "./actions.js";
import { KeyedList, el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { isSaid } from "./conversation.js";
import { Place } from "./place.js";
import { dayRow, markerRow, messageRow, noticeRow, pendingRow } from "./rows.js";
import { dayOf } from "./time.js";
import { announce, tell } from "./toasts.js";

/** Messages of one person within so long belong together. */
const GROUP = 5 * 60 * 1000;
/** How long a message that one was led to stands out, in ms. */
const STANDS_OUT = 2000;

/**
 * @param context `conversations`, `people`, `chat`, `read`, called with the last message in sight, and
 * `reply` and `edit`, called with a message
 */
export function logView(context) {
  const { chat, conversations } = context;
  const rows = el("ol", { class: "rows" });
  const top = el("p", { class: "log-top" });
  const log = el("div", { class: "log", role: "log", tabindex: 0, "aria-label": "Messages", "aria-relevant": "additions" }, top, rows);
  const jump = el("button", { class: "jump", title: "To the newest message", hidden: true, onclick: toEnd }, icon("down", "To the newest message"));
  const node = el("div", { class: "log-frame" }, log, jump);
  const list = new KeyedList(rows);
  const place = new Place(log, list, rows);
  let conversation;
  /** Whether one is where one wants to read. */
  let landed = false;
  /** Whether everything was read at some time: what comes later is new. */
  let isRead = false;
  let loading = false;
  let failed = false;
  /** What is under way, if anything is. */
  let page;
  const does = {
    goTo,
    reply: context.reply,
    edit: context.edit,
    // What is refused is told by the app.
    react: (seq, key, on) => chat.react(conversation.id, seq, key, on).sent.catch(() => {}),
    pin: (seq, on) => chat.pin(conversation.id, seq, on).sent
      .then(() => announce(on ? "Pinned for everybody." : "Not pinned any more."), () => {}),
    done: () => log.focus(),
  };
  const bar = actionBar(context, { log, rows }, () => conversation, does);

  function draw() {
    if (!conversation) return;
    place.notice();
    markNew();
    place.hold(() => {
      list.show(items(conversation, conversations.pending(conversation), { ...context, does }));
      bar.refresh();
      drawTop();
    });
    look();
  }

  /** What comes while one does not look is new when one comes back to it. */
  function markNew() {
    if (conversation.unread === 0) isRead = true;
    else if (landed && isRead && !(place.following && isLooking())) {
      conversation.newFrom = conversation.readSeq;
      isRead = false;
    }
  }

  let drawn;
  function drawTop() {
    const words = failed ? "What was said did not come." : topWords(conversation, rows.childElementCount === 0);
    if (drawn === words) return;
    drawn = words;
    fill(top, words, failed && el("button", { class: "link", onclick: again }, "Try again"));
  }

  /** What one has in sight is read, if one looks at all. */
  function look() {
    if (!conversation) return;
    place.notice();
    jump.hidden = place.following;
    if (!landed) return;
    const seen = isLooking() && place.inSight().findLast((row) => row.dataset.seq && place.isShown(row));
    if (seen) context.read(conversation, Number(seen.dataset.seq));
    if (log.clientHeight > 0 && log.scrollTop < log.clientHeight) loadEarlier();
  }

  function toEnd() {
    place.follow();
    look();
  }

  function loadEarlier() {
    if (conversation.before) return load((of) => conversations.loadEarlier(of));
  }

  /** Something that there is only one of at a time; whether it did what it should. */
  function load(action) {
    if (loading || failed) return false;
    return (page = loads(action));
  }

  async function loads(action) {
    const of = conversation;
    loading = true;
    log.setAttribute("aria-busy", "true");
    const isDone = await action(of).then(() => true, (error) => console.warn("a page of the log did not come", error));
    if (conversation !== of) return false;
    [loading, failed] = [false, !isDone];
    log.removeAttribute("aria-busy");
    draw();
    return isDone;
  }

  async function again() {
    failed = false;
    log.focus();
    if (landed) look();
    else await land();
  }

  async function show(next) {
    conversation = next;
    [landed, loading, failed] = [false, false, false];
    conversations.decisions.turnsTo(next);
    bar.hide();
    list.show([]);
    place.follow();
    await land();
  }

  /** Goes to where one has not read on, or to the end. */
  async function land() {
    if (!(await load((of) => conversations.loadUnread(of)))) return;
    isRead = conversation.unread === 0;
    conversation.newFrom = isRead ? undefined : conversation.readSeq;
    draw();
    const marker = rows.querySelector(".marker");
    if (marker && place.following) place.backTo(marker);
    landed = true;
    look();
  }

  /** Shows a message, of however long ago. */
  async function goTo(seq) {
    const of = conversation;
    await page;
    if (conversation === of && !of.find(seq)) await load(() => conversations.loadBackTo(of, seq));
    if (conversation !== of) return;
    const row = rows.querySelector(`[data-seq="${seq}"]`);
    if (!row) return tell("That message is not here any more, or too far back.");
    place.goTo(row);
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
    row.classList.add("found");
    setTimeout(() => row.classList.remove("found"), STANDS_OUT);
    look();
  }

  log.addEventListener("scroll", look, { passive: true });
  addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
  // A dialog covers what there is to read.
  document.addEventListener("close", look, true);

  return { node, show, draw, goTo, follow: () => place.follow(), hide: () => (conversation = undefined), focus: () => log.focus() };
}

/** Whether somebody sees what the page shows. */
function isLooking() {
  return !document.hidden && document.hasFocus() && !document.querySelector("dialog[open]");
}

function topWords({ before, isLoaded, kind }, isEmpty) {
  if (!isLoaded) return "Loading …";
  if (before) return "Loading what was said earlier …";
  if (!isEmpty) return "This is where it begins.";
  return kind === "lobby" ? "Nobody has said anything to everybody yet." : "Nothing here yet. Say hello.";
}

/** Everything that is to be seen, top to bottom. */
function items(conversation, pending, context) {
  const { people, does } = context;
  const { marker } = conversation;
  const shown = [];
  let before;
  for (const message of conversation.messages) {
    const isNewDay = !before || dayOf(before.timestamp) !== dayOf(message.timestamp);
    if (isNewDay) shown.push(dayRow(message.timestamp));
    if (message.seq === marker) shown.push(markerRow());
    const isFirst = isNewDay || message.seq === marker || !belongsTo(before, message);
    if (isSaid(message)) shown.push(messageRow(message, { conversation, people, isFirst, does }));
    else shown.push(noticeRow(message, people, conversation.me));
    before = message;
  }
  const stored = new Set(conversation.messages.map(({ id }) => id));
  for (const waiting of pending) {
    if (!stored.has(waiting.id)) shown.push(pendingRow(waiting, { ...context, conversation }));
  }
  return shown;
}

function belongsTo(before, message) {
  if (!isSaid(before) || before.from !== message.from) return false;
  return Date.parse(message.timestamp) - Date.parse(before.timestamp) < GROUP;
}
