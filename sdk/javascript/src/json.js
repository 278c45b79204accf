// JSON as text. An app's data is handed on as it came: parsed and printed again, numbers beyond 2^53 would
// lose digits. These functions take such text apart and put it together; JSON.parse reads what is small.

/** @import { Json } from "actionbox:plugin/types@0.1.0" */

const STRING = '"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"';
const NAME = new RegExp(`^(${STRING})\\s*:`);
const BRACKET = upTo("{}[\\]");
const BRACKET_OR_COMMA = upTo("{}[\\],");

/**
 * Takes the text of an object apart, into names and the texts of their values.
 *
 * @param {Json} text an object; that it is valid has been checked, by JSON.parse for instance
 * @returns {[name: string, value: Json][]} in their order; a name that occurs twice is in it twice
 */
export function members(text) {
  return elements(text).map((member) => {
    const [start, name] = NAME.exec(member) ?? [];
    if (start === undefined || name === undefined) throw new SyntaxError("it is no JSON object");
    return [JSON.parse(name), member.slice(start.length).trim()];
  });
}

/**
 * Takes the text of an array apart.
 *
 * @param {Json} text an array; that it is valid has been checked
 * @returns {Json[]}
 */
export function elements(text) {
  const found = [];
  let depth = 0;
  let start = 0;
  for (let at = 0, before = -1; at < text.length; ) {
    if (at === before) throw new SyntaxError("it is no valid JSON");
    before = at;
    at = end(depth > 1 ? BRACKET : BRACKET_OR_COMMA, text, at);
    switch (text[at - 1]) {
      case "{":
      case "[":
        if (++depth === 1) start = at;
        break;
      case "}":
      case "]":
        if (--depth === 0) found.push(text.slice(start, at - 1).trim());
        break;
      case ",":
        if (depth === 1) {
          found.push(text.slice(start, at - 1).trim());
          start = at;
        }
    }
  }
  return found.length === 1 && found[0] === "" ? [] : found;
}

/**
 * Puts an object together.
 *
 * @param {Iterable<[name: string, value: Json]>} entries
 * @returns {Json}
 */
export function object(entries) {
  return `{${Array.from(entries, ([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
}

/**
 * Matches up to the next of some characters, over whole strings. An engine's regular expressions are several
 * times as fast as a loop over characters. They remember each string, to go back to it: hence a limit.
 *
 * @param {string} stops
 */
function upTo(stops) {
  return new RegExp(`[^"${stops}]*(?:${STRING}[^"${stops}]*){0,64}[${stops}]?`, "y");
}

/**
 * Where a match ends.
 *
 * @param {RegExp} expression
 * @param {string} text
 * @param {number} start
 */
function end(expression, text, start) {
  expression.lastIndex = start;
  expression.test(text);
  return expression.lastIndex;
}
