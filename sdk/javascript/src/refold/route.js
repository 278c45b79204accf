// The three endpoints, and the requests for them.

/** @import { Request } from "../client.js" */

import { ActionError } from "../error.js";

/** How plugins name the upstream. Where it really is, only the host knows. */
const BASE = "https://app.refold.ai/api/v2/integration-schema";

/**
 * One endpoint of the upstream.
 *
 * @typedef {{ operation: "list" | "describe" | "execute", app: string, actionId?: string }} Route
 */

/**
 * @param {string} app
 * @returns {Route}
 */
export const list = (app) => ({ operation: "list", app });

/**
 * @param {string} app
 * @param {string} actionId
 * @returns {Route}
 */
export const describe = (app, actionId) => ({ operation: "describe", app, actionId });

/**
 * @param {string} app
 * @param {string} actionId
 * @returns {Route}
 */
export const execute = (app, actionId) => ({ operation: "execute", app, actionId });

/**
 * Builds the request for an endpoint.
 *
 * @param {Route} route
 * @param {string} [body]
 * @returns {Request}
 */
export function request({ operation, app, actionId }, body) {
  const accept = "application/json";
  let url = `${BASE}/${segment(app, () => ActionError.unknownApp(app))}/actions`;
  if (actionId !== undefined) url += `/${segment(actionId, () => ActionError.unknownAction(app, actionId))}`;
  if (operation !== "execute") return { method: "GET", url, headers: { accept } };
  return { method: "POST", url: `${url}/execute`, headers: { accept, "content-type": accept }, body };
}

/**
 * Escapes one segment of a path, all but what RFC 3986 lets stand there. No segment can be nothing, or dots
 * that would climb.
 *
 * @param {string} text
 * @param {() => ActionError} unknown
 */
function segment(text, unknown) {
  if (/^\.*$/.test(text)) throw unknown();
  const hex = (/** @type {string} */ c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, hex);
}
