/* A client for Refold's action API: route → send → read. */
#include "internal.h"

#include <string.h>

static const ab_error *exchange(const ab_route *route, ab_text body, ab_response *answer) {
    ab_request request;
    const ab_error *error = ab_route_request(route, &request);
    if (error != NULL) {
        return error;
    }
    request.body = body;
    return ab_send(&request, answer);
}

const ab_error *ab_refold_list(ab_text app, ab_actions *listed) {
    ab_route route = {.app = app, .verb = AB_LIST};
    ab_response answer;
    const ab_error *error = exchange(&route, (ab_text){0}, &answer);
    return error != NULL ? error : ab_read_actions(&route, &answer, listed);
}

const ab_error *ab_refold_describe(ab_text app, ab_text action, ab_parameters *described) {
    ab_route route = {.app = app, .verb = AB_DESCRIBE, .action = action};
    ab_response answer;
    const ab_error *error = exchange(&route, (ab_text){0}, &answer);
    return error != NULL ? error : ab_read_parameters(&route, &answer, described);
}

const ab_error *ab_refold_execute(ab_text app, ab_text action, ab_json parameters, ab_outcome *outcome) {
    ab_route route = {.app = app, .verb = AB_EXECUTE, .action = action};
    ab_response answer;
    const ab_error *error = exchange(&route, parameters.text, &answer);
    return error != NULL ? error : ab_read_outcome(&route, &answer, outcome);
}

/* Escapes one segment of a path: what RFC 3986 lets stand in one stands, and nothing more. False for what no
 * segment can be: nothing, or dots that would climb. */
static bool segment(ab_text text, ab_text *escaped) {
    static const char hex[] = "0123456789ABCDEF";
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    char *bytes = ab_alloc(3 * text.size), *to = bytes;
    bool climbs = true;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        climbs = climbs && c == '.';
        if (memchr(plain, c, sizeof plain - 1) != NULL) {
            *to++ = (char)c;
        } else {
            *to++ = '%';
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        }
    }
    *escaped = (ab_text){bytes, (size_t)(to - bytes)};
    return !climbs;
}

const ab_error *ab_route_request(const ab_route *route, ab_request *request) {
    static const ab_header headers[] = {
        {{"accept", 6}, {"application/json", 16}},
        {{"content-type", 12}, {"application/json", 16}},
    };
    ab_text app, action;
    if (!segment(route->app, &app)) {
        return ab_unknown_app(route->app);
    }
    ab_text path = AB_JOIN(AB_TEXT("/api/v2/integration-schema/"), app, AB_TEXT("/actions"));
    if (route->verb != AB_LIST) {
        if (!segment(route->action, &action)) {
            return ab_unknown_action(route->app, route->action);
        }
        path = AB_JOIN(path, AB_TEXT("/"), action);
    }
    bool executes = route->verb == AB_EXECUTE;
    *request = (ab_request){
        .method = executes ? AB_TEXT("POST") : AB_TEXT("GET"),
        .authority = AB_TEXT("app.refold.ai"),
        .path = executes ? AB_JOIN(path, AB_TEXT("/execute")) : path,
        .headers = headers,
        .header_count = executes ? 2 : 1,
    };
    return NULL;
}
