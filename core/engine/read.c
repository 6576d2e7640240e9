/*
 * read.c - DescribeExecution.
 *
 * A read looks in memory first, then at the rows. What it takes from memory
 * is copied at once; the answer leaves when that is durable.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "refusal.h"

struct payload {
    uint64_t number; /* 0: none */
    uint64_t length; /* stored in so many bytes of pieces; 0: elsewhere */
    bool there;
    struct wf_buf text;
};

struct description {
    struct wf_engine *engine;
    uint64_t id;
    struct wf_machine *machine;
    struct wf_buf image; /* copy of the execution's image */
    uint64_t forgotten;  /* engine->ended's, when its row was asked for */
    struct payload input, output;
    bool is_pending; /* it has failed, and waits for its Map Run's redrive */
    wf_execution_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct description *d = memory;
    wf_buf_free(&d->image);
    wf_buf_free(&d->input.text);
    wf_buf_free(&d->output.text);
}

static struct wf_str payload_text(const struct payload *payload) {
    return payload->there
               ? (struct wf_str){payload->text.data, payload->text.len}
               : WF_STR_NULL;
}

static void show_redrives(const struct description *d,
                          const struct wf_execution_image *image,
                          const struct wf_machine_head *head,
                          struct wf_execution_reply *reply) {
    bool is_restarted = image->is_child && image->child_express;
    reply->redrive_count = is_restarted ? 0 : image->redrive_count;
    reply->redrive_ms = is_restarted ? 0 : image->redrive_ms;
    reply->redrive_reason = wf_redrive_refusal(d->engine, image, head);
    reply->redrive_status = reply->redrive_reason ? WF_REDRIVE_NOT_REDRIVABLE
                            : image->is_child     ? WF_REDRIVE_BY_MAP_RUN
                                                  : WF_REDRIVE_REDRIVABLE;
}

static void with_head(void *arg, struct wf_machine_head *head) {
    struct description *d = arg;
    const struct wf_machine *machine = d->machine;
    struct wf_execution_image image;
    struct wf_buf arn = {0}, machine_arn = {0}, run_arn = {0};
    struct wf_buf version_arn = {0}, alias_arn = {0};
    wf_image_of((struct wf_str){d->image.data, d->image.len}, &image);
    if (d->is_pending) {
        image.status = WF_EXECUTION_PENDING_REDRIVE;
        image.stop_ms = 0;
        image.error = image.cause = WF_STR("");
    }
    wf_image_arn(&image, machine, &arn);
    wf_image_machine_arn(&image, machine, &machine_arn);
    wf_image_map_run_arn(&image, machine, &run_arn);
    wf_image_version_arn(&image, machine, &version_arn);
    wf_image_alias_arn(&image, machine, &alias_arn);
    struct wf_execution_reply reply = {
        .arn = {arn.data, arn.len},
        .name = image.name,
        .state_machine_arn = {machine_arn.data, machine_arn.len},
        .state_machine_version_arn = {version_arn.data, version_arn.len},
        .state_machine_alias_arn = {alias_arn.data, alias_arn.len},
        .map_run_arn = {run_arn.data, run_arn.len},
        .status = image.status,
        .start_ms = image.start_ms,
        .stop_ms = image.stop_ms,
        .input = payload_text(&d->input),
        .output = payload_text(&d->output),
        .error = image.error.len ? image.error : WF_STR_NULL,
        .cause = image.cause.len ? image.cause : WF_STR_NULL,
        .trace_header =
            image.trace_header.len ? image.trace_header : WF_STR_NULL,
    };
    reply.paused_ms = image.paused_ms;
    reply.pause_reason = image.pause_reason;
    reply.paused_with_machine = image.paused_with_machine;
    if (image.earlier.len)
        reply.revision_id = machine->revision_id
                                ? wf_str(machine->revision_id)
                                : WF_STR("INITIAL");
    reply.forked_from = image.forked_from;
    reply.forked_event = image.forked_event;
    show_redrives(d, &image, head, &reply);
    d->reply(d->arg, NULL, &reply);
    wf_buf_free(&arn);
    wf_buf_free(&machine_arn);
    wf_buf_free(&run_arn);
    wf_buf_free(&version_arn);
    wf_buf_free(&alias_arn);
    wf_call_free(d);
}

static void read_head(struct description *d) {
    wf_machine_head_by_name(d->engine, wf_str(d->machine->name), with_head, d);
}

static void with_run(void *arg, const struct wf_map_run_found *found) {
    struct description *d = arg;
    d->is_pending = found && wf_map_run_will_redrive(found->run, d->id);
    read_head(d);
}

struct looking {
    uint32_t number;
    bool is_fresh;
};

static void look_at(void *arg, struct wf_map_run *run,
                    struct wf_frame *frame) {
    struct looking *looking = arg;
    (void)frame;
    if (run->number == looking->number && run->redrive_count == 0)
        looking->is_fresh = true;
}

/* Its run has never been redriven, and is in memory: nothing has to wait. */
static bool is_of_fresh_run(const struct wf_engine *engine,
                            const struct wf_execution_image *image) {
    struct looking looking = {.number = image->child_run};
    const struct wf_execution *parent =
        wf_table_by_id(&engine->table, image->child_parent);
    if (parent)
        wf_map_runs_visit(parent, look_at, &looking);
    return looking.is_fresh;
}

/* What a child's image does not say, its run does. */
static void read_run(struct description *d,
                     const struct wf_execution_image *image) {
    struct wf_buf arn = {0}, why = {0};
    wf_image_map_run_arn(image, d->machine, &arn);
    if (!wf_map_run_find(d->engine, (struct wf_str){arn.data, arn.len}, &why,
                         with_run, d))
        read_head(d);
    wf_buf_free(&arn);
    wf_buf_free(&why);
}

static void with_machine(void *arg, struct wf_machine *machine) {
    struct description *d = arg;
    struct wf_execution_image image;
    if (machine->execution_prefix) {
        wf_image_of((struct wf_str){d->image.data, d->image.len}, &image);
        if (image.is_child && image.status != WF_EXECUTION_RUNNING &&
            image.status != WF_EXECUTION_SUCCEEDED &&
            !is_of_fresh_run(d->engine, &image))
            read_run(d, &image);
        else
            read_head(d);
        return;
    }
    wf_refuse_execution(d->reply, d->arg, "StateMachineDoesNotExist",
                        "The definition of the execution can't be read",
                        WF_STR_NULL);
    wf_call_free(d);
}

static void resolve(struct description *d);

static void payload_read(void *arg, struct wf_str text) {
    struct description *d = arg;
    struct payload *payload = d->input.number && !d->input.there
                                  ? &d->input
                                  : &d->output;
    if (text.data) {
        payload->there = true;
        wf_buf_addstr(&payload->text, text);
    } else {
        payload->number = 0; /* lost: say nothing rather than block */
        wf_engine_notice(d->engine,
                         WF_ERROR "execution %llx: a document is missing",
                         (unsigned long long)d->id);
    }
    resolve(d);
}

static void read_payload(struct description *d, struct payload *payload) {
    wf_doc_read(d->engine, d->id, payload->number, payload->length,
                payload_read, d);
}

/* Reads what is not there yet, then answers. */
static void resolve(struct description *d) {
    if (d->input.number && !d->input.there)
        read_payload(d, &d->input);
    else if (d->output.number && !d->output.there)
        read_payload(d, &d->output);
    else
        wf_machine_need(d->engine, d->machine, with_machine, d);
}

static void durable(void *arg) {
    resolve(arg);
}

static void take_text(struct payload *payload, struct wf_str text) {
    payload->there = true;
    wf_buf_addstr(&payload->text, text);
}

static void take_entry(struct payload *payload, struct wf_tail_cursor cursor,
                       uint64_t number) {
    struct wf_str text;
    switch (wf_tail_find_doc(cursor, number, &text)) {
    case WF_TAIL_DOC:
        take_text(payload, text);
        break;
    case WF_TAIL_PIECES:
        payload->length = text.len;
        break;
    default:
        break;
    }
}

static void take_from_memory(struct payload *payload,
                             const struct wf_execution *execution,
                             const struct wf_ref *ref) {
    struct wf_tail_cursor cursor;
    payload->number = ref->number;
    if (ref->number == 0)
        return;
    if (ref->doc) {
        take_text(payload, wf_doc_text(ref->doc));
        return;
    }
    wf_tail_walk(&execution->tail, execution->start_ms, &cursor);
    take_entry(payload, cursor, ref->number);
}

static void take_from_inline(struct payload *payload, struct wf_str segment,
                             uint64_t number) {
    struct wf_tail_cursor cursor;
    payload->number = number;
    if (number && segment.len && wf_segment_walk(segment, 0, &cursor, NULL))
        take_entry(payload, cursor, number);
}

/* Describes what a row holds. False: it does not decode. */
static bool take_row(struct description *d, struct wf_str row) {
    struct wf_execution_image image;
    struct wf_reader in = {row.data, row.data + row.len, false};
    if (!wf_execution_decode(&in, &image))
        return false;
    struct wf_str rest = {in.at, (size_t)(in.end - in.at)};
    wf_buf_addstr(&d->image, row);
    take_from_inline(&d->input, rest, image.input);
    take_from_inline(&d->output, rest, image.output);
    d->machine = wf_machine_of(d->engine, image.machine, image.revision);
    wf_ended_keep_image(d->engine, d->id, &image, row, d->forgotten);
    resolve(d);
    return true;
}

static void describe_rows(void *arg, const struct wf_row *rows, size_t count,
                          bool more, const struct wf_error *err) {
    struct description *d = arg;
    (void)more;
    d->engine->loads--;
    if (wf_engine_read_failed(d->engine, err) ||
        (count == 1 && take_row(d, rows->value)))
        return;
    wf_refuse_execution(d->reply, d->arg, "ExecutionDoesNotExist",
                        "The execution's row can't be read", WF_STR_NULL);
    wf_call_free(d);
}

void wf_describe(struct wf_engine *engine, uint64_t id,
                 wf_execution_fn *reply, void *arg) {
    struct description *d = wf_call_new(engine, sizeof(*d), drop);
    struct wf_execution *execution = wf_table_by_id(&engine->table, id);
    *d = (struct description){.engine = engine, .id = id, .reply = reply,
                              .forgotten = engine->ended.forgotten,
                              .arg = arg};
    if (execution) {
        wf_execution_encode(execution, &d->image);
        d->machine = execution->machine;
        take_from_memory(&d->input, execution, &execution->input);
        take_from_memory(&d->output, execution, &execution->output);
        wf_execution_after(engine, execution, durable, d);
        return;
    }
    struct wf_str row = wf_ended_row(&engine->ended, id);
    if (row.data && take_row(d, row))
        return;
    struct wf_key key = wf_key_execution(engine->partition, id);
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), describe_rows, d);
}

struct describe_call {
    struct wf_engine *engine;
    char *arn;
    wf_execution_fn *reply;
    void *arg;
};

static void describe_drop(void *memory) {
    struct describe_call *call = memory;
    free(call->arn);
}

static void describe_found(void *arg, uint64_t id) {
    struct describe_call *call = arg;
    if (id)
        wf_describe(call->engine, id, call->reply, call->arg);
    else
        wf_refuse_execution(call->reply, call->arg, "ExecutionDoesNotExist",
                            "Execution Does Not Exist: '%s'",
                            wf_str(call->arn));
    wf_call_free(call);
}

void wf_engine_describe_execution(struct wf_engine *engine, struct wf_str arn,
                                  wf_execution_fn *reply, void *arg) {
    if (!wf_execution_arn_is_good(arn, false, reply, arg))
        return;
    struct describe_call *call = wf_call_new(engine, sizeof(*call),
                                             describe_drop);
    *call = (struct describe_call){engine, wf_strndup(arn.data, arn.len),
                                   reply, arg};
    wf_execution_find(engine, wf_str(call->arn), describe_found, call);
}

const char *wf_execution_status_name(enum wf_execution_status status) {
    static const char *const names[] = {
        [WF_EXECUTION_RUNNING] = "RUNNING",
        [WF_EXECUTION_SUCCEEDED] = "SUCCEEDED",
        [WF_EXECUTION_FAILED] = "FAILED",
        [WF_EXECUTION_TIMED_OUT] = "TIMED_OUT",
        [WF_EXECUTION_ABORTED] = "ABORTED",
        [WF_EXECUTION_PENDING_REDRIVE] = "PENDING_REDRIVE",
    };
    size_t count = sizeof(names) / sizeof(names[0]);
    return (size_t)status < count ? names[status] : NULL;
}
