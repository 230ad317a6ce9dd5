// The local server, as its own program.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = process.env.CONFAB_LOCAL ?? new URL("../../../../target/debug/local", import.meta.url).pathname;

/** In memory where Linux has a folder for that: a busy disk holds nothing up then. */
const FOLDERS = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export class Server {
  #process;
  #options;
  #folder = mkdtempSync(join(FOLDERS, "confab-"));
  url = "";
  http = "";

  /** @param {{auth?: string, faults?: object, keeps?: boolean, arguments?: string[]}} [options] */
  static async start(options = {}) {
    const server = new Server();
    server.#options = options;
    await server.#begin("0");
    return server;
  }

  /** Ends it without a word, as a crash does. */
  async kill() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await ended;
  }

  /** Starts it again, at the same address, with the same data. */
  restart() {
    return this.#begin(new URL(this.http).port);
  }

  async stop() {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @param {string} path */
  async get(path) {
    const answer = await fetch(this.http + path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  async #begin(port) {
    const { auth = "open", faults, keeps = false } = this.#options;
    const where = keeps ? ["--data", join(this.#folder, "data")] : ["--memory"];
    const more = this.#options.arguments ?? [];
    const options = ["--port", port, "--dynamodb-port", "0", "--auth", auth, ...where, ...more];
    if (faults) {
      const file = join(this.#folder, "faults.json");
      writeFileSync(file, JSON.stringify(faults));
      options.push("--faults", file);
    }
    this.#process = spawn(PROGRAM, options, { stdio: ["ignore", "pipe", "ignore"] });
    const banner = await this.#banner();
    this.url = /ws:\S+/.exec(banner)[0];
    this.http = /http:\S+/.exec(banner)[0];
  }

  /** What it says until it is ready. */
  #banner() {
    return new Promise((resolve, reject) => {
      let told = "";
      this.#process.stdout.on("data", (data) => {
        told += data;
        if (told.includes("Ctrl-C")) resolve(told);
      });
      this.#process.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
  }
}
