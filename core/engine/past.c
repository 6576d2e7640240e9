/* past.c - the revisions that an execution has run. See past.h. */
#include "past.h"

#include <stdlib.h>

#include "call.h"

static void add(struct wf_past *past, uint64_t until,
                struct wf_machine *machine) {
    past->eras = wf_realloc(past->eras,
                            (past->count + 1) * sizeof(*past->eras));
    past->eras[past->count++] = (struct wf_era){until, machine};
}

void wf_past_read(struct wf_engine *engine, struct wf_str earlier,
                  struct wf_machine *latest, struct wf_past *past) {
    struct wf_reader in = {earlier.data, earlier.data + earlier.len, false};
    while (earlier.len && in.at < in.end) {
        uint64_t until = wf_read_varint(&in);
        uint32_t revision = (uint32_t)wf_read_varint(&in);
        if (in.bad)
            break;
        add(past, until, wf_machine_of(engine, latest->id, revision));
    }
    add(past, UINT64_MAX, latest);
}

void wf_past_free(struct wf_past *past) {
    free(past->eras);
    *past = (struct wf_past){0};
}

struct wf_machine *wf_past_machine(const struct wf_past *past,
                                   uint64_t event) {
    size_t at = 0;
    while (at + 1 < past->count && event >= past->eras[at].until)
        at++;
    return past->eras[at].machine;
}

bool wf_past_is_ready(const struct wf_past *past) {
    for (size_t i = 0; i < past->count; i++)
        if (!past->eras[i].machine->ready)
            return false;
    return true;
}

void wf_past_add(struct wf_buf *earlier, uint64_t until, uint32_t revision) {
    wf_buf_varint(earlier, until);
    wf_buf_varint(earlier, revision);
}

/* ---- reading them ---- */

struct need {
    struct wf_engine *engine;
    const struct wf_past *past;
    size_t at;
    void (*done)(void *arg);
    void *arg;
};

static void need_next(void *arg, struct wf_machine *machine) {
    struct need *need = arg;
    (void)machine;
    if (need->at < need->past->count) {
        struct wf_machine *next = need->past->eras[need->at++].machine;
        wf_machine_need(need->engine, next, need_next, need);
        return;
    }
    void (*done)(void *) = need->done;
    void *done_arg = need->arg;
    wf_call_free(need);
    done(done_arg);
}

void wf_past_need(struct wf_engine *engine, const struct wf_past *past,
                  void (*done)(void *arg), void *arg) {
    struct need *need = wf_call_new(engine, sizeof(*need), NULL);
    *need = (struct need){engine, past, 0, done, arg};
    need_next(need, NULL);
}
