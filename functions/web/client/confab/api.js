// The HTTP API.

/** What the server answers to a mistake. */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} message @param {number} [retryAfter] ms */
  constructor(status, code, message, retryAfter) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** Whether trying again would be answered alike: who asks is not let in. */
  get isRefusal() {
    return [400, 401, 403].includes(this.status);
  }
}

/** @typedef {{fetch: typeof fetch, http: string, patience?: number}} Server */
/** @typedef {{body?: unknown, token?: string}} What */

/**
 * @param {Server} server
 * @param {string} method
 * @param {string} path
 * @param {What} [what]
 * @returns {Promise<any>} what the answer says, null if nothing
 */
export async function call(server, method, path, what) {
  return (await ask(server, method, path, what)).said;
}

/**
 * @param {Server} server
 * @param {string} method
 * @param {string} path
 * @param {What} [what]
 * @returns {Promise<{said: any, after: string | undefined}>} also where the next page of a list begins
 */
export async function ask(server, method, path, { body, token } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  const answer = await server.fetch(server.http + path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(server.patience ?? 30_000),
  });
  const text = await answer.text();
  if (answer.ok) return { said: text === "" ? null : JSON.parse(text), after: nextIn(answer.headers.get("Link")) };
  const { code = "internal", message = `HTTP ${answer.status}`, retry_after_ms } = errorIn(text);
  throw new ApiError(answer.status, code, message, retry_after_ms);
}

/** @param {string | null} link as in RFC 8288 */
function nextIn(link) {
  const query = link?.match(/<[^>?]*\?([^>]*)>; rel="next"/)?.[1];
  return new URLSearchParams(query).get("after") ?? undefined;
}

/** A gateway on the way may say something that is not ours. @param {string} text */
function errorIn(text) {
  try {
    return JSON.parse(text).error ?? {};
  } catch {
    return {};
  }
}
