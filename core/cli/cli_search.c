/*
 * cli_search.c - what `moonstep search` asks for, and `stop --search` and
 * `redrive --search`: the executions that a search finds, one by one or, if the
 * server is to act on them, a page at a time.
 *
 * The pages are gone through while executions are stopped or redriven: a page
 * is a place in time, so none is met twice and none is missed.
 */
#include "cli_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "json_write.h"

enum { PAGE = 100 };

/* ---- the request ---- */

/* "90s", "30m", "2h", "7d": so long ago. */
static bool read_ago(const char *text, int64_t *ms) {
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {
        {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (end == text || text[0] < '0' || text[0] > '9' || number > 10000000)
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(end, units[i].unit) == 0) {
            struct wf_clock clock;
            wf_clock_init_real(&clock);
            *ms = wf_clock_now_ms(&clock) - (int64_t)number * units[i].ms;
            return true;
        }
    return false;
}

/* "2026-01-31", "2026-01-31T12:00:00", UTC, also with Z. */
static bool read_date(const char *text, int64_t *ms) {
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);

    if (end != NULL && (*end == 'T' || *end == ' '))
        end = strptime(end + 1, "%H:%M:%S", &tm);
    if (end != NULL && *end == 'Z')
        end++;
    if (end == NULL || *end != '\0')
        return false;
    *ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

/* Not every command has all of them. */
static bool has(const struct wf_options *options, const char *option) {
    return wf_option_find(wf_options_command(options), option) != NULL;
}

static int add_time(const struct wf_options *options, const char *option,
                    const char *member, struct wf_buf *body) {
    const char *text =
        has(options, option) ? wf_option_text(options, option) : NULL;
    int64_t ms;

    if (text == NULL)
        return WF_EXIT_OK;
    if (!read_ago(text, &ms) && !read_date(text, &ms))
        return wf_cli_fail(WF_EXIT_USAGE, "--%s: \"%s\" is neither a time "
                           "such as 2026-01-31T12:00:00 nor one ago such as "
                           "90s, 30m, 2h or 7d", option, text);
    wf_json_time(body, member, ms < 1 ? 1 : ms);
    return WF_EXIT_OK;
}

static void add_statuses(const struct wf_options *options,
                         const char *const *otherwise, struct wf_buf *body) {
    const char *const *status =
        has(options, "status") ? wf_option_list(options, "status") : NULL;

    if (status == NULL)
        status = otherwise;
    if (status == NULL)
        return;
    wf_json_key(body, "statusFilter");
    wf_buf_u8(body, '[');
    for (; *status != NULL; status++) {
        wf_json_comma(body);
        wf_buf_json(body, wf_str(*status));
    }
    wf_buf_u8(body, ']');
}

static void add_tag(const struct wf_options *options, struct wf_buf *body) {
    const char *tag = wf_option_text(options, "tag");
    const char *equals;

    if (tag == NULL)
        return;
    equals = strchr(tag, '=');
    wf_json_key(body, "tag");
    wf_buf_u8(body, '{');
    wf_json_text(body, "key",
                 (struct wf_str){tag, equals != NULL ? (size_t)(equals - tag)
                                                     : strlen(tag)});
    if (equals != NULL)
        wf_json_text(body, "value", wf_str(equals + 1));
    wf_buf_u8(body, '}');
}

int wf_cli_add_search(const struct wf_options *options, const char *machine,
                      const char *const *statuses, struct wf_buf *body) {
    static const struct {
        const char *option, *member;
    } times[] = {
        {"since", "startedFrom"},
        {"until", "startedUntil"},
        {"stopped-since", "stoppedFrom"},
        {"stopped-until", "stoppedUntil"},
    };
    int status = WF_EXIT_OK;

    if (machine != NULL) {
        struct wf_buf arn = {0};

        wf_cli_arn(options, "stateMachine", machine, &arn);
        wf_json_text(body, "stateMachineArn", wf_cli_text(&arn));
        wf_buf_free(&arn);
    }
    add_statuses(options, statuses, body);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]) &&
                       status == WF_EXIT_OK; i++)
        status = add_time(options, times[i].option, times[i].member, body);
    wf_json_text_if(body, "namePrefix",
                    wf_str(wf_option_text(options, "name-prefix")));
    add_tag(options, body);
    wf_json_text_if(body, "where", wf_str(wf_option_text(options, "where")));
    return status;
}

/* ---- executions one by one ---- */

struct walk {
    const struct wf_cli_each *each;
    struct wf_buf search, token;
    size_t found;
};

static bool is_bulk(const struct walk *walk) {
    return walk->each->act && walk->each->bulk != NULL;
}

static int call_page(struct walk *walk, struct wf_doc **reply) {
    struct wf_buf body = {0};
    int status;

    wf_buf_addstr(&body, wf_cli_text(&walk->search));
    wf_json_integer(&body, "maxResults", PAGE);
    if (walk->token.len > 0)
        wf_json_text(&body, "nextToken", wf_cli_text(&walk->token));
    if (is_bulk(walk) && walk->each->add)
        walk->each->add(walk->each->arg, &body);
    wf_buf_u8(&body, '}');
    status = wf_cli_call(walk->each->options,
                         is_bulk(walk) ? walk->each->bulk : WF_CLI_SEARCH,
                         wf_cli_text(&body), reply);
    wf_buf_free(&body);
    return status;
}

static void do_row(struct walk *walk, struct wf_value row, bool is_refused) {
    const struct wf_cli_each *each = walk->each;
    struct wf_buf arn = {0};

    wf_cli_member(row, "executionArn", &arn);
    walk->found++;
    if (is_refused)
        each->refused(each->arg, row);
    else if (each->act)
        each->run(each->arg, wf_cli_text(&arn));
    wf_buf_free(&arn);
}

static void do_rows(struct walk *walk, struct wf_doc *reply,
                    const char *member, bool is_refused) {
    struct wf_value list, row;

    if (!wf_value_member((struct wf_value){reply, 0}, wf_str(member), &list) ||
        wf_value_type(list) != WF_JSON_ARRAY)
        return;
    row = (struct wf_value){reply, list.node + 1};
    for (uint32_t n = wf_doc_nodes(reply)[list.node].count; n > 0; n--) {
        do_row(walk, row, is_refused);
        row.node = wf_doc_nodes(reply)[row.node].next;
    }
}

void wf_cli_tell_conditions(struct wf_value page) {
    struct wf_buf errors = {0}, cause = {0};

    if (wf_cli_member(page, "conditionErrors", &errors) &&
        wf_cli_member(page, "conditionCause", &cause))
        wf_cli_fail(WF_EXIT_OK, "the condition could not be evaluated on "
                    "%.*s executions: %.*s", (int)errors.len, errors.data,
                    (int)cause.len, cause.len > 0 ? cause.data : "");
    wf_buf_free(&errors);
    wf_buf_free(&cause);
}

bool wf_cli_has_error(struct wf_value refused, const char *error) {
    struct wf_buf text = {0};
    bool has = wf_cli_member(refused, "error", &text) &&
               wf_str_eq(wf_cli_text(&text), wf_str(error));

    wf_buf_free(&text);
    return has;
}

int wf_cli_tell_refused(struct wf_value refused) {
    struct wf_buf text = {0};

    wf_cli_member(refused, "error", &text);
    wf_buf_adds(&text, ": ");
    wf_cli_member(refused, "message", &text);
    wf_cli_fail(WF_EXIT_FAILED, "%.*s", (int)text.len, text.data);
    wf_buf_free(&text);
    return WF_EXIT_FAILED;
}

/* How far it has come, if it goes on. */
static void tell(const struct walk *walk, struct wf_value page) {
    struct wf_buf line = {0};

    wf_cli_tell_conditions(page);
    if (walk->token.len == 0)
        return;
    wf_buf_addf(&line, "%zu found, those since ", walk->found);
    wf_cli_add_date(&line, wf_cli_member_ms(page, "scannedUntil"));
    fprintf(stderr, "moonstep: %.*sare done\n", (int)line.len - 1, line.data);
    wf_buf_free(&line);
}

int wf_cli_each_found(const struct wf_cli_each *each, size_t *found) {
    struct walk walk = {.each = each};
    int status;

    wf_buf_u8(&walk.search, '{');
    status = wf_cli_add_search(each->options,
                               wf_option_text(each->options, "machine"),
                               each->statuses, &walk.search);
    while (status == WF_EXIT_OK) {
        struct wf_doc *reply = NULL;

        status = call_page(&walk, &reply);
        if (status != WF_EXIT_OK)
            break;
        do_rows(&walk, reply, "executions", false);
        if (is_bulk(&walk))
            do_rows(&walk, reply, "refused", true);
        walk.token.len = 0;
        wf_cli_member((struct wf_value){reply, 0}, "nextToken", &walk.token);
        tell(&walk, (struct wf_value){reply, 0});
        wf_doc_unref(reply);
        if (walk.token.len == 0)
            break;
    }
    *found = walk.found;
    wf_buf_free(&walk.search);
    wf_buf_free(&walk.token);
    return status;
}
