/* What authors get wrong in C: each action is one mistake, and is named after it. */
#include "actionbox.h"
#include "bindings/plugin.h"

#include <stdlib.h>

#define ACTIONS "/api/v2/integration-schema/hubspot/actions"

static const ab_error *get(ab_text authority, ab_text path, ab_header header, ab_outcome *outcome) {
    const ab_request request = {
        .method = AB_TEXT("GET"),
        .authority = authority,
        .path = path,
        .headers = &header,
        .header_count = header.name.size > 0,
    };
    ab_response response;
    const ab_error *error = ab_send(&request, &response);
    if (error == NULL) {
        *outcome = (ab_outcome){.kind = AB_SUCCEEDED, .data = {ab_decimal(response.body.size)}};
    }
    return error;
}

static plugin_string_t text(const char *from) {
    return (plugin_string_t){(uint8_t *)from, ab_from(from).size};
}

/* Goes past the SDK: begins a body, and leaves it; or leaves it before its stream. */
static const ab_error *unfinished_body(bool drop_the_body_first, ab_outcome *outcome) {
    wasi_http_types_own_fields_t fields = wasi_http_types_constructor_fields();
    plugin_string_t name = text("content-length"), digits = text("2");
    wasi_http_types_field_value_t value = {digits.ptr, digits.len};
    wasi_http_types_header_error_t refused;
    wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &name, &value, &refused);

    wasi_http_types_own_outgoing_request_t request = wasi_http_types_constructor_outgoing_request(fields);
    wasi_http_types_borrow_outgoing_request_t to = wasi_http_types_borrow_outgoing_request(request);
    wasi_http_types_method_t method = {.tag = WASI_HTTP_TYPES_METHOD_POST};
    wasi_http_types_scheme_t scheme = {.tag = WASI_HTTP_TYPES_SCHEME_HTTPS};
    plugin_string_t authority = text("app.refold.ai"), path = text(ACTIONS "/search_contacts/execute");
    wasi_http_types_method_outgoing_request_set_method(to, &method);
    wasi_http_types_method_outgoing_request_set_scheme(to, &scheme);
    wasi_http_types_method_outgoing_request_set_authority(to, &authority);
    wasi_http_types_method_outgoing_request_set_path_with_query(to, &path);

    wasi_http_types_own_outgoing_body_t body;
    wasi_http_types_own_output_stream_t stream;
    wasi_http_types_own_future_incoming_response_t future;
    wasi_http_types_error_code_t code;
    wasi_http_types_method_outgoing_request_body(to, &body);
    wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream);
    wasi_http_outgoing_handler_handle(request, NULL, &future, &code);
    if (drop_the_body_first) {
        wasi_http_types_outgoing_body_drop_own(body);
    }
    wasi_io_streams_output_stream_drop_own(stream);
    wasi_http_types_outgoing_body_drop_own(body);
    wasi_io_poll_own_pollable_t ready = wasi_http_types_method_future_incoming_response_subscribe(
        wasi_http_types_borrow_future_incoming_response(future));
    wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
    wasi_io_poll_pollable_drop_own(ready);
    wasi_http_types_future_incoming_response_drop_own(future);
    *outcome = (ab_outcome){.kind = AB_SUCCEEDED, .data = {AB_TEXT("true")}};
    return NULL;
}

const ab_error *ab_list_actions(ab_text app, ab_actions *listed) { return ab_refold_list(app, listed); }

const ab_error *ab_describe_action(ab_text app, ab_text action, ab_parameters *described) {
    return ab_refold_describe(app, action, described);
}

const ab_error *ab_execute_action(ab_text app, ab_text action, ab_json parameters, ab_outcome *outcome) {
    const ab_text refold = AB_TEXT("app.refold.ai"), theirs = AB_TEXT("api.hubapi.com");
    const ab_text contacts = AB_TEXT("/crm/v3/objects/contacts"), actions = AB_TEXT(ACTIONS);
    const ab_header none = {{0}, {0}};
#define IS(name) ab_same(action, AB_TEXT(name))
    /* Calls the app itself, as it would outside of the sandbox. */
    if (IS("wrong_authority")) {
        return get(theirs, contacts, none, outcome);
    }
    /* The host adds the credential. */
    if (IS("own_key")) {
        return get(refold, actions, (ab_header){AB_TEXT("authorization"), AB_TEXT("Bearer pat-na1-0123")}, outcome);
    }
    /* The grant says that this action only reads. */
    if (IS("writes_in_a_read")) {
        const ab_member email = {AB_TEXT("email"), ab_json_string(AB_TEXT("ada@example.com"))};
        return ab_refold_execute(app, AB_TEXT("create_contact"), ab_json_object(&email, 1), outcome);
    }
    if (IS("swallowed_refusal")) {
        if (get(theirs, contacts, none, outcome) != NULL) {
            *outcome = (ab_outcome){.kind = AB_SUCCEEDED, .data = {AB_TEXT("[]")}};
        }
        return NULL;
    }
    /* An answer is not yet a success: nobody looked at its status. */
    if (IS("swallowed_status")) {
        return get(refold, AB_TEXT(ACTIONS "/no_such_action"), none, outcome);
    }
    if (IS("unfinished_body") || IS("dropped_too_early")) {
        return unfinished_body(IS("dropped_too_early"), outcome);
    }
    /* The data of an outcome is JSON text. */
    if (IS("no_json")) {
        *outcome = (ab_outcome){.kind = AB_SUCCEEDED, .data = {AB_TEXT("Ada Lovelace")}};
        return NULL;
    }
    if (IS("nothing_returned")) {
        return NULL;
    }
    if (IS("wrong_type")) {
        ab_text limit = ab_json_text(ab_json_get(parameters, AB_TEXT("limit")));
        return limit.bytes != NULL ? NULL : ab_invalid(AB_TEXT("limit"), AB_TEXT("must be a string"));
    }
    if (IS("aborts")) {
        abort();
    }
    if (IS("wild_pointer")) {
        *outcome = (ab_outcome){.kind = AB_SUCCEEDED, .data = {{(const char *)-16, 8}}};
        return NULL;
    }
    if (IS("divides_by_zero")) {
        volatile size_t none_found = 0;
        *outcome = (ab_outcome){.kind = AB_SUCCEEDED, .data = {ab_decimal(action.size / none_found)}};
        return NULL;
    }
    return ab_unknown_action(app, action);
}
