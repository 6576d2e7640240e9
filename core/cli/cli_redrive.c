/* cli_redrive.c - `moonstep redrive`. */
#include <stdio.h>
#include <stdlib.h>

#include "cli_client.h"
#include "json_write.h"

/* ---- what is to be other ---- */

static bool has_fix(const struct wf_options *options) {
    static const char *const names[] = {"latest", "definition-revision",
                                        "from", "input", "set", "dry-run"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (wf_option_given(options, names[i]))
            return true;
    return false;
}

static int add_variable(const char *text, struct wf_buf *variables) {
    const struct wf_doc_limits limits = {0};
    const char *equals = strchr(text, '=');
    struct wf_doc *value;
    struct wf_error err;

    if (equals == NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "--set: \"%s\" is not NAME=JSON",
                           text);
    value = wf_doc_parse(wf_str(equals + 1), &limits, &err);
    if (value == NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "--set %.*s: %s",
                           (int)(equals - text), text, err.message);
    wf_json_comma(variables);
    wf_buf_json(variables, (struct wf_str){text, (size_t)(equals - text)});
    wf_buf_u8(variables, ':');
    wf_buf_addstr(variables, wf_doc_text(value));
    wf_doc_unref(value);
    return WF_EXIT_OK;
}

static int add_variables(const struct wf_options *options,
                         struct wf_buf *fix) {
    const char *const *set = wf_option_list(options, "set");
    struct wf_buf variables = {0};
    int status = WF_EXIT_OK;

    if (set == NULL)
        return WF_EXIT_OK;
    wf_buf_u8(&variables, '{');
    for (; *set != NULL && status == WF_EXIT_OK; set++)
        status = add_variable(*set, &variables);
    wf_buf_u8(&variables, '}');
    wf_json_text(fix, "variables", wf_cli_text(&variables));
    wf_buf_free(&variables);
    return status;
}

static int add_input(const struct wf_options *options, struct wf_buf *fix) {
    struct wf_buf input = {0};
    struct wf_error err;
    int status = WF_EXIT_OK;

    if (wf_option_text(options, "input") == NULL)
        return WF_EXIT_OK;
    if (wf_cli_input(options, &input, &err) != 0)
        status = wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    else
        wf_json_text(fix, "input", wf_cli_text(&input));
    wf_buf_free(&input);
    return status;
}

int wf_cli_read_fix(const struct wf_options *options, struct wf_buf *fix) {
    const char *revision = wf_option_text(options, "definition-revision");
    const char *from = wf_option_text(options, "from");
    bool is_arn = revision != NULL && strncmp(revision, "arn:", 4) == 0;
    int status;

    wf_buf_u8(fix, '{');
    if (wf_option_flag(options, "latest") && revision != NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "give --latest or "
                           "--definition-revision");
    if (wf_option_flag(options, "latest"))
        revision = "latest";
    if (revision != NULL)
        wf_json_text(fix, is_arn ? "stateMachineVersionArn" : "revision",
                     wf_str(revision));
    if (from != NULL)
        wf_json_text(fix, "fromState", wf_str(from));
    if (wf_option_flag(options, "dry-run"))
        wf_json_raw(fix, "dryRun", "true");
    status = add_input(options, fix);
    return status == WF_EXIT_OK ? add_variables(options, fix) : status;
}

/* ---- one after the other ---- */

struct redriving {
    const struct wf_options *options;
    struct wf_buf fix;
    size_t redriven;
    int status; /* the worst so far */
};

static int call(const struct redriving *redriving, struct wf_str arn,
                struct wf_doc **reply) {
    struct wf_buf body = {0};
    int status;

    if (!has_fix(redriving->options))
        return wf_cli_call_arn(redriving->options,
                               "AWSStepFunctions.RedriveExecution",
                               "executionArn", arn, reply);
    wf_buf_addstr(&body, wf_cli_text(&redriving->fix));
    wf_json_text(&body, "executionArn", arn);
    wf_buf_u8(&body, '}');
    status = wf_cli_call(redriving->options, "Moonstep.RedriveExecution",
                         wf_cli_text(&body), reply);
    wf_buf_free(&body);
    return status;
}

int wf_cli_print_place(struct wf_str arn, struct wf_value reply,
                       const char *can) {
    struct wf_buf line = {0}, text = {0};
    int status = WF_EXIT_OK;

    wf_buf_addstr(&line, arn);
    if (wf_cli_member(reply, can, &text) &&
        wf_str_eq(wf_cli_text(&text), WF_STR("false"))) {
        wf_buf_adds(&line, "  can't: ");
        wf_cli_member(reply, "reason", &line);
        status = WF_EXIT_FAILED;
    } else if (text.len > 0) {
        wf_buf_adds(&line, "  from ");
        wf_cli_member(reply, "state", &line);
    }
    if (!wf_cli_print_line(&line))
        status = WF_EXIT_ENGINE;
    wf_buf_free(&line);
    wf_buf_free(&text);
    return status;
}

static int redrive_one(const struct redriving *redriving, struct wf_str arn) {
    struct wf_doc *reply = NULL;
    int status = call(redriving, arn, &reply);

    if (status == WF_EXIT_OK && wf_option_flag(redriving->options, "json"))
        status = wf_cli_print_json(reply);
    else if (status == WF_EXIT_OK)
        status = wf_cli_print_place(arn, (struct wf_value){reply, 0},
                                    "redrivable");
    wf_doc_unref(reply);
    return status;
}

static void redrive_found(void *arg, struct wf_str arn) {
    struct redriving *redriving = arg;
    int status = redrive_one(redriving, arn);

    if (status == WF_EXIT_OK)
        redriving->redriven++;
    else if (status > redriving->status)
        redriving->status = status;
}

/* The members of a fix, without the brace before them. */
static void add_fix(void *arg, struct wf_buf *body) {
    const struct redriving *redriving = arg;
    struct wf_str fix = wf_cli_text(&redriving->fix);

    if (fix.len <= 1)
        return;
    wf_json_comma(body);
    wf_buf_add(body, fix.data + 1, fix.len - 1);
}

static void was_redriven(void *arg, struct wf_str arn) {
    struct redriving *redriving = arg;
    struct wf_buf line = {0};

    wf_buf_addstr(&line, arn);
    if (wf_cli_print_line(&line))
        redriving->redriven++;
    else
        redriving->status = WF_EXIT_ENGINE;
    wf_buf_free(&line);
}

static void is_refused(void *arg, struct wf_value refused) {
    struct redriving *redriving = arg;
    int status = wf_cli_tell_refused(refused);

    if (status > redriving->status)
        redriving->status = status;
}

static int redrive_search(struct redriving *redriving) {
    static const char *const failed[] = {"FAILED", "TIMED_OUT", "ABORTED",
                                         NULL};
    const struct wf_options *options = redriving->options;
    bool is_dry = wf_option_flag(options, "dry-run");
    struct wf_cli_each each = {
        .options = options,
        .statuses = failed,
        .act = is_dry || wf_option_flag(options, "yes"),
        .run = redrive_found,
        .add = add_fix,
        .refused = is_refused,
        .arg = redriving,
    };
    size_t found = 0;
    int status;

    if (!is_dry && !wf_option_flag(options, "json")) {
        each.bulk = "Moonstep.BulkRedriveExecutions";
        each.run = was_redriven;
    }
    status = wf_cli_each_found(&each, &found);

    if (status == WF_EXIT_OK && !each.act)
        return wf_cli_fail(WF_EXIT_USAGE, "this would redrive %zu "
                           "execution%s; add --yes", found,
                           found == 1 ? "" : "s");
    if (each.act)
        fprintf(stderr, "moonstep: %zu of %zu %s\n", redriving->redriven,
                found, is_dry ? "can be redriven" : "redriven");
    return status > redriving->status ? status : redriving->status;
}

static void redrive_given(struct redriving *redriving) {
    const char *name;

    for (unsigned i = 0;
         (name = wf_options_arg(redriving->options, i)) != NULL; i++) {
        struct wf_buf arn = {0};

        wf_cli_arn(redriving->options, "execution", name, &arn);
        redrive_found(redriving, wf_cli_text(&arn));
        wf_buf_free(&arn);
    }
}

int wf_cli_redrive(const struct wf_options *options) {
    struct redriving redriving = {.options = options};
    bool has_args = wf_options_arg(options, 0) != NULL;
    int status;

    if (has_args == wf_option_flag(options, "search"))
        return wf_cli_fail(WF_EXIT_USAGE, "redrive: give executions, or "
                           "--search");
    status = wf_cli_read_fix(options, &redriving.fix);
    if (status == WF_EXIT_OK && !has_args)
        status = redrive_search(&redriving);
    else if (status == WF_EXIT_OK)
        redrive_given(&redriving);
    wf_buf_free(&redriving.fix);
    return status > redriving.status ? status : redriving.status;
}
