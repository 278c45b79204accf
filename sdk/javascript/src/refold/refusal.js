// What it means when an endpoint does not answer 2xx.

/** @import { Response } from "../client.js" */
/** @import { Route } from "./route.js" */

import { decode } from "#engine";

import { ActionError } from "../error.js";

const U64_MAX = 2n ** 64n - 1n;

/**
 * Reads an answer that is no success.
 *
 * @param {Route} route
 * @param {Response} response
 */
export function refusal({ operation, app, actionId }, response) {
  const { status } = response;
  const body = textOf(response);
  const { code, message: told, requestId } = envelope(body);
  const said = (told ?? "").toLowerCase();
  const message = told ?? `it answered ${status} without a message`;

  if (status === 429) return ActionError.throttled(retryAfter(response));
  if (
    status === 401 ||
    status === 403 ||
    said.startsWith("application authentication not found") ||
    // The word may be the code, in the message, or in a field of its own.
    /reauth_required/i.test(body)
  ) {
    return ActionError.reauthorizationRequired(message);
  }
  if (status === 404) {
    if (said.startsWith("application app_type")) return ActionError.unknownApp(app);
    if (actionId !== undefined && said.startsWith("action ") && said.includes(" not found")) {
      return ActionError.unknownAction(app, actionId);
    }
  }
  if (status === 400 && code === "VALIDATION_ERROR" && operation === "execute") {
    return ActionError.invalidParameters([{ parameter: quoted(message), message }]);
  }
  return ActionError.upstream({ status, code, message, requestId });
}

/**
 * A gateway in between answers as it likes, in any encoding.
 *
 * @param {Response} response
 */
function textOf({ body }) {
  try {
    return decode(body);
  } catch {
    // Enough to look for a word in it.
    return Array.from(body, (byte) => String.fromCharCode(byte)).join("");
  }
}

/**
 * What the error envelope says, as far as there is one.
 *
 * @param {string} body
 * @returns {{ code?: string, message?: string, requestId?: string }}
 */
function envelope(body) {
  let value;
  try {
    value = JSON.parse(body);
  } catch {
    return {};
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return {
    code: words(value.error_code) ?? words(value.error),
    message: words(value.message),
    requestId: words(value.request_id),
  };
}

/**
 * Reads a string that says something, or a list of them.
 *
 * @param {unknown} value
 */
function words(value) {
  const list = Array.isArray(value) ? value : [value];
  const text = list
    .filter((item) => typeof item === "string")
    .join("; ")
    .trim();
  return text === "" ? undefined : text;
}

/**
 * Reads the seconds to wait, into milliseconds. A date is ignored: the sandbox has no clock that it should be
 * trusted with.
 *
 * @param {Response} response
 */
function retryAfter({ headers }) {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (!/^\d{1,20}$/.test(text)) return undefined;
  const seconds = BigInt(text);
  if (seconds > U64_MAX) return undefined;
  return seconds * 1000n > U64_MAX ? U64_MAX : seconds * 1000n;
}

/**
 * Returns the first name in single quotes, as in `Required parameter 'email' is missing`.
 *
 * @param {string} message
 */
function quoted(message) {
  const name = message.split("'")[1] ?? "";
  return /^[\w.-]+$/.test(name) ? name : undefined;
}
