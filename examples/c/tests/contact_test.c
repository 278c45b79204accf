#include "../src/contact.h"
#include "check.h"

static const ab_error *read(const char *text, contact *wanted) {
    return contact_read(check_json(text), wanted);
}

/* Checks that exactly one parameter is wrong. */
static void check_wrong(const char *text, const char *parameter) {
    contact wanted;
    const ab_error *error = read(text, &wanted);
    CHECK_OF(text, error != NULL && error->kind == AB_INVALID_PARAMETERS && error->problem_count == 1);
    if (error != NULL && error->problem_count == 1) {
        CHECK_TEXT(error->problems[0].parameter, parameter);
        CHECK_OF(text, error->problems[0].message.size > 0);
    }
}

TEST(each_field_gets_the_upstreams_name) {
    contact wanted;
    CHECK(read("{\"email\":\" ada@example.com \",\"first_name\":\"Ada\",\"job_title\":\"Countess\","
               "\"owner_id\":12345678901234567890,\"phone\":\"\",\"company\":null,"
               "\"additional_fields\":\"{\\\"lifecyclestage\\\":1.10}\"}",
               &wanted) == NULL);
    CHECK_TEXT(wanted.email, "ada@example.com");
    CHECK_TEXT(
        ab_json_object(wanted.fields, wanted.field_count).text,
        "{\"additional_fields\":{\"lifecyclestage\":1.10},\"firstname\":\"Ada\",\"jobtitle\":\"Countess\","
        "\"hubspot_owner_id\":\"12345678901234567890\"}");
    CHECK(read("{\"email\":\"a@b.c\",\"phone\":{},\"phone\":\"1\",\"additional_fields\":{}}", &wanted) ==
          NULL);
    CHECK_TEXT(ab_json_object(wanted.fields, wanted.field_count).text, "{\"phone\":\"1\"}");
}

TEST(an_implausible_address_is_refused) {
    static const char *const bad[] = {
        "ada",
        "@example.com",
        "ada@",
        "ada@example",
        "ada@.com",
        "ada@example.",
        "a b@example.com",
        "a@b@c.com",
        "ada@b..com",
        "ada@.",
        "a\u00a0@b.c",
        "ada@example.com\xc2\x85z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const ab_member email = {AB_TEXT("email"), ab_json_string(ab_from(bad[i]))};
        contact wanted;
        const ab_error *error = contact_read(ab_json_object(&email, 1), &wanted);
        CHECK_OF(bad[i], error != NULL && error->problem_count == 1);
    }
    char text[280] = "{\"email\":\"";
    size_t size = 10;
    while (size < 260) {
        text[size++] = 'a';
    }
    snprintf(text + size, sizeof text - size, "@b.c\"}");
    contact wanted;
    CHECK(read(text, &wanted) == NULL && wanted.email.size == 254);
    snprintf(text + size, sizeof text - size, "@b.cc\"}");
    check_wrong(text, "email");
    static const char *const missing[] = {"{}", "{\"email\":null}", "{\"email\":\" \"}"};
    for (size_t i = 0; i < 3; i++) {
        const ab_error *error = read(missing[i], &wanted);
        CHECK_OF(missing[i], error != NULL && error->problem_count == 1);
        CHECK_TEXT(error->problems[0].message, "is required");
    }
    check_wrong("{\"email\":1}", "email");
}

TEST(every_problem_is_named) {
    static const char *const named[] = {"email", "additional_fields", "firstname", "nickname", "phone"};
    contact wanted;
    const ab_error *error =
        read("{\"firstname\":\"Ada\",\"nickname\":\"A\",\"phone\":{},\"additional_fields\":\"[]\"}", &wanted);
    CHECK(error != NULL && error->problem_count == 5);
    for (size_t i = 0; error != NULL && i < error->problem_count; i++) {
        CHECK_TEXT(error->problems[i].parameter, named[i]);
    }
    CHECK_TEXT(error->problems[2].message, "is not known; it is called first_name here");
    CHECK_TEXT(error->problems[3].message, "is not known; properties of your own go into additional_fields");
}

TEST(additional_fields_cannot_change_what_was_searched_for) {
    static const char *const inputs[] = {
        "{\"email\":\"a@b.c\",\"additional_fields\":{\"email\":\"x\"}}",
        "{\"email\":\"a@b.c\",\"additional_fields\":{\"em\\u0061il\":\"x\"}}",
        "{\"email\":\"a@b.c\",\"additional_fields\":\"{\\\"x\\\":1,\\\"contact_id\\\":1}\"}",
        "{\"email\":\"a@b.c\",\"additional_fields\":{\"firstname\":\"x\"}}",
        "{\"email\":\"a@b.c\",\"additional_fields\":\"null\"}",
        "{\"email\":\"a@b.c\",\"additional_fields\":[]}",
        "{\"email\":\"a@b.c\",\"additional_fields\":\"{\"}",
    };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        check_wrong(inputs[i], "additional_fields");
    }
}

TEST(every_parameter_that_is_read_is_described) {
    ab_parameters described = contact_parameters();
    CHECK(described.count == CONTACT_FIELDS + 1);
    for (size_t i = 0; i < described.count; i++) {
        const ab_member members[] = {
            {described.items[i].name, check_json("null")},
            {AB_TEXT("email"), check_json("\"a@b.c\"")},
        };
        contact wanted;
        CHECK(contact_read(ab_json_object(members, 2), &wanted) == NULL);
        CHECK(described.items[i].required == ab_same(described.items[i].name, AB_TEXT("email")));
    }
}
