/* Unit tests that run natively. A file of tests includes this; one of them defines CHECK_MAIN before. */
#ifndef CHECK_H
#define CHECK_H

#include "actionbox.h"
#include "src/internal.h"

#include <stdio.h>

typedef struct check_test {
    const char *name;
    void (*run)(void);
    struct check_test *next;
} check_test;

extern check_test *check_tests;
extern size_t check_failures;
extern const char *check_running;

/* Defines a test. It is run without further ado, and with memory of its own. */
#define TEST(title)                                                    \
    static void title(void);                                           \
    __attribute__((constructor)) static void title##_is_a_test(void) { \
        static check_test self = {#title, title, NULL};                \
        self.next = check_tests;                                       \
        check_tests = &self;                                           \
    }                                                                  \
    static void title(void)

/* Checks a condition; goes on when it does not hold. `about` says which case it was. */
#define CHECK_OF(about, condition)                                                                     \
    do {                                                                                               \
        if (!(condition)) {                                                                            \
            check_failures++;                                                                          \
            fprintf(stderr, "%s:%d: %s: %s (%.200s)\n", __FILE__, __LINE__, check_running, #condition, \
                    about);                                                                            \
        }                                                                                              \
    } while (0)
#define CHECK(condition) CHECK_OF("", condition)

/* Checks that text is as it should be. */
#define CHECK_TEXT(got, want) check_text(__FILE__, __LINE__, got, want)
void check_text(const char *file, int line, ab_text got, const char *want);

/* Returns what must be JSON. */
ab_json check_json(const char *text);

#ifdef CHECK_MAIN
#include <stdlib.h>

check_test *check_tests;
size_t check_failures;
const char *check_running;

void check_text(const char *file, int line, ab_text got, const char *want) {
    if (!ab_same(got, ab_from(want))) {
        check_failures++;
        fprintf(stderr, "%s:%d: %s: got %.*s, want %s\n", file, line, check_running, (int)got.size,
                got.size > 0 ? got.bytes : "", want);
    }
}

ab_json check_json(const char *text) {
    ab_json value;
    if (!ab_json_parse(ab_from(text), &value)) {
        fprintf(stderr, "%s: no JSON: %s\n", check_running, text);
        exit(EXIT_FAILURE);
    }
    return value;
}

int main(void) {
    size_t count = 0;
    for (check_test *test = check_tests; test != NULL; test = test->next, count++) {
        check_running = test->name;
        test->run();
        ab_release_all();
    }
    if (check_failures > 0 || count == 0) {
        fprintf(stderr, "%zu failures in %zu tests\n", check_failures, count);
        return EXIT_FAILURE;
    }
    printf("%zu tests passed\n", count);
    return EXIT_SUCCESS;
}
#endif
#endif
