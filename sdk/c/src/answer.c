/* What the endpoints answer when they do as asked, read into types. No request is made here. */
#include "internal.h"

static const ab_error *unreadable(const ab_response *answer, const char *what) {
    ab_text got = answer->body.size == 0 ? AB_TEXT("nothing") : AB_TEXT("something else");
    ab_text message = AB_JOIN(AB_TEXT("expected "), ab_from(what), AB_TEXT(" and got "), got);
    return ab_upstream(answer->status, (ab_text){0}, message, (ab_text){0});
}

/* A member to be read: its name, what it may be, and the value that was found. */
typedef struct field {
    const char *name;
    ab_json_kind kind;
    bool required;
    ab_json value;
} field;

/* Reads the members of an object that have a name here; others are nobody's business. False when it is no
 * object, when a value is of another kind, and when a name is given twice: which of the two counts would be
 * anybody's guess. A null is as good as nothing. */
static bool read_members(ab_json object, field *fields, size_t count) {
    if (ab_json_is(object) != AB_JSON_OBJECT) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        fields[i].value = (ab_json){0};
    }
    ab_member member;
    for (size_t at = 0; ab_json_member(object, &at, &member);) {
        for (size_t i = 0; i < count; i++) {
            if (!ab_same(member.name, ab_from(fields[i].name))) {
                continue;
            }
            if (ab_json_is(fields[i].value) != AB_JSON_NOTHING) {
                return false;
            }
            fields[i].value = member.value;
        }
    }
    for (size_t i = 0; i < count; i++) {
        ab_json_kind found = ab_json_is(fields[i].value);
        bool is_missing = found == AB_JSON_NOTHING || found == AB_JSON_NULL;
        bool fits = is_missing ? !fields[i].required : fields[i].kind == 0 || fields[i].kind == found;
        if (!fits) {
            return false;
        }
    }
    return true;
}

/* Returns the text of a field, or another where it has none. */
static ab_text text_or(field field, ab_text otherwise) {
    ab_text text = ab_json_text(field.value);
    return text.bytes != NULL ? text : otherwise;
}

static bool has_succeeded(const ab_response *answer) { return answer->status >= 200 && answer->status < 300; }

/* Reads an array; returns how many items it has, or false. */
static bool read_array(const ab_response *answer, ab_json *array, size_t *count) {
    if (!ab_json_parse(answer->body, array) || ab_json_is(*array) != AB_JSON_ARRAY) {
        return false;
    }
    *count = 0;
    ab_json item;
    for (size_t at = 0; ab_json_item(*array, &at, &item);) {
        ++*count;
    }
    return true;
}

const ab_error *ab_read_actions(const ab_route *route, const ab_response *answer, ab_actions *listed) {
    static const char what[] = "a list of actions";
    if (!has_succeeded(answer)) {
        return ab_refusal(route, answer);
    }
    ab_json array, item;
    size_t count;
    if (!read_array(answer, &array, &count)) {
        return unreadable(answer, what);
    }
    ab_action *actions = ab_alloc(count * sizeof *actions), *action = actions;
    for (size_t at = 0; ab_json_item(array, &at, &item); action++) {
        field fields[] = {
            {"action_id", AB_JSON_STRING, true, {{0}}},
            {"name", AB_JSON_STRING, false, {{0}}},
            {"description", AB_JSON_STRING, false, {{0}}},
            {"tag", AB_JSON_STRING, false, {{0}}},
        };
        if (!read_members(item, fields, 4)) {
            return unreadable(answer, what);
        }
        action->id = ab_json_text(fields[0].value);
        action->name = text_or(fields[1], action->id);
        action->description = text_or(fields[2], AB_TEXT(""));
        action->tag = ab_json_text(fields[3].value);
    }
    *listed = (ab_actions){actions, count};
    return NULL;
}

const ab_error *ab_read_parameters(const ab_route *route, const ab_response *answer,
                                   ab_parameters *described) {
    static const char what[] = "a list of parameters";
    if (!has_succeeded(answer)) {
        return ab_refusal(route, answer);
    }
    ab_json array, item;
    size_t count;
    if (!read_array(answer, &array, &count)) {
        return unreadable(answer, what);
    }
    ab_parameter *parameters = ab_alloc(count * sizeof *parameters), *parameter = parameters;
    for (size_t at = 0; ab_json_item(array, &at, &item); parameter++) {
        field fields[] = {
            {"name", AB_JSON_STRING, true, {{0}}},
            {"label", AB_JSON_STRING, false, {{0}}},
            {"type", AB_JSON_STRING, false, {{0}}},
            {"required", AB_JSON_BOOLEAN, false, {{0}}},
        };
        if (!read_members(item, fields, 4)) {
            return unreadable(answer, what);
        }
        parameter->name = ab_json_text(fields[0].value);
        parameter->label = text_or(fields[1], parameter->name);
        parameter->kind = text_or(fields[2], AB_TEXT("text"));
        parameter->required = ab_same(fields[3].value.text, AB_TEXT("true"));
    }
    *described = (ab_parameters){parameters, count};
    return NULL;
}

/* Reads the connected app's status, which nothing depends on: what is no status is left out. */
static uint16_t read_status(ab_json value) {
    uint64_t status = 0;
    ab_text digits = ab_json_is(value) == AB_JSON_STRING ? ab_json_text(value) : value.text;
    return ab_number(digits, UINT16_MAX, &status) ? (uint16_t)status : 0;
}

/* The status 200 says nothing about the action. Only Success, exactly so, is a success. */
const ab_error *ab_read_outcome(const ab_route *route, const ab_response *answer, ab_outcome *outcome) {
    if (!has_succeeded(answer)) {
        return ab_refusal(route, answer);
    }
    field fields[] = {
        {"node_status", AB_JSON_STRING, true, {{0}}},
        {"data", 0, false, {{0}}},
        {"http_status", 0, false, {{0}}},
    };
    ab_json object;
    if (!ab_json_parse(answer->body, &object) || !read_members(object, fields, 3)) {
        return unreadable(answer, "the outcome of an action");
    }
    ab_text word = ab_json_text(fields[0].value);
    ab_json data = fields[1].value;
    if (ab_json_is(data) == AB_JSON_NOTHING) {
        data.text = AB_TEXT("null");
    }
    *outcome = (ab_outcome){.http_status = read_status(fields[2].value)};
    if (ab_same(word, AB_TEXT("Success"))) {
        outcome->kind = AB_SUCCEEDED;
        outcome->data = data;
    } else {
        outcome->kind = AB_FAILED;
        outcome->node_status = word;
        outcome->failure = data;
    }
    return NULL;
}
