// The page for developers, while two people talk.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { DESKTOP, PHONE, person, startBrowser, twoTalking, visitor } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

/** Somebody at the page for developers, who sees that it is live. */
async function developer(t, server, options) {
  const someone = await visitor(browser, server, options);
  t.after(() => someone.context.close());
  await someone.page.goto(`${server.url}/_local`);
  await someone.page.getByRole("status").getByText(/^Since /).waitFor();
  return someone;
}

const rowsOf = ({ page }, section) => page.getByRole("region", { name: section }).getByRole("row");
const frames = ({ page }) => page.getByRole("region", { name: "Frames" }).getByRole("listitem");

test("rows appear as people talk, and what they say is text", async (t) => {
  const { server, alice, bob } = await twoTalking(t, browser);
  const dora = await developer(t, server);
  await rowsOf(dora, "Connections").filter({ hasText: "alice" }).waitFor();
  await rowsOf(dora, "Connections").filter({ hasText: "bob" }).waitFor();
  const said = "<img src=x onerror=alert(1)>";
  await alice.says(said);
  await bob.sees(said);
  const frame = frames(dora).filter({ hasText: "→ in" }).filter({ hasText: said });
  await frame.waitFor();
  await frames(dora).filter({ hasText: "← push" }).filter({ hasText: said }).waitFor();
  // The first message of two people is a transaction.
  await rowsOf(dora, "What each action took").filter({ hasText: "frame message" }).getByText("1 TransactWriteItems").waitFor();
  await rowsOf(dora, "What it would have cost").filter({ hasText: "WebSocket messages" }).waitFor();
  assert.match(await dora.page.locator("#dollars").textContent(), /^\$0\.0+[1-9]/);

  // What one has opened stays open while more comes.
  await frame.locator("summary").click();
  await frame.getByText(`"content": "${said}"`).waitFor();
  await alice.says("And more");
  await frames(dora).filter({ hasText: "And more" }).first().waitFor();
  assert.ok(await frame.getByText(`"content": "${said}"`).isVisible());
  assert.equal(await dora.page.locator("img").count(), 0);

  await dora.page.getByLabel("Only frames with").fill("onerror");
  await dora.until(() => [...document.querySelectorAll("#frames-rows li")].every((row) => row.textContent.includes("onerror")));
  await bob.context.close();
  await rowsOf(dora, "Connections").filter({ hasText: "bob" }).waitFor({ state: "detached" });
});

for (const [kind, options] of [["desktop", { viewport: DESKTOP }], ["phone", { viewport: PHONE, hasTouch: true, isMobile: true }]]) {
  test(`it can be used by everybody: ${kind}`, async (t) => {
    const server = await startServer(t, "--faults", "7");
    const dora = await developer(t, server, options);
    const alice = await person(browser, server, "alice");
    t.after(() => alice.context.close());
    await rowsOf(dora, "Connections").filter({ hasText: "alice" }).waitFor();
    for (const words of ["Did you find the keys?", "They were on the hook by the door"]) {
      await server.asks("POST", "/api/send_message", { sender_id: "bob", receiver_id: "alice", content: words }).catch(() => {});
    }
    await frames(dora).first().waitFor();
    await dora.seesAnywhere("Fired so far");
    assert.ok(await dora.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await dora.looksFine(`${kind}-live-page`);
  });
}

test("a keyboard is enough to hold it, and it tells when the server is away", async (t) => {
  const { server, alice } = await twoTalking(t, browser);
  const dora = await developer(t, server);
  await dora.pressesUntil("Tab", "Pause");
  await dora.page.keyboard.press("Enter");
  await dora.page.getByRole("button", { name: "Pause", pressed: true }).waitFor();
  await dora.page.getByRole("status").getByText(/^Paused at /).waitFor();
  await dora.page.keyboard.press("Enter");
  await alice.says("Hello");
  await frames(dora).filter({ hasText: "Hello" }).first().waitFor();
  await server.kill();
  await dora.seesAnywhere("The server does not answer");
});
