/*
 * map_read.c - DescribeMapRun, and ListMapRuns: newest first, rows of table G
 * with what memory knows better. The token is the number of the last one
 * shown.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "refusal.h"

#define DEFAULT_PAGE 100
#define LARGEST_PAGE 1000

/* ---- replies ---- */

/* A reply and its texts. */
struct shown {
    struct wf_buf arn, execution_arn, machine_arn;
    struct wf_map_run_reply reply;
};

static void shown_free(struct shown *shown) {
    wf_buf_free(&shown->arn);
    wf_buf_free(&shown->execution_arn);
    wf_buf_free(&shown->machine_arn);
}

static enum wf_execution_status status_of(const struct wf_map_run *run) {
    switch (run->status) {
    case WF_MAP_RUN_SUCCEEDED:
        return WF_EXECUTION_SUCCEEDED;
    case WF_MAP_RUN_FAILED:
        return WF_EXECUTION_FAILED;
    case WF_MAP_RUN_ABORTED:
        return WF_EXECUTION_ABORTED;
    default:
        return WF_EXECUTION_RUNNING;
    }
}

static struct wf_map_run_counts counts_of(const struct wf_map_counts *counts,
                                          uint64_t pending,
                                          uint64_t pending_redrive,
                                          uint64_t not_redrivable) {
    return (struct wf_map_run_counts){
        .pending = pending,
        .running = counts->running,
        .succeeded = counts->succeeded,
        .failed = counts->failed,
        .timed_out = counts->timed_out,
        .aborted = counts->aborted,
        .total = pending + pending_redrive + counts->running +
                 counts->succeeded + wf_map_counts_failed(counts),
        .written = counts->written,
        .pending_redrive = pending_redrive,
        .not_redrivable = not_redrivable,
    };
}

static void show(struct shown *shown, const struct wf_map_run *run,
                 const struct wf_execution_image *parent,
                 const struct wf_machine *machine) {
    struct wf_str arn = wf_str(machine->arn);
    wf_map_run_arn(run, arn, &shown->arn);
    wf_image_arn(parent, machine, &shown->execution_arn);
    wf_labelled_arn(arn, wf_str(run->label), &shown->machine_arn);
    shown->reply = (struct wf_map_run_reply){
        .arn = {shown->arn.data, shown->arn.len},
        .execution_arn = {shown->execution_arn.data,
                          shown->execution_arn.len},
        .state_machine_arn = {shown->machine_arn.data,
                              shown->machine_arn.len},
        .status = status_of(run),
        .start_ms = run->start_ms,
        .stop_ms = run->stop_ms,
        .max_concurrency = run->max_concurrency,
        .tolerated_failure_count = run->tolerated_count,
        .tolerated_failure_percentage = run->tolerated_percentage,
        .items = counts_of(&run->items, run->pending,
                           wf_map_counts_failed(&run->pending_redrive_items),
                           run->not_redrivable_items),
        .executions = counts_of(&run->executions, 0,
                                wf_map_counts_failed(&run->pending_redrive),
                                run->not_redrivable),
        .redrive_count = run->redrive_count,
        .redrive_ms = run->redrive_ms,
    };
}

/* ---- DescribeMapRun ---- */

struct describe_call {
    char *arn;
    wf_map_run_fn *reply;
    void *arg;
};

static void describe_drop(void *memory) {
    struct describe_call *call = memory;
    free(call->arn);
}

static void refuse(struct describe_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, exception, format, subject), NULL);
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void described(void *arg, const struct wf_map_run_found *found) {
    struct describe_call *call = arg;
    struct shown shown = {0};
    if (!found) {
        refuse(call, "ResourceNotFound", WF_NO_MAP_RUN, wf_str(call->arn));
        return;
    }
    show(&shown, found->run, found->parent, found->machine);
    call->reply(call->arg, NULL, &shown.reply);
    shown_free(&shown);
    wf_call_free(call);
}

void wf_engine_describe_map_run(struct wf_engine *engine, struct wf_str arn,
                                wf_map_run_fn *reply, void *arg) {
    struct describe_call *call =
        wf_call_new(engine, sizeof(*call), describe_drop);
    struct wf_buf why = {0};
    *call = (struct describe_call){wf_strndup(arn.data, arn.len), reply, arg};
    if (!wf_map_run_find(engine, arn, &why, described, call))
        refuse(call, "InvalidArn", "%s", (struct wf_str){why.data, why.len});
    wf_buf_free(&why);
}

/* ---- ListMapRuns ---- */

struct list_call {
    struct wf_engine *engine;
    char *arn;
    uint64_t execution;
    uint32_t page;
    uint32_t before; /* show runs with lower numbers */
    struct wf_map_run **runs; /* owned; those of memory first */
    size_t count, cap, in_memory;
    struct wf_buf image; /* of the execution */
    wf_map_run_list_fn *reply;
    void *arg;
};

static void list_drop(void *memory) {
    struct list_call *call = memory;
    for (size_t i = 0; i < call->count; i++)
        wf_map_run_free(call->runs[i]);
    free(call->runs);
    free(call->arn);
    wf_buf_free(&call->image);
}

static void list_refuse(struct list_call *call, const char *exception,
                        const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, exception, format, subject), NULL, 0,
                WF_STR_NULL);
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void no_execution(struct list_call *call) {
    list_refuse(call, "ExecutionDoesNotExist",
                "Execution Does Not Exist: '%s'", wf_str(call->arn));
}

static void add(struct list_call *call, struct wf_map_run *run) {
    if (call->count == call->cap) {
        call->cap = call->cap ? call->cap * 2 : 16;
        call->runs =
            wf_realloc(call->runs, call->cap * sizeof(struct wf_map_run *));
    }
    call->runs[call->count++] = run;
}

static void add_visited(void *arg, struct wf_map_run *run,
                        struct wf_frame *frame) {
    struct list_call *call = arg;
    (void)frame;
    if (run->number < call->before)
        add(call, wf_map_run_copy(run));
}

static bool is_in_memory(const struct list_call *call, uint32_t number) {
    size_t i = 0;
    while (i < call->in_memory && call->runs[i]->number != number)
        i++;
    return i < call->in_memory;
}

static int newest_first(const void *a, const void *b) {
    const struct wf_map_run *const *x = a, *const *y = b;
    return (*x)->number < (*y)->number   ? 1
           : (*x)->number > (*y)->number ? -1
                                         : 0;
}

static void list_answer(void *arg, struct wf_machine *machine) {
    struct list_call *call = arg;
    struct wf_execution_image parent;
    size_t count = call->count < call->page ? call->count : call->page;
    char token[16] = "";
    wf_image_of((struct wf_str){call->image.data, call->image.len}, &parent);
    if (!machine) {
        no_execution(call);
        return;
    }
    if (call->count > 1)
        qsort(call->runs, call->count, sizeof(struct wf_map_run *),
              newest_first);
    struct shown *shown = wf_calloc(count + 1, sizeof(*shown));
    struct wf_map_run_reply *replies =
        wf_calloc(count + 1, sizeof(*replies));
    for (size_t i = 0; i < count; i++) {
        show(&shown[i], call->runs[i], &parent, machine);
        replies[i] = shown[i].reply;
    }
    if (count < call->count)
        snprintf(token, sizeof(token), "%u", call->runs[count - 1]->number);
    call->reply(call->arg, NULL, replies, count, wf_str(token));
    for (size_t i = 0; i < count; i++)
        shown_free(&shown[i]);
    free(replies);
    free(shown);
    wf_call_free(call);
}

static void scan(void *arg);

static void add_row(struct list_call *call, const struct wf_row *row) {
    uint32_t number = wf_key_u32(row->key, 8);
    struct wf_reader in = {row->value.data, row->value.data + row->value.len,
                           false};
    call->before = number;
    if (is_in_memory(call, number))
        return;
    struct wf_map_run *run = wf_map_run_decode(&in, call->execution, number);
    if (run)
        add(call, run);
}

/* One more than the page has, beside those of memory: are there any? */
static void rows_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct list_call *call = arg;
    size_t wanted = call->in_memory + call->page + 1;
    call->engine->loads--;
    if (wf_engine_read_failed(call->engine, err))
        return;
    for (size_t i = 0; i < count && call->count < wanted; i++)
        add_row(call, &rows[i]);
    if (more && call->count < wanted)
        scan(call);
    else
        wf_execution_identify(call->engine, call->execution, &call->image,
                              list_answer, call);
}

static void scan(void *arg) {
    struct list_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_key from = wf_key_map_run(engine->partition, call->execution, 0);
    struct wf_key to = wf_key_map_run(engine->partition, call->execution,
                                      call->before);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .reverse = true,
                             .max_rows = call->page + 1};
    engine->loads++;
    wf_store_scan(engine->store, &range, rows_read, call);
}

static void list_found(void *arg, uint64_t id) {
    struct list_call *call = arg;
    struct wf_execution *execution =
        wf_table_by_id(&call->engine->table, id);
    call->execution = id;
    if (id == 0) {
        no_execution(call);
    } else if (execution) {
        wf_map_runs_visit(execution, add_visited, call);
        call->in_memory = call->count;
        wf_execution_after(call->engine, execution, scan, call);
    } else {
        scan(call);
    }
}

static bool read_token(struct wf_str token, uint32_t *number) {
    uint64_t value = 0;
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] < '0' || token.data[i] > '9' || i == 10)
            return false;
        value = value * 10 + (uint64_t)(token.data[i] - '0');
    }
    *number = token.len ? (uint32_t)value : UINT32_MAX;
    return value <= UINT32_MAX;
}

void wf_engine_list_map_runs(struct wf_engine *engine,
                             const struct wf_list_map_runs *ask,
                             wf_map_run_list_fn *reply, void *arg) {
    struct list_call *call = wf_call_new(engine, sizeof(*call), list_drop);
    struct wf_buf why = {0};
    struct wf_arn arn;
    *call = (struct list_call){
        .engine = engine,
        .arn = wf_strndup(ask->execution_arn.data, ask->execution_arn.len),
        .page = ask->max_results ? ask->max_results : DEFAULT_PAGE,
        .reply = reply,
        .arg = arg,
    };
    if (call->page > LARGEST_PAGE)
        call->page = LARGEST_PAGE;
    if (!wf_execution_arn_read(wf_str(call->arn), false, &arn, &why))
        list_refuse(call, "InvalidArn", "%s",
                    (struct wf_str){why.data, why.len});
    else if (!read_token(ask->next_token, &call->before))
        list_refuse(call, "InvalidToken", WF_INVALID_TOKEN, WF_STR_NULL);
    else
        wf_execution_find(engine, wf_str(call->arn), list_found, call);
    wf_buf_free(&why);
}
