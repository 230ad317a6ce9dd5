// The HTTP API.

import { ILL_FORMED, decode, encode, isWellFormed } from "./text.js";

/** The code of what is not the server's answer, but that of something on the way: a network's sign-in, say. */
const STRANGE = "internal";
const CODES = new Map([
  [400, "bad_request"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "not_found"],
]);

/** What the server answers to a mistake. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   * @param {number} [retryAfter] ms
   * @param {string} [reason]
   */
  constructor(status, code, message, retryAfter, reason) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.reason = reason;
  }

  /** Whether trying again would be answered alike: who asks is not let in. */
  get isRefusal() {
    return [400, 401, 403].includes(this.status) && this.code !== STRANGE;
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
  const text = encode(body);
  if ((body !== undefined && text === undefined) || !isWellFormed(path)) {
    throw new ApiError(400, ILL_FORMED.code, ILL_FORMED.message);
  }
  /** @type {Record<string, string>} */
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  const answer = await server.fetch(server.http + path, {
    method,
    headers,
    body: text,
    signal: AbortSignal.timeout(server.patience ?? 30_000),
  });
  const answered = await answer.text();
  const after = nextIn(answer.headers.get("Link"));
  if (answer.ok) return { said: answered === "" ? null : JSON.parse(answered), after };
  const { code, message = `HTTP ${answer.status}`, retry_after_ms, reason } = errorIn(answer.status, answered);
  throw new ApiError(answer.status, code, message, retry_after_ms, reason);
}

/** @param {string | null} link as in RFC 8288 */
function nextIn(link) {
  const query = link?.match(/<[^>?]*\?([^>]*)>; rel="next"/)?.[1];
  return new URLSearchParams(query).get("after") ?? undefined;
}

/** A gateway on the way may say something that is not ours. @param {number} status @param {string} text */
function errorIn(status, text) {
  const said = decode(text);
  return said?.error?.code ? said.error : { code: (said && CODES.get(status)) ?? STRANGE };
}
