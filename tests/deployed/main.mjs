// Tries a stack step by step, and prints what it answered beside what the local server does.

import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { Report } from "./report.mjs";
import { Stack } from "./stack.mjs";
import { cleanUp, steps } from "./steps.mjs";

const USAGE = `usage: tests/smoke HTTP_URL WEBSOCKET_URL [options]

Tries a stack: both URLs are outputs of \`sam deploy\`. With accounts it makes two accounts, and
deletes them again. It ends with 0 if everything works; what differs from the local server is marked.

  --user NAME          an account to use instead of a new one; its password is in CONFAB_PASSWORD
  --tokens A,B         access tokens of two people, where an outside issuer signs them
  --origin ORIGIN      a web origin that the stack lets in (CorsOrigins), as often as there are any
  --management URL     where @connections is, if not below WEBSOCKET_URL
  --record             writes what the stack answers down as what the local server does
  --strict             a difference is a failure, too`;

const RECORD = new URL("./emulator.json", import.meta.url);
/** How long a whole run may take, in ms. */
const PATIENCE = 10 * 60_000;

function options() {
  const flag = { type: "boolean", default: false };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      user: { type: "string" },
      tokens: { type: "string" },
      origin: { type: "string", multiple: true, default: [] },
      management: { type: "string" },
      record: flag,
      strict: flag,
      help: flag,
    },
  });
  if (values.help || positionals.length !== 2) {
    console.error(USAGE);
    process.exit(values.help ? 0 : 2);
  }
  const [http, websocket] = positionals.map((url) => url.replace(/\/$/, ""));
  return { ...values, http, websocket };
}

const { record, strict, ...rest } = options();
const stack = new Stack(rest);
const emulator = JSON.parse(await readFile(RECORD, "utf8").catch(() => "{}"));
const report = new Report(emulator);
const late = setTimeout(() => {
  console.error("It takes longer than ten minutes.");
  process.exit(1);
}, PATIENCE);
late.unref();

for (const [name, step] of steps) {
  try {
    await step(stack, report);
  } catch (error) {
    report.failed(name, error.message);
  }
}
await cleanUp(stack).catch((error) => report.failed("cleaning up", error.message));
report.print(stack.http);
if (record) await writeFile(RECORD, `${JSON.stringify(report.answers(), null, 2)}\n`);
process.exit(report.isGood(strict) ? 0 : 1);
