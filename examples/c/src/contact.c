#include "contact.h"

#include <stdlib.h>
#include <string.h>

#define EMAIL "email"
#define MORE "additional_fields"

/* The optional parameters: our name, the upstream's, the label. */
static const struct {
    const char *name, *theirs, *label;
} fields[] = {
    {"first_name", "firstname", "First name"},
    {"last_name", "lastname", "Last name"},
    {"phone", "phone", "Phone"},
    {"company", "company", "Company"},
    {"website", "website", "Website"},
    {"job_title", "jobtitle", "Job title"},
    {"owner_id", "hubspot_owner_id", "Owner ID"},
};
enum { FIELDS = sizeof fields / sizeof *fields };
_Static_assert(FIELDS + 1 == CONTACT_FIELDS, "a contact holds every field, and the additional ones");

/* No text where nothing is wrong. */
static const ab_text fine = {0};

ab_parameters contact_parameters(void) {
    ab_parameter *all = ab_alloc((FIELDS + 2) * sizeof *all);
    all[0] = (ab_parameter){AB_TEXT(EMAIL), AB_TEXT("E-mail"), true, AB_TEXT("email")};
    for (size_t i = 0; i < FIELDS; i++) {
        all[i + 1] =
            (ab_parameter){ab_from(fields[i].name), ab_from(fields[i].label), false, AB_TEXT("text")};
    }
    all[FIELDS + 1] = (ab_parameter){AB_TEXT(MORE), AB_TEXT("Additional fields"), false, AB_TEXT("json")};
    return (ab_parameters){all, FIELDS + 2};
}

/* Plausible, not proven: only the mail server knows. */
static bool is_plausible(ab_text email) {
    const char *at = email.size > 0 ? memchr(email.bytes, '@', email.size) : NULL;
    if (at == NULL || at == email.bytes || email.size > 254) {
        return false;
    }
    uint32_t c, previous = '.';
    size_t dots = 0;
    bool in_domain = false;
    for (ab_text rest = email; ab_next(&rest, &c); previous = c) {
        if (ab_is_space(c) || c < 0x20 || (c >= 0x7F && c <= 0x9F)) {
            return false;
        }
        if (!in_domain) {
            in_domain = c == '@';
            continue;
        }
        /* No label of the domain is empty. */
        if (c == '@' || (c == '.' && (previous == '.' || previous == '@'))) {
            return false;
        }
        dots += c == '.';
    }
    return dots > 0 && previous != '.';
}

static ab_text read_email(ab_json value, ab_text *email) {
    ab_json_kind kind = ab_json_is(value);
    if (kind != AB_JSON_NOTHING && kind != AB_JSON_NULL && kind != AB_JSON_STRING) {
        return AB_TEXT("must be a string");
    }
    *email = ab_trim(ab_json_text(value));
    if (email->size == 0) {
        return AB_TEXT("is required");
    }
    return is_plausible(*email) ? fine : AB_TEXT("must be an e-mail address, such as ada@example.com");
}

/* The upstream takes numbers as text. Nothing given means that nothing is to be set. */
static ab_text read_text(ab_json value, ab_json *read) {
    switch (ab_json_is(value)) {
    case AB_JSON_NULL:
        return fine;
    case AB_JSON_STRING:
        if (ab_json_text(value).size > 0) {
            *read = value;
        }
        return fine;
    case AB_JSON_NUMBER:
        *read = ab_json_string(value.text);
        return fine;
    default:
        return AB_TEXT("must be a string");
    }
}

/* What a parameter sets cannot be set a second way: it could change the address that was searched for. */
static bool is_taken(ab_text name) {
    for (size_t i = 0; i < FIELDS; i++) {
        if (ab_same(name, ab_from(fields[i].theirs))) {
            return true;
        }
    }
    return ab_same(name, AB_TEXT(EMAIL)) || ab_same(name, AB_TEXT("contact_id"));
}

/* Reads further properties, given as an object or as text that holds one. */
static ab_text read_more(ab_json value, ab_json *read) {
    if (ab_json_is(value) == AB_JSON_NULL) {
        return fine;
    }
    if (ab_json_is(value) == AB_JSON_STRING) {
        ab_text text = ab_json_text(value);
        if (text.size == 0) {
            return fine;
        }
        if (!ab_json_parse(text, &value)) {
            return AB_TEXT("must be a JSON object");
        }
    }
    if (ab_json_is(value) != AB_JSON_OBJECT) {
        return AB_TEXT("must be a JSON object");
    }
    ab_member member;
    for (size_t at = 0; ab_json_member(value, &at, &member);) {
        if (is_taken(member.name)) {
            return AB_JOIN(AB_TEXT("must not set "), ab_json_string(member.name).text,
                           AB_TEXT(", which upsert_contact sets itself"));
        }
        *read = value;
    }
    return fine;
}

/* Reads a parameter other than the address into what the upstream calls it. */
static ab_text read_field(ab_member given, ab_member *read) {
    *read = (ab_member){0};
    if (ab_same(given.name, AB_TEXT(MORE))) {
        read->name = given.name;
        return read_more(given.value, &read->value);
    }
    for (size_t i = 0; i < FIELDS; i++) {
        if (ab_same(given.name, ab_from(fields[i].name))) {
            read->name = ab_from(fields[i].theirs);
            return read_text(given.value, &read->value);
        }
        if (ab_same(given.name, ab_from(fields[i].theirs))) {
            return AB_JOIN(AB_TEXT("is not known; it is called "), ab_from(fields[i].name), AB_TEXT(" here"));
        }
    }
    return AB_TEXT("is not known; properties of your own go into " MORE);
}

/* By name; of the same name, in the order in which they were given. */
static int compare(const void *one, const void *other) {
    const ab_member *a = one, *b = other;
    size_t common = a->name.size < b->name.size ? a->name.size : b->name.size;
    int order = common > 0 ? memcmp(a->name.bytes, b->name.bytes, common) : 0;
    if (order != 0) {
        return order;
    }
    if (a->name.size != b->name.size) {
        return a->name.size < b->name.size ? -1 : 1;
    }
    return a->value.text.bytes < b->value.text.bytes ? -1 : 1;
}

/* Returns the members in the order of their names. */
static ab_member *sorted(ab_json object, size_t *count) {
    ab_member member;
    *count = 0;
    for (size_t at = 0; ab_json_member(object, &at, &member);) {
        ++*count;
    }
    ab_member *members = ab_alloc(*count * sizeof *members);
    for (size_t at = 0, i = 0; i < *count && ab_json_member(object, &at, &members[i]); i++) {
    }
    qsort(members, *count, sizeof *members, compare);
    return members;
}

const ab_error *contact_read(ab_json parameters, contact *read) {
    size_t count, problem_count = 0;
    ab_member *given = sorted(parameters, &count);
    ab_problem *problems = ab_alloc((count + 1) * sizeof *problems);
    *read = (contact){0};
    ab_text wrong = read_email(ab_json_get(parameters, AB_TEXT(EMAIL)), &read->email);
    if (wrong.size > 0) {
        problems[problem_count++] = (ab_problem){AB_TEXT(EMAIL), wrong};
    }
    for (size_t i = 0; i < count; i++) {
        /* Of a name that is given twice, the last value counts. */
        bool is_last = i + 1 == count || !ab_same(given[i].name, given[i + 1].name);
        if (!is_last || ab_same(given[i].name, AB_TEXT(EMAIL))) {
            continue;
        }
        ab_member field;
        wrong = read_field(given[i], &field);
        if (wrong.size > 0) {
            problems[problem_count++] = (ab_problem){given[i].name, wrong};
        } else if (ab_json_is(field.value) != AB_JSON_NOTHING) {
            read->fields[read->field_count++] = field;
        }
    }
    return problem_count > 0 ? ab_invalid_all(problems, problem_count) : NULL;
}
