/*
 * fork_execution.c - ForkExecution: the request, from its checks to its
 * answer. See fork_execution.h.
 */
#include "fork_execution.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "refusal.h"
#include "start_impl.h"

struct fork_call {
    struct wf_engine *engine;
    char *arn, *name; /* the origin's; its own */
    bool name_is_given;
    uint64_t event, origin;
    uint64_t removals; /* when its row was asked for */
    struct wf_redrive_fix fix;
    struct wf_redrive *redrive; /* NULL: not begun, or dropped */
    struct wf_buf reason;
    wf_forked_fn *reply;
    void *arg;
};

static void call_drop(void *memory) {
    struct fork_call *call = memory;
    free(call->arn);
    free(call->name);
    wf_redrive_fix_free(&call->fix);
    wf_buf_free(&call->reason);
}

static void refuse(struct fork_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, exception, format, subject), NULL);
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void is_missing(struct fork_call *call) {
    refuse(call, "ExecutionDoesNotExist", "Execution Does Not Exist: '%s'",
           wf_str(call->arn));
}

static void not_forkable(struct fork_call *call, const char *reason) {
    const struct wf_forked_reply reply = {.reason = wf_str(reason)};
    if (!call->fix.is_dry) {
        refuse(call, "ExecutionNotForkable", "%s", wf_str(reason));
        return;
    }
    call->reply(call->arg, NULL, &reply);
    wf_call_free(call);
}

static void refused(void *arg) {
    struct fork_call *call = arg;
    not_forkable(call, call->reason.data);
}

/* ---- it runs ---- */

/* The row of table Z goes in the batch that has the execution. */
struct unmark {
    struct wf_start_rows rows;
    struct wf_engine *engine;
};

static void put_unmark(void *arg, uint64_t execution) {
    struct unmark *unmark = arg;
    struct wf_engine *engine = unmark->engine;
    struct wf_key mark = wf_key_removal(engine->partition, execution);
    wf_batch_delete(wf_engine_rows(engine), wf_key_str(&mark));
    wf_call_free(unmark);
}

struct wf_execution *wf_fork_commit(struct wf_redrive *redrive) {
    struct wf_engine *engine = redrive->engine;
    struct wf_frame *root = wf_redrive_make(redrive, WF_STR_NULL);
    struct wf_execution *execution = root->execution;
    const struct wf_machine_head *head = redrive->target->head;
    struct unmark *unmark = wf_call_new(engine, sizeof(*unmark), NULL);
    unmark->rows = (struct wf_start_rows){.put = put_unmark, .arg = unmark};
    unmark->engine = engine;
    execution->start_rows = &unmark->rows;
    if (head && head->paused_ms)
        wf_execution_pause(engine, execution, execution->start_ms,
                           wf_str(head->pause_reason), true);
    wf_redrive_join(engine, root);
    engine->stats.executions_started++;
    wf_redrive_drop(redrive);
    return execution;
}

static void answer(struct fork_call *call, struct wf_str arn,
                   int64_t start_ms) {
    const struct wf_redrive_fix *fix = &call->fix;
    const struct wf_forked_reply reply = {
        .is_forkable = true,
        .arn = arn,
        .start_ms = start_ms,
        .state = fix->state,
        .revision_id = fix->machine->revision_id
                           ? wf_str(fix->machine->revision_id)
                           : WF_STR("INITIAL"),
    };
    call->reply(call->arg, NULL, &reply);
    wf_call_free(call);
}

/* The name has been taken meanwhile; or it runs. */
static void started(void *arg, const struct wf_refusal *refusal,
                    const struct wf_execution_reply *execution) {
    struct fork_call *call = arg;
    if (!refusal) {
        answer(call, execution->arn, execution->start_ms);
        return;
    }
    call->reply(call->arg, refusal, NULL);
    wf_redrive_drop(call->redrive);
    wf_retention_clear(call->engine);
    wf_call_free(call);
}

static void is_dry_run(void *arg) {
    struct fork_call *call = arg;
    wf_redrive_drop(call->redrive);
    answer(call, WF_STR_NULL, 0);
}

static void prepared(void *arg, struct wf_redrive *redrive,
                     const char *reason) {
    struct fork_call *call = arg;
    struct wf_engine *engine = call->engine;
    call->redrive = redrive;
    if (reason) {
        wf_buf_adds(&call->reason, reason);
        wf_buf_u8(&call->reason, 0);
        wf_engine_after(engine, refused, call);
    } else if (call->fix.is_dry) {
        wf_engine_after(engine, is_dry_run, call);
    } else {
        wf_start_fork(redrive, wf_str(call->name), call->name_is_given,
                      started, call);
    }
}

/* ---- the copy's image ---- */

/* What was run at the event, and before. */
static struct wf_machine *machine_at(const struct wf_past *past,
                                     struct wf_forking *forking,
                                     struct wf_buf *earlier) {
    const struct wf_era *era = past->eras;
    earlier->len = 0;
    for (; forking->event >= era->until; era++)
        wf_past_add(earlier, era->until, era->machine->revision);
    forking->same_until = era->until;
    return era->machine;
}

static void forget_others(struct wf_execution *execution) {
    free(execution->callers);
    execution->callers = NULL;
    execution->caller_count = 0;
    free(execution->pause.reason);
    execution->pause = (struct wf_pause){0};
    execution->list_shows_pause = false;
    wf_signals_free(execution->signals);
    execution->signals = NULL;
    execution->between.len = 0;
    execution->chain = (struct wf_chain){0};
    wf_ref_clear(&execution->output);
    free(execution->error);
    free(execution->cause);
    execution->error = execution->cause = NULL;
}

static void set_origin(struct wf_execution *execution,
                       const struct fork_call *call) {
    free(execution->name);
    execution->name = wf_strndup(call->name, strlen(call->name));
    free(execution->forked_from);
    execution->forked_from = wf_strndup(call->arn, strlen(call->arn));
    execution->forked_event = call->event;
}

/* As if it had been stopped behind the event. */
static void make_image(struct fork_call *call) {
    struct wf_redrive *redrive = call->redrive;
    struct wf_forking *forking = redrive->forking;
    struct wf_execution *execution = wf_execution_new();
    struct wf_execution_image image;
    wf_image_of((struct wf_str){forking->row.data, forking->row.len}, &image);
    wf_execution_apply(execution, &image);
    wf_execution_set_machine(
        execution,
        machine_at(&redrive->past, forking, &execution->earlier));
    forget_others(execution);
    set_origin(execution, call);
    execution->id = redrive->id;
    execution->status = WF_EXECUTION_ABORTED;
    execution->start_ms = execution->last_ms = execution->stop_ms =
        forking->start_ms;
    execution->timeout_due_ms = 0;
    execution->row_due_ms = -1;
    execution->next_frame = 1;
    execution->frame_rows = 0;
    wf_tail_reset(&execution->tail, call->event + 1);
    wf_execution_encode(execution, &redrive->row);
    redrive->image_len = redrive->row.len;
    redrive->machine = execution->machine;
    wf_execution_free(execution);
    wf_redrive_image(redrive, &image);
    wf_past_free(&redrive->past);
    wf_past_read(redrive->engine, image.earlier, redrive->machine,
                 &redrive->past);
}

/* ---- the origin ---- */

static void with_head(void *arg, struct wf_machine_head *head) {
    struct fork_call *call = arg;
    const struct wf_machine *machine = call->redrive->machine;
    if (!head || head->id != machine->id ||
        head->status != WF_STATE_MACHINE_ACTIVE)
        wf_redrive_refuse(call->redrive,
                          "State machine is in DELETING status");
    else
        wf_redrive_find_target(call->redrive, head);
}

static void with_machines(void *arg) {
    struct fork_call *call = arg;
    struct wf_redrive *redrive = call->redrive;
    if (!wf_past_is_ready(&redrive->past)) {
        wf_redrive_refuse(redrive, "The definition that the execution is "
                                   "pinned to can't be loaded");
        return;
    }
    make_image(call);
    wf_machine_head_by_name(call->engine, wf_str(redrive->machine->name),
                            with_head, call);
}

static struct wf_forking *new_forking(struct fork_call *call,
                                      struct wf_str row,
                                      const struct wf_execution_image *image,
                                      size_t image_len) {
    struct wf_forking *forking = wf_calloc(1, sizeof(*forking));
    forking->origin = call->origin;
    forking->event = call->event;
    forking->start_ms = wf_clock_now_ms(call->engine->clock);
    forking->origin_start_ms = image->start_ms;
    forking->arn = wf_str(call->arn);
    forking->next = 1;
    forking->image_len = image_len;
    wf_buf_addstr(&forking->row, row);
    return forking;
}

static void begin(struct fork_call *call, struct wf_str row) {
    struct wf_engine *engine = call->engine;
    struct wf_execution_image image;
    struct wf_reader in = {row.data, row.data + row.len, false};
    wf_execution_decode(&in, &image);
    struct wf_redrive *redrive = call->redrive =
        wf_redrive_new(engine, wf_execution_new_id(engine), &call->fix,
                       prepared, call);
    redrive->forking =
        new_forking(call, row, &image, (size_t)(in.at - row.data));
    redrive->machine = wf_machine_of(engine, image.machine, image.revision);
    wf_past_read(engine, image.earlier, redrive->machine, &redrive->past);
    wf_past_need(engine, &redrive->past, with_machines, call);
}

static void read_row(void *arg);

static void row_read(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct fork_call *call = arg;
    struct wf_execution_image image;
    (void)more;
    call->engine->loads--;
    if (wf_engine_read_failed(call->engine, err))
        return;
    if (call->removals != wf_retention_count(call->engine))
        read_row(call);
    else if (count == 0)
        is_missing(call);
    else if (wf_image_of(rows->value, &image))
        begin(call, rows->value);
    else
        not_forkable(call, "The execution's row can't be read");
}

static void read_row(void *arg) {
    struct fork_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_key key = wf_key_execution(engine->partition, call->origin);
    if (wf_retention_dooms(engine, call->origin)) {
        is_missing(call);
        return;
    }
    call->removals = wf_retention_count(engine);
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), row_read, call);
}

/* Rows are to say all about it. */
static void pack_origin(struct fork_call *call) {
    struct wf_engine *engine = call->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, call->origin);
    if (!execution) {
        read_row(call);
        return;
    }
    if (execution->status == WF_EXECUTION_RUNNING) {
        execution->wants_pack = true;
        if (!wf_link_is_in(&execution->dirty_link))
            wf_list_append(&engine->dirty, &execution->dirty_link);
        wf_engine_wake(engine);
    }
    wf_execution_after(engine, execution, read_row, call);
}

/* ---- what can be refused before ---- */

static void name_is_taken(void *arg) {
    struct fork_call *call = arg;
    struct wf_buf arn = {0};
    wf_buf_add(&arn, call->arn,
               (size_t)(strrchr(call->arn, ':') + 1 - call->arn));
    wf_buf_adds(&arn, call->name);
    refuse(call, "ExecutionAlreadyExists", "Execution Already Exists: '%s'",
           (struct wf_str){arn.data, arn.len});
    wf_buf_free(&arn);
}

static void name_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct fork_call *call = arg;
    (void)rows;
    (void)more;
    call->engine->loads--;
    if (wf_engine_read_failed(call->engine, err))
        return;
    if (count)
        name_is_taken(call);
    else
        pack_origin(call);
}

/* Before anything is copied; start_name.c looks again. */
static void look_up_name(struct fork_call *call, uint32_t machine) {
    struct wf_engine *engine = call->engine;
    struct wf_str name = wf_str(call->name);
    struct wf_key key = wf_key_name(engine->partition, machine, name);
    struct wf_execution *execution =
        wf_table_by_name(&engine->table, machine, name);
    if (execution) {
        wf_execution_after(engine, execution, name_is_taken, call);
        return;
    }
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), name_read, call);
}

static bool has_event(struct fork_call *call,
                      const struct wf_execution_image *image) {
    const struct wf_profile *profile = call->engine->options.profile;
    char text[96];
    if (call->event < image->next_event &&
        (!profile->events || call->event + 1 < (uint64_t)profile->events))
        return true;
    if (call->event < image->next_event)
        snprintf(text, sizeof(text),
                 "Execution history event limit exceeded");
    else
        snprintf(text, sizeof(text),
                 "There is no event %llu: the last one is event %llu",
                 (unsigned long long)call->event,
                 (unsigned long long)image->next_event - 1);
    not_forkable(call, text);
    return false;
}

static void with_image(void *arg, struct wf_str text) {
    struct fork_call *call = arg;
    struct wf_execution_image image;
    if (!wf_image_of(text, &image) ||
        wf_retention_dooms(call->engine, call->origin))
        is_missing(call);
    else if (image.is_child)
        not_forkable(call, "A child execution of a Map Run can't be forked");
    else if (image.express)
        not_forkable(call, "An EXPRESS execution can't be forked");
    else if (!has_event(call, &image))
        return;
    else if (call->name_is_given)
        look_up_name(call, image.machine);
    else
        pack_origin(call);
}

static void found(void *arg, uint64_t id) {
    struct fork_call *call = arg;
    call->origin = id;
    if (id)
        wf_execution_read(call->engine, id, with_image, call);
    else
        is_missing(call);
}

static void begin_call(struct fork_call *call) {
    struct wf_engine *engine = call->engine;
    struct wf_buf why = {0};
    struct wf_arn parts;
    if (!wf_execution_arn_read(wf_str(call->arn), false, &parts, &why))
        refuse(call, "InvalidArn", "%s", (struct wf_str){why.data, why.len});
    else if (!wf_name_is_valid(wf_str(call->name)))
        refuse(call, "InvalidName", "Invalid Name: '%s'", wf_str(call->name));
    else if (engine->stalled)
        refuse(call, "ThrottlingException", WF_NO_ROOM, WF_STR_NULL);
    else
        wf_execution_find(engine, wf_str(call->arn), found, call);
    wf_buf_free(&why);
}

static char *name_of(struct wf_engine *engine, struct wf_str given) {
    char uuid[37];
    if (given.len)
        return wf_strndup(given.data, given.len);
    wf_clock_uuid7(engine->clock, uuid);
    return wf_strndup(uuid, 36);
}

void wf_engine_fork_execution(struct wf_engine *engine,
                              const struct wf_fork_execution *ask,
                              wf_forked_fn *reply, void *arg) {
    struct fork_call *call = wf_call_new(engine, sizeof(*call), call_drop);
    struct wf_buf why = {0};
    call->engine = engine;
    call->arn = wf_strndup(ask->execution_arn.data, ask->execution_arn.len);
    call->name = name_of(engine, ask->name);
    call->name_is_given = ask->name.len > 0;
    call->event = ask->event;
    call->reply = reply;
    call->arg = arg;
    if (!wf_redrive_fix_read(ask->fix, &call->fix, &why))
        refuse(call, "InvalidExecutionInput", "%s",
               (struct wf_str){why.data, why.len});
    else
        begin_call(call);
    wf_buf_free(&why);
}

bool wf_fork_is_on(const struct wf_engine *engine, uint64_t id) {
    const struct wf_link *list = &engine->redrives, *link = list->next;
    for (; link != list; link = link->next) {
        const struct wf_redrive *redrive =
            WF_ENTRY(link, struct wf_redrive, link);
        if (redrive->forking && redrive->id == id)
            return true;
    }
    return false;
}
