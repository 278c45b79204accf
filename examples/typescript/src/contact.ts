// The input of `upsert_contact`: what it may hold, and what the upstream calls it.

import { ActionError, type Json, type Parameter, type Parameters, type Problem } from "actionbox-guest";

/** A contact as the caller wants it to be. */
export interface Contact {
  /** What it is found by. */
  email: string;
  /** What is to be set, by the upstream's names, as JSON. Without the address. */
  fields: Map<string, Json>;
}

const EMAIL = "email";
const MORE = "additional_fields";

/** The optional parameters: our name, the upstream's, the label. */
const FIELDS = [
  { name: "first_name", theirs: "firstname", label: "First name" },
  { name: "last_name", theirs: "lastname", label: "Last name" },
  { name: "phone", theirs: "phone", label: "Phone" },
  { name: "company", theirs: "company", label: "Company" },
  { name: "website", theirs: "website", label: "Website" },
  { name: "job_title", theirs: "jobtitle", label: "Job title" },
  { name: "owner_id", theirs: "hubspot_owner_id", label: "Owner ID" },
];

/** Describes the parameters of `upsert_contact`. */
export function parameters(): Parameter[] {
  return [
    { name: EMAIL, label: "E-mail", required: true, kind: { tag: "email" } },
    ...FIELDS.map(({ name, label }): Parameter => ({ name, label, required: false, kind: { tag: "text" } })),
    { name: MORE, label: "Additional fields", required: false, kind: { tag: "json" } },
  ];
}

/** Reads a contact, and lists every problem there is, not only the first. */
export function readContact(given: Parameters): Contact {
  const problems: Problem[] = [];
  const fields = new Map<string, Json>();
  const check = <T>(parameter: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      problems.push({ parameter, message: error.message });
      return undefined;
    }
  };

  const address = check(EMAIL, () => email(given.values[EMAIL]));
  for (const [name, value] of [...given.texts()].sort(byName)) {
    if (name === EMAIL) continue;
    const theirs = name === MORE ? MORE : FIELDS.find((field) => field.name === name)?.theirs;
    const read = check(name, () => {
      if (theirs === undefined) throw unknown(name);
      return name === MORE ? additional(value) : text(value);
    });
    if (theirs !== undefined && read !== undefined) fields.set(theirs, read);
  }
  if (address === undefined || problems.length > 0) throw ActionError.invalidParameters(problems);
  return { email: address, fields };
}

/** What is wrong with one parameter. */
class Misfit extends Error {}

const byName = ([a]: [string, Json], [b]: [string, Json]) => (a < b ? -1 : 1);

/** Plausible, not proven: only the mail server knows. */
function email(value: unknown): string {
  if (value === undefined || value === null) throw new Misfit("is required");
  if (typeof value !== "string") throw new Misfit("must be a string");
  const address = value.trim();
  if (address === "") throw new Misfit("is required");
  const [name, domain, ...rest] = address.split("@");
  const labels = domain?.split(".") ?? [];
  const plausible =
    !/[\s\p{Cc}\p{Cs}]/u.test(address) &&
    new TextEncoder().encode(address).length <= 254 &&
    name !== "" &&
    rest.length === 0 &&
    labels.length > 1 &&
    !labels.includes("");
  if (!plausible) throw new Misfit("must be an e-mail address, such as ada@example.com");
  return address;
}

/** The upstream takes numbers as text. Nothing given means that nothing is to be set. */
function text(given: Json): Json | undefined {
  const value: unknown = JSON.parse(given);
  if (value === null || value === "") return undefined;
  if (typeof value === "string") return given;
  // Its text, not its value, which may have lost digits.
  if (typeof value === "number") return JSON.stringify(given);
  throw new Misfit("must be a string");
}

/** Reads further properties, given as an object or as text that holds one. */
function additional(given: Json): Json | undefined {
  const value: unknown = JSON.parse(given);
  if (value === null || value === "") return undefined;
  const more = typeof value === "string" ? value : given;
  const names = namesOf(more);
  const taken = names.find(isTaken);
  if (taken !== undefined) throw new Misfit(`must not set "${taken}", which upsert_contact sets itself`);
  return names.length > 0 ? more.trim() : undefined;
}

function namesOf(text: Json): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON is not an object either.
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return Object.keys(value);
  throw new Misfit("must be a JSON object");
}

/** What a parameter sets cannot be set a second way: it could change the address that was searched for. */
function isTaken(name: string): boolean {
  return name === EMAIL || name === "contact_id" || FIELDS.some(({ theirs }) => theirs === name);
}

function unknown(name: string): Misfit {
  const field = FIELDS.find(({ theirs }) => theirs === name);
  return new Misfit(
    field
      ? `is not known; it is called ${field.name} here`
      : `is not known; properties of your own go into ${MORE}`,
  );
}
