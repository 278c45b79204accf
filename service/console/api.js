// The console's own API. The session is in a cookie that no script can read.

/** What went wrong, as the service says it. */
export class Problem extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let signedOut = () => {};

/** Says what to do when a session has ended. */
export function onSignedOut(act) {
  signedOut = act;
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(`/console/api/${path}`, {
      credentials: "same-origin",
      redirect: "error",
      ...options,
      headers: { "x-actionbox-console": "1", ...options?.headers },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "UNREACHABLE", "The service does not answer. It is asked again when you try again.");
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  if (response.status === 401) signedOut();
  throw new Problem(response.status, body.error_code, body.message ?? `The service answered ${response.status}.`);
}

/** Fetches; `query` without what is empty. */
export function get(path, query, signal) {
  const parts = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(parts).toString();
  return ask(search ? `${path}?${search}` : path, { signal });
}

/** Has something done. */
export function post(path, body) {
  return ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body ?? {}),
  });
}

/** A path, each part of it as one part whatever is in it. */
export const path = (...parts) => parts.map((part) => encodeURIComponent(part)).join("/");
