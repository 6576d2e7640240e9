/* check.c - whether a store is what the engine expects. See check.h. */
#include "check_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const names[256] = {
    ['J'] = "journal",          ['E'] = "executions, frames",
    ['S'] = "history segments", ['O'] = "results",
    ['P'] = "large payloads",   ['N'] = "names",
    ['L'] = "lists",            ['T'] = "timers",
    ['K'] = "checkpoints",      ['M'] = "state machines",
    ['R'] = "revisions",        ['V'] = "versions",
    ['I'] = "aliases",          ['W'] = "lists by version",
    ['A'] = "activities",       ['Q'] = "tasks to poll for",
    ['G'] = "Map Runs",         ['C'] = "child executions",
    ['B'] = "handlers",         ['H'] = "schedules",
    ['U'] = "schedule groups",  ['D'] = "due schedules",
    ['Z'] = "being removed",    ['Y'] = "backup mark",
    ['X'] = "process groups",   ['F'] = "notifications",
};

const char *wf_check_table_name(char table) {
    return names[(uint8_t)table];
}

/* ---- findings ---- */

/* Names may be cut, but not within a character. */
static void copy_text(char *to, size_t size, struct wf_str text) {
    struct wf_str cut = wf_str_clip(text, size - 1);
    if (cut.len)
        memcpy(to, cut.data, cut.len);
    to[cut.len] = '\0';
}

static void describe(struct wf_str key, char *to, size_t size) {
    struct wf_buf text = {0};
    if (key.len >= 3)
        wf_key_describe(key, &text);
    copy_text(to, size, (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

void check_wrong(struct check *check, struct wf_str key, const char *format,
                 ...) {
    struct wf_check_report *report = check->report;
    char table = '\0';
    va_list args;

    if (key.len >= 3)
        table = key.data[2];
    struct wf_check_table *of = &report->tables[(uint8_t)table];
    report->wrong++;
    if (of->wrong++ >= WF_CHECK_OF_TABLE ||
        report->count == WF_CHECK_FINDINGS)
        return;
    struct wf_check_finding *finding = &report->findings[report->count];
    finding->table = table;
    describe(key, finding->key, sizeof(finding->key));
    va_start(args, format);
    vsnprintf(finding->what, sizeof(finding->what), format, args);
    va_end(args);
    report->count++;
}

void check_left(struct check *check, struct wf_str key) {
    check->report->left++;
    check->report->tables[(uint8_t)key.data[2]].left++;
}

/* ---- reading ---- */

static bool has_form(struct check *check, struct wf_str key, char table) {
    struct wf_buf text = {0};
    bool good = wf_key_describe(key, &text) && key.data[0] == 0 &&
                key.data[1] == 0 && key.data[2] == table;
    wf_buf_free(&text);
    if (!good)
        check_wrong(check, key, "this key has not the form of its table; "
                    "nobody finds the row");
    return good;
}

/* Formatting each key would be most of the work: of those with a fixed form
 * the length says it all. */
static bool is_fixed(struct wf_str key, char table) {
    static const uint8_t lengths[256] = {
        ['J'] = 11, ['S'] = 19, ['O'] = 19, ['P'] = 23, ['L'] = 23,
        ['T'] = 23, ['K'] = 15, ['R'] = 11, ['V'] = 11, ['Q'] = 31,
        ['G'] = 15, ['C'] = 23, ['Z'] = 11,
    };
    if (key.len < 3 || key.data[0] || key.data[1] || key.data[2] != table)
        return false;
    if (table == 'E')
        return key.len == 11 || key.len == 15;
    if (table == 'N' || table == 'I')
        return key.len > 7;
    return key.len == lengths[(uint8_t)table];
}

bool check_next(struct check *check, struct wf_view_cursor *cursor,
                char table, struct wf_row *row) {
    struct wf_check_report *report = check->report;
    struct wf_check_table *of = &report->tables[(uint8_t)table];
    struct wf_error err;
    int got;

    report->at_table = table;
    while ((got = wf_view_next(cursor, row, &err)) > 0) {
        uint64_t bytes = row->key.len + row->value.len;
        of->rows++;
        of->bytes += bytes;
        report->rows++;
        report->bytes += bytes;
        if (of->rows % 1024 == 1)
            describe(row->key, report->at_key, sizeof(report->at_key));
        if (is_fixed(row->key, table) || has_form(check, row->key, table))
            return true;
    }
    if (got < 0)
        check_wrong(check, (struct wf_str){(char[]){0, 0, table}, 3},
                    "the pages of this table are damaged (%s): rows behind "
                    "row %llu can't be read", err.message,
                    (unsigned long long)of->rows);
    return false;
}

bool check_has(struct check *check, const struct wf_key *key,
               struct wf_str *value) {
    struct wf_str ignored;
    return wf_view_get(check->view, wf_key_str(key),
                       value ? value : &ignored);
}

bool check_match(struct check *check, const struct wf_key *key,
                 struct wf_str *value) {
    bool found = check_has(check, key, value);
    check->matched[(uint8_t)key->data[2]] += found;
    return found;
}

struct wf_key check_key(char table, uint64_t execution) {
    struct wf_key key = wf_key_execution(0, execution);
    key.data[2] = table;
    return key;
}

struct wf_execution *check_active(const struct check *check, uint64_t id) {
    return wf_table_by_id(&check->engine->table, id);
}

/* ---- the journal ---- */

static struct wf_engine *engine_new(void) {
    struct wf_engine *engine = wf_calloc(1, sizeof(*engine));
    engine->region = engine->account = (char *)"";
    wf_list_init(&engine->unpacked);
    wf_list_init(&engine->idle);
    wf_list_init(&engine->redrives);
    wf_machines_init(engine);
    return engine;
}

static void engine_free(struct wf_engine *engine) {
    while (!wf_list_is_empty(&engine->unpacked))
        wf_execution_drop(engine, WF_ENTRY(engine->unpacked.next,
                                           struct wf_execution,
                                           unpacked_link));
    wf_table_free(&engine->table);
    wf_machines_free(engine);
    free(engine);
}

static void note_loose(void *arg, uint64_t execution, bool is_packed) {
    struct check *check = arg;
    struct wf_buf *loose = &check->loose;
    uint64_t *ids = (uint64_t *)(void *)loose->data;
    size_t count = loose->len / sizeof(*ids), at = 0;
    while (at < count && ids[at] != execution)
        at++;
    if (at == count && !is_packed) {
        wf_buf_add(loose, &execution, sizeof(execution));
    } else if (at < count && is_packed) {
        ids[at] = ids[count - 1];
        loose->len -= sizeof(*ids);
    }
}

static void say_loose(struct check *check) {
    const uint64_t *ids = (const uint64_t *)(const void *)check->loose.data;
    for (size_t i = 0; i < check->loose.len / sizeof(*ids); i++) {
        struct wf_key key = wf_key_execution(0, ids[i]);
        check_wrong(check, wf_key_str(&key),
                    "the journal goes on with this execution, but the record "
                    "it begins with is missing: what it did last is lost");
    }
}

static int compare_ids(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void sort_active(struct check *check) {
    const struct wf_table *table = &check->engine->table;
    check->active = wf_calloc(table->count + 1, sizeof(uint64_t));
    for (size_t i = 0; i < table->size; i++)
        for (struct wf_execution *e = table->by_id[i]; e; e = e->id_next)
            check->active[check->active_count++] = e->id;
    qsort(check->active, check->active_count, sizeof(uint64_t), compare_ids);
    check->report->journal_executions = check->active_count;
}

static void check_journal(struct check *check) {
    struct wf_error err = {.code = WF_OK};
    struct wf_journal_reader reader = {.engine = check->engine,
                                       .err = &err,
                                       .loose = note_loose,
                                       .arg = check};
    struct wf_view_cursor *cursor = wf_view_scan(check->view, 'J');
    struct wf_row row;

    while (check_next(check, cursor, 'J', &row)) {
        if (check->journal_is_broken ||
            wf_journal_apply(&reader, wf_key_u64(row.key, 0), row.value))
            continue;
        check->journal_is_broken = true;
        check_wrong(check, row.key,
                    "%s; an engine does not start on this store, and what "
                    "follows can't be compared", err.message);
    }
    wf_view_scan_end(cursor);
    if (!check->journal_is_broken)
        say_loose(check);
    sort_active(check);
}

/* ---- the whole ---- */

static void note_store(struct check *check) {
    struct wf_check_report *report = check->report;
    struct wf_view_info info;
    wf_view_info(check->view, &info);
    report->format = info.format;
    report->is_live = info.is_live;
    memcpy(report->holder, info.holder, sizeof(report->holder));
    report->log_records = info.log_records;
    report->log_bytes = info.log_bytes;
    report->file_bytes = info.file_bytes;
}

/* Tables that nobody knows are of a later version; rows that a scan has not
 * seen are behind damaged pages. */
static void check_counts(struct check *check) {
    for (int i = 1; i < 256; i++) {
        uint64_t rows = wf_view_rows(check->view, (char)i);
        const struct wf_check_table *table = &check->report->tables[i];
        struct wf_key key = wf_key_table(0, (char)i);
        if (rows && !names[i])
            check_wrong(check, wf_key_str(&key), "there is no such table: "
                        "its %llu rows are of another version",
                        (unsigned long long)rows);
        else if (rows != table->rows)
            check_wrong(check, wf_key_str(&key),
                        "the database counts %llu rows, and has %llu: pages "
                        "of this table are damaged",
                        (unsigned long long)rows,
                        (unsigned long long)table->rows);
    }
}

int wf_check_store(const char *directory, const struct wf_check_watch *watch,
                   struct wf_check_report *report, struct wf_error *err) {
    struct check check = {.report = report, .watch = watch};

    if (wf_view_open(directory, &check.view, err) != 0)
        return -1;
    check.engine = engine_new();
    check.nobody = wf_execution_new();
    check.hash = wf_hash_new();
    note_store(&check);
    check_journal(&check);
    check_tables(&check);
    check_executions(&check);
    if (watch)
        watch->end(watch->arg);
    check_lists(&check);
    check_counts(&check);
    report->at_table = '\0';
    wf_execution_free(check.nobody);
    wf_hash_free(check.hash);
    engine_free(check.engine);
    free(check.active);
    free(check.machines);
    free(check.history.known);
    wf_buf_free(&check.history.pieces);
    wf_buf_free(&check.loose);
    wf_buf_free(&check.activities);
    wf_view_close(check.view);
    return 0;
}
