// Who is in a room, and what one may do about it.

import { ask } from "./asking.js";
import { confirmed, openDialog } from "./dialogs.js";
import { KeyedList, el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { apart, handle, named } from "./names.js";
import { avatar, drawPresence, presence } from "./people.js";
import { field } from "./sign_in.js";
import { attempt, tell } from "./toasts.js";

const RANK = { member: 0, moderator: 1, owner: 2 };

/** The members of a room as a drawer. */
export function membersDialog({ chat, people, conversations, conversation }) {
  const { room } = conversation;
  const base = `/api/rooms/${room.id}`;
  const list = el("ul", { class: "persons", onkeydown: closesMenu });
  const rows = new KeyedList(list);
  const more = el("div", { class: "stack" });
  const topic = el("p", { class: "soft topic", dir: "auto" });
  const dialog = openDialog(apart(room.name), "drawer", topic, list, more);
  const heading = dialog.querySelector("h2");
  let members;
  let moreFor;

  async function act(method, path, body) {
    const isDone = await attempt(() => chat.request(method, base + path, body));
    if (isDone) await attempt(async () => (members = await read()));
    draw();
    return isDone;
  }
  const read = () => chat.list(`${base}/members`);
  /** Leaves alone what is the same: somebody may be typing, or in a menu. */
  function draw() {
    if (!members) return;
    const mine = members.find(({ user }) => user === chat.user)?.role ?? "member";
    const sorted = members.toSorted((a, b) => RANK[b.role] - RANK[a.role]);
    rows.show(sorted.map((member) => row(member, people, actionsOn(member, mine, act, people))));
    for (const dot of list.querySelectorAll(".presence")) drawPresence(dot, people);
    if (mine !== moreFor) fill(more, RANK[mine] > 0 && inviteForm(act, people), departures(mine));
    moreFor = mine;
  }
  function departures(mine) {
    const leave = async () => {
      if (await attempt(() => chat.leave(room.id))) dialog.close();
    };
    const remove = async () => {
      if (!(await confirmed(["Delete ", apart(conversation.room.name), " and all that was said in it?"], "Delete"))) return;
      if (await attempt(() => chat.request("DELETE", base))) dialog.close();
    };
    return el("div", { class: "buttons" },
      el("button", { onclick: leave }, icon("out"), "Leave the room"),
      mine === "owner" && el("button", { class: "danger", onclick: remove }, "Delete the room"));
  }
  function drawRoom() {
    const { name, topic: about } = conversation.room;
    fill(heading, apart(name));
    topic.textContent = about ?? "";
    topic.hidden = !about;
  }
  const isOver = ({ detail }) => detail.conversation === conversation && dialog.close();
  people.addEventListener("change", draw);
  conversations.addEventListener("change", drawRoom);
  conversations.addEventListener("removed", isOver);
  dialog.addEventListener("close", () => {
    people.removeEventListener("change", draw);
    conversations.removeEventListener("change", drawRoom);
    conversations.removeEventListener("removed", isOver);
  });
  drawRoom();
  ask(list, read, (answer) => {
    members = answer;
    fill(list);
    draw();
  });
}

/** Esc closes a menu first, and what it is in afterwards. */
function closesMenu(event) {
  const menu = event.currentTarget.querySelector("details[open]");
  if (event.key !== "Escape" || !menu) return;
  event.preventDefault();
  event.stopPropagation();
  menu.open = false;
  menu.querySelector("summary").focus();
}

function row(member, people, actions) {
  const { user, role, muted } = member;
  const version = JSON.stringify([role, muted, people.fullName(user), actions.map(([label]) => label)]);
  return { key: user, version, render: () => entry(member, people, actions) };
}

function entry({ user, role, muted }, people, actions) {
  const name = people.name(user);
  const facts = [role !== "member" && role, muted && "muted"].filter(Boolean).join(", ");
  const todo = `What to do about ${people.fullName(user)}`;
  return el("li", { class: "person" },
    el("span", { class: "face" }, avatar(user, name), presence(people, user)),
    el("span", { class: "person-name" }, apart(name), user === people.me && " (you)", handle(people, user), facts && el("small", {}, facts)),
    actions.length > 0 && el("details", { class: "menu", name: "menu" },
      el("summary", { class: "tool", title: todo }, icon("more", todo)),
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
      ["Ban", async () => (await confirmed(["Ban ", named(people, user), "?"], "Ban")) && act("PUT", `/bans/${id}`)],
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
    let user;
    if (!(await attempt(async () => (user = await people.find(name.value.trim()))))) return;
    if (!(await act("PUT", `/invitations/${encodeURIComponent(user)}`))) return;
    name.value = "";
    tell([named(people, user), " is invited."]);
  };
  return el("form", { class: "inline", onsubmit }, field("Invite", name), el("button", { class: "primary" }, "Invite"));
}
