/* Text: joining, comparing, and what Unicode says of characters. */
#include "internal.h"

#include <string.h>

ab_text ab_from(const char *string) { return (ab_text){string, strlen(string)}; }

ab_text ab_join(const ab_text *parts, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += parts[i].size;
    }
    char *bytes = ab_allocate(size);
    ab_text joined = {bytes, size};
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0) {
            memcpy(bytes, parts[i].bytes, parts[i].size);
            bytes += parts[i].size;
        }
    }
    return joined;
}

ab_text ab_decimal(uint64_t number) {
    enum { MOST = 20 };
    char *end = (char *)ab_allocate(MOST) + MOST, *begin = end;
    do {
        *--begin = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return (ab_text){begin, (size_t)(end - begin)};
}

bool ab_same(ab_text one, ab_text other) {
    return one.size == other.size && (one.size == 0 || memcmp(one.bytes, other.bytes, one.size) == 0);
}

bool ab_begins(ab_text text, ab_text with) {
    return text.size >= with.size && ab_same((ab_text){text.bytes, with.size}, with);
}

bool ab_holds(ab_text text, ab_text part) {
    for (; text.size >= part.size; text.bytes++, text.size--) {
        if (ab_begins(text, part)) {
            return true;
        }
        if (text.size == 0) {
            break;
        }
    }
    return false;
}

ab_text ab_lower(ab_text text) {
    char *lower = ab_allocate(text.size);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return (ab_text){lower, text.size};
}

bool ab_number(ab_text digits, uint64_t maximum, uint64_t *number) {
    uint64_t read = 0;
    for (size_t i = 0; i < digits.size; i++) {
        unsigned digit = (unsigned char)digits.bytes[i] - '0';
        if (digit > 9 || digit > maximum || read > (maximum - digit) / 10) {
            return false;
        }
        read = read * 10 + digit;
    }
    *number = read;
    return digits.size > 0;
}

size_t ab_utf8(const char *text, size_t size, uint32_t *character) {
    const unsigned char *bytes = (const unsigned char *)text;
    if (size == 0) {
        return 0;
    }
    if (bytes[0] < 0x80) {
        *character = bytes[0];
        return 1;
    }
    size_t length = bytes[0] >= 0xF0 ? 4 : bytes[0] >= 0xE0 ? 3 : 2;
    if (bytes[0] < 0xC2 || bytes[0] > 0xF4 || size < length) {
        return 0;
    }
    uint32_t read = bytes[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
        read = read << 6 | (bytes[i] & 0x3F);
    }
    bool too_long = (length == 3 && read < 0x800) || (length == 4 && read < 0x10000);
    if (too_long || read > 0x10FFFF || (read >= 0xD800 && read <= 0xDFFF)) {
        return 0;
    }
    *character = read;
    return length;
}

bool ab_next(ab_text *rest, uint32_t *character) {
    if (rest->size == 0) {
        return false;
    }
    size_t length = ab_utf8(rest->bytes, rest->size, character);
    if (length == 0) {
        *character = 0xFFFD;
        length = 1;
    }
    rest->bytes += length;
    rest->size -= length;
    return true;
}

bool ab_is_space(uint32_t c) {
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
           c == 0x3000;
}

ab_text ab_trim(ab_text text) {
    uint32_t c;
    ab_text rest = text;
    while (ab_next(&rest, &c) && ab_is_space(c)) {
        text = rest;
    }
    /* The last character that is no space ends the text. */
    size_t size = 0;
    rest = text;
    while (ab_next(&rest, &c)) {
        if (!ab_is_space(c)) {
            size = text.size - rest.size;
        }
    }
    return (ab_text){text.bytes, size};
}
