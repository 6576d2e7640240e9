/*
 * test_check_chain.c - hashes of histories: any byte that is altered, a
 * segment that is missing or exchanged is named; redriven executions, Map
 * children and what crashed fit; stores of earlier versions stay readable.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "checks.h"
#include "execution.h"
#include "lua_stdlib.h"
#include "map_runs.h"
#include "store_rows.h"

#define LARGE 150000
#define ITEMS 300
#define PADDING 500
#define FLIPS 25 /* of a long row */
#define SHORT_ROW 400

static const char flaky[] =
    "return { f = function(input, task)\n"
    "  if not task.idempotency_key:match('%-r%x+$') then\n"
    "    error({ Error = 'E', Cause = 'C' })\n"
    "  end\n"
    "  return input\n"
    "end }\n";
static const char fails_first[] =
    "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':'lua:t.f',"
    "'End':true}}}";

/* ---- a store ---- */

/* A history of some segments. */
static void run_long(struct rig *rig) {
    char *padding = branches_padding(PADDING);
    struct wf_buf machine = {0}, items = {0};
    wf_buf_addf(&machine,
                "{'StartAt':'M','States':{'M':{'Type':'Map',"
                "'MaxConcurrency':1,'End':true,'ItemProcessor':{"
                "'StartAt':'P','States':{'P':{'Type':'Pass','Result':'%.*s',"
                "'End':true}}}}}}", PADDING, padding + 1);
    wf_buf_u8(&machine, 0);
    for (int i = 0; i < ITEMS; i++)
        wf_buf_addf(&items, "%c%d", i ? ',' : '[', i);
    wf_buf_add(&items, "]", 2);
    struct rig_reply *end = rig_run(rig, machine.data, items.data);
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    free(padding);
    wf_buf_free(&machine);
    wf_buf_free(&items);
}

static void run_large(struct rig *rig) {
    char *input = calloc(1, LARGE + 3);
    memset(input, 'x', LARGE + 2);
    input[0] = input[LARGE + 1] = '"';
    rig_run(rig, "{'StartAt':'A','States':{" PASS("A") "}}", input);
    free(input);
}

static void run_redriven(struct rig *rig) {
    struct rig_reply *end = rig_run(rig, fails_first, "{'a':1}");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    rig_redrive(rig, end->arn);
    assert_int_equal(rig_end(rig, end->arn)->status,
                     WF_EXECUTION_SUCCEEDED);
}

static void run_children(struct rig *rig) {
    map_run(rig, MAP_MACHINE(STANDARD("A", PASS("A")), ""), "[1,2]",
            WF_EXECUTION_SUCCEEDED, "[1,2]");
}

static struct rig *fill(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", flaky);
    rig_open(rig);
    run_long(rig);
    run_large(rig);
    run_redriven(rig);
    run_children(rig);
    rig_close(rig);
    checks_assert_whole(rig);
    return rig;
}

/* ---- what is altered ---- */

static struct wf_buf copy_of(struct wf_str text) {
    struct wf_buf copy = {0};
    wf_buf_addstr(&copy, text);
    return copy;
}

/* Some finding of a history is about the execution. */
static bool is_named(struct wf_str key) {
    char execution[20];
    snprintf(execution, sizeof(execution), "%016llx",
             (unsigned long long)wf_key_u64(key, 0));
    for (unsigned i = 0; i < checks_report.count; i++)
        if (strchr("ESP", checks_report.findings[i].table) &&
            strstr(checks_report.findings[i].key, execution))
            return true;
    return false;
}

static void flip(struct rig *rig, struct wf_str key, struct wf_str value,
                 size_t at) {
    struct wf_buf altered = copy_of(value);
    altered.data[at] ^= (char)(1 << rand() % 8);
    rows_put(rig, key, (struct wf_str){altered.data, altered.len});
    checks_run(rig);
    if (!is_named(key))
        fail_msg("%c: byte %zu of %zu altered, and not named: %s",
                 key.data[2], at, value.len,
                 checks_report.count ? checks_report.findings[0].what
                                     : "no finding");
    wf_buf_free(&altered);
}

/* Each byte of short rows; of long ones the header, and some more. */
static void flip_bytes(struct rig *rig, struct wf_str key,
                       struct wf_str value) {
    if (value.len <= SHORT_ROW)
        for (size_t at = 0; at < value.len; at++)
            flip(rig, key, value, at);
    for (size_t i = 0; value.len > SHORT_ROW && i < FLIPS; i++)
        flip(rig, key, value, i < FLIPS / 2 ? i * 3
                                            : (size_t)rand() % value.len);
    rows_put(rig, key, value);
}

static void flip_table(struct rig *rig, char table) {
    struct rows_taken taken;
    rows_take(rig, table, &taken);
    assert_true(taken.count > 0);
    struct wf_reader keys = rows_reader(&taken.keys);
    struct wf_reader values = rows_reader(&taken.values);
    while (keys.at < keys.end) {
        struct wf_str key = wf_read_text(&keys);
        flip_bytes(rig, key, wf_read_text(&values));
    }
    wf_buf_free(&taken.keys);
    wf_buf_free(&taken.values);
}

static void an_altered_byte_is_named(void **state) {
    struct rig *rig = fill(state);
    assert_true(checks_report.chained >= 6);
    assert_int_equal(checks_report.unchained, 0);
    for (const char *table = "ESP"; *table; table++)
        flip_table(rig, *table);
    checks_assert_whole(rig);
    rig_open(rig);
}

/* ---- segments that are not where they were ---- */

struct segment {
    struct wf_str key, value;
};

/* Of the execution that has most. */
static size_t long_segments(const struct rows_taken *taken,
                            struct segment *segments, size_t most) {
    struct wf_reader keys = rows_reader(&taken->keys);
    struct wf_reader values = rows_reader(&taken->values);
    uint64_t last = 0;
    size_t count = 0;
    while (keys.at < keys.end) {
        struct wf_str key = wf_read_text(&keys);
        struct wf_str value = wf_read_text(&values);
        if (wf_key_u64(key, 0) != last && count < 3)
            count = 0;
        else if (wf_key_u64(key, 0) != last)
            break;
        last = wf_key_u64(key, 0);
        assert_true(count < most);
        segments[count++] = (struct segment){key, value};
    }
    assert_true(count >= 3);
    return count;
}

static void expect(struct rig *rig, const struct segment *segment,
                   const char *what) {
    assert_true(checks_run(rig) > 0);
    assert_true(is_named(segment->key));
    for (unsigned i = 0; i < checks_report.count; i++)
        if (strstr(checks_report.findings[i].what, what))
            return;
    fail_msg("%s", checks_report.findings[0].what);
}

static void a_missing_or_exchanged_segment_is_named(void **state) {
    struct rig *rig = fill(state);
    struct segment s[64];
    struct rows_taken taken;
    rows_take(rig, 'S', &taken);
    size_t count = long_segments(&taken, s, 64);
    for (size_t i = 0; i < count; i++) {
        rows_put(rig, s[i].key, WF_STR_NULL);
        expect(rig, &s[i], "lost");
        rows_put(rig, s[i].key, s[(i + 1) % count].value);
        expect(rig, &s[i], "begins with event");
        rows_put(rig, s[i].key, s[i].value);
    }
    checks_assert_whole(rig);
    wf_buf_free(&taken.keys);
    wf_buf_free(&taken.values);
    rig_open(rig);
}

/* One of an execution that did the same, but began later. */
static void what_belongs_to_another_is_named(void **state) {
    struct rig *rig = *state;
    struct segment one[64], other[64];
    struct rows_taken taken;
    rig_open(rig);
    run_long(rig);
    run_long(rig);
    rig_close(rig);
    checks_assert_whole(rig);
    rows_take(rig, 'S', &taken);
    size_t count = long_segments(&taken, one, 64);
    if (count == 0)
        return; /* (for the analyzer) */
    size_t skipped = (size_t)(one[count - 1].value.data +
                              one[count - 1].value.len - taken.values.data);
    struct rows_taken rest = taken;
    rest.values.data += skipped;
    rest.values.len -= skipped;
    size_t keys = (size_t)(one[count - 1].key.data + one[count - 1].key.len -
                           taken.keys.data);
    rest.keys.data += keys;
    rest.keys.len -= keys;
    size_t others = long_segments(&rest, other, 64);
    for (size_t i = 0; i < count && i < others; i++) {
        if (wf_key_u64(one[i].key, 8) != wf_key_u64(other[i].key, 8))
            continue; /* cut elsewhere; the first is always 1 */
        rows_put(rig, one[i].key, other[i].value);
        expect(rig, &one[i], "altered: events");
        rows_put(rig, one[i].key, one[i].value);
    }
    checks_assert_whole(rig);
    wf_buf_free(&taken.keys);
    wf_buf_free(&taken.values);
    rig_open(rig);
}

/* ---- earlier versions ---- */

/* As it was written before there were chains. */
static void make_old_execution(struct rig *rig, struct wf_str key,
                               struct wf_str value) {
    struct wf_reader in = {value.data, value.data + value.len, false};
    struct wf_execution_image image = {0};
    struct wf_buf old = {0};
    assert_true(wf_execution_decode(&in, &image));
    assert_true(image.chain_from > 0 && image.chain_from < 128);
    size_t len = (size_t)(image.chain_head.data - value.data) - 1;
    wf_buf_add(&old, value.data, len);
    old.data[0] = WF_IMAGE_CHAINED - 1;
    wf_buf_add(&old, in.at, (size_t)(in.end - in.at));
    rows_put(rig, key, (struct wf_str){old.data, old.len});
    wf_buf_free(&old);
}

static void make_old_segment(struct rig *rig, struct wf_str key,
                             struct wf_str value) {
    struct wf_tail_cursor cursor;
    uint64_t events;
    struct wf_buf old = {0};
    assert_true(wf_segment_walk(value, 0, &cursor, &events));
    assert_non_null(cursor.link);
    struct wf_tail tail = {
        .bytes = {.data = (char *)cursor.reader.at,
                  .len = (size_t)(cursor.reader.end - cursor.reader.at)},
        .first_event = cursor.next_event,
        .next_event = cursor.next_event + events};
    wf_tail_segment(&tail, NULL, &old);
    rows_put(rig, key, (struct wf_str){old.data, old.len});
    wf_buf_free(&old);
}

static void make_old(struct rig *rig) {
    for (const char *table = "ES"; *table; table++) {
        struct rows_taken taken;
        rows_take(rig, *table, &taken);
        struct wf_reader keys = rows_reader(&taken.keys);
        struct wf_reader values = rows_reader(&taken.values);
        while (keys.at < keys.end) {
            struct wf_str key = wf_read_text(&keys);
            struct wf_str value = wf_read_text(&values);
            if (*table == 'S')
                make_old_segment(rig, key, value);
            else
                make_old_execution(rig, key, value);
        }
        wf_buf_free(&taken.keys);
        wf_buf_free(&taken.values);
    }
}

static void earlier_versions_are_not_chained(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", flaky);
    rig_open(rig);
    run_long(rig);
    struct rig_reply *failed = rig_run(rig, fails_first, "{'a':1}");
    char *before = strdup(rig_history(rig, failed->arn));
    rig_close(rig);
    make_old(rig);
    checks_assert_whole(rig);
    assert_int_equal(checks_report.unchained, 2);
    assert_int_equal(checks_report.chained, 0);
    rig_open(rig);
    assert_string_equal(rig_history(rig, failed->arn), before);
    rig_redrive(rig, failed->arn);
    assert_int_equal(rig_end(rig, failed->arn)->status,
                     WF_EXECUTION_SUCCEEDED);
    rig_close(rig);
    checks_assert_whole(rig); /* what has come since is */
    assert_int_equal(checks_report.unchained, 2);
    assert_int_equal(checks_report.chained, 1);
    free(before);
    rig_open(rig);
}

/* Links can't be taken away from a history that has them. */
static void a_chain_cannot_be_taken_from_a_segment(void **state) {
    struct rig *rig = fill(state);
    struct rows_taken taken;
    rows_take(rig, 'S', &taken);
    struct wf_reader keys = rows_reader(&taken.keys);
    struct wf_reader values = rows_reader(&taken.values);
    while (keys.at < keys.end) {
        struct segment s = {.key = wf_read_text(&keys)};
        s.value = wf_read_text(&values);
        make_old_segment(rig, s.key, s.value);
        expect(rig, &s, "lost their hash");
        rows_put(rig, s.key, s.value);
    }
    checks_assert_whole(rig);
    wf_buf_free(&taken.keys);
    wf_buf_free(&taken.values);
    rig_open(rig);
}

/* ---- what goes on ---- */

static void crashes_break_no_chain(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", flaky);
    rig_open(rig);
    for (unsigned i = 0; i < 8; i++) {
        run_redriven(rig);
        char *padding = branches_padding(PADDING);
        rig_machine(rig, "wide", "{'StartAt':'M','States':{'M':{'Type':"
                    "'Map','End':true,'ItemsPath':'$.i','ItemProcessor':{"
                    "'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':1,"
                    "'Next':'P'}," PASS("P") "}}}}}");
        struct wf_buf items = {0};
        wf_buf_adds(&items, "{\"i\":[1");
        for (int k = 0; k < ITEMS; k++)
            wf_buf_addf(&items, ",%s", padding);
        wf_buf_add(&items, "]}", 3);
        rig_start(rig, NULL, items.data);
        rig_turns(rig, 20 * i);
        rig_crash(rig);
        checks_assert_whole(rig);
        rig_open(rig);
        free(padding);
        wf_buf_free(&items);
    }
    rig_close(rig);
    checks_assert_whole(rig);
    assert_int_equal(checks_report.unchained, 0);
    rig_open(rig);
}

#define CHAIN_TEST(test) \
    {#test, test, rig_setup, rig_teardown, &rig_lmdb}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        CHAIN_TEST(an_altered_byte_is_named),
        CHAIN_TEST(a_missing_or_exchanged_segment_is_named),
        CHAIN_TEST(what_belongs_to_another_is_named),
        CHAIN_TEST(earlier_versions_are_not_chained),
        CHAIN_TEST(a_chain_cannot_be_taken_from_a_segment),
        CHAIN_TEST(crashes_break_no_chain),
    };
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
