/* What it means when an endpoint does not answer 2xx. */
#include "internal.h"

#include <string.h>

/* Reads a string that says something, or a list of them; no text otherwise. */
static ab_text say(ab_json value) {
    ab_text said = ab_json_text(value);
    if (ab_json_is(value) == AB_JSON_ARRAY) {
        size_t count = 0, used = 0;
        ab_json item;
        for (size_t at = 0; ab_json_item(value, &at, &item);) {
            count++;
        }
        ab_text *parts = ab_alloc(2 * count * sizeof *parts);
        for (size_t at = 0; ab_json_item(value, &at, &item);) {
            if (ab_json_is(item) == AB_JSON_STRING) {
                parts[used] = used > 0 ? AB_TEXT("; ") : AB_TEXT("");
                parts[used + 1] = ab_json_text(item);
                used += 2;
            }
        }
        said = ab_join(parts, used);
    }
    said = ab_trim(said);
    return said.size > 0 ? said : (ab_text){0};
}

/* Returns the first name in single quotes, as in Required parameter 'email' is missing. */
static ab_text quoted(ab_text message) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    size_t begin = 0;
    while (begin < message.size && message.bytes[begin] != '\'') {
        begin++;
    }
    size_t end = ++begin;
    while (end < message.size && memchr(plain, message.bytes[end], sizeof plain - 1) != NULL) {
        end++;
    }
    bool is_name = end > begin && (end == message.size || message.bytes[end] == '\'');
    return is_name ? (ab_text){message.bytes + begin, end - begin} : (ab_text){0};
}

static const ab_error *throttled(const ab_response *answer) {
    ab_error *error = ab_alloc(sizeof *error);
    error->kind = AB_THROTTLED;
    for (size_t i = 0; i < answer->header_count && !error->has_retry_after; i++) {
        uint64_t seconds;
        /* A date is ignored: the sandbox has no clock that it should be trusted with. */
        if (ab_same(answer->headers[i].name, AB_TEXT("retry-after")) &&
            ab_number(ab_trim(answer->headers[i].value), UINT64_MAX, &seconds)) {
            error->has_retry_after = true;
            error->retry_after_ms = seconds > UINT64_MAX / 1000 ? UINT64_MAX : seconds * 1000;
        }
    }
    return error;
}

const ab_error *ab_refusal(const ab_route *route, const ab_response *answer) {
    /* A gateway in between answers as it likes: then nothing is said. */
    ab_json envelope = {0};
    (void)ab_json_parse(answer->body, &envelope);
    ab_text code = say(ab_json_get(envelope, AB_TEXT("error_code")));
    if (code.bytes == NULL) {
        code = say(ab_json_get(envelope, AB_TEXT("error")));
    }
    ab_text message = say(ab_json_get(envelope, AB_TEXT("message")));
    ab_text request_id = say(ab_json_get(envelope, AB_TEXT("request_id")));
    ab_text said = ab_lower(message);
    if (message.bytes == NULL) {
        message = AB_JOIN(AB_TEXT("it answered "), ab_decimal(answer->status), AB_TEXT(" without a message"));
    }

    if (answer->status == 429) {
        return throttled(answer);
    }
    /* The word may be the code, in the message, or in a field of its own. */
    if (answer->status == 401 || answer->status == 403 ||
        ab_begins(said, AB_TEXT("application authentication not found")) ||
        ab_holds(ab_lower(answer->body), AB_TEXT("reauth_required"))) {
        return ab_reauthorization_required(message);
    }
    if (answer->status == 404 && ab_begins(said, AB_TEXT("application app_type"))) {
        return ab_unknown_app(route->app);
    }
    if (answer->status == 404 && route->verb != AB_LIST && ab_begins(said, AB_TEXT("action ")) &&
        ab_holds(said, AB_TEXT(" not found"))) {
        return ab_unknown_action(route->app, route->action);
    }
    if (answer->status == 400 && route->verb == AB_EXECUTE && ab_same(code, AB_TEXT("VALIDATION_ERROR"))) {
        return ab_invalid(quoted(message), message);
    }
    return ab_upstream(answer->status, code, message, request_id);
}
