#include "../check.h"

#include <string.h>

static char *nested(size_t levels) {
    char *text = ab_alloc(2 * levels + 1);
    memset(text, '[', levels);
    memset(text + levels, ']', levels);
    return text;
}

TEST(json_is_accepted) {
    static const char *const good[] = {
        "null",
        " true ",
        "\t\r\n0",
        "-0",
        "-0.5e+10",
        "1E400",
        "12345678901234567890123",
        "\"\"",
        "[]",
        "{ }",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"",
        "\"\u2603\"",
        "[1 , [ ] , {}]",
        "{\"a\" : 1 , \"a\":[]}",
        "{\"\":{\"\":{}}}",
    };
    ab_json value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK_OF(good[i], ab_json_parse(ab_from(good[i]), &value));
    }
    CHECK(ab_json_parse(ab_from(nested(127)), &value));
}

TEST(what_is_no_json_is_refused) {
    static const char *const bad[] = {
        "",
        " ",
        "nul",
        "nulll",
        "True",
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "NaN",
        "Infinity",
        "\"",
        "\"a",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\\ud800",
        "\"\t\"",
        "\"\x1f\"",
        "\"\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xff\"",
        "'a'",
        "[",
        "]",
        "[1",
        "[1,",
        "[,1]",
        "[1,]",
        "[1 2]",
        "[1}",
        "[[]",
        "{",
        "}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "{\"a\":}",
        "{\"a\":1]",
        "{\"a\":1 \"b\":2}",
        "{}{}",
        "{} x",
        "1 2",
        "\"a\" \"b\"",
        "\xef\xbb\xbf{}",
        "// a\n1",
        "1 // a",
        "[1]]",
    };
    ab_json value = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_OF(bad[i], !ab_json_parse(ab_from(bad[i]), &value));
    }
    CHECK(!ab_json_parse((ab_text){0}, &value));
    CHECK(!ab_json_parse(AB_TEXT("1\0"), &value));
    CHECK(!ab_json_parse(AB_TEXT("\"\0\""), &value));
    CHECK(!ab_json_parse(ab_from(nested(128)), &value));
    CHECK(!ab_json_parse((ab_text){nested(1000000), 2000000}, &value));
    CHECK(ab_json_is(value) == AB_JSON_NOTHING);
}

TEST(every_beginning_of_json_is_refused_without_reading_on) {
    static const char whole[] = "{\"a\\u00e9\":[1.5e3,true,{\"b\":\"\\ud83d\\ude00\u2603\"}],\"c\":null}";
    ab_json value;
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        /* A piece of its own, so that a sanitizer sees what lies beyond. */
        char *piece = ab_allocate(4096 + size);
        memcpy(piece + 4096, whole, size);
        CHECK_OF(whole, !ab_json_parse((ab_text){piece + 4096, size}, &value));
    }
    CHECK(ab_json_parse((ab_text){whole, sizeof whole - 1}, &value));
}

TEST(values_have_their_kind) {
    CHECK(ab_json_is((ab_json){0}) == AB_JSON_NOTHING);
    CHECK(ab_json_is(check_json(" null")) == AB_JSON_NULL);
    CHECK(ab_json_is(check_json(" false")) == AB_JSON_BOOLEAN);
    CHECK(ab_json_is(check_json(" -1")) == AB_JSON_NUMBER);
    CHECK(ab_json_is(check_json(" \"\"")) == AB_JSON_STRING);
    CHECK(ab_json_is(check_json(" []")) == AB_JSON_ARRAY);
    CHECK(ab_json_is(check_json(" {}")) == AB_JSON_OBJECT);
}

TEST(items_come_one_by_one) {
    ab_json array = check_json("[ 1 ,\"a,]\\\"\" , [2,[3]] ,{\"a\":[4]}, null ]"), item;
    static const char *const items[] = {"1", "\"a,]\\\"\"", "[2,[3]]", "{\"a\":[4]}", "null"};
    size_t at = 0;
    for (size_t i = 0; i < 5; i++) {
        CHECK_OF(items[i], ab_json_item(array, &at, &item));
        CHECK_TEXT(item.text, items[i]);
    }
    CHECK(!ab_json_item(array, &at, &item));
    at = 0;
    CHECK(!ab_json_item(check_json("[ ]"), &at, &item));
    CHECK(!ab_json_item(check_json("{}"), &at, &item));
    CHECK(!ab_json_item((ab_json){0}, &at, &item));
}

TEST(members_come_one_by_one_and_by_name) {
    ab_json object = check_json("{ \"a\" : 1 ,\"\\u0062\\n\":\"}\",\"a\": [2] }");
    ab_member member;
    size_t at = 0;
    CHECK(ab_json_member(object, &at, &member));
    CHECK_TEXT(member.name, "a");
    CHECK_TEXT(member.value.text, "1");
    CHECK(ab_json_member(object, &at, &member));
    CHECK_TEXT(member.name, "b\n");
    CHECK_TEXT(member.value.text, "\"}\"");
    CHECK(ab_json_member(object, &at, &member));
    CHECK_TEXT(member.value.text, "[2]");
    CHECK(!ab_json_member(object, &at, &member));
    CHECK_TEXT(ab_json_get(object, AB_TEXT("a")).text, "[2]");
    CHECK(ab_json_is(ab_json_get(object, AB_TEXT("A"))) == AB_JSON_NOTHING);
    CHECK(ab_json_is(ab_json_get(check_json("[]"), AB_TEXT("a"))) == AB_JSON_NOTHING);
    at = 0;
    CHECK(!ab_json_member(check_json("{ }"), &at, &member));
}

TEST(strings_come_out_as_they_were_meant) {
    CHECK_TEXT(ab_json_text(check_json("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u2603\\ud83d\\uDE00\u2603\"")),
               "\"\\/\b\f\n\r\t\u00e9\u2603\U0001f600\u2603");
    CHECK(ab_same(ab_json_text(check_json("\"a\\u0000b\"")), AB_TEXT("a\0b")));
    CHECK(ab_json_text(check_json("\"\"")).bytes != NULL);
    CHECK(ab_json_text(check_json("1")).bytes == NULL && ab_json_text((ab_json){0}).bytes == NULL);
}

TEST(text_goes_in_as_a_string) {
    CHECK_TEXT(ab_json_string(AB_TEXT("\"\\/\b\n\x1f<&>\u00e9\u2603\U0001f600")).text,
               "\"\\\"\\\\/\\u0008\\u000a\\u001f<&>\u00e9\u2603\U0001f600\"");
    CHECK_TEXT(ab_json_string(AB_TEXT("a\xff\0b")).text, "\"a\ufffd\\u0000b\"");
    CHECK_TEXT(ab_json_string((ab_text){0}).text, "\"\"");
    for (uint32_t c = 0; c < 256; c++) {
        char byte = (char)c;
        ab_json read;
        CHECK(ab_json_parse(ab_json_string((ab_text){&byte, 1}).text, &read));
        CHECK(c > 0x7F || ab_same(ab_json_text(read), (ab_text){&byte, 1}));
    }
}

TEST(objects_leave_out_what_is_nothing) {
    const ab_member members[] = {
        {AB_TEXT("a"), {{0}}},
        {AB_TEXT("b\""), check_json("[1, 2]")},
        {AB_TEXT("c"), check_json("null")},
    };
    CHECK_TEXT(ab_json_object(members, 3).text, "{\"b\\\"\":[1, 2],\"c\":null}");
    CHECK_TEXT(ab_json_object(members, 1).text, "{}");
    CHECK_TEXT(ab_json_object(NULL, 0).text, "{}");
}
