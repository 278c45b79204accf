#include "../check.h"

#include <string.h>

#define APP {"hubspot", 7}
static const ab_route listing = {.app = APP, .verb = AB_LIST};
static const ab_route describing = {.app = APP, .verb = AB_DESCRIBE, .action = {"get_x", 5}};
static const ab_route executing = {.app = APP, .verb = AB_EXECUTE, .action = {"get_x", 5}};
static const ab_route *const all[] = {&listing, &describing, &executing};

static ab_response answer(uint16_t status, const char *body) {
    return (ab_response){.status = status, .body = ab_from(body)};
}

/* An answer with the upstream's envelope. */
static ab_response envelope(uint16_t status, const char *code, const char *message) {
    const ab_member members[] = {
        {AB_TEXT("error_code"), ab_json_string(ab_from(code))},
        {AB_TEXT("message"), ab_json_string(ab_from(message))},
        {AB_TEXT("request_id"), ab_json_string(AB_TEXT("r1"))},
        {AB_TEXT("http_error_type"), ab_json_string(AB_TEXT("X"))},
    };
    return (ab_response){.status = status, .body = ab_json_object(members, 4).text};
}

static const ab_error *refuse(const ab_route *route, ab_response answer) {
    return ab_refusal(route, &answer);
}

static const ab_error *execute(const char *body, ab_outcome *outcome) {
    ab_response response = answer(200, body);
    return ab_read_outcome(&executing, &response, outcome);
}

static const ab_error *list(const char *body, ab_actions *listed) {
    ab_response response = answer(200, body);
    return ab_read_actions(&listing, &response, listed);
}

TEST(each_endpoint_has_its_request) {
    ab_request request;
    CHECK(ab_route_request(&listing, &request) == NULL);
    CHECK_TEXT(request.method, "GET");
    CHECK_TEXT(request.authority, "app.refold.ai");
    CHECK_TEXT(request.path, "/api/v2/integration-schema/hubspot/actions");
    CHECK(request.header_count == 1);
    CHECK(ab_route_request(&describing, &request) == NULL);
    CHECK_TEXT(request.path, "/api/v2/integration-schema/hubspot/actions/get_x");
    CHECK(ab_route_request(&executing, &request) == NULL);
    CHECK_TEXT(request.method, "POST");
    CHECK_TEXT(request.path, "/api/v2/integration-schema/hubspot/actions/get_x/execute");
    CHECK(request.header_count == 2);
}

TEST(a_name_stays_within_its_segment) {
    static const struct {
        const char *name, *escaped;
    } names[] = {
        {"a/b", "a%2Fb"},       {"a?b#c", "a%3Fb%23c"}, {"../x", "..%2Fx"},
        {"a\\b", "a%5Cb"},      {"%2e", "%252e"},       {"\u00e9 \u2603", "%C3%A9%20%E2%98%83"},
        {"a\r\nb", "a%0D%0Ab"}, {"aZ0-_.~", "aZ0-_.~"},
    };
    ab_request request;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ab_route route = {.app = ab_from(names[i].name), .verb = AB_LIST};
        CHECK(ab_route_request(&route, &request) == NULL);
        ab_text path =
            AB_JOIN(AB_TEXT("/api/v2/integration-schema/"), ab_from(names[i].escaped), AB_TEXT("/actions"));
        CHECK_OF(names[i].name, ab_same(request.path, path));
    }
    static const char *const bad[] = {"", ".", "..", "..."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ab_route route = {.app = ab_from(bad[i]), .verb = AB_LIST};
        const ab_error *error = ab_route_request(&route, &request);
        CHECK_OF(bad[i], error != NULL && error->kind == AB_UNKNOWN_APP);
        route = (ab_route){.app = AB_TEXT("a"), .verb = AB_EXECUTE, .action = ab_from(bad[i])};
        error = ab_route_request(&route, &request);
        CHECK_OF(bad[i], error != NULL && error->kind == AB_UNKNOWN_ACTION);
    }
}

TEST(a_listing_may_leave_out_what_is_not_needed) {
    ab_actions listed;
    CHECK(list("[{\"action_id\":\"a\",\"name\":\"A\",\"description\":\"does "
               "a\",\"tag\":\"v2\",\"new\":{\"a\":1,\"a\":2}},"
               "{\"action_id\":\"b\",\"tag\":null}]",
               &listed) == NULL);
    CHECK(listed.count == 2);
    CHECK_TEXT(listed.items[0].id, "a");
    CHECK_TEXT(listed.items[0].name, "A");
    CHECK_TEXT(listed.items[0].description, "does a");
    CHECK_TEXT(listed.items[0].tag, "v2");
    CHECK_TEXT(listed.items[1].name, "b");
    CHECK(listed.items[1].description.size == 0 && listed.items[1].tag.bytes == NULL);
    CHECK(listed.items[0].claimed_effect == AB_EFFECT_UNCLAIMED);
    CHECK(list("[]", &listed) == NULL && listed.count == 0);
}

TEST(a_parameter_of_an_unknown_kind_keeps_its_word) {
    ab_response response = answer(
        200,
        "[{\"name\":\"when\",\"label\":\"When\",\"required\":true,\"type\":\"datetime\"},{\"name\":\"x\"}]");
    ab_parameters described;
    CHECK(ab_read_parameters(&describing, &response, &described) == NULL && described.count == 2);
    CHECK_TEXT(described.items[0].label, "When");
    CHECK_TEXT(described.items[0].kind, "datetime");
    CHECK(described.items[0].required && !described.items[1].required);
    CHECK_TEXT(described.items[1].label, "x");
    CHECK_TEXT(described.items[1].kind, "text");
}

TEST(only_success_is_a_success) {
    ab_outcome outcome;
    CHECK(execute("{\"node_status\":\"Success\",\"data\":{\"id\":\"1\"},\"http_status\":201}", &outcome) ==
          NULL);
    CHECK(outcome.kind == AB_SUCCEEDED && outcome.http_status == 201);
    CHECK_TEXT(outcome.data.text, "{\"id\":\"1\"}");
    static const char *const words[] = {"Errored", "Failed", "success", "SUCCESS", " Success", "Pending", ""};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const ab_member members[] = {{AB_TEXT("data"), check_json("1")},
                                     {AB_TEXT("node_status"), ab_json_string(ab_from(words[i]))}};
        ab_response response = {.status = 200, .body = ab_json_object(members, 2).text};
        CHECK(ab_read_outcome(&executing, &response, &outcome) == NULL && outcome.kind == AB_FAILED);
        CHECK_TEXT(outcome.node_status, words[i]);
        CHECK_TEXT(outcome.failure.text, "1");
        CHECK(ab_json_is(outcome.data) == AB_JSON_NOTHING);
    }
}

TEST(data_is_passed_on_as_it_was_sent) {
    static const char *const data[] = {
        "null",
        "1",
        "\"x\"",
        "[]",
        "{}",
        "[1,{\"a\":null}]",
        "12345678901234567890123",
        "0.1000000000000000000001",
        "1E400",
        "\"\\u00e9 \u2603\"",
        "{\"a\":1, \"a\":2}",
    };
    ab_outcome outcome;
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
        ab_response response = {.status = 200,
                                .body = AB_JOIN(AB_TEXT("{\"node_status\":\"Success\",\"data\": "),
                                                ab_from(data[i]), AB_TEXT("}"))};
        CHECK_OF(data[i], ab_read_outcome(&executing, &response, &outcome) == NULL);
        CHECK_TEXT(outcome.data.text, data[i]);
    }
    CHECK(execute("{\"node_status\":\"Success\"}", &outcome) == NULL);
    CHECK_TEXT(outcome.data.text, "null");
}

TEST(an_odd_http_status_is_left_out) {
    static const struct {
        const char *given;
        uint16_t status;
    } cases[] = {{"409", 409}, {"\"409\"", 409}, {"null", 0}, {"-1", 0},
                 {"70000", 0}, {"{}", 0},        {"4.5", 0},  {"\"x\"", 0}};
    ab_outcome outcome;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ab_response response = {.status = 200,
                                .body = AB_JOIN(AB_TEXT("{\"node_status\":\"Errored\",\"http_status\":"),
                                                ab_from(cases[i].given), AB_TEXT("}"))};
        CHECK(ab_read_outcome(&executing, &response, &outcome) == NULL);
        CHECK_OF(cases[i].given, outcome.http_status == cases[i].status);
    }
}

TEST(an_answer_of_another_shape_is_a_failure_of_the_upstream) {
    static const char *const listings[] = {
        "{}",
        "null",
        "[{\"name\":\"A\"}]",
        "[[\"a\",\"A\",\"\",null]]",
        "[null]",
        "",
        "<html>welcome</html>",
        "[{\"action_id\":\"a\",\"action_id\":\"b\"}]",
        "[{\"action_id\":1}]",
        "[{\"action_id\":\"a\",\"name\":[]}]",
    };
    static const char *const outcomes[] = {
        "{\"data\":{}}",
        "{\"Node_Status\":\"Success\"}",
        "{\"node_status\":null}",
        "",
        "{\"node_status\":\"Failed\",\"node_status\":\"Success\"}",
        "{\"node_status\":\"Failed\",\"\\u006eode_status\":\"Success\"}",
        "{\"node_status\":\"Success\",\"da",
        "{\"node_status\":\"Success\",\"data\":1",
        "{\"node_status\":\"Success\"}{}",
        "[\"Success\"]",
        "{\"node_status\":\"Success\",\"data\":\"\xff\"}",
        "{\"node_status\":1}",
        "\xef\xbb\xbf{\"node_status\":\"Success\"}",
    };
    ab_actions listed;
    ab_outcome outcome;
    for (size_t i = 0; i < sizeof listings / sizeof *listings; i++) {
        const ab_error *error = list(listings[i], &listed);
        CHECK_OF(listings[i], error != NULL && error->kind == AB_UPSTREAM && error->status == 200 &&
                                  ab_may_have_run(error));
    }
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        const ab_error *error = execute(outcomes[i], &outcome);
        CHECK_OF(outcomes[i], error != NULL && error->kind == AB_UPSTREAM && error->status == 200 &&
                                  ab_may_have_run(error));
        CHECK_OF(outcomes[i], error != NULL && ab_begins(error->message, AB_TEXT("expected ")));
    }
}

TEST(an_unknown_app_is_told_from_an_unknown_action) {
    ab_response no_app = envelope(404, "SERVER_ERROR", "Application app_type 'hubspot' not found");
    ab_response no_action = envelope(404, "SERVER_ERROR", "Action get_x not found in Application hubspot");
    for (size_t i = 0; i < 3; i++) {
        const ab_error *error = refuse(all[i], no_app);
        CHECK(error->kind == AB_UNKNOWN_APP);
        CHECK_TEXT(error->app, "hubspot");
        error = refuse(all[i], no_action);
        CHECK(error->kind == (i == 0 ? AB_UPSTREAM : AB_UNKNOWN_ACTION));
        CHECK(i == 0 || ab_same(error->action, AB_TEXT("get_x")));
    }
    static const char *const others[] = {"", "<html>404</html>", "{\"message\":\"Not Found\"}",
                                         "{\"message\":\"Actions are off\"}"};
    for (size_t i = 0; i < 4; i++) {
        const ab_error *error = refuse(&executing, answer(404, others[i]));
        CHECK_OF(others[i], error->kind == AB_UPSTREAM && error->status == 404);
    }
}

TEST(a_missing_parameter_is_named) {
    ab_response missing = envelope(400, "VALIDATION_ERROR", "Required parameter 'email' is missing");
    const ab_error *error = refuse(&executing, missing);
    CHECK(error->kind == AB_INVALID_PARAMETERS && error->problem_count == 1);
    CHECK_TEXT(error->problems[0].parameter, "email");
    CHECK_TEXT(error->problems[0].message, "Required parameter 'email' is missing");
    static const char *const vague[] = {"Body isn't right, isn't it", "no quotes", "''", "'a b'", "it's"};
    for (size_t i = 0; i < 4; i++) {
        error = refuse(&executing, envelope(400, "VALIDATION_ERROR", vague[i]));
        CHECK_OF(vague[i],
                 error->kind == AB_INVALID_PARAMETERS && error->problems[0].parameter.bytes == NULL);
    }
    /* Nothing was given that could be invalid, and another code is another thing. */
    CHECK(refuse(&listing, missing)->kind == AB_UPSTREAM);
    CHECK(refuse(&executing, envelope(400, "SERVER_ERROR", "no"))->kind == AB_UPSTREAM);
    /* The code may be called error. */
    error =
        refuse(&executing, answer(400, "{\"error\":\"VALIDATION_ERROR\",\"message\":\"'a' is missing\"}"));
    CHECK(error->kind == AB_INVALID_PARAMETERS);
    CHECK_TEXT(error->problems[0].parameter, "a");
}

TEST(the_tenant_is_asked_to_connect_again) {
    static const char not_connected[] =
        "Application Authentication not found for linked_account_id x and app hubspot";
    const ab_response answers[] = {
        envelope(401, "SERVER_ERROR", "Invalid Credentials"),
        envelope(403, "SERVER_ERROR", "no"),
        answer(401, ""),
        envelope(400, "SERVER_ERROR", not_connected),
        envelope(404, "SERVER_ERROR", not_connected),
        envelope(400, "reauth_required", "token expired"),
        envelope(422, "SERVER_ERROR", "REAUTH_REQUIRED: token expired"),
        answer(400, "{\"details\":{\"reason\":\"reauth_required\"}}"),
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        for (size_t j = 0; j < 3; j++) {
            const ab_error *error = refuse(all[j], answers[i]);
            CHECK(error->kind == AB_REAUTHORIZATION_REQUIRED && error->message.size > 0);
        }
    }
}

TEST(being_throttled_carries_the_wait) {
    static const struct {
        const char *value;
        bool is_known;
        uint64_t wait;
    } cases[] = {
        {"3", true, 3000},
        {" 0 ", true, 0},
        {"-1", false, 0},
        {"soon", false, 0},
        {"", false, 0},
        {"Wed, 21 Oct 2026 07:28:00 GMT", false, 0},
        {"18446744073709551615", true, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ab_header header = {AB_TEXT("retry-after"), ab_from(cases[i].value)};
        ab_response response = {
            .status = 429, .headers = &header, .header_count = 1, .body = AB_TEXT("<html>slow down</html>")};
        const ab_error *error = ab_refusal(&executing, &response);
        CHECK(error->kind == AB_THROTTLED);
        CHECK_OF(cases[i].value,
                 error->has_retry_after == cases[i].is_known && error->retry_after_ms == cases[i].wait);
    }
    CHECK(!refuse(&executing, answer(429, ""))->has_retry_after);
}

TEST(a_failure_keeps_what_was_said) {
    const ab_error *error = refuse(&executing, envelope(503, "SERVER_ERROR", " try later "));
    CHECK(error->kind == AB_UPSTREAM && error->status == 503);
    CHECK_TEXT(error->code, "SERVER_ERROR");
    CHECK_TEXT(error->message, "try later");
    CHECK_TEXT(error->request_id, "r1");
    error = refuse(&executing, answer(500, "{\"message\":[\"a is bad\",7,\"b too\"],\"error\":{}}"));
    CHECK_TEXT(error->message, "a is bad; b too");
    CHECK(error->code.bytes == NULL && error->request_id.bytes == NULL);
    CHECK(refuse(&listing, answer(302, ""))->status == 302);
}

TEST(a_body_that_is_no_envelope_is_not_repeated) {
    static const char *const bodies[] = {"",
                                         "<html>Bad Gateway</html>",
                                         "null",
                                         "[]",
                                         "\"x\"",
                                         "{",
                                         "{\"message\":7}",
                                         "{\"message\":[]}",
                                         "{\"message\":\" \"}",
                                         "\x01"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const ab_error *error = refuse(&executing, answer(502, bodies[i]));
        CHECK_TEXT(error->message, "it answered 502 without a message");
        CHECK(error->code.bytes == NULL);
    }
}
