/*
 * listing.c - ListExecutions: newest first, rows merged with memory.
 *
 * A row of table L, or for a child execution of a Map Run of table C, is
 * written when an execution is packed; one that is in memory shows its state
 * from there. Those of a version or an alias have a row of table W besides,
 * which is like that of L. The token is the place of the last one shown:
 * start and id; of children 0 and id.
 *
 * A list is made in rounds, from new to old, until the page is full. Each
 * looks at so many executions in memory, and then reads the rows down to the
 * place that it has come to, so that no round keeps the loop for long.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "qualifiers.h"
#include "refusal.h"

#define DEFAULT_PAGE 100
#define LARGEST_PAGE 1000
#define SCAN_ROWS 1000
#define LOOKS 1000 /* at executions in memory, a round */

struct item {
    int64_t start_ms, stop_ms;
    int64_t place_ms; /* start_ms; of a child 0 */
    uint64_t id;
    uint64_t items; /* of a child */
    uint32_t redrives;
    int64_t redrive_ms;
    enum wf_execution_status status;
    uint32_t version; /* 0: none */
    char *name, *alias; /* NULL: none */
};

struct listing {
    struct wf_engine *engine;
    char *arn;
    enum wf_execution_status status;
    enum wf_redrive_filter redriven;
    unsigned page;
    int64_t before_ms; /* show what is older than this place */
    uint64_t before_id;
    int64_t last_ms;   /* the round comes down to this place */
    uint64_t last_id;
    bool is_last;      /* there is nothing below it */
    struct wf_machine *machine;
    struct wf_map_run *run; /* whose children are listed; NULL: all others */
    char *qualifier;  /* a version or an alias: list its; NULL: all */
    uint32_t version; /* the number that it is; 0: none */
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
    for (size_t i = 0; i < listing->count; i++) {
        free(listing->items[i].name);
        free(listing->items[i].alias);
    }
    free(listing->items);
    free(listing->qualifier);
    free(listing->arn);
    wf_map_run_free(listing->run);
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
                struct wf_str name, struct wf_str alias) {
    if (listing->count == listing->cap) {
        listing->cap = listing->cap ? listing->cap * 2 : 128;
        listing->items = wf_realloc(listing->items,
                                    listing->cap * sizeof(*listing->items));
    }
    item.name = wf_strndup(name.data, name.len);
    if (alias.len)
        item.alias = wf_strndup(alias.data, alias.len);
    listing->items[listing->count++] = item;
}

static int newest_first(const void *a, const void *b) {
    const struct item *x = a, *y = b;
    if (x->place_ms != y->place_ms)
        return x->place_ms < y->place_ms ? 1 : -1;
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

/* Whether it is one of those of the version, or the alias. */
static bool is_qualified(const struct listing *listing,
                         const struct wf_execution *e) {
    if (!listing->qualifier)
        return true;
    return listing->version
               ? e->version == listing->version
               : e->alias && strcmp(e->alias, listing->qualifier) == 0;
}

/* One that has failed, and its run has been redriven, but not it yet. */
static void set_pending(const struct listing *listing, struct item *item) {
    bool failed = item->status != WF_EXECUTION_RUNNING &&
                  item->status != WF_EXECUTION_SUCCEEDED;
    if (listing->run && failed &&
        wf_map_run_will_redrive(listing->run, item->id)) {
        item->status = WF_EXECUTION_PENDING_REDRIVE;
        item->stop_ms = 0;
    }
}

static bool is_wanted(const struct listing *listing,
                      const struct item *item) {
    if (listing->redriven != WF_REDRIVE_ANY &&
        (listing->redriven == WF_REDRIVEN) != (item->redrives > 0))
        return false;
    return !listing->status || listing->status == item->status;
}

static void look_at(struct listing *listing, const struct wf_execution *e) {
    struct item item = {
        .start_ms = e->start_ms,
        .stop_ms = e->stop_ms,
        .place_ms = e->map_child ? 0 : e->start_ms,
        .id = e->id,
        .items = e->map_child ? e->map_child->items : 0,
        .status = e->status,
        .version = e->version,
    };
    listing->seen[listing->seen_count++] = e->id;
    if (e->id <= listing->since || !is_qualified(listing, e) ||
        (e->deciding && !e->in_store && e->first_seq == 0))
        return; /* not of this list; or its start is held back, not answered
                   yet */
    if (e->deciding) { /* so may its end be */
        item.status = WF_EXECUTION_RUNNING;
        item.stop_ms = 0;
    }
    if (e->redrives) {
        item.redrives = e->redrives->count;
        item.redrive_ms = e->redrives->last_ms;
    }
    set_pending(listing, &item);
    if (is_wanted(listing, &item))
        add(listing, item, wf_str(e->name), wf_str(e->alias));
}

/* A place in the list, of executions in memory. */
static struct wf_place place_at(const struct listing *listing,
                                int64_t place_ms, uint64_t id) {
    const struct wf_map_run *run = listing->run;
    return (struct wf_place){.machine = listing->machine->id,
                             .parent = run ? run->parent : 0,
                             .run = run ? run->number : 0,
                             .start_ms = place_ms,
                             .id = id};
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
        struct wf_place place =
            place_at(listing, listing->last_ms, listing->last_id);
        e = wf_table_before(&listing->engine->table, &place);
        listing->is_last = e == NULL;
        if (!e)
            break;
        listing->last_ms = e->map_child ? 0 : e->start_ms;
        listing->last_id = e->id;
        look_at(listing, e);
    }
    listing->wanted += listing->count - before;
    qsort(listing->seen, listing->seen_count, sizeof(*listing->seen),
          ascending);
}

/* What the ARNs of executions begin with, and those of what they are of. */
static void set_arns(const struct listing *listing, struct wf_buf *prefix,
                     struct wf_buf *machine_arn, struct wf_buf *run_arn) {
    const struct wf_machine *machine = listing->machine;
    const struct wf_map_run *run = listing->run;
    struct wf_str arn = wf_str(machine->arn);
    if (!run) {
        wf_buf_adds(prefix, machine->execution_prefix);
        wf_buf_addstr(machine_arn, arn);
        return;
    }
    wf_map_child_prefix(arn, wf_str(run->label), run->express, prefix);
    wf_labelled_arn(arn, wf_str(run->label), machine_arn);
    wf_map_run_arn(run, arn, run_arn);
}

/* ARNs of an execution that is shown. */
struct shown_arns {
    struct wf_buf execution, version, alias;
};

static void item_arns(const struct item *item, const struct wf_buf *prefix,
                      const struct wf_buf *machine_arn,
                      struct shown_arns *arns) {
    wf_buf_add(&arns->execution, prefix->data, prefix->len);
    wf_buf_adds(&arns->execution, item->name);
    if (item->version) {
        wf_buf_add(&arns->version, machine_arn->data, machine_arn->len);
        wf_buf_addf(&arns->version, ":%u", (unsigned)item->version);
    }
    if (item->alias) {
        wf_buf_add(&arns->alias, machine_arn->data, machine_arn->len);
        wf_buf_addf(&arns->alias, ":%s", item->alias);
    }
}

static void free_arns(struct shown_arns *arns, size_t count) {
    for (size_t i = 0; i < count; i++) {
        wf_buf_free(&arns[i].execution);
        wf_buf_free(&arns[i].version);
        wf_buf_free(&arns[i].alias);
    }
    free(arns);
}

static void answer(void *arg) {
    struct listing *listing = arg;
    size_t shown = listing->count < listing->page ? listing->count
                                                  : listing->page;
    struct wf_execution_reply *replies =
        wf_calloc(shown ? shown : 1, sizeof(*replies));
    struct shown_arns *arns = wf_calloc(shown ? shown : 1, sizeof(*arns));
    struct wf_buf prefix = {0}, machine_arn = {0}, run_arn = {0};
    char token[48] = "";
    set_arns(listing, &prefix, &machine_arn, &run_arn);
    for (size_t i = 0; i < shown; i++) {
        const struct item *item = &listing->items[i];
        item_arns(item, &prefix, &machine_arn, &arns[i]);
        replies[i] = (struct wf_execution_reply){
            .arn = {arns[i].execution.data, arns[i].execution.len},
            .name = wf_str(item->name),
            .state_machine_arn = {machine_arn.data, machine_arn.len},
            .state_machine_version_arn = {arns[i].version.data,
                                          arns[i].version.len},
            .state_machine_alias_arn = {arns[i].alias.data,
                                        arns[i].alias.len},
            .map_run_arn = {run_arn.data, run_arn.len},
            .item_count = item->items,
            .status = item->status,
            .start_ms = item->start_ms,
            .stop_ms = item->stop_ms,
            .redrive_count = item->redrives,
            .redrive_ms = item->redrive_ms,
        };
    }
    if (shown < listing->count)
        snprintf(token, sizeof(token), "%llx-%llx",
                 (unsigned long long)listing->items[shown - 1].place_ms,
                 (unsigned long long)listing->items[shown - 1].id);
    listing->reply(listing->arg, NULL, replies, shown, wf_str(token));
    free_arns(arns, shown);
    wf_buf_free(&prefix);
    wf_buf_free(&machine_arn);
    wf_buf_free(&run_arn);
    free(replies);
    wf_call_free(listing);
}

static void scan(struct listing *listing);

static void begin_round(struct listing *listing) {
    add_memory(listing);
    scan(listing);
}

/* L row: status:1 duration:varint name, and if it was started with a version
 * that:varint alias; W row: the same; C row: start:varint items:varint
 * behind the name. If it has been redriven, version (or 0) and alias are
 * there, and count:varint time:varint behind them. */
static void add_row(struct listing *listing, const struct wf_row *row) {
    struct wf_reader in = {row->value.data, row->value.data + row->value.len,
                           false};
    const size_t place = listing->qualifier /* of start and id in the key */
                             ? 4 + strlen(listing->qualifier) + 1
                             : 4;
    struct item item = {.id = wf_key_u64(row->key, place + 8)};
    struct wf_str alias = WF_STR_NULL;
    item.status = wf_read_u8(&in);
    int64_t duration = (int64_t)wf_read_varint(&in);
    struct wf_str name = wf_read_text(&in);
    if (listing->run) {
        item.start_ms = (int64_t)wf_read_varint(&in);
        item.items = wf_read_varint(&in);
    } else {
        item.start_ms = item.place_ms = (int64_t)wf_key_u64(row->key, place);
        if (in.at < in.end) {
            item.version = (uint32_t)wf_read_varint(&in);
            alias = wf_read_text(&in);
            alias = item.version ? alias : WF_STR_NULL;
        }
    }
    if (item.status != WF_EXECUTION_RUNNING)
        item.stop_ms = item.start_ms + duration;
    listing->before_ms = item.place_ms;
    listing->before_id = item.id;
    if (in.at < in.end) {
        item.redrives = (uint32_t)wf_read_varint(&in);
        item.redrive_ms = (int64_t)wf_read_varint(&in);
    }
    set_pending(listing, &item);
    if (in.bad || item.id <= listing->since || is_seen(listing, item.id) ||
        !is_wanted(listing, &item))
        return;
    add(listing, item, name, alias);
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

static struct wf_key key_of(const struct listing *listing, int64_t place_ms,
                            uint64_t id) {
    uint16_t partition = listing->engine->partition;
    const struct wf_map_run *run = listing->run;
    if (listing->qualifier)
        return wf_key_qualified(partition, listing->machine->id,
                                wf_str(listing->qualifier), place_ms, id);
    return run ? wf_key_child(partition, run->parent, run->number, id)
               : wf_key_list(partition, listing->machine->id, place_ms, id);
}

static void scan(struct listing *listing) {
    struct wf_engine *engine = listing->engine;
    struct wf_key from =
        listing->is_last
            ? key_of(listing, listing->machine->creation_ms, 0)
            : key_of(listing, listing->last_ms, listing->last_id);
    struct wf_key to =
        key_of(listing, listing->before_ms, listing->before_id);
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

static void with_qualified(void *arg, const struct wf_qualified *found) {
    struct listing *listing = arg;
    listing->version = wf_arn_version(wf_str(listing->qualifier));
    with_machine(listing, found ? found->machine : NULL);
}

static void run_found(void *arg, const struct wf_map_run_found *found) {
    struct listing *listing = arg;
    if (!found) {
        refuse(listing, "ResourceNotFound", WF_NO_MAP_RUN,
               wf_str(listing->arn));
        return;
    }
    listing->machine = found->machine;
    listing->run = wf_map_run_copy(found->run);
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

static void find_machine(struct listing *listing) {
    struct wf_refusal_text label = {0};
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (!wf_arn_read(wf_str(listing->arn), "stateMachine", NULL, &arn,
                     &why)) {
        refuse(listing, "InvalidArn", "%s",
               (struct wf_str){why.data, why.len});
    } else if (wf_refusal_label(&label, wf_str(listing->arn))) {
        listing->reply(listing->arg, &label.refusal, NULL, 0, WF_STR_NULL);
        wf_call_free(listing);
    } else if (arn.rest.len) {
        listing->qualifier = wf_strndup(arn.rest.data, arn.rest.len);
        wf_machine_by_arn(listing->engine, &arn, false, with_qualified,
                          listing);
    } else {
        wf_machine_by_name(listing->engine, arn.name, with_machine, listing);
    }
    wf_refusal_free(&label);
    wf_buf_free(&why);
}

static void find_run(struct listing *listing) {
    struct wf_buf why = {0};
    if (!wf_map_run_find(listing->engine, wf_str(listing->arn), &why,
                         run_found, listing))
        refuse(listing, "InvalidArn", "%s",
               (struct wf_str){why.data, why.len});
    wf_buf_free(&why);
}

void wf_engine_list_executions(struct wf_engine *engine,
                               const struct wf_list_executions *ask,
                               wf_execution_list_fn *reply, void *arg) {
    struct listing *listing = wf_call_new(engine, sizeof(*listing), drop);
    bool of_run = ask->map_run_arn.data != NULL;
    struct wf_str arn = of_run ? ask->map_run_arn : ask->state_machine_arn;
    listing->engine = engine;
    listing->arn = wf_strndup(arn.data, arn.len);
    listing->status = ask->status;
    listing->redriven = ask->redriven;
    listing->page = ask->max_results ? ask->max_results : DEFAULT_PAGE;
    if (listing->page > LARGEST_PAGE)
        listing->page = LARGEST_PAGE;
    listing->reply = reply;
    listing->arg = arg;
    if (!parse_token(listing, ask->next_token))
        refuse(listing, "InvalidToken", WF_INVALID_TOKEN, WF_STR_NULL);
    else if (of_run)
        find_run(listing);
    else
        find_machine(listing);
}
