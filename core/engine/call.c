/* call.c - the memory of requests that are under way. See call.h. */
#include "call.h"

#include <stdlib.h>

#include "engine_impl.h"

/* Stands before each struct. */
struct call {
    _Alignas(max_align_t) struct wf_link link;
    uint64_t number;
    void (*drop)(void *call);
};

void *wf_call_new(struct wf_engine *engine, size_t size,
                  void (*drop)(void *call)) {
    struct call *call = wf_calloc(1, sizeof(*call) + size);
    call->drop = drop;
    call->number = ++engine->calls_begun;
    wf_list_append(&engine->calls, &call->link);
    return call + 1;
}

static void call_free(struct call *call) {
    if (call->drop)
        call->drop(call + 1);
    free(call);
}

void wf_call_free(void *memory) {
    struct call *call = (struct call *)memory - 1;
    wf_list_remove(&call->link);
    call_free(call);
}

uint64_t wf_calls_oldest(const struct wf_engine *engine) {
    const struct wf_link *first = engine->calls.next;
    return first == &engine->calls
               ? UINT64_MAX
               : WF_ENTRY(first, const struct call, link)->number;
}

void wf_calls_free(struct wf_engine *engine) {
    struct wf_link *link;
    while ((link = wf_list_shift(&engine->calls)))
        call_free(WF_ENTRY(link, struct call, link));
}
