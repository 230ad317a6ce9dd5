// The chat: one `Chat` of the library, what is known through it, and the views of that.

import { isConversationOf } from "./confab/ids.js";
import { Chat } from "./confab/index.js";
import { accountDialog } from "./account_dialog.js";
import { showAttention } from "./attention.js";
import { chatView } from "./chat_view.js";
import { Conversations } from "./conversations.js";
import { el, fill } from "./dom.js";
import { Drafts } from "./drafts.js";
import { connectionLine } from "./connection.js";
import { membersDialog } from "./members_dialog.js";
import { quote, shown, spoken, who } from "./names.js";
import { optionsDialog } from "./options_dialog.js";
import { People } from "./people.js";
import { personDialog } from "./person_dialog.js";
import { pinsDialog } from "./pins_dialog.js";
import { roomsDialog } from "./rooms_dialog.js";
import { linkTo, routed } from "./route.js";
import { sidebar } from "./sidebar.js";
import { forgetPerson, storage } from "./storage.js";
import { titleParts } from "./titles.js";
import { complain, reasonOf, tell } from "./toasts.js";
import { writeDialog } from "./write_dialog.js";

const WHY_OUT = {
  kicked: (room) => ["You were removed from ", room, "."],
  banned: (room) => ["You were banned from ", room, "."],
  deleted: (room) => [room, " was deleted."],
};

/** Connects, and shows the chat until one signs out or is refused. */
export async function open({ url, mode, credentials, hasSessions, signOut, refused }) {
  const chat = new Chat({ url, http: "", credentials });
  const people = new People(chat, mode !== "open");
  const conversations = new Conversations(chat, storage);
  const ended = new AbortController();
  const end = (then) => async (given) => {
    ended.abort();
    chat.close();
    document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
    history.replaceState(null, "", "./");
    showAttention(0);
    wait(el("p", {}, "Signing out …"));
    await then(given);
  };
  wait(connectionLine(chat));
  try {
    await chat.connect();
  } catch (error) {
    await end(refused)(error.message);
    return;
  }
  chat.addEventListener("state", ({ detail }) => {
    if (detail.state === "refused") end(refused)(detail.error?.message ?? "you are signed out");
  });
  const leave = end((options) => {
    forgetPerson(url, chat.user);
    return signOut(options);
  });
  show({ chat, people, conversations, hasSessions, signOut: leave, signal: ended.signal });
}

/** Shows what there is to wait for. */
function wait(what) {
  fill(document.getElementById("root"), el("main", { class: "opening" }, el("h1", { class: "wordmark" }, "Confab"), what));
}

function show({ chat, people, conversations, hasSessions, signOut, signal }) {
  const drafts = new Drafts({ chat, conversations }, storage, signal);
  const context = { chat, people, conversations, drafts };
  const go = (id) => (location.hash = linkTo(id));
  const actions = {
    write: () => writeDialog(people, (user) => go(conversations.with(user).id)),
    rooms: () => roomsDialog({ ...context, open: go }),
    person: (about) => personDialog({ people, ...about }),
    refresh: () => refresh(),
    options: (conversation) => optionsDialog({ ...context, conversation, hidden: () => view.current() === conversation && go("") }),
    pins: (conversation) => pinsDialog({ ...context, conversation, goTo: (seq) => view.goTo(seq) }),
    members: (conversation) => membersDialog({ ...context, conversation }),
    account: () => accountDialog({ me: chat.user, people, hasSessions, unsent: chat.outbox.length, signOut }),
  };
  const side = sidebar({ ...context, me: chat.user, actions });
  const view = chatView({ ...context, actions });
  const app = el("main", { class: "app" }, el("h1", { class: "hidden" }, "Confab"), connectionLine(chat), side.node, view.node);
  fill(document.getElementById("root"), app);

  const draw = () => {
    const current = view.current();
    side.select(current?.id);
    view.draw();
    showAttention(conversations.unread(), current && spoken(titleParts(current), people));
    // One is in, by whatever way.
    if (conversations.has(view.outside())) route();
  };
  const route = async () => {
    const { id, seq } = routed();
    const isKnown = id !== undefined && isConversationOf(id, chat.user);
    app.classList.toggle("app-chat", isKnown);
    const wasOpen = view.current() !== undefined;
    if (isKnown && id.startsWith("room:") && !conversations.has(id)) view.showDoor(id);
    else if (!isKnown) await view.show();
    // What one looks at already is not opened again: one may have read on.
    else if (view.current() !== conversations.get(id)) await view.show(conversations.get(id));
    draw();
    if (seq !== undefined && view.current()?.id === id) await view.goTo(seq);
    if (!isKnown && wasOpen) side.focus();
  };
  const refresh = () => Promise.all([conversations.refresh(), people.refresh()])
    .catch((error) => complain("The list of conversations did not come.", error));

  conversations.addEventListener("change", draw);
  people.addEventListener("change", draw);
  conversations.addEventListener("removed", ({ detail: { conversation, reason } }) => {
    if (reason) tell(shown(WHY_OUT[reason]?.(quote(conversation.room.name)) ?? ["You are out of ", quote(conversation.room.name), "."], people));
    if (view.current() === conversation) location.hash = "";
  });
  conversations.addEventListener("invited", ({ detail: { room, by } }) => tell(shown([who(by), " invites you to ", quote(room.name), "."], people)));
  // What was to happen to a message is taken back; what was to be said waits in its place.
  chat.addEventListener("refused", ({ detail }) => detail.of !== undefined && complain(reasonOf(detail), detail));
  chat.addEventListener("welcome", refresh);
  for (const type of ["online", "offline"]) addEventListener(type, () => people.draws(), { signal });
  addEventListener("hashchange", route, { signal });
  document.addEventListener("visibilitychange", draw, { signal });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) side.focus();
  }, { signal });
  draw();
  refresh().then(route);
}
