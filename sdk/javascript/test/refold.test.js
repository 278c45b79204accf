import assert from "node:assert/strict";
import { test } from "node:test";

import { ActionError, failed, refold, succeeded } from "../src/index.js";
import { actions, outcome, parameters } from "../src/refold/answer.js";
import { describe, execute, list, request } from "../src/refold/route.js";

const LIST = list("hubspot");
const DESCRIBE = describe("hubspot", "get_x");
const EXECUTE = execute("hubspot", "get_x");

/** An answer with a body of text, of bytes, or of JSON. */
function answer(status, body, headers = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const bytes = body instanceof Uint8Array ? body : new TextEncoder().encode(text);
  return { status, body: bytes, headers: new Map(Object.entries(headers)) };
}

const envelope = (status, error_code, message) =>
  answer(status, { status_code: status, http_error_type: "X", error_code, message, request_id: "r1" });

/** What an operation throws across the wall. */
function payload(operation) {
  try {
    operation();
  } catch (error) {
    if (error instanceof ActionError) return error.payload;
    throw error;
  }
  assert.fail("no error");
}

const refusal = (route, response) =>
  payload(() =>
    ({ list: actions, describe: parameters, execute: outcome })[route.operation](route, response),
  );

const everywhere = [LIST, DESCRIBE, EXECUTE];

test("each endpoint has its request", () => {
  const base = "https://app.refold.ai/api/v2/integration-schema/hubspot/actions";
  assert.deepEqual(request(LIST), { method: "GET", url: base, headers: { accept: "application/json" } });
  assert.equal(request(DESCRIBE).url, `${base}/get_x`);
  assert.deepEqual(request(EXECUTE, "{}"), {
    method: "POST",
    url: `${base}/get_x/execute`,
    headers: { accept: "application/json", "content-type": "application/json" },
    body: "{}",
  });
});

test("a name stays within its segment", () => {
  for (const [name, escaped] of [
    ["a/b", "a%2Fb"],
    ["a?b#c", "a%3Fb%23c"],
    ["../x", "..%2Fx"],
    ["a\\b", "a%5Cb"],
    ["%2e", "%252e"],
    ["é ☃", "%C3%A9%20%E2%98%83"],
    ["a\r\nb", "a%0D%0Ab"],
    ["!'()*~-_.", "%21%27%28%29%2A~-_."],
  ]) {
    assert.equal(
      request(list(name)).url,
      `https://app.refold.ai/api/v2/integration-schema/${escaped}/actions`,
    );
  }
  for (const name of ["", ".", "..", "..."]) {
    assert.deepEqual(
      payload(() => request(list(name))),
      { tag: "unknown-app", val: name },
    );
    const missing = { tag: "unknown-action", val: { app: "a", actionId: name } };
    assert.deepEqual(
      payload(() => request(execute("a", name))),
      missing,
    );
  }
});

test("a listing may leave out what is not needed", () => {
  const body =
    '[{"action_id":"a","name":"A","description":"does a","tag":"v2","new":1},{"action_id":"b","tag":null}]';
  assert.deepEqual(actions(LIST, answer(200, body)), [
    { id: "a", name: "A", description: "does a", tag: "v2" },
    { id: "b", name: "b", description: "", tag: undefined },
  ]);
  assert.deepEqual(actions(LIST, answer(200, "[]")), []);
});

test("a parameter of an unknown kind keeps its word", () => {
  const body =
    '[{"name":"when","label":"When","required":true,"type":"datetime"},{"name":"x"},{"name":"y","type":"json"}]';
  assert.deepEqual(parameters(DESCRIBE, answer(200, body)), [
    { name: "when", label: "When", required: true, kind: { tag: "other", val: "datetime" } },
    { name: "x", label: "x", required: false, kind: { tag: "text" } },
    { name: "y", label: "y", required: false, kind: { tag: "json" } },
  ]);
});

test("only Success is a success", () => {
  const ok = answer(200, '{"node_status":"Success","data":{"id":"1"},"http_status":201}');
  assert.deepEqual(outcome(EXECUTE, ok), succeeded('{"id":"1"}', 201));
  for (const word of ["Errored", "Failed", "success", "SUCCESS", " Success", "Pending", ""]) {
    assert.deepEqual(outcome(EXECUTE, answer(200, { node_status: word, data: 1 })), failed(word, "1"));
  }
});

test("data comes out as it went in", () => {
  for (const data of [
    "null",
    "12345678901234567890",
    "-1.50e400",
    '"\\u00e9\\""',
    "[ 1 , {} ]",
    '{"n":0.10,"n":2}',
  ]) {
    assert.deepEqual(
      outcome(EXECUTE, answer(200, ` { "data" : ${data} ,"node_status":"Success"}`)),
      succeeded(data),
    );
  }
  assert.deepEqual(outcome(EXECUTE, answer(200, '{"node_status":"Success"}')), succeeded("null"));
});

test("an odd http_status is left out", () => {
  for (const [given, expected] of [
    ["409", 409],
    ['"409"', 409],
    ["65535", 65535],
    ["65536", undefined],
    ["null", undefined],
    ["-1", undefined],
    ["200.5", undefined],
    ['""', undefined],
    ["{}", undefined],
  ]) {
    const body = `{"node_status":"Errored","data":1,"http_status":${given}}`;
    assert.deepEqual(outcome(EXECUTE, answer(200, body)), failed("Errored", "1", expected), given);
  }
});

test("an answer of another shape is a failure of the upstream", () => {
  for (const [route, body] of [
    [LIST, "{}"],
    [LIST, '[{"name":"A"}]'],
    [LIST, '[["a","A","",null]]'],
    [LIST, '[{"action_id":"a","name":1}]'],
    [LIST, ""],
    [DESCRIBE, "<html>welcome</html>"],
    [DESCRIBE, '[{"name":"a","required":"yes"}]'],
    [EXECUTE, '{"data":{}}'],
    [EXECUTE, '{"node_status":"Failed","node_status":"Success"}'],
    [EXECUTE, '{"node_status":"Success","da'],
    [EXECUTE, '["Success"]'],
    [EXECUTE, "null"],
    [EXECUTE, '\ufeff{"node_status":"Success"}'],
    [EXECUTE, Uint8Array.of(0x22, 0xff, 0x22)],
  ]) {
    const { tag, val } = refusal(route, answer(200, body));
    assert.equal(tag, "upstream", `${body}`);
    assert.equal(val.status, 200, `${body}`);
    assert.match(val.message, /^expected .* and got /, `${body}`);
  }
});

test("an unknown app is told from an unknown action", () => {
  const app = envelope(404, "SERVER_ERROR", "Application app_type 'hubspot' not found");
  for (const route of everywhere)
    assert.deepEqual(refusal(route, app), { tag: "unknown-app", val: "hubspot" });
  const action = envelope(404, "SERVER_ERROR", "Action get_x not found in Application hubspot");
  for (const route of [DESCRIBE, EXECUTE]) {
    assert.deepEqual(refusal(route, action), {
      tag: "unknown-action",
      val: { app: "hubspot", actionId: "get_x" },
    });
  }
  assert.equal(refusal(LIST, action).val.status, 404);
});

test("a 404 of another kind is no unknown action", () => {
  for (const body of ["", "<html>404</html>", '{"message":"Not Found"}', '{"message":"Actions are off"}']) {
    for (const route of everywhere) assert.equal(refusal(route, answer(404, body)).val.status, 404, body);
  }
});

test("a missing parameter is named", () => {
  const message = "Required parameter 'email' is missing";
  const missing = envelope(400, "VALIDATION_ERROR", message);
  assert.deepEqual(refusal(EXECUTE, missing), {
    tag: "invalid-parameters",
    val: [{ parameter: "email", message }],
  });
  const vague = "Body isn't what it should be, isn't it";
  assert.deepEqual(refusal(EXECUTE, envelope(400, "VALIDATION_ERROR", vague)), {
    tag: "invalid-parameters",
    val: [{ parameter: undefined, message: vague }],
  });
  // Nothing was given that could be invalid.
  assert.equal(refusal(LIST, missing).val.status, 400);
  // Another code is another thing.
  assert.equal(refusal(EXECUTE, envelope(400, "SERVER_ERROR", "no")).val.status, 400);
});

test("the code may be called error", () => {
  const invalid = answer(400, { error: "VALIDATION_ERROR", message: "Required parameter 'a' is missing" });
  assert.equal(refusal(EXECUTE, invalid).tag, "invalid-parameters");
  const failure = { status: 500, code: "BOOM", message: "m", requestId: undefined };
  assert.deepEqual(refusal(EXECUTE, answer(500, { error: "BOOM", message: "m" })), {
    tag: "upstream",
    val: failure,
  });
});

test("the tenant is asked to connect again", () => {
  const notConnected = "Application Authentication not found for linked_account_id x and app hubspot";
  for (const response of [
    envelope(401, "SERVER_ERROR", "Invalid Credentials"),
    envelope(403, "SERVER_ERROR", "no"),
    answer(401, ""),
    envelope(400, "SERVER_ERROR", notConnected),
    envelope(404, "SERVER_ERROR", notConnected),
    envelope(400, "reauth_required", "token expired"),
    envelope(422, "SERVER_ERROR", "REAUTH_REQUIRED: token expired"),
    answer(400, { details: { reason: "reauth_required" } }),
    answer(400, Buffer.from("\xe9 reauth_required", "latin1")),
  ]) {
    for (const route of everywhere) assert.equal(refusal(route, response).tag, "reauthorization-required");
  }
});

test("being throttled carries the wait", () => {
  for (const [value, expected] of [
    ["3", 3000n],
    [" 0 ", 0n],
    ["18446744073709551615", 18446744073709551615n],
    ["18446744073709551616", undefined],
    ["-1", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["", undefined],
    ["Wed, 21 Oct 2026 07:28:00 GMT", undefined],
  ]) {
    const throttled = answer(429, "<html>slow down</html>", { "retry-after": value });
    assert.deepEqual(
      refusal(EXECUTE, throttled),
      { tag: "throttled", val: { retryAfterMs: expected } },
      value,
    );
  }
  assert.deepEqual(refusal(LIST, answer(429, "")), { tag: "throttled", val: { retryAfterMs: undefined } });
});

test("a failure keeps what was said", () => {
  const said = { status: 503, code: "SERVER_ERROR", message: "try later", requestId: "r1" };
  assert.deepEqual(refusal(EXECUTE, envelope(503, "SERVER_ERROR", "try later")), {
    tag: "upstream",
    val: said,
  });
  const { val } = refusal(EXECUTE, answer(500, { message: ["a is bad", "b too"], error: {} }));
  assert.deepEqual([val.message, val.code], ["a is bad; b too", undefined]);
});

test("a body that is no envelope is not repeated", () => {
  for (const body of ["", "<html>Bad Gateway</html>", "null", "[]", '"x"', "{", '{"message":7}', "\0\x01"]) {
    assert.equal(refusal(EXECUTE, answer(502, body)).val.message, "it answered 502 without a message", body);
  }
});

test("a redirect is a failure", () => {
  assert.equal(refusal(LIST, answer(302, "")).val.status, 302);
});

test("outside of a host nothing is sent", () => {
  assert.throws(() => refold.listActions("hubspot"), /a unit test has to replace this call/);
});
