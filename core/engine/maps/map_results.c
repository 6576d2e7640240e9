/*
 * map_results.c - what the children of a Map Run have ended with: the array
 * that is the state's output, or the files of its ResultWriter.
 *
 * A WriterConfig without a place to write to says how the array looks.
 *
 * Outputs are kept in memory as they come, as long as they may become one
 * payload. What is not there (after a recovery, or since the parent had left
 * memory), and what a writer writes, is read from the children's rows when all
 * have ended, a page at a time.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "item_settings.h"

/* Children that are read at once: few at first, more while they are small. */
#define FIRST_PAGE 4
#define PAGE 64
#define PAGE_BYTES ((size_t)1 << 20)
#define WRITE_BYTES ((size_t)4 << 20)

struct wf_map_results {
    struct wf_engine *engine;
    struct wf_item_writer_async *writer;
    struct wf_doc *settings; /* the writer is part of it */
    struct wf_buf from;      /* key to go on from; empty: the start */
    unsigned page;           /* children of the next one */
    size_t page_bytes;       /* that this one has been */
    bool is_last;            /* of the pages */
    unsigned waiting;        /* descriptions of a page */
    struct wf_buf slots[PAGE];
    size_t slot_count;
    struct wf_buf output;    /* the array; the writer's details */
    enum wf_result_transformation transformation;
    bool is_done;
    struct wf_buf cause;     /* why not */
};

void wf_map_results_free(struct wf_map_results *results) {
    if (!results)
        return;
    wf_item_writer_async_free(results->writer);
    wf_doc_unref(results->settings);
    for (size_t i = 0; i < PAGE; i++)
        wf_buf_free(&results->slots[i]);
    wf_buf_free(&results->from);
    wf_buf_free(&results->output);
    wf_buf_free(&results->cause);
    free(results);
}

/* ---- in memory ---- */

static struct wf_map_output *place_of(struct wf_map_run *run,
                                      uint64_t index) {
    if (index >= run->place_count) {
        uint64_t count = run->place_count ? run->place_count * 2 : 64;
        while (count <= index)
            count *= 2;
        run->places = wf_realloc(run->places, count * sizeof(*run->places));
        memset(run->places + run->place_count, 0,
               (count - run->place_count) * sizeof(*run->places));
        run->place_count = count;
    }
    return &run->places[index];
}

static void forget_outputs(struct wf_map_run *run) {
    wf_buf_free(&run->outputs);
    free(run->places);
    run->places = NULL;
    run->place_count = run->output_count = 0;
}

void wf_map_results_forget(struct wf_map_run *run) {
    run->outputs_lost |= run->output_count > 0;
    forget_outputs(run);
}

/* A child that has failed, and is tolerated, has this for an output. */
static void add_failure(struct wf_buf *out, struct wf_str error,
                        struct wf_str cause) {
    wf_buf_adds(out, "{\"Error\":");
    wf_buf_json(out, error.data ? error : WF_STR(""));
    wf_buf_adds(out, ",\"Cause\":");
    wf_buf_json(out, cause.data ? cause : WF_STR(""));
    wf_buf_u8(out, '}');
}

void wf_map_results_keep(struct wf_engine *engine, struct wf_map_run *run,
                         const struct wf_execution *execution) {
    bool succeeded = execution->status == WF_EXECUTION_SUCCEEDED;
    if (run->has_writer || run->outputs_lost || run->is_too_large)
        return;
    if (succeeded && !execution->output.doc) {
        run->outputs_lost = true;
        forget_outputs(run);
        return;
    }
    struct wf_map_output *place =
        place_of(run, execution->map_child->index);
    place->at = run->outputs.len;
    if (succeeded)
        wf_buf_addstr(&run->outputs, wf_doc_text(execution->output.doc));
    else
        add_failure(&run->outputs, wf_str(execution->error),
                    wf_str(execution->cause));
    place->len = (uint32_t)(run->outputs.len - place->at);
    place->is_known = true;
    run->output_count++;
    run->is_too_large = run->outputs.len > engine->options.payload_bytes;
    if (run->is_too_large)
        forget_outputs(run);
}

/* Adds an element to an array that is being written; with `flattens`, the
 * elements of one that is an array. */
static void add_element(struct wf_buf *array, struct wf_str text,
                        bool flattens) {
    if (flattens && text.len >= 2 && text.data[0] == '[')
        text = (struct wf_str){text.data + 1, text.len - 2};
    if (text.len == 0)
        return;
    if (array->len > 1)
        wf_buf_u8(array, ',');
    wf_buf_addstr(array, text);
}

static struct wf_doc *array_of(const struct wf_map_run *run, bool flattens) {
    struct wf_buf text = {0};
    wf_buf_u8(&text, '[');
    for (uint64_t i = 0; i < run->started; i++) {
        const struct wf_map_output *place = &run->places[i];
        add_element(&text,
                    (struct wf_str){run->outputs.data + place->at,
                                    place->len},
                    flattens);
    }
    wf_buf_u8(&text, ']');
    return wf_doc_trusted_buf(&text);
}

/* Of the array: without a WriterConfig it has the outputs as they are. */
static enum wf_result_transformation transformation_of(
    const struct wf_frame *frame) {
    struct wf_value settings = {frame->parameters.doc, 0}, writer, value;
    if (!wf_value_member(settings, WF_STR("writer"), &writer) ||
        !wf_value_member(writer, WF_STR("transformation"), &value))
        return WF_RESULT_COMPACT;
    struct wf_str text = wf_value_text(value);
    if (wf_str_eq(text, WF_STR("\"FLATTEN\"")))
        return WF_RESULT_FLATTEN;
    return wf_str_eq(text, WF_STR("\"NONE\"")) ? WF_RESULT_NONE
                                               : WF_RESULT_COMPACT;
}

/* ---- from rows ---- */

/* A read, or a write, for the run of a frame. */
struct step {
    struct wf_engine *engine;
    uint64_t parent;
    uint32_t frame, run;
    size_t slot;
};

static struct step *new_step(struct wf_engine *engine,
                             const struct wf_map_run *run, size_t slot) {
    struct step *step = wf_call_new(engine, sizeof(*step), NULL);
    *step = (struct step){engine, run->parent, run->frame, run->number, slot};
    engine->loads++;
    return step;
}

/* Where the step goes on; NULL: nobody wants its results any more. */
static struct wf_frame *frame_of(const struct step *step) {
    struct wf_execution *parent =
        wf_table_by_id(&step->engine->table, step->parent);
    struct wf_frame *frame =
        parent && parent->status == WF_EXECUTION_RUNNING
            ? wf_execution_frame(parent, step->frame)
            : NULL;
    struct wf_map_run *run = frame && frame->fork ? frame->fork->run : NULL;
    return run && run->number == step->run && run->results ? frame : NULL;
}

static struct wf_frame *end_step(struct step *step) {
    struct wf_frame *frame = frame_of(step);
    step->engine->loads--;
    wf_call_free(step);
    return frame;
}

static void next_page(struct wf_engine *engine, struct wf_map_run *run);

static void finish(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_map_results *results = frame->fork->run->results;
    results->is_done = true;
    wf_frame_run(engine, frame);
}

static void fail(struct wf_engine *engine, struct wf_frame *frame,
                 const char *cause) {
    wf_buf_adds(&frame->fork->run->results->cause, cause);
    finish(engine, frame);
}

/* ---- the writer ---- */

static void is_finished(void *arg, struct wf_str key,
                        const struct wf_error *err) {
    struct step *step = arg;
    struct wf_engine *engine = step->engine;
    struct wf_frame *frame = end_step(step);
    if (!frame)
        return;
    if (err) {
        fail(engine, frame, err->message);
        return;
    }
    struct wf_map_run *run = frame->fork->run;
    struct wf_buf *out = &run->results->output, arn = {0};
    struct wf_value writer = {NULL, 0};
    wf_value_member((struct wf_value){run->results->settings, 0},
                    WF_STR("writer"), &writer);
    wf_map_run_arn(run, wf_str(frame->execution->machine->arn), &arn);
    wf_buf_adds(out, "{\"MapRunArn\":");
    wf_buf_json(out, (struct wf_str){arn.data, arn.len});
    wf_buf_adds(out, ",\"ResultWriterDetails\":");
    wf_item_settings_result(writer, key, out);
    wf_buf_u8(out, '}');
    wf_buf_free(&arn);
    finish(engine, frame);
}

static void is_flushed(void *arg, struct wf_str position,
                       const struct wf_error *err) {
    struct step *step = arg;
    struct wf_engine *engine = step->engine;
    struct wf_frame *frame = end_step(step);
    (void)position;
    if (frame && err)
        fail(engine, frame, err->message);
    else if (frame)
        next_page(engine, frame->fork->run);
}

static bool open_writer(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_map_results *results = frame->fork->run->results;
    struct wf_value writer = {NULL, 0};
    struct wf_buf arn = {0};
    struct wf_error err = {0};
    results->settings = wf_doc_ref(frame->parameters.doc);
    wf_value_member((struct wf_value){results->settings, 0},
                    WF_STR("writer"), &writer);
    wf_map_run_arn(frame->fork->run, wf_str(frame->execution->machine->arn),
                   &arn);
    results->writer = wf_item_settings_writer(
        wf_engine_item_threads(engine), engine->options.stores, writer,
        (struct wf_str){arn.data, arn.len}, WF_STR(""), &err);
    wf_buf_free(&arn);
    if (!results->writer)
        fail(engine, frame, err.message);
    return results->writer != NULL;
}

static struct wf_item_result result_of(
    const struct wf_execution_reply *reply) {
    return (struct wf_item_result){
        .execution_arn = reply->arn,
        .state_machine_arn = reply->state_machine_arn,
        .name = reply->name,
        .status = wf_str(wf_execution_status_name(reply->status)),
        .input = reply->input,
        .output = reply->output,
        .error = reply->error,
        .cause = reply->cause,
        .start_ms = reply->start_ms,
        .stop_ms = reply->stop_ms,
    };
}

static void write_result(struct wf_map_results *results,
                         const struct wf_execution_reply *reply) {
    struct wf_item_result result = result_of(reply);
    bool succeeded = reply->status == WF_EXECUTION_SUCCEEDED;
    wf_item_writer_async_add(results->writer,
                             succeeded ? WF_RESULT_SUCCEEDED
                                       : WF_RESULT_FAILED,
                             &result);
}

/* What the array has of a child. */
static void add_output(struct wf_buf *out,
                       const struct wf_map_results *results,
                       const struct wf_execution_reply *reply) {
    struct wf_item_result result = result_of(reply);
    if (results->transformation == WF_RESULT_NONE)
        wf_item_result_json(&result, out);
    else if (reply->status == WF_EXECUTION_SUCCEEDED)
        wf_buf_addstr(out, reply->output);
    else
        add_failure(out, reply->error, reply->cause);
}

/* ---- pages ---- */

static size_t bytes_of(const struct wf_execution_reply *reply) {
    return reply->input.len + reply->output.len;
}

static void resize_page(struct wf_map_results *results) {
    if (results->page_bytes > PAGE_BYTES)
        results->page = results->page > 1 ? results->page / 2 : 1;
    else if (results->page < PAGE)
        results->page *= 2;
    results->page_bytes = 0;
}

static void page_done(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_map_run *run = frame->fork->run;
    struct wf_map_results *results = run->results;
    for (size_t i = 0; i < results->slot_count; i++)
        add_element(&results->output,
                    (struct wf_str){results->slots[i].data,
                                    results->slots[i].len},
                    results->transformation == WF_RESULT_FLATTEN);
    run->is_too_large = results->output.len > engine->options.payload_bytes;
    if (results->is_last || run->is_too_large)
        finish(engine, frame);
    else
        next_page(engine, run);
}

static void written_page(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_map_run *run = frame->fork->run;
    struct wf_map_results *results = run->results;
    if (results->is_last)
        wf_item_writer_async_finish(results->writer, is_finished,
                                    new_step(engine, run, 0));
    else if (wf_item_writer_async_pending(results->writer) > WRITE_BYTES)
        wf_item_writer_async_flush(results->writer, is_flushed,
                                   new_step(engine, run, 0));
    else
        next_page(engine, run);
}

static void described(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *reply) {
    struct step *step = arg;
    struct wf_engine *engine = step->engine;
    size_t slot = step->slot;
    struct wf_frame *frame = end_step(step);
    if (!frame)
        return;
    struct wf_map_results *results = frame->fork->run->results;
    struct wf_buf *text = &results->slots[slot];
    text->len = 0;
    results->page_bytes += refusal ? 0 : bytes_of(reply);
    if (refusal)
        wf_buf_adds(text, "null"); /* cannot be */
    else if (results->writer)
        write_result(results, reply);
    else
        add_output(text, results, reply);
    if (--results->waiting > 0)
        return;
    resize_page(results);
    if (results->writer)
        written_page(engine, frame);
    else
        page_done(engine, frame);
}

static void page_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct step *step = arg;
    struct wf_engine *engine = step->engine;
    struct wf_frame *frame = end_step(step);
    if (wf_engine_read_failed(engine, err) || !frame)
        return;
    struct wf_map_run *run = frame->fork->run;
    struct wf_map_results *results = run->results;
    results->is_last = !more;
    results->slot_count = results->waiting = (unsigned)count;
    if (count == 0) {
        if (results->writer)
            written_page(engine, frame);
        else
            page_done(engine, frame);
        return;
    }
    results->from.len = 0;
    wf_buf_addstr(&results->from, rows[count - 1].key);
    wf_buf_u8(&results->from, 0);
    uint64_t ids[PAGE];
    for (size_t i = 0; i < count; i++)
        ids[i] = wf_key_u64(rows[i].key, 12);
    for (size_t i = 0; i < count; i++)
        wf_describe(engine, ids[i], described, new_step(engine, run, i));
}

static void next_page(struct wf_engine *engine, struct wf_map_run *run) {
    struct wf_map_results *results = run->results;
    struct wf_key first =
        wf_key_child(engine->partition, run->parent, run->number, 0);
    struct wf_key end = wf_key_child(engine->partition, run->parent,
                                     run->number, UINT64_MAX);
    struct wf_range range = {.from = wf_key_str(&first),
                             .to = wf_key_str(&end),
                             .keys_only = true,
                             .max_rows = run->results->page};
    if (results->from.len)
        range.from =
            (struct wf_str){results->from.data, results->from.len};
    wf_store_scan(engine->store, &range, page_read,
                  new_step(engine, run, 0));
}

/* Every child's end is in the store now: it was in a batch with a change of
 * the parent, which may have been held back. */
static void durable(void *arg) {
    struct step *step = arg;
    struct wf_engine *engine = step->engine;
    struct wf_frame *frame = end_step(step);
    if (frame)
        next_page(engine, frame->fork->run);
}

static void begin(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_map_run *run = frame->fork->run;
    struct wf_map_results *results = wf_calloc(1, sizeof(*results));
    results->engine = engine;
    results->transformation = transformation_of(frame);
    results->page = FIRST_PAGE;
    run->results = results;
    if (run->has_writer && !open_writer(engine, frame))
        return;
    if (!run->has_writer)
        wf_buf_u8(&results->output, '[');
    wf_execution_after(engine, frame->execution, durable,
                       new_step(engine, run, 0));
}

/* ---- the answer ---- */

static void too_large(struct wf_frame *frame, struct wf_failure *failure) {
    struct wf_map_run *run = frame->fork->run;
    run->position.len = 0; /* of no use any more: it keeps the text */
    wf_failure_too_large(failure, wf_frame_state(frame)->name,
                         &run->position);
}

bool wf_map_results_get(struct wf_engine *engine, struct wf_frame *frame,
                        struct wf_doc **output,
                        struct wf_failure *failure) {
    struct wf_map_run *run = frame->fork->run;
    enum wf_result_transformation transformation = transformation_of(frame);
    bool is_here = !run->has_writer && !run->outputs_lost &&
                   run->output_count == run->started &&
                   transformation != WF_RESULT_NONE;
    if (is_here && !run->is_too_large) {
        *output = array_of(run, transformation == WF_RESULT_FLATTEN);
        return true;
    }
    if (!run->results && !run->is_too_large)
        begin(engine, frame);
    struct wf_map_results *results = run->results;
    if (results && !results->is_done)
        return false;
    if (run->is_too_large) {
        too_large(frame, failure);
    } else if (results->cause.len) {
        failure->error = WF_STR("States.ResultWriterFailed");
        failure->cause =
            (struct wf_str){results->cause.data, results->cause.len};
    } else {
        struct wf_str text = {results->output.data, results->output.len};
        struct wf_buf whole = {0};
        wf_buf_addstr(&whole, text);
        if (!run->has_writer)
            wf_buf_u8(&whole, ']');
        *output = wf_doc_trusted_buf(&whole);
    }
    return true;
}
