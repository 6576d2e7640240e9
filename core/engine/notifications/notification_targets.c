/* notification_targets.c - see notification_targets.h. */
#include "notification_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "event_pattern.h"
#include "private_file.h"
#include "secret_key.h"
#include "sender.h"

#define FILE_BYTES (1 << 20)
#define MOST_TARGETS 100
#define MOST_HEADERS 50
#define PATH_FORMAT "%s: target %s: "

/* What is being read, for messages. */
struct reading {
    const char *path;
    const char *id; /* of the target; its number until that is known */
    struct wf_error *err;
};

static int wrong(const struct reading *reading, const char *what) {
    return wf_error_set(reading->err, WF_E_INVALID, PATH_FORMAT "%s",
                        reading->path, reading->id, what);
}

static char *text_of(struct wf_value string) {
    struct wf_buf text = {0};

    wf_value_string(string, &text);
    wf_buf_u8(&text, 0);
    return text.data;
}

/* ---- members ---- */

static bool is_among(struct wf_str raw, const char *const *names) {
    for (; *names; names++)
        if (wf_string_is(raw, wf_str(*names)))
            return true;
    return false;
}

/* A member that is misspelt would be a notification that nobody gets. */
static int check_members(const struct reading *reading,
                         struct wf_value object, const char *const *names) {
    const struct wf_node *nodes = wf_doc_nodes(object.doc);
    uint32_t at = object.node + 1;

    if (wf_value_type(object) != WF_JSON_OBJECT)
        return wrong(reading, "a JSON object is expected");
    for (; at < nodes[object.node].next; at = nodes[nodes[at].next].next) {
        struct wf_str key = wf_value_text((struct wf_value){object.doc, at});
        if (!is_among((struct wf_str){key.data + 1, key.len - 2}, names))
            return wf_error_set(reading->err, WF_E_INVALID,
                                PATH_FORMAT "there is no member %.*s",
                                reading->path, reading->id, (int)key.len,
                                key.data);
    }
    return 0;
}

static int take_text(const struct reading *reading, struct wf_value object,
                     const char *name, char **text) {
    struct wf_value value;

    if (!wf_value_member(object, wf_str(name), &value))
        return 0;
    if (wf_value_type(value) != WF_JSON_STRING)
        return wf_error_set(reading->err, WF_E_INVALID,
                            PATH_FORMAT "%s must be a string", reading->path,
                            reading->id, name);
    *text = text_of(value);
    if (strlen(*text) > 0 && !strpbrk(*text, "\r\n"))
        return 0;
    return wf_error_set(reading->err, WF_E_INVALID,
                        PATH_FORMAT "%s is empty or has line breaks",
                        reading->path, reading->id, name);
}

struct number {
    const char *name;
    double least, most;
    double *to;
};

static int take_numbers(const struct reading *reading,
                        struct wf_value object, const struct number *number,
                        size_t count) {
    for (; count-- > 0; number++) {
        struct wf_value value;
        if (!wf_value_member(object, wf_str(number->name), &value))
            continue;
        double given = wf_value_type(value) == WF_JSON_NUMBER
                           ? wf_value_number(value)
                           : -1;
        if (!(given >= number->least && given <= number->most))
            return wf_error_set(reading->err, WF_E_INVALID,
                                PATH_FORMAT "%s must be a number from %g to "
                                "%g", reading->path, reading->id,
                                number->name, number->least, number->most);
        *number->to = given;
    }
    return 0;
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- parts of a target ---- */

static int take_policy(const struct reading *reading, struct wf_value target,
                       struct wf_notification_policy *policy) {
    static const char *const names[] = {
        "MaximumEventAgeInSeconds", "MaximumRetryAttempts",
        "IntervalSeconds", "BackoffRate", "MaxDelaySeconds", NULL};
    double age = 86400, attempts = 185, interval = 1, rate = 2, delay = 300;
    const struct number numbers[] = {
        {names[0], 1, 86400 * 14, &age}, {names[1], 0, 100000, &attempts},
        {names[2], 0.01, 86400, &interval}, {names[3], 1, 100, &rate},
        {names[4], 0.01, 86400, &delay}};
    struct wf_value object;

    if (wf_value_member(target, WF_STR("RetryPolicy"), &object) &&
        (check_members(reading, object, names) != 0 ||
         take_numbers(reading, object, numbers, COUNT(numbers)) != 0))
        return -1;
    *policy = (struct wf_notification_policy){
        .age_ms = (int64_t)(age * 1000), .attempts = (unsigned)attempts,
        .interval_ms = (int64_t)(interval * 1000), .rate = rate,
        .delay_ms = (int64_t)(delay * 1000)};
    return 0;
}

/* Those that are made here. */
static bool is_ours(const char *name) {
    return strncasecmp(name, "webhook-", 8) == 0 ||
           strcasecmp(name, "Content-Type") == 0 ||
           strcasecmp(name, "Content-Length") == 0 ||
           strcasecmp(name, "Host") == 0;
}

static int take_header(const struct reading *reading, struct wf_value key,
                       struct wf_value value, char **header) {
    char *name = text_of(key), *text;
    struct wf_buf line = {0};
    bool is_good = wf_sender_header_name(name) && !is_ours(name) &&
                   wf_value_type(value) == WF_JSON_STRING;

    if (is_good) {
        text = text_of(value);
        is_good = !strpbrk(text, "\r\n");
        wf_buf_addf(&line, "%s: %s", name, text);
        wf_buf_u8(&line, 0);
        *header = line.data;
        free(text);
    }
    if (!is_good)
        wf_error_set(reading->err, WF_E_INVALID,
                     PATH_FORMAT "the header %.60s can't be sent: a name of a "
                     "header of your own is expected, and a string",
                     reading->path, reading->id, name);
    free(name);
    return is_good ? 0 : -1;
}

static int take_headers(const struct reading *reading,
                        struct wf_value endpoint,
                        struct wf_notification_target *target) {
    struct wf_value object;
    size_t count = 0;

    if (!wf_value_member(endpoint, WF_STR("Headers"), &object))
        return 0;
    if (wf_value_type(object) != WF_JSON_OBJECT)
        return wrong(reading, "Headers must be an object");
    const struct wf_node *nodes = wf_doc_nodes(object.doc);
    if (nodes[object.node].count > MOST_HEADERS)
        return wrong(reading, "too many Headers");
    target->headers =
        wf_calloc(nodes[object.node].count + 1, sizeof(*target->headers));
    for (uint32_t at = object.node + 1; at < nodes[object.node].next;
         at = nodes[nodes[at].next].next)
        if (take_header(reading, (struct wf_value){object.doc, at},
                        (struct wf_value){object.doc, nodes[at].next},
                        &target->headers[count++]) != 0)
            return -1;
    return 0;
}

static int take_secret(const struct reading *reading,
                       struct wf_value endpoint,
                       struct wf_notification_target *target) {
    char *text = NULL;
    int rc = take_text(reading, endpoint, "Secret", &text);

    if (rc == 0 && text &&
        !wf_secret_key_read(wf_str(text), &target->secret))
        rc = wrong(reading, "Secret: what follows whsec_ must be Base64");
    free(text);
    return rc;
}

static int take_endpoint(const struct reading *reading,
                         struct wf_value target_value,
                         struct wf_notification_target *target) {
    static const char *const names[] = {"Url", "Headers", "Secret",
                                        "TimeoutSeconds", NULL};
    const struct number timeout = {"TimeoutSeconds", 0.1, 300,
                                   &target->timeout_s};
    struct wf_value endpoint;

    target->timeout_s = 30;
    if (!wf_value_member(target_value, WF_STR("HttpEndpoint"), &endpoint))
        return 0;
    if (check_members(reading, endpoint, names) != 0 ||
        take_text(reading, endpoint, "Url", &target->url) != 0 ||
        take_headers(reading, endpoint, target) != 0 ||
        take_secret(reading, endpoint, target) != 0 ||
        take_numbers(reading, endpoint, &timeout, 1) != 0)
        return -1;
    if (!target->url || (strncmp(target->url, "https://", 8) != 0 &&
                         strncmp(target->url, "http://", 7) != 0))
        return wrong(reading, "HttpEndpoint needs a Url: https://...");
    return 0;
}

static int take_pattern(const struct reading *reading,
                        struct wf_value target_value,
                        struct wf_notification_target *target) {
    struct wf_value pattern;
    struct wf_error err;

    if (!wf_value_member(target_value, WF_STR("EventPattern"), &pattern))
        return 0;
    target->pattern = wf_value_doc(pattern);
    pattern = (struct wf_value){target->pattern, 0};
    wf_doc_nodes(target->pattern);
    if (wf_event_pattern_check(pattern, &err) != 0)
        return wrong(reading, err.message);
    target->needs_data = wf_event_pattern_needs_data(pattern);
    return 0;
}

static int take_limits(const struct reading *reading, struct wf_value value,
                       struct wf_notification_target *target) {
    double concurrency = 8, queued = 100000, dead = 10000;
    const struct number numbers[] = {
        {"Concurrency", 1, 64, &concurrency},
        {"MaximumBacklog", 1, 1e9, &queued},
        {"MaximumDeadLetters", 0, 1e9, &dead}};
    struct wf_value children;

    if (take_numbers(reading, value, numbers, COUNT(numbers)) != 0)
        return -1;
    target->concurrency = (unsigned)concurrency;
    target->most_queued = (uint64_t)queued;
    target->most_dead = (uint64_t)dead;
    if (!wf_value_member(value, WF_STR("MapRunChildren"), &children))
        return 0;
    target->has_children = wf_value_type(children) == WF_JSON_TRUE;
    return target->has_children || wf_value_type(children) == WF_JSON_FALSE
               ? 0
               : wrong(reading, "MapRunChildren must be true or false");
}

static int take_id(struct reading *reading, struct wf_value value,
                   struct wf_notification_target *target) {
    static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-_";

    if (take_text(reading, value, "Id", &target->id) != 0)
        return -1;
    if (!target->id || strlen(target->id) > WF_TARGET_ID_MAX ||
        strspn(target->id, good) != strlen(target->id))
        return wrong(reading, "Id must be up to 64 letters, digits, dots, "
                              "hyphens and underscores");
    reading->id = target->id;
    return 0;
}

static int take_target(struct reading *reading, struct wf_value value,
                       struct wf_notification_target *target) {
    static const char *const names[] = {
        "Id", "EventPattern", "HttpEndpoint", "Handler", "RetryPolicy",
        "Concurrency", "MaximumBacklog", "MaximumDeadLetters",
        "MapRunChildren", NULL};

    if (check_members(reading, value, names) != 0 ||
        take_id(reading, value, target) != 0 ||
        take_pattern(reading, value, target) != 0 ||
        take_endpoint(reading, value, target) != 0 ||
        take_text(reading, value, "Handler", &target->handler) != 0 ||
        take_limits(reading, value, target) != 0 ||
        take_policy(reading, value, &target->policy) != 0)
        return -1;
    if (!target->url == !target->handler)
        return wrong(reading, "either HttpEndpoint or Handler is expected");
    if (target->handler && !strchr(target->handler, '.'))
        return wrong(reading, "Handler must be MODULE.FUNCTION");
    return 0;
}

/* ---- the file ---- */

static bool has_id(const struct wf_notification_targets *targets,
                   const char *id) {
    for (size_t i = 0; i + 1 < targets->count; i++)
        if (strcmp(targets->list[i].id, id) == 0)
            return true;
    return false;
}

static int take_all(const char *path, struct wf_value root,
                    struct wf_notification_targets *targets,
                    struct wf_error *err) {
    static const char *const names[] = {"Targets", NULL};
    struct reading reading = {path, "-", err};
    struct wf_value list, element = {0};
    char number[16];

    if (check_members(&reading, root, names) != 0)
        return -1;
    if (!wf_value_member(root, WF_STR("Targets"), &list) ||
        wf_value_type(list) != WF_JSON_ARRAY ||
        wf_doc_nodes(list.doc)[list.node].count > MOST_TARGETS)
        return wf_error_set(err, WF_E_INVALID, "%s: Targets must be a list "
                            "of at most %d", path, MOST_TARGETS);
    targets->list = wf_calloc(MOST_TARGETS, sizeof(*targets->list));
    while (wf_value_next_element(list, &element)) {
        struct wf_notification_target *target =
            &targets->list[targets->count++];
        snprintf(number, sizeof(number), "%zu", targets->count);
        reading.id = number;
        if (take_target(&reading, element, target) != 0)
            return -1;
        if (has_id(targets, target->id))
            return wrong(&reading, "there are two of that Id");
    }
    return 0;
}

int wf_notification_targets_read(const char *path,
                                 struct wf_notification_targets *targets,
                                 struct wf_error *err) {
    struct wf_buf text = {0};
    struct wf_error why;
    int rc = -1;

    *targets = (struct wf_notification_targets){0};
    if (wf_private_file_read(path, WF_FILE_SECRET, FILE_BYTES, &text, err)
        != 0) {
        wf_buf_free(&text);
        return -1;
    }
    struct wf_doc *doc = wf_doc_parse_buf(&text, NULL, &why);
    if (doc)
        rc = take_all(path, (struct wf_value){doc, 0}, targets, err);
    else
        wf_error_set(err, WF_E_INVALID, "%s: %s", path, why.message);
    wf_doc_unref(doc);
    wf_buf_free(&text);
    if (rc != 0)
        wf_notification_targets_free(targets);
    return rc;
}

static void target_free(struct wf_notification_target *target) {
    free(target->id);
    wf_doc_unref(target->pattern);
    free(target->handler);
    free(target->url);
    for (char **at = target->headers; at && *at; at++)
        free(*at);
    free(target->headers);
    wf_buf_free(&target->secret);
}

void wf_notification_targets_free(struct wf_notification_targets *targets) {
    for (size_t i = 0; i < targets->count; i++)
        target_free(&targets->list[i]);
    free(targets->list);
    *targets = (struct wf_notification_targets){0};
}
