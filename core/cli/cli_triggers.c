/* cli_triggers.c - triggers: webhooks and watched directories of a server. */
#include "cli_client.h"

#include <inttypes.h>

static struct wf_buf text_of(struct wf_value object, const char *member) {
    struct wf_buf text = {0};

    wf_buf_reserve(&text, 1);
    wf_cli_member(object, member, &text);
    return text;
}

static int64_t number_of(struct wf_value object, const char *member) {
    struct wf_value value;
    double number = 0;

    if (wf_value_member(object, wf_str(member), &value) &&
        wf_value_type(value) == WF_JSON_NUMBER)
        number = wf_value_number(value);
    return (int64_t)(strstr(member, "Date") ? number * 1000 : number);
}

static bool print_head(void) {
    struct wf_buf line = {0};
    bool is_printed;

    wf_buf_adds(&line, "STARTED   KNOWN REFUSED  FAILED  LAST START           "
                       "TRIGGER");
    is_printed = wf_cli_print_line(&line);
    wf_buf_free(&line);
    return is_printed;
}

static void add_counts(struct wf_buf *line, struct wf_value trigger) {
    static const char *const counts[] = {"started", "repeated", "refused",
                                         "failed"};
    int64_t last = number_of(trigger, "lastStartDate");

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        wf_buf_addf(line, "%7" PRId64 " ", number_of(trigger, counts[i]));
    wf_buf_u8(line, ' ');
    if (last)
        wf_cli_add_date(line, last);
    else
        wf_buf_addf(line, "%-21s", "-");
}

/* "hook github -> deploy:PROD", and why the last was refused. */
static bool print_trigger(struct wf_value trigger) {
    struct wf_buf line = {0};
    struct wf_buf name = text_of(trigger, "name");
    struct wf_buf path = text_of(trigger, "path");
    struct wf_buf directory = text_of(trigger, "directory");
    struct wf_buf arn = text_of(trigger, "stateMachineArn");
    struct wf_buf error = text_of(trigger, "lastError");
    bool is_printed;

    add_counts(&line, trigger);
    if (path.len)
        wf_buf_addstr(&line, wf_cli_text(&path));
    else
        wf_buf_addf(&line, "%.*s (%.*s)", (int)name.len, name.data,
                    (int)directory.len, directory.data);
    wf_buf_adds(&line, "  ");
    wf_buf_addstr(&line, wf_cli_text(&arn));
    is_printed = wf_cli_print_line(&line);
    if (error.len && is_printed) {
        wf_buf_addf(&line, "%34s", "last error: ");
        wf_cli_add_date(&line, number_of(trigger, "lastErrorDate"));
        wf_buf_addstr(&line, wf_cli_text(&error));
        is_printed = wf_cli_print_line(&line);
    }
    wf_buf_free(&line);
    wf_buf_free(&name);
    wf_buf_free(&path);
    wf_buf_free(&directory);
    wf_buf_free(&arn);
    wf_buf_free(&error);
    return is_printed;
}

static bool print_all(struct wf_value reply) {
    struct wf_value all, trigger = {0};
    bool is_printed = true, has_head = false;

    if (!wf_value_member(reply, WF_STR("triggers"), &all) ||
        wf_value_type(all) != WF_JSON_ARRAY)
        return true;
    while (is_printed && wf_value_next_element(all, &trigger)) {
        is_printed = (has_head || print_head()) && print_trigger(trigger);
        has_head = true;
    }
    return is_printed;
}

int wf_cli_triggers(const struct wf_options *options) {
    struct wf_doc *reply = NULL;
    int status =
        wf_cli_call(options, "Moonstep.ListTriggers", WF_STR("{}"), &reply);

    if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    else if (status == WF_EXIT_OK && !print_all((struct wf_value){reply, 0}))
        status = WF_EXIT_ENGINE;
    wf_doc_unref(reply);
    return status;
}
