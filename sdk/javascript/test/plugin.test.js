import assert from "node:assert/strict";
import { test } from "node:test";

import { noAnswer } from "../src/client/refused.js";
import { ActionError, Parameters, plugin } from "../src/index.js";

test("parameters that are no object never reach the plugin", () => {
  const { executeAction } = plugin({
    listActions: () => [],
    describeAction: () => [],
    executeAction: () => assert.fail("the plugin's code ran"),
  });
  for (const bad of [
    "",
    "null",
    "[]",
    '"{}"',
    "1",
    "true",
    "{",
    "{}{}",
    "{} x",
    "\ufeff{}",
    "[".repeat(100_000),
  ]) {
    assert.throws(
      () => executeAction("app", "act", bad),
      ({ payload: { tag, val } }) => tag === "invalid-parameters" && val.length === 1 && !val[0].parameter,
      bad.slice(0, 20),
    );
  }
});

test("what a plugin does crosses as it is", async () => {
  const outcome = { tag: "succeeded", val: { data: "1" } };
  const exported = plugin({
    listActions: async () => [],
    describeAction: (app, actionId) => {
      throw ActionError.unknownAction(app, actionId);
    },
    executeAction: (app, actionId, { text }) => ({ ...outcome, app, actionId, text }),
  });
  assert.deepEqual(await exported.listActions("app"), []);
  const missing = { tag: "unknown-action", val: { app: "app", actionId: "act" } };
  assert.throws(
    () => exported.describeAction("app", "act"),
    ({ payload }) => {
      assert.deepEqual(payload, missing);
      return true;
    },
  );
  const executed = exported.executeAction("app", "act", '{ "n": 12345678901234567890 }');
  assert.deepEqual(executed, {
    ...outcome,
    app: "app",
    actionId: "act",
    text: '{ "n": 12345678901234567890 }',
  });
});

test("blank is as good as missing", () => {
  for (const text of ["{}", '{"a":null}', '{"a":""}', '{"a":" "}']) {
    const parameters = new Parameters(text);
    assert.equal(parameters.optionalString("a"), undefined, text);
    assert.throws(() => parameters.requiredString("a"), /invalid parameters: a: is required/, text);
  }
  assert.throws(() => new Parameters('{"a":1}').optionalString("a"), /a: must be a string/);
  assert.equal(new Parameters('{"a":"é"}').requiredString("a"), "é");
  assert.equal(new Parameters("{}").optionalString("toString"), undefined);
  assert.equal(Parameters.of({ a: 1 }).texts().get("a"), "1");
});

test("only what surely did not run is said not to have run", () => {
  const upstream = (status, code) => ActionError.upstream({ status, code, message: "x" });
  for (const [error, expected] of [
    [ActionError.missing("email"), false],
    [ActionError.throttled(), false],
    [ActionError.denied("x"), false],
    [upstream(409), false],
    [upstream(undefined, "connection-refused"), false],
    [upstream(undefined, "http-response-timeout"), true],
    [upstream(undefined, "SOMETHING"), true],
    [upstream(200), true],
    [upstream(302), true],
    [upstream(503, "connection-refused"), true],
    [upstream(), true],
    [ActionError.other("x"), true],
  ]) {
    assert.equal(error.mayHaveRun, expected, error.message);
  }
});

test("a request without an answer says what is known", () => {
  for (const [code, message] of [
    ["http-request-denied", "denied: the host does not let this request out"],
    [
      "connection-refused",
      "the upstream failed (connection-refused): the request was not sent: connection refused",
    ],
    [
      "http-response-timeout",
      "the upstream failed (http-response-timeout): no usable answer came back (http response timeout); " +
        "whether the request was carried out is unknown",
    ],
  ]) {
    assert.equal(noAnswer(code).message, message);
  }
});

test("every problem is told", () => {
  const problems = [{ parameter: "email", message: "is required" }, { message: "too many keys" }];
  assert.equal(
    ActionError.invalidParameters(problems).message,
    "invalid parameters: email: is required; too many keys",
  );
});
