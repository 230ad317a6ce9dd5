// Rooms: where one is invited, which there are, and how to create one.

import { ask } from "./asking.js";
import { openDialog } from "./dialogs.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { apart, isolated, named } from "./names.js";
import { avatar } from "./people.js";
import { field } from "./sign_in.js";
import { attempt } from "./toasts.js";

/** More is nothing to look through. */
const MOST = 500;

/** @param open called with the id of the conversation of a room that one is in now */
export function roomsDialog({ chat, conversations, people, open }) {
  const invited = el("ul", { class: "persons" });
  const inviting = el("h3", {}, "You are invited");
  const listed = el("ul", { class: "persons" });
  const parts = [
    inviting, invited,
    el("h3", {}, "All rooms"), listed,
    el("h3", {}, "Create a room"), newRoom(create),
  ];
  const dialog = openDialog("Rooms", "modal", parts);

  async function enter(room) {
    if (!conversations.has(room.conversation) && !(await attempt(() => chat.join(room.id)))) return;
    dialog.close();
    open(room.conversation);
  }
  async function create(wanted) {
    let room;
    const isMade = await attempt(async () => (room = await chat.request("POST", "/api/rooms", wanted)));
    if (isMade) await enter(room);
  }
  const decline = (room) => attempt(() => conversations.decline(room.id));
  let drawn;
  function drawInvited() {
    const version = JSON.stringify(conversations.invitations.map(({ room, by }) => [room.id, room.name, people.fullName(by)]));
    if (drawn === version) return;
    drawn = version;
    invited.hidden = inviting.hidden = conversations.invitations.length === 0;
    fill(invited, conversations.invitations.map(({ room, by }) => el("li", { class: "person" },
      avatar(room.conversation, room.name, "room"),
      el("span", { class: "person-name" }, apart(room.name), el("small", {}, named(people, by), " invites you")),
      el("button", { onclick: () => decline(room) }, "Decline"),
      el("button", { class: "primary", onclick: () => enter(room) }, "Join"))));
  }
  for (const source of [conversations, people]) {
    source.addEventListener("change", drawInvited);
    dialog.addEventListener("close", () => source.removeEventListener("change", drawInvited));
  }
  drawInvited();
  ask(listed, () => chat.list("/api/rooms", { most: MOST }), (items) => {
    const entries = items.map((room) => roomEntry(room, conversations.has(room.conversation), enter));
    fill(listed, entries.length ? entries : el("li", { class: "soft" }, "There are no rooms yet. Create the first one."));
  });
}

function roomEntry(room, isIn, enter) {
  const about = room.topic || (room.members === 1 ? "1 member" : `${room.members} members`);
  return el("li", { class: "person" },
    avatar(room.conversation, room.name, "room"),
    el("span", { class: "person-name" }, apart(room.name), room.access === "private" && icon("lock", "private"), el("small", { dir: "auto" }, about)),
    el("button", { class: isIn ? "" : "primary", onclick: () => enter(room), "aria-label": `${isIn ? "Open" : "Join"} ${isolated(room.name)}` }, isIn ? "Open" : "Join"));
}

function newRoom(create) {
  const onsubmit = (event) => {
    event.preventDefault();
    const { name, topic, access = "public", history = "everything" } = Object.fromEntries(new FormData(event.target));
    create({ name: name.trim(), ...(topic.trim() && { topic: topic.trim() }), access, history });
  };
  return el("form", { class: "stack", onsubmit },
    field("Name", el("input", { name: "name", required: true, maxlength: 64, autocomplete: "off" })),
    field("Topic", el("input", { name: "topic", maxlength: 256, autocomplete: "off" }), "What it is about; may be left empty."),
    el("label", { class: "check" }, el("input", { type: "checkbox", name: "access", value: "private" }), el("span", {}, "Private: only people you invite can find it")),
    el("label", { class: "check" }, el("input", { type: "checkbox", name: "history", value: "since_joining" }), el("span", {}, "Newcomers see only what is said after they join")),
    el("button", { class: "primary" }, "Create room"));
}
