/* nested_end.c - the end of an execution and the tasks that wait for it:
 * telling them, and stopping what nobody waits for. See nested.h. */
#include <assert.h>
#include <stdlib.h>

#include "engine_impl.h"

/* ---- the row ---- */

static struct wf_key row_key(const struct wf_engine *engine, uint64_t child) {
    return wf_key_timer(engine->partition, 0, child, WF_FRAME_CALLERS);
}

void wf_nested_put_row(struct wf_engine *engine, uint64_t child) {
    struct wf_key key = row_key(engine, child);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key), WF_STR(""));
}

static void delete_row(struct wf_engine *engine, uint64_t child) {
    struct wf_key key = row_key(engine, child);
    wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
    wf_engine_wake(engine);
}

/* ---- telling ---- */

/* One round of telling all of them. */
struct round {
    struct wf_engine *engine;
    uint64_t child;
    uint32_t left; /* to be told, and 1 */
    bool stays;    /* somebody will look when it is ready to wait */
};

struct tell {
    struct round *round;
    struct wf_caller caller;
    bool has_failed, is_too_large;
    struct wf_doc *output;
    struct wf_buf cause;
};

static void tell_drop(void *memory) {
    struct tell *tell = memory;
    wf_doc_unref(tell->output);
    wf_buf_free(&tell->cause);
}

static void round_done(struct round *round) {
    if (--round->left > 0)
        return;
    if (!round->stays)
        delete_row(round->engine, round->child);
    wf_call_free(round);
}

static void told(void *arg) {
    struct tell *tell = arg;
    struct round *round = tell->round;
    wf_call_free(tell);
    round_done(round);
}

/* Durable, or too late. */
static void answered(void *arg, const struct wf_refusal *refusal) {
    (void)refusal;
    told(arg);
}

static bool is_visit(const struct wf_frame *frame,
                     const struct wf_caller *caller) {
    return frame->entered_event == caller->visit &&
           frame->retry_count == caller->attempt;
}

static bool waits_for(const struct wf_frame *frame, uint64_t child) {
    return frame && frame->phase == WF_PHASE_TOKEN &&
           frame->called == child && !wf_frame_is_doomed(frame) &&
           !wf_frame_is_undecided(frame);
}

/* It has asked for the start, and not recorded that yet. */
static bool will_wait(const struct wf_frame *frame,
                      const struct wf_caller *caller) {
    return frame && frame->phase == WF_PHASE_TASK && is_visit(frame, caller) &&
           !wf_frame_is_doomed(frame);
}

static void frame_there(void *arg, struct wf_execution *execution) {
    struct tell *tell = arg;
    struct round *round = tell->round;
    bool runs = execution && execution->status == WF_EXECUTION_RUNNING;
    struct wf_frame *frame =
        runs ? wf_execution_frame(execution, tell->caller.frame) : NULL;
    round->stays |= will_wait(frame, &tell->caller);
    if (!waits_for(frame, round->child)) {
        if (execution) /* its reason not to wait may not be durable */
            wf_execution_after(round->engine, execution, told, tell);
        else
            told(tell);
        return;
    }
    struct wf_failure failure = {WF_STR("States.TaskFailed"),
                                 {tell->cause.data, tell->cause.len}};
    struct wf_buf text = {0};
    if (tell->is_too_large)
        wf_failure_too_large(&failure, WF_STR("states"), &text);
    wf_task_answer(round->engine, frame, tell->output, &failure, answered,
                   tell);
    wf_buf_free(&text);
}

static void find_frame(struct tell *tell) {
    wf_frame_load_then(tell->round->engine, tell->caller.execution,
                       tell->caller.frame, frame_there, tell);
}

static void output_parsed(void *arg, struct wf_doc *doc,
                          const struct wf_error *err) {
    struct tell *tell = arg;
    if (!doc && !err)
        return; /* the engine is being closed, and frees it */
    if (doc)
        tell->output = wf_doc_ref(doc);
    else
        wf_buf_adds(&tell->cause, err->message);
    find_frame(tell);
}

/* Its output, for a task that gets it. */
static void take_output(struct tell *tell, struct wf_buf *text) {
    struct wf_engine *engine = tell->round->engine;
    struct wf_doc_limits limits = {
        .max_bytes = engine->options.payload_bytes};
    if (text->len > limits.max_bytes) {
        tell->is_too_large = true;
        find_frame(tell);
    } else if (text->len > WF_EVALUATE_BYTES) {
        struct wf_parse parse = {.text = *text, .limits = limits};
        *text = (struct wf_buf){0};
        wf_evaluator_parse(engine->evaluator, &parse, output_parsed, tell);
    } else {
        struct wf_error err;
        tell->output = wf_doc_parse((struct wf_str){text->data, text->len},
                                    &limits, &err);
        if (!tell->output) /* too deep by now */
            wf_buf_adds(&tell->cause, err.message);
        find_frame(tell);
    }
}

static void described(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *reply) {
    struct tell *tell = arg;
    struct wf_buf text = {0};
    if (refusal) {
        wf_buf_addstr(&tell->cause, refusal->message);
        find_frame(tell);
    } else if (reply->status == WF_EXECUTION_SUCCEEDED) {
        wf_nested_described_text(
            reply, tell->caller.kind == WF_CALLER_SYNC_2, &text);
        take_output(tell, &text);
    } else {
        wf_nested_described_text(reply, false, &tell->cause);
        find_frame(tell);
    }
    wf_buf_free(&text);
}

static void tell_all(struct wf_engine *engine, uint64_t child,
                     struct wf_reader callers) {
    struct round *round = wf_call_new(engine, sizeof(*round), NULL);
    struct wf_caller caller;
    *round = (struct round){engine, child, 1, false};
    while (wf_caller_read(&callers, &caller)) {
        if (caller.kind == WF_CALLER_STARTS)
            continue;
        struct tell *tell = wf_call_new(engine, sizeof(*tell), tell_drop);
        tell->round = round;
        tell->caller = caller;
        round->left++;
        wf_describe(engine, child, described, tell);
    }
    round_done(round);
}

/* ---- stopping ---- */

struct stop {
    struct wf_engine *engine;
    uint64_t child;
};

static void stop_loaded(void *arg, struct wf_execution *execution) {
    struct stop *stop = arg;
    struct wf_engine *engine = stop->engine;
    uint64_t child = stop->child;
    wf_call_free(stop);
    if (execution && execution->status == WF_EXECUTION_RUNNING)
        wf_execution_end(engine, execution, WF_EXECUTION_ABORTED, NULL, 0);
    else
        wf_nested_look(engine, child); /* the row is to go */
}

static void stop_now(void *arg) {
    struct stop *stop = arg;
    wf_execution_load(stop->engine, stop->child, stop_loaded, stop);
}

static struct stop *stop_new(struct wf_engine *engine, uint64_t child) {
    struct stop *stop = wf_call_new(engine, sizeof(*stop), NULL);
    *stop = (struct stop){engine, child};
    return stop;
}

/* Leaves the row, which goes when the child has been stopped. */
static void leave(struct wf_engine *engine, uint64_t child) {
    struct wf_execution *execution = wf_table_by_id(&engine->table, child);
    if (execution)
        execution->is_left = true;
    wf_nested_put_row(engine, child);
}

void wf_nested_left(struct wf_engine *engine, uint64_t child) {
    leave(engine, child);
    wf_engine_after(engine, stop_now, stop_new(engine, child));
    wf_engine_wake(engine);
}

void wf_nested_abandon(struct wf_engine *engine, struct wf_frame *frame) {
    uint64_t child = frame->called;
    if (child == 0)
        return;
    frame->called = 0;
    leave(engine, child);
    wf_execution_after(engine, frame->execution, stop_now,
                       stop_new(engine, child));
}

/* ---- does anybody wait? ---- */

struct search {
    struct wf_link link; /* in the engine's list of those unsettled */
    struct wf_engine *engine;
    uint64_t child;
    uint32_t at, count;
    struct wf_caller *callers;
    bool is_unsettled; /* a task is about to ask for it */
};

static void search_drop(void *memory) {
    struct search *search = memory;
    free(search->callers);
}

static void search_on(struct search *search);

static void searched(void *arg, struct wf_execution *execution) {
    struct search *search = arg;
    const struct wf_caller *caller = &search->callers[search->at++];
    bool runs = execution && execution->status == WF_EXECUTION_RUNNING;
    struct wf_frame *frame =
        runs ? wf_execution_frame(execution, caller->frame) : NULL;
    if (waits_for(frame, search->child)) {
        delete_row(search->engine, search->child);
        wf_call_free(search);
        return;
    }
    search->is_unsettled |= will_wait(frame, caller);
    search_on(search);
}

static void search_on(struct search *search) {
    struct wf_engine *engine = search->engine;
    if (search->at < search->count) {
        assert(search->callers);
        const struct wf_caller *caller = &search->callers[search->at];
        wf_frame_load_then(engine, caller->execution, caller->frame, searched,
                           search);
    } else if (search->is_unsettled) {
        wf_list_append(&engine->unsettled, &search->link);
    } else {
        stop_now(stop_new(engine, search->child));
        wf_call_free(search);
    }
}

/* Those that have only started it don't wait: an execution that nobody ever
 * waited for runs on. */
static void search_for_callers(struct wf_engine *engine, uint64_t child,
                               struct wf_reader callers, uint32_t count) {
    struct search *search = wf_call_new(engine, sizeof(*search), search_drop);
    struct wf_caller caller;
    search->engine = engine;
    search->child = child;
    search->callers = count ? wf_calloc(count, sizeof(caller)) : NULL;
    while (count && wf_caller_read(&callers, &caller))
        if (caller.kind != WF_CALLER_STARTS)
            search->callers[search->count++] = caller;
    if (search->count)
        search_on(search);
    else
        wf_call_free(search);
}

void wf_nested_ends_housekeeping(struct wf_engine *engine) {
    struct wf_link again, *link;
    wf_list_init(&again);
    while ((link = wf_list_shift(&engine->unsettled)))
        wf_list_append(&again, link);
    while ((link = wf_list_shift(&again))) {
        struct search *search = WF_ENTRY(link, struct search, link);
        uint64_t child = search->child;
        wf_call_free(search);
        wf_nested_look_again(engine, child);
    }
}

/* ---- looking ---- */

struct look {
    struct wf_engine *engine;
    uint64_t child;
    bool again; /* nobody may wait for it any more */
};

static void image_read(void *arg, struct wf_str text) {
    struct look *look = arg;
    struct wf_engine *engine = look->engine;
    uint64_t child = look->child;
    bool again = look->again;
    struct wf_execution_image image;
    wf_call_free(look);
    if (!wf_image_of(text, &image))
        delete_row(engine, child); /* its start was not durable */
    else if (image.status != WF_EXECUTION_RUNNING)
        tell_all(engine, child, image.callers);
    else if (again)
        search_for_callers(engine, child, image.callers, image.caller_count);
}

static void look_at(struct wf_engine *engine, uint64_t child, bool again) {
    struct look *look = wf_call_new(engine, sizeof(*look), NULL);
    *look = (struct look){engine, child, again};
    wf_execution_read(engine, child, image_read, look);
}

void wf_nested_look(struct wf_engine *engine, uint64_t child) {
    look_at(engine, child, false);
}

void wf_nested_look_again(struct wf_engine *engine, uint64_t child) {
    look_at(engine, child, true);
}

void wf_nested_ended(struct wf_engine *engine,
                     struct wf_execution *execution) {
    if (wf_execution_is_awaited(execution))
        wf_nested_look(engine, execution->id);
}

/* ---- a frame waits ---- */

struct waiting {
    struct wf_engine *engine;
    struct wf_execution *child; /* pinned */
};

/* If the child has ended, or is to be stopped, the row is for that. */
static void wait_is_durable(void *arg) {
    struct waiting *waiting = arg;
    struct wf_engine *engine = waiting->engine;
    struct wf_execution *child = waiting->child;
    wf_call_free(waiting);
    if (child->status == WF_EXECUTION_RUNNING && !child->is_left)
        delete_row(engine, child->id);
    child->pins--;
    wf_execution_release(engine, child);
}

void wf_nested_waits(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_execution *child =
        wf_table_by_id(&engine->table, frame->called);
    if (!child || child->status != WF_EXECUTION_RUNNING) {
        wf_nested_look(engine, frame->called);
        return;
    }
    struct waiting *waiting = wf_call_new(engine, sizeof(*waiting), NULL);
    *waiting = (struct waiting){engine, child};
    child->pins++;
    wf_execution_after(engine, frame->execution, wait_is_durable, waiting);
}
