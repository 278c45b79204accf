// A plugin with an action of its own, made of several upstream calls: `upsert_contact` for `hubspot`.
//
// All of Refold's actions are offered beside it.

import { plugin, refold } from "actionbox-guest";

import { parameters, readContact } from "./contact.js";
import { upsert } from "./upsert.js";

const APP = "hubspot";

/** @type {import("actionbox-guest").Action} */
const UPSERT = {
  id: "upsert_contact",
  name: "Upsert Contact",
  description: "Updates the contact with this e-mail address, or creates it when there is none.",
  claimedEffect: "write",
};

/**
 * @param {string} app
 * @param {string} actionId
 */
const isOurs = (app, actionId) => app === APP && actionId === UPSERT.id;

export const actions = plugin({
  listActions(app) {
    const offered = refold.listActions(app);
    // Should the upstream ever have one of this name, ours is the one that is executed.
    return app === APP ? [UPSERT, ...offered.filter(({ id }) => id !== UPSERT.id)] : offered;
  },

  describeAction(app, actionId) {
    return isOurs(app, actionId) ? parameters() : refold.describeAction(app, actionId);
  },

  executeAction(app, actionId, given) {
    if (!isOurs(app, actionId)) return refold.executeAction(app, actionId, given);
    return upsert(readContact(given), (id, parameters) => refold.executeAction(APP, id, parameters));
  },
});
