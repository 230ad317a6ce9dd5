// The local server as a process of its own, which can be killed and started again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const BINARY = new URL("../../../target/debug/local", import.meta.url).pathname;

/** In memory where Linux has a folder for that: a busy disk holds nothing up then. */
const FOLDERS = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const newFolder = () => mkdtemp(join(FOLDERS, "confab-web-"));

/** Starts a server; `t` ends it with the test. Its data outlives `kill`, and its port stays the same. */
export async function startServer(t, ...options) {
  return starts(t, await newFolder(), options);
}

/** As `startServer`, with a copy of what another one kept. */
export async function startServerWith(t, kept, ...options) {
  const data = await newFolder();
  await cp(kept, data, { recursive: true });
  return starts(t, data, options);
}

async function starts(t, data, options) {
  const server = new Server(data, options);
  t.after(() => server.end());
  await server.start();
  return server;
}

/** The folder with what a server keeps once it was filled; whoever asks for it removes it. */
export async function keptBy(fill, ...options) {
  const data = await newFolder();
  const server = new Server(data, options);
  await server.start();
  try {
    await fill(server);
  } finally {
    await server.kill();
  }
  return data;
}

class Server {
  url;
  #data;
  #options;
  #process;

  constructor(data, options) {
    this.#data = data;
    this.#options = options;
  }

  async start() {
    const port = this.url ? new URL(this.url).port : "0";
    const fixed = ["--port", port, "--dynamodb-port", "0", "--data", this.#data];
    this.#process = spawn(BINARY, [...fixed, ...this.#options], { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface(this.#process.stdout)) {
      this.url ??= line.match(/^ {2}HTTP +(\S+)/)?.[1];
      if (line.includes("Ctrl-C")) break;
    }
    this.#process.stdout.resume();
  }

  async kill() {
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }

  async end() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill();
    await rm(this.#data, { recursive: true });
  }

  /** An answer of the HTTP API, which is expected to be a good one. */
  async asks(method, path, body, token) {
    const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  }
}
