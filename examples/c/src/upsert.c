#include "upsert.h"

#include <string.h>

static ab_json search(ab_text email) {
    /* Two would do, to see that there is more than one; some more, should the search be a lenient one. */
    const ab_member members[] = {
        {AB_TEXT("propertyName"), ab_json_string(AB_TEXT("email"))},
        {AB_TEXT("operator"), ab_json_string(AB_TEXT("EQ"))},
        {AB_TEXT("value"), ab_json_string(email)},
        {AB_TEXT("limit"), ab_json_string(AB_TEXT("10"))},
    };
    return ab_json_object(members, sizeof members / sizeof *members);
}

/* Returns the error with another message. */
static const ab_error *reworded(const ab_error *error, ab_text message) {
    ab_error *said = ab_alloc(sizeof *said);
    *said = *error;
    said->message = message;
    return said;
}

/* Says so where a failed search could be taken for a failed write. */
static const ab_error *nothing_written(const ab_error *error) {
    return error->kind != AB_UPSTREAM
               ? error
               : reworded(error, AB_JOIN(AB_TEXT("nothing was written: "), error->message));
}

/* Says honestly what is known when a write gave no answer. */
static const ab_error *lost(ab_text result, ab_text email, const ab_error *error) {
    if (!ab_may_have_run(error)) {
        return error;
    }
    return reworded(error,
                    AB_JOIN(AB_TEXT("it is unknown whether the contact "), email, AB_TEXT(" was "), result,
                            AB_TEXT(": look before trying again ("), error->message, AB_TEXT(")")));
}

static const ab_error *unreadable(ab_text what) {
    ab_text message = AB_JOIN(AB_TEXT("search_contacts answered "), what);
    return nothing_written(ab_upstream(200, (ab_text){0}, message, (ab_text){0}));
}

/* Compares addresses, of which the case of ASCII letters does not count. Unicode has letters that only look
 * the same. */
static bool is_same(ab_text one, ab_text other) {
    if (one.size != other.size) {
        return false;
    }
    for (size_t i = 0; i < one.size; i++) {
        char a = one.bytes[i], b = other.bytes[i];
        a = a >= 'A' && a <= 'Z' ? (char)(a - 'A' + 'a') : a;
        b = b >= 'A' && b <= 'Z' ? (char)(b - 'A' + 'a') : b;
        if (a != b) {
            return false;
        }
    }
    return true;
}

/* Picks the contact that has the address; nothing when there is none. What the search found beside it is not
 * to be written to. */
static const ab_error *pick(ab_text email, ab_json data, ab_json *found, ab_text *id) {
    ab_json results = ab_json_get(data, AB_TEXT("results")), each;
    if (ab_json_is(results) != AB_JSON_ARRAY) {
        return unreadable(AB_TEXT("without a list of results"));
    }
    *found = (ab_json){0};
    for (size_t at = 0; ab_json_item(results, &at, &each);) {
        ab_json address = ab_json_get(ab_json_get(each, AB_TEXT("properties")), AB_TEXT("email"));
        if (!is_same(ab_trim(ab_json_text(address)), email)) {
            continue;
        }
        if (ab_json_is(*found) != AB_JSON_NOTHING) {
            return ab_invalid(
                AB_TEXT("email"),
                AB_TEXT("more than one contact has this address; update the right one by its id"));
        }
        *found = each;
    }
    if (ab_json_is(*found) == AB_JSON_NOTHING) {
        return NULL;
    }
    ab_json value = ab_json_get(*found, AB_TEXT("id"));
    *id = ab_json_is(value) == AB_JSON_NUMBER ? value.text : ab_json_text(value);
    return id->size > 0 ? NULL : unreadable(AB_TEXT("a contact without an id"));
}

/* Puts what was done around the contact. */
static ab_json report(ab_text result, ab_json contact) {
    const ab_member members[] = {
        {AB_TEXT("result"), ab_json_string(result)},
        {AB_TEXT("contact"), contact},
    };
    return ab_json_object(members, 2);
}

const ab_error *upsert(const contact *wanted, executor *execute, ab_outcome *outcome) {
    const ab_error *error = execute(AB_TEXT("search_contacts"), search(wanted->email), outcome);
    if (error != NULL) {
        return nothing_written(error);
    }
    if (outcome->kind != AB_SUCCEEDED) {
        return NULL;
    }
    ab_json found;
    ab_text id;
    error = pick(wanted->email, outcome->data, &found, &id);
    if (error != NULL) {
        return error;
    }
    bool is_there = ab_json_is(found) != AB_JSON_NOTHING;
    if (is_there && wanted->field_count == 0) {
        *outcome = (ab_outcome){.kind = AB_SUCCEEDED, .data = report(AB_TEXT("unchanged"), found)};
        return NULL;
    }
    ab_member fields[CONTACT_FIELDS + 1];
    memcpy(fields, wanted->fields, wanted->field_count * sizeof *fields);
    fields[wanted->field_count] = is_there ? (ab_member){AB_TEXT("contact_id"), ab_json_string(id)}
                                           : (ab_member){AB_TEXT("email"), ab_json_string(wanted->email)};
    ab_json parameters = ab_json_object(fields, wanted->field_count + 1);
    ab_text result = is_there ? AB_TEXT("updated") : AB_TEXT("created");
    error = execute(is_there ? AB_TEXT("update_contact") : AB_TEXT("create_contact"), parameters, outcome);
    if (error != NULL) {
        return lost(result, wanted->email, error);
    }
    if (outcome->kind == AB_SUCCEEDED) {
        outcome->data = report(result, outcome->data);
    }
    return NULL;
}
