/* Errors: making them, and what each says about the request. */
#include "internal.h"

static const ab_error *kept(ab_error error) {
    ab_error *memory = ab_alloc(sizeof *memory);
    *memory = error;
    return memory;
}

const ab_error *ab_unknown_app(ab_text app) { return kept((ab_error){.kind = AB_UNKNOWN_APP, .app = app}); }

const ab_error *ab_unknown_action(ab_text app, ab_text action) {
    return kept((ab_error){.kind = AB_UNKNOWN_ACTION, .app = app, .action = action});
}

const ab_error *ab_invalid(ab_text parameter, ab_text message) {
    ab_problem *problem = ab_alloc(sizeof *problem);
    *problem = (ab_problem){parameter, message};
    return ab_invalid_all(problem, 1);
}

const ab_error *ab_invalid_all(const ab_problem *problems, size_t count) {
    return kept((ab_error){.kind = AB_INVALID_PARAMETERS, .problems = problems, .problem_count = count});
}

const ab_error *ab_reauthorization_required(ab_text message) {
    return kept((ab_error){.kind = AB_REAUTHORIZATION_REQUIRED, .message = message});
}

const ab_error *ab_denied(ab_text message) { return kept((ab_error){.kind = AB_DENIED, .message = message}); }

const ab_error *ab_upstream(uint16_t status, ab_text code, ab_text message, ab_text request_id) {
    return kept((ab_error){
        .kind = AB_UPSTREAM, .status = status, .code = code, .message = message, .request_id = request_id});
}

const ab_error *ab_other(ab_text message) { return kept((ab_error){.kind = AB_OTHER, .message = message}); }

/* The error codes of wasi:http as the WIT spells them, in its order. Marked are those that are only given
 * before a request left, or for one that was never complete. Alerts and other failures of TLS are not among
 * them: they may come late in a connection's life. */
static const struct {
    const char *name;
    bool not_sent;
} codes[] = {
    {"dns-timeout", true},
    {"dns-error", true},
    {"destination-not-found", true},
    {"destination-unavailable", true},
    {"destination-ip-prohibited", true},
    {"destination-ip-unroutable", true},
    {"connection-refused", true},
    {"connection-terminated", false},
    {"connection-timeout", true},
    {"connection-read-timeout", false},
    {"connection-write-timeout", false},
    {"connection-limit-reached", true},
    {"tls-protocol-error", false},
    {"tls-certificate-error", true},
    {"tls-alert-received", false},
    {"http-request-denied", true},
    {"http-request-length-required", true},
    {"http-request-body-size", true},
    {"http-request-method-invalid", true},
    {"http-request-uri-invalid", true},
    {"http-request-uri-too-long", true},
    {"http-request-header-section-size", true},
    {"http-request-header-size", true},
    {"http-request-trailer-section-size", false},
    {"http-request-trailer-size", false},
    {"http-response-incomplete", false},
    {"http-response-header-section-size", false},
    {"http-response-header-size", false},
    {"http-response-body-size", false},
    {"http-response-trailer-section-size", false},
    {"http-response-trailer-size", false},
    {"http-response-transfer-coding", false},
    {"http-response-content-coding", false},
    {"http-response-timeout", false},
    {"http-upgrade-failed", false},
    {"http-protocol-error", false},
    {"loop-detected", false},
    {"configuration-error", true},
    {"internal-error", false},
};
enum { CODES = sizeof codes / sizeof *codes };

ab_text ab_code(size_t place) { return ab_from(codes[place < CODES ? place : CODES - 1].name); }

/* Tells whether a code proves that the request was not carried out. */
static bool is_not_sent(ab_text code) {
    for (size_t i = 0; i < CODES; i++) {
        if (ab_same(code, ab_from(codes[i].name))) {
            return codes[i].not_sent;
        }
    }
    return false;
}

/* Details are left out: hosts are free in what they say there. */
const ab_error *ab_unanswered(ab_text code) {
    if (ab_same(code, AB_TEXT("http-request-denied"))) {
        return ab_denied(AB_TEXT("the host does not let this request out"));
    }
    char *words = ab_alloc(code.size);
    for (size_t i = 0; i < code.size; i++) {
        words[i] = code.bytes[i] == '-' ? ' ' : code.bytes[i];
    }
    ab_text said = {words, code.size};
    ab_text message = is_not_sent(code)
                          ? AB_JOIN(AB_TEXT("the request was not sent: "), said)
                          : AB_JOIN(AB_TEXT("no usable answer came back ("), said,
                                    AB_TEXT("); whether the request was carried out is unknown"));
    return ab_upstream(0, code, message, (ab_text){0});
}

bool ab_may_have_run(const ab_error *error) {
    if (error == NULL) {
        return false;
    }
    switch (error->kind) {
    case AB_UNKNOWN_APP:
    case AB_UNKNOWN_ACTION:
    case AB_INVALID_PARAMETERS:
    case AB_REAUTHORIZATION_REQUIRED:
    case AB_DENIED:
    case AB_THROTTLED:
        return false;
    case AB_UPSTREAM:
        return error->status == 0 ? !is_not_sent(error->code) : error->status < 400 || error->status >= 500;
    case AB_OTHER:
        return true;
    }
    return true;
}
