// Outside of WebAssembly there is no host to send anything: unit tests run here.

/**
 * @param {import("../client.js").Request} request
 * @returns {import("../client.js").Response}
 */
export function exchange(request) {
  throw new Error(
    `only a host can send ${request.method} ${request.url}: a unit test has to replace this call`,
  );
}
