/*
 * redrive.c - RedriveExecution: whether it may be, once for each client token,
 * and the batch that makes the execution run again. See redrive.h.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "refusal.h"

/* ---- whether it may be ---- */

#define REASON "cannot be redriven"
#define YEAR_MS (INT64_C(365) * 86400000)

static const char *wrong_status(enum wf_execution_status status) {
    switch (status) {
    case WF_EXECUTION_RUNNING:
        return "Execution is RUNNING and " REASON;
    case WF_EXECUTION_SUCCEEDED:
        return "Execution is SUCCEEDED and " REASON;
    case WF_EXECUTION_PENDING_REDRIVE:
        return "Execution is PENDING_REDRIVE and " REASON;
    default:
        return NULL;
    }
}

/* The history must have room for ExecutionRedriven and one event more. */
static const char *wrong_profile(const struct wf_engine *engine,
                                 const struct wf_execution_image *image) {
    const struct wf_profile *profile = engine->options.profile;
    int64_t now = wf_clock_now_ms(engine->clock);
    if (image->is_child && image->child_express)
        return NULL; /* it starts anew */
    if (profile->events && image->next_event >= profile->events)
        return "Execution history event limit exceeded";
    if (profile->standard_s &&
        now >= image->start_ms + profile->standard_s * 1000)
        return "Execution has exceeded the max execution time";
    if (profile->redrive_s &&
        now > image->stop_ms + profile->redrive_s * 1000)
        return "Execution redrivable period exceeded";
    return NULL;
}

const char *wf_redrive_refusal(const struct wf_engine *engine,
                               const struct wf_execution_image *image,
                               const struct wf_machine_head *head) {
    const char *reason = wrong_status(image->status);
    if (reason)
        return reason;
    if (!head || head->id != image->machine ||
        head->status != WF_STATE_MACHINE_ACTIVE)
        return "State machine is in DELETING status";
    return wrong_profile(engine, image);
}

/* ---- preparing ---- */

/* Its retention is over, since it was asked for. */
static const char GONE[] = "Execution Does Not Exist";

static void drop(void *memory) {
    struct wf_redrive *redrive = memory;
    wf_list_remove(&redrive->link);
    for (uint32_t i = 0; redrive->runs && i < redrive->frames; i++)
        wf_map_run_free(redrive->runs[i]);
    free(redrive->runs);
    wf_rebuild_free(redrive->rebuild);
    wf_forking_free(redrive->forking);
    wf_past_free(&redrive->past);
    wf_buf_free(&redrive->row);
}

static void begin(void *arg);

struct redrive_call {
    struct redrive_call *next; /* in its list of others */
    struct wf_engine *engine;
    uint64_t id;
    char *arn, *token;
    struct wf_redrive_fix fix;
    bool has_fix;
    int64_t redrive_ms;
    struct wf_buf reason;
    wf_redriven_fn *reply;
    void *arg;
};

/* Those that came meanwhile see what has become of it. */
void wf_redrive_drop(struct wf_redrive *redrive) {
    struct redrive_call *other = redrive->others, *next;
    wf_call_free(redrive);
    for (; other; other = next) {
        next = other->next;
        wf_engine_after(other->engine, begin, other);
    }
}

void wf_redrive_refuse(struct wf_redrive *redrive, const char *reason) {
    wf_redrive_fn *ready = redrive->ready;
    void *arg = redrive->arg;
    char *copy = reason == GONE ? NULL : wf_strndup(reason, strlen(reason));
    wf_redrive_drop(redrive);
    ready(arg, NULL, copy ? copy : GONE);
    free(copy);
}

static bool is_at_work(const struct wf_redrive *redrive) {
    return wf_tasks_are_ending(redrive->engine, redrive->id) ||
           wf_survivors_are_ending(redrive->engine, redrive->id);
}

static void tasks_have_ended(void *arg) {
    struct wf_redrive *redrive = arg;
    redrive->is_stored = is_at_work(redrive);
    if (!redrive->is_stored)
        redrive->ready(redrive->arg, redrive, NULL);
}

void wf_redrive_stored(struct wf_redrive *redrive) {
    tasks_have_ended(redrive);
}

void wf_redrive_image(const struct wf_redrive *redrive,
                      struct wf_execution_image *image) {
    wf_image_of((struct wf_str){redrive->row.data, redrive->row.len}, image);
}

static struct wf_redrive *find(const struct wf_engine *engine, uint64_t id) {
    const struct wf_link *list = &engine->redrives, *link = list->next;
    for (; link != list; link = link->next) {
        struct wf_redrive *redrive =
            WF_ENTRY(link, struct wf_redrive, link);
        if (redrive->id == id)
            return redrive;
    }
    return NULL;
}

void wf_redrive_look_again(struct wf_engine *engine, uint64_t id) {
    struct wf_redrive *redrive = find(engine, id);
    if (redrive && redrive->is_stored && !is_at_work(redrive)) {
        redrive->is_stored = false;
        wf_engine_after(engine, tasks_have_ended, redrive);
    }
}

bool wf_redrive_is_on(const struct wf_engine *engine, uint64_t id) {
    return find(engine, id) != NULL;
}

bool wf_redrive_reads(const struct wf_engine *engine, uint64_t id) {
    const struct wf_link *list = &engine->redrives, *link = list->next;
    for (; link != list; link = link->next) {
        struct wf_redrive *redrive = WF_ENTRY(link, struct wf_redrive, link);
        if (redrive->id == id ||
            (redrive->forking && redrive->forking->origin == id))
            return true;
    }
    return false;
}

static void swept(void *arg) {
    wf_redrive_read(arg);
}

void wf_redrive_with_target(struct wf_redrive *redrive) {
    if (redrive->forking || (redrive->fix && redrive->fix->is_dry))
        wf_redrive_read(redrive);
    else
        wf_sweep_then(redrive->engine, redrive->id, swept, redrive);
}

static void with_head(void *arg, struct wf_machine_head *head) {
    struct wf_redrive *redrive = arg;
    struct wf_execution_image image;
    wf_redrive_image(redrive, &image);
    const char *reason = wf_redrive_refusal(redrive->engine, &image, head);
    if (reason)
        wf_redrive_refuse(redrive, reason);
    else
        wf_redrive_find_target(redrive, head);
}

static void with_machines(void *arg) {
    struct wf_redrive *redrive = arg;
    if (wf_past_is_ready(&redrive->past))
        wf_machine_head_by_name(redrive->engine,
                                wf_str(redrive->machine->name), with_head,
                                redrive);
    else
        wf_redrive_refuse(redrive, "The definition that this execution is "
                                   "pinned to can't be loaded");
}

static bool take_row(struct wf_redrive *redrive, struct wf_str row) {
    struct wf_execution_image image;
    struct wf_reader in = {row.data, row.data + row.len, false};
    if (!row.data || !wf_execution_decode(&in, &image))
        return false;
    wf_buf_addstr(&redrive->row, row);
    redrive->image_len = (size_t)(in.at - row.data);
    redrive->machine =
        wf_machine_of(redrive->engine, image.machine, image.revision);
    wf_past_read(redrive->engine, image.earlier, redrive->machine,
                 &redrive->past);
    return true;
}

static void row_read(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct wf_redrive *redrive = arg;
    (void)more;
    redrive->engine->loads--;
    if (wf_engine_read_failed(redrive->engine, err))
        return;
    if (count == 0)
        wf_redrive_refuse(redrive, GONE);
    else if (take_row(redrive, rows->value))
        wf_past_need(redrive->engine, &redrive->past, with_machines,
                     redrive);
    else
        wf_redrive_refuse(redrive, "The execution's row can't be read");
}

/* Those that are in memory still must be gone: rows say all about them. */
static void read_row(void *arg) {
    struct wf_redrive *redrive = arg;
    struct wf_engine *engine = redrive->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, redrive->id);
    redrive->is_waiting = execution != NULL;
    if (execution) { /* wf_redrive_dropped() */
        wf_execution_release(engine, execution);
        return;
    }
    struct wf_key key = wf_key_execution(engine->partition, redrive->id);
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), row_read, redrive);
}

void wf_redrive_dropped(struct wf_engine *engine, uint64_t id) {
    struct wf_redrive *redrive = find(engine, id);
    if (redrive && redrive->is_waiting) {
        redrive->is_waiting = false;
        wf_engine_after(engine, read_row, redrive);
    }
}

struct wf_redrive *wf_redrive_new(struct wf_engine *engine, uint64_t id,
                                  struct wf_redrive_fix *fix,
                                  wf_redrive_fn *ready, void *arg) {
    struct wf_redrive *redrive = wf_call_new(engine, sizeof(*redrive), drop);
    redrive->engine = engine;
    redrive->id = id;
    redrive->fix = fix;
    redrive->ready = ready;
    redrive->arg = arg;
    wf_list_append(&engine->redrives, &redrive->link);
    return redrive;
}

uint64_t wf_redrive_source(const struct wf_redrive *redrive) {
    return redrive->forking ? redrive->forking->origin : redrive->id;
}

/* What is in memory says what its image would. */
static const char *refuse_early(struct wf_execution *execution) {
    return execution ? wrong_status(execution->status) : NULL;
}

void wf_redrive_prepare(struct wf_engine *engine, uint64_t id,
                        struct wf_redrive_fix *fix, wf_redrive_fn *ready,
                        void *arg) {
    struct wf_execution *execution = wf_table_by_id(&engine->table, id);
    const char *reason = find(engine, id) ? "It is being redriven"
                         : wf_retention_dooms(engine, id)
                             ? GONE
                             : refuse_early(execution);
    if (reason) {
        ready(arg, NULL, reason);
        return;
    }
    struct wf_redrive *redrive =
        wf_redrive_new(engine, id, fix, ready, arg);
    if (execution)
        wf_execution_after(engine, execution, read_row, redrive);
    else
        read_row(redrive);
}

/* ---- it runs ---- */

static void forget_end(struct wf_execution *execution) {
    execution->status = WF_EXECUTION_RUNNING;
    execution->news = WF_NEWS_RUNS;
    execution->stop_ms = 0;
    free(execution->error);
    free(execution->cause);
    execution->error = execution->cause = NULL;
    wf_ref_clear(&execution->output);
}

static struct wf_execution *make_execution(struct wf_redrive *redrive) {
    struct wf_execution_image image;
    struct wf_execution *execution = wf_execution_new();
    wf_redrive_image(redrive, &image);
    execution->id = redrive->id;
    wf_execution_set_machine(execution, redrive->target);
    wf_execution_apply(execution, &image);
    if (redrive->target != redrive->machine)
        wf_past_add(&execution->earlier, image.next_event,
                    redrive->machine->revision);
    forget_end(execution);
    execution->between.len = 0;
    wf_tail_reset(&execution->tail, image.next_event);
    execution->journaled_event = image.next_event;
    wf_execution_mark(execution, 0);
    execution->frame_rows = 0;
    execution->row_due_ms = 0; /* redrive_read.c: if there is one, it goes */
    execution->in_store = true;
    execution->listed = false; /* so that the list's row is written */
    if (redrive->forking)
        wf_fork_begin(redrive->forking, execution);
    return execution;
}

static uint64_t record_redrive(struct wf_redrive *redrive,
                               struct wf_execution *execution,
                               struct wf_frame *root) {
    struct wf_event event = {
        .type = WF_EVENT_EXECUTION_REDRIVEN,
        .fields = WF_EVENT_HAS_INDEX,
        .previous_id = execution->tail.next_event - 1,
        .index = execution->redrives->count,
        .time_ms = execution->redrives->last_ms, /* as the reply says */
    };
    if (redrive->forking) {
        event.fields |= WF_EVENT_HAS_CAUSE | WF_EVENT_HAS_LENGTH;
        event.cause = redrive->forking->arn;
        event.length = redrive->forking->event;
    }
    wf_redrive_fix_event(redrive, root, &event);
    return wf_execution_event(redrive->engine, execution, &event);
}

static void restart_timeout(struct wf_engine *engine,
                            struct wf_execution *execution) {
    int64_t timeout_s = execution->machine->timeout_s;
    execution->timeout_due_ms =
        timeout_s ? wf_clock_now_ms(engine->clock) + timeout_s * 1000 : 0;
    wf_timer_update_execution(engine, execution);
}

static void join(struct wf_engine *engine, struct wf_frame *root) {
    struct wf_execution *execution = root->execution;
    wf_ended_forget(&engine->ended, execution->id);
    wf_table_add(&engine->table, execution);
    wf_family_join(&engine->families, execution);
    wf_execution_measure(engine, execution);
    execution->wants_pack = true; /* rows say that it has ended */
    execution->image_changed = true;
    engine->stats.transitions++; /* as AWS counts */
    wf_frame_changed(engine, root);
    if (execution->map_child)
        execution->map_child->is_new = true;
    else
        wf_frame_run(engine, root);
}

/* What was going on goes on. */
static struct wf_frame *make_root(struct wf_redrive *redrive,
                                  struct wf_execution *execution,
                                  struct wf_str token) {
    struct wf_engine *engine = redrive->engine;
    struct wf_frame *root = wf_redrive_frame(redrive, 0, execution);
    wf_rebuild_between(redrive->rebuild, &execution->between);
    execution->next_frame = wf_rebuild_next_frame(redrive->rebuild);
    execution->frame_rows = redrive->frames - 1;
    wf_execution_count_redrive(
        execution, wf_execution_now(engine, execution), token);
    root->previous_event = record_redrive(redrive, execution, root);
    return root;
}

struct wf_frame *wf_redrive_make(struct wf_redrive *redrive,
                                 struct wf_str token) {
    return make_root(redrive, make_execution(redrive), token);
}

void wf_redrive_join(struct wf_engine *engine, struct wf_frame *root) {
    restart_timeout(engine, root->execution);
    engine->redriven++;
    join(engine, root);
}

struct wf_execution *wf_redrive_commit(struct wf_redrive *redrive,
                                       struct wf_str token) {
    struct wf_engine *engine = redrive->engine;
    struct wf_frame *root = wf_redrive_make(redrive, token);
    wf_redrive_join(engine, root);
    wf_redrive_drop(redrive);
    return root->execution;
}

/* As AWS has it of a child of type EXPRESS: it is started once more. */
static struct wf_frame *make_new_root(struct wf_engine *engine,
                                      struct wf_execution *execution,
                                      uint32_t state) {
    struct wf_event event = {
        .type = WF_EVENT_EXECUTION_STARTED,
        .fields = WF_EVENT_HAS_DOC,
        .doc = execution->input.number,
    };
    struct wf_frame *root = wf_frame_new(execution, 0);
    root->state = state;
    wf_ref_copy(&root->input, &execution->input);
    wf_execution_event(engine, execution, &event);
    return root;
}

struct wf_execution *wf_redrive_commit_child(struct wf_redrive *redrive,
                                             const struct wf_frame *frame) {
    struct wf_engine *engine = redrive->engine;
    struct wf_execution *execution = make_execution(redrive);
    uint32_t first = wf_frame_state(frame)->branches[0];
    struct wf_frame *root =
        execution->map_child->express
            ? make_new_root(engine, execution, first)
            : make_root(redrive, execution, WF_STR_NULL);
    execution->map_child->frame = frame->number;
    join(engine, root);
    wf_redrive_drop(redrive);
    return execution;
}

/* ---- the request ---- */

static void call_drop(void *memory) {
    struct redrive_call *call = memory;
    free(call->arn);
    free(call->token);
    wf_redrive_fix_free(&call->fix);
    wf_buf_free(&call->reason);
}

static void refuse(struct redrive_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, exception, format, subject), NULL);
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void is_missing(void *arg) {
    struct redrive_call *call = arg;
    refuse(call, "ExecutionDoesNotExist", "Execution Does Not Exist: '%s'",
           wf_str(call->arn));
}

static void not_redrivable(void *arg) {
    struct redrive_call *call = arg;
    struct wf_str reason = {call->reason.data, call->reason.len};
    const struct wf_redriven_reply reply = {.reason = reason};
    if (!call->fix.is_dry) {
        refuse(call, "ExecutionNotRedrivable", "%s", reason);
        return;
    }
    call->reply(call->arg, NULL, &reply);
    wf_call_free(call);
}

static void redriven(void *arg) {
    struct redrive_call *call = arg;
    const struct wf_redrive_fix *fix = &call->fix;
    const struct wf_redriven_reply reply = {
        .is_redrivable = true,
        .redrive_ms = call->redrive_ms,
        .state = fix->state,
        .revision_id = !fix->machine ? WF_STR_NULL
                       : fix->machine->revision_id
                           ? wf_str(fix->machine->revision_id)
                           : WF_STR("INITIAL"),
    };
    call->reply(call->arg, NULL, &reply);
    wf_call_free(call);
}

static void prepared(void *arg, struct wf_redrive *redrive,
                     const char *reason) {
    struct redrive_call *call = arg;
    if (reason == GONE) {
        wf_engine_after(call->engine, is_missing, call);
        return;
    }
    if (reason) { /* it tells of what must be durable */
        wf_buf_adds(&call->reason, reason);
        wf_engine_after(call->engine, not_redrivable, call);
        return;
    }
    if (call->fix.is_dry) {
        wf_redrive_drop(redrive);
        wf_engine_after(call->engine, redriven, call);
        return;
    }
    struct wf_execution *execution =
        wf_redrive_commit(redrive, wf_str(call->token));
    call->redrive_ms = execution->redrives->last_ms;
    wf_execution_after(call->engine, execution, redriven, call);
}

/* The same request once more: 0: it is not. */
static int64_t asked_before(const struct redrive_call *call,
                            const struct wf_execution_image *image) {
    struct wf_str list = image->redrive_tokens;
    struct wf_reader in = {list.data, list.data + list.len, false};
    int64_t now = wf_clock_now_ms(call->engine->clock);
    while (call->token && in.at < in.end && !in.bad) {
        struct wf_str token = wf_read_text(&in);
        int64_t when_ms = wf_read_signed(&in);
        if (!in.bad && wf_str_eq(token, wf_str(call->token)) &&
            now < when_ms + WF_REDRIVE_TOKEN_MS)
            return when_ms;
    }
    return 0;
}

static void wait_for_other(struct redrive_call *call,
                           struct wf_redrive *other) {
    call->next = other->others;
    other->others = call;
}

static void with_image(void *arg, struct wf_str text) {
    struct redrive_call *call = arg;
    struct wf_execution_image image;
    if (!wf_image_of(text, &image)) {
        is_missing(call);
        return;
    }
    call->redrive_ms = asked_before(call, &image);
    if (call->redrive_ms)
        wf_engine_after(call->engine, redriven, call);
    else if (image.is_child)
        prepared(call, NULL, "A child execution of a Map Run is redriven with "
                             "the execution that has started the Map Run");
    else if (wf_redrive_is_on(call->engine, call->id))
        wait_for_other(call, find(call->engine, call->id));
    else
        wf_redrive_prepare(call->engine, call->id,
                           call->has_fix ? &call->fix : NULL, prepared,
                           call);
}

static void begin(void *arg) {
    struct redrive_call *call = arg;
    wf_execution_read(call->engine, call->id, with_image, call);
}

static void found(void *arg, uint64_t id) {
    struct redrive_call *call = arg;
    call->id = id;
    if (id)
        begin(call);
    else
        is_missing(call);
}

static void begin_call(struct redrive_call *call) {
    struct wf_buf why = {0};
    struct wf_arn parts;
    if (!wf_execution_arn_read(wf_str(call->arn), false, &parts, &why))
        refuse(call, "InvalidArn", "%s", (struct wf_str){why.data, why.len});
    else if (call->engine->stalled)
        refuse(call, "ThrottlingException", WF_NO_ROOM, WF_STR_NULL);
    else
        wf_execution_find(call->engine, wf_str(call->arn), found, call);
    wf_buf_free(&why);
}

void wf_engine_redrive_execution(struct wf_engine *engine,
                                 const struct wf_redrive_execution *ask,
                                 wf_redriven_fn *reply, void *arg) {
    struct redrive_call *call = wf_call_new(engine, sizeof(*call), call_drop);
    struct wf_str token = ask->client_token;
    struct wf_buf why = {0};
    call->engine = engine;
    call->arn = wf_strndup(ask->execution_arn.data, ask->execution_arn.len);
    call->token = token.len ? wf_strndup(token.data, token.len) : NULL;
    call->reply = reply;
    call->arg = arg;
    call->has_fix = ask->fix != NULL;
    if (ask->fix && !wf_redrive_fix_read(ask->fix, &call->fix, &why))
        refuse(call, "InvalidExecutionInput", "%s",
               (struct wf_str){why.data, why.len});
    else
        begin_call(call);
    wf_buf_free(&why);
}
