/*
 * map_redrive.c - a Map Run that has ended goes on: with its parent's redrive.
 *
 * Children that have ended badly are read from table C, in the order of their
 * ids, some at a time, and prepared side by side (redrive.h). They run in that
 * order, as there is room: a child's start is in one batch with the run's new
 * counts and its place among them (`redriven_to`), as that of any child is.
 * What was prepared and is not wanted any more is dropped: its rows go when
 * it is prepared again, or with the next engine.
 *
 * Items that no child has been started for follow then, from where the run had
 * come to.
 */
#include <stdlib.h>

#include "engine_impl.h"

#define AT_ONCE 64

struct candidate {
    uint64_t id;
    uint32_t items;
    enum wf_execution_status status; /* how it has ended */
    bool is_ready;
    struct wf_redrive *redrive; /* owned; NULL, ready: it can't be */
};

struct wf_map_redrives {
    struct candidate list[AT_ONCE];
    unsigned count, at;
    uint64_t read_to; /* the last id that was looked at */
    uint64_t number;  /* of the page: answers to another one are late */
    bool is_reading, is_last;
};

void wf_map_redrives_free(struct wf_map_redrives *redrives) {
    for (unsigned i = 0; redrives && i < redrives->count; i++)
        if (redrives->list[i].redrive)
            wf_redrive_drop(redrives->list[i].redrive);
    free(redrives);
}

bool wf_map_run_will_redrive(const struct wf_map_run *run, uint64_t child) {
    return run->status == WF_MAP_RUN_RUNNING &&
           wf_map_counts_failed(&run->pending_redrive) > 0 &&
           child > run->redriven_to && child <= run->redrive_until;
}

/* ---- the run ---- */

/* Those that are to be redriven, by how they had ended. */
static struct wf_map_counts take_failed(struct wf_map_counts *counts) {
    struct wf_map_counts failed = {.failed = counts->failed,
                                   .timed_out = counts->timed_out,
                                   .aborted = counts->aborted};
    counts->failed = counts->timed_out = counts->aborted = 0;
    counts->written = 0;
    return failed;
}

static void give_back(struct wf_map_counts *counts,
                      struct wf_map_counts *pending) {
    counts->failed += pending->failed;
    counts->timed_out += pending->timed_out;
    counts->aborted += pending->aborted;
    *pending = (struct wf_map_counts){0};
}

void wf_map_redrive_over(struct wf_map_run *run) {
    give_back(&run->executions, &run->pending_redrive);
    give_back(&run->items, &run->pending_redrive_items);
}

static void record(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_map_run *run = frame->fork->run;
    struct wf_buf arn = {0};
    wf_map_run_arn(run, wf_str(frame->execution->machine->arn), &arn);
    struct wf_event event = {
        .type = WF_EVENT_MAP_RUN_REDRIVEN,
        .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_TEXT | WF_EVENT_HAS_INDEX,
        .text = {arn.data, arn.len},
        .index = run->redrive_count,
    };
    run->started_event = wf_frame_event(engine, frame, &event);
    wf_buf_free(&arn);
}

static const struct wf_failure TOO_OFTEN = {
    {"States.Runtime", sizeof("States.Runtime") - 1},
    {"The Map Run has been redriven as often as it can be",
     sizeof("The Map Run has been redriven as often as it can be") - 1},
};

void wf_map_run_redrive(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_map_run *run = frame->fork->run;
    uint32_t most = engine->options.profile->redrives;
    run->status = WF_MAP_RUN_RUNNING;
    run->stop_ms = 0;
    run->row_due = true;
    if (most && run->redrive_count >= most) {
        wf_fork_fail(engine, frame, &TOO_OFTEN);
        return;
    }
    run->redrive_count++;
    run->redrive_ms = wf_execution_now(engine, frame->execution);
    run->pending_redrive = take_failed(&run->executions);
    run->pending_redrive_items = take_failed(&run->items);
    run->not_redrivable = run->not_redrivable_items = 0;
    run->redriven_to = 0;
    run->redrive_until = engine->last_execution;
    record(engine, frame);
    frame->fork->started_event = frame->fork->last_inner = run->started_event;
}

/* ---- preparing ---- */

/* Who is told of a child, or of a page: the frame's run, if it is there. */
struct step {
    struct wf_engine *engine;
    uint64_t parent, number;
    uint32_t frame, run;
    unsigned index;
};

static struct step *new_step(struct wf_engine *engine,
                             const struct wf_map_run *run, unsigned index) {
    struct step *step = wf_call_new(engine, sizeof(*step), NULL);
    *step = (struct step){.engine = engine,
                          .parent = run->parent,
                          .number = run->redrives->number,
                          .frame = run->frame,
                          .run = run->number,
                          .index = index};
    return step;
}

static struct wf_frame *frame_of(const struct step *step) {
    struct wf_execution *parent =
        wf_table_by_id(&step->engine->table, step->parent);
    struct wf_frame *frame =
        parent && parent->status == WF_EXECUTION_RUNNING
            ? wf_execution_frame(parent, step->frame)
            : NULL;
    struct wf_map_run *run = frame && frame->fork ? frame->fork->run : NULL;
    return run && run->number == step->run && run->redrives &&
                   run->redrives->number == step->number
               ? frame
               : NULL;
}

static void prepared(void *arg, struct wf_redrive *redrive,
                     const char *reason) {
    struct step *step = arg;
    struct wf_engine *engine = step->engine;
    struct wf_frame *frame = frame_of(step);
    unsigned index = step->index;
    (void)reason;
    wf_call_free(step);
    if (!frame) {
        if (redrive)
            wf_redrive_drop(redrive);
        return;
    }
    struct candidate *candidate = &frame->fork->run->redrives->list[index];
    candidate->redrive = redrive;
    candidate->is_ready = true;
    wf_frame_run(engine, frame);
}

/* C row: status:1 duration:varint name start:varint items:varint … */
static bool is_candidate(const struct wf_map_run *run,
                         const struct wf_row *row, struct candidate *one) {
    struct wf_reader in = {row->value.data, row->value.data + row->value.len,
                           false};
    one->status = wf_read_u8(&in);
    wf_read_varint(&in);
    wf_read_text(&in);
    wf_read_varint(&in);
    one->items = (uint32_t)wf_read_varint(&in);
    return !in.bad && one->status != WF_EXECUTION_RUNNING &&
           one->status != WF_EXECUTION_SUCCEEDED &&
           wf_key_u64(row->key, 12) <= run->redrive_until;
}

static void prepare_all(struct wf_engine *engine, struct wf_map_run *run) {
    struct wf_map_redrives *redrives = run->redrives;
    for (unsigned i = 0; i < redrives->count; i++)
        wf_redrive_prepare(engine, redrives->list[i].id, NULL, prepared,
                           new_step(engine, run, i));
}

static void page_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct step *step = arg;
    struct wf_engine *engine = step->engine;
    struct wf_frame *frame = frame_of(step);
    wf_call_free(step);
    engine->loads--;
    if (wf_engine_read_failed(engine, err) || !frame)
        return;
    struct wf_map_run *run = frame->fork->run;
    struct wf_map_redrives *redrives = run->redrives;
    redrives->is_reading = false;
    redrives->is_last = !more;
    redrives->count = redrives->at = 0;
    for (size_t i = 0; i < count; i++) {
        struct candidate one = {.id = wf_key_u64(rows[i].key, 12)};
        redrives->read_to = one.id;
        if (is_candidate(run, &rows[i], &one))
            redrives->list[redrives->count++] = one;
    }
    prepare_all(engine, run);
    wf_frame_run(engine, frame);
}

static void read_page(struct wf_engine *engine, struct wf_map_run *run) {
    struct wf_map_redrives *redrives = run->redrives;
    struct wf_key from = wf_key_child(engine->partition, run->parent,
                                      run->number, redrives->read_to + 1);
    struct wf_key to = wf_key_child(engine->partition, run->parent,
                                    run->number, UINT64_MAX);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = AT_ONCE};
    redrives->is_reading = true;
    redrives->number = engine->calls_begun + 1; /* no other page has it */
    engine->loads++;
    wf_store_scan(engine->store, &range, page_read,
                  new_step(engine, run, 0));
}

/* ---- running ---- */

static uint64_t *kind_of(struct wf_map_counts *counts,
                         enum wf_execution_status status) {
    switch (status) {
    case WF_EXECUTION_TIMED_OUT:
        return &counts->timed_out;
    case WF_EXECUTION_ABORTED:
        return &counts->aborted;
    default:
        return &counts->failed;
    }
}

static uint64_t take_from(uint64_t *count, uint64_t number) {
    uint64_t taken = number < *count ? number : *count;
    *count -= taken;
    return number - taken;
}

/* One that had ended, and not been counted, when its parent was stopped, was
 * counted as aborted. */
static void take(struct wf_map_counts *pending,
                 enum wf_execution_status status, uint64_t number) {
    number = take_from(kind_of(pending, status), number);
    number = take_from(&pending->aborted, number);
    number = take_from(&pending->failed, number);
    take_from(&pending->timed_out, number);
}

static void run_one(struct wf_engine *engine, struct wf_frame *frame,
                    struct candidate *candidate) {
    struct wf_map_run *run = frame->fork->run;
    take(&run->pending_redrive, candidate->status, 1);
    take(&run->pending_redrive_items, candidate->status, candidate->items);
    run->redriven_to = candidate->id;
    if (!candidate->redrive) { /* its end is for good */
        *kind_of(&run->executions, candidate->status) += 1;
        *kind_of(&run->items, candidate->status) += candidate->items;
        run->not_redrivable++;
        run->not_redrivable_items += candidate->items;
        return;
    }
    struct wf_execution *child =
        wf_redrive_commit_child(candidate->redrive, frame);
    candidate->redrive = NULL;
    run->executions.running++;
    run->items.running += candidate->items;
    wf_couple(engine, frame->execution, child);
}

/* There may be fewer than the counts say: children that had ended well when
 * their parent was stopped, before it had counted them. */
static void end_redrives(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_map_run *run = frame->fork->run;
    run->redriven_to = run->redrive_until;
    run->executions.succeeded += wf_map_counts_failed(&run->pending_redrive);
    run->items.succeeded += wf_map_counts_failed(&run->pending_redrive_items);
    run->pending_redrive = (struct wf_map_counts){0};
    run->pending_redrive_items = (struct wf_map_counts){0};
    wf_map_redrives_free(run->redrives);
    run->redrives = NULL;
    wf_frame_run(engine, frame);
}

unsigned wf_map_redrive_some(struct wf_engine *engine,
                             struct wf_frame *frame, unsigned budget) {
    struct wf_map_run *run = frame->fork->run;
    unsigned made = 0;
    if (!run->redrives) {
        run->redrives = wf_calloc(1, sizeof(*run->redrives));
        run->redrives->read_to = run->redriven_to;
    }
    struct wf_map_redrives *redrives = run->redrives;
    wf_frame_changed(engine, frame); /* they are coupled with its change */
    while (redrives->at < redrives->count && made < budget &&
           redrives->list[redrives->at].is_ready &&
           run->executions.running < wf_map_run_limit(run) &&
           wf_map_has_room(engine, frame)) {
        run_one(engine, frame, &redrives->list[redrives->at++]);
        made++;
    }
    if (redrives->at < redrives->count) {
        if (made == budget)
            wf_frame_run(engine, frame);
        else if (!wf_map_has_room(engine, frame))
            wf_map_wait_for_room(engine, run);
    } else if (wf_map_counts_failed(&run->pending_redrive) == 0 ||
               redrives->is_last) {
        end_redrives(engine, frame);
    } else if (!redrives->is_reading) {
        read_page(engine, run);
    }
    return made;
}
