#define CHECK_MAIN
#include "check.h"

#include "../src/upsert.h"

/* A scripted answer of the upstream: an error, or data of an action that succeeded or failed. */
typedef struct step {
    const ab_error *error;
    const char *data;
    bool failed;
} step;

/* The steps that are still to come, and what was executed. */
static struct {
    const step *next, *end;
    ab_text calls[3];
    size_t count;
} script;

static const ab_error *answer(ab_text action, ab_json parameters, ab_outcome *outcome) {
    CHECK_OF("no further step was expected", script.next < script.end);
    script.calls[script.count++] = AB_JOIN(action, AB_TEXT(" "), parameters.text);
    const step *now = script.next++;
    if (now->error != NULL) {
        return now->error;
    }
    ab_json data = check_json(now->data);
    *outcome = now->failed
                   ? (ab_outcome){.kind = AB_FAILED, .node_status = AB_TEXT("Failed"), .failure = data}
                   : (ab_outcome){.kind = AB_SUCCEEDED, .data = data};
    return NULL;
}

/* Runs the steps against scripted answers, all of which must be asked for. */
static const ab_error *run(const char *input, const step *steps, size_t count, ab_outcome *outcome) {
    contact wanted;
    CHECK(contact_read(check_json(input), &wanted) == NULL);
    script.next = steps;
    script.end = steps + count;
    script.count = 0;
    *outcome = (ab_outcome){0};
    const ab_error *error = upsert(&wanted, answer, outcome);
    CHECK_OF("a step was left out", script.next == script.end);
    return error;
}

#define ADA "{\"email\":\"ada@example.com\",\"first_name\":\"Ada\"}"
#define STORED \
    "{\"id\":\"51\",\"properties\":{\"email\":\"Ada@Example.com\"},\"size\":12345678901234567890123}"
#define FOUND(results) {.data = "{\"results\":[" results "]}"}
#define SEARCHED       \
    "search_contacts " \
    "{\"propertyName\":\"email\",\"operator\":\"EQ\",\"value\":\"ada@example.com\",\"limit\":\"10\"}"

TEST(a_contact_that_is_there_is_updated) {
    ab_outcome outcome;
    const step steps[] = {FOUND(STORED), {.data = STORED}};
    CHECK(run(ADA, steps, 2, &outcome) == NULL && outcome.kind == AB_SUCCEEDED);
    CHECK_TEXT(outcome.data.text, "{\"result\":\"updated\",\"contact\":" STORED "}");
    CHECK_TEXT(script.calls[0], SEARCHED);
    CHECK_TEXT(script.calls[1], "update_contact {\"firstname\":\"Ada\",\"contact_id\":\"51\"}");
}

TEST(a_contact_that_is_not_there_is_created) {
    ab_outcome outcome;
    const step steps[] = {FOUND(""), {.data = STORED}};
    CHECK(run(ADA, steps, 2, &outcome) == NULL && outcome.kind == AB_SUCCEEDED);
    CHECK_TEXT(outcome.data.text, "{\"result\":\"created\",\"contact\":" STORED "}");
    CHECK_TEXT(script.calls[1], "create_contact {\"firstname\":\"Ada\",\"email\":\"ada@example.com\"}");
}

TEST(nothing_to_change_is_not_written) {
    ab_outcome outcome;
    const step steps[] = {FOUND(STORED)};
    CHECK(run("{\"email\":\"ada@example.com\"}", steps, 1, &outcome) == NULL);
    CHECK_TEXT(outcome.data.text, "{\"result\":\"unchanged\",\"contact\":" STORED "}");
}

TEST(nobody_else_is_written_to) {
    ab_outcome outcome;
    const step others[] = {
        FOUND("{\"id\":7,\"properties\":{\"email\":\"ada@example.com.evil\"}},{\"id\":9},\"ada@example.com\","
              "null,"
              "{\"id\":8,\"properties\":{\"email\":\"ada@example.\u2102om\"}},"
              "{\"id\":10,\"properties\":[\"ada@example.com\"]},{\"id\":11,\"email\":\"ada@example.com\"}"),
        {.data = STORED},
    };
    CHECK(run(ADA, others, 2, &outcome) == NULL);
    CHECK(ab_begins(script.calls[1], AB_TEXT("create_contact ")));
    const step both[] = {FOUND("{\"id\":7,\"properties\":{\"email\":\"x@example.com\"}}," STORED),
                         {.data = STORED}};
    CHECK(run(ADA, both, 2, &outcome) == NULL);
    CHECK(ab_holds(script.calls[1], AB_TEXT("\"contact_id\":\"51\"")));
    const step twice[] = {FOUND(STORED "," STORED)};
    const ab_error *error = run(ADA, twice, 1, &outcome);
    CHECK(error != NULL && error->kind == AB_INVALID_PARAMETERS);
}

TEST(a_number_is_an_id_too) {
    ab_outcome outcome;
    const step steps[] = {
        FOUND("{\"id\":12345678901234567890123,\"properties\":{\"email\":\" ada@example.com\"}}"),
        {.data = "1"}};
    CHECK(run(ADA, steps, 2, &outcome) == NULL);
    CHECK(ab_holds(script.calls[1], AB_TEXT("\"contact_id\":\"12345678901234567890123\"")));
}

TEST(a_search_that_fails_is_not_taken_for_nobody) {
    ab_outcome outcome;
    const step failed[] = {{.data = "\"no\"", .failed = true}};
    CHECK(run(ADA, failed, 1, &outcome) == NULL && outcome.kind == AB_FAILED);
    CHECK_TEXT(outcome.failure.text, "\"no\"");
    const step lost[] = {{.error = ab_upstream(0, (ab_text){0}, AB_TEXT("no answer"), (ab_text){0})}};
    const ab_error *error = run(ADA, lost, 1, &outcome);
    CHECK(error != NULL && error->kind == AB_UPSTREAM);
    CHECK_TEXT(error->message, "nothing was written: no answer");
    static const char *const odd[] = {
        "{}",
        "[]",
        "null",
        "{\"results\":{}}",
        "{\"results\":null}",
        "{\"results\":[{\"properties\":{\"email\":\"ada@example.com\"}}]}",
        "{\"results\":[{\"id\":\"\",\"properties\":{\"email\":\"ada@example.com\"}}]}",
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        const step steps[] = {{.data = odd[i]}};
        error = run(ADA, steps, 1, &outcome);
        CHECK_OF(odd[i], error != NULL && ab_begins(error->message, AB_TEXT("nothing was written: ")));
    }
}

TEST(a_duplicate_that_came_in_between_is_passed_on) {
    ab_outcome outcome;
    const step steps[] = {FOUND(""), {.data = "\"Contact already exists\"", .failed = true}};
    CHECK(run(ADA, steps, 2, &outcome) == NULL && outcome.kind == AB_FAILED);
    CHECK_TEXT(outcome.failure.text, "\"Contact already exists\"");
}

TEST(a_lost_answer_to_a_write_is_said_to_be_unknown_and_not_repeated) {
    const ab_error *const lost[] = {
        ab_upstream(0, (ab_text){0}, AB_TEXT("timeout"), (ab_text){0}),
        ab_upstream(503, (ab_text){0}, AB_TEXT("down"), (ab_text){0}),
        ab_upstream(200, (ab_text){0}, AB_TEXT("garbled"), (ab_text){0}),
        ab_other(AB_TEXT("who knows")),
    };
    ab_outcome outcome;
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
        const step creating[] = {FOUND(""), {.error = lost[i]}},
                   updating[] = {FOUND(STORED), {.error = lost[i]}};
        const ab_error *error = run(ADA, creating, 2, &outcome);
        CHECK(error != NULL && error->kind == lost[i]->kind && error->status == lost[i]->status);
        CHECK(ab_holds(error->message, AB_TEXT("unknown whether the contact ada@example.com was created: ")));
        CHECK(ab_holds(error->message, lost[i]->message));
        error = run(ADA, updating, 2, &outcome);
        CHECK(ab_holds(error->message, AB_TEXT("unknown whether the contact ada@example.com was updated: ")));
    }
}

TEST(a_write_that_surely_did_not_happen_is_not_called_unknown) {
    const ab_error throttled = {.kind = AB_THROTTLED};
    const ab_error *const refused[] = {
        &throttled,
        ab_denied(AB_TEXT("no")),
        ab_upstream(0, AB_TEXT("connection-refused"), AB_TEXT("refused"), (ab_text){0}),
    };
    ab_outcome outcome;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const step steps[] = {FOUND(""), {.error = refused[i]}};
        CHECK(run(ADA, steps, 2, &outcome) == refused[i]);
    }
}
