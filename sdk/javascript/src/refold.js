// A client for Refold's action API: its three endpoints, and all that they answer.
//
// It knows no credential: the host adds it. It retries nothing: the host repeats what is safe to repeat.

/** @import { Action, Outcome, Parameter } from "actionbox:plugin/types@0.1.0" */

import { send } from "./client.js";
import { Parameters } from "./parameters.js";
import * as answer from "./refold/answer.js";
import { describe, execute, list, request } from "./refold/route.js";

/**
 * Lists the actions of an app. The upstream does not tell effects, so none is claimed.
 *
 * @param {string} app
 * @returns {Action[]}
 * @throws {import("./error.js").ActionError}
 */
export function listActions(app) {
  const route = list(app);
  return answer.actions(route, send(request(route)));
}

/**
 * Describes the parameters of an action.
 *
 * @param {string} app
 * @param {string} actionId
 * @returns {Parameter[]}
 * @throws {import("./error.js").ActionError}
 */
export function describeAction(app, actionId) {
  const route = describe(app, actionId);
  return answer.parameters(route, send(request(route)));
}

/**
 * Executes an action.
 *
 * @param {string} app
 * @param {string} actionId
 * @param {Parameters | Record<string, unknown>} parameters
 * @returns {Outcome}
 * @throws {import("./error.js").ActionError} whose `mayHaveRun` tells whether the action may have run all
 *   the same
 */
export function executeAction(app, actionId, parameters) {
  const { text } = parameters instanceof Parameters ? parameters : Parameters.of(parameters);
  const route = execute(app, actionId);
  return answer.outcome(route, send(request(route, text)));
}
