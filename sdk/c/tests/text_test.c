#define CHECK_MAIN
#include "../check.h"

TEST(white_space_of_unicode_is_trimmed) {
    CHECK_TEXT(ab_trim(AB_TEXT(" \t\u00a0\u2003a b\u3000\n")), "a b");
    CHECK_TEXT(ab_trim(AB_TEXT("\u200ba")), "\u200ba");
    CHECK_TEXT(ab_trim(AB_TEXT(" \n ")), "");
    CHECK(ab_trim((ab_text){0}).size == 0);
}

TEST(what_is_no_utf8_is_taken_byte_by_byte) {
    static const char *const bad[] = {
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xed\xa0\x80",
        "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80",
        "\xff",
        "\xf5\x80\x80\x80",
        "\xe2\x98",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ab_text rest = ab_from(bad[i]);
        size_t size = rest.size, count = 0;
        for (uint32_t c; ab_next(&rest, &c); count++) {
            CHECK_OF(bad[i], c == 0xFFFD);
        }
        CHECK_OF(bad[i], count == size);
    }
    ab_text good = AB_TEXT("a\u00e9\u2603\U0001f600\U0010ffff\ufffd");
    static const uint32_t characters[] = {'a', 0xE9, 0x2603, 0x1F600, 0x10FFFF, 0xFFFD};
    uint32_t c;
    for (size_t i = 0; i < 6; i++) {
        CHECK(ab_next(&good, &c) && c == characters[i]);
    }
    CHECK(!ab_next(&good, &c));
}

TEST(numbers_are_digits_and_nothing_else) {
    uint64_t number;
    CHECK(ab_number(AB_TEXT("18446744073709551615"), UINT64_MAX, &number) && number == UINT64_MAX);
    CHECK(ab_number(AB_TEXT("007"), 7, &number) && number == 7);
    static const char *const bad[] = {"",  "18446744073709551616",   "-1", "+1", " 1", "1 ", "1.0",
                                      "x", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_OF(bad[i], !ab_number(ab_from(bad[i]), UINT64_MAX, &number));
    }
    CHECK(!ab_number(AB_TEXT("8"), 7, &number));
    CHECK_TEXT(ab_decimal(UINT64_MAX), "18446744073709551615");
    CHECK_TEXT(ab_decimal(0), "0");
}

TEST(parts_of_text_are_found) {
    CHECK(ab_holds(AB_TEXT("a not found"), AB_TEXT(" not found")));
    CHECK(ab_holds(AB_TEXT("a"), AB_TEXT("")) && ab_holds((ab_text){0}, AB_TEXT("")));
    CHECK(!ab_holds(AB_TEXT("not foun"), AB_TEXT("not found")));
    CHECK(ab_begins(AB_TEXT("action x"), AB_TEXT("action ")) && !ab_begins(AB_TEXT("a"), AB_TEXT("ab")));
    CHECK_TEXT(ab_lower(AB_TEXT("ABZ[@\u00c9")), "abz[@\u00c9");
}

TEST(memory_is_zero_and_aligned_and_large_pieces_can_go_early) {
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4095, 4096, 16384, 1 << 20};
    for (int round = 0; round < 1000; round++) {
        size_t size = sizes[round % 9];
        unsigned char *memory = ab_alloc(size);
        CHECK((uintptr_t)memory % _Alignof(max_align_t) == 0);
        for (size_t i = 0; i < size; i++) {
            CHECK(memory[i] == 0);
            memory[i] = 0xFF;
        }
        if (round % 2 == 0) {
            ab_release(memory, size);
        }
        if (round % 100 == 0) {
            ab_release_all();
        }
    }
}
