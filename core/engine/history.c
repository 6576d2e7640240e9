/*
 * history.c - GetExecutionHistory.
 *
 * A page is read from the segments that hold it and, for an execution in
 * memory, from its tail. A page's events refer to documents that may stand in
 * earlier segments; those are read too, each once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "past.h"
#include "recent.h"
#include "refusal.h"

#define DEFAULT_PAGE 100
#define LARGEST_PAGE 1000
#define PAGE_BYTES ((size_t)4 << 20)

/* A document, or a segment's bytes, held for the time of a request. */
struct held {
    uint64_t number; /* document; 0 for a segment */
    char *bytes;     /* NULL: a document of `len` bytes in pieces */
    size_t len;
};

struct history {
    struct wf_engine *engine;
    char *arn;
    uint64_t execution;
    struct wf_machine *machine;
    struct wf_past past;   /* what it has run, that included */
    int64_t start_ms;
    uint64_t next_event;   /* of the execution: one behind the last event */
    uint32_t version;      /* that it was started with; 0: none */
    char *alias;           /* which led to that; NULL: none */
    struct wf_buf version_arn, alias_arn;
    uint64_t first, last;  /* ids wanted, inclusive */
    bool reverse;
    bool is_behind;        /* a page may be empty */
    bool has_waited;       /* what memory knew is durable */
    uint64_t covered;      /* ids in [first, covered) are in segments[] */
    struct held *segments; /* in order of their events */
    size_t segment_count;
    struct held *docs;     /* in order of their numbers, up to sorted_count */
    size_t doc_count, sorted_count;
    uint64_t *wanted;      /* numbers of the page's documents, in order */
    size_t wanted_count;
    struct wf_history_event *events;
    size_t event_count;
    wf_history_fn *reply;
    void *arg;
};

static void hold(struct held **list, size_t *count, uint64_t number,
                 struct wf_str bytes) {
    *list = wf_realloc(*list, (*count + 1) * sizeof(**list));
    (*list)[(*count)++] = (struct held){
        number, bytes.data ? wf_strndup(bytes.data, bytes.len) : NULL,
        bytes.len};
}

static void release(struct held *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(list[i].bytes);
    free(list);
}

static void drop(void *memory) {
    struct history *history = memory;
    release(history->segments, history->segment_count);
    release(history->docs, history->doc_count);
    free(history->wanted);
    free(history->events);
    free(history->alias);
    wf_buf_free(&history->version_arn);
    wf_buf_free(&history->alias_arn);
    wf_past_free(&history->past);
    free(history->arn);
}

static void refuse(struct history *history, const char *exception,
                   struct wf_str message) {
    struct wf_refusal refusal = {.exception = exception, .message = message};
    history->reply(history->arg, &refusal, NULL, 0, WF_STR_NULL);
    wf_call_free(history);
}

/* ---- rendering ---- */

static int by_number(const void *a, const void *b) {
    const struct held *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static struct held *find_held(const struct history *history,
                              uint64_t number) {
    struct held wanted = {.number = number};
    return history->sorted_count == 0
               ? NULL
               : bsearch(&wanted, history->docs, history->sorted_count,
                         sizeof(wanted), by_number);
}

static struct wf_str held_text(const struct history *history,
                               uint64_t number) {
    const struct held *held = find_held(history, number);
    return held ? (struct wf_str){held->bytes, held->len} : WF_STR_NULL;
}

void wf_history_describe(const struct wf_engine *engine,
                         const struct wf_machine *machine,
                         struct wf_history_event *shown) {
    if (!(shown->event.fields & WF_EVENT_HAS_STATE) ||
        shown->event.state >= machine->state_count)
        return;
    const struct wf_state_info *info = &machine->states[shown->event.state];
    shown->state_name = info->name;
    shown->resource_type = info->resource_type;
    shown->resource = info->resource;
    shown->region = wf_str(engine->region);
}

/* Collects the events of the page, and the documents among them. */
static void collect(struct history *history) {
    size_t wanted = (size_t)(history->last - history->first + 1);
    history->events = wf_calloc(wanted, sizeof(*history->events));
    for (size_t i = 0; i < history->segment_count; i++) {
        struct wf_str bytes = {history->segments[i].bytes,
                               history->segments[i].len};
        struct wf_tail_cursor cursor;
        enum wf_tail_entry entry;
        struct wf_event event;
        uint64_t number;
        struct wf_str text;
        if (!wf_segment_walk(bytes, history->start_ms, &cursor, NULL))
            continue;
        while ((entry = wf_tail_next(&cursor, &event, &number, &text)) !=
                   WF_TAIL_END &&
               entry != WF_TAIL_BAD) {
            if (entry == WF_TAIL_EVENT && event.id >= history->first &&
                event.id <= history->last &&
                history->event_count < wanted)
                history->events[history->event_count++].event = event;
            else if (entry != WF_TAIL_EVENT)
                hold(&history->docs, &history->doc_count, number, text);
        }
    }
    history->sorted_count = history->doc_count;
}

static bool wants_doc(const struct wf_event *event, bool assigned,
                      uint64_t *number) {
    uint16_t bit = assigned ? WF_EVENT_HAS_ASSIGNED : WF_EVENT_HAS_DOC;
    *number = assigned ? event->assigned : event->doc;
    return event->fields & bit && *number != 0;
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void list_wanted(struct history *history) {
    size_t count = history->event_count;
    history->wanted = wf_calloc(2 * count + 1, sizeof(*history->wanted));
    for (size_t i = 0; i < 2 * count; i++)
        if (wants_doc(&history->events[i / 2].event, i % 2 != 0,
                      &history->wanted[history->wanted_count]))
            history->wanted_count++;
    qsort(history->wanted, history->wanted_count, sizeof(*history->wanted),
          by_value);
}

/* A page ends early when its documents are large: at least one event. */
static void cut_by_size(struct history *history) {
    size_t bytes = 0, kept = 0, count = history->event_count;
    for (; kept < count; kept++) {
        size_t at = history->reverse ? count - 1 - kept : kept;
        const struct held *held =
            find_held(history, history->events[at].event.doc);
        bytes += held ? held->len : 0;
        if (kept > 0 && bytes > PAGE_BYTES)
            break;
    }
    if (kept == count)
        return;
    if (history->reverse) {
        history->first = history->last - kept + 1;
        memmove(history->events, history->events + count - kept,
                kept * sizeof(*history->events));
    } else {
        history->last = history->first + kept - 1;
    }
    history->event_count = kept;
}

static void send_page(struct history *history);

struct missing {
    struct history *history;
    uint64_t number;
};

/* What stands in the same segment may be on the page, too. */
static void missing_beside(void *arg, uint64_t number, struct wf_str text) {
    struct missing *missing = arg;
    struct history *history = missing->history;
    if (bsearch(&number, history->wanted, history->wanted_count,
                sizeof(number), by_value) &&
        !find_held(history, number))
        hold(&history->docs, &history->doc_count, number, text);
}

static void missing_read(void *arg, struct wf_str text) {
    struct missing *missing = arg;
    struct history *history = missing->history;
    struct held *held = find_held(history, missing->number);
    if (!text.data)
        text = WF_STR("null"); /* lost: show the rest */
    if (held)
        *held = (struct held){missing->number,
                              wf_strndup(text.data, text.len), text.len};
    else
        hold(&history->docs, &history->doc_count, missing->number, text);
    qsort(history->docs, history->doc_count, sizeof(*history->docs),
          by_number);
    history->sorted_count = history->doc_count;
    wf_call_free(missing);
    send_page(history);
}

static bool read_missing(struct history *history, uint64_t number) {
    struct held *held = find_held(history, number);
    if (held && held->bytes)
        return false;
    struct missing *missing = wf_call_new(history->engine,
                                          sizeof(*missing), NULL);
    *missing = (struct missing){history, number};
    wf_doc_read_beside(history->engine, history->execution, number,
                       held ? held->len : 0, missing_beside, missing_read,
                       missing);
    return true;
}

static void reverse_events(struct wf_history_event *events, size_t count) {
    for (size_t i = 0; i < count / 2; i++) {
        struct wf_history_event swap = events[i];
        events[i] = events[count - 1 - i];
        events[count - 1 - i] = swap;
    }
}

/* For ExecutionStarted. */
static void set_arns(struct history *history) {
    const char *arn = history->machine->arn;
    if (history->version)
        wf_buf_addf(&history->version_arn, "%s:%u", arn,
                    (unsigned)history->version);
    if (history->alias)
        wf_buf_addf(&history->alias_arn, "%s:%s", arn, history->alias);
}

static void answer(struct history *history) {
    char token[32] = "";
    set_arns(history);
    for (size_t i = 0; i < history->event_count; i++) {
        struct wf_history_event *shown = &history->events[i];
        uint64_t number;
        wf_history_describe(history->engine,
                            wf_past_machine(&history->past, shown->event.id),
                            shown);
        if (wants_doc(&shown->event, false, &number))
            shown->doc = held_text(history, number);
        if (wants_doc(&shown->event, true, &number))
            shown->assigned = held_text(history, number);
        shown->role_arn = wf_str(history->machine->role_arn);
        shown->version_arn = (struct wf_str){history->version_arn.data,
                                             history->version_arn.len};
        shown->alias_arn = (struct wf_str){history->alias_arn.data,
                                           history->alias_arn.len};
    }
    if (history->reverse) {
        reverse_events(history->events, history->event_count);
        if (history->first > 1)
            snprintf(token, sizeof(token), "%llu",
                     (unsigned long long)history->first - 1);
    } else if (history->last + 1 < history->next_event) {
        snprintf(token, sizeof(token), "%llu",
                 (unsigned long long)history->last + 1);
    }
    history->reply(history->arg, NULL, history->events, history->event_count,
                   wf_str(token));
    wf_call_free(history);
}

/* Reads documents that are still missing, one after the other; answers. */
static void send_page(struct history *history) {
    for (size_t i = 0; i < history->event_count; i++) {
        uint64_t number;
        const struct wf_event *event = &history->events[i].event;
        if (wants_doc(event, false, &number) &&
            read_missing(history, number))
            return;
        if (wants_doc(event, true, &number) && read_missing(history, number))
            return;
    }
    answer(history);
}

static void machines_there(void *arg) {
    struct history *history = arg;
    if (!wf_past_is_ready(&history->past)) {
        refuse(history, "ExecutionDoesNotExist",
               WF_STR("The execution's definition can't be read"));
        return;
    }
    collect(history);
    cut_by_size(history);
    list_wanted(history);
    send_page(history);
}

/* ---- segments ---- */

static void read_segments(struct history *history);

static void durable(void *arg) {
    read_segments(arg);
}

/* A segment that memory knew of may have been on its way to the disk: then
 * the read is made again, once that is durable. It is, if the execution has
 * left memory since. */
static bool read_again(struct history *history) {
    struct wf_execution *execution =
        wf_table_by_id(&history->engine->table, history->execution);
    if (history->has_waited)
        return false;
    history->has_waited = true;
    if (execution)
        wf_execution_after(history->engine, execution, durable, history);
    else
        read_segments(history);
    return true;
}

static void segment_rows(void *arg, const struct wf_row *rows, size_t count,
                         bool more, const struct wf_error *err) {
    struct history *history = arg;
    (void)more;
    history->engine->loads--;
    if (wf_engine_read_failed(history->engine, err))
        return;
    for (size_t i = 0; i < count; i++) {
        struct wf_reader in = {rows[i].value.data,
                               rows[i].value.data + rows[i].value.len,
                               false};
        wf_read_u8(&in);
        uint64_t first = wf_read_varint(&in), events = wf_read_varint(&in);
        hold(&history->segments, &history->segment_count, 0, rows[i].value);
        history->covered = first + events;
    }
    if (count == 0 && read_again(history))
        return;
    if (count == 0) /* nothing more is stored: show what there is */
        history->covered = history->last + 1;
    read_segments(history);
}

static void hold_tail(struct history *history,
                      const struct wf_tail *tail) {
    struct wf_buf segment = {0};
    wf_tail_segment(tail, NULL, &segment);
    hold(&history->segments, &history->segment_count, 0,
         (struct wf_str){segment.data, segment.len});
    wf_buf_free(&segment);
}

/* Reads the segment with the first event wanted, then those behind it. */
static void read_segments(struct history *history) {
    struct wf_engine *engine = history->engine;
    if (history->covered > history->last) {
        wf_past_need(engine, &history->past, machines_there, history);
        return;
    }
    bool begins = history->segment_count == 0;
    struct wf_key from = wf_key_segment(engine->partition,
                                        history->execution,
                                        begins ? 0 : history->covered);
    struct wf_key to = wf_key_segment(engine->partition, history->execution,
                                      begins ? history->first + 1
                                             : UINT64_MAX);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .reverse = begins,
                             .max_rows = begins ? 1 : 4,
                             .max_bytes = 256 << 10};
    engine->loads++;
    wf_store_scan(engine->store, &range, segment_rows, history);
}

/* Decides which ids the page has. False: no page has such a token. */
static bool set_page(struct history *history, unsigned max_results,
                     struct wf_str token, uint64_t next_event) {
    uint64_t page = max_results ? max_results : DEFAULT_PAGE, from = 0;
    if (page > LARGEST_PAGE)
        page = LARGEST_PAGE;
    for (size_t i = 0; i < token.len; i++)
        from = from * 10 + (uint64_t)(token.data[i] - '0');
    if (from >= next_event)
        return false;
    history->next_event = next_event;
    if (history->reverse) {
        history->last = from ? from : next_event - 1;
        history->first = history->last > page ? history->last - page + 1 : 1;
    } else {
        history->first = from ? from : 1;
        history->last = history->first + page - 1;
        if (history->last >= next_event)
            history->last = next_event - 1;
    }
    return true;
}

/* The last event is known already, or the token is wrong. */
static void no_page(struct history *history) {
    if (!history->is_behind) {
        refuse(history, "InvalidToken", WF_STR(WF_INVALID_TOKEN));
        return;
    }
    history->reply(history->arg, NULL, NULL, 0, WF_STR_NULL);
    wf_call_free(history);
}

/* ---- the request ---- */

struct history_call {
    struct history *history;
    unsigned max_results;
    char *token;
};

static void call_drop(void *memory) {
    struct history_call *call = memory;
    free(call->token);
}

/* The piece is copied now, what stands before it comes from rows: a page that
 * has events of both ends where the piece begins (reversed: begins there). */
static void cut_at_tail(struct history *history,
                        const struct wf_tail *tail) {
    if (history->first < tail->first_event && !history->reverse) {
        history->last = tail->first_event - 1;
        return;
    }
    if (history->first < tail->first_event)
        history->first = tail->first_event;
    hold_tail(history, tail);
    history->covered = history->last + 1;
}

static void set_qualifier(struct history *history, uint32_t version,
                          struct wf_str alias) {
    history->version = version;
    if (alias.len && !history->alias)
        history->alias = wf_strndup(alias.data, alias.len);
}

static void row_read(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct history_call *call = arg;
    struct history *history = call->history;
    struct wf_execution_image image;
    (void)more;
    history->engine->loads--;
    struct wf_reader in = {NULL, NULL, true};
    if (wf_engine_read_failed(history->engine, err))
        return;
    if (count == 1)
        in = (struct wf_reader){rows->value.data,
                                rows->value.data + rows->value.len, false};
    if (in.bad || !wf_execution_decode(&in, &image)) {
        refuse(history, "ExecutionDoesNotExist",
               WF_STR("The execution's row can't be read"));
        wf_call_free(call);
        return;
    }
    history->machine = wf_machine_of(history->engine, image.machine,
                                     image.revision);
    wf_past_read(history->engine, image.earlier, history->machine,
                 &history->past);
    history->start_ms = image.start_ms;
    set_qualifier(history, image.version, image.alias);
    if (!set_page(history, call->max_results, wf_str(call->token),
                  image.next_event)) {
        no_page(history);
        wf_call_free(call);
        return;
    }
    if (in.at < in.end) {
        hold(&history->segments, &history->segment_count, 0,
             (struct wf_str){in.at, (size_t)(in.end - in.at)});
        history->covered = image.next_event;
    }
    read_segments(history);
    wf_call_free(call);
}

/* All of it is in rows, some perhaps not durable yet. A short history of an
 * execution that has ended is inside its row, so that row is read first. */
static void read_row(void *arg) {
    struct history_call *call = arg;
    struct wf_engine *engine = call->history->engine;
    struct wf_key key = wf_key_execution(engine->partition,
                                         call->history->execution);
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), row_read, call);
}

/* Shows what is durable, as if nothing had happened since: so it need not wait
 * for the batches on their way. */
static void from_memory(struct history_call *call,
                        struct wf_execution *execution) {
    struct history *history = call->history;
    struct wf_engine *engine = history->engine;
    uint64_t durable_event =
        wf_execution_durable_event(execution, engine->durable_seq);
    bool is_running = execution->status == WF_EXECUTION_RUNNING;
    if (execution->tail.bytes.len == 0 && !(is_running && durable_event)) {
        wf_execution_after(engine, execution, read_row, call);
        return;
    }
    history->machine = execution->machine;
    wf_past_read(engine, (struct wf_str){execution->earlier.data,
                                         execution->earlier.len},
                 execution->machine, &history->past);
    history->start_ms = execution->start_ms;
    set_qualifier(history, execution->version, wf_str(execution->alias));
    if (!set_page(history, call->max_results, wf_str(call->token),
                  durable_event ? durable_event
                                : execution->tail.next_event)) {
        no_page(history);
        wf_call_free(call);
        return;
    }
    const struct wf_tail *piece =
        wf_recent_find(engine->recent, execution->id, history->last);
    if (history->last >= execution->tail.first_event)
        cut_at_tail(history, &execution->tail);
    else if (piece)
        cut_at_tail(history, piece);
    if (durable_event) {
        read_segments(history);
    } else {
        history->has_waited = true;
        wf_execution_after(engine, execution, durable, history);
    }
    wf_call_free(call);
}

static void found(void *arg, uint64_t id) {
    struct history_call *call = arg;
    struct history *history = call->history;
    struct wf_engine *engine = history->engine;
    if (id == 0) {
        struct wf_buf text = {0};
        wf_buf_addf(&text, "Execution Does Not Exist: '%s'", history->arn);
        refuse(history, "ExecutionDoesNotExist",
               (struct wf_str){text.data, text.len});
        wf_buf_free(&text);
        wf_call_free(call);
        return;
    }
    history->execution = id;
    struct wf_execution *execution = wf_table_by_id(&engine->table, id);
    if (execution) {
        from_memory(call, execution);
        return;
    }
    read_row(call);
}

static bool token_is_valid(struct wf_str token) {
    for (size_t i = 0; i < token.len; i++)
        if (token.data[i] < '0' || token.data[i] > '9')
            return false;
    return token.len < 19;
}

void wf_engine_get_history(struct wf_engine *engine,
                           const struct wf_get_history *ask,
                           wf_history_fn *reply, void *arg) {
    struct history *history = wf_call_new(engine, sizeof(*history), drop);
    char behind[32] = "";
    history->engine = engine;
    history->is_behind = ask->is_behind;
    history->arn = wf_strndup(ask->execution_arn.data,
                              ask->execution_arn.len);
    history->reverse = ask->reverse;
    history->reply = reply;
    history->arg = arg;
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (!wf_execution_arn_read(ask->execution_arn, false, &arn, &why)) {
        refuse(history, "InvalidArn", (struct wf_str){why.data, why.len});
        wf_buf_free(&why);
        return;
    }
    if (!token_is_valid(ask->next_token)) {
        refuse(history, "InvalidToken", WF_STR(WF_INVALID_TOKEN));
        return;
    }
    struct history_call *call = wf_call_new(engine, sizeof(*call), call_drop);
    call->history = history;
    call->max_results = ask->max_results;
    snprintf(behind, sizeof(behind), "%llu",
             (unsigned long long)ask->after + 1);
    call->token = ask->is_behind
                      ? wf_strndup(behind, strlen(behind))
                      : wf_strndup(ask->next_token.data, ask->next_token.len);
    wf_execution_find(engine, wf_str(history->arn), found, call);
}
