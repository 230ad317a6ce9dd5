// The page: its files, and what Chromium makes of it if there is one.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export async function page(stack, report) {
  const answer = await stack.ask("GET", "/");
  const kind = answer.headers.get("content-type");
  report.answered("GET /", `${answer.status} ${kind}`, answer.status === 200);
  report.answered("its Content-Security-Policy", answer.headers.has("content-security-policy") ? "there" : "missing");
  const scripts = [...answer.text.matchAll(/(?:src|href)="(client\/[^"]+)"/g)].map(([, path]) => path);
  const statuses = await Promise.all(scripts.map(async (path) => (await stack.ask("GET", `/${path}`)).status));
  const missing = scripts.filter((_, index) => statuses[index] !== 200);
  report.answered("its files", missing.length === 0 ? "all there" : `missing: ${missing}`, missing.length === 0);
  await inChromium(stack, report);
}

async function inChromium(stack, report) {
  const switches = ["--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000", "--dump-dom"];
  for (const program of ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]) {
    try {
      const { stdout } = await run(program, [...switches, stack.http], { timeout: 60_000, maxBuffer: 1 << 24 });
      const title = /<title>([^<]*)<\/title>/.exec(stdout)?.[1];
      report.answered("the page in Chromium", title, title?.startsWith("Sign in"));
      return;
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
  }
  report.skipped("the page in Chromium", "there is none");
}
