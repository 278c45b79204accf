// What an action is executed with: one JSON object.

/** @import { Json } from "actionbox:plugin/types@0.1.0" */

import { ActionError } from "./error.js";
import { members } from "./json.js";

/**
 * The parameters of an action: one JSON object, a key per parameter. Values are mostly strings, even where
 * they mean numbers.
 */
export class Parameters {
  /** @param {Json} text */
  constructor(text) {
    /** The text as it came. */
    this.text = text;
    /**
     * The values, parsed: a number beyond 2^53 loses digits here.
     *
     * @type {Readonly<Record<string, unknown>>}
     */
    this.values = parse(text);
  }

  /**
   * Makes parameters from values.
   *
   * @param {Record<string, unknown>} values
   */
  static of(values) {
    return new Parameters(JSON.stringify(values));
  }

  /**
   * The values as texts, without loss, by name. The last one counts where a name is given twice.
   *
   * @returns {Map<string, Json>}
   */
  texts() {
    return new Map(members(this.text));
  }

  /**
   * Returns the text of a parameter that must be there.
   *
   * @param {string} name
   * @throws {ActionError} `invalid-parameters` when it is missing, null, blank or no string
   */
  requiredString(name) {
    const text = this.optionalString(name);
    if (text === undefined) throw ActionError.missing(name);
    return text;
  }

  /**
   * Returns the text of a parameter, or `undefined` when it is missing, null or blank.
   *
   * @param {string} name
   * @throws {ActionError} `invalid-parameters` when it is no string
   */
  optionalString(name) {
    const value = Object.hasOwn(this.values, name) ? this.values[name] : undefined;
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "string") throw ActionError.invalid(name, "must be a string");
    return value.trim() === "" ? undefined : value;
  }
}

/**
 * @param {Json} text
 * @returns {Record<string, unknown>}
 */
function parse(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refused(`must be one JSON object: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  const what = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
  throw refused(`must be one JSON object, not ${what}`);
}

/** @param {string} message */
function refused(message) {
  return ActionError.invalidParameters([{ message }]);
}
