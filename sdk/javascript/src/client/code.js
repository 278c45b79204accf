// The error codes of wasi:http, and what each says about the request.

/** The code of a request that the host refused. */
export const DENIED = "http-request-denied";

// Only given before a request left, or for one that was never complete. Alerts and other failures of TLS
// are not among them: they may come late in a connection's life.
const NOT_SENT = new Set([
  DENIED,
  "dns-timeout",
  "dns-error",
  "destination-not-found",
  "destination-unavailable",
  "destination-ip-prohibited",
  "destination-ip-unroutable",
  "connection-refused",
  "connection-timeout",
  "connection-limit-reached",
  "tls-certificate-error",
  "http-request-length-required",
  "http-request-body-size",
  "http-request-method-invalid",
  "http-request-uri-invalid",
  "http-request-uri-too-long",
  "http-request-header-section-size",
  "http-request-header-size",
  "configuration-error",
]);

/**
 * Tells whether a code proves that the request was not carried out.
 *
 * @param {string | undefined} code
 */
export function isNotSent(code) {
  return code !== undefined && NOT_SENT.has(code);
}
