// People in front of browsers: each has one of their own, with its own storage.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { afterEach } from "node:test";
import { startServer } from "./server.mjs";

const tools = createRequire(new URL("../../../target/tools/web/package.json", import.meta.url));
const { chromium } = tools("playwright-core");
const SCREENSHOTS = new URL("../../../target/screenshots/", import.meta.url).pathname;
const AXE = await readFile(tools.resolve("axe-core/axe.min.js"), "utf8");

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };
/** The one deadline: nothing waits for longer, and nothing waits without need. */
export const PATIENCE = Number(process.env.PATIENCE ?? 30_000);

/** After so long people try again what they see nothing of. */
const LONG = PATIENCE / 3;
const MOST_PRESSES = 40;
const QUIET = ["--no-first-run", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Everybody who is at a page in the test that runs. */
const present = new Set();

afterEach(() => {
  const complaints = [...present].flatMap((person) => person.unexpected());
  present.clear();
  assert.deepEqual(complaints, []);
});

/** Starts Chromium; whatever has an `after` ends it. */
export async function startBrowser(t) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium-headless-shell", args: ["--no-sandbox", ...QUIET] });
  t.after(() => browser.close());
  return browser;
}

/** Somebody at the page, who has not signed in yet. */
export async function visitor(browser, server, options = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, locale: "en-GB", ...options });
  context.setDefaultTimeout(PATIENCE);
  return new Person(context, await context.newPage(), server).arrives();
}

/** Somebody who is signed in by name. */
export async function person(browser, server, name, options) {
  const someone = await visitor(browser, server, options);
  return someone.signsIn(name);
}

/** A server, and two people who are talking to each other. */
export async function twoTalking(t, browser) {
  const server = await startServer(t);
  const [alice, bob] = await Promise.all(["alice", "bob"].map((name) => person(browser, server, name)));
  await Promise.all([alice.writesTo("bob"), bob.writesTo("alice")]);
  t.after(() => Promise.all([alice, bob].map(({ context }) => context.close())));
  return { server, alice, bob };
}

export class Person {
  /** What pages complained about, and what they are expected to. */
  #complaints = [];
  #expected = [];
  /** The requests of pages that are not answered yet, and since when. */
  #unanswered = new Map();

  constructor(context, page, server) {
    this.context = context;
    this.page = page;
    this.server = server;
    context.on("weberror", (error) => this.#complaints.push(String(error.error())));
    context.on("console", (message) => {
      if (/Content Security Policy|Trusted/.test(message.text())) this.#complaints.push(message.text());
    });
    context.on("request", (request) => this.#unanswered.set(request, Date.now()));
    for (const end of ["requestfinished", "requestfailed"]) context.on(end, (request) => this.#unanswered.delete(request));
    present.add(this);
  }

  /** The test brings that complaint about. */
  expects(complaint) {
    this.#expected.push(complaint);
  }

  unexpected() {
    return this.#complaints.filter((text) => !this.#expected.some((expected) => expected.test(text)));
  }

  async arrives() {
    await this.page.goto(this.server.url);
    return this;
  }

  async signsIn(name) {
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByRole("button", { name: "Start chatting" }).click();
    await this.isIn();
    this.name = name;
    return this;
  }

  /** Waits until the chat is there. */
  async isIn() {
    await this.page.getByRole("navigation", { name: "Conversations" }).waitFor();
  }

  /** Opens the conversation with somebody by the dialog; who sees nothing of it for long says so, and presses again. */
  async writesTo(name) {
    await this.page.getByRole("button", { name: "New message" }).first().click();
    await this.page.getByLabel("To", { exact: true }).fill(name);
    const write = this.page.getByRole("button", { name: "Write", exact: true });
    await write.click();
    try {
      await this.isAt(name, LONG);
    } catch (error) {
      console.error(error);
      await write.click();
      await this.isAt(name);
    }
  }

  /** Opens a conversation that is in the list. */
  async opens(title) {
    await this.entry(title).click();
    await this.isAt(title);
  }

  /** Waits until a conversation is open; says what there is instead if it does not open. */
  async isAt(name, timeout = PATIENCE) {
    try {
      await this.page.getByRole("heading", { level: 2, name }).waitFor({ timeout });
    } catch (cause) {
      const unanswered = [...this.#unanswered].map(([request, since]) => `${request.url()} for ${Date.now() - since} ms`);
      const shown = await this.page.locator("body").innerText();
      throw new Error(`${name} did not open; unanswered: ${unanswered.join(", ") || "nothing"}; on the page:\n${shown}`, { cause });
    }
  }

  /** The line of a conversation in the list. */
  entry(title) {
    return this.page.getByRole("navigation").getByRole("link").filter({ has: this.page.getByText(title, { exact: true }) });
  }

  async makesRoom(name, { isPrivate = false, isSinceJoining = false } = {}) {
    await this.page.getByRole("button", { name: "Rooms" }).first().click();
    const dialog = this.page.getByRole("dialog", { name: "Rooms" });
    await dialog.getByLabel("Name").fill(name);
    if (isPrivate) await dialog.getByLabel(/Private/).check();
    if (isSinceJoining) await dialog.getByLabel(/Newcomers/).check();
    await dialog.getByRole("button", { name: "Create room" }).click();
    await this.isAt(name);
  }

  async joinsRoom(name) {
    await this.page.getByRole("button", { name: "Rooms" }).first().click();
    await this.page.getByRole("dialog").getByRole("button", { name: `Join ${name}` }).click();
    await this.isAt(name);
  }

  async says(text) {
    await this.page.getByLabel("Message", { exact: true }).fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** The rows of the log that hold a text. */
  row(text) {
    return this.page.getByRole("log").getByRole("listitem").filter({ hasText: text });
  }

  async sees(text) {
    await this.row(text).waitFor();
  }

  /** One's own message with that tick: Sent, Delivered, Read, Waiting to be sent, Not sent. */
  async seesTick(text, tick) {
    await this.row(text).getByRole("img", { name: tick }).waitFor();
  }

  async seesAnywhere(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /** What has the focus, in words. */
  async focused() {
    return this.page.evaluate(() => {
      const { activeElement: focused, body } = document;
      return focused === body ? "" : focused.ariaLabel || focused.title || focused.innerText;
    });
  }

  /** Presses a key until what has the focus has `words`; as often as anybody would. */
  async pressesUntil(key, words) {
    const seen = [];
    while (seen.length < MOST_PRESSES) {
      seen.push(await this.focused());
      if (seen.at(-1).includes(words)) return;
      await this.page.keyboard.press(key);
    }
    throw new Error(`${key} does not lead to ${words}, but to ${JSON.stringify(seen)}`);
  }

  /** What was said, in order, as it is on the screen. */
  async log() {
    return this.page.locator(".said .content").allTextContents();
  }

  /** Waits until the page holds for `condition`, which runs there. */
  async until(condition, argument) {
    await this.page.waitForFunction(condition, argument, { timeout: PATIENCE });
  }

  /** Scans and photographs what is to be seen, in both colour schemes. */
  async looksFine(name) {
    for (const colorScheme of ["dark", "light"]) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      assert.deepEqual(await this.violations(), [], `${name}, ${colorScheme}`);
      await this.photographs(colorScheme === "dark" ? `${name}-dark` : name);
    }
  }

  async photographs(name) {
    await this.page.screenshot({ path: `${SCREENSHOTS}${name}.png`, animations: "disabled", caret: "hide" });
  }

  /** What an accessibility scan of the page as it is finds, in short. */
  async violations() {
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.any[0]?.message ?? ""}`));
  }
}
