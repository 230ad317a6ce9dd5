// Where people have accounts: registering, signing in and out, and names instead of ids.

import * as runner from "node:test";
import { startBrowser, visitor } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const { test } = runner;
const browser = await startBrowser(runner);

async function registers(browser, server, username, displayName) {
  const someone = await visitor(browser, server);
  const { page } = someone;
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Display name").fill(displayName);
  await page.getByLabel("Password").fill("a good password");
  await page.getByRole("button", { name: "Create account" }).click();
  await someone.isIn();
  return someone;
}

test("people register, talk under their names, sign out and in again", async (t) => {
  const server = await startServer(t, "--auth", "accounts");
  const [alice, bob] = await Promise.all([
    registers(browser, server, "alice", "Alice Adams"),
    registers(browser, server, "bob", ""),
  ]);
  t.after(() => Promise.all([alice, bob].map(({ context }) => context.close())));
  const { page } = alice;
  await page.getByRole("button", { name: "New message" }).first().click();
  await page.getByLabel("To", { exact: true }).fill("bob");
  await page.getByRole("button", { name: "Write", exact: true }).click();
  await page.getByRole("heading", { level: 2, name: "bob" }).waitFor();
  await alice.says("Hello");
  await alice.seesTick("Hello", "Delivered");
  await bob.opens("Alice Adams");
  await bob.sees("Hello");
  await page.reload();
  await alice.sees("Hello");

  await page.getByRole("button", { name: "Your account, Alice Adams" }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByLabel("Username").fill("alice");
  await page.getByLabel("Password").fill("a wrong password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").filter({ hasText: /\w/ }).first().waitFor();
  await page.getByLabel("Password").fill("a good password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await alice.isIn();
  await alice.opens("bob");
  await alice.sees("Hello");
});

test("signing in and one's own name are for everybody to use", async (t) => {
  const server = await startServer(t, "--auth", "accounts");
  const bob = await registers(browser, server, "bob", "Bob");
  const alice = await visitor(browser, server);
  t.after(() => Promise.all([alice, bob].map(({ context }) => context.close())));
  await alice.looksFine("accounts-sign-in");
  await alice.page.getByRole("button", { name: "Create an account" }).click();
  await alice.looksFine("accounts-register");
  await bob.page.getByRole("button", { name: "Your account, Bob" }).click();
  await bob.looksFine("accounts-you");
  await bob.page.getByLabel("Display name").fill("Robert");
  await bob.page.getByRole("button", { name: "Save" }).click();
  await bob.seesAnywhere("Others see Robert now.");
  await bob.page.keyboard.press("Escape");
  await bob.page.getByRole("button", { name: "Your account, Robert" }).waitFor();
});

test("who signs out everywhere is signed out on other devices, too", async (t) => {
  const server = await startServer(t, "--auth", "accounts");
  const alice = await registers(browser, server, "alice", "Alice");
  const phone = await visitor(browser, server);
  t.after(() => Promise.all([alice, phone].map(({ context }) => context.close())));
  await phone.page.getByLabel("Username").fill("alice");
  await phone.page.getByLabel("Password").fill("a good password");
  await phone.page.getByRole("button", { name: "Sign in" }).click();
  await phone.isIn();
  await alice.page.getByRole("button", { name: "Your account, Alice" }).click();
  await alice.page.getByRole("button", { name: "Sign out on all devices" }).click();
  await phone.page.getByLabel("Username").waitFor();
});
