import assert from "node:assert/strict";
import { test } from "node:test";

import { ActionError, failed, type Outcome, Parameters, succeeded } from "actionbox-guest";

import { readContact } from "../src/contact";
import { upsert } from "../src/upsert";

const ADA = '{"email":"ada@example.com","first_name":"Ada"}';
const CONTACT = '{"id":"51","properties":{"email":"Ada@Example.com"}}';
const SEARCH =
  'search_contacts {"propertyName":"email","operator":"EQ","value":"ada@example.com","limit":"10"}';

/** Runs the steps against scripted answers, and returns the actions that were executed beside the end. */
function run(input: string, ...answers: (Outcome | ActionError)[]) {
  const calls: string[] = [];
  let end: Outcome | ActionError;
  try {
    end = upsert(readContact(new Parameters(input)), (actionId, parameters) => {
      calls.push(`${actionId} ${parameters.text}`);
      const answer = answers.shift();
      assert(answer, `a further step: ${calls.at(-1)}`);
      if (answer instanceof ActionError) throw answer;
      return answer;
    });
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
    end = error;
  }
  assert.equal(answers.length, 0, "a step was left out");
  return { end, calls };
}

const found = (...contacts: string[]) => succeeded(`{"results":[${contacts.join(",")}],"paging":{}}`);
const upstream = (message: string, status?: number, code?: string) =>
  ActionError.upstream({ message, status, code });

test("a contact that is there is updated", () => {
  const { end, calls } = run(ADA, found(CONTACT), succeeded(CONTACT, 200));
  assert.deepEqual(end, succeeded(`{"result":"updated","contact":${CONTACT}}`, 200));
  assert.deepEqual(calls, [SEARCH, 'update_contact {"firstname":"Ada","contact_id":"51"}']);
});

test("a contact that is not there is created", () => {
  const { end, calls } = run(ADA, found(), succeeded(CONTACT));
  assert.deepEqual(end, succeeded(`{"result":"created","contact":${CONTACT}}`));
  assert.deepEqual(calls, [SEARCH, 'create_contact {"firstname":"Ada","email":"ada@example.com"}']);
});

test("nothing to change is not written", () => {
  const { end, calls } = run('{"email":"ada@example.com"}', found(CONTACT));
  assert.deepEqual(end, succeeded(`{"result":"unchanged","contact":${CONTACT}}`));
  assert.deepEqual(calls, [SEARCH]);
});

test("nobody else is written to", () => {
  const other = '{"id":7,"properties":{"email":"ada@example.com.evil"}}';
  const { calls: created } = run(ADA, found(other, '{"id":8}'), succeeded(CONTACT));
  assert.match(created[1] ?? "", /^create_contact /);
  const { calls: updated } = run(ADA, found(other, CONTACT), succeeded(CONTACT));
  assert.equal(updated[1], 'update_contact {"firstname":"Ada","contact_id":"51"}');
  // U+212A lower-cases to k.
  const { calls: kelvin } = run(
    '{"email":"k@a.b","phone":"1"}',
    found(CONTACT.replace("Ada@Example.com", "\u212a@a.b")),
    found(),
  );
  assert.match(kelvin[1] ?? "", /^create_contact /);
  const { end } = run(ADA, found(CONTACT, CONTACT));
  assert(end instanceof ActionError && end.payload.tag === "invalid-parameters");
});

test("no number loses digits", () => {
  const contact = '{"id":12345678901234567890,"properties":{"email":"ada@example.com","n":1.00}}';
  const { calls } = run(ADA, found(contact), succeeded("{}"));
  assert.equal(calls[1], 'update_contact {"firstname":"Ada","contact_id":"12345678901234567890"}');
  const { end } = run('{"email":"ada@example.com"}', found(contact));
  assert.deepEqual(end, succeeded(`{"result":"unchanged","contact":${contact}}`));
});

test("a search that fails is not taken for nobody", () => {
  assert.deepEqual(run(ADA, failed("Failed", '"no"')).end, failed("Failed", '"no"'));
  assert.deepEqual(run(ADA, upstream("no answer")).end, upstream("nothing was written: no answer"));
  for (const odd of [
    "{}",
    "[]",
    "null",
    '{"results":{}}',
    '{"results":[{"properties":{"email":"ada@example.com"}}]}',
  ]) {
    const { end, calls } = run(ADA, succeeded(odd));
    assert(end instanceof ActionError && end.payload.tag === "upstream", odd);
    assert.match(end.payload.val.message, /^nothing was written/, odd);
    assert.equal(calls.length, 1, odd);
  }
});

test("a duplicate that came in between is passed on", () => {
  const exists = failed("Errored", '"Contact already exists"', 409);
  assert.deepEqual(run(ADA, found(), exists).end, exists);
});

test("a lost answer to a write is said to be unknown, and not repeated", () => {
  for (const error of [
    upstream("timeout"),
    upstream("down", 503),
    upstream("garbled", 200),
    ActionError.other("odd"),
  ]) {
    for (const searched of [found(), found(CONTACT)]) {
      const { end, calls } = run(ADA, searched, error);
      assert(end instanceof ActionError);
      assert.match(end.message, /it is unknown whether the contact ada@example.com was (created|updated)/);
      assert(end.message.includes(error.payload.tag === "upstream" ? error.payload.val.message : "odd"));
      assert.equal(calls.length, 2);
    }
  }
});

test("a write that surely did not happen is not called unknown", () => {
  for (const error of [
    ActionError.throttled(),
    ActionError.denied("no"),
    upstream("refused", undefined, "connection-refused"),
    upstream("conflict", 409),
  ]) {
    assert.equal(run(ADA, found(), error).end, error);
  }
});
