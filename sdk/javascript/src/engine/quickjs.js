// What QuickJS does in its own way. It has no console, no TextEncoder and no event loop.

/// <reference path="./console.d.ts" />

import { getStderr } from "wasi:cli/stderr@0.2.12";

/** How many bytes fit into one call. */
const APPLY = 8192;
const WRITE = 4096;

/**
 * A u64 of the WIT. The engine carries 53 bits of it.
 *
 * @param {number | bigint} value
 * @returns {any}
 */
export const u64 = (value) => Math.min(Number(value), Number.MAX_SAFE_INTEGER);

/**
 * Reads UTF-8. By the engine's own functions, each of which takes all: a loop over bytes takes ten times as
 * long.
 *
 * @param {Uint8Array} bytes
 * @returns {string}
 * @throws {URIError} when it is none
 */
export function decode(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += APPLY) {
    text += String.fromCharCode.apply(null, /** @type {any} */ (bytes.subarray(at, at + APPLY)));
  }
  return text.replace(/[\x80-\xff]+/g, (run) => decodeURIComponent(escape(run)));
}

/**
 * Writes UTF-8.
 *
 * @param {string} text
 * @returns {Uint8Array}
 */
export function encode(text) {
  const units = unescape(encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd")));
  const bytes = new Uint8Array(units.length);
  for (let at = 0; at < units.length; at++) bytes[at] = units.charCodeAt(at);
  return bytes;
}

/**
 * Returns what a function of the plugin returned.
 *
 * @template T
 * @param {T} returned
 * @throws {TypeError} for a promise, which would never be fulfilled
 */
export function settled(returned) {
  if (returned instanceof Promise) {
    throw new TypeError("a plugin's function returned a promise; in QuickJS, none may be async");
  }
  return returned;
}

/**
 * Says why the plugin crashes: the trap does not. What went wrong comes last, where it is looked for.
 *
 * @param {unknown} error
 */
export function crashed(error) {
  if (error instanceof Error) print(error.stack);
  print(`the plugin crashed: ${error}`);
}

/** @param {unknown[]} values */
function print(...values) {
  const bytes = encode(`${values.map(shown).join(" ")}\n`);
  using stderr = getStderr();
  for (let at = 0; at < bytes.length; at += WRITE)
    stderr.blockingWriteAndFlush(bytes.subarray(at, at + WRITE));
}

/** @param {unknown} value */
function shown(value) {
  if (typeof value === "string") return value;
  return value instanceof Error ? `${value}\n${value.stack}` : (JSON.stringify(value) ?? String(value));
}

globalThis.console = { debug: print, error: print, info: print, log: print, warn: print };
