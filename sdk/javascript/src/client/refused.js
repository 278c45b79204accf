// Why a request has no answer, as errors.

import { ActionError } from "../error.js";
import { DENIED, isNotSent } from "./code.js";

/**
 * The request has no answer.
 *
 * @param {string} code of wasi:http, in lower case
 */
export function noAnswer(code) {
  if (code === DENIED) return ActionError.denied("the host does not let this request out");
  const words = code.replaceAll("-", " ");
  const message = isNotSent(code)
    ? `the request was not sent: ${words}`
    : `no usable answer came back (${words}); whether the request was carried out is unknown`;
  return ActionError.upstream({ code, message });
}

/**
 * The request cannot be sent as it is.
 *
 * @param {string} reason
 */
export function invalidRequest(reason) {
  return ActionError.other(`the request cannot be sent: ${reason}`);
}
