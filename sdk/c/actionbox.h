/* Write Actionbox plugins in C.
 *
 * A plugin lists and executes actions on connected apps. It runs in a sandbox and never holds a key: it
 * calls its upstream by the public name, and the host adds the credentials on the far side of the wall.
 *
 * Define the three functions at the end of this header. This plugin passes on everything that Refold offers:
 *
 *     #include "actionbox.h"
 *
 *     const ab_error *ab_list_actions(ab_text app, ab_actions *listed) {
 *         return ab_refold_list(app, listed);
 *     }
 *
 *     const ab_error *ab_describe_action(ab_text app, ab_text action, ab_parameters *described) {
 *         return ab_refold_describe(app, action, described);
 *     }
 *
 *     const ab_error *ab_execute_action(ab_text app, ab_text action, ab_json parameters,
 *                                       ab_outcome *outcome) {
 *         return ab_refold_execute(app, action, parameters, outcome);
 *     }
 *
 * A function that may fail returns what went wrong, and NULL when nothing did; only then has it set what
 * its last argument points to.
 */
#ifndef ACTIONBOX_H
#define ACTIONBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory
 *
 * Everything that is handed to a plugin, that functions of this header return, or that comes from ab_alloc,
 * lives until the host has taken the result of the current call, and is released then, all at once. Free
 * none of it, and keep none of it in a static variable. What the plugin returns may lie in it, in constants,
 * or in memory of the plugin's own that outlives the call; not on the stack.
 */

/* Returns memory for the rest of this call: set to zero, aligned for any type, never NULL. When there is no
 * more, the call ends there. */
void *ab_alloc(size_t size);

/* Text */

/* Text in UTF-8: a view of bytes that need not end with a NUL and may hold one. Without bytes (NULL) it is
 * no text at all, where text is optional; {0} is that. */
typedef struct ab_text {
    const char *bytes;
    size_t size;
} ab_text;

/* A string literal as text. */
#define AB_TEXT(literal) ((ab_text){"" literal, sizeof(literal) - 1})

/* Joins any number of texts. */
#define AB_JOIN(...) \
    ab_join((const ab_text[]){__VA_ARGS__}, sizeof((const ab_text[]){__VA_ARGS__}) / sizeof(ab_text))

/* Returns a string that ends with a NUL as text. It is not copied. */
ab_text ab_from(const char *string);

/* Joins texts. */
ab_text ab_join(const ab_text *parts, size_t count);

/* Returns a number in decimal digits. */
ab_text ab_decimal(uint64_t number);

/* Tells whether two texts have the same bytes. */
bool ab_same(ab_text one, ab_text other);

/* Returns the text without white space around it, as Unicode defines it. */
ab_text ab_trim(ab_text text);

/* Takes the next character off the text; false at its end. What is no UTF-8 is taken byte by byte, each as
 * U+FFFD. */
bool ab_next(ab_text *rest, uint32_t *character);

/* Tells whether a character is white space, as Unicode defines it. */
bool ab_is_space(uint32_t character);

/* JSON
 *
 * A value is a piece of JSON text, exactly as it was sent: no digit of a number is lost. It is checked once,
 * as a whole, by ab_json_parse; what is taken out of it needs no further check.
 */

/* One JSON value, or nothing, which {0} is. */
typedef struct ab_json {
    ab_text text;
} ab_json;

typedef enum ab_json_kind {
    AB_JSON_NOTHING,
    AB_JSON_NULL,
    AB_JSON_BOOLEAN,
    AB_JSON_NUMBER,
    AB_JSON_STRING,
    AB_JSON_ARRAY,
    AB_JSON_OBJECT,
} ab_json_kind;

/* A member of an object. */
typedef struct ab_member {
    ab_text name;
    ab_json value;
} ab_member;

/* Reads text as one JSON value of RFC 8259, in UTF-8, nested at most 127 deep; false when it is none. */
bool ab_json_parse(ab_text text, ab_json *value);

/* Returns the kind of a value. */
ab_json_kind ab_json_is(ab_json value);

/* Takes the next item of an array; false after the last one, and when it is no array. *at is 0 to begin. */
bool ab_json_item(ab_json array, size_t *at, ab_json *item);

/* Takes the next member of an object; false after the last one, and when it is no object. *at is 0 to
 * begin. */
bool ab_json_member(ab_json object, size_t *at, ab_member *member);

/* Returns the member of this name, or nothing. Of a name that is given twice, the last one counts. */
ab_json ab_json_get(ab_json object, ab_text name);

/* Returns the text of a string, and no text for any other value. */
ab_text ab_json_text(ab_json value);

/* Returns text as a string. What is no UTF-8 becomes U+FFFD. */
ab_json ab_json_string(ab_text text);

/* Returns an object. Members whose value is nothing are left out. */
ab_json ab_json_object(const ab_member *members, size_t count);

/* Actions */

/* What an action does to the connected app, from harmless to unlimited. The host decides the effect of
 * every call by itself: what a plugin claims is shown to people and grants nothing. */
typedef enum ab_effect {
    AB_EFFECT_UNCLAIMED,
    /* Changes nothing. */
    AB_EFFECT_READ,
    /* Creates or changes something. */
    AB_EFFECT_WRITE,
    /* Deletes something, or does what cannot be undone. */
    AB_EFFECT_DESTRUCTIVE,
    /* Makes an arbitrary call, such as the httprequest that every connector ships. */
    AB_EFFECT_RAW,
} ab_effect;

/* One operation of a connected app. */
typedef struct ab_action {
    /* The name that describing and executing take, such as get_contact. */
    ab_text id;
    /* A short title for people. */
    ab_text name;
    /* What the action does, in a sentence or two. May be empty. */
    ab_text description;
    /* The upstream's own label, such as v2. Optional. */
    ab_text tag;
    /* The effect that the plugin claims. For display only. */
    ab_effect claimed_effect;
} ab_action;

typedef struct ab_actions {
    const ab_action *items;
    size_t count;
} ab_actions;

/* One input of an action. */
typedef struct ab_parameter {
    /* The key in the parameters object. */
    ab_text name;
    /* A short title for people. May equal the name. */
    ab_text label;
    /* Whether the action refuses to run without it. */
    bool required;
    /* The kind of value it takes: text, email, number, textarea, url, json, or a word of the upstream's that
     * this version of the contract does not know. Values are mostly sent as strings, even numbers. */
    ab_text kind;
} ab_parameter;

typedef struct ab_parameters {
    const ab_parameter *items;
    size_t count;
} ab_parameters;

/* How an action ended in the connected app. The data of a failed action has another place than that of one
 * that succeeded, so that it cannot be read as a result by mistake. */
typedef struct ab_outcome {
    enum { AB_SUCCEEDED = 1, AB_FAILED } kind;
    /* The connected app's own HTTP status; 0 when the upstream does not tell it. */
    uint16_t http_status;
    /* AB_SUCCEEDED: the connected app's answer. */
    ab_json data;
    /* AB_FAILED: the upstream's word for it, such as Errored. */
    ab_text node_status;
    /* AB_FAILED: the connected app's own error body. */
    ab_json failure;
} ab_outcome;

/* Errors */

typedef enum ab_error_kind {
    /* The upstream has no such app. */
    AB_UNKNOWN_APP = 1,
    /* The app has no such action. */
    AB_UNKNOWN_ACTION,
    /* The parameters are not acceptable: each problem is listed. Never worth a retry as it is. */
    AB_INVALID_PARAMETERS,
    /* The tenant has to connect the app again, or for the first time. */
    AB_REAUTHORIZATION_REQUIRED,
    /* The host, or the upstream, does not permit it. */
    AB_DENIED,
    /* Too many requests: wait. */
    AB_THROTTLED,
    /* The upstream failed, or answered what it should not. */
    AB_UPSTREAM,
    /* Anything else. */
    AB_OTHER,
} ab_error_kind;

/* One thing that is wrong with the parameters of a call. */
typedef struct ab_problem {
    /* The parameter it is about; no text when it is about the parameters as a whole. */
    ab_text parameter;
    /* What is wrong and what would be right, for people. */
    ab_text message;
} ab_problem;

/* Why an operation gave no result. Which members mean something depends on the kind. */
typedef struct ab_error {
    ab_error_kind kind;
    /* AB_UNKNOWN_APP, AB_UNKNOWN_ACTION: the app that was asked. */
    ab_text app;
    /* AB_UNKNOWN_ACTION: the action it does not have. */
    ab_text action;
    /* AB_INVALID_PARAMETERS */
    const ab_problem *problems;
    size_t problem_count;
    /* AB_THROTTLED: how long to wait before the next try, when the upstream says so. */
    bool has_retry_after;
    uint64_t retry_after_ms;
    /* AB_UPSTREAM: the HTTP status of the answer; 0 when there was no answer. */
    uint16_t status;
    /* AB_UPSTREAM: the upstream's code, such as SERVER_ERROR; when there was no answer, the code of
     * wasi:http, such as connection-refused. Optional. */
    ab_text code;
    /* AB_UPSTREAM: the upstream's name for this request, to quote to its support. Optional. */
    ab_text request_id;
    /* AB_REAUTHORIZATION_REQUIRED, AB_DENIED, AB_UPSTREAM, AB_OTHER: what happened, for people. */
    ab_text message;
} ab_error;

const ab_error *ab_unknown_app(ab_text app);
const ab_error *ab_unknown_action(ab_text app, ab_text action);

/* Returns the error for one parameter whose value the action cannot take. */
const ab_error *ab_invalid(ab_text parameter, ab_text message);

/* Returns the error for several problems. They are not copied. */
const ab_error *ab_invalid_all(const ab_problem *problems, size_t count);

const ab_error *ab_reauthorization_required(ab_text message);
const ab_error *ab_denied(ab_text message);
const ab_error *ab_upstream(uint16_t status, ab_text code, ab_text message, ab_text request_id);
const ab_error *ab_other(ab_text message);

/* Tells whether an action whose execution gave this error may have run all the same. A write that may have
 * run must not be repeated blindly. When in doubt, this says true. */
bool ab_may_have_run(const ab_error *error);

/* HTTP */

/* A header field. */
typedef struct ab_header {
    ab_text name;
    ab_text value;
} ab_header;

/* A request by https. The host decides whether it leaves, rebuilds it and adds the credentials. */
typedef struct ab_request {
    /* In capitals. */
    ab_text method;
    /* The public name of the upstream. */
    ab_text authority;
    /* The path and the query, escaped. */
    ab_text path;
    /* No credential, and no content-length: the host adds the one, ab_send the other. */
    const ab_header *headers;
    size_t header_count;
    ab_text body;
} ab_request;

/* The whole answer to a request. */
typedef struct ab_response {
    uint16_t status;
    /* The headers that the host lets in; their names are in lower case. */
    const ab_header *headers;
    size_t header_count;
    ab_text body;
} ab_response;

/* Sends a request and reads the whole answer. Nothing is sent twice. The upstream's refusals are answers,
 * not errors: look at the status. The error is AB_DENIED when the host does not let the request out, and
 * AB_UPSTREAM when there is no answer; ab_may_have_run tells whether the request may have been carried out.
 *
 * Outside of the sandbox, in unit tests, it ends the program: there is no host to send anything. */
const ab_error *ab_send(const ab_request *request, ab_response *response);

/* Refold
 *
 * A client for Refold's action API: its three endpoints, and all that they answer. It knows no credential:
 * the host adds it. It retries nothing: the host repeats what is safe to repeat.
 */

/* Lists the actions of an app. The upstream does not tell effects, so none is claimed. */
const ab_error *ab_refold_list(ab_text app, ab_actions *listed);

/* Describes the parameters of an action. */
const ab_error *ab_refold_describe(ab_text app, ab_text action, ab_parameters *described);

/* Executes an action. */
const ab_error *ab_refold_execute(ab_text app, ab_text action, ab_json parameters, ab_outcome *outcome);

/* The plugin
 *
 * These are for the plugin to define. An app is named by its slug (hubspot), an action by its id
 * (get_contact). Each call may run in a fresh instance: a plugin keeps no state between calls. What must
 * last, such as a cursor, travels in the parameters and the data.
 */

/* Lists the actions of an app; AB_UNKNOWN_APP when there is no such app. Only requests that list or describe
 * actions leave the sandbox during this call. */
const ab_error *ab_list_actions(ab_text app, ab_actions *listed);

/* Describes the parameters of an action, in the order in which a form would show them; AB_UNKNOWN_ACTION when
 * the app has no such action. Only requests that list or describe actions leave the sandbox during this
 * call. */
const ab_error *ab_describe_action(ab_text app, ab_text action, ab_parameters *described);

/* Executes an action. No error means that the connected app was reached, not that it did what was asked: the
 * outcome tells. AB_INVALID_PARAMETERS when a parameter is missing or has a value that the action cannot
 * take. The parameters are always an object: others are refused before this is called. During this call, no
 * request leaves the sandbox above the effect that the host resolved for the action. */
const ab_error *ab_execute_action(ab_text app, ab_text action, ab_json parameters, ab_outcome *outcome);

#endif
