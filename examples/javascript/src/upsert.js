// The steps of `upsert_contact`: search → update what was found, or create it.
//
// Nothing is repeated: there is no idempotency key, so a write whose answer was lost may have happened.

/** @import { Json, Outcome } from "actionbox-guest" */
/** @import { Contact } from "./contact.js" */

import { ActionError, json, Parameters, succeeded } from "actionbox-guest";

/**
 * Executes one of the upstream's actions. A parameter, so that the steps can be tested without one.
 *
 * @typedef {(actionId: string, parameters: Parameters) => Outcome} Execute
 */

/**
 * Updates the contact with this address, or creates it.
 *
 * What fails in the connected app is passed on as it is. One such case is a contact that somebody else
 * creates between our search and our create: the app refuses the duplicate, and the caller may try again.
 *
 * @param {Contact} contact
 * @param {Execute} execute
 * @returns {Outcome}
 */
export function upsert({ email, fields }, execute) {
  const searched = attempt(() => execute("search_contacts", search(email)), nothingWritten);
  if (searched.tag === "failed") return searched;
  const found = pick(email, searched.val.data);
  if (found && fields.size === 0) return succeeded(report("unchanged", found.contact));

  const [result, actionId, key, value] = found
    ? ["updated", "update_contact", "contact_id", found.id]
    : ["created", "create_contact", "email", email];
  const parameters = new Parameters(json.object([...fields, [key, JSON.stringify(value)]]));
  const written = attempt(
    () => execute(actionId, parameters),
    (error) => lost(result, email, error),
  );
  if (written.tag === "failed") return written;
  return succeeded(report(result, written.val.data), written.val.httpStatus);
}

/** @param {string} email */
function search(email) {
  // Two would do, to see that there is more than one; some more, should the search be a lenient one.
  return Parameters.of({ propertyName: "email", operator: "EQ", value: email, limit: "10" });
}

/**
 * Picks the contact that has the address. What the search found beside it is not to be written to.
 *
 * @param {string} email
 * @param {Json} data
 */
function pick(email, data) {
  const found = JSON.parse(data);
  const results = isObject(found) ? found.results : undefined;
  if (!Array.isArray(results)) throw unreadable("without a list of results");

  const matching = results.flatMap((contact, index) => (hasAddress(contact, email) ? [index] : []));
  if (matching.length === 0) return undefined;
  if (matching.length > 1) {
    throw ActionError.invalid(
      "email",
      "more than one contact has this address; update the right one by its id",
    );
  }
  const list = new Map(json.members(data)).get("results") ?? "[]";
  const contact = json.elements(list)[matching[0] ?? 0] ?? "{}";
  return { id: idOf(contact), contact };
}

/**
 * @param {unknown} contact
 * @param {string} email
 */
function hasAddress(contact, email) {
  const properties = isObject(contact) ? contact.properties : undefined;
  const other = isObject(properties) ? properties.email : undefined;
  return typeof other === "string" && asciiLower(other.trim()) === asciiLower(email);
}

/**
 * Of the text, since a number may have more digits than its value.
 *
 * @param {Json} contact
 * @returns {string}
 */
function idOf(contact) {
  const text = new Map(json.members(contact)).get("id") ?? "null";
  const id = JSON.parse(text);
  if (typeof id === "number") return text;
  if (typeof id === "string" && id !== "") return id;
  throw unreadable("a contact without an id");
}

/**
 * Other letters have foldings that make different addresses equal.
 *
 * @param {string} text
 */
function asciiLower(text) {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {string} result
 * @param {Json} contact
 */
function report(result, contact) {
  return json.object([
    ["result", JSON.stringify(result)],
    ["contact", contact],
  ]);
}

/** @param {string} what */
function unreadable(what) {
  return nothingWritten(ActionError.upstream({ status: 200, message: `search_contacts answered ${what}` }));
}

/**
 * Makes a call, and of its error the one that the caller is to see.
 *
 * @template T
 * @param {() => T} call
 * @param {(error: ActionError) => ActionError} explain
 */
function attempt(call, explain) {
  try {
    return call();
  } catch (error) {
    throw error instanceof ActionError ? explain(error) : error;
  }
}

/**
 * Says so where a failed search could be taken for a failed write.
 *
 * @param {ActionError} error
 */
function nothingWritten(error) {
  const { payload } = error;
  if (payload.tag !== "upstream") return error;
  return ActionError.upstream({ ...payload.val, message: `nothing was written: ${payload.val.message}` });
}

/**
 * Says honestly what is known when a write gave no answer.
 *
 * @param {string} result
 * @param {string} email
 * @param {ActionError} error
 */
function lost(result, email, error) {
  if (!error.mayHaveRun) return error;
  const advice = `it is unknown whether the contact ${email} was ${result}: look before trying again`;
  const { payload } = error;
  if (payload.tag !== "upstream") return ActionError.other(`${advice} (${error.message})`);
  return ActionError.upstream({ ...payload.val, message: `${advice} (${payload.val.message})` });
}
