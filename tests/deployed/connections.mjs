// The management API, which only the AWS CLI's credentials can ask.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What the CLI says that knows no account. */
const WITHOUT_ACCOUNT = /credentials|region/i;

/** Looks a connection up through the AWS CLI, if that and credentials are there. */
export async function connections(stack, report) {
  const ask = async (id) => {
    const args = ["apigatewaymanagementapi", "get-connection", `--connection-id=${id}`, "--endpoint-url", stack.management];
    return run("aws", [...args, "--output", "json"], { timeout: 60_000 });
  };
  const line = await stack.people[0].connect();
  const id = line.welcome.connection_id;
  const asked = performance.now();
  try {
    const { stdout } = await ask(id);
    report.took("GET @connections, by the AWS CLI", performance.now() - asked);
    report.answered("GET @connections", Object.keys(JSON.parse(stdout)).sort().join(", "));
  } catch (error) {
    line.close();
    if (error.code === "ENOENT") return report.skipped("GET @connections", "no AWS CLI");
    if (WITHOUT_ACCOUNT.test(error.stderr)) return report.skipped("GET @connections", "the AWS CLI has no credentials");
    throw error;
  }
  line.close();
  await line.hears((frame) => frame.closed);
  const gone = await ask(id).then(() => "stands", ({ stderr }) => /\((\w+Exception)\)/.exec(stderr)?.[1] ?? stderr.trim());
  report.answered("GET @connections of one that has ended", gone, gone === "GoneException");
}
