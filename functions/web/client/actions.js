// What one may do to a message: a bar in the row that one points at, presses long, or is in by the keyboard.

import { choiceDialog } from "./choices.js";
import { confirmed, openDialog } from "./dialogs.js";
import { KeyedList, el } from "./dom.js";
import { icon } from "./icons.js";
import { isSaid } from "./conversation.js";
import { marks } from "./options_dialog.js";
import { reactionDialog } from "./reactions.js";
import { readersDialog } from "./readers_dialog.js";
import { linkTo } from "./route.js";
import { field } from "./sign_in.js";
import { announce, attempt, tell } from "./toasts.js";

/** How long a finger stays for it to be no tap, in ms; and how far it may move meanwhile. */
const LONG = 500;
const STILL = 10;
/** By how much the bar covers the row that it is above, and what stays free at the edge of what is in sight, in px. */
const OVERLAP = 5;
const EDGE = 4;

/** Whether one may still change what one said. */
export function mayEdit(message, { chat }) {
  const most = chat.limits?.edit_window_ms ?? 0;
  const isInTime = most === 0 || Date.now() - Date.parse(message.timestamp) < most;
  return isSaid(message) && message.from === chat.user && !message.deleted_at && !message.archived && isInTime;
}

/** Whether one may delete it: one's own, and whatever is said where one keeps order. */
function mayDelete(message, { chat, conversations }, conversation) {
  return message.from === chat.user || conversations.isModerated(conversation);
}

/** Deletes a message if one means it; what is refused is told by the app. */
async function removes(message, { chat }, done) {
  if (!(await confirmed("Delete this message? Nobody will be able to read it any more.", "Delete"))) return;
  chat.remove(message.conversation, message.seq).sent.then(() => announce("Message deleted."), () => {});
  done();
}

/** Puts the address of a message where one can paste it, or shows it if the browser does not let one. */
async function copies({ conversation, seq }) {
  const address = new URL(linkTo(conversation, seq), location.href).href;
  if (!navigator.clipboard) return showsAddress(address);
  if (await attempt(() => navigator.clipboard.writeText(address))) tell("Link copied.");
}

function showsAddress(address) {
  const input = el("input", { readonly: true, value: address });
  openDialog("Link to the message", "modal small", field("Address", input));
  input.select();
}

/**
 * @param log what scrolls @param rows the element in it with the rows of messages
 * @param current gives the conversation that is shown
 * @param does `reply`, `edit`, `react` with a number, a reaction and whether it is to be, `pin` with a number and
 * that, and `done` once what had the focus is gone
 */
export function actionBar(context, { log, rows }, current, does) {
  const bar = el("div", { class: "bar", role: "group", "aria-label": "What to do with this message", "aria-live": "off" });
  const buttons = new KeyedList(bar);
  let shownFor;

  const messageIn = (row) => current()?.find(Number(row?.dataset.seq));
  const rowOf = (node) => node.closest?.(".said[data-seq]");

  function show(row) {
    const message = messageIn(row);
    if (!message || message.deleted_at || !isSaid(message)) return hide();
    if (shownFor === row && bar.parentElement === row) return;
    shownFor = row;
    draw(message);
    row.append(bar);
    places();
    const conversation = current();
    // Whether one may delete or pin it depends on what one is there.
    context.conversations.learnMembers(conversation);
  }

  /** Above the row, or where that begins to be in sight. */
  function places() {
    if (!shownFor) return;
    const free = log.getBoundingClientRect().top + EDGE - shownFor.getBoundingClientRect().top;
    bar.style.top = `${Math.max(OVERLAP - bar.offsetHeight, free)}px`;
  }

  /** What comes to be known, such as what one is in the room, leaves alone what one is at. */
  function draw(message) {
    const actions = actionsOn(message, context, current(), does);
    buttons.show(actions.map((action) => {
      const [name, label] = action;
      return { key: name, version: `${message.conversation} ${message.seq} ${label}`, render: () => button(action) };
    }));
  }

  function button([name, label, run]) {
    const kind = name === "remove" ? "danger" : "";
    const attributes = { class: `tool stop ${kind}`, tabindex: -1, title: label, "data-part": name, onclick: leads(run) };
    return el("button", attributes, icon(name, label));
  }

  /** What leads elsewhere needs the bar no more. */
  function leads(run) {
    return () => {
      run();
      if (!document.querySelector("dialog[open]") && !bar.contains(document.activeElement)) hide();
    };
  }

  function hide() {
    shownFor = undefined;
    bar.remove();
  }

  /** After rows were drawn afresh: in the row that has taken the place of the one it was in. */
  function refresh() {
    keepOneStop(rows);
    if (!shownFor) return;
    const row = shownFor.isConnected ? shownFor : rows.querySelector(`.said[data-seq="${shownFor.dataset.seq}"]`);
    const message = messageIn(row);
    if (!row || !message || message.deleted_at) return hide();
    if (bar.parentElement !== row) row.append(bar);
    shownFor = row;
    draw(message);
    places();
  }

  rows.addEventListener("pointerover", ({ target, pointerType }) => {
    const row = pointerType === "mouse" && rowOf(target);
    if (row && !bar.contains(document.activeElement)) show(row);
  });
  rows.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType === "mouse" && !shownFor?.contains(document.activeElement)) hide();
  });
  rows.addEventListener("focusin", ({ target }) => {
    const row = rowOf(target);
    if (row) show(row);
    if (target.matches(".stop")) makesStop(rows, bar.contains(target) ? row.querySelector(".todo") : target, true);
  });
  rows.addEventListener("focusout", ({ relatedTarget }) => {
    // After a dialog the focus comes back.
    if (relatedTarget?.closest("dialog") || document.querySelector("dialog[open]")) return;
    if (shownFor && !shownFor.contains(relatedTarget) && !shownFor.matches(":hover")) hide();
  });
  rows.addEventListener("click", ({ target }) => {
    const button = target.closest(".todo");
    if (!button) return;
    show(rowOf(button));
    bar.querySelector("button")?.focus();
  });
  rows.addEventListener("keydown", (event) => walks(event, rows));
  log.addEventListener("scroll", places, { passive: true });
  pressesLong(rows, (target) => show(rowOf(target)));
  document.addEventListener("pointerdown", ({ target }) => {
    if (shownFor && !shownFor.contains(target) && !target.closest?.("dialog")) hide();
  });

  return { refresh, hide };
}

/** Each with its icon, its name, and what it does. */
function actionsOn(message, context, conversation, does) {
  const react = () => reactionDialog(context.chat, (key) => does.react(message.seq, key, true));
  const more = () => moreOn(conversation.find(message.seq) ?? message, context, conversation, does);
  return [
    !message.archived && ["react", "React", react],
    ["reply", "Reply", () => does.reply(conversation.find(message.seq))],
    mayEdit(message, context) && ["write", "Edit", () => does.edit(conversation.find(message.seq))],
    mayDelete(message, context, conversation) && ["remove", "Delete", () => removes(message, context, does.done)],
    ["link", "Copy link", () => copies(message)],
    more().some(Boolean) && ["more", "More", () => choiceDialog("This message", more())],
  ].filter(Boolean);
}

/** What is done more seldom. */
function moreOn(message, context, conversation, does) {
  const { seq, pinned_at: pinnedAt } = message;
  const mayPin = !message.archived && context.conversations.isModerated(conversation);
  return [
    mayPin && (pinnedAt ? ["pin", "Unpin for everybody", () => does.pin(seq, false)] : ["pin", "Pin for everybody", () => does.pin(seq, true)]),
    conversation.isKept && ["unread", "Mark as unread from here", () => marks(context.conversations.decisions, conversation, seq)],
    conversation.room && ["seen", "Who has read this", () => readersDialog(context, message)],
  ];
}

/** Right and left go through what is in a row, up and down to other rows; Tab leaves them all. */
function walks(event, rows) {
  const row = event.target.closest(".said[data-seq]");
  const isPlain = !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (!row || !isPlain || !event.target.matches(".stop")) return;
  if (event.key === "Escape" && event.target.closest(".bar")) {
    event.stopPropagation();
    row.querySelector(".todo").focus();
  }
  const to = target(event, row, rows);
  if (!to) return;
  event.preventDefault();
  to.focus();
}

function target({ key, target: from }, row, rows) {
  const inRow = [...row.querySelectorAll(".stop")];
  const at = inRow.indexOf(from);
  const isTurned = getComputedStyle(row).direction === "rtl" ? -1 : 1;
  const step = { ArrowRight: isTurned, ArrowLeft: -isTurned }[key];
  if (step) return inRow[at + step];
  if (!["ArrowUp", "ArrowDown", "Home", "End"].includes(key)) return undefined;
  const all = [...rows.querySelectorAll(".todo")];
  const own = row.querySelector(".todo");
  const place = own ? all.indexOf(own) : all.findIndex((it) => row.compareDocumentPosition(it) & Node.DOCUMENT_POSITION_FOLLOWING);
  return all[{ ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: all.length - 1 }[key]];
}

/** Of all that can be done in the rows one thing is reached by Tab: where one was last, or the newest. */
function keepOneStop(rows) {
  const stops = rows.querySelectorAll('.stop[tabindex="0"]');
  const last = rows.querySelector(".was-here") ?? newest(rows);
  if (stops.length !== 1 || stops[0] !== last) makesStop(rows, last, last?.matches(".was-here"));
}

function newest(rows) {
  const all = rows.querySelectorAll(".todo");
  return all[all.length - 1];
}

function makesStop(rows, stop, isChosen) {
  for (const it of rows.querySelectorAll('.stop[tabindex="0"]')) {
    it.tabIndex = -1;
    it.classList.remove("was-here");
  }
  if (!stop) return;
  stop.tabIndex = 0;
  stop.classList.toggle("was-here", isChosen);
}

/** A finger that stays where it is. */
function pressesLong(rows, act) {
  let timer;
  let start;
  const stop = () => clearTimeout(timer);
  rows.addEventListener("pointerdown", (event) => {
    stop();
    if (event.pointerType === "mouse" || event.target.closest("button")) return;
    start = event;
    timer = setTimeout(() => act(event.target), LONG);
  });
  rows.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (start && Math.hypot(clientX - start.clientX, clientY - start.clientY) > STILL) stop();
  });
  for (const type of ["pointerup", "pointercancel", "pointerleave"]) rows.addEventListener(type, stop);
  // Where a long press opens a menu of the browser's, that comes instead of the end of the press.
  rows.addEventListener("contextmenu", (event) => {
    if (event.pointerType !== "touch" || event.target.closest("a")) return;
    event.preventDefault();
    stop();
    act(event.target);
  });
}
