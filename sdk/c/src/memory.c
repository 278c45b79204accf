/* The memory of one call: taken piece by piece, given back all at once.
 *
 * The host takes memory here too, for what it hands in; what the plugin hands out is read by the host before
 * it calls the function that ends the call. So nothing has an owner, nothing leaks, and nothing is freed
 * twice. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* Pieces of this size and more have a block of their own; smaller ones share one. */
enum { LARGE = 4096, SHARED = 16384, ALIGN = _Alignof(max_align_t) };

typedef struct block {
    struct block *previous, *next;
    _Alignas(max_align_t) char memory[];
} block;

static block blocks = {&blocks, &blocks};
/* What is left of the shared block. */
static char *rest;
static size_t rest_size;

static char *new_block(size_t size) {
    block *made = size < PTRDIFF_MAX / 2 ? malloc(sizeof(block) + size) : NULL;
    if (made == NULL) {
        abort();
    }
    made->previous = &blocks;
    made->next = blocks.next;
    blocks.next->previous = made;
    blocks.next = made;
    return made->memory;
}

void *ab_allocate(size_t size) {
    if (size >= LARGE) {
        return new_block(size);
    }
    /* Never nothing: a piece has an address. */
    size = (size / ALIGN + 1) * ALIGN;
    if (size > rest_size) {
        rest = new_block(SHARED);
        rest_size = SHARED;
    }
    char *taken = rest;
    rest += size;
    rest_size -= size;
    return taken;
}

void *ab_alloc(size_t size) { return memset(ab_allocate(size), 0, size); }

void ab_release(void *memory, size_t size) {
    if (size < LARGE) {
        return;
    }
    block *given = (block *)((char *)memory - offsetof(block, memory));
    given->previous->next = given->next;
    given->next->previous = given->previous;
    free(given);
}

void ab_release_all(void) {
    for (block *next, *given = blocks.next; given != &blocks; given = next) {
        next = given->next;
        free(given);
    }
    blocks.previous = blocks.next = &blocks;
    rest = NULL;
    rest_size = 0;
}

#ifdef __wasm__
/* Takes the place of the generated one: what the host hands in lives as long as everything else. */
__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align,
                                                                size_t size) {
    (void)align; /* Never more than ALIGN. */
    void *memory = ab_allocate(size);
    if (old_size > 0) {
        memcpy(memory, old, old_size < size ? old_size : size);
    }
    return memory;
}
#endif
