// Write Actionbox plugins in JavaScript or TypeScript.

/// <reference path="../contract/javascript.d.ts" />

/** @typedef {import("./client.js").Request} Request */
/** @typedef {import("./client.js").Response} Response */
/** @typedef {import("./plugin.js").Plugin} Plugin */

/** @typedef {import("actionbox:plugin/types@0.1.0").Action} Action */
/** @typedef {import("actionbox:plugin/types@0.1.0").Effect} Effect */
/** @typedef {import("actionbox:plugin/types@0.1.0").Json} Json */
/** @typedef {import("actionbox:plugin/types@0.1.0").Outcome} Outcome */
/** @typedef {import("actionbox:plugin/types@0.1.0").Parameter} Parameter */
/** @typedef {import("actionbox:plugin/types@0.1.0").ParameterKind} ParameterKind */
/** @typedef {import("actionbox:plugin/types@0.1.0").Problem} Problem */

export { send } from "./client.js";
export { ActionError } from "./error.js";
export * as json from "./json.js";
export { failed, succeeded } from "./outcome.js";
export { Parameters } from "./parameters.js";
export { plugin } from "./plugin.js";
export * as refold from "./refold.js";
