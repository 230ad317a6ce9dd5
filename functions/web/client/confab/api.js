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

/**
 * @param {{fetch: typeof fetch, http: string, patience?: number}} server
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, token?: string}} [what]
 * @returns {Promise<any>} what the answer says, null if nothing
 */
export async function call(server, method, path, { body, token } = {}) {
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
  if (answer.ok) return text === "" ? null : JSON.parse(text);
  const { code = "internal", message = `HTTP ${answer.status}`, retry_after_ms } = errorIn(text);
  throw new ApiError(answer.status, code, message, retry_after_ms);
}

/** A gateway on the way may say something that is not ours. @param {string} text */
function errorIn(text) {
  try {
    return JSON.parse(text).error ?? {};
  } catch {
    return {};
  }
}
