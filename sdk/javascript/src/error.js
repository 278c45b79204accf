// Why an operation gives no result.

/** @import { Error as Payload, Problem, UpstreamFailure } from "actionbox:plugin/types@0.1.0" */

import { u64 } from "#engine";

import { isNotSent } from "./client/code.js";

/**
 * An error of the contract, to be thrown.
 *
 * An action that ran and failed in the connected app is no error: it is a `failed` outcome.
 */
export class ActionError extends Error {
  /** @param {Payload} payload what crosses the wall */
  constructor(payload) {
    super(sentence(payload));
    this.name = "ActionError";
    /** What crosses the wall: both engines look for a property of this name. */
    this.payload = payload;
  }

  /**
   * There is no such app.
   *
   * @param {string} app
   */
  static unknownApp(app) {
    return new ActionError({ tag: "unknown-app", val: app });
  }

  /**
   * The app has no such action.
   *
   * @param {string} app
   * @param {string} actionId
   */
  static unknownAction(app, actionId) {
    return new ActionError({ tag: "unknown-action", val: { app, actionId } });
  }

  /**
   * The parameters are not acceptable: each problem is listed.
   *
   * @param {Problem[]} problems
   */
  static invalidParameters(problems) {
    return new ActionError({ tag: "invalid-parameters", val: problems });
  }

  /**
   * One parameter has a value that the action cannot take.
   *
   * @param {string} parameter
   * @param {string} message what would be right
   */
  static invalid(parameter, message) {
    return ActionError.invalidParameters([{ parameter, message }]);
  }

  /**
   * A required parameter was left out.
   *
   * @param {string} parameter
   */
  static missing(parameter) {
    return ActionError.invalid(parameter, "is required");
  }

  /**
   * The tenant has to connect the app again, or for the first time.
   *
   * @param {string} reason
   */
  static reauthorizationRequired(reason) {
    return new ActionError({ tag: "reauthorization-required", val: reason });
  }

  /**
   * The host, or the upstream, does not permit it.
   *
   * @param {string} reason
   */
  static denied(reason) {
    return new ActionError({ tag: "denied", val: reason });
  }

  /**
   * Too many requests: wait.
   *
   * @param {bigint} [milliseconds] for how long, when the upstream says so
   */
  static throttled(milliseconds) {
    const retryAfterMs = milliseconds === undefined ? undefined : u64(milliseconds);
    return new ActionError({ tag: "throttled", val: { retryAfterMs } });
  }

  /**
   * The upstream failed, or answered what it should not.
   *
   * @param {UpstreamFailure} failure
   */
  static upstream(failure) {
    return new ActionError({ tag: "upstream", val: failure });
  }

  /**
   * Anything else, in a sentence for people.
   *
   * @param {string} message
   */
  static other(message) {
    return new ActionError({ tag: "other", val: message });
  }

  /**
   * Whether an action whose execution gave this error may have run all the same. A write that may have run
   * must not be repeated blindly. When in doubt, this is `true`.
   */
  get mayHaveRun() {
    switch (this.payload.tag) {
      case "upstream": {
        const { status, code } = this.payload.val;
        return status === undefined ? !isNotSent(code) : status < 400 || status >= 500;
      }
      case "other":
        return true;
      default:
        return false;
    }
  }
}

/**
 * @param {Payload} payload
 * @returns {string}
 */
function sentence(payload) {
  switch (payload.tag) {
    case "unknown-app":
      return `there is no app ${JSON.stringify(payload.val)}`;
    case "unknown-action": {
      const { app, actionId } = payload.val;
      return `the app ${JSON.stringify(app)} has no action ${JSON.stringify(actionId)}`;
    }
    case "invalid-parameters": {
      const said = payload.val.map(({ parameter, message }) =>
        parameter ? `${parameter}: ${message}` : message,
      );
      return `invalid parameters: ${said.join("; ")}`;
    }
    case "reauthorization-required":
      return `the app has to be connected again: ${payload.val}`;
    case "denied":
      return `denied: ${payload.val}`;
    case "throttled": {
      const { retryAfterMs } = payload.val;
      return `too many requests${retryAfterMs === undefined ? "" : `: wait ${retryAfterMs} ms`}`;
    }
    case "upstream": {
      const { status, code, message } = payload.val;
      const http = status === undefined ? "" : ` with HTTP ${status}`;
      return `the upstream failed${http}${code === undefined ? "" : ` (${code})`}: ${message}`;
    }
    case "other":
      return payload.val;
  }
}
