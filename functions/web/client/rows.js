// The rows of a log. A row's version holds all that it is drawn from.

import { el, hidden } from "./dom.js";
import { icon } from "./icons.js";
import { linkify } from "./linkify.js";
import { shown, spoken, who } from "./names.js";
import { noticeParts } from "./notices.js";
import { avatar, hueOf } from "./people.js";
import { dayName, dayOf, timeOf } from "./time.js";
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

/** Something said; the first of a group has the speaker's name and face. */
export function messageRow(message, { conversation, people, isFirst }) {
  const isMine = message.from === conversation.me;
  const name = people.name(message.from);
  const status = isMine ? conversation.statusOf(message) : "";
  const hasFace = !isMine && conversation.kind !== "dm";
  const render = () => {
    const classes = `said ${isMine ? "mine" : "theirs"} ${isFirst ? "first" : ""} ${hasFace ? "faced" : ""}`;
    const speaker = hasFace && isFirst
      ? el("span", { class: `speaker hue-${hueOf(message.from)}` }, shown([who(message.from)], people))
      : hidden(`${isMine ? "You" : people.fullName(message.from)}: `);
    return el("li", { class: classes, "data-seq": message.seq },
      hasFace && isFirst && avatar(message.from, name),
      el("div", { class: "bubble" },
        speaker,
        el("span", { class: "content", dir: "auto" }, linkify(message.content)),
        el("span", { class: "meta" },
          el("time", { datetime: message.timestamp }, timeOf(message.timestamp)),
          isMine && tick(status))));
  };
  // Under the same key as while it waited, so that it stays where it is.
  const key = isMine ? `id ${message.id}` : `seq ${message.seq}`;
  return { key, version: JSON.stringify([message.content, people.fullName(message.from), status, isFirst]), render };
}

function tick(status) {
  const [name, label] = TICKS[status];
  return el("span", { class: `tick tick-${status}` }, icon(name, label));
}

/** Something that waits to be sent, or was refused. */
export function pendingRow(pending, chat) {
  const { id, content } = pending;
  const refused = pending.state === "refused";
  const why = refused && reasonOf(pending);
  const render = () => el("li", { class: `said mine first waiting ${refused ? "refused" : ""}` },
    el("div", { class: "bubble" },
      hidden("You: "),
      el("span", { class: "content", dir: "auto" }, linkify(content)),
      el("span", { class: "meta" }, refused ? icon("refused", "Not sent") : icon("clock", "Waiting to be sent"))),
    refused && el("p", { class: "why" }, `${why} `,
      el("button", { class: "link", onclick: () => chat.retry(id) }, "Retry"),
      el("button", { class: "link", onclick: () => chat.discard(id) }, "Discard")));
  return { key: `id ${id}`, version: `waiting ${why}`, render };
}
