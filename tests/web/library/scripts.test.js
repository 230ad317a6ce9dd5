// The scripts that every client of Confab keeps, see tests/client_scripts.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { ScriptedUser } from "./support/scripted_user.js";

const FOLDER = new URL("../../client_scripts/", import.meta.url);

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".json"))) {
  const topic = file.replace(".json", "");
  for (const script of JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"))) {
    test(`${topic}: ${script.name}`, (t) => keeps(t, script));
  }
}

/** @param {import("node:test").TestContext} t */
async function keeps(t, { follows, steps }) {
  const user = new ScriptedUser(t);
  if (follows) await user.begins(follows);
  for (const [index, step] of steps.entries()) {
    await user.takes(step).catch((error) => {
      throw new Error(`step ${index + 1}, ${JSON.stringify(step)}: ${error.message}`);
    });
  }
  assert.deepEqual([user.frames, user.events], [[], []], "nobody looked at these");
}
