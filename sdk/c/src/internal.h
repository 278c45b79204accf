/* What the parts of the SDK share, and plugins have no use for. */
#ifndef ACTIONBOX_INTERNAL_H
#define ACTIONBOX_INTERNAL_H

#include "../actionbox.h"

/* Memory */

/* As ab_alloc, but not set to zero. */
void *ab_allocate(size_t size);

/* Gives memory back before the call ends. The size is that it was taken with. */
void ab_release(void *memory, size_t size);

/* Gives all memory of this call back. */
void ab_release_all(void);

/* Text */

/* Reads one character of UTF-8, and returns how many bytes it has; 0 when it is none. */
size_t ab_utf8(const char *bytes, size_t size, uint32_t *character);

/* Returns the text with ASCII letters in lower case. */
ab_text ab_lower(ab_text text);

/* Tells whether the text begins with the other. */
bool ab_begins(ab_text text, ab_text with);

/* Tells whether the text holds the other. */
bool ab_holds(ab_text text, ab_text part);

/* Reads decimal digits, and nothing else, of a number up to a maximum. */
bool ab_number(ab_text digits, uint64_t maximum, uint64_t *number);

/* Errors */

/* Returns the name of an error code of wasi:http, by its place in the WIT. */
ab_text ab_code(size_t place);

/* Returns the error for a request that ended with a code of wasi:http. */
const ab_error *ab_unanswered(ab_text code);

/* Refold */

/* One endpoint of the upstream. */
typedef struct ab_route {
    ab_text app;
    enum { AB_LIST, AB_DESCRIBE, AB_EXECUTE } verb;
    /* Of AB_DESCRIBE and AB_EXECUTE. */
    ab_text action;
} ab_route;

/* Builds the request for an endpoint, without a body. */
const ab_error *ab_route_request(const ab_route *route, ab_request *request);

/* Read the answers of the endpoints. */
const ab_error *ab_read_actions(const ab_route *route, const ab_response *answer, ab_actions *listed);
const ab_error *ab_read_parameters(const ab_route *route, const ab_response *answer,
                                   ab_parameters *described);
const ab_error *ab_read_outcome(const ab_route *route, const ab_response *answer, ab_outcome *outcome);

/* Reads an answer that is no success. */
const ab_error *ab_refusal(const ab_route *route, const ab_response *answer);

#endif
