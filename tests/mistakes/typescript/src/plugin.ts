// What authors get wrong in TypeScript: each action is one mistake, and is named after it.

import { ActionError, type Outcome, Parameters, plugin, refold, send, succeeded } from "actionbox-guest";

const ACTIONS = "https://app.refold.ai/api/v2/integration-schema/hubspot/actions";
const THEIRS = "https://api.hubapi.com/crm/v3/objects/contacts";

type Mistake = (given: Parameters) => Outcome | Promise<Outcome>;

const mistakes: Record<string, Mistake> = {
  // Calls the app itself, as it would outside of the sandbox.
  wrong_authority: () => get(THEIRS),
  wrong_authority_by_fetch: async () => succeeded(await (await fetch(THEIRS)).text()),
  plain_http: () => get(ACTIONS.replace("https:", "http:")),
  // The host adds the credential.
  own_key: () => get(ACTIONS, { authorization: "Bearer pat-na1-0123" }),
  own_key_by_fetch: async () =>
    succeeded(await (await fetch(ACTIONS, { headers: { authorization: "Bearer pat-na1-0123" } })).text()),
  // The grant says that this action only reads.
  writes_in_a_read: () => refold.executeAction("hubspot", "create_contact", Parameters.of({ email: "a@b.example" })),
  swallowed_refusal: async () => {
    const contacts = await fetch(THEIRS).then(
      (answer) => answer.text(),
      () => "[]",
    );
    return succeeded(contacts);
  },
  // An answer is not yet a success: nobody looked at its status.
  swallowed_status: async () => succeeded(await (await fetch(`${ACTIONS}/no_such_action`)).text()),
  swallowed_error: () => {
    try {
      return succeeded(JSON.stringify(refold.describeAction("hubspot", "no_such_action")));
    } catch {
      return succeeded("[]");
    }
  },
  unsized_body: async () => {
    const body = new ReadableStream({
      start(stream) {
        stream.enqueue(new TextEncoder().encode("{}"));
        stream.close();
      },
    });
    const url = `${ACTIONS}/search_contacts/execute`;
    return succeeded(await (await fetch(url, { method: "POST", body, duplex: "half" })).text());
  },
  forgotten_await: () => {
    const answer = fetch(ACTIONS) as unknown as Response;
    return succeeded(JSON.stringify({ count: answer.headers.get("x-total-count") }));
  },
  // The data of an outcome is JSON text.
  no_json: () => succeeded("Ada Lovelace"),
  object_for_json: () => succeeded({ name: "Ada Lovelace" } as unknown as string),
  wrong_type: (given) => succeeded((given.values.limit as string).toUpperCase()),
  wrong_type_checked: (given) => succeeded(given.requiredString("limit")),
  throws: () => {
    throw new Error("the contact has no address");
  },
};

function get(url: string, headers: Record<string, string> = {}): Outcome {
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
