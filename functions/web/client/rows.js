// The rows of a log. A row's version holds all that it is drawn from.

import { isNaming } from "./confab/kinds.js";
import { el, fill, hidden } from "./dom.js";
import { icon } from "./icons.js";
import { linkify } from "./linkify.js";
import { withNames } from "./mentions.js";
import { shown, spoken, who } from "./names.js";
import { noticeParts } from "./notices.js";
import { avatar, hueOf } from "./people.js";
import { deletedParts, quoteLink, quoteOf, quoteVersion } from "./quotes.js";
import { drawReactions, reactionList, reactionsVersion } from "./reactions.js";
import { dayName, dayOf, moment, timeOf } from "./time.js";
import { reasonOf } from "./toasts.js";

const TICKS = {
  sent: ["sent", "Sent"],
  delivered: ["delivered", "Delivered"],
  read: ["delivered", "Read"],
};

/** A new day. */
export function dayRow(timestamp) {
  const name = dayName(timestamp);
  const render = () => el("li", { class: "day" }, el("span", {}, name));
  return { key: `day ${dayOf(timestamp)}`, version: name, render };
}

/** From here on it is new. */
export function markerRow() {
  return { key: "marker", version: "", render: () => el("li", { class: "marker" }, el("span", {}, "New")) };
}

/** Something that happened to people in the room. */
export function noticeRow(message, people, me) {
  const parts = noticeParts(message, me);
  const time = el("time", { datetime: message.timestamp }, timeOf(message.timestamp));
  return { key: `seq ${message.seq}`, version: spoken(parts, people), render: () => el("li", { class: "happened", "data-seq": message.seq }, shown(parts, people), " · ", time) };
}

/**
 * Something said; the first of a group has the speaker's name and face.
 * @param does `goTo` shows an original, `react` is called with a message, a reaction and whether it is to be
 */
export function messageRow(message, { conversation, people, isFirst, does }) {
  const isMine = message.from === conversation.me;
  const status = isMine ? conversation.statusOf(message) : "";
  const drawn = { conversation, people, isFirst, isMine, status, goTo: does.goTo };
  const render = () => said(message, drawn);
  const refresh = (node) => {
    const react = (key, on) => does.react(message.seq, key, on);
    drawReactions(node.querySelector(".reactions"), message, people, react);
    fill(node.querySelector(".unkept"), message.pending && icon("clock", "Waiting to be sent"));
  };
  // Under the same key as while it waited, so that it stays where it is.
  const key = isMine ? `id ${message.id}` : `seq ${message.seq}`;
  return { key, version: versionOf(message, drawn), render, detail: `${message.pending ? "pending" : ""}${reactionsVersion(message, people)}`, refresh };
}

function versionOf(message, { people, status, isFirst }) {
  const { from, content, edited_at: editedAt, deleted_at: deletedAt, deleted_by: by, pinned_by: pinner, reply_to: quote, mentions = [] } = message;
  const names = [from, by, pinner, ...mentions].map((id) => id && people.fullName(id));
  return JSON.stringify([content, names, status, isFirst, editedAt && moment(editedAt), deletedAt !== undefined, message.mentions_everyone, quoteVersion(quote, people)]);
}

function said(message, drawn) {
  const { conversation, people, isFirst, isMine } = drawn;
  const { from, seq, deleted_at: deletedAt } = message;
  const hasFace = !isMine && conversation.kind !== "dm";
  const isToMe = !isMine && isNaming(message, people.me);
  const classes = `said ${isMine ? "mine" : "theirs"} ${isFirst ? "first" : ""} ${hasFace ? "faced" : ""} ${isToMe ? "to-me" : ""}`;
  const speaker = hasFace && isFirst
    ? el("span", { class: `speaker hue-${hueOf(from)}` }, shown([who(from)], people))
    : hidden(`${isMine ? "You" : people.fullName(from)}: `);
  return el("li", { class: classes, "data-seq": seq },
    hasFace && isFirst && avatar(from, people.name(from)),
    el("div", { class: "bubble" },
      speaker,
      message.reply_to && quoteLink(message.reply_to, drawn),
      contentOf(message, people),
      metaOf(message, drawn),
      !deletedAt && el("button", { class: "todo stop", tabindex: -1, title: "Actions", "data-part": "todo", "aria-live": "off" }, icon("more", "Actions"))),
    reactionList());
}

function contentOf(message, people) {
  if (message.deleted_at) return el("span", { class: "content content-gone" }, shown(deletedParts(message, who), people));
  const parts = linkify(message.content).map((part) => (typeof part === "string" ? withNames(part, message, people) : part));
  return el("span", { class: "content", dir: "auto" }, parts);
}

function metaOf({ timestamp, edited_at: editedAt, pinned_by: pinner }, { isMine, status, people }) {
  const pinned = pinner && `Pinned by ${pinner === people.me ? "you" : people.fullName(pinner)}`;
  return el("span", { class: "meta" },
    pinned && el("span", { class: "pinned", title: pinned }, icon("pin", pinned)),
    editedAt && el("time", { class: "edited", datetime: editedAt, title: `Edited ${moment(editedAt)}` }, "(edited)"),
    el("time", { datetime: timestamp }, timeOf(timestamp)),
    el("span", { class: "unkept", "aria-live": "off" }),
    isMine && tick(status));
}

function tick(status) {
  const [name, label] = TICKS[status];
  return el("span", { class: `tick tick-${status}` }, icon(name, label));
}

/** Something that waits to be sent, or was refused. */
export function pendingRow(pending, { chat, conversation, people, does }) {
  const { id, content, replyTo } = pending;
  const original = replyTo === undefined ? undefined : conversation.find(replyTo);
  const refused = pending.state === "refused";
  const why = refused && reasonOf(pending);
  const render = () => el("li", { class: `said mine first waiting ${refused ? "refused" : ""}` },
    el("div", { class: "bubble" },
      hidden("You: "),
      original && quoteLink(quoteOf(original), { conversation, people, goTo: does.goTo }),
      el("span", { class: "content", dir: "auto" }, linkify(content)),
      el("span", { class: "meta" }, refused ? icon("refused", "Not sent") : icon("clock", "Waiting to be sent"))),
    refused && el("p", { class: "why" }, `${why} `,
      el("button", { class: "link", onclick: () => chat.retry(id) }, "Retry"),
      el("button", { class: "link", onclick: () => chat.discard(id) }, "Discard")));
  return { key: `id ${id}`, version: `waiting ${why}`, render };
}
