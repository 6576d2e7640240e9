/*
 * listing.c - ListExecutions: newest first, rows merged with memory.
 *
 * A row of table L is written when an execution is packed; one that is in
 * memory shows its state from there. The token is the place (start, id) of
 * the last one shown.
 *
 * A list is made in rounds, from new to old, until the page is full. Each
 * looks at so many executions in memory, and then reads the rows down to the
 * place that it has come to, so that no round keeps the loop for long.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "refusal.h"

#define DEFAULT_PAGE 100
#define LARGEST_PAGE 1000
#define SCAN_ROWS 1000
#define LOOKS 1000 /* at executions in memory, a round */

struct item {
    int64_t start_ms, stop_ms;
    uint64_t id;
    enum wf_execution_status status;
    char *name;
};

struct listing {
    struct wf_engine *engine;
    char *arn;
    enum wf_execution_status status;
    unsigned page;
    int64_t before_ms; /* show what is older than this place */
    uint64_t before_id;
    int64_t last_ms;   /* the round comes down to this place */
    uint64_t last_id;
    bool is_last;      /* there is nothing below it */
    struct wf_machine *machine;
    uint64_t since; /* older executions are a predecessor's */
    struct item *items;
    size_t count, cap, wanted;
    uint64_t seen[LOOKS]; /* what the round has looked at; sorted */
    size_t seen_count;
    wf_execution_list_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct listing *listing = memory;
    for (size_t i = 0; i < listing->count; i++)
        free(listing->items[i].name);
    free(listing->items);
    free(listing->arn);
}

static void refuse(struct listing *listing, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    listing->reply(listing->arg,
                   wf_refusal_make(&text, exception, format, subject), NULL,
                   0, WF_STR_NULL);
    wf_refusal_free(&text);
    wf_call_free(listing);
}

static void add(struct listing *listing, struct item item,
                struct wf_str name) {
    if (listing->count == listing->cap) {
        listing->cap = listing->cap ? listing->cap * 2 : 128;
        listing->items = wf_realloc(listing->items,
                                    listing->cap * sizeof(*listing->items));
    }
    item.name = wf_strndup(name.data, name.len);
    listing->items[listing->count++] = item;
}

static int newest_first(const void *a, const void *b) {
    const struct item *x = a, *y = b;
    if (x->start_ms != y->start_ms)
        return x->start_ms < y->start_ms ? 1 : -1;
    return x->id < y->id ? 1 : x->id > y->id ? -1 : 0;
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool is_seen(const struct listing *listing, uint64_t id) {
    return bsearch(&id, listing->seen, listing->seen_count, sizeof(id),
                   ascending) != NULL;
}

static void look_at(struct listing *listing, const struct wf_execution *e) {
    struct item item = {e->start_ms, e->stop_ms, e->id, e->status, NULL};
    listing->seen[listing->seen_count++] = e->id;
    if (e->id <= listing->since ||
        (e->deciding && !e->in_store && e->first_seq == 0))
        return; /* a predecessor's; its start is held back, not answered yet */
    if (!listing->status || listing->status == e->status)
        add(listing, item, wf_str(e->name));
}

/* Executions come and go while the rows are read: what memory shows is taken
 * once, and the rows of those are passed over. */
static void add_memory(struct listing *listing) {
    const struct wf_execution *e;
    size_t before = listing->count;
    listing->last_ms = listing->before_ms;
    listing->last_id = listing->before_id;
    listing->seen_count = 0;
    listing->wanted = listing->page + 1; /* of the rows, the newest */
    while (listing->seen_count < LOOKS && listing->count <= listing->page) {
        e = wf_table_before(&listing->engine->table, listing->machine->id,
                            listing->last_ms, listing->last_id);
        listing->is_last = e == NULL;
        if (!e)
            break;
        listing->last_ms = e->start_ms;
        listing->last_id = e->id;
        look_at(listing, e);
    }
    listing->wanted += listing->count - before;
    qsort(listing->seen, listing->seen_count, sizeof(*listing->seen),
          ascending);
}

static void answer(void *arg) {
    struct listing *listing = arg;
    size_t shown = listing->count < listing->page ? listing->count
                                                  : listing->page;
    struct wf_execution_reply *replies =
        wf_calloc(shown ? shown : 1, sizeof(*replies));
    struct wf_buf *arns = wf_calloc(shown ? shown : 1, sizeof(*arns));
    char token[48] = "";
    for (size_t i = 0; i < shown; i++) {
        const struct item *item = &listing->items[i];
        wf_buf_adds(&arns[i], listing->machine->execution_prefix);
        wf_buf_adds(&arns[i], item->name);
        replies[i] = (struct wf_execution_reply){
            .arn = {arns[i].data, arns[i].len},
            .name = wf_str(item->name),
            .state_machine_arn = wf_str(listing->machine->arn),
            .status = item->status,
            .start_ms = item->start_ms,
            .stop_ms = item->stop_ms,
        };
    }
    if (shown < listing->count)
        snprintf(token, sizeof(token), "%llx-%llx",
                 (unsigned long long)listing->items[shown - 1].start_ms,
                 (unsigned long long)listing->items[shown - 1].id);
    listing->reply(listing->arg, NULL, replies, shown, wf_str(token));
    for (size_t i = 0; i < shown; i++)
        wf_buf_free(&arns[i]);
    free(arns);
    free(replies);
    wf_call_free(listing);
}

static void scan(struct listing *listing);

static void begin_round(struct listing *listing) {
    add_memory(listing);
    scan(listing);
}

/* L row: status:1 duration:varint name. */
static void add_row(struct listing *listing, const struct wf_row *row) {
    struct wf_reader in = {row->value.data, row->value.data + row->value.len,
                           false};
    struct item item = {
        .start_ms = (int64_t)wf_key_u64(row->key, 4),
        .id = wf_key_u64(row->key, 12),
    };
    item.status = wf_read_u8(&in);
    int64_t duration = (int64_t)wf_read_varint(&in);
    struct wf_str name = wf_read_text(&in);
    if (item.status != WF_EXECUTION_RUNNING)
        item.stop_ms = item.start_ms + duration;
    listing->before_ms = item.start_ms;
    listing->before_id = item.id;
    if (in.bad || item.id <= listing->since || is_seen(listing, item.id) ||
        (listing->status && listing->status != item.status))
        return;
    add(listing, item, name);
}

static void rows_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct listing *listing = arg;
    listing->engine->loads--;
    if (wf_engine_read_failed(listing->engine, err))
        return;
    for (size_t i = 0; i < count && listing->count < listing->wanted; i++)
        add_row(listing, &rows[i]);
    /* Memory was added first, so the round's share doesn't count against the
     * page: only rows older than enough others can be left out. */
    if (more && listing->count < listing->wanted) {
        scan(listing);
        return;
    }
    if (listing->count <= listing->page && !listing->is_last) {
        listing->before_ms = listing->last_ms;
        listing->before_id = listing->last_id;
        begin_round(listing);
        return;
    }
    if (listing->count > 1)
        qsort(listing->items, listing->count, sizeof(*listing->items),
              newest_first);
    wf_engine_after(listing->engine, answer, listing);
}

static void scan(struct listing *listing) {
    struct wf_engine *engine = listing->engine;
    struct wf_key from =
        listing->is_last
            ? wf_key_list(engine->partition, listing->machine->id,
                          listing->machine->creation_ms, 0)
            : wf_key_list(engine->partition, listing->machine->id,
                          listing->last_ms, listing->last_id);
    struct wf_key to = wf_key_list(engine->partition, listing->machine->id,
                                   listing->before_ms, listing->before_id);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .reverse = true,
                             .max_rows = SCAN_ROWS};
    engine->loads++;
    wf_store_scan(engine->store, &range, rows_read, listing);
}

static void is_missing(void *arg) {
    struct listing *listing = arg;
    refuse(listing, "StateMachineDoesNotExist",
           "State Machine Does Not Exist: '%s'", wf_str(listing->arn));
}

static void is_wrong_type(void *arg) {
    refuse(arg, "StateMachineTypeNotSupported", WF_WRONG_MACHINE_TYPE,
           WF_STR_NULL);
}

static void with_machine(void *arg, struct wf_machine *machine) {
    struct listing *listing = arg;
    if (!machine || !machine->name) {
        wf_engine_after(listing->engine, is_missing, listing);
        return;
    }
    listing->machine = machine;
    listing->since = machine->head ? machine->head->since : 0;
    if (machine->express) {
        wf_engine_after(listing->engine, is_wrong_type, listing);
        return;
    }
    begin_round(listing);
}

static bool parse_token(struct listing *listing, struct wf_str token) {
    char text[48];
    unsigned long long start, id;
    int end = 0;
    listing->before_ms = INT64_MAX;
    listing->before_id = UINT64_MAX;
    if (token.len == 0)
        return true;
    if (token.len >= sizeof(text))
        return false;
    memcpy(text, token.data, token.len);
    text[token.len] = '\0';
    if (sscanf(text, "%16llx-%16llx%n", &start, &id, &end) != 2 ||
        (size_t)end != token.len)
        return false;
    listing->before_ms = (int64_t)start;
    listing->before_id = id;
    return true;
}

void wf_engine_list_executions(struct wf_engine *engine,
                               const struct wf_list_executions *ask,
                               wf_execution_list_fn *reply, void *arg) {
    struct listing *listing = wf_call_new(engine, sizeof(*listing), drop);
    struct wf_buf why = {0};
    struct wf_arn arn;
    listing->engine = engine;
    listing->arn = wf_strndup(ask->state_machine_arn.data,
                              ask->state_machine_arn.len);
    listing->status = ask->status;
    listing->page = ask->max_results ? ask->max_results : DEFAULT_PAGE;
    if (listing->page > LARGEST_PAGE)
        listing->page = LARGEST_PAGE;
    listing->reply = reply;
    listing->arg = arg;
    if (!wf_arn_read(wf_str(listing->arn), "stateMachine", NULL, &arn, &why))
        refuse(listing, "InvalidArn", "%s",
               (struct wf_str){why.data, why.len});
    else if (!parse_token(listing, ask->next_token))
        refuse(listing, "InvalidToken", WF_INVALID_TOKEN, WF_STR_NULL);
    else if (arn.rest.len)
        with_machine(listing, NULL);
    else
        wf_machine_by_name(engine, arn.name, with_machine, listing);
    wf_buf_free(&why);
}
