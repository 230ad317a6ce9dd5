// The steps, in the order tried. Each asks the stack something, and reports what it answered.

import { randomBytes } from "node:crypto";

import { connections } from "./connections.mjs";
import { page } from "./page.mjs";
import { Person, sleep } from "./stack.mjs";

/** As long as a message may be of which a hundred still make a page. */
const LONG = "x".repeat(900);
/** Slow enough for the limit to one sender's messages, in ms. */
const PACE = 80;

const random = () => randomBytes(6).toString("hex");

/** The type of a frame, or what else came. */
const kind = (frame) => frame.type ?? (frame.text === "" ? "an empty text" : frame.closed ? `closed ${frame.closed}` : JSON.stringify(frame));

async function health(stack, report) {
  const answer = await stack.ask("GET", "/health");
  report.answered("GET /health", `${answer.status} ${answer.text}`, answer.status === 200);
  report.took("the first answer of all", answer.took, 10_000);
  const settings = await stack.ask("GET", "/config.json");
  stack.mode = settings.said.auth_mode;
  report.took("the second", settings.took);
}

/** Two people: made, or those whom the options name. */
async function people(stack, report) {
  if (stack.mode === "open") {
    stack.people = [random(), random()].map((id) => new Person(stack, { id: `smoke-${id}` }));
    return;
  }
  if (stack.mode === "oidc") {
    if (stack.tokens.length < 2) throw new Error("--tokens names nobody");
    for (const token of stack.tokens) {
      const person = new Person(stack, { token });
      person.id = (await stack.ask("GET", "/api/me", { person })).said.id;
      stack.people.push(person);
    }
    return;
  }
  await accounts(stack, report);
}

async function accounts(stack, report) {
  const given = stack.user && { username: stack.user, password: process.env.CONFAB_PASSWORD };
  const made = [random(), random()].map((name) => ({ username: `smoke-${name}`, password: random() + random() }));
  const wanted = given ? [given, made[0]] : made;
  for (const body of wanted) {
    const path = body === given ? "/api/login" : "/api/register";
    const answer = await stack.ask("POST", path, { body });
    if (body !== given) report.answered(`POST ${path}`, answer.status, answer.status === 201);
    if (!answer.said?.access_token) throw new Error(`${body.username}: ${answer.status} ${answer.text}`);
    const { user, access_token: token } = answer.said;
    const person = { id: user.id, name: user.username, token, password: body.password, made: body !== given };
    stack.people.push(new Person(stack, person));
  }
  const { username, password } = wanted[0];
  const signedIn = await stack.ask("POST", "/api/login", { body: { username, password } });
  report.answered("POST /api/login", signedIn.status, signedIn.status === 200);
  report.took("a sign-in", signedIn.took, 5_000);
  const wrong = await stack.ask("POST", "/api/login", { body: { username, password: `${password}?` } });
  report.answered("a wrong password", wrong.status, wrong.status === 401);
}

async function refusals(stack, report) {
  const at = (path) => new URL(path, `${stack.websocket}/`).href;
  const refused = async (name, url, expected, headers) => {
    const status = await stack.handshake(url, headers);
    report.answered(name, status, expected.includes(status));
  };
  await refused("a handshake of nobody", stack.websocket, [401]);
  await refused("a handshake with a token that is none", stack.websocket, [401], { "Sec-WebSocket-Protocol": "confab, nonsense" });
  await refused("a handshake at a path that is none", at("/nowhere"), [403]);
  await refused("a handshake with a URL of 5,000 characters", `${stack.websocket}?x=${"x".repeat(5_000)}`, [400, 403, 413, 414, 431]);
  const plain = await fetch(stack.websocket.replace(/^ws/, "http"));
  report.answered("a request that is no handshake", plain.status, plain.status >= 400);
  const nowhere = await stack.ask("GET", "/nowhere");
  report.answered("GET /nowhere", `${nowhere.status} ${nowhere.text}`, nowhere.status === 404);
  const unknown = await stack.ask("GET", "/api/conversations");
  report.answered("GET /api/conversations of nobody", unknown.status, [400, 401].includes(unknown.status));
}

async function connecting(stack, report) {
  const [one, other] = stack.people;
  stack.one = await one.connect();
  report.took("the first handshake", stack.one.stands - stack.one.began, 10_000);
  const line = (stack.other = await other.connect());
  const greeted = performance.now() - line.stands;
  report.answered("the subprotocol", line.protocol || "none", line.protocol === (other.token ? "confab" : ""));
  report.answered("the welcome", greeted < 1_000 ? "within a second" : "late", greeted < 5_000);
  report.took("a handshake", line.stands - line.began, 5_000);
  report.took("a welcome after it", greeted);
  const { user, limits } = line.welcome;
  report.answered("the welcome is for oneself", user === other.id, user === other.id);
  report.answered("the largest frame", limits.frame_bytes);
}

async function frames(stack, report) {
  const [one, other] = stack.people;
  const asked = performance.now();
  report.answered("ping", kind(await stack.one.asks({ action: "ping" }, (frame) => !frame.action && frame.type !== "presence")));
  report.took("a pong", performance.now() - asked);
  report.answered("what is no frame", (await stack.one.asks("{", (frame) => frame.type === "error")).code);

  const said = performance.now();
  const heard = stack.other.hears((frame) => frame.type === "message" && frame.content === "Hello");
  const frame = { action: "message", to: other.id, content: "Hello" };
  const ack = await stack.one.asks(frame, (frame) => ["ack", "error"].includes(frame.type));
  report.answered("message", `${kind(ack)}, delivered: ${ack.delivered}`, ack.type === "ack" && ack.delivered);
  report.took("an ack", performance.now() - said);
  report.answered("the other one hears it from", (await heard).from === one.id ? "the right one" : "another");
  report.took("a message", performance.now() - said);

  const shown = stack.other.hears((frame) => frame.type === "typing");
  const bare = stack.one.hears((frame) => frame.text === "", 3_000).catch(() => ({ type: "nothing" }));
  stack.one.send({ action: "typing", to: other.id });
  report.answered("typing is shown by", kind(await shown));
  report.answered("typing is answered by", kind(await bare));
}

async function longPage(stack, report) {
  const [one, other] = stack.people;
  for (let number = 0; number < 100; number += 1) {
    const frame = { action: "message", to: other.id, content: LONG, id: `${random()}-${number}` };
    const ack = await stack.one.asks(frame, (frame) => ["ack", "error"].includes(frame.type) || frame.requestId);
    if (ack.type !== "ack") throw new Error(`message ${number} is answered by ${JSON.stringify(ack)}`);
    await sleep(PACE);
  }
  const pageBefore = (before) => {
    const history = { action: "history", with: other.id, limit: 100, before };
    return stack.one.asks(history, (frame) => frame.type === "history" || frame.requestId);
  };
  const page = await pageBefore();
  const large = JSON.stringify(page).length > 32 * 1024;
  report.answered("a page of long messages", `${kind(page)} of ${large ? "more" : "less"} than 32 KB`, large);
  const rest = await pageBefore(page.before);
  const both = page.messages.length + rest.messages.length;
  report.answered("with the page before it", both > 100 ? "everything" : `${both} messages`, both > 100);
  const path = `/api/messages?with=${encodeURIComponent(other.id)}&limit=100`;
  const answer = await stack.ask("GET", path, { person: one });
  report.answered("the same over HTTP", `${answer.status}, ${answer.said?.length} messages`, answer.said?.length === 100);
}

async function tooMuch(stack, report) {
  const [one] = stack.people;
  for (const [name, sent, expected] of [
    ["a binary frame", new Uint8Array([1]), 1003],
    ["a frame of 33 KB", "x".repeat(33 * 1024), 1009],
  ]) {
    const line = await one.connect();
    const end = await line.asks(sent, (frame) => frame.closed);
    report.answered(name, kind(end), end.closed === expected);
  }
}

async function goingAndComing(stack, report) {
  const [one, other] = stack.people;
  const isOnline = async () => {
    const answer = await stack.ask("GET", "/api/online_users?limit=100", { person: one });
    return answer.said.some(({ user }) => user === other.id);
  };
  report.answered("who has a connection is online", await isOnline());
  stack.other.close();
  const left = performance.now();
  while ((await isOnline()) && performance.now() - left < 60_000) await sleep(250);
  const gone = performance.now() - left;
  report.answered("who has left is not", gone < 60_000 ? "noticed" : "still online after a minute", gone < 60_000);
  report.took("until that is noticed", gone);

  const frame = { action: "message", to: other.id, content: "While you were away" };
  const ack = await stack.one.asks(frame, (frame) => frame.type === "ack");
  report.answered("message to somebody away", `ack, delivered: ${ack.delivered}`);
  stack.other = await other.connect();
  const waited = await stack.other.hears(({ type, content }) => type === "message" && content === frame.content);
  report.answered("what they get when they return", waited.content, waited.content === "While you were away");
}

async function credentials(stack, report) {
  const [one] = stack.people;
  if (stack.mode === "open") return report.skipped("tickets", "everybody is believed");
  const { said } = await stack.ask("POST", "/api/tickets", { person: one });
  const ticket = `${stack.websocket}?ticket=${encodeURIComponent(said.ticket)}`;
  report.answered("a handshake with a ticket", await stack.handshake(ticket));
  report.answered("a handshake with the same again", await stack.handshake(ticket));
  report.answered("a handshake with ?token=", await stack.handshake(`${stack.websocket}?token=${one.token}`));
  report.answered("a handshake with a bearer token", await stack.handshake(stack.websocket, { Authorization: `Bearer ${one.token}` }));
}

/** Whether pages of elsewhere may ask. */
async function origins(stack, report) {
  const preflight = async (origin) => {
    const headers = { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" };
    const { status, headers: answered } = await stack.ask("OPTIONS", "/api/rooms", { headers });
    return { status, allowed: answered.get("access-control-allow-origin") };
  };
  const evil = await preflight("https://evil.example");
  report.answered("a page of elsewhere may ask", evil.allowed ?? "no", !evil.allowed);
  for (const [index, origin] of stack.origins.entries()) {
    const { status, allowed } = await preflight(origin);
    report.answered(`a page of origin ${index + 1} may ask`, `${status} ${allowed === origin ? "yes" : allowed}`, allowed === origin);
  }
  if (stack.origins.length === 0) report.skipped("pages of named origins", "no --origin");
}

/** Leaves nothing behind but what people who are deleted have said. */
export async function cleanUp(stack) {
  stack.one?.close();
  stack.other?.close();
  for (const person of stack.people.filter(({ made }) => made)) {
    const { password } = person;
    await stack.ask("DELETE", "/api/me", { person, body: { password } });
  }
}

export const steps = Object.entries({
  health,
  people,
  refusals,
  connecting,
  frames,
  "a page": longPage,
  "too much": tooMuch,
  connections,
  "going and coming": goingAndComing,
  credentials,
  origins,
  page,
});
