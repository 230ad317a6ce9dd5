// Whatever people write, and call themselves and their rooms, is text.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { person, startBrowser } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

const ATTEMPTS = [
  "<img src=x onerror=window.broken=1>",
  "<script>window.broken=1</script>",
  "<svg onload=window.broken=1>",
  "javascript:window.broken=1",
  "[x](javascript:window.broken=1)",
  "https://example.org/\"onmouseover=window.broken=1//",
  "data:text/html,<script>window.broken=1</script>",
  "</textarea><a href=javascript:window.broken=1>x</a>",
  "{{constructor.constructor('window.broken=1')()}}",
  "<style>*{display:none}</style><base href=//example.org>",
];

test("no message, name or room is ever markup", async (t) => {
  const server = await startServer(t, "--rate-limit", "0");
  const mallory = "<img src=x onerror=broken=1>";
  const room = await server.asks("POST", "/api/rooms", { name: "<b onclick=broken=1>b</b>", topic: ATTEMPTS[0], user_id: mallory });
  await server.asks("POST", `/api/rooms/${room.id}/join`, { user_id: "alice" });
  for (const content of ATTEMPTS) {
    await server.asks("POST", "/api/send_message", { sender_id: mallory, room: room.id, content });
    await server.asks("POST", "/api/send_message", { sender_id: mallory, receiver_id: "alice", content });
  }
  const alice = await person(browser, server, "alice");
  t.after(() => alice.context.close());
  await alice.opens(mallory);
  await alice.sees(ATTEMPTS.at(-1));
  assert.deepEqual(await alice.log(), ATTEMPTS);
  await alice.opens(room.name);
  await alice.sees(ATTEMPTS.at(-1));
  assert.deepEqual(await alice.log(), ATTEMPTS);
  await alice.page.getByRole("button", { name: "Members" }).click();
  await alice.page.getByRole("dialog").getByText(mallory).waitFor();
  const found = await alice.page.evaluate(() => ({
    broken: window.broken,
    markup: document.querySelectorAll("#root img, dialog img, script:not([src]), style, base, b").length,
    links: [...document.querySelectorAll(".content a")].map((link) => link.protocol),
  }));
  assert.deepEqual(found, { broken: undefined, markup: 0, links: ["https:"] });
});

test("the page may load and run nothing but its own files", async (t) => {
  const server = await startServer(t);
  const alice = await person(browser, server, "alice");
  t.after(() => alice.context.close());
  const { headers } = await fetch(server.url);
  const policy = headers.get("content-security-policy");
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]) {
    assert.ok(policy.split("; ").includes(part), part);
  }
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("referrer-policy"), "no-referrer");
  for (const complaint of [/TrustedHTML/, /TrustedScript/, /example\.org/]) alice.expects(complaint);
  const refusals = await alice.page.evaluate(async () => {
    const refused = (act) => {
      try {
        act();
        return false;
      } catch {
        return true;
      }
    };
    const [frame, script] = [document.createElement("div"), document.createElement("script")];
    return {
      markup: refused(() => (frame.innerHTML = "<p>")),
      script: refused(() => (script.textContent = "broken = 1")),
      elsewhere: await fetch("https://example.org/").then(() => false, () => true),
    };
  });
  assert.deepEqual(refusals, { markup: true, script: true, elsewhere: true });
});

test("a file that one has is not sent again, and what is no file is not found", async (t) => {
  const server = await startServer(t);
  const first = await fetch(`${server.url}/client/main.js`);
  assert.match(first.headers.get("content-type"), /^text\/javascript/);
  assert.equal(first.headers.get("content-encoding"), "gzip");
  const again = await fetch(`${server.url}/client/main.js`, { headers: { "If-None-Match": first.headers.get("etag") } });
  assert.equal(again.status, 304);
  assert.equal((await fetch(`${server.url}/client/Cargo.toml`)).status, 404);
  assert.equal((await fetch(`${server.url}/client/..%2f..%2fCargo.toml`)).status, 404);
});

test("no name or message turns the words around it", async (t) => {
  const server = await startServer(t);
  const [turning, hebrew] = ["eve\u202e", "\u05d3\u05e0\u05d4"];
  const room = await server.asks("POST", "/api/rooms", { name: "\u05d2\u05d9\u05e0\u05d4", user_id: hebrew });
  await server.asks("POST", `/api/rooms/${room.id}/join`, { user_id: "alice" });
  await server.asks("POST", "/api/send_message", { sender_id: hebrew, room: room.id, content: "123 \u202eabc" });
  const said = await fetch(`${server.url}/api/send_message`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sender_id: turning, receiver_id: "alice", content: "Hello" }),
  });
  const alice = await person(browser, server, "alice");
  t.after(() => alice.context.close());
  await alice.page.getByRole("navigation").getByRole("link").filter({ hasText: room.name }).click();
  await alice.sees("abc");
  const found = await alice.page.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const [loose, turning] = [[], []];
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const isApart = node.parentElement.closest("bdi, [dir=auto], .avatar, .hidden") !== null;
      // Where there can be no element the text has its own walls.
      if (/[\u0590-\u05ff]/.test(node.data.replace(/\u2068[^\u2069]*\u2069/g, "")) && !isApart) loose.push(node.data);
      if (/\u202e/.test(node.data) && !node.parentElement.closest(".content")) turning.push(node.data);
    }
    return { loose, turning };
  });
  assert.deepEqual(found, { loose: [], turning: [] });
  await alice.until((name) => document.title.endsWith(`\u2068${name}\u2069 · Confab`), room.name);
  // A server that takes such a name at all has a page that shows what is in it.
  if (said.ok) await alice.page.getByRole("navigation").getByText("eve\ufffd", { exact: true }).waitFor();
});
