// Makes a plugin of three functions.

/** @import { Action, Json, Outcome, Parameter } from "actionbox:plugin/types@0.1.0" */

import { crashed, settled } from "#engine";

import { ActionError } from "./error.js";
import { Parameters } from "./parameters.js";

/**
 * A plugin: lists, describes and executes the actions of connected apps. Each throws an `ActionError` where
 * there is no result.
 *
 * Each call may run in a fresh instance: a plugin keeps no state between calls.
 *
 * @typedef {object} Plugin
 * @property {(app: string) => Result<Action[]>} listActions
 *   Lists the actions of an app.
 * @property {(app: string, actionId: string) => Result<Parameter[]>} describeAction
 *   Describes the parameters of an action, in the order in which a form would show them.
 * @property {(app: string, actionId: string, parameters: Parameters) => Result<Outcome>} executeAction
 *   Executes an action. Parameters that are no JSON object never get here.
 */

/**
 * What a function of a plugin returns. Only StarlingMonkey waits for promises, QuickJS does not.
 *
 * @template T
 * @typedef {T | Promise<T>} Result
 */

/**
 * Makes what the component exports as `actions`:
 *
 *     export const actions = plugin({ listActions, describeAction, executeAction });
 *
 * @param {Plugin} implementation
 */
export function plugin(implementation) {
  return {
    /** @param {string} app */
    listActions: (app) => call(() => implementation.listActions(app)),
    /**
     * @param {string} app
     * @param {string} actionId
     */
    describeAction: (app, actionId) => call(() => implementation.describeAction(app, actionId)),
    /**
     * @param {string} app
     * @param {string} actionId
     * @param {Json} parameters
     */
    executeAction: (app, actionId, parameters) =>
      call(() => {
        const returned = implementation.executeAction(app, actionId, new Parameters(parameters));
        return returned instanceof Promise ? returned.then(outcome) : outcome(returned);
      }),
  };
}

/**
 * Checks what the engines would end the call for without a word.
 *
 * @param {Outcome} returned
 */
function outcome(returned) {
  const { tag, val } = /** @type {any} */ (returned ?? {});
  if (tag !== "succeeded" && tag !== "failed") {
    throw new TypeError(`executeAction returned ${named(returned)}: return succeeded(…) or failed(…)`);
  }
  if (typeof val.data !== "string") {
    throw new TypeError(`the data of an outcome is JSON text, not ${named(val.data)}: use JSON.stringify`);
  }
  return returned;
}

/** @param {unknown} value */
function named(value) {
  return value instanceof Object ? `an object of ${value.constructor?.name}` : `${value}`;
}

/**
 * @template T
 * @param {() => Result<T>} operation
 * @returns {Result<T>}
 */
function call(operation) {
  try {
    return settled(operation());
  } catch (error) {
    // A mistake of the plugin's own ends the call in a trap, which says nothing about it.
    if (!(error instanceof ActionError)) crashed(error);
    throw error;
  }
}
