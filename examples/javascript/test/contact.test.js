import assert from "node:assert/strict";
import { test } from "node:test";

import { ActionError, Parameters } from "actionbox-guest";

import { parameters, readContact } from "../src/contact.js";

/** @param {string} text */
const read = (text) => readContact(new Parameters(text));

/** @param {string} text */
function problems(text) {
  try {
    read(text);
  } catch (error) {
    assert(error instanceof ActionError && error.payload.tag === "invalid-parameters", text);
    return error.payload.val.map(({ parameter, message }) => [parameter, message]);
  }
  assert.fail(`it was accepted: ${text}`);
}

test("each field gets the upstream's name", () => {
  const contact = read(
    `{"email":" ada@example.com ","first_name":"Ada","job_title":"Countess","owner_id":7,"phone":"","company":null,
      "additional_fields":"{\\"lifecyclestage\\":\\"lead\\"}"}`,
  );
  assert.equal(contact.email, "ada@example.com");
  assert.deepEqual(Object.fromEntries(contact.fields), {
    firstname: '"Ada"',
    jobtitle: '"Countess"',
    hubspot_owner_id: '"7"',
    additional_fields: '{"lifecyclestage":"lead"}',
  });
});

test("no number loses digits", () => {
  const digits = "12345678901234567890";
  const { fields } = read(`{"email":"a@b.c","owner_id":${digits},"additional_fields":{"n":${digits}}}`);
  assert.equal(fields.get("hubspot_owner_id"), `"${digits}"`);
  assert.equal(fields.get("additional_fields"), `{"n":${digits}}`);
});

test("an implausible address is refused", () => {
  const long = `${"é".repeat(125)}@example.com`;
  for (const bad of [
    "ada",
    "@example.com",
    "ada@",
    "ada@example",
    "ada@.com",
    "ada@example.",
    "a b@example.com",
    "a@b@c.com",
    "\\ud800@example.com",
    long,
  ]) {
    assert.deepEqual(
      problems(`{"email":"${bad}"}`),
      [["email", "must be an e-mail address, such as ada@example.com"]],
      bad,
    );
  }
  for (const missing of ["{}", '{"email":null}', '{"email":" "}']) {
    assert.deepEqual(problems(missing), [["email", "is required"]], missing);
  }
  assert.deepEqual(problems('{"email":1}'), [["email", "must be a string"]]);
});

test("every problem is named", () => {
  const found = problems('{"firstname":"Ada","nickname":"A","phone":{},"additional_fields":"[]"}');
  assert.deepEqual(found, [
    ["email", "is required"],
    ["additional_fields", "must be a JSON object"],
    ["firstname", "is not known; it is called first_name here"],
    ["nickname", "is not known; properties of your own go into additional_fields"],
    ["phone", "must be a string"],
  ]);
});

test("additional fields cannot change what was searched for", () => {
  for (const name of ["email", "contact_id", "firstname"]) {
    assert.deepEqual(problems(`{"email":"a@b.c","additional_fields":{"${name}":"x"}}`), [
      ["additional_fields", `must not set "${name}", which upsert_contact sets itself`],
    ]);
  }
});

test("every parameter that is read is described", () => {
  for (const { name } of parameters()) {
    read(name === "email" ? '{"email":"a@b.c"}' : `{"email":"a@b.c","${name}":null}`);
  }
});
