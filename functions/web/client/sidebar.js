// The list of conversations: who is there, what was said last, how much is unread.

import { notCome } from "./asking.js";
import { sortOf } from "./confab/kinds.js";
import { KeyedList, el, fill, hidden } from "./dom.js";
import { icon } from "./icons.js";
import { apart, quote, shown, spoken, who } from "./names.js";
import { noticeParts } from "./notices.js";
import { mutedWords } from "./options_dialog.js";
import { avatar, presence } from "./people.js";
import { deletedParts } from "./quotes.js";
import { linkTo } from "./route.js";
import { briefly } from "./time.js";
import { titleOf, titleParts } from "./titles.js";

/** @param actions what the buttons at the top do: `write`, `rooms`, `account`; `options` what one decides about one */
export function sidebar({ conversations, people, drafts, me, actions }) {
  const list = el("ul", { class: "conversations", onkeydown: walk });
  const rows = new KeyedList(list);
  const filter = el("input", { type: "search", placeholder: "Find a conversation", "aria-label": "Find a conversation", oninput: () => draw() });
  /** Which are to be seen, if not all: "unread" or "hidden". */
  let only;
  const choosers = Object.entries(ONLY).map(([which, label]) => {
    const onclick = () => chooses(which);
    return el("button", { class: "chooser", "data-only": which, onclick }, el("span", { class: "chip" }, label));
  });
  const empty = el("p", { class: "soft none" });
  const roomsButton = el("button", { class: "tool", title: "Rooms", onclick: actions.rooms });
  const account = el("button", { class: "tool tool-account", onclick: actions.account, "aria-haspopup": "dialog" });
  const head = el("header", { class: "side-head" },
    el("p", { class: "wordmark" }, "Confab"),
    el("button", { class: "tool", title: "New message", onclick: actions.write }, icon("write", "New message")),
    roomsButton,
    account);
  const node = el("nav", { class: "side", "aria-label": "Conversations" }, head,
    el("div", { class: "search" }, icon("search"), filter),
    el("div", { class: "choosers", role: "group", "aria-label": "Which conversations" }, choosers), list, empty);
  let current;

  function draw() {
    const wanted = filter.value.trim().toLowerCase();
    const known = conversations.list().map((conversation) => ({ conversation, title: spoken(titleParts(conversation), people) }));
    drawChoosers(known.some(({ conversation }) => conversation.settings.hidden));
    const found = known.filter(({ conversation, title }) => title.toLowerCase().includes(wanted) && isWanted(conversation, wanted !== ""));
    rows.show(found.map((it) => row(it, it.conversation.id === current)));
    drawEmpty(found.length > 0 ? (known.length > 1 ? "" : HINT) : wanted === "" ? "Nothing is unread." : "No conversation has that name.");
    keepOneInTabOrder(list);
    const invited = conversations.invitations.length;
    fill(roomsButton, icon("rooms", "Rooms"), invited > 0 && el("span", { class: "dot" }, hidden(`${invited} invitations`)));
    fill(account, avatar(me, people.name(me)), hidden(`Your account, ${people.fullName(me)}`));
  }

  /** What one looks at stays; who looks for a name finds what is hidden, too. */
  function isWanted({ id, unread, isMarked, settings }, isSought) {
    if (id === current) return true;
    if (only === "unread") return (unread > 0 || isMarked) && !settings.hidden;
    return (isSought && !only) || settings.hidden === (only === "hidden");
  }

  function drawChoosers(hasHidden) {
    if (only === "hidden" && !hasHidden) only = undefined;
    for (const chooser of choosers) {
      const which = chooser.dataset.only;
      chooser.hidden = which === "hidden" && !hasHidden;
      chooser.setAttribute("aria-pressed", String(only === which));
    }
  }

  function chooses(which) {
    only = only === which ? undefined : which;
    draw();
  }

  let drawn;
  function drawEmpty(words) {
    const version = `${conversations.isMissing} ${words}`;
    if (drawn === version) return;
    drawn = version;
    fill(empty, conversations.isMissing ? notCome(actions.refresh, "span") : words);
  }

  function row({ conversation, title }, isCurrent) {
    const { id, unread, mentions, last, kind, isMarked, isKept, settings } = conversation;
    const draft = isCurrent ? "" : drafts.of(conversation).trim();
    const preview = previewOf(conversation, conversations.pending(conversation).at(-1), draft);
    const quiet = conversation.muted && mutedWords(conversation);
    const isOnline = kind === "dm" && conversation.with !== me && people.isOnline(conversation.with);
    const time = last ? briefly(last.timestamp) : "";
    const version = JSON.stringify([title, unread, mentions, spoken(preview, people), isOnline && people.isLive, isOnline, time, isCurrent, isMarked, isKept, quiet, settings.pinned, settings.hidden]);
    return { key: id, version, render: () => entry({ conversation, people, preview, isOnline, time, isCurrent, quiet, title, options: actions.options }) };
  }

  const select = (id) => {
    current = id;
    draw();
  };
  return { node, select, focus: () => (list.querySelector("[aria-current]") ?? list.querySelector("a"))?.focus() };
}

/** What can be seen of the list alone. */
const ONLY = { unread: "Unread", hidden: "Hidden" };
const HINT = "Write to somebody or join a room with the buttons above.";

function entry({ conversation, people, preview, isOnline, time, isCurrent, quiet, title, options }) {
  const { id, kind, unread, mentions, last, isMarked, isKept, settings } = conversation;
  const face = el("span", { class: "face" }, avatar(conversation.with ?? id, titleOf(conversation, people), kind),
    isOnline && presence(people, conversation.with));
  const count = unread > 99 ? "99+" : String(unread);
  const show = () => options(conversation);
  // A finger that stays, or the key for that; a mouse has the button, and the browser's own menu.
  const oncontextmenu = (event) => {
    if (!isKept || event.pointerType === "mouse" || event.button === 2) return;
    event.preventDefault();
    show();
  };
  const classes = `entry ${(unread || isMarked) && !quiet ? "entry-unread" : ""}`;
  return el("li", { class: "entry-row" }, el("a", { href: linkTo(id), class: classes, "aria-current": isCurrent && "page", oncontextmenu },
    face,
    el("span", { class: "entry-name" }, shown(titleParts(conversation), people)),
    el("span", { class: "entry-time" },
      settings.hidden && sign("hide", "Hidden"), settings.pinned && sign("pin", "Pinned"), quiet && sign("quiet", quiet),
      el("time", { datetime: last?.timestamp }, time)),
    el("span", { class: "entry-preview" }, preview.map((part) => (part.text === undefined ? spoken([part], people) : apart(part.text)))),
    (unread > 0 || isMarked) && el("span", { class: "badges" },
      mentions > 0 && el("span", { class: conversation.muted === "all" ? "badge badge-quiet" : "badge badge-mention", title: mentionWords(mentions) }, el("span", { "aria-hidden": "true" }, "@"), hidden(mentionWords(mentions))),
      unread > 0
        ? el("span", { class: quiet ? "badge badge-quiet" : "badge" }, count, hidden(" unread"))
        : el("span", { class: "badge badge-marked" }, hidden("Marked as unread")))),
    isKept && el("button", { class: "tool entry-more", tabindex: -1, title: "Options", "aria-haspopup": "dialog", "data-part": "options", onclick: show }, icon("more", `Options for ${title}`)));
}

function sign(name, words) {
  return el("span", { class: "sign", title: words }, icon(name, words));
}

function mentionWords(count) {
  return count === 1 ? "1 mention of you" : `${count} mentions of you`;
}

function previewOf({ typing, last, me, kind }, pending, draft) {
  const [typist] = typing.keys();
  if (typist) return kind === "dm" ? ["typing …"] : [who(typist), " is typing …"];
  if (pending) return ["You: ", quote(pending.content)];
  if (draft) return ["Draft: ", quote(draft)];
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
  links[to].focus();
  keepOneInTabOrder(event.currentTarget);
}

function keepOneInTabOrder(list) {
  const links = [...list.querySelectorAll("a")];
  const chosen = links.find((link) => link.parentElement.contains(document.activeElement))
    ?? links.find((link) => link.hasAttribute("aria-current")) ?? links[0];
  for (const link of links) {
    link.tabIndex = link === chosen ? 0 : -1;
    const more = link.parentElement.querySelector(".entry-more");
    if (more) more.tabIndex = link.tabIndex;
  }
}
