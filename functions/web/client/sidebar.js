// The list of conversations: who is there, what was said last, how much is unread.

import { notCome } from "./asking.js";
import { sortOf } from "./confab/kinds.js";
import { KeyedList, el, fill, hidden } from "./dom.js";
import { icon } from "./icons.js";
import { apart, quote, shown, spoken, who } from "./names.js";
import { noticeParts } from "./notices.js";
import { avatar, presence } from "./people.js";
import { deletedParts } from "./quotes.js";
import { linkTo } from "./route.js";
import { briefly } from "./time.js";
import { titleOf, titleParts } from "./titles.js";

/** @param actions what the buttons at the top do: `write`, `rooms`, `account` */
export function sidebar({ conversations, people, me, actions }) {
  const list = el("ul", { class: "conversations", onkeydown: walk });
  const rows = new KeyedList(list);
  const filter = el("input", { type: "search", placeholder: "Find a conversation", "aria-label": "Find a conversation", oninput: () => draw() });
  const empty = el("p", { class: "soft none" });
  const roomsButton = el("button", { class: "tool", title: "Rooms", onclick: actions.rooms });
  const account = el("button", { class: "tool tool-account", onclick: actions.account, "aria-haspopup": "dialog" });
  const head = el("header", { class: "side-head" },
    el("p", { class: "wordmark" }, "Confab"),
    el("button", { class: "tool", title: "New message", onclick: actions.write }, icon("write", "New message")),
    roomsButton,
    account);
  const node = el("nav", { class: "side", "aria-label": "Conversations" }, head,
    el("div", { class: "search" }, icon("search"), filter), list, empty);
  let current;

  function draw() {
    const wanted = filter.value.trim().toLowerCase();
    const known = conversations.list().map((conversation) => ({ conversation, title: spoken(titleParts(conversation), people) }));
    const found = known.filter(({ title }) => title.toLowerCase().includes(wanted));
    rows.show(found.map((it) => row(it, it.conversation.id === current)));
    drawEmpty(found.length === 0 ? "No conversation has that name." : known.length > 1 ? "" : HINT);
    keepOneInTabOrder(list);
    const invited = conversations.invitations.length;
    fill(roomsButton, icon("rooms", "Rooms"), invited > 0 && el("span", { class: "dot" }, hidden(`${invited} invitations`)));
    fill(account, avatar(me, people.name(me)), hidden(`Your account, ${people.fullName(me)}`));
  }

  let drawn;
  function drawEmpty(words) {
    const version = `${conversations.isMissing} ${words}`;
    if (drawn === version) return;
    drawn = version;
    fill(empty, conversations.isMissing ? notCome(actions.refresh, "span") : words);
  }

  function row({ conversation, title }, isCurrent) {
    const { id, unread, mentions, last, kind } = conversation;
    const preview = previewOf(conversation, conversations.pending(conversation).at(-1));
    const isOnline = kind === "dm" && conversation.with !== me && people.isOnline(conversation.with);
    const time = last ? briefly(last.timestamp) : "";
    const version = JSON.stringify([title, unread, mentions, spoken(preview, people), isOnline && people.isLive, isOnline, time, isCurrent]);
    return { key: id, version, render: () => entry({ conversation, people, preview, isOnline, time, isCurrent }) };
  }

  const select = (id) => {
    current = id;
    draw();
  };
  return { node, select, focus: () => (list.querySelector("[aria-current]") ?? list.querySelector("a"))?.focus() };
}

const HINT = "Write to somebody or join a room with the buttons above.";

function entry({ conversation, people, preview, isOnline, time, isCurrent }) {
  const { id, kind, unread, mentions, last } = conversation;
  const face = el("span", { class: "face" }, avatar(conversation.with ?? id, titleOf(conversation, people), kind),
    isOnline && presence(people, conversation.with));
  const count = unread > 99 ? "99+" : String(unread);
  return el("li", {}, el("a", { href: linkTo(id), class: `entry ${unread ? "entry-unread" : ""}`, "aria-current": isCurrent && "page" },
    face,
    el("span", { class: "entry-name" }, shown(titleParts(conversation), people)),
    el("time", { class: "entry-time", datetime: last?.timestamp }, time),
    el("span", { class: "entry-preview" }, preview.map((part) => (part.text === undefined ? spoken([part], people) : apart(part.text)))),
    unread > 0 && el("span", { class: "badges" },
      mentions > 0 && el("span", { class: "badge badge-mention", title: mentionWords(mentions) }, el("span", { "aria-hidden": "true" }, "@"), hidden(mentionWords(mentions))),
      el("span", { class: "badge" }, count, hidden(" unread")))));
}

function mentionWords(count) {
  return count === 1 ? "1 mention of you" : `${count} mentions of you`;
}

function previewOf({ typing, last, me, kind }, pending) {
  const [typist] = typing.keys();
  if (typist) return kind === "dm" ? ["typing …"] : [who(typist), " is typing …"];
  if (pending) return ["You: ", quote(pending.content)];
  if (!last) return [kind === "lobby" ? "Everybody who is online" : "Nothing said yet"];
  const sort = sortOf(last);
  if (sort === "notice") return noticeParts(last, me);
  if (sort !== "text") return [];
  const speaker = last.from === me ? ["You: "] : kind === "dm" ? [] : [who(last.from), ": "];
  if (last.deleted_at) return deletedParts(last, who);
  return [...speaker, quote(last.content)];
}

/** Arrow keys go up and down the list; Tab leaves it. */
function walk(event) {
  const links = [...event.currentTarget.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (at < 0 || !links[to]) return;
  event.preventDefault();
  links[at].tabIndex = -1;
  links[to].tabIndex = 0;
  links[to].focus();
}

function keepOneInTabOrder(list) {
  const links = [...list.querySelectorAll("a")];
  const chosen = links.find((link) => link === document.activeElement)
    ?? links.find((link) => link.hasAttribute("aria-current")) ?? links[0];
  for (const link of links) link.tabIndex = link === chosen ? 0 : -1;
}
