/*
 * map_items.c - the inputs of a Map Run's children: from the items of the
 * state's input or of a reader, through ItemSelector and ItemBatcher.
 *
 * The run's place in its items is behind those that children have been started
 * with. What is read or selected ahead of it is in memory only, and is read
 * and selected again after a crash. A reader's place is a position of its,
 * where the batch in memory begins, and a number of items to skip.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "item_batcher.h"
#include "item_settings.h"

/* A reader hands out so many items, or bytes, at a time. */
#define READ_ITEMS 2000
#define READ_BYTES ((size_t)1 << 20)
/* Items that a batch takes before others have their turn. */
#define FILL_ITEMS 100

struct wf_map_input {
    struct wf_engine *engine;
    uint64_t parent;
    uint32_t frame;
    struct wf_doc *settings;

    struct wf_item_batcher batcher;

    /* The item behind those, after ItemSelector; NULL: not known. */
    struct wf_doc *selected;

    /* Of a reader: items, of which the first `at` are behind us. */
    struct wf_item_reader_async *reader;
    struct wf_item_batch items; /* before it is read: its start only */
    uint32_t at, skip;
    bool is_reading, is_failed;
    struct wf_buf cause;  /* why reading has failed; also of others */
    uint64_t taken;       /* items, behind the run's place or in the batch */
};

void wf_map_input_free(struct wf_map_input *input) {
    if (!input)
        return;
    if (input->is_reading)
        input->engine->loads--;
    wf_item_reader_async_free(input->reader);
    wf_item_batch_free(&input->items);
    wf_doc_unref(input->settings);
    wf_doc_unref(input->selected);
    wf_item_batcher_free(&input->batcher);
    wf_buf_free(&input->cause);
    free(input);
}

size_t wf_map_input_bytes(const struct wf_map_input *input) {
    return input ? sizeof(*input) + wf_item_batcher_bytes(&input->batcher) +
                       input->items.text.cap + input->items.source.cap +
                       input->items.cap * sizeof(*input->items.items)
                 : 0;
}

static struct wf_str cause_of(struct wf_map_input *input, const char *text) {
    input->cause.len = 0;
    wf_buf_adds(&input->cause, text);
    return (struct wf_str){input->cause.data, input->cause.len};
}

static enum wf_map_next failed(struct wf_map_input *input, const char *error,
                               const char *cause,
                               struct wf_map_next_input *next) {
    next->failure =
        (struct wf_failure){wf_str(error), cause_of(input, cause)};
    return WF_MAP_NEXT_FAILED;
}

static struct wf_map_input *new_input(struct wf_engine *engine,
                                      struct wf_frame *frame) {
    const struct wf_map_run *run = frame->fork->run;
    struct wf_map_input *input = wf_calloc(1, sizeof(*input));
    input->engine = engine;
    input->parent = run->parent;
    input->frame = frame->number;
    input->settings = wf_doc_ref(frame->parameters.doc);
    wf_item_batcher_init(&input->batcher,
                         (struct wf_value){input->settings, 0});
    input->taken = run->item;
    input->skip = run->skip;
    wf_buf_add(&input->items.start, run->position.data, run->position.len);
    return input;
}

/* ---- a reader's items ---- */

static void run_frame(struct wf_map_input *input) {
    struct wf_execution *parent =
        wf_table_by_id(&input->engine->table, input->parent);
    struct wf_frame *frame =
        parent ? wf_execution_frame(parent, input->frame) : NULL;
    if (frame)
        wf_frame_run(input->engine, frame);
}

static void items_read(void *arg, struct wf_item_batch *batch,
                       const struct wf_error *err) {
    struct wf_map_input *input = arg;
    input->is_reading = false;
    input->engine->loads--;
    wf_item_batch_free(&input->items);
    input->items = *batch;
    *batch = (struct wf_item_batch){0};
    input->at = 0;
    if (err) {
        input->is_failed = true;
        cause_of(input, err->message);
    }
    run_frame(input);
}

static void read_more(struct wf_map_input *input) {
    input->is_reading = true;
    input->engine->loads++;
    wf_item_reader_async_next(input->reader, READ_ITEMS, READ_BYTES,
                              items_read, input);
}

static enum wf_map_next open_reader(struct wf_map_input *input,
                                    struct wf_map_next_input *next) {
    struct wf_engine *engine = input->engine;
    struct wf_value reader = {NULL, 0};
    struct wf_error err = {0};
    wf_value_member((struct wf_value){input->settings, 0}, WF_STR("reader"),
                    &reader);
    input->reader = wf_item_settings_reader(
        wf_engine_item_threads(engine), engine->options.stores, reader,
        (struct wf_str){input->items.start.data, input->items.start.len},
        &err);
    if (!input->reader)
        return failed(input, "States.ItemReaderFailed", err.message, next);
    read_more(input);
    return WF_MAP_NEXT_LATER;
}

/* The next item's text, whole; false: see `*why`. */
static bool read_item(struct wf_map_input *input, struct wf_str *text,
                      enum wf_map_next *why,
                      struct wf_map_next_input *next) {
    if (!input->reader && !input->is_reading) {
        *why = open_reader(input, next);
        return false;
    }
    *why = WF_MAP_NEXT_LATER;
    if (input->is_reading)
        return false;
    for (; input->skip > 0 && input->at < input->items.count; input->skip--)
        input->at++;
    if (input->at < input->items.count) {
        *text = wf_item_text(&input->items, input->at);
        return true;
    }
    if (input->is_failed) {
        next->failure = (struct wf_failure){
            WF_STR("States.ItemReaderFailed"),
            {input->cause.data, input->cause.len}};
        *why = WF_MAP_NEXT_FAILED;
    } else if (input->items.end) {
        *why = WF_MAP_NEXT_END;
    } else {
        read_more(input);
    }
    return false;
}

/* ---- one item ---- */

/* What the state's input has as items, known again after a recovery. */
static bool know_items(struct wf_engine *engine, struct wf_frame *frame,
                       enum wf_map_next *why,
                       struct wf_map_next_input *next) {
    struct wf_fork *fork = frame->fork;
    struct wf_decision decision;
    if (fork->items)
        return true;
    wf_frame_decide(engine, frame, WF_SCRIPT_ENTER, NULL, NULL, &decision);
    *why = WF_MAP_NEXT_LATER;
    if (decision.kind == WF_DECISION_TOO_LONG)
        return false;
    uint64_t count = fork->run->item + fork->run->pending;
    bool known =
        decision.kind == WF_DECISION_MAP && decision.items.doc &&
        wf_doc_nodes(decision.items.doc)[decision.items.node].count == count;
    if (known)
        wf_fork_set_items(fork, decision.items);
    else
        *why = failed(fork->run->input, "States.Runtime",
                      "The items of this Map can't be read again", next);
    wf_decision_free(&decision);
    return known;
}

/* The item that a reader has come to; its key, if it is a member of an object,
 * stands before it. */
static struct wf_value value_of(const struct wf_map_input *input,
                                struct wf_str text) {
    const struct wf_item *item = &input->items.items[input->at];
    struct wf_buf member = {0};
    if (item->key_len == 0)
        return (struct wf_value){wf_doc_trusted(text), 0};
    wf_buf_u8(&member, '{');
    wf_buf_add(&member, input->items.text.data + item->key_start,
               item->key_len);
    wf_buf_u8(&member, ':');
    wf_buf_addstr(&member, text);
    wf_buf_u8(&member, '}');
    struct wf_value value = {wf_doc_trusted_buf(&member), 2};
    wf_doc_nodes(value.doc);
    return value;
}

/* Finds the item as a value; the caller gives back its document. */
static enum wf_map_next take_raw(struct wf_engine *engine,
                                 struct wf_frame *frame,
                                 struct wf_value *item,
                                 struct wf_map_next_input *next) {
    struct wf_fork *fork = frame->fork;
    struct wf_map_input *input = fork->run->input;
    enum wf_map_next why;
    struct wf_str text;
    if (fork->run->has_reader) {
        if (!read_item(input, &text, &why, next))
            return why;
        *item = value_of(input, text);
        return WF_MAP_NEXT_INPUT;
    }
    uint64_t count = fork->run->item + fork->run->pending;
    if (input->taken >= count)
        return WF_MAP_NEXT_END;
    if (!know_items(engine, frame, &why, next))
        return why;
    *item = wf_fork_item(fork, (uint32_t)input->taken);
    wf_doc_ref(item->doc);
    return WF_MAP_NEXT_INPUT;
}

/* As the reader says; of the state's input AWS's word. */
static struct wf_str source_of(const struct wf_map_input *input) {
    return input->reader ? (struct wf_str){input->items.source.data,
                                           input->items.source.len}
                         : WF_STR("STATE_DATA");
}

static enum wf_map_next ask_selector(struct wf_engine *engine,
                                     struct wf_frame *frame,
                                     const struct wf_value *item,
                                     struct wf_map_next_input *next) {
    struct wf_map_input *input = frame->fork->run->input;
    struct wf_decision decision;
    enum wf_map_next why = WF_MAP_NEXT_LATER;
    bool has_reader = frame->fork->run->has_reader;
    wf_frame_ask_item(engine, frame, (uint32_t)input->taken,
                      has_reader ? item : NULL, source_of(input), &decision);
    if (decision.kind == WF_DECISION_TOO_LONG)
        return why;
    if (decision.kind == WF_DECISION_ITEM) {
        input->selected = wf_doc_ref(decision.output);
        why = WF_MAP_NEXT_INPUT;
    } else {
        why = failed(input, "", "", next);
        input->cause.len = 0;
        wf_buf_addstr(&input->cause, decision.failure.error);
        wf_buf_addstr(&input->cause, decision.failure.cause);
        next->failure.error = (struct wf_str){input->cause.data,
                                              decision.failure.error.len};
        next->failure.cause =
            (struct wf_str){input->cause.data + decision.failure.error.len,
                            decision.failure.cause.len};
    }
    wf_decision_free(&decision);
    return why;
}

/* Makes `selected` known. */
static enum wf_map_next select_item(struct wf_engine *engine,
                                    struct wf_frame *frame,
                                    struct wf_map_next_input *next) {
    struct wf_map_input *input = frame->fork->run->input;
    struct wf_value item = {NULL, 0};
    if (input->selected)
        return WF_MAP_NEXT_INPUT;
    enum wf_map_next why = take_raw(engine, frame, &item, next);
    if (why != WF_MAP_NEXT_INPUT)
        return why;
    if (wf_frame_state(frame)->has_selector)
        why = ask_selector(engine, frame, &item, next);
    else
        input->selected = wf_value_doc(item);
    wf_doc_unref(item.doc);
    return why;
}

static void step_over(struct wf_map_input *input) {
    wf_doc_unref(input->selected);
    input->selected = NULL;
    input->taken++;
    if (input->reader)
        input->at++;
}

/* ---- batches ---- */

/* Adds items until the batch is full (INPUT), or others have their turn. */
static enum wf_map_next fill_batch(struct wf_engine *engine,
                                   struct wf_frame *frame,
                                   struct wf_map_next_input *next) {
    struct wf_map_input *input = frame->fork->run->input;
    for (unsigned made = 0; made < FILL_ITEMS; made++) {
        enum wf_map_next why = select_item(engine, frame, next);
        if (why == WF_MAP_NEXT_END && input->batcher.count > 0)
            return WF_MAP_NEXT_INPUT;
        if (why != WF_MAP_NEXT_INPUT)
            return why;
        assert(input->selected);
        if (!wf_item_batcher_fits(&input->batcher, input->selected->len))
            return WF_MAP_NEXT_INPUT;
        bool is_full = wf_item_batcher_add(&input->batcher,
                                           wf_doc_text(input->selected));
        step_over(input);
        if (is_full)
            return WF_MAP_NEXT_INPUT;
    }
    wf_frame_run(engine, frame);
    return WF_MAP_NEXT_LATER;
}

/* The run's place is behind what a child starts with now. */
static void move_place(struct wf_map_run *run, uint32_t items) {
    const struct wf_map_input *input = run->input;
    run->item += items;
    if (run->has_reader) {
        run->position.len = 0;
        wf_buf_add(&run->position, input->items.start.data,
                   input->items.start.len);
        run->skip = input->at;
    } else {
        run->pending -= items;
    }
}

enum wf_map_next wf_map_next(struct wf_engine *engine, struct wf_frame *frame,
                             struct wf_map_next_input *next) {
    struct wf_map_run *run = frame->fork->run;
    if (!run->input)
        run->input = new_input(engine, frame);
    struct wf_map_input *input = run->input;
    enum wf_map_next why = input->batcher.is_used
                               ? fill_batch(engine, frame, next)
                               : select_item(engine, frame, next);
    if (why != WF_MAP_NEXT_INPUT)
        return why;
    if (input->batcher.is_used) {
        next->items = input->batcher.count;
        next->input = wf_item_batcher_close(&input->batcher);
    } else {
        next->items = 1;
        next->input = wf_doc_ref(input->selected);
        step_over(input);
    }
    move_place(run, next->items);
    return WF_MAP_NEXT_INPUT;
}
