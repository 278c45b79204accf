// What authors get wrong in JavaScript: each action is one mistake, and is named after it.

import { ActionError, Parameters, plugin, refold, send, succeeded } from "actionbox-guest";
import { handle } from "wasi:http/outgoing-handler@0.2.12";
import { Fields, OutgoingRequest } from "wasi:http/types@0.2.12";

/** @import { Outcome } from "actionbox-guest" */

const ACTIONS = "https://app.refold.ai/api/v2/integration-schema/hubspot/actions";
const THEIRS = "https://api.hubapi.com/crm/v3/objects/contacts";

/** @type {Record<string, (given: Parameters) => Outcome | Promise<Outcome>>} */
const mistakes = {
  // Calls the app itself, as it would outside of the sandbox.
  wrong_authority: () => get(THEIRS),
  plain_http: () => get(ACTIONS.replace("https:", "http:")),
  // The host adds the credential.
  own_key: () => get(ACTIONS, { authorization: "Bearer pat-na1-0123" }),
  // The grant says that this action only reads.
  writes_in_a_read: () => refold.executeAction("hubspot", "create_contact", Parameters.of({ email: "a@b.example" })),
  swallowed_refusal: () => {
    try {
      return get(THEIRS);
    } catch {
      return succeeded("[]");
    }
  },
  // An answer is not yet a success: nobody looked at its status.
  swallowed_status: () => get(`${ACTIONS}/no_such_action`),
  // Goes past the SDK: takes a body, and never finishes it.
  unfinished_body: () => {
    const fields = new Fields();
    fields.append("content-length", new Uint8Array([0x32]));
    const request = new OutgoingRequest(fields);
    request.setMethod({ tag: "post" });
    request.setScheme({ tag: "HTTPS" });
    request.setAuthority("app.refold.ai");
    request.setPathWithQuery("/api/v2/integration-schema/hubspot/actions/search_contacts/execute");
    const body = request.body();
    const future = handle(request, undefined);
    body[Symbol.dispose]();
    future.subscribe().block();
    return succeeded(JSON.stringify(future.get()));
  },
  // QuickJS has no event loop.
  async_function: async () => succeeded("{}"),
  no_fetch: () => fetch(ACTIONS).then((answer) => answer.text().then(succeeded)),
  // The data of an outcome is JSON text.
  no_json: () => succeeded("Ada Lovelace"),
  object_for_json: () => succeeded(/** @type {any} */ ({ name: "Ada Lovelace" })),
  wrong_type: (given) => succeeded(/** @type {any} */ (given.values.limit).toUpperCase()),
  throws: () => {
    throw new Error("the contact has no address");
  },
  reads_the_environment: () => succeeded(JSON.stringify(process.env.HUBSPOT_TOKEN)),
};

/**
 * @param {string} url
 * @param {Record<string, string>} headers
 */
function get(url, headers = {}) {
  return succeeded(JSON.stringify({ size: send({ method: "GET", url, headers }).body.length }));
}

export const actions = plugin({
  listActions: (app) => refold.listActions(app),
  describeAction: (app, actionId) => refold.describeAction(app, actionId),
  executeAction: (app, actionId, given) => {
    const mistake = mistakes[actionId];
    if (!mistake) throw ActionError.unknownAction(app, actionId);
    return mistake(given);
  },
});
