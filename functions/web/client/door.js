// A room that one is not in, seen from outside: what it is, and how to come in.

import { ask } from "./asking.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { apart, named } from "./names.js";
import { avatar } from "./people.js";
import { attempt } from "./toasts.js";

/** What one sees of the room of a conversation. */
export function doorView({ chat, conversations, people, actions }, id) {
  const room = id.slice("room:".length);
  const node = el("div", { class: "door" });
  let found;

  async function find() {
    try {
      return await chat.request("GET", `/api/rooms/${room}`);
    } catch (error) {
      if (["not_found", "forbidden"].includes(error.code)) return undefined;
      throw error;
    }
  }
  async function decline() {
    if (await attempt(() => conversations.decline(room))) location.hash = "";
  }
  function draw() {
    if (found === undefined) return;
    const invitation = conversations.invitations.find((it) => it.room.id === room);
    fill(node, found ? atDoor(found, invitation) : nowhere());
  }
  function atDoor({ name, topic, access, members }, invitation) {
    const facts = `${access === "private" ? "Private room" : "Room"} with ${members === 1 ? "1 member" : `${members} members`}`;
    return [
      avatar(id, name, "room"),
      el("h2", {}, apart(name)),
      topic && el("p", { dir: "auto" }, topic),
      el("p", { class: "soft" }, facts),
      invitation && el("p", { class: "soft" }, named(people, invitation.by), " invites you."),
      el("div", { class: "buttons" },
        invitation && el("button", { onclick: decline }, "Decline"),
        el("button", { class: "primary", onclick: () => attempt(() => chat.join(room)) }, "Join")),
    ];
  }
  function nowhere() {
    return [
      el("h2", {}, "There is no such room"),
      el("p", { class: "soft" }, "Or it is private, and nobody has invited you."),
      el("div", { class: "buttons" }, el("button", { onclick: actions.rooms }, icon("rooms"), "Rooms")),
    ];
  }
  ask(node, find, (answer) => {
    found = answer ?? null;
    draw();
  }, "p");
  return { node, draw };
}
