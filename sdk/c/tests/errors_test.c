#include "../check.h"

#include <ctype.h>
#include <string.h>

static const ab_error *upstream(uint16_t status, ab_text code) {
    return ab_upstream(status, code, AB_TEXT("x"), (ab_text){0});
}

TEST(only_what_surely_did_not_run_is_said_not_to_have_run) {
    const ab_error throttled = {.kind = AB_THROTTLED};
    CHECK(!ab_may_have_run(NULL));
    CHECK(!ab_may_have_run(ab_invalid(AB_TEXT("email"), AB_TEXT("is required"))));
    CHECK(!ab_may_have_run(&throttled));
    CHECK(!ab_may_have_run(ab_denied(AB_TEXT("no"))));
    CHECK(!ab_may_have_run(ab_unknown_app(AB_TEXT("x"))));
    CHECK(!ab_may_have_run(ab_unknown_action(AB_TEXT("x"), AB_TEXT("y"))));
    CHECK(!ab_may_have_run(ab_reauthorization_required(AB_TEXT("no"))));
    CHECK(!ab_may_have_run(upstream(409, (ab_text){0})));
    CHECK(!ab_may_have_run(upstream(0, AB_TEXT("connection-refused"))));
    CHECK(ab_may_have_run(upstream(0, AB_TEXT("http-response-timeout"))));
    CHECK(ab_may_have_run(upstream(0, AB_TEXT("SOMETHING"))));
    CHECK(ab_may_have_run(upstream(200, (ab_text){0})));
    CHECK(ab_may_have_run(upstream(302, (ab_text){0})));
    CHECK(ab_may_have_run(upstream(503, AB_TEXT("connection-refused"))));
    CHECK(ab_may_have_run(upstream(0, (ab_text){0})));
    CHECK(ab_may_have_run(ab_other(AB_TEXT("x"))));
}

TEST(a_request_without_an_answer_says_what_is_known) {
    const ab_error *error = ab_unanswered(AB_TEXT("http-request-denied"));
    CHECK(error->kind == AB_DENIED);
    error = ab_unanswered(AB_TEXT("connection-refused"));
    CHECK(error->kind == AB_UPSTREAM && error->status == 0);
    CHECK_TEXT(error->message, "the request was not sent: connection refused");
    CHECK_TEXT(error->code, "connection-refused");
    error = ab_unanswered(AB_TEXT("http-response-timeout"));
    CHECK_TEXT(
        error->message,
        "no usable answer came back (http response timeout); whether the request was carried out is unknown");
}

/* The WIT says DNS-timeout where the name is dns-timeout. */
TEST(every_code_of_the_contract_has_its_name) {
    FILE *file = fopen("wit/deps/http.wit", "r");
    CHECK_OF("run from the project's folder", file != NULL);
    if (file == NULL) {
        return;
    }
    char line[512], word[64];
    size_t count = 0;
    bool inside = false;
    while (fgets(line, sizeof line, file) != NULL && !(inside && strchr(line, '}') != NULL)) {
        if (strstr(line, "variant error-code {") != NULL) {
            inside = true;
        } else if (inside && sscanf(line, " %63[a-zA-Z-]", word) == 1) {
            for (char *c = word; *c != 0; c++) {
                *c = (char)tolower((unsigned char)*c);
            }
            CHECK_TEXT(ab_code(count++), word);
        }
    }
    fclose(file);
    CHECK(count == 39);
    /* What is beyond is an internal error. */
    CHECK_TEXT(ab_code(count - 1), "internal-error");
    CHECK_TEXT(ab_code(255), "internal-error");
}
