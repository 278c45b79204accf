// The smallest plugin: it passes on all of Refold's actions.

import { plugin, refold } from "actionbox-guest";

export const actions = plugin({
  listActions: (app) => refold.listActions(app),
  describeAction: (app, actionId) => refold.describeAction(app, actionId),
  executeAction: (app, actionId, parameters) => refold.executeAction(app, actionId, parameters),
});
