/* What the host calls: the generated types around the plugin's own functions.
 *
 * Nothing is copied: the host reads what the plugin returned before it ends the call, and the memory of the
 * call goes only then. */
#include "internal.h"

#ifdef __wasm__
#include "../bindings/plugin.h"

static plugin_string_t text(ab_text from) { return (plugin_string_t){(uint8_t *)from.bytes, from.size}; }

static plugin_option_string_t optional(ab_text from) {
    return (plugin_option_string_t){from.bytes != NULL, text(from)};
}

static plugin_option_u16_t status(uint16_t from) { return (plugin_option_u16_t){from != 0, from}; }

static ab_text given(const plugin_string_t *from) { return (ab_text){(const char *)from->ptr, from->len}; }

static void wire_problems(const ab_error *from, actionbox_plugin_types_list_problem_t *to) {
    *to = (actionbox_plugin_types_list_problem_t){ab_alloc(from->problem_count * sizeof *to->ptr),
                                                  from->problem_count};
    for (size_t i = 0; i < from->problem_count; i++) {
        to->ptr[i].parameter = optional(from->problems[i].parameter);
        to->ptr[i].message = text(from->problems[i].message);
    }
}

static void wire_error(const ab_error *from, actionbox_plugin_types_error_t *to) {
    switch (from->kind) {
    case AB_UNKNOWN_APP:
        to->tag = ACTIONBOX_PLUGIN_TYPES_ERROR_UNKNOWN_APP;
        to->val.unknown_app = text(from->app);
        return;
    case AB_UNKNOWN_ACTION:
        to->tag = ACTIONBOX_PLUGIN_TYPES_ERROR_UNKNOWN_ACTION;
        to->val.unknown_action.app = text(from->app);
        to->val.unknown_action.action_id = text(from->action);
        return;
    case AB_INVALID_PARAMETERS:
        to->tag = ACTIONBOX_PLUGIN_TYPES_ERROR_INVALID_PARAMETERS;
        wire_problems(from, &to->val.invalid_parameters);
        return;
    case AB_REAUTHORIZATION_REQUIRED:
        to->tag = ACTIONBOX_PLUGIN_TYPES_ERROR_REAUTHORIZATION_REQUIRED;
        to->val.reauthorization_required = text(from->message);
        return;
    case AB_DENIED:
        to->tag = ACTIONBOX_PLUGIN_TYPES_ERROR_DENIED;
        to->val.denied = text(from->message);
        return;
    case AB_THROTTLED:
        to->tag = ACTIONBOX_PLUGIN_TYPES_ERROR_THROTTLED;
        to->val.throttled.retry_after_ms = (plugin_option_u64_t){from->has_retry_after, from->retry_after_ms};
        return;
    case AB_UPSTREAM:
        to->tag = ACTIONBOX_PLUGIN_TYPES_ERROR_UPSTREAM;
        to->val.upstream.status = status(from->status);
        to->val.upstream.code = optional(from->code);
        to->val.upstream.message = text(from->message);
        to->val.upstream.request_id = optional(from->request_id);
        return;
    case AB_OTHER:
        break;
    }
    to->tag = ACTIONBOX_PLUGIN_TYPES_ERROR_OTHER;
    to->val.other = text(from->message);
}

static void wire_effect(ab_effect from, actionbox_plugin_types_option_effect_t *to) {
    to->is_some = true;
    switch (from) {
    case AB_EFFECT_READ:
        to->val = ACTIONBOX_PLUGIN_TYPES_EFFECT_READ;
        return;
    case AB_EFFECT_WRITE:
        to->val = ACTIONBOX_PLUGIN_TYPES_EFFECT_WRITE;
        return;
    case AB_EFFECT_DESTRUCTIVE:
        to->val = ACTIONBOX_PLUGIN_TYPES_EFFECT_DESTRUCTIVE;
        return;
    case AB_EFFECT_RAW:
        to->val = ACTIONBOX_PLUGIN_TYPES_EFFECT_RAW;
        return;
    case AB_EFFECT_UNCLAIMED:
        break;
    }
    to->is_some = false;
}

static void wire_kind(ab_text from, actionbox_plugin_types_parameter_kind_t *to) {
    /* In the order of the contract. */
    static const char *const words[] = {"text", "email", "number", "textarea", "url", "json"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (ab_same(from, ab_from(words[i]))) {
            to->tag = (uint8_t)i;
            return;
        }
    }
    to->tag = ACTIONBOX_PLUGIN_TYPES_PARAMETER_KIND_OTHER;
    to->val.other = text(from);
}

bool exports_actionbox_plugin_actions_list_actions(plugin_string_t *app,
                                                   exports_actionbox_plugin_actions_list_action_t *ret,
                                                   exports_actionbox_plugin_actions_error_t *err) {
    ab_actions listed = {0};
    const ab_error *error = ab_list_actions(given(app), &listed);
    if (error != NULL) {
        wire_error(error, err);
        return false;
    }
    *ret = (exports_actionbox_plugin_actions_list_action_t){ab_alloc(listed.count * sizeof *ret->ptr),
                                                            listed.count};
    for (size_t i = 0; i < listed.count; i++) {
        ret->ptr[i].id = text(listed.items[i].id);
        ret->ptr[i].name = text(listed.items[i].name);
        ret->ptr[i].description = text(listed.items[i].description);
        ret->ptr[i].tag = optional(listed.items[i].tag);
        wire_effect(listed.items[i].claimed_effect, &ret->ptr[i].claimed_effect);
    }
    return true;
}

bool exports_actionbox_plugin_actions_describe_action(plugin_string_t *app, plugin_string_t *action_id,
                                                      exports_actionbox_plugin_actions_list_parameter_t *ret,
                                                      exports_actionbox_plugin_actions_error_t *err) {
    ab_parameters described = {0};
    const ab_error *error = ab_describe_action(given(app), given(action_id), &described);
    if (error != NULL) {
        wire_error(error, err);
        return false;
    }
    *ret = (exports_actionbox_plugin_actions_list_parameter_t){ab_alloc(described.count * sizeof *ret->ptr),
                                                               described.count};
    for (size_t i = 0; i < described.count; i++) {
        ret->ptr[i].name = text(described.items[i].name);
        ret->ptr[i].label = text(described.items[i].label);
        ret->ptr[i].required = described.items[i].required;
        wire_kind(described.items[i].kind, &ret->ptr[i].kind);
    }
    return true;
}

static const ab_error *execute(ab_text app, ab_text action, ab_text parameters, ab_outcome *outcome) {
    ab_json object;
    if (!ab_json_parse(parameters, &object) || ab_json_is(object) != AB_JSON_OBJECT) {
        return ab_invalid((ab_text){0}, AB_TEXT("must be one JSON object"));
    }
    const ab_error *error = ab_execute_action(app, action, object, outcome);
    bool is_outcome = outcome->kind == AB_SUCCEEDED || outcome->kind == AB_FAILED;
    return error != NULL || is_outcome ? error
                                       : ab_other(AB_TEXT("the plugin gave neither an outcome nor an error"));
}

bool exports_actionbox_plugin_actions_execute_action(plugin_string_t *app, plugin_string_t *action_id,
                                                     exports_actionbox_plugin_actions_json_t *parameters,
                                                     exports_actionbox_plugin_actions_outcome_t *ret,
                                                     exports_actionbox_plugin_actions_error_t *err) {
    ab_outcome outcome = {0};
    const ab_error *error = execute(given(app), given(action_id), given(parameters), &outcome);
    if (error != NULL) {
        wire_error(error, err);
        return false;
    }
    ab_json data = outcome.kind == AB_SUCCEEDED ? outcome.data : outcome.failure;
    plugin_string_t json = text(ab_json_is(data) == AB_JSON_NOTHING ? AB_TEXT("null") : data.text);
    if (outcome.kind == AB_SUCCEEDED) {
        ret->tag = ACTIONBOX_PLUGIN_TYPES_OUTCOME_SUCCEEDED;
        ret->val.succeeded.http_status = status(outcome.http_status);
        ret->val.succeeded.data = json;
    } else {
        ret->tag = ACTIONBOX_PLUGIN_TYPES_OUTCOME_FAILED;
        ret->val.failed.node_status = text(outcome.node_status);
        ret->val.failed.http_status = status(outcome.http_status);
        ret->val.failed.data = json;
    }
    return true;
}

/* The host calls these when it has taken a result. They take the place of the generated ones, which would
 * free piece by piece what is given back as a whole. */
#define ENDS(name) __attribute__((export_name("cabi_post_actionbox:plugin/actions@0.1.0#" name))) void
ENDS("list-actions")
__wasm_export_exports_actionbox_plugin_actions_list_actions_post_return(uint8_t *result) {
    (void)result;
    ab_release_all();
}
ENDS("describe-action")
__wasm_export_exports_actionbox_plugin_actions_describe_action_post_return(uint8_t *result) {
    (void)result;
    ab_release_all();
}
ENDS("execute-action")
__wasm_export_exports_actionbox_plugin_actions_execute_action_post_return(uint8_t *result) {
    (void)result;
    ab_release_all();
}
#endif
