/*
 * cli_schedule.c - `moonstep schedule`: schedules of a server, and when they
 * fire.
 *
 * Operations are called by their target, Scheduler.NAME: their bodies are
 * those of EventBridge Scheduler's REST API, with path and query in them.
 */
#include "cli_client.h"

#include <string.h>

#include "json_write.h"
#include "schedule_expression.h"

enum { SHOWN_SLOTS = 5, PAGE = 100 };

/* GROUP/NAME, or NAME in the group of --group. */
static void add_names(const struct wf_options *options, const char *name,
                      struct wf_buf *body) {
    const char *slash = strchr(name, '/');
    const char *group = wf_option_text(options, "group");

    if (slash != NULL) {
        wf_json_text(body, "GroupName",
                     (struct wf_str){name, (size_t)(slash - name)});
        name = slash + 1;
    } else if (group != NULL) {
        wf_json_text(body, "GroupName", wf_str(group));
    }
    wf_json_text(body, "Name", wf_str(name));
}

static int call_named(const struct wf_options *options, const char *target,
                      const char *name, struct wf_doc **reply) {
    struct wf_buf body = {0};
    int status;

    wf_buf_u8(&body, '{');
    add_names(options, name, &body);
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, target, wf_cli_text(&body), reply);
    wf_buf_free(&body);
    return status;
}

/* ---- the slots to come ---- */

static bool print_slot(int64_t ms) {
    struct wf_buf line = {0};
    char iso[25];

    wf_clock_iso(ms, iso);
    wf_buf_addf(&line, "next      %.19sZ", iso);
    bool is_printed = wf_cli_print_line(&line);
    wf_buf_free(&line);
    return is_printed;
}

static int64_t count_of(const struct wf_options *options) {
    int64_t count = wf_option_given(options, "next")
                        ? wf_option_number(options, "next")
                        : SHOWN_SLOTS;

    return count < 1000 ? count : 1000;
}

static int next_of_schedule(const struct wf_options *options,
                            const char *name) {
    struct wf_value list, slot = {0};
    struct wf_doc *reply = NULL;
    struct wf_buf body = {0};
    int64_t count = count_of(options);
    bool is_printed = true;

    if (count == 0)
        return WF_EXIT_OK;
    wf_buf_u8(&body, '{');
    add_names(options, name, &body);
    wf_json_integer(&body, "MaxResults", count);
    wf_buf_u8(&body, '}');
    int status = wf_cli_call(options, "Moonstep.ListNextInvocations",
                             wf_cli_text(&body), &reply);
    wf_buf_free(&body);
    if (status != WF_EXIT_OK)
        return status;
    wf_value_member((struct wf_value){reply, 0}, WF_STR("Invocations"),
                    &list);
    while (is_printed && wf_value_next_element(list, &slot))
        is_printed = print_slot((int64_t)wf_value_number(slot) * 1000);
    wf_doc_unref(reply);
    return is_printed ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

/* Needs no server. */
static int next_of_expression(const struct wf_options *options) {
    struct wf_schedule_expression expression;
    const char *place = wf_option_text(options, "timezone");
    struct wf_clock clock;
    struct wf_error err;
    bool is_printed = true;

    if (wf_schedule_parse(wf_str(wf_options_arg(options, 1)), &expression,
                          &err) != 0)
        return wf_cli_fail(WF_EXIT_FAILED, "%s", err.message);
    struct wf_zone *zone =
        wf_zone_load(NULL, wf_str(place != NULL ? place : "UTC"), &err);
    if (zone == NULL)
        return wf_cli_fail(WF_EXIT_FAILED, "%s", err.message);
    wf_clock_init_real(&clock);
    int64_t at = wf_clock_now_ms(&clock), first = at / 1000 * 1000;
    for (int64_t i = count_of(options); i > 0 && is_printed; i--) {
        at = wf_schedule_next(&expression, zone, first, at);
        if (at == WF_SCHEDULE_NEVER)
            break;
        is_printed = print_slot(at);
    }
    wf_zone_free(zone);
    return is_printed ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

/* ---- create, update ---- */

static void add_target(const struct wf_options *options, struct wf_str input,
                       struct wf_buf *body) {
    struct wf_buf arn = {0};

    wf_cli_arn(options, "stateMachine", wf_options_arg(options, 3), &arn);
    wf_json_key(body, "Target");
    wf_buf_u8(body, '{');
    wf_json_text(body, "Arn", wf_cli_text(&arn));
    wf_buf_adds(body, ",\"RoleArn\":\"arn:aws:iam::000000000000:role/"
                      "moonstep\"");
    if (wf_option_given(options, "input"))
        wf_json_text(body, "Input", input);
    wf_buf_u8(body, '}');
    wf_buf_free(&arn);
}

static void add_settings(const struct wf_options *options,
                         struct wf_buf *body) {
    int64_t window = wf_option_number(options, "window");

    wf_json_text(body, "ScheduleExpression",
                 wf_str(wf_options_arg(options, 2)));
    wf_json_text_if(body, "ScheduleExpressionTimezone",
                    wf_str(wf_option_text(options, "timezone")));
    wf_json_text_if(body, "Description",
                    wf_str(wf_option_text(options, "description")));
    wf_json_key(body, "FlexibleTimeWindow");
    if (window > 0)
        wf_buf_addf(body, "{\"Mode\":\"FLEXIBLE\","
                          "\"MaximumWindowInMinutes\":%lld}",
                    (long long)window);
    else
        wf_buf_adds(body, "{\"Mode\":\"OFF\"}");
    wf_json_text_if(body, "MissedSlots",
                    wf_str(wf_option_text(options, "missed")));
    wf_json_text_if(body, "OverlapPolicy",
                    wf_str(wf_option_text(options, "overlap")));
    if (wf_option_flag(options, "delete-after"))
        wf_json_raw(body, "ActionAfterCompletion", "\"DELETE\"");
    if (wf_option_flag(options, "disabled"))
        wf_json_raw(body, "State", "\"DISABLED\"");
}

static int make(const struct wf_options *options, const char *target) {
    struct wf_buf body = {0}, input = {0}, arn = {0};
    struct wf_doc *reply = NULL;
    struct wf_error err;
    int status;

    if (wf_options_arg(options, 3) == NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "schedule %s: NAME EXPRESSION "
                           "STATE-MACHINE", wf_options_arg(options, 0));
    if (wf_option_given(options, "input") &&
        wf_cli_input(options, &input, &err) != 0)
        return wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    wf_buf_u8(&body, '{');
    add_names(options, wf_options_arg(options, 1), &body);
    add_settings(options, &body);
    add_target(options, wf_cli_text(&input), &body);
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, target, wf_cli_text(&body), &reply);
    if (status == WF_EXIT_OK && wf_option_flag(options, "json")) {
        status = wf_cli_print_json(reply);
    } else if (status == WF_EXIT_OK) {
        wf_cli_member((struct wf_value){reply, 0}, "ScheduleArn", &arn);
        status = wf_cli_print_line(&arn)
                     ? next_of_schedule(options, wf_options_arg(options, 1))
                     : WF_EXIT_ENGINE;
    }
    wf_doc_unref(reply);
    wf_buf_free(&arn);
    wf_buf_free(&input);
    wf_buf_free(&body);
    return status;
}

/* ---- enable, disable: the same, but for its state ---- */

static int set_state(const struct wf_options *options, const char *state) {
    static const char *const members[] = {
        "ActionAfterCompletion", "Description", "EndDate",
        "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "MissedSlots",
        "Name", "OverlapPolicy", "ScheduleExpression",
        "ScheduleExpressionTimezone", "StartDate", "Target"};
    const char *name = wf_options_arg(options, 1);
    struct wf_buf body = {0};
    struct wf_doc *schedule = NULL, *reply = NULL;
    int status =
        call_named(options, "Scheduler.GetSchedule", name, &schedule);

    if (status != WF_EXIT_OK)
        return status;
    wf_buf_u8(&body, '{');
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct wf_value value;

        if (!wf_value_member((struct wf_value){schedule, 0},
                             wf_str(members[i]), &value))
            continue;
        wf_json_key(&body, members[i]);
        wf_buf_addstr(&body, wf_value_text(value));
    }
    wf_json_text(&body, "State", wf_str(state));
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, "Scheduler.UpdateSchedule",
                         wf_cli_text(&body), &reply);
    wf_doc_unref(reply);
    wf_doc_unref(schedule);
    wf_buf_free(&body);
    return status;
}

/* ---- list ---- */

static void add_column(struct wf_buf *line, struct wf_value of,
                       const char *member, size_t width) {
    size_t begin = line->len;

    wf_cli_member(of, member, line);
    while (line->len - begin < width)
        wf_buf_u8(line, ' ');
    wf_buf_adds(line, "  ");
}

static bool print_summary(struct wf_value schedule) {
    struct wf_buf line = {0};
    struct wf_value state;
    bool is_printed;

    wf_cli_member(schedule, "GroupName", &line);
    wf_buf_u8(&line, '/');
    wf_cli_member(schedule, "Name", &line);
    while (line.len < 36)
        wf_buf_u8(&line, ' ');
    wf_buf_adds(&line, "  ");
    add_column(&line, schedule, "State", 8);
    if (wf_value_member(schedule, WF_STR("Moonstep"), &state))
        wf_cli_add_date(&line, wf_cli_member_ms(state, "NextInvocation"));
    add_column(&line, schedule, "ScheduleExpression", 0);
    is_printed = wf_cli_print_line(&line);
    wf_buf_free(&line);
    return is_printed;
}

static bool print_page(struct wf_doc *reply) {
    struct wf_value list, schedule = {0};
    bool is_printed = true;

    wf_value_member((struct wf_value){reply, 0}, WF_STR("Schedules"), &list);
    while (is_printed && wf_value_next_element(list, &schedule))
        is_printed = print_summary(schedule);
    return is_printed;
}

static int list(const struct wf_options *options) {
    struct wf_buf line = {0}, token = {0}, body = {0};
    struct wf_doc *reply = NULL;
    bool is_json = wf_option_flag(options, "json");
    int status = WF_EXIT_OK;

    wf_buf_addf(&line, "%-36s  %-8s  %-19s  %s", "SCHEDULE", "STATE",
                "NEXT", "EXPRESSION");
    if (!is_json && !wf_cli_print_line(&line))
        status = WF_EXIT_ENGINE;
    do {
        body.len = 0;
        wf_buf_u8(&body, '{');
        wf_json_integer(&body, "MaxResults", PAGE);
        wf_json_text_if(&body, "GroupName",
                        wf_str(wf_option_text(options, "group")));
        if (token.len)
            wf_json_text(&body, "NextToken", wf_cli_text(&token));
        wf_buf_u8(&body, '}');
        if (status == WF_EXIT_OK)
            status = wf_cli_call(options, "Scheduler.ListSchedules",
                                 wf_cli_text(&body), &reply);
        token.len = 0;
        if (status != WF_EXIT_OK)
            break;
        wf_cli_member((struct wf_value){reply, 0}, "NextToken", &token);
        if (is_json)
            status = wf_cli_print_json(reply);
        else if (!print_page(reply))
            status = WF_EXIT_ENGINE;
        wf_doc_unref(reply);
        reply = NULL;
    } while (token.len && status == WF_EXIT_OK);
    wf_buf_free(&line);
    wf_buf_free(&token);
    wf_buf_free(&body);
    return status;
}

/* ---- show, delete ---- */

static bool print_counts(struct wf_value schedule) {
    struct wf_value state;
    struct wf_buf line = {0};

    if (!wf_value_member(schedule, WF_STR("Moonstep"), &state))
        return true;
    wf_buf_adds(&line, "started   ");
    wf_cli_member(state, "Started", &line);
    wf_buf_adds(&line, ", skipped ");
    wf_cli_member(state, "Skipped", &line);
    wf_buf_adds(&line, ", failed ");
    wf_cli_member(state, "Failed", &line);
    wf_buf_adds(&line, ", tried again ");
    wf_cli_member(state, "Retrying", &line);
    bool is_printed = wf_cli_print_line(&line) &&
                      wf_cli_show_member(state, "error", "LastError");
    wf_buf_free(&line);
    return is_printed;
}

static int show(const struct wf_options *options) {
    static const char *const members[][2] = {
        {"schedule", "Arn"},
        {"when", "ScheduleExpression"},
        {"timezone", "ScheduleExpressionTimezone"},
        {"state", "State"},
        {"about", "Description"},
        {"missed", "MissedSlots"},
        {"overlap", "OverlapPolicy"},
        {"target", "Target"},
    };
    const char *name = wf_options_arg(options, 1);
    struct wf_doc *reply = NULL;
    int status = call_named(options, "Scheduler.GetSchedule", name, &reply);
    struct wf_value schedule = {reply, 0};
    bool is_printed = true;

    if (status != WF_EXIT_OK || wf_option_flag(options, "json")) {
        if (status == WF_EXIT_OK)
            status = wf_cli_print_json(reply);
        wf_doc_unref(reply);
        return status;
    }
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        is_printed = is_printed && wf_cli_show_member(
                                       schedule, members[i][0],
                                       members[i][1]);
    is_printed = is_printed && print_counts(schedule);
    status = is_printed ? next_of_schedule(options, name) : WF_EXIT_ENGINE;
    wf_doc_unref(reply);
    return status;
}

static int delete_it(const struct wf_options *options) {
    struct wf_doc *reply = NULL;
    int status = call_named(options, "Scheduler.DeleteSchedule",
                            wf_options_arg(options, 1), &reply);

    if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    wf_doc_unref(reply);
    return status;
}

int wf_cli_schedule(const struct wf_options *options) {
    const char *what = wf_options_arg(options, 0);

    if (strcmp(what, "list") == 0)
        return list(options);
    if (wf_options_arg(options, 1) == NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "schedule %s: one argument is "
                           "missing; see `moonstep help schedule`", what);
    if (strcmp(what, "create") == 0)
        return make(options, "Scheduler.CreateSchedule");
    if (strcmp(what, "update") == 0)
        return make(options, "Scheduler.UpdateSchedule");
    if (strcmp(what, "show") == 0)
        return show(options);
    if (strcmp(what, "next") == 0)
        return next_of_expression(options);
    if (strcmp(what, "enable") == 0)
        return set_state(options, "ENABLED");
    if (strcmp(what, "disable") == 0)
        return set_state(options, "DISABLED");
    if (strcmp(what, "delete") == 0)
        return delete_it(options);
    return wf_cli_fail(WF_EXIT_USAGE, "schedule: there is no \"%s\"; see "
                       "`moonstep help schedule`", what);
}
