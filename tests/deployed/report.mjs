// What a stack answered, beside what the local server did.

/** Rows of a table; times are told, but not compared. */
export class Report {
  #emulator;
  /** @type {{name: string, answer: string, good: boolean, compared: boolean}[]} */
  #rows = [];

  /** @param {Record<string, string>} emulator what the local server answered, by the rows' names */
  constructor(emulator) {
    this.#emulator = emulator;
  }

  /** What was answered, and whether that is good enough for the clients; it is compared. */
  answered(name, answer, good = true) {
    this.#rows.push({ name, answer: String(answer), good: Boolean(good), compared: true });
  }

  /** How long something took, in ms, and how long it may take. */
  took(name, millis, most = Infinity) {
    this.#rows.push({ name, answer: `${Math.round(millis)} ms`, good: millis <= most, compared: false });
  }

  /** What could not be tried, and why. */
  skipped(name, why) {
    this.#rows.push({ name, answer: `not tried: ${why}`, good: true, compared: false });
  }

  failed(name, why) {
    this.#rows.push({ name, answer: why, good: false, compared: false });
  }

  /** What was answered, by name. */
  answers() {
    const compared = this.#rows.filter((row) => row.compared);
    return Object.fromEntries(compared.map(({ name, answer }) => [name, answer]));
  }

  isGood(strict) {
    return this.#rows.every((row) => row.good && !(strict && this.#differs(row)));
  }

  print(title) {
    const rows = this.#rows.map((row) => {
      const mark = !row.good ? "FAILED" : this.#differs(row) ? "differs" : "";
      return [row.name, row.answer, row.compared ? (this.#emulator[row.name] ?? "unknown") : "", mark];
    });
    const head = ["what", "this stack", "the local server", ""];
    const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
    console.log(`\n${title}\n`);
    for (const row of [head, widths.map((width) => "-".repeat(width)), ...rows]) {
      console.log(row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd());
    }
    const count = (is) => this.#rows.filter(is).length;
    const differing = count((row) => row.good && this.#differs(row));
    console.log(`\n${count((row) => row.good)} good, ${differing} of them different, ${count((row) => !row.good)} failed`);
  }

  #differs({ name, answer, compared }) {
    return compared && this.#emulator[name] !== answer;
  }
}
