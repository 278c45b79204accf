/// <reference path="./actionbox-plugin-types.d.ts" />
declare module 'actionbox:plugin/actions@0.1.0' {
  /**
   * Lists the actions of an app.
   * 
   * During this call only requests that list or describe actions leave the sandbox.
   * 
   * # Errors
   * 
   * `unknown-app` when there is no such app; `denied` when the host's grant does not reach it;
   * `throttled`, `reauthorization-required` and `upstream` as the upstream answers.
   */
  export function listActions(app: string): Array<Action>;
  /**
   * Describes the parameters of an action, in the order in which a form would show them.
   * 
   * During this call only requests that list or describe actions leave the sandbox.
   * 
   * # Errors
   * 
   * As `list-actions`, and `unknown-action` when the app has no such action.
   */
  export function describeAction(app: string, actionId: string): Array<Parameter>;
  /**
   * Executes an action with parameters given as one JSON object, a key per parameter.
   * 
   * `ok` means that the connected app was reached, not that it did what was asked: the outcome tells.
   * During this call no request above the effect that the host resolved for this action leaves the
   * sandbox.
   * 
   * # Errors
   * 
   * As `describe-action`, and `invalid-parameters` when the parameters are no JSON object, when one is
   * missing, or when one has a value that the action cannot take.
   */
  export function executeAction(app: string, actionId: string, parameters: Json): Outcome;
  export type Action = import('actionbox:plugin/types@0.1.0').Action;
  export type Parameter = import('actionbox:plugin/types@0.1.0').Parameter;
  export type Outcome = import('actionbox:plugin/types@0.1.0').Outcome;
  export type Error = import('actionbox:plugin/types@0.1.0').Error;
  export type Json = import('actionbox:plugin/types@0.1.0').Json;
}
