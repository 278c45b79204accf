/* One exchange over wasi:http: build → hand over → write → wait → read.
 *
 * Resources are children of one another, and the component traps unless the child is dropped first. Each
 * step drops what it made, in that order, whatever happens. */
#include "internal.h"

#include <string.h>

#ifdef __wasm__
#include "../bindings/plugin.h"

/* How many bytes of an answer are asked for at once. */
enum { READ = 64 * 1024 };

static plugin_string_t text(ab_text from) { return (plugin_string_t){(uint8_t *)from.bytes, from.size}; }

static const ab_error *invalid_request(ab_text reason) {
    return ab_other(AB_JOIN(AB_TEXT("the request cannot be sent: "), reason));
}

static const ab_error *code_error(const wasi_http_types_error_code_t *code) {
    return ab_unanswered(ab_code(code->tag));
}

/* Turns the failure of a stream into the code behind it, where there is one. */
static const ab_error *stream_error(const wasi_io_streams_stream_error_t *failure) {
    wasi_http_types_error_code_t code;
    bool has_code = false;
    if (failure->tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED) {
        wasi_io_error_own_error_t error = failure->val.last_operation_failed;
        has_code = wasi_http_types_http_error_code(wasi_io_error_borrow_error(error), &code);
        wasi_io_error_error_drop_own(error);
    }
    return has_code ? code_error(&code) : ab_unanswered(AB_TEXT("connection-terminated"));
}

static void block(wasi_io_poll_own_pollable_t ready) {
    wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
    wasi_io_poll_pollable_drop_own(ready);
}

static const ab_error *append(wasi_http_types_own_fields_t fields, ab_text name, ab_text value) {
    plugin_string_t field = text(name);
    wasi_http_types_field_value_t bytes = {(uint8_t *)value.bytes, value.size};
    wasi_http_types_header_error_t error;
    if (wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &field, &bytes, &error)) {
        return NULL;
    }
    ab_text why = error.tag == WASI_HTTP_TYPES_HEADER_ERROR_FORBIDDEN
                      ? AB_TEXT(" is the host's to set, not a plugin's")
                  : error.tag == WASI_HTTP_TYPES_HEADER_ERROR_INVALID_SYNTAX
                      ? AB_TEXT(" has a value that the host does not take")
                      : AB_TEXT(" cannot be set");
    return invalid_request(AB_JOIN(AB_TEXT("its header "), name, why));
}

/* Appended one by one, so that an error can name the header. */
static const ab_error *build_fields(const ab_request *request, wasi_http_types_own_fields_t fields) {
    for (size_t i = 0; i < request->header_count; i++) {
        const ab_error *error = append(fields, request->headers[i].name, request->headers[i].value);
        if (error != NULL) {
            return error;
        }
    }
    /* A host must tell a complete body from that of a plugin that died while writing. A GET without a body
     * declares none (RFC 9110, 8.6). */
    bool is_bare = request->body.size == 0 &&
                   (ab_same(request->method, AB_TEXT("GET")) || ab_same(request->method, AB_TEXT("HEAD")));
    return is_bare ? NULL : append(fields, AB_TEXT("content-length"), ab_decimal(request->body.size));
}

static wasi_http_types_method_t method(ab_text name) {
    /* In the order of the WIT. */
    static const char *const names[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (ab_same(name, ab_from(names[i]))) {
            return (wasi_http_types_method_t){.tag = (uint8_t)i};
        }
    }
    return (wasi_http_types_method_t){.tag = WASI_HTTP_TYPES_METHOD_OTHER, .val.other = text(name)};
}

/* Sets everything but headers and body. */
static const ab_error *address(const ab_request *request, wasi_http_types_own_outgoing_request_t outgoing) {
    wasi_http_types_borrow_outgoing_request_t to = wasi_http_types_borrow_outgoing_request(outgoing);
    wasi_http_types_method_t verb = method(request->method);
    wasi_http_types_scheme_t scheme = {.tag = WASI_HTTP_TYPES_SCHEME_HTTPS};
    plugin_string_t authority = text(request->authority), path = text(request->path);
    if (!wasi_http_types_method_outgoing_request_set_method(to, &verb)) {
        return invalid_request(AB_TEXT("the host does not take its method"));
    }
    if (!wasi_http_types_method_outgoing_request_set_scheme(to, &scheme)) {
        return invalid_request(AB_TEXT("the host does not take its scheme"));
    }
    if (!wasi_http_types_method_outgoing_request_set_authority(to, &authority)) {
        return invalid_request(AB_TEXT("the host does not take its authority"));
    }
    if (!wasi_http_types_method_outgoing_request_set_path_with_query(to, &path)) {
        return invalid_request(AB_TEXT("the host does not take its path"));
    }
    return NULL;
}

static const ab_error *build(const ab_request *request, wasi_http_types_own_outgoing_request_t *outgoing) {
    wasi_http_types_own_fields_t fields = wasi_http_types_constructor_fields();
    const ab_error *error = build_fields(request, fields);
    if (error != NULL) {
        wasi_http_types_fields_drop_own(fields);
        return error;
    }
    *outgoing = wasi_http_types_constructor_outgoing_request(fields);
    error = address(request, *outgoing);
    if (error != NULL) {
        wasi_http_types_outgoing_request_drop_own(*outgoing);
    }
    return error;
}

/* Writes as much as the host permits at a time: more traps. */
static const ab_error *write_all(wasi_io_streams_own_output_stream_t stream, ab_text rest) {
    wasi_io_streams_borrow_output_stream_t to = wasi_io_streams_borrow_output_stream(stream);
    wasi_io_streams_stream_error_t failure;
    while (rest.size > 0) {
        uint64_t permit;
        if (!wasi_io_streams_method_output_stream_check_write(to, &permit, &failure)) {
            return stream_error(&failure);
        }
        if (permit == 0) {
            block(wasi_io_streams_method_output_stream_subscribe(to));
            continue;
        }
        plugin_list_u8_t now = {(uint8_t *)rest.bytes, permit < rest.size ? (size_t)permit : rest.size};
        if (!wasi_io_streams_method_output_stream_write(to, &now, &failure)) {
            return stream_error(&failure);
        }
        rest.bytes += now.len;
        rest.size -= now.len;
    }
    bool flushed = wasi_io_streams_method_output_stream_blocking_flush(to, &failure);
    return flushed ? NULL : stream_error(&failure);
}

/* Writes the body and finishes it. */
static const ab_error *write_body(wasi_http_types_own_outgoing_body_t body, ab_text content) {
    wasi_http_types_own_output_stream_t stream;
    if (!wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream)) {
        wasi_http_types_outgoing_body_drop_own(body);
        return ab_unanswered(AB_TEXT("internal-error"));
    }
    const ab_error *error = write_all(stream, content);
    wasi_io_streams_output_stream_drop_own(stream);
    if (error != NULL) {
        wasi_http_types_outgoing_body_drop_own(body);
        return error;
    }
    wasi_http_types_error_code_t code;
    bool finished = wasi_http_types_static_outgoing_body_finish(body, NULL, &code);
    return finished ? NULL : code_error(&code);
}

/* Waits for status and headers. */
static const ab_error *await(wasi_http_types_own_future_incoming_response_t future,
                             wasi_http_types_own_incoming_response_t *incoming) {
    wasi_http_types_borrow_future_incoming_response_t of =
        wasi_http_types_borrow_future_incoming_response(future);
    wasi_http_types_result_result_own_incoming_response_error_code_void_t answer;
    block(wasi_http_types_method_future_incoming_response_subscribe(of));
    /* Not ready after waiting, or taken already: neither happens with a correct host. */
    if (!wasi_http_types_method_future_incoming_response_get(of, &answer) || answer.is_err) {
        return ab_unanswered(AB_TEXT("internal-error"));
    }
    if (answer.val.ok.is_err) {
        return code_error(&answer.val.ok.val.err);
    }
    *incoming = answer.val.ok.val.ok;
    return NULL;
}

static void read_headers(wasi_http_types_borrow_incoming_response_t incoming, ab_response *response) {
    wasi_http_types_own_headers_t fields = wasi_http_types_method_incoming_response_headers(incoming);
    wasi_http_types_list_tuple2_field_name_field_value_t entries;
    wasi_http_types_method_fields_entries(wasi_http_types_borrow_fields(fields), &entries);
    wasi_http_types_fields_drop_own(fields);
    ab_header *headers = ab_alloc(entries.len * sizeof *headers);
    for (size_t i = 0; i < entries.len; i++) {
        headers[i].name = ab_lower((ab_text){(const char *)entries.ptr[i].f0.ptr, entries.ptr[i].f0.len});
        headers[i].value = (ab_text){(const char *)entries.ptr[i].f1.ptr, entries.ptr[i].f1.len};
    }
    response->headers = headers;
    response->header_count = entries.len;
}

/* A part of an answer, as it came. */
typedef struct chunk {
    struct chunk *next;
    plugin_list_u8_t bytes;
} chunk;

static const ab_error *read_all(wasi_io_streams_own_input_stream_t stream, ab_text *content) {
    wasi_io_streams_borrow_input_stream_t from = wasi_io_streams_borrow_input_stream(stream);
    wasi_io_streams_stream_error_t failure;
    plugin_list_u8_t bytes;
    chunk *chunks = NULL, **last = &chunks;
    size_t size = 0;
    while (wasi_io_streams_method_input_stream_blocking_read(from, READ, &bytes, &failure)) {
        *last = ab_alloc(sizeof **last);
        (*last)->bytes = bytes;
        last = &(*last)->next;
        size += bytes.len;
    }
    if (failure.tag != WASI_IO_STREAMS_STREAM_ERROR_CLOSED) {
        return stream_error(&failure);
    }
    char *to = ab_allocate(size);
    *content = (ab_text){to, size};
    for (; chunks != NULL; chunks = chunks->next) {
        if (chunks->bytes.len > 0) {
            memcpy(to, chunks->bytes.ptr, chunks->bytes.len);
            to += chunks->bytes.len;
            ab_release(chunks->bytes.ptr, chunks->bytes.len);
        }
    }
    return NULL;
}

/* Waits for the trailers. They have no use here, but an answer that breaks off says so in their place. */
static const ab_error *finish(wasi_http_types_own_incoming_body_t body) {
    wasi_http_types_own_future_trailers_t trailers = wasi_http_types_static_incoming_body_finish(body);
    wasi_http_types_borrow_future_trailers_t of = wasi_http_types_borrow_future_trailers(trailers);
    wasi_http_types_result_result_option_own_trailers_error_code_void_t end;
    const ab_error *error = NULL;
    block(wasi_http_types_method_future_trailers_subscribe(of));
    if (wasi_http_types_method_future_trailers_get(of, &end) && !end.is_err) {
        if (end.val.ok.is_err) {
            error = code_error(&end.val.ok.val.err);
        } else if (end.val.ok.val.ok.is_some) {
            wasi_http_types_fields_drop_own(end.val.ok.val.ok.val);
        }
    }
    wasi_http_types_future_trailers_drop_own(trailers);
    return error;
}

/* Reads the answer to its end, trailers included: only then was it complete. */
static const ab_error *read_response(wasi_http_types_borrow_incoming_response_t incoming,
                                     ab_response *response) {
    wasi_http_types_own_incoming_body_t body;
    wasi_http_types_own_input_stream_t stream;
    response->status = wasi_http_types_method_incoming_response_status(incoming);
    read_headers(incoming, response);
    if (!wasi_http_types_method_incoming_response_consume(incoming, &body)) {
        return ab_unanswered(AB_TEXT("http-protocol-error"));
    }
    if (!wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body), &stream)) {
        wasi_http_types_incoming_body_drop_own(body);
        return ab_unanswered(AB_TEXT("http-protocol-error"));
    }
    const ab_error *error = read_all(stream, &response->body);
    wasi_io_streams_input_stream_drop_own(stream);
    if (error != NULL) {
        wasi_http_types_incoming_body_drop_own(body);
        return error;
    }
    return finish(body);
}

/* Everything after the request was handed over. */
static const ab_error *converse(wasi_http_types_own_future_incoming_response_t future,
                                const wasi_http_types_own_outgoing_body_t *body, ab_text content,
                                ab_response *response) {
    const ab_error *written = body != NULL ? write_body(*body, content) : NULL;
    /* A host that refuses a request stops reading its body. Why is said here. */
    wasi_http_types_own_incoming_response_t incoming;
    const ab_error *error = await(future, &incoming);
    if (error != NULL) {
        return error;
    }
    error = written != NULL ? written
                            : read_response(wasi_http_types_borrow_incoming_response(incoming), response);
    wasi_http_types_incoming_response_drop_own(incoming);
    return error;
}

const ab_error *ab_send(const ab_request *request, ab_response *response) {
    wasi_http_types_own_outgoing_request_t outgoing;
    const ab_error *error = build(request, &outgoing);
    if (error != NULL) {
        return error;
    }
    /* Without a body there is none to finish; what is never taken counts as empty. */
    wasi_http_types_own_outgoing_body_t taken, *body = request->body.size > 0 ? &taken : NULL;
    if (body != NULL && !wasi_http_types_method_outgoing_request_body(
                            wasi_http_types_borrow_outgoing_request(outgoing), body)) {
        wasi_http_types_outgoing_request_drop_own(outgoing);
        return invalid_request(AB_TEXT("the host gave it no body"));
    }
    /* Handed over first: the host reads a body while it is written, and holds only a part of it. */
    wasi_http_types_own_future_incoming_response_t future;
    wasi_http_types_error_code_t code;
    if (!wasi_http_outgoing_handler_handle(outgoing, NULL, &future, &code)) {
        if (body != NULL) {
            wasi_http_types_outgoing_body_drop_own(*body);
        }
        return code_error(&code);
    }
    error = converse(future, body, request->body, response);
    wasi_http_types_future_incoming_response_drop_own(future);
    return error;
}

#else
#include <stdio.h>
#include <stdlib.h>

const ab_error *ab_send(const ab_request *request, ab_response *response) {
    (void)request;
    (void)response;
    fputs("actionbox: a request can be sent inside of the sandbox only\n", stderr);
    abort();
}
#endif
