// The log of one conversation: days, groups, what is new, what waits to be sent; older pages as one
// scrolls back.

import { KeyedList, el } from "./dom.js";
import { icon } from "./icons.js";
import { isSaid } from "./conversation.js";
import { dayRow, markerRow, messageRow, noticeRow, pendingRow } from "./rows.js";
import { dayOf } from "./time.js";
import { attempt } from "./toasts.js";

/** Messages of one person within so long belong together. */
const GROUP = 5 * 60 * 1000;
/** So near to the end counts as being there. */
const NEAR = 48;

/** @param context `conversations`, `people`, `chat`, and `read`, called when the end is in sight */
export function logView(context) {
  const { conversations } = context;
  const rows = el("ol", { class: "rows" });
  const top = el("p", { class: "log-top" });
  const log = el("div", { class: "log", role: "log", tabindex: 0, "aria-label": "Messages", "aria-relevant": "additions" }, top, rows);
  const jump = el("button", { class: "jump", title: "To the newest message", hidden: true, onclick: () => toEnd() }, icon("down", "To the newest message"));
  const node = el("div", { class: "log-frame" }, log, jump);
  const list = new KeyedList(rows);
  let conversation;
  let following = true;
  let loading = false;

  function draw() {
    if (!conversation) return;
    const earlier = log.scrollHeight - log.scrollTop;
    const oldest = rows.firstElementChild;
    list.show(items(conversation, conversations.pending(conversation), context));
    top.textContent = topWords(conversation, rows.childElementCount === 0);
    if (following) toEnd();
    else if (oldest && rows.firstElementChild !== oldest) log.scrollTop = log.scrollHeight - earlier;
    look();
  }

  /** What one has in sight is read, if one looks at all. */
  function look() {
    following = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    jump.hidden = following;
    if (following && document.hasFocus()) context.read(conversation);
  }

  function toEnd() {
    log.scrollTop = log.scrollHeight;
  }

  async function loadEarlier() {
    if (loading || !conversation?.before) return;
    loading = true;
    log.setAttribute("aria-busy", "true");
    const of = conversation;
    await attempt(() => conversations.loadEarlier(of));
    // One's place is kept by hand, since not every browser does it.
    log.removeAttribute("aria-busy");
    loading = false;
  }

  async function show(next) {
    conversation = next;
    following = true;
    list.show([]);
    if (!next.isLoaded) await attempt(() => conversations.load(next));
    if (conversation !== next) return;
    next.marker = next.firstUnread();
    draw();
    const marker = rows.querySelector(".marker");
    if (marker && marker.offsetTop < log.scrollTop) log.scrollTop = marker.offsetTop - log.clientHeight / 4;
  }

  log.addEventListener("scroll", () => {
    look();
    if (log.scrollTop < log.clientHeight) loadEarlier();
  }, { passive: true });
  new ResizeObserver(() => following && toEnd()).observe(log);
  addEventListener("focus", () => conversation && look());

  return { node, show, draw, follow: () => (following = true), hide: () => (conversation = undefined), focus: () => log.focus() };
}

function topWords({ before, isLoaded, kind }, isEmpty) {
  if (!isLoaded) return "Loading …";
  if (before) return "Loading what was said earlier …";
  if (!isEmpty) return "This is where it begins.";
  return kind === "lobby" ? "Nobody has said anything to everybody yet." : "Nothing here yet. Say hello.";
}

/** Everything that is to be seen, top to bottom. */
function items(conversation, pending, context) {
  const { people } = context;
  const shown = [];
  let before;
  for (const message of conversation.messages) {
    const isNewDay = !before || dayOf(before.timestamp) !== dayOf(message.timestamp);
    if (isNewDay) shown.push(dayRow(message.timestamp));
    if (message.seq === conversation.marker) shown.push(markerRow());
    const isFirst = isNewDay || message.seq === conversation.marker || !belongsTo(before, message);
    if (isSaid(message)) shown.push(messageRow(message, { conversation, people, isFirst }));
    else shown.push(noticeRow(message, people, conversation.me));
    before = message;
  }
  const stored = new Set(conversation.messages.map(({ id }) => id));
  for (const waiting of pending) {
    if (!stored.has(waiting.id)) shown.push(pendingRow(waiting, context.chat));
  }
  return shown;
}

function belongsTo(before, message) {
  if (!isSaid(before) || before.from !== message.from) return false;
  return Date.parse(message.timestamp) - Date.parse(before.timestamp) < GROUP;
}
