// How an action ended in the connected app.

/** @import { Failure, Json, Outcome, Success } from "actionbox:plugin/types@0.1.0" */

/**
 * The connected app did what was asked.
 *
 * @param {Json} data the app's answer, as JSON text
 * @param {number} [httpStatus] the app's own status
 * @returns {Outcome}
 */
export function succeeded(data, httpStatus) {
  return { tag: "succeeded", val: { data, httpStatus } };
}

/**
 * The connected app was reached and refused, or failed.
 *
 * @param {string} nodeStatus the upstream's word for it, such as `Failed`
 * @param {Json} data the app's own error body, as JSON text
 * @param {number} [httpStatus] the app's own status
 * @returns {Outcome}
 */
export function failed(nodeStatus, data, httpStatus) {
  return { tag: "failed", val: { nodeStatus, data, httpStatus } };
}
