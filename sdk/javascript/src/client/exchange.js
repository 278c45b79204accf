// One exchange over wasi:http 0.2: build, hand over, write, wait, read.
//
// Resources are children of one another and have to go child first, or the component traps. `using` drops
// them in that order; those that an import takes over are not declared so.

import { handle } from "wasi:http/outgoing-handler@0.2.12";
import { Fields, IncomingBody, OutgoingBody, OutgoingRequest, httpErrorCode } from "wasi:http/types@0.2.12";

import { encode, u64 } from "#engine";

import { invalidRequest, noAnswer } from "./refused.js";

/** @import { ErrorCode, FutureIncomingResponse, IncomingResponse, Method } from "wasi:http/types@0.2.12" */
/** @import { InputStream, OutputStream } from "wasi:io/streams@0.2.12" */
/** @import { Pollable } from "wasi:io/poll@0.2.12" */
/** @import { Request, Response } from "../client.js" */

/** How many bytes of an answer are asked for at once. */
const READ = 64 * 1024;

const METHODS = new Set(["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"]);

/**
 * @param {Request} request
 * @returns {Response}
 */
export function exchange(request) {
  const content = encode(request.body ?? "");
  const outgoing = build(request, content.length);
  // Without a body there is none to finish; what is never taken counts as empty.
  const body = content.length > 0 ? attempt(() => outgoing.body()) : undefined;
  // Handed over first: the host reads a body while it is written, and holds only a part of it.
  using future = attempt(() => handle(outgoing, undefined));
  const failure = body && written(body, content);
  // A host that refuses a request stops reading its body. Why is said here.
  const response = answer(future);
  if (failure) throw failure;
  return read(response);
}

/**
 * Builds the request without its body.
 *
 * @param {Request} request
 * @param {number} length
 */
function build({ method, url, headers = {} }, length) {
  const [, scheme, authority, path] = /^(https?):\/\/([^/?#]+)([^#]*)$/.exec(url) ?? [];
  if (scheme === undefined || authority === undefined) {
    throw invalidRequest(`its URL should begin with https:// and an authority: ${url}`);
  }
  const word = method.toLowerCase();
  const outgoing = new OutgoingRequest(fields(headers, declaredLength(word, length)));
  const known = /** @type {Method} */ (METHODS.has(word) ? { tag: word } : { tag: "other", val: method });
  take("method", () => outgoing.setMethod(known));
  take("scheme", () => outgoing.setScheme({ tag: scheme === "https" ? "HTTPS" : "HTTP" }));
  take("authority", () => outgoing.setAuthority(authority));
  take("path", () => outgoing.setPathWithQuery(path?.startsWith("/") ? path : `/${path ?? ""}`));
  return outgoing;
}

/**
 * A host must tell a complete body from that of a plugin that died while writing. A GET without a body
 * declares none (RFC 9110, 8.6).
 *
 * @param {string} method
 * @param {number} length
 * @returns {Record<string, string>}
 */
function declaredLength(method, length) {
  return length > 0 || (method !== "get" && method !== "head") ? { "content-length": `${length}` } : {};
}

/**
 * Appended one by one, so that an error can name the header.
 *
 * @param {Record<string, string>[]} headers
 */
function fields(...headers) {
  const all = new Fields();
  for (const [name, value] of headers.flatMap(Object.entries)) {
    try {
      all.append(name, encode(value));
    } catch (error) {
      const forbidden = /** @type {any} */ (error)?.payload?.tag === "forbidden";
      const why = forbidden ? "is the host's to set, not a plugin's" : "is not one that the host takes";
      throw invalidRequest(`its header ${name} ${why}`);
    }
  }
  return all;
}

/**
 * @param {string} what
 * @param {() => void} set
 */
function take(what, set) {
  try {
    set();
  } catch {
    throw invalidRequest(`the host does not take its ${what}`);
  }
}

/**
 * Writes the body and finishes it. What goes wrong is returned: the answer may say more of it.
 *
 * @param {OutgoingBody} body
 * @param {Uint8Array} content
 */
function written(body, content) {
  try {
    writeAll(body, content);
  } catch (error) {
    body[Symbol.dispose]();
    return error;
  }
  try {
    attempt(() => OutgoingBody.finish(body, undefined));
  } catch (error) {
    return error;
  }
}

/**
 * Writes as much as the host permits at a time: more traps.
 *
 * @param {OutgoingBody} body
 * @param {Uint8Array} content
 */
function writeAll(body, content) {
  using stream = attempt(() => body.write());
  for (let at = 0; at < content.length; ) {
    const permit = Number(attempt(() => stream.checkWrite()));
    if (permit === 0) {
      block(stream);
    } else {
      attempt(() => stream.write(content.subarray(at, at + permit)));
      at += permit;
    }
  }
  attempt(() => stream.blockingFlush());
}

/**
 * Waits for status and headers.
 *
 * @param {FutureIncomingResponse} future
 */
function answer(future) {
  block(future);
  const result = future.get();
  // Not ready after waiting, or taken already: neither happens with a correct host.
  if (result?.tag !== "ok") throw noAnswer("internal-error");
  if (result.val.tag === "err") throw noAnswer(name(result.val.val));
  return result.val.val;
}

/**
 * Reads the answer to its end, trailers included: only then was it complete.
 *
 * @param {IncomingResponse} incoming
 * @returns {Response}
 */
function read(incoming) {
  using response = incoming;
  const headers = headersOf(response);
  const incomingBody = attempt(() => response.consume());
  const body = readAll(incomingBody);
  finish(incomingBody);
  return { status: response.status(), headers, body };
}

/** @param {IncomingResponse} response */
function headersOf(response) {
  using sent = response.headers();
  /** @type {Map<string, string>} */
  const headers = new Map();
  for (const [name, value] of sent.entries()) {
    const lower = name.toLowerCase();
    if (!headers.has(lower)) headers.set(lower, String.fromCharCode(...value));
  }
  return headers;
}

/** @param {IncomingBody} body */
function readAll(body) {
  try {
    return joined(chunksOf(body));
  } catch (error) {
    body[Symbol.dispose]();
    throw error;
  }
}

/** @param {IncomingBody} body */
function chunksOf(body) {
  using stream = attempt(() => body.stream());
  const chunks = [];
  for (let chunk = next(stream); chunk; chunk = next(stream)) chunks.push(chunk);
  return chunks;
}

/** @param {Uint8Array[]} chunks */
function joined(chunks) {
  if (chunks.length === 1 && chunks[0]) return chunks[0];
  const content = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return content;
}

/** @param {InputStream} stream */
function next(stream) {
  try {
    return stream.blockingRead(u64(READ));
  } catch (error) {
    if (/** @type {any} */ (error)?.payload?.tag === "closed") return undefined;
    throw failed(error);
  }
}

/**
 * Waits for the trailers. They have no use here, but an answer that breaks off says so in their place.
 *
 * @param {IncomingBody} body
 */
function finish(body) {
  using trailers = IncomingBody.finish(body);
  block(trailers);
  const result = trailers.get();
  if (result?.tag !== "ok") return;
  if (result.val.tag === "err") throw noAnswer(name(result.val.val));
  result.val.val?.[Symbol.dispose]();
}

/** @param {{ subscribe(): Pollable }} resource */
function block(resource) {
  using ready = resource.subscribe();
  ready.block();
}

/**
 * Makes a call of the host's, and an error for people of its error.
 *
 * @template T
 * @param {() => T} call
 */
function attempt(call) {
  try {
    return call();
  } catch (error) {
    throw failed(error);
  }
}

/**
 * The engines throw what the WIT names as an error in a property `payload`: a code, the error of a stream
 * with the code behind it, or nothing.
 *
 * @param {unknown} error
 */
function failed(error) {
  if (!(error instanceof Object && "payload" in error)) return error;
  const payload = /** @type {{ tag?: string, val?: any } | undefined} */ (error.payload);
  switch (payload?.tag) {
    case "last-operation-failed": {
      using cause = payload.val;
      const code = httpErrorCode(cause);
      return noAnswer(code ? name(code) : "connection-terminated");
    }
    case "closed":
      return noAnswer("connection-terminated");
    case undefined:
      return noAnswer("internal-error");
    default:
      return noAnswer(name(/** @type {ErrorCode} */ (payload)));
  }
}

/**
 * The name of a code, in lower case. Details are left out: hosts are free in what they say there.
 *
 * @param {ErrorCode} code
 */
function name(code) {
  return code.tag.toLowerCase();
}
