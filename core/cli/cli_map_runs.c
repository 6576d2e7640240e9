/*
 * cli_map_runs.c - a Map Run for people: `moonstep show` with its ARN, and
 * what `moonstep map-runs` says of each.
 */
#include "cli_client.h"

#include "term.h"

static int64_t count_of(struct wf_value counts, const char *name) {
    struct wf_value value;
    int64_t count = 0;

    if (wf_value_member(counts, wf_str(name), &value))
        wf_value_integer(value, &count);
    return count;
}

void wf_cli_add_done(struct wf_buf *line, struct wf_value run) {
    struct wf_value counts;

    if (!wf_value_member(run, WF_STR("itemCounts"), &counts))
        return;
    int64_t total = count_of(counts, "total");
    int64_t open = count_of(counts, "pending") + count_of(counts, "running");
    wf_buf_addf(line, "%lld/%lld", (long long)(total - open),
                (long long)total);
}

void wf_cli_add_label(struct wf_buf *out, struct wf_str arn) {
    const char *end = arn.data + arn.len;
    const char *slash = memchr(arn.data, '/', arn.len);
    const char *colon =
        slash != NULL ? memchr(slash, ':', (size_t)(end - slash)) : NULL;

    if (colon != NULL)
        wf_buf_add(out, slash + 1, (size_t)(colon - slash - 1));
}

void wf_cli_add_counts(struct wf_buf *line, struct wf_value run) {
    static const char *const names[][2] = {
        {"failed", "failed"},   {"timed out", "timedOut"},
        {"aborted", "aborted"}, {"running", "running"},
        {"pending", "pending"},
    };
    struct wf_value counts;
    struct wf_buf arn = {0};

    if (!wf_value_member(run, WF_STR("itemCounts"), &counts))
        return;
    wf_cli_member(run, "mapRunArn", &arn);
    wf_buf_adds(line, "moonstep: ");
    wf_cli_add_label(line, (struct wf_str){arn.data, arn.len});
    wf_buf_addf(line, ": %lld items succeeded",
                (long long)count_of(counts, "succeeded"));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        long long count = count_of(counts, names[i][1]);
        if (count > 0)
            wf_buf_addf(line, ", %lld %s", count, names[i][0]);
    }
    wf_buf_u8(line, '\n');
    wf_buf_free(&arn);
}

/* A column for each state that something can be in. */
static const char *const columns[][2] = {
    {"TOTAL", "total"},         {"PENDING", "pending"},
    {"RUNNING", "running"},     {"SUCCEEDED", "succeeded"},
    {"FAILED", "failed"},       {"TIMED OUT", "timedOut"},
    {"ABORTED", "aborted"},     {"WRITTEN", "resultsWritten"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static bool show_heading(void) {
    struct wf_buf line = {0};
    bool is_printed;

    wf_buf_addf(&line, "%-10s", "");
    for (size_t i = 0; i < COLUMNS; i++)
        wf_buf_addf(&line, "%9s  ", columns[i][0]);
    is_printed = wf_cli_print_line(&line);
    wf_buf_free(&line);
    return is_printed;
}

static bool show_counts(struct wf_value run, const char *title,
                        const char *member) {
    struct wf_buf line = {0};
    struct wf_value counts;
    bool is_printed;

    if (!wf_value_member(run, wf_str(member), &counts))
        return true;
    wf_buf_addf(&line, "%-10s", title);
    for (size_t i = 0; i < COLUMNS; i++)
        wf_buf_addf(&line, "%9lld  ",
                    (long long)count_of(counts, columns[i][1]));
    is_printed = wf_cli_print_line(&line);
    wf_buf_free(&line);
    return is_printed;
}

/* What of it may run at once, and fail. */
static bool show_limits(struct wf_value run) {
    struct wf_buf line = {0};
    int64_t limit = count_of(run, "maxConcurrency");
    bool is_printed;

    wf_buf_adds(&line, "at once   ");
    if (limit > 0)
        wf_buf_addf(&line, "%lld", (long long)limit);
    else
        wf_buf_adds(&line, "no limit given");
    is_printed = wf_cli_print_line(&line);
    wf_buf_addf(&line, "tolerated %lld failed items, or ",
                (long long)count_of(run, "toleratedFailureCount"));
    wf_cli_member(run, "toleratedFailurePercentage", &line);
    wf_buf_adds(&line, " %");
    is_printed = is_printed && wf_cli_print_line(&line);
    wf_buf_free(&line);
    return is_printed;
}

static int print_run(struct wf_value run) {
    bool is_printed =
        wf_cli_show_member(run, "map run", "mapRunArn") &&
        wf_cli_show_member(run, "execution", "executionArn") &&
        wf_cli_show_member(run, "status", "status") &&
        wf_cli_show_times(run) && show_limits(run) && show_heading() &&
        show_counts(run, "items", "itemCounts") &&
        show_counts(run, "children", "executionCounts");

    return is_printed ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

int wf_cli_show_map_run(const struct wf_options *options, struct wf_str arn) {
    struct wf_doc *reply = NULL;
    int status = wf_cli_call_arn(options, "AWSStepFunctions.DescribeMapRun",
                                 "mapRunArn", arn, &reply);

    if (status != WF_EXIT_OK)
        return status;
    if (wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    else
        status = print_run((struct wf_value){reply, 0});
    wf_doc_unref(reply);
    return status;
}
