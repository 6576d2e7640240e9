/* map_runs.c - see map_runs.h. */
#include "map_runs.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define CHECKED_CHILDREN 10 /* of a run, besides being counted */

/* ARNs of runs, or of children, newest first. */
struct listed {
    bool done;
    struct wf_buf lines;  /* of runs */
    char **arns;
    size_t count;
    struct wf_map_run_counts executions;
    enum wf_execution_status status;
    uint64_t found[WF_EXECUTION_ABORTED + 1]; /* by status, of children */
    char token[80];
};

static void add_arn(struct listed *listed, struct wf_str arn) {
    listed->arns = wf_realloc(listed->arns,
                              (listed->count + 1) * sizeof(char *));
    listed->arns[listed->count++] = wf_strndup(arn.data, arn.len);
}

static void free_listed(struct listed *listed) {
    for (size_t i = 0; i < listed->count; i++)
        free(listed->arns[i]);
    free(listed->arns);
    wf_buf_free(&listed->lines);
}

static void add_line(struct wf_buf *text, const char *what,
                     const struct wf_map_run_counts *c) {
    wf_buf_addf(text,
                " %s %" PRIu64 "+%" PRIu64 "+%" PRIu64 "+%" PRIu64
                "+%" PRIu64 "+%" PRIu64,
                what, c->pending, c->running, c->succeeded, c->failed,
                c->timed_out, c->aborted);
}

static void on_list(void *arg, const struct wf_refusal *refusal,
                    const struct wf_map_run_reply *runs, size_t count,
                    struct wf_str token) {
    struct listed *listed = arg;
    assert_null(refusal);
    assert_int_equal(token.len, 0);
    for (size_t i = 0; i < count; i++) {
        add_arn(listed, runs[i].arn);
        wf_buf_adds(&listed->lines, wf_execution_status_name(runs[i].status));
        add_line(&listed->lines, "items", &runs[i].items);
        add_line(&listed->lines, "executions", &runs[i].executions);
        wf_buf_u8(&listed->lines, '\n');
    }
    listed->done = true;
}

static void list_runs(struct rig *rig, const char *arn,
                      struct listed *runs) {
    const struct wf_list_map_runs ask = {.execution_arn = wf_str(arn),
                                         .max_results = 1000};
    wf_engine_list_map_runs(rig->engine, &ask, on_list, runs);
    rig_until(rig, &runs->done);
    wf_buf_u8(&runs->lines, 0);
}

static void on_children(void *arg, const struct wf_refusal *refusal,
                        const struct wf_execution_reply *children,
                        size_t count, struct wf_str token) {
    struct listed *listed = arg;
    assert_null(refusal);
    for (size_t i = 0; i < count; i++) {
        add_arn(listed, children[i].arn);
        listed->found[children[i].status]++;
    }
    snprintf(listed->token, sizeof(listed->token), "%.*s", (int)token.len,
             token.data ? token.data : "");
    listed->done = true;
}

static void list_children(struct rig *rig, const char *run,
                          struct listed *children) {
    do {
        struct wf_list_executions ask = {
            .map_run_arn = wf_str(run),
            .max_results = 1000,
            .next_token = wf_str(children->token),
        };
        children->done = false;
        wf_engine_list_executions(rig->engine, &ask, on_children, children);
        rig_until(rig, &children->done);
    } while (children->token[0]);
}

static void on_run(void *arg, const struct wf_refusal *refusal,
                   const struct wf_map_run_reply *run) {
    struct listed *listed = arg;
    assert_null(refusal);
    listed->executions = run->executions;
    listed->status = run->status;
    listed->done = true;
}

/* ---- texts ---- */

static const char *kept(struct rig *rig, struct wf_buf *text) {
    wf_buf_u8(text, 0);
    const char *copy = rig_quoted(rig, text->data);
    wf_buf_free(text);
    return copy;
}

const char *map_runs(struct rig *rig, const char *arn) {
    struct listed runs = {0};
    list_runs(rig, arn, &runs);
    const char *text = rig_quoted(rig, runs.lines.data);
    free_listed(&runs);
    return text;
}

typedef void child_fn(struct rig *rig, const char *arn, struct wf_buf *text);

static const char *of_children(struct rig *rig, const char *arn,
                               child_fn *add) {
    struct listed runs = {0};
    struct wf_buf text = {0};
    list_runs(rig, arn, &runs);
    for (size_t i = 0; i < runs.count; i++) {
        struct listed children = {0};
        list_children(rig, runs.arns[i], &children);
        for (size_t k = children.count; k-- > 0;)
            add(rig, children.arns[k], &text);
        free_listed(&children);
    }
    free_listed(&runs);
    return kept(rig, &text);
}

static void add_child(struct rig *rig, const char *arn, struct wf_buf *text) {
    struct rig_reply *child = rig_describe(rig, arn);
    branches_check(rig_story(rig, arn));
    wf_buf_addf(text, "%s %s ", wf_execution_status_name(child->status),
                child->input);
    if (child->output)
        wf_buf_adds(text, child->output);
    if (child->error)
        wf_buf_addf(text, "%s: %s", child->error,
                    child->cause ? child->cause : "");
    wf_buf_u8(text, '\n');
}

static void add_name(struct rig *rig, const char *arn, struct wf_buf *text) {
    (void)rig;
    wf_buf_addf(text, "%s\n", arn);
}

const char *map_children(struct rig *rig, const char *arn) {
    return of_children(rig, arn, add_child);
}

const char *map_child_arns(struct rig *rig, const char *arn) {
    return of_children(rig, arn, add_name);
}

/* ---- checks ---- */

static bool has_no_rows(struct rig *rig, void *arg) {
    const char *tables = "TKO";
    size_t rows = rig_rows(rig, 'E', 12);
    (void)arg;
    if (rig->is_real)
        rig_jump(rig, 1);
    for (const char *table = tables; *table; table++)
        rows += rig_rows(rig, *table, 0);
    return rig_stats(rig).active_executions == 0 && rows == 0;
}

void map_until_no_rows(struct rig *rig) {
    rig_until_true(rig, has_no_rows, NULL);
}

/* An aborted run's children may have ended by themselves meanwhile. */
static void check_counts(struct rig *rig, const char *run,
                         const struct listed *children) {
    struct listed said = {0};
    const uint64_t *found = children->found;
    wf_engine_describe_map_run(rig->engine, wf_str(run), on_run, &said);
    rig_until(rig, &said.done);
    if (said.executions.total != children->count)
        fail_msg("%s %s has %zu children, says %" PRIu64 "; notices: %.*s",
                 wf_execution_status_name(said.status), run, children->count,
                 said.executions.total, (int)rig->notices.len,
                 rig->notices.data);
    assert_int_not_equal(said.status, WF_EXECUTION_RUNNING);
    assert_int_equal(said.executions.running, 0);
    assert_int_equal(found[WF_EXECUTION_RUNNING], 0);
    if (said.status == WF_EXECUTION_ABORTED)
        return;
    assert_int_equal(said.executions.succeeded, found[WF_EXECUTION_SUCCEEDED]);
    assert_int_equal(said.executions.failed, found[WF_EXECUTION_FAILED]);
    assert_int_equal(said.executions.aborted, found[WF_EXECUTION_ABORTED]);
}

static void check_runs(struct rig *rig, const char *arn) {
    struct listed runs = {0};
    branches_check(rig_story(rig, arn));
    list_runs(rig, arn, &runs);
    for (size_t i = 0; i < runs.count; i++) {
        struct listed children = {0};
        list_children(rig, runs.arns[i], &children);
        check_counts(rig, runs.arns[i], &children);
        for (size_t k = 0; k < children.count && k < CHECKED_CHILDREN; k++)
            check_runs(rig, children.arns[k]);
        free_listed(&children);
    }
    free_listed(&runs);
}

void map_check(struct rig *rig, const char *arn) {
    rig_end(rig, arn);
    map_until_no_rows(rig);
    check_runs(rig, arn);
}

struct rig_reply *map_run(struct rig *rig, const char *definition,
                          const char *input, enum wf_execution_status status,
                          const char *output) {
    struct rig_reply *end = rig_run(rig, definition, input);
    if (end->status != status)
        fail_msg("%s: %s: %s", wf_execution_status_name(end->status),
                 end->error ? end->error : "", end->cause ? end->cause : "");
    if (output)
        rig_assert_text(rig, end->output, output);
    map_check(rig, end->arn);
    return end;
}
