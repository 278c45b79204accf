/* JSON as pieces of its own text: checked once, then walked.
 *
 * The checker accepts RFC 8259 and nothing else. It calls itself for each level, so that the depth is
 * bounded; whatever walks a checked text does not. */
#include "internal.h"

#include <string.h>

enum { DEEPEST = 127 };

/* What is still to be read. */
typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

static bool is_white(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static void skip_white(cursor *in) {
    while (in->at < in->end && is_white(*in->at)) {
        in->at++;
    }
}

static bool take(cursor *in, char c) {
    bool is_next = in->at < in->end && *in->at == c;
    in->at += is_next;
    return is_next;
}

static bool take_word(cursor *in, ab_text word) {
    bool is_next = ab_begins((ab_text){in->at, (size_t)(in->end - in->at)}, word);
    in->at += is_next ? word.size : 0;
    return is_next;
}

static bool take_digits(cursor *in) {
    const char *begin = in->at;
    while (in->at < in->end && is_digit(*in->at)) {
        in->at++;
    }
    return in->at > begin;
}

static bool take_number(cursor *in) {
    take(in, '-');
    if (!take(in, '0') && !take_digits(in)) {
        return false;
    }
    if (take(in, '.') && !take_digits(in)) {
        return false;
    }
    if (take(in, 'e') || take(in, 'E')) {
        (void)(take(in, '+') || take(in, '-'));
        return take_digits(in);
    }
    return true;
}

static bool take_hex(cursor *in, uint32_t *unit) {
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = in->at < in->end ? *in->at++ : 0;
        uint32_t digit;
        if (is_digit(c)) {
            digit = (uint32_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            digit = (uint32_t)((c | 0x20) - 'a' + 10);
        } else {
            return false;
        }
        *unit = *unit << 4 | digit;
    }
    return true;
}

/* Takes what follows a backslash. */
static bool take_escape(cursor *in, uint32_t *character) {
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char c = in->at < in->end ? *in->at++ : 0;
    if (c == 'u') {
        uint32_t high, low;
        if (!take_hex(in, &high) || (high >= 0xDC00 && high <= 0xDFFF)) {
            return false;
        }
        *character = high;
        if (high < 0xD800 || high > 0xDBFF) {
            return true;
        }
        if (!take(in, '\\') || !take(in, 'u') || !take_hex(in, &low) || low < 0xDC00 || low > 0xDFFF) {
            return false;
        }
        *character = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        return true;
    }
    const char *found = c == 0 ? NULL : strchr(escapes, c);
    if (found == NULL) {
        return false;
    }
    *character = (unsigned char)meanings[found - escapes];
    return true;
}

static bool take_string(cursor *in) {
    if (!take(in, '"')) {
        return false;
    }
    for (;;) {
        /* What needs no second look, which is nearly everything. */
        while (in->at < in->end && *in->at >= 0x20 && *in->at != '"' && *in->at != '\\') {
            in->at++;
        }
        uint32_t character;
        if (take(in, '"')) {
            return true;
        }
        if (take(in, '\\')) {
            if (!take_escape(in, &character)) {
                return false;
            }
            continue;
        }
        size_t length = ab_utf8(in->at, (size_t)(in->end - in->at), &character);
        if (length == 0 || character < 0x20) {
            return false;
        }
        in->at += length;
    }
}

static bool take_value(cursor *in, int depth);

static bool take_items(cursor *in, int depth) {
    skip_white(in);
    if (take(in, ']')) {
        return true;
    }
    do {
        if (!take_value(in, depth)) {
            return false;
        }
        skip_white(in);
    } while (take(in, ','));
    return take(in, ']');
}

static bool take_members(cursor *in, int depth) {
    skip_white(in);
    if (take(in, '}')) {
        return true;
    }
    do {
        skip_white(in);
        if (!take_string(in)) {
            return false;
        }
        skip_white(in);
        if (!take(in, ':') || !take_value(in, depth)) {
            return false;
        }
        skip_white(in);
    } while (take(in, ','));
    return take(in, '}');
}

static bool take_value(cursor *in, int depth) {
    skip_white(in);
    if (in->at == in->end) {
        return false;
    }
    switch (*in->at) {
    case '{':
        in->at++;
        return depth < DEEPEST && take_members(in, depth + 1);
    case '[':
        in->at++;
        return depth < DEEPEST && take_items(in, depth + 1);
    case '"':
        return take_string(in);
    case 't':
        return take_word(in, AB_TEXT("true"));
    case 'f':
        return take_word(in, AB_TEXT("false"));
    case 'n':
        return take_word(in, AB_TEXT("null"));
    default:
        return take_number(in);
    }
}

bool ab_json_parse(ab_text text, ab_json *value) {
    if (text.size == 0) {
        return false;
    }
    cursor in = {text.bytes, text.bytes + text.size};
    skip_white(&in);
    const char *begin = in.at;
    if (!take_value(&in, 0)) {
        return false;
    }
    ab_json read = {{begin, (size_t)(in.at - begin)}};
    skip_white(&in);
    if (in.at != in.end) {
        return false;
    }
    *value = read;
    return true;
}

ab_json_kind ab_json_is(ab_json value) {
    if (value.text.size == 0) {
        return AB_JSON_NOTHING;
    }
    switch (value.text.bytes[0]) {
    case 'n':
        return AB_JSON_NULL;
    case 't':
    case 'f':
        return AB_JSON_BOOLEAN;
    case '"':
        return AB_JSON_STRING;
    case '[':
        return AB_JSON_ARRAY;
    case '{':
        return AB_JSON_OBJECT;
    default:
        return AB_JSON_NUMBER;
    }
}

/* The walkers below trust the text, but never leave it. */

static void walk_string(cursor *in) {
    for (in->at++; in->at < in->end && *in->at != '"'; in->at++) {
        in->at += *in->at == '\\';
    }
    in->at++;
}

static ab_json walk_value(cursor *in) {
    skip_white(in);
    const char *begin = in->at;
    size_t depth = 0;
    do {
        switch (*in->at) {
        case '{':
        case '[':
            depth++;
            in->at++;
            break;
        case '}':
        case ']':
            depth--;
            in->at++;
            break;
        case '"':
            walk_string(in);
            break;
        default:
            in->at++;
            /* A number or a word by itself goes on until something else begins. */
            while (depth == 0 && in->at < in->end && !is_white(*in->at) && strchr(",]}", *in->at) == NULL) {
                in->at++;
            }
        }
    } while (depth > 0 && in->at < in->end);
    return (ab_json){{begin, (size_t)(in->at - begin)}};
}

/* Begins or goes on after the last element; false when there is none left. */
static bool walk_to_next(ab_json whole, size_t at, cursor *in) {
    *in = (cursor){whole.text.bytes + (at == 0 ? 1 : at), whole.text.bytes + whole.text.size - 1};
    skip_white(in);
    take(in, ',');
    skip_white(in);
    return in->at < in->end;
}

bool ab_json_item(ab_json array, size_t *at, ab_json *item) {
    cursor in;
    if (ab_json_is(array) != AB_JSON_ARRAY || !walk_to_next(array, *at, &in)) {
        return false;
    }
    *item = walk_value(&in);
    *at = (size_t)(in.at - array.text.bytes);
    return true;
}

bool ab_json_member(ab_json object, size_t *at, ab_member *member) {
    cursor in;
    if (ab_json_is(object) != AB_JSON_OBJECT || !walk_to_next(object, *at, &in)) {
        return false;
    }
    const char *begin = in.at;
    walk_string(&in);
    member->name = ab_json_text((ab_json){{begin, (size_t)(in.at - begin)}});
    skip_white(&in);
    take(&in, ':');
    member->value = walk_value(&in);
    *at = (size_t)(in.at - object.text.bytes);
    return true;
}

ab_json ab_json_get(ab_json object, ab_text name) {
    ab_json found = {0};
    ab_member member;
    for (size_t at = 0; ab_json_member(object, &at, &member);) {
        if (ab_same(member.name, name)) {
            found = member.value;
        }
    }
    return found;
}

static char *put(char *at, uint32_t c) {
    if (c < 0x80) {
        *at++ = (char)c;
        return at;
    }
    static const unsigned char leads[] = {0, 0xC0, 0xE0, 0xF0};
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    *at++ = (char)(leads[more] | c >> (6 * more));
    while (more-- > 0) {
        *at++ = (char)(0x80 | (c >> (6 * more) & 0x3F));
    }
    return at;
}

ab_text ab_json_text(ab_json value) {
    if (ab_json_is(value) != AB_JSON_STRING) {
        return (ab_text){0};
    }
    ab_text inner = {value.text.bytes + 1, value.text.size - 2};
    if (inner.size == 0 || memchr(inner.bytes, '\\', inner.size) == NULL) {
        return inner;
    }
    /* An escape is never shorter than what it stands for. */
    char *bytes = ab_allocate(inner.size), *to = bytes;
    cursor in = {inner.bytes, inner.bytes + inner.size};
    while (in.at < in.end) {
        uint32_t character;
        if (!take(&in, '\\')) {
            *to++ = *in.at++;
        } else if (take_escape(&in, &character)) {
            to = put(to, character);
        }
    }
    return (ab_text){bytes, (size_t)(to - bytes)};
}

ab_json ab_json_string(ab_text text) {
    static const char hex[] = "0123456789abcdef";
    size_t size = 2;
    uint32_t c;
    for (ab_text rest = text; ab_next(&rest, &c);) {
        size += c < 0x20 ? 6 : c == '"' || c == '\\' ? 2 : c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    }
    char *bytes = ab_allocate(size), *to = bytes;
    *to++ = '"';
    for (ab_text rest = text; ab_next(&rest, &c);) {
        if (c < 0x20) {
            memcpy(to, "\\u00", 4);
            to[4] = hex[c >> 4];
            to[5] = hex[c & 15];
            to += 6;
            continue;
        }
        if (c == '"' || c == '\\') {
            *to++ = '\\';
        }
        to = put(to, c);
    }
    *to++ = '"';
    return (ab_json){{bytes, size}};
}

ab_json ab_json_object(const ab_member *members, size_t count) {
    ab_text *parts = ab_alloc((4 * count + 2) * sizeof *parts);
    size_t used = 0;
    parts[used++] = AB_TEXT("{");
    for (size_t i = 0; i < count; i++) {
        if (ab_json_is(members[i].value) != AB_JSON_NOTHING) {
            if (used > 1) {
                parts[used++] = AB_TEXT(",");
            }
            parts[used++] = ab_json_string(members[i].name).text;
            parts[used++] = AB_TEXT(":");
            parts[used++] = members[i].value.text;
        }
    }
    parts[used++] = AB_TEXT("}");
    return (ab_json){ab_join(parts, used)};
}
