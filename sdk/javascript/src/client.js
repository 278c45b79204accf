// Sends HTTP requests. The host decides which ones leave, rebuilds them and adds the credentials; a plugin
// names the upstream by its public authority and sets no credential of its own.

import { exchange } from "#exchange";

/**
 * @typedef {object} Request
 * @property {string} method such as `GET`
 * @property {string} url the whole of it, from `https://` on
 * @property {Record<string, string>} [headers]
 * @property {string} [body]
 */

/**
 * @typedef {object} Response
 * @property {number} status
 * @property {Map<string, string>} headers by lower-case name; of a header that comes twice, the first
 * @property {Uint8Array} body
 */

/**
 * Sends a request and reads the whole answer. Nothing is sent twice. The upstream's refusals are answers,
 * not errors: look at the status.
 *
 * @param {Request} request
 * @returns {Response}
 * @throws {import("./error.js").ActionError} when there is no answer: `denied` when the host does not let
 *   the request out, `upstream` with a code of `wasi:http` when it was not sent or its answer was lost,
 *   `other` when it cannot be sent as it is. `mayHaveRun` tells whether it may have been carried out.
 */
export function send(request) {
  return exchange(request);
}
