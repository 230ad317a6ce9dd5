// Who is in a room, and what one may do about it.

import { confirmed, openDialog } from "./dialogs.js";
import { el, fill, hidden } from "./dom.js";
import { icon } from "./icons.js";
import { avatar } from "./people.js";
import { field } from "./sign_in.js";
import { attempt, tell } from "./toasts.js";

const RANK = { member: 0, moderator: 1, owner: 2 };

/** The members of a room as a drawer. */
export function membersDialog({ chat, people, conversation }) {
  const { room } = conversation;
  const base = `/api/rooms/${room.id}`;
  const list = el("ul", { class: "persons" }, el("li", { class: "soft" }, "Looking …"));
  const more = el("div", { class: "stack" });
  const dialog = openDialog(room.name, "drawer", room.topic && el("p", { class: "soft topic" }, room.topic), list, more);
  let members = [];

  async function act(method, path, body) {
    if (await attempt(() => chat.request(method, base + path, body))) await load();
  }
  async function load() {
    await attempt(async () => (members = await chat.list(`${base}/members`)));
    draw();
  }
  function draw() {
    const mine = members.find(({ user }) => user === chat.user)?.role ?? "member";
    const sorted = members.toSorted((a, b) => RANK[b.role] - RANK[a.role]);
    fill(list, sorted.map((member) => entry(member, { people, me: chat.user, actions: actionsOn(member, mine, act, people) })));
    fill(more, RANK[mine] > 0 && inviteForm(act, people), departures());
  }
  function departures() {
    const isOwner = members.find(({ user }) => user === chat.user)?.role === "owner";
    const leave = async () => {
      if (await attempt(() => chat.leave(room.id))) dialog.close();
    };
    const remove = async () => {
      if (!(await confirmed(`Delete ${room.name} and all that was said in it?`, "Delete"))) return;
      if (await attempt(() => chat.request("DELETE", base))) dialog.close();
    };
    return el("div", { class: "buttons" },
      el("button", { onclick: leave }, icon("out"), "Leave the room"),
      isOwner && el("button", { class: "danger", onclick: remove }, "Delete the room"));
  }
  people.addEventListener("change", draw);
  dialog.addEventListener("close", () => people.removeEventListener("change", draw));
  load();
}

function entry({ user, role, muted }, { people, me, actions }) {
  const name = people.name(user);
  const isHere = user === me || people.isOnline(user);
  const facts = [role !== "member" && role, muted && "muted"].filter(Boolean).join(", ");
  return el("li", { class: "person" },
    el("span", { class: "face" }, avatar(user, name), isHere && el("span", { class: "presence" }, hidden("online"))),
    el("span", { class: "person-name" }, user === me ? `${name} (you)` : name, facts && el("small", {}, facts)),
    actions.length > 0 && el("details", { class: "menu", name: "menu" },
      el("summary", { class: "tool", title: `What to do about ${name}` }, icon("more", `What to do about ${name}`)),
      el("div", { class: "menu-items" }, actions.map(([label, run]) => el("button", { onclick: run }, label)))));
}

/** What somebody of the role `mine` may do about a member: the server has the last word. */
function actionsOn({ user, role, muted }, mine, act, people) {
  if (user === people.me || RANK[mine] === 0) return [];
  const id = encodeURIComponent(user);
  const actions = [];
  if (RANK[mine] > RANK[role]) {
    actions.push(
      muted ? ["Let speak again", () => act("DELETE", `/mutes/${id}`)] : ["Mute for an hour", () => act("PUT", `/mutes/${id}`, { seconds: 3600 })],
      ["Remove", () => act("DELETE", `/members/${id}`)],
      ["Ban", async () => (await confirmed(`Ban ${people.name(user)}?`, "Ban")) && act("PUT", `/bans/${id}`)],
    );
  }
  if (mine === "owner") {
    const others = Object.keys(RANK).filter((it) => it !== role);
    actions.push(...others.map((it) => [`Make ${it}`, () => act("PUT", `/members/${id}`, { role: it })]));
  }
  return actions;
}

function inviteForm(act, people) {
  const name = el("input", { required: true, maxlength: 64, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  const onsubmit = async (event) => {
    event.preventDefault();
    await attempt(async () => {
      const user = await people.find(name.value.trim());
      await act("PUT", `/invitations/${encodeURIComponent(user)}`);
      tell(`${people.name(user)} is invited.`);
    });
  };
  return el("form", { class: "inline", onsubmit }, field("Invite", name), el("button", { class: "primary" }, "Invite"));
}
