// What the endpoints answer, read into the contract's types. Pure: no request is made here.

/** @import { Action, Outcome, Parameter, ParameterKind } from "actionbox:plugin/types@0.1.0" */
/** @import { Response } from "../client.js" */
/** @import { Route } from "./route.js" */

import { decode } from "#engine";

import { ActionError } from "../error.js";
import { members } from "../json.js";
import { failed, succeeded } from "../outcome.js";
import { refusal } from "./refusal.js";

const KINDS = new Set(["text", "email", "number", "textarea", "url", "json"]);

/**
 * Reads the answer to a list request.
 *
 * @param {Route} route
 * @param {Response} response
 * @returns {Action[]}
 */
export function actions(route, response) {
  return read(route, response, "a list of actions", (text) =>
    objects(JSON.parse(text)).map((listed) => {
      const id = required(listed, "action_id");
      const { name = id, description = "", tag } = optional(listed, "name", "description", "tag");
      return { id, name, description, tag };
    }),
  );
}

/**
 * Reads the answer to a describe request.
 *
 * @param {Route} route
 * @param {Response} response
 * @returns {Parameter[]}
 */
export function parameters(route, response) {
  return read(route, response, "a list of parameters", (text) =>
    objects(JSON.parse(text)).map((described) => {
      const name = required(described, "name");
      const { label = name, type = "text" } = optional(described, "label", "type");
      const needed = described.required ?? false;
      if (typeof needed !== "boolean") throw new TypeError("required is no boolean");
      return { name, label, required: needed, kind: kind(type) };
    }),
  );
}

/**
 * Reads the answer to an execute request. The status 200 says nothing about the action: only `Success`,
 * exactly so, is a success.
 *
 * @param {Route} route
 * @param {Response} response
 * @returns {Outcome}
 */
export function outcome(route, response) {
  return read(route, response, "the outcome of an action", (text) => {
    const nodeStatus = required(object(JSON.parse(text)), "node_status");
    const parts = members(text);
    const texts = new Map(parts);
    // Of two words for how it ended, none is to be believed.
    if (texts.size < parts.length) throw new TypeError("a name occurs twice");
    const data = texts.get("data") ?? "null";
    const httpStatus = status(texts.get("http_status"));
    return nodeStatus === "Success" ? succeeded(data, httpStatus) : failed(nodeStatus, data, httpStatus);
  });
}

/**
 * Reads the connected app's status, a number or text, which nothing depends on: what is no status is left
 * out.
 *
 * @param {string} [text]
 */
function status(text) {
  const [, digits] = /^("?)0*(\d{1,5})\1$/.exec(text ?? "")?.slice(1) ?? [];
  const value = Number(digits);
  return value <= 0xffff ? value : undefined;
}

/**
 * @param {string} word
 * @returns {ParameterKind}
 */
function kind(word) {
  return /** @type {ParameterKind} */ (KINDS.has(word) ? { tag: word } : { tag: "other", val: word });
}

/**
 * @template T
 * @param {Route} route
 * @param {Response} response
 * @param {string} what is expected
 * @param {(text: string) => T} parse
 */
function read(route, response, what, parse) {
  const { status, body } = response;
  if (status < 200 || status > 299) throw refusal(route, response);
  try {
    return parse(decode(body));
  } catch (error) {
    const got =
      body.length === 0 ? "nothing" : `something else: ${error instanceof Error ? error.message : error}`;
    throw ActionError.upstream({ status, message: `expected ${what} and got ${got}` });
  }
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function object(value) {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return /** @type {Record<string, unknown>} */ (value);
  }
  throw new TypeError("it is no object");
}

/** @param {unknown} value */
function objects(value) {
  if (Array.isArray(value)) return value.map(object);
  throw new TypeError("it is no array");
}

/**
 * @param {Record<string, unknown>} from
 * @param {string} name
 */
function required(from, name) {
  const value = from[name];
  if (typeof value !== "string") throw new TypeError(`${name} is no string`);
  return value;
}

/**
 * @template {string} Name
 * @param {Record<string, unknown>} from
 * @param {Name[]} names
 * @returns {{ [name in Name]?: string }}
 */
function optional(from, ...names) {
  const given = names.filter((name) => from[name] !== undefined && from[name] !== null);
  return /** @type {any} */ (Object.fromEntries(given.map((name) => [name, required(from, name)])));
}
