import assert from "node:assert/strict";
import { test } from "node:test";

import { elements, members, object } from "../src/json.js";

test("text is cut where its parts are, and nowhere else", () => {
  const awkward = [
    '"a,b"',
    '"]}"',
    '"\\""',
    '"\\\\"',
    '"\\\\\\""',
    "[1,[2,{}]]",
    '{"a":[",",{}],"b":1}',
    "-1.50E+3",
    "null",
  ];
  assert.deepEqual(elements(`[${awkward.join(",")}]`), awkward);
  assert.deepEqual(elements(` [ ${awkward.join(" ,\n")} ] `), awkward);
  const entries = awkward.map((value) => [JSON.parse(awkward[2]) + value, value]);
  assert.deepEqual(members(object(entries)), entries);
  for (const empty of ["[]", "{}", " [ ] "]) assert.deepEqual(elements(empty), []);
  assert.deepEqual(members('{"a" : 1,"a":{ }}'), [
    ["a", "1"],
    ["a", "{ }"],
  ]);
});

test("a long text is no other than a short one", () => {
  const many = Array.from({ length: 1000 }, (_, n) => `"${n}\\n${"x".repeat(n)}"`);
  assert.deepEqual(elements(`[${many.join(",")}]`), many);
  assert.deepEqual(elements(`[[${many.join(",")}],1]`), [`[${many.join(",")}]`, "1"]);
  const deep = "[".repeat(5000) + "]".repeat(5000);
  assert.deepEqual(elements(deep), [deep.slice(1, -1)]);
});

test("no text makes it run for ever", () => {
  for (const text of ['["', '{"a', '"', '["a\\"']) assert.throws(() => elements(text), SyntaxError, text);
  for (const text of ["[1]", "{1:2}"]) assert.throws(() => members(text), SyntaxError, text);
});
