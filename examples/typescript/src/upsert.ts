// The steps of `upsert_contact`: search → update what was found, or create it.
//
// Nothing is repeated: there is no idempotency key, so a write whose answer was lost may have happened.

import { ActionError, type Json, json, type Outcome, Parameters, succeeded } from "actionbox-guest";

import type { Contact } from "./contact";

/** Executes one of the upstream's actions. A parameter, so that the steps can be tested without one. */
export type Execute = (actionId: string, parameters: Parameters) => Outcome;

/**
 * Updates the contact with this address, or creates it.
 *
 * What fails in the connected app is passed on as it is. One such case is a contact that somebody else
 * creates between our search and our create: the app refuses the duplicate, and the caller may try again.
 */
export function upsert({ email, fields }: Contact, execute: Execute): Outcome {
  const searched = attempt(() => execute("search_contacts", search(email)), nothingWritten);
  if (searched.tag === "failed") return searched;
  const found = pick(email, searched.val.data);
  if (found && fields.size === 0) return succeeded(report("unchanged", found.contact));

  const [result, actionId, key, value] = found
    ? (["updated", "update_contact", "contact_id", found.id] as const)
    : (["created", "create_contact", "email", email] as const);
  const parameters = new Parameters(json.object([...fields, [key, JSON.stringify(value)]]));
  const written = attempt(
    () => execute(actionId, parameters),
    (error) => lost(result, email, error),
  );
  if (written.tag === "failed") return written;
  return succeeded(report(result, written.val.data), written.val.httpStatus);
}

/** A contact that is there already. */
interface Found {
  id: string;
  contact: Json;
}

function search(email: string): Parameters {
  // Two would do, to see that there is more than one; some more, should the search be a lenient one.
  return Parameters.of({ propertyName: "email", operator: "EQ", value: email, limit: "10" });
}

/** Picks the contact that has the address. What the search found beside it is not to be written to. */
function pick(email: string, data: Json): Found | undefined {
  const found: unknown = JSON.parse(data);
  const results = isObject(found) ? found.results : undefined;
  if (!Array.isArray(results)) throw unreadable("without a list of results");

  const matching = results.flatMap((contact: unknown, index) => (hasAddress(contact, email) ? [index] : []));
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

function hasAddress(contact: unknown, email: string): boolean {
  const properties = isObject(contact) ? contact.properties : undefined;
  const other = isObject(properties) ? properties.email : undefined;
  return typeof other === "string" && asciiLower(other.trim()) === asciiLower(email);
}

/** Of the text, since a number may have more digits than its value. */
function idOf(contact: Json): string {
  const text = new Map(json.members(contact)).get("id") ?? "null";
  const id: unknown = JSON.parse(text);
  if (typeof id === "number") return text;
  if (typeof id === "string" && id !== "") return id;
  throw unreadable("a contact without an id");
}

/** Other letters have foldings that make different addresses equal. */
function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function report(result: "created" | "updated" | "unchanged", contact: Json): Json {
  return json.object([
    ["result", JSON.stringify(result)],
    ["contact", contact],
  ]);
}

function unreadable(what: string): ActionError {
  return nothingWritten(ActionError.upstream({ status: 200, message: `search_contacts answered ${what}` }));
}

/** Makes a call, and of its error the one that the caller is to see. */
function attempt<T>(call: () => T, explain: (error: ActionError) => ActionError): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof ActionError ? explain(error) : error;
  }
}

/** Says so where a failed search could be taken for a failed write. */
function nothingWritten(error: ActionError): ActionError {
  const { payload } = error;
  if (payload.tag !== "upstream") return error;
  return ActionError.upstream({ ...payload.val, message: `nothing was written: ${payload.val.message}` });
}

/** Says honestly what is known when a write gave no answer. */
function lost(result: "created" | "updated", email: string, error: ActionError): ActionError {
  if (!error.mayHaveRun) return error;
  const advice = `it is unknown whether the contact ${email} was ${result}: look before trying again`;
  const { payload } = error;
  if (payload.tag !== "upstream") return ActionError.other(`${advice} (${error.message})`);
  return ActionError.upstream({ ...payload.val, message: `${advice} (${payload.val.message})` });
}
