// What StarlingMonkey does in its own way; and Node, where unit tests run.

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * A u64 of the WIT.
 *
 * @param {number | bigint} value
 */
export const u64 = (value) => BigInt(value);

/**
 * Reads UTF-8.
 *
 * @param {Uint8Array} bytes
 * @returns {string}
 * @throws when it is none
 */
export const decode = (bytes) => decoder.decode(bytes);

/**
 * Writes UTF-8.
 *
 * @param {string} text
 * @returns {Uint8Array}
 */
export const encode = (text) => encoder.encode(text);

/**
 * Returns what a function of the plugin returned. The engine waits for a promise.
 *
 * @template T
 * @param {T} returned
 */
export const settled = (returned) => returned;

/**
 * Says why the plugin crashes: the engine does it.
 *
 * @param {unknown} _error
 */
export const crashed = (_error) => {};
