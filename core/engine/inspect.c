/* inspect.c - GetExecutionState. See inspect.h. */
#include "inspect.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "refusal.h"

#define DEFAULT_PAGE 25
#define LARGEST_PAGE 100
#define DEEPEST 64 /* levels of a path */

/* What is kept of a frame. */
struct line {
    uint32_t number, parent, base, state;
    bool is_shown; /* or only above one that is */
    bool is_fork;
    uint64_t documents[2]; /* input, variables; 0: none, or done */
    struct wf_buf data[2];
    struct wf_buf path;
    struct wf_line_reply reply;
};

struct inspection {
    struct wf_engine *engine;
    struct wf_execution *execution; /* pinned */
    char *arn;
    size_t page, data_bytes;
    uint32_t from, next; /* next 0: that was all */
    struct line *lines;
    size_t count, cap;
    wf_state_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct inspection *in = memory;
    for (size_t i = 0; i < in->count; i++) {
        wf_buf_free(&in->lines[i].data[0]);
        wf_buf_free(&in->lines[i].data[1]);
        wf_buf_free(&in->lines[i].path);
    }
    free(in->lines);
    free(in->arn);
}

static void refuse(struct inspection *in, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    in->reply(in->arg, wf_refusal_make(&text, exception, format, subject),
              NULL);
    wf_refusal_free(&text);
    wf_call_free(in);
}

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

/* ---- what a frame is doing ---- */

static const char *token_of(const struct wf_execution *execution,
                            const struct wf_frame *frame) {
    if (wf_signals_waiter_of(execution->signals, frame->number) != SIZE_MAX)
        return "SIGNAL";
    if (frame->called)
        return "EXECUTION";
    return frame->activity ? "ACTIVITY" : "TASK_TOKEN";
}

static const char *fork_of(const struct wf_frame *frame) {
    if (!frame->fork)
        return "CHILDREN";
    if (frame->fork->run)
        return "MAP_RUN";
    return frame->fork->is_map ? "ITERATIONS" : "BRANCHES";
}

static const char *waits_for(const struct wf_execution *execution,
                             const struct wf_frame *frame) {
    switch (frame->phase) {
    case WF_PHASE_WAIT:
        return "TIMER";
    case WF_PHASE_RETRY:
        return "RETRY";
    case WF_PHASE_TASK:
        return frame->started_ms || frame->has_started ? "TASK" : "WORKER";
    case WF_PHASE_TOKEN:
        return token_of(execution, frame);
    case WF_PHASE_OFFER:
        return "ACTIVITY_WORKER";
    case WF_PHASE_FORK:
        return fork_of(frame);
    case WF_PHASE_ABORT:
        return "ABORT";
    default:
        return "NOTHING";
    }
}

static struct line *add(struct inspection *in, const struct wf_frame *frame,
                        bool is_shown) {
    struct wf_execution *execution = in->execution;
    size_t waiter = wf_signals_waiter_of(execution->signals, frame->number);
    if (in->count == in->cap) {
        in->cap = in->cap ? in->cap * 2 : 32;
        in->lines = wf_realloc(in->lines, in->cap * sizeof(*in->lines));
    }
    struct line *line = &in->lines[in->count++];
    bool waits = frame->phase == WF_PHASE_WAIT ||
                 frame->phase == WF_PHASE_RETRY;
    bool has_task = frame->phase == WF_PHASE_TASK ||
                    frame->phase == WF_PHASE_TOKEN;
    *line = (struct line){
        .number = frame->number,
        .parent = frame->parent,
        .state = frame->state,
        .is_shown = is_shown,
        .is_fork = frame->fork != NULL,
        .base = frame->fork ? frame->fork->base : 0,
        .documents = {frame->input.number, frame->variables.number},
        .reply = {
            .number = frame->number,
            .waits_for = waits_for(execution, frame),
            .is_held = frame->execution && wf_frame_is_held(frame),
            .entered_ms =
                frame->phase == WF_PHASE_ENTER ? 0 : frame->entered_ms,
            .attempt = frame->retry_count + 1,
            .due_ms = waits ? frame->due_ms : 0,
            .timeout_ms = has_task ? frame->timeout_due_ms : 0,
            .heartbeat_ms = has_task ? frame->heartbeat_due_ms : 0,
        },
    };
    if (waiter != SIZE_MAX && frame->phase == WF_PHASE_TOKEN)
        line->reply.signal = wf_str(execution->signals->waiters[waiter].name);
    if (frame->fork && !frame->fork->run) {
        line->reply.children = frame->fork->count;
        line->reply.children_done = frame->fork->done;
    }
    return line;
}

/* A frame as its row has it. */
static void add_row(struct inspection *in, struct wf_str row, bool is_shown) {
    struct wf_frame *frame = wf_calloc(1, sizeof(*frame));
    struct wf_reader reader = {row.data, row.data + row.len, false};
    if (wf_frame_decode(&reader, frame)) {
        struct line *line = add(in, frame, is_shown);
        line->reply.is_held = in->execution->pause.since_ms != 0;
    }
    wf_ref_clear(&frame->input);
    wf_ref_clear(&frame->parameters);
    wf_ref_clear(&frame->variables);
    wf_fork_free(frame->fork);
    free(frame->children);
    free(frame->worker);
    free(frame->retriers);
    free(frame);
}

/* ---- the answer ---- */

static int by_number(const void *a, const void *b) {
    const struct line *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void answer(void *arg) {
    struct inspection *in = arg;
    struct wf_execution *execution = in->execution;
    struct wf_line_reply *lines = wf_calloc(in->count + 1, sizeof(*lines));
    char token[16] = "";
    size_t count = 0;
    for (size_t i = 0; i < in->count; i++)
        if (in->lines[i].is_shown)
            lines[count++] = in->lines[i].reply;
    if (in->next)
        snprintf(token, sizeof(token), "%x", (unsigned)in->next);
    struct wf_state_reply reply = {
        .arn = wf_str(in->arn),
        .status = execution->status,
        .start_ms = execution->start_ms,
        .paused_ms = execution->pause.since_ms,
        .pause_reason = wf_str(execution->pause.reason),
        .signals = execution->signals ? execution->signals->count : 0,
        .lines = lines,
        .count = count,
        .next_token = wf_str(token),
    };
    in->reply(in->arg, NULL, &reply);
    free(lines);
    execution->pins--;
    wf_execution_release(in->engine, execution);
    wf_call_free(in);
}

static void set_data(const struct inspection *in, const struct line *line,
                     int which, struct wf_state_data *data) {
    const struct wf_buf *text = &line->data[which];
    if (!text->data)
        return;
    data->is_cut = text->len > in->data_bytes;
    data->text = text_of(text);
    if (data->is_cut)
        data->text.len = in->data_bytes;
    while (data->is_cut && data->text.len > 0 && /* no half characters */
           ((unsigned char)text->data[data->text.len] & 0xc0) == 0x80)
        data->text.len--;
}

static void finish(struct inspection *in) {
    const struct wf_machine *machine = in->execution->machine;
    if (in->count > 0)
        qsort(in->lines, in->count, sizeof(*in->lines), by_number);
    for (size_t i = 0; i < in->count; i++) {
        struct line *line = &in->lines[i];
        const struct wf_state_info *info = &machine->states[line->state];
        line->reply.state = info->name;
        line->reply.type = wf_event_type_name(info->entered);
        line->reply.path = text_of(&line->path);
        set_data(in, line, 0, &line->reply.input);
        set_data(in, line, 1, &line->reply.variables);
    }
    wf_execution_after(in->engine, in->execution, answer, in);
}

/* ---- documents ---- */

static void read_documents(struct inspection *in);

/* To all lines that have it. One byte more shows that it is cut. */
static void spread(struct inspection *in, uint64_t number,
                   struct wf_str text) {
    size_t most = in->data_bytes + 1;
    if (text.len < most)
        most = text.len;
    for (size_t i = 0; i < in->count; i++)
        for (int k = 0; k < 2; k++)
            if (in->lines[i].documents[k] == number) {
                in->lines[i].documents[k] = 0;
                if (text.data && in->lines[i].is_shown)
                    wf_buf_add(&in->lines[i].data[k], text.data, most);
            }
}

struct reading {
    struct inspection *in;
    uint64_t number;
};

static void document_there(void *arg, struct wf_str text) {
    struct reading *reading = arg;
    struct inspection *in = reading->in;
    uint64_t number = reading->number;
    wf_call_free(reading);
    spread(in, number, text);
    read_documents(in);
}

static void read_documents(struct inspection *in) {
    uint64_t number = 0;
    for (size_t i = 0; i < in->count && number == 0; i++)
        for (int k = 0; k < 2 && in->lines[i].is_shown && number == 0; k++)
            number = in->lines[i].documents[k];
    if (number == 0 || in->data_bytes == 0) {
        finish(in);
        return;
    }
    struct reading *reading = wf_call_new(in->engine, sizeof(*reading), NULL);
    *reading = (struct reading){in, number};
    wf_doc_read(in->engine, in->execution->id, number, 0, document_there,
                reading);
}

/* ---- paths ---- */

static const struct line *find(const struct inspection *in, uint32_t number) {
    for (size_t i = 0; i < in->count; i++)
        if (in->lines[i].number == number)
            return &in->lines[i];
    return NULL;
}

/* The frame above that is not known; WF_FRAME_NONE: all are. */
static uint32_t missing_above(const struct inspection *in,
                              const struct line *line) {
    for (int level = 0; line->parent != WF_FRAME_NONE && level < DEEPEST;
         level++) {
        const struct line *parent = find(in, line->parent);
        if (!parent)
            return line->parent;
        line = parent;
    }
    return WF_FRAME_NONE;
}

static void make_path(struct inspection *in, struct line *line) {
    const struct line *above[DEEPEST], *at = line;
    int levels = 0;
    while (at && at->parent != WF_FRAME_NONE && levels < DEEPEST) {
        above[levels++] = at;
        at = find(in, at->parent);
    }
    while (levels-- > 0) {
        const struct line *parent = find(in, above[levels]->parent);
        if (!parent)
            continue;
        wf_buf_adds(&line->path, line->path.len ? "/" : "");
        wf_buf_addstr(&line->path,
                      in->execution->machine->states[parent->state].name);
        wf_buf_addf(&line->path, "[%u]",
                    (unsigned)(above[levels]->number - parent->base));
    }
}

static void resolve(struct inspection *in);

static void parent_there(void *arg, const struct wf_row *rows, size_t count,
                         bool more, const struct wf_error *err) {
    struct inspection *in = arg;
    (void)more;
    in->engine->loads--;
    if (wf_engine_read_failed(in->engine, err))
        return;
    if (count == 1)
        add_row(in, rows->value, false);
    else /* it has ended since: its children are shown without it */
        for (size_t i = 0; i < in->count; i++) {
            uint32_t number = missing_above(in, &in->lines[i]);
            if (number != WF_FRAME_NONE && !find(in, number))
                in->lines[i].parent = WF_FRAME_NONE;
        }
    resolve(in);
}

/* Reads the frames above that are missing, one after the other. */
static void resolve(struct inspection *in) {
    struct wf_execution *execution = in->execution;
    uint32_t missing = WF_FRAME_NONE;
    for (size_t i = 0; i < in->count && missing == WF_FRAME_NONE; i++)
        missing = missing_above(in, &in->lines[i]);
    if (missing == WF_FRAME_NONE) {
        for (size_t i = 0; i < in->count; i++)
            make_path(in, &in->lines[i]);
        read_documents(in);
        return;
    }
    struct wf_frame *frame = wf_execution_frame(execution, missing);
    if (frame) {
        add(in, frame, false);
        resolve(in);
        return;
    }
    struct wf_key key =
        wf_key_frame(in->engine->partition, execution->id, missing);
    in->engine->loads++;
    wf_store_get(in->engine->store, wf_key_str(&key), parent_there, in);
}

/* ---- the page ---- */

/* Those in memory, from the page's first on, in order: the place of each in
 * `numbers`. Returns how many. */
static size_t in_memory(const struct inspection *in, uint32_t limit) {
    size_t count = 0;
    for (const struct wf_frame *f = in->execution->frames; f; f = f->next)
        count += f->phase != WF_PHASE_GONE && f->number >= in->from &&
                 f->number <= limit;
    return count;
}

static void add_memory(struct inspection *in, uint32_t limit) {
    for (const struct wf_frame *f = in->execution->frames; f; f = f->next)
        if (f->phase != WF_PHASE_GONE && f->number >= in->from &&
            f->number <= limit)
            add(in, f, true);
}

/* What does not fit into the page is for the next one. */
static void cut(struct inspection *in, uint32_t limit, bool more) {
    in->next = more && limit < UINT32_MAX ? limit + 1 : 0;
    if (in->count > 0)
        qsort(in->lines, in->count, sizeof(*in->lines), by_number);
    if (in->count <= in->page)
        return;
    in->next = in->lines[in->page].number;
    in->count = in->page; /* (they hold nothing yet) */
}

static void rows_there(void *arg, const struct wf_row *rows, size_t count,
                       bool more, const struct wf_error *err) {
    struct inspection *in = arg;
    uint32_t limit = UINT32_MAX;
    in->engine->loads--;
    if (wf_engine_read_failed(in->engine, err))
        return;
    if (more && count > 0)
        limit = wf_key_u32(rows[count - 1].key, 8);
    for (size_t i = 0; i < count; i++)
        if (rows[i].key.len == 15 &&
            !wf_execution_frame(in->execution,
                                wf_key_u32(rows[i].key, 8)))
            add_row(in, rows[i].value, true);
    if (in_memory(in, limit) > 0)
        add_memory(in, limit);
    cut(in, limit, more);
    resolve(in);
}

static void with_machine(void *arg, struct wf_machine *machine) {
    struct inspection *in = arg;
    struct wf_engine *engine = in->engine;
    uint64_t id = in->execution->id;
    if (!machine->ready) {
        in->execution->pins--;
        refuse(in, "StateMachineDoesNotExist",
               "The definition of the execution can't be read", WF_STR_NULL);
        return;
    }
    struct wf_key from = wf_key_frame(engine->partition, id, in->from);
    struct wf_key to = wf_key_execution(engine->partition, id + 1);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = (unsigned)in->page + 1,
                             .max_bytes = 16 << 20};
    engine->loads++;
    wf_store_scan(engine->store, &range, rows_there, in);
}

static void is_over(void *arg) {
    struct inspection *in = arg;
    refuse(in, "ExecutionNotRunning", "Execution Not Running: '%s'",
           wf_str(in->arn));
}

static void loaded(void *arg, struct wf_execution *execution) {
    struct inspection *in = arg;
    if (!execution || execution->status != WF_EXECUTION_RUNNING) {
        wf_engine_after(in->engine, is_over, in);
        return;
    }
    in->execution = execution;
    execution->pins++;
    wf_machine_need(in->engine, execution->machine, with_machine, in);
}

static void found(void *arg, uint64_t id) {
    struct inspection *in = arg;
    if (id)
        wf_execution_load(in->engine, id, loaded, in);
    else
        refuse(in, "ExecutionDoesNotExist", "Execution Does Not Exist: '%s'",
               wf_str(in->arn));
}

static bool read_token(struct wf_str token, uint32_t *from) {
    char text[16], *end;
    *from = 0;
    if (token.len == 0)
        return true;
    if (token.len > 8)
        return false;
    memcpy(text, token.data, token.len);
    text[token.len] = 0;
    *from = (uint32_t)strtoul(text, &end, 16);
    return *end == 0;
}

void wf_engine_get_state(struct wf_engine *engine,
                         const struct wf_get_state *ask, wf_state_fn *reply,
                         void *arg) {
    struct wf_buf why = {0};
    struct wf_arn arn;
    struct inspection *in = wf_call_new(engine, sizeof(*in), drop);
    *in = (struct inspection){
        .engine = engine,
        .arn = wf_strndup(ask->execution_arn.data, ask->execution_arn.len),
        .page = ask->max_results ? ask->max_results : DEFAULT_PAGE,
        .data_bytes = ask->data_bytes,
        .reply = reply,
        .arg = arg,
    };
    if (in->page > LARGEST_PAGE)
        in->page = LARGEST_PAGE;
    if (!wf_execution_arn_read(ask->execution_arn, false, &arn, &why))
        refuse(in, "InvalidArn", "%s", text_of(&why));
    else if (!read_token(ask->next_token, &in->from))
        refuse(in, "InvalidToken", WF_INVALID_TOKEN, WF_STR_NULL);
    else
        wf_execution_find(engine, wf_str(in->arn), found, in);
    wf_buf_free(&why);
}
