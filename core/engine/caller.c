/* caller.c - the tasks that have started an execution or wait for it, in
 * memory and in its image. See nested.h. */
#include <stdlib.h>

#include "execution.h"

#define MOST_CALLERS 1000

bool wf_caller_read(struct wf_reader *in, struct wf_caller *caller) {
    if (in->at == in->end)
        return false;
    caller->execution = wf_read_varint(in);
    caller->visit = wf_read_varint(in);
    caller->frame = (uint32_t)wf_read_varint(in);
    caller->attempt = (uint32_t)wf_read_varint(in);
    caller->kind = wf_read_u8(in);
    return !in->bad;
}

bool wf_caller_equal(const struct wf_caller *a, const struct wf_caller *b) {
    return a->execution == b->execution && a->visit == b->visit &&
           a->frame == b->frame && a->attempt == b->attempt;
}

bool wf_execution_add_caller(struct wf_execution *execution,
                             const struct wf_caller *caller) {
    uint32_t count = execution->caller_count;
    for (uint32_t i = 0; i < count; i++)
        if (wf_caller_equal(&execution->callers[i], caller))
            return true;
    if (count == MOST_CALLERS)
        return false;
    execution->callers = wf_realloc(
        execution->callers, (count + 1) * sizeof(*execution->callers));
    execution->callers[execution->caller_count++] = *caller;
    return true;
}

bool wf_execution_is_awaited(const struct wf_execution *execution) {
    for (uint32_t i = 0; i < execution->caller_count; i++)
        if (execution->callers[i].kind != WF_CALLER_STARTS)
            return true;
    return false;
}

void wf_callers_encode(const struct wf_execution *execution,
                       struct wf_buf *out) {
    wf_buf_varint(out, execution->caller_count);
    for (uint32_t i = 0; i < execution->caller_count; i++) {
        const struct wf_caller *caller = &execution->callers[i];
        wf_buf_varint(out, caller->execution);
        wf_buf_varint(out, caller->visit);
        wf_buf_varint(out, caller->frame);
        wf_buf_varint(out, caller->attempt);
        wf_buf_u8(out, (uint8_t)caller->kind);
    }
}

void wf_callers_decode(struct wf_reader *in,
                       struct wf_execution_image *image) {
    uint64_t count = wf_read_varint(in);
    struct wf_caller caller;
    const char *from = in->at;
    in->bad |= count > MOST_CALLERS;
    for (uint64_t i = 0; i < count && !in->bad; i++)
        if (!wf_caller_read(in, &caller))
            in->bad = true;
    image->callers = (struct wf_reader){from, in->at, false};
    image->caller_count = in->bad ? 0 : (uint32_t)count;
}

void wf_callers_apply(struct wf_execution *execution,
                      const struct wf_execution_image *image) {
    struct wf_reader in = image->callers;
    struct wf_caller caller;
    execution->caller_count = 0;
    if (image->caller_count)
        while (wf_caller_read(&in, &caller))
            wf_execution_add_caller(execution, &caller);
}
