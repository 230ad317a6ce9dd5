// The page for developers: asks for the state each second, and changes what has changed. What anybody said is
// text, never markup.

const INTERVAL = 1000;
/** So much of a frame may be on its line. */
const LINE = 300;
const WAYS = { in: "→ in", answer: "← answer", push: "← push" };
const KINDS = { connection: "connection", frame: "frame", route: "HTTP", stream: "stream", other: "" };

const byId = (id) => document.getElementById(id);
const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const amounts = new Intl.NumberFormat("en", { maximumFractionDigits: 4 });
const dollars = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumSignificantDigits: 3 });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

let state;
let isPaused = false;
let timer;

/** An element with text; a class if it has one. */
function el(tag, className, text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}

/** Sets a text that may be there already, so that what is selected stays so. */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function time(at) {
  return clock.format(new Date(at));
}

function exactTime(at) {
  const date = new Date(at);
  return `${clock.format(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** Keeps the element of each item for as long as there is one of its key. */
class Rows {
  #parent;
  #keyOf;
  #make;
  #held = new Map();

  /** @param make a node and how it shows an item */
  constructor(parent, keyOf, make) {
    [this.#parent, this.#keyOf, this.#make] = [parent, keyOf, make];
  }

  show(items) {
    const held = new Map(items.map((item) => [this.#keyOf(item), item]));
    for (const [key, { node }] of this.#held) {
      if (held.has(key)) continue;
      node.remove();
      this.#held.delete(key);
    }
    let place = this.#parent.firstElementChild;
    for (const [key, item] of held) {
      if (!this.#held.has(key)) this.#held.set(key, this.#make(item));
      const { node, show } = this.#held.get(key);
      show?.(item);
      if (node === place) place = place.nextElementSibling;
      else this.#parent.insertBefore(node, place);
    }
  }
}

/** A row of a table: the first cell is its head; `columns` are classes and what a cell says of an item. */
function tableRow(columns) {
  return () => {
    const node = el("tr");
    const cells = columns.map(([className], index) => el(index === 0 ? "th" : "td", className));
    cells[0].scope = "row";
    node.append(...cells);
    return { node, show: (item) => columns.forEach(([, text], index) => say(cells[index], text(item))) };
  };
}

const connectionRows = new Rows(byId("connections-rows"), ({ id }) => id, tableRow([
  ["", ({ user }) => user ?? "nobody"],
  ["", ({ since }) => time(since)],
  ["number", (it) => numbers.format(it.frames_in)],
  ["number", (it) => numbers.format(it.bytes_in)],
  ["number", (it) => numbers.format(it.frames_out)],
  ["number", (it) => numbers.format(it.bytes_out)],
  ["", (it) => (it.last_frame ? time(it.last_frame) : "none yet")],
  ["id soft", ({ id }) => id],
]));

const actionRows = new Rows(byId("requests-rows"), ({ kind, name }) => `${kind} ${name}`, tableRow([
  ["", ({ kind, name }) => `${KINDS[kind]} ${name}`.trim()],
  ["number", (it) => numbers.format(it.invocations)],
  ["wrap", ({ requests }) => Object.entries(requests).map(([asked, times]) => `${numbers.format(times)} ${asked}`).join(", ") || "none"],
  ["number", (it) => numbers.format(it.write_units)],
  ["number", (it) => numbers.format(it.read_units)],
  ["number", (it) => numbers.format(it.pushes)],
]));

const costRows = new Rows(byId("cost-rows"), ({ name }) => name, (line) => {
  const { node, show } = tableRow([
    ["", ({ name }) => name],
    ["number", ({ amount }) => amounts.format(amount)],
    ["number", (it) => dollars.format(it.dollars)],
  ])();
  const price = el("td");
  const source = el("a", "", `${dollars.format(line.price)} a ${line.unit}`);
  source.href = line.source;
  source.rel = "noopener noreferrer";
  price.append(source);
  node.append(price);
  return { node, show };
});

const faultRows = new Rows(byId("faults-rows"), ({ key }) => key, ({ at, fault }) => {
  const node = el("li");
  node.append(el("span", "soft", exactTime(at)), el("span", "", fault));
  return { node };
});

const frameRows = new Rows(byId("frames-rows"), ({ number }) => number, (frame) => {
  const node = el("li", "new");
  const details = el("details");
  const summary = el("summary");
  summary.append(
    el("span", "soft", exactTime(frame.at)),
    el("span", `way-${frame.way}`, WAYS[frame.way]),
    el("bdi", "", frame.user ?? "nobody"),
    el("bdi", "kind", frame.kind ?? "–"),
    el("bdi", "text", frame.text.slice(0, LINE)),
    el("span", "soft", `${numbers.format(frame.bytes)} B`),
  );
  details.append(summary);
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    details.append(el("p", "note", `Connection ${frame.connection}`), el("pre", "", spread(frame)));
  });
  node.append(details);
  return { node };
});

/** A frame with every field on a line of its own, if it can be. */
function spread({ text, is_cut }) {
  if (is_cut) return `${text} … (cut here)`;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function draw() {
  if (!state) return;
  const { connections, connected, received, answered, pushed, actions, cost } = state;
  say(byId("connected"), numbers.format(connected));
  say(byId("received"), numbers.format(received.frames));
  say(byId("sent"), numbers.format(answered.frames + pushed.frames));
  say(byId("asked"), numbers.format(cost.work.round_trips));
  say(byId("dollars"), dollars.format(cost.dollars));
  say(byId("connections-note"), connectionsNote(connected, connections.length));
  connectionRows.show(connections);
  actionRows.show(actions);
  costRows.show(cost.lines);
  say(byId("cost-total"), dollars.format(cost.dollars));
  say(byId("cost-note"), `Prices of ${cost.region}, of the first tier; each leads to where it is from. ${cost.model}`);
  drawFaults(state.faults);
  drawFrames();
}

function connectionsNote(connected, shown) {
  if (connected === 0) return "Nobody is connected.";
  return shown < connected ? `The ${shown} by which something passed last, of ${numbers.format(connected)}.` : "";
}

function drawFaults(faults) {
  byId("faults-rows").hidden = !faults?.recent.length;
  if (!faults) return say(byId("faults-note"), "None are injected: start the server with --faults 7, or another number.");
  const fired = Object.entries(faults.fired).map(([fault, times]) => `${numbers.format(times)} ${fault}`);
  say(byId("faults-note"), fired.length ? `Fired so far: ${fired.join(", ")}.` : "None has fired yet.");
  // Several of a kind may fire at once; from the oldest on, each keeps its key.
  const seen = new Map();
  const keyed = faults.recent.toReversed().map((it) => {
    const name = `${it.at} ${it.fault}`;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return { ...it, key: `${name} ${seen.get(name)}` };
  });
  faultRows.show(keyed.toReversed());
}

function drawFrames() {
  const wanted = byId("filter").value.trim().toLowerCase();
  const has = ({ user, kind, connection, text }) => [user, kind, connection, text].some((part) => part?.toLowerCase().includes(wanted));
  frameRows.show(wanted ? state.frames.filter(has) : state.frames);
}

function tell(kind, words) {
  const status = byId("status");
  status.dataset.state = kind;
  say(status, words);
}

async function look() {
  clearTimeout(timer);
  if (isPaused || document.hidden) return;
  try {
    const answer = await fetch("_local/state", { cache: "no-store" });
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    state = await answer.json();
    if (isPaused) return;
    tell("live", `Since ${time(state.since)}`);
    draw();
  } catch (error) {
    console.warn("the state did not come", error);
    tell("lost", "The server does not answer");
  }
  clearTimeout(timer);
  timer = setTimeout(look, INTERVAL);
}

byId("pause").addEventListener("click", ({ currentTarget }) => {
  isPaused = !isPaused;
  currentTarget.setAttribute("aria-pressed", String(isPaused));
  if (isPaused) tell("paused", state ? `Paused at ${time(state.now)}` : "Paused");
  else look();
});
byId("filter").addEventListener("input", () => state && drawFrames());
document.addEventListener("visibilitychange", look);
look();
