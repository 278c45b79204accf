declare module 'actionbox:plugin/types@0.1.0' {
  /**
   * One JSON value as RFC 8259 text, in UTF-8 without a byte order mark.
   */
  export type Json = string;
  /**
   * What an action does to the connected app, from harmless to unlimited.
   * 
   * The host decides the effect of every call by itself. What a plugin declares is shown to people,
   * marked as the plugin's own claim, and grants nothing.
   * # Variants
   * 
   * ## `"read"`
   * 
   * Changes nothing.
   * ## `"write"`
   * 
   * Creates or changes something.
   * ## `"destructive"`
   * 
   * Deletes something, or does what cannot be undone.
   * ## `"raw"`
   * 
   * Makes an arbitrary call, such as the `httprequest` that every connector ships.
   */
  export type Effect = 'read' | 'write' | 'destructive' | 'raw';
  /**
   * One operation of a connected app.
   */
  export interface Action {
    /**
     * The name that `describe-action` and `execute-action` take, such as `get_contact`.
     */
    id: string,
    /**
     * A short title for people.
     */
    name: string,
    /**
     * What the action does, in a sentence or two. May be empty.
     */
    description: string,
    /**
     * The upstream's own label, such as `v2`, when it has one.
     */
    tag?: string,
    /**
     * The effect that the plugin claims. For display only.
     */
    claimedEffect?: Effect,
  }
  /**
   * The kind of value a parameter takes. Values are mostly sent as strings, even numbers.
   */
  export type ParameterKind = ParameterKindText | ParameterKindEmail | ParameterKindNumber | ParameterKindTextarea | ParameterKindUrl | ParameterKindJson | ParameterKindOther;
  /**
   * One line of text.
   */
  export interface ParameterKindText {
    tag: 'text',
  }
  /**
   * An e-mail address.
   */
  export interface ParameterKindEmail {
    tag: 'email',
  }
  /**
   * A number.
   */
  export interface ParameterKindNumber {
    tag: 'number',
  }
  /**
   * Several lines of text.
   */
  export interface ParameterKindTextarea {
    tag: 'textarea',
  }
  /**
   * A URL.
   */
  export interface ParameterKindUrl {
    tag: 'url',
  }
  /**
   * A JSON value.
   */
  export interface ParameterKindJson {
    tag: 'json',
  }
  /**
   * A kind that this version of the contract does not know, as the upstream spells it.
   */
  export interface ParameterKindOther {
    tag: 'other',
    val: string,
  }
  /**
   * One input of an action.
   */
  export interface Parameter {
    /**
     * The key in the parameters object.
     */
    name: string,
    /**
     * A short title for people. May equal the name.
     */
    label: string,
    /**
     * Whether the action refuses to run without it.
     */
    required: boolean,
    /**
     * The kind of value it takes.
     */
    kind: ParameterKind,
  }
  /**
   * The connected app did what was asked.
   */
  export interface Success {
    /**
     * The connected app's own HTTP status, when the upstream tells it.
     */
    httpStatus?: number,
    /**
     * The connected app's answer.
     */
    data: Json,
  }
  /**
   * The connected app was reached and refused, or failed.
   */
  export interface Failure {
    /**
     * The upstream's word for it, such as `Errored` or `Failed`.
     */
    nodeStatus: string,
    /**
     * The connected app's own HTTP status, when the upstream tells it.
     */
    httpStatus?: number,
    /**
     * The connected app's own error body.
     */
    data: Json,
  }
  /**
   * How an action ended in the connected app.
   * 
   * The upstream answers HTTP 200 in both cases and tells them apart by its `node_status`. Only
   * `Success` is `succeeded`; every other word, known or not, is `failed`. The two are separate cases,
   * so that no plugin and no embedder can read the data of a failed action as a result by mistake.
   */
  export type Outcome = OutcomeSucceeded | OutcomeFailed;
  /**
   * `node_status` was `Success`.
   */
  export interface OutcomeSucceeded {
    tag: 'succeeded',
    val: Success,
  }
  /**
   * `node_status` was anything else.
   */
  export interface OutcomeFailed {
    tag: 'failed',
    val: Failure,
  }
  /**
   * One thing that is wrong with the parameters of a call.
   */
  export interface Problem {
    /**
     * The parameter it is about; none when it is about the parameters as a whole.
     */
    parameter?: string,
    /**
     * What is wrong and what would be right, for people.
     */
    message: string,
  }
  /**
   * An action that does not exist.
   */
  export interface MissingAction {
    /**
     * The app that was asked.
     */
    app: string,
    /**
     * The action it does not have.
     */
    actionId: string,
  }
  /**
   * The upstream takes no more requests for now.
   */
  export interface Throttle {
    /**
     * How long to wait before the next try, in milliseconds, when the upstream says so.
     */
    retryAfterMs?: bigint,
  }
  /**
   * The upstream failed, or answered what it should not.
   */
  export interface UpstreamFailure {
    /**
     * The HTTP status of the answer; none when there was no answer.
     */
    status?: number,
    /**
     * The upstream's code for it, such as `SERVER_ERROR`.
     */
    code?: string,
    /**
     * The upstream's message, or what went wrong on the way, for people.
     */
    message: string,
    /**
     * The upstream's name for this request, to quote to its support.
     */
    requestId?: string,
  }
  /**
   * Why an operation gave no result.
   */
  export type Error = ErrorUnknownApp | ErrorUnknownAction | ErrorInvalidParameters | ErrorReauthorizationRequired | ErrorDenied | ErrorThrottled | ErrorUpstream | ErrorOther;
  /**
   * The upstream has no such app. Carries the app's slug.
   */
  export interface ErrorUnknownApp {
    tag: 'unknown-app',
    val: string,
  }
  /**
   * The app has no such action.
   */
  export interface ErrorUnknownAction {
    tag: 'unknown-action',
    val: MissingAction,
  }
  /**
   * The parameters are not acceptable: each problem is listed. Never worth a retry as it is.
   */
  export interface ErrorInvalidParameters {
    tag: 'invalid-parameters',
    val: Array<Problem>,
  }
  /**
   * The tenant has to connect the app again, or for the first time. Carries the reason.
   */
  export interface ErrorReauthorizationRequired {
    tag: 'reauthorization-required',
    val: string,
  }
  /**
   * The host, or the upstream, does not permit it. Carries the reason as far as it is known.
   */
  export interface ErrorDenied {
    tag: 'denied',
    val: string,
  }
  /**
   * Too many requests; wait.
   */
  export interface ErrorThrottled {
    tag: 'throttled',
    val: Throttle,
  }
  /**
   * The upstream failed.
   */
  export interface ErrorUpstream {
    tag: 'upstream',
    val: UpstreamFailure,
  }
  /**
   * Anything else, in a sentence for people.
   */
  export interface ErrorOther {
    tag: 'other',
    val: string,
  }
}
