/* engine_requests.c - requests to a rig's engine, histories as text. See
 * engine_fixture.h. */
#include "engine_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct rig_reply *new_reply(struct rig *rig) {
    struct rig_reply *reply = wf_calloc(1, sizeof(*reply));
    reply->next = rig->replies;
    return rig->replies = reply;
}

static char *copy(struct wf_str text) {
    return text.data ? wf_strndup(text.data, text.len) : NULL;
}

static void keep_refusal(struct rig_reply *reply,
                         const struct wf_refusal *refusal) {
    assert_false(reply->done);
    reply->done = true;
    if (!refusal)
        return;
    reply->refused = true;
    snprintf(reply->exception, sizeof(reply->exception), "%s",
             refusal->exception);
    reply->message = copy(refusal->message);
}

static void on_machine(void *arg, const struct wf_refusal *refusal,
                       const struct wf_state_machine_reply *machine) {
    struct rig_reply *reply = arg;
    keep_refusal(reply, refusal);
    if (refusal)
        return;
    reply->arn = copy(machine->arn);
    reply->name = copy(machine->name);
    reply->text = copy(machine->definition);
    reply->start_ms = machine->creation_ms;
}

static void on_execution(void *arg, const struct wf_refusal *refusal,
                         const struct wf_execution_reply *execution) {
    struct rig_reply *reply = arg;
    keep_refusal(reply, refusal);
    if (refusal)
        return;
    reply->arn = copy(execution->arn);
    reply->name = copy(execution->name);
    reply->input = copy(execution->input);
    reply->output = copy(execution->output);
    reply->error = copy(execution->error);
    reply->cause = copy(execution->cause);
    reply->status = execution->status;
    reply->start_ms = execution->start_ms;
    reply->stop_ms = execution->stop_ms;
    reply->redrives = execution->redrive_count;
    reply->redrive_ms = execution->redrive_ms;
    reply->redrive_status = execution->redrive_status;
    reply->redrive_reason = execution->redrive_reason;
    reply->paused_ms = execution->paused_ms;
    reply->pause_reason = copy(execution->pause_reason);
    reply->forked_from = copy(execution->forked_from);
    reply->forked_event = execution->forked_event;
    reply->paused_with_machine = execution->paused_with_machine;
}

static void on_list(void *arg, const struct wf_refusal *refusal,
                    const struct wf_execution_reply *executions, size_t count,
                    struct wf_str token) {
    struct rig_reply *reply = arg;
    struct wf_buf text = {0};
    keep_refusal(reply, refusal);
    for (size_t i = 0; i < count; i++)
        wf_buf_addf(&text, "%.*s %s\n", (int)executions[i].name.len,
                    executions[i].name.data,
                    wf_execution_status_name(executions[i].status));
    wf_buf_u8(&text, 0);
    reply->text = text.data;
    if (count > 0) {
        reply->redrives = executions[0].redrive_count;
        reply->redrive_ms = executions[0].redrive_ms;
        reply->paused_ms = executions[0].paused_ms;
    }
    reply->count = count;
    reply->token = token.len ? copy(token) : NULL;
}

/* ---- histories ---- */

static void add_event(struct wf_buf *text, const struct wf_history_event *e,
                      int64_t start_ms) {
    wf_buf_addf(text, "%" PRIu64 "<%" PRIu64 " %s", e->event.id,
                e->event.previous_id, wf_event_type_name(e->event.type));
    if (e->state_name.data)
        wf_buf_addf(text, " %.*s", (int)e->state_name.len,
                    e->state_name.data);
    if (e->event.fields & WF_EVENT_HAS_INDEX)
        wf_buf_addf(text, "#%" PRIu64, e->event.index);
    if (e->event.fields & WF_EVENT_HAS_LENGTH)
        wf_buf_addf(text, " length=%" PRIu64, e->event.length);
    if (start_ms && e->event.time_ms != start_ms)
        wf_buf_addf(text, " +%" PRId64, e->event.time_ms - start_ms);
    if (e->event.fields & WF_EVENT_HAS_TIMEOUT)
        wf_buf_addf(text, " timeout=%" PRId64, e->event.timeout_s);
    if (e->event.fields & WF_EVENT_HAS_HEARTBEAT)
        wf_buf_addf(text, " heartbeat=%" PRId64, e->event.heartbeat_s);
    if (e->event.fields & WF_EVENT_HAS_ERROR)
        wf_buf_addf(text, " %.*s:", (int)e->event.error.len,
                    e->event.error.data);
    if (e->event.fields & WF_EVENT_HAS_CAUSE)
        wf_buf_addf(text, " %.*s", (int)e->event.cause.len,
                    e->event.cause.data);
    if (e->event.fields & WF_EVENT_HAS_DOC) {
        wf_buf_u8(text, '\t');
        wf_buf_addstr(text, e->doc);
    }
    wf_buf_u8(text, '\n');
}

static void on_history(void *arg, const struct wf_refusal *refusal,
                       const struct wf_history_event *events, size_t count,
                       struct wf_str token) {
    struct rig_reply *reply = arg;
    struct wf_buf text = {0};
    keep_refusal(reply, refusal);
    reply->count = count;
    for (size_t i = 0; i < count; i++)
        add_event(&text, &events[i], reply->start_ms);
    if (count) {
        reply->first_id = events[0].event.id;
        reply->last_id = events[count - 1].event.id;
    }
    wf_buf_u8(&text, 0);
    reply->text = text.data;
    reply->token = token.len ? copy(token) : NULL;
}

/* Without branches and iterations, every event but the first state's points
 * to the one before; only what ends an execution from outside may point
 * elsewhere. */
static void check_line(const char *line, uint64_t *last, bool is_linear) {
    unsigned long long id, previous;
    char type[64];
    if (sscanf(line, "%llu<%llu %63s", &id, &previous, type) != 3)
        fail_msg("no event: %s", line);
    if (id != *last + 1)
        fail_msg("event %llu follows %llu: %s", id,
                 (unsigned long long)*last, line);
    bool outside = strcmp(type, "ExecutionAborted") == 0 ||
                   strcmp(type, "ExecutionTimedOut") == 0;
    if (id == 2 && strcmp(type, "ExecutionRedriven") == 0)
        previous -= 1; /* of a fork: nothing else had been done */
    if (previous != (id > 2 ? id - 1 : 0) && !outside && is_linear)
        fail_msg("not causal: %s", line);
    *last = id;
}

static char *whole_history(struct rig *rig, const char *arn) {
    struct rig_reply *described = rig_describe(rig, arn);
    struct wf_buf text = {0};
    uint64_t last = 0;
    char *token = NULL;
    do {
        struct rig_reply *page =
            rig_ask_history(rig, arn, 1000, false, token);
        page->start_ms = described->start_ms;
        rig_reply_of(rig, page);
        assert_false(page->refused);
        wf_buf_adds(&text, page->text);
        token = page->token;
    } while (token);
    wf_buf_u8(&text, 0);
    bool is_linear = !strstr(text.data, " ParallelStateStarted") &&
                     !strstr(text.data, " MapStateStarted");
    for (char *line = text.data; *line; line = strchr(line, '\n') + 1)
        check_line(line, &last, is_linear);
    return text.data;
}

const char *rig_history(struct rig *rig, const char *arn) {
    struct rig_reply *keep;
    char *text = whole_history(rig, arn), *to = text;
    for (char *at = text; *at; at++)
        *to++ = *at == '\t' ? ' ' : *at;
    keep = new_reply(rig);
    keep->text = text;
    return text;
}

const char *rig_story(struct rig *rig, const char *arn) {
    char *text = whole_history(rig, arn), *to = text;
    bool in_document = false;
    for (char *at = text; *at; at++) {
        if (*at == '\t')
            in_document = true;
        else if (*at == '\n')
            in_document = false;
        if (!in_document)
            *to++ = *at;
    }
    *to = '\0';
    new_reply(rig)->text = text;
    return text;
}

/* ---- quotes ---- */

char *rig_quoted(struct rig *rig, const char *text) {
    struct rig_reply *keep = new_reply(rig);
    keep->text = wf_strndup(text, strlen(text));
    if (!strchr(text, '"'))
        for (char *at = keep->text; (at = strchr(at, '\'')); at++)
            *at = '"';
    return keep->text;
}

void rig_assert_text(struct rig *rig, const char *actual,
                     const char *expected) {
    const char *quoted = rig_quoted(rig, expected);
    if (!actual || strcmp(actual, quoted) != 0)
        fail_msg("\n%s\n  instead of\n%s", actual ? actual : "(nothing)",
                 quoted);
}

/* ---- requests ---- */

struct rig_reply *rig_ask_machine(struct rig *rig, const char *name,
                                  const char *definition, bool express) {
    struct rig_reply *reply = new_reply(rig);
    struct wf_create_state_machine ask = {
        .name = wf_str(name),
        .definition = wf_str(rig_quoted(rig, definition)),
        .role_arn = WF_STR("arn:aws:iam::000000000000:role/test"),
        .express = express,
    };
    wf_engine_create_state_machine(rig->engine, &ask, on_machine, reply);
    return reply;
}

struct rig_reply *rig_ask_start(struct rig *rig, const char *name,
                                const char *input) {
    struct rig_reply *reply = new_reply(rig);
    struct wf_start_execution ask = {
        .state_machine_arn = wf_str(rig->arn),
        .name = wf_str(name),
        .input = input ? wf_str(rig_quoted(rig, input)) : WF_STR_NULL,
    };
    wf_engine_start_execution(rig->engine, &ask, on_execution, reply);
    return reply;
}

struct rig_reply *rig_ask_sync(struct rig *rig, const char *input) {
    struct rig_reply *reply = new_reply(rig);
    struct wf_start_execution ask = {
        .state_machine_arn = wf_str(rig->arn),
        .input = input ? wf_str(rig_quoted(rig, input)) : WF_STR_NULL,
    };
    wf_engine_start_sync_execution(rig->engine, &ask, on_execution, reply);
    return reply;
}

struct rig_reply *rig_ask_describe(struct rig *rig, const char *arn) {
    struct rig_reply *reply = new_reply(rig);
    wf_engine_describe_execution(rig->engine, wf_str(arn), on_execution,
                                 reply);
    return reply;
}

struct rig_reply *rig_ask_wait(struct rig *rig, const char *arn,
                               int64_t timeout_ms) {
    struct rig_reply *reply = new_reply(rig);
    wf_engine_wait_for_execution(rig->engine, wf_str(arn), timeout_ms,
                                 on_execution, reply);
    return reply;
}

struct rig_reply *rig_ask_stop(struct rig *rig, const char *arn,
                               const char *error, const char *cause) {
    struct rig_reply *reply = new_reply(rig);
    wf_engine_stop_execution(rig->engine, wf_str(arn), wf_str(error),
                             wf_str(cause), on_execution, reply);
    return reply;
}

struct rig_reply *rig_ask_pause(struct rig *rig, const char *arn,
                                const char *reason) {
    struct rig_reply *reply = new_reply(rig);
    wf_engine_pause_execution(rig->engine, wf_str(arn), wf_str(reason),
                              on_execution, reply);
    return reply;
}

struct rig_reply *rig_ask_resume(struct rig *rig, const char *arn) {
    struct rig_reply *reply = new_reply(rig);
    wf_engine_resume_execution(rig->engine, wf_str(arn), on_execution,
                               reply);
    return reply;
}

static void on_redriven(void *arg, const struct wf_refusal *refusal,
                        const struct wf_redriven_reply *redriven) {
    struct rig_reply *reply = arg;
    keep_refusal(reply, refusal);
    if (!redriven)
        return;
    reply->start_ms = redriven->redrive_ms;
    reply->name = copy(redriven->state);
    reply->text = copy(redriven->reason);
}

struct rig_reply *rig_ask_redrive(struct rig *rig, const char *arn,
                                  const char *token) {
    return rig_ask_redrive_with(rig, arn, NULL, token);
}

struct rig_reply *rig_ask_redrive_with(struct rig *rig, const char *arn,
                                       const struct wf_fix *fix,
                                       const char *token) {
    struct rig_reply *reply = new_reply(rig);
    const struct wf_redrive_execution ask = {.execution_arn = wf_str(arn),
                                             .client_token = wf_str(token),
                                             .fix = fix};
    wf_engine_redrive_execution(rig->engine, &ask, on_redriven, reply);
    return reply;
}

static void on_forked(void *arg, const struct wf_refusal *refusal,
                      const struct wf_forked_reply *forked) {
    struct rig_reply *reply = arg;
    keep_refusal(reply, refusal);
    if (refusal)
        return;
    reply->arn = copy(forked->arn);
    reply->start_ms = forked->start_ms;
    reply->name = copy(forked->state);
    reply->text = copy(forked->reason);
}

struct rig_reply *rig_ask_fork(struct rig *rig, const char *arn,
                               uint64_t event, const char *name,
                               const struct wf_fix *fix) {
    struct rig_reply *reply = new_reply(rig);
    const struct wf_fork_execution ask = {.execution_arn = wf_str(arn),
                                          .event = event,
                                          .name = wf_str(name),
                                          .fix = fix};
    wf_engine_fork_execution(rig->engine, &ask, on_forked, reply);
    return reply;
}

void rig_redrive(struct rig *rig, const char *arn) {
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_redrive(rig, arn, NULL));
    if (reply->refused)
        fail_msg("not redriven: %s: %s", reply->exception, reply->message);
}

struct rig_reply *rig_ask_list(struct rig *rig, int status, unsigned page,
                               const char *token) {
    struct rig_reply *reply = new_reply(rig);
    struct wf_list_executions ask = {
        .state_machine_arn = wf_str(rig->arn),
        .status = (enum wf_execution_status)status,
        .max_results = page,
        .next_token = wf_str(token),
    };
    wf_engine_list_executions(rig->engine, &ask, on_list, reply);
    return reply;
}

struct rig_reply *rig_ask_history(struct rig *rig, const char *arn,
                                  unsigned page, bool reverse,
                                  const char *token) {
    struct rig_reply *reply = new_reply(rig);
    struct wf_get_history ask = {
        .execution_arn = wf_str(arn),
        .max_results = page,
        .reverse = reverse,
        .next_token = wf_str(token),
    };
    wf_engine_get_history(rig->engine, &ask, on_history, reply);
    return reply;
}

struct rig_reply *rig_reply_of(struct rig *rig, struct rig_reply *reply) {
    rig_until(rig, &reply->done);
    return reply;
}

/* ---- shorthands ---- */

static struct rig_reply *good(struct rig *rig, struct rig_reply *reply) {
    rig_reply_of(rig, reply);
    if (reply->refused)
        fail_msg("%s: %s", reply->exception, reply->message);
    return reply;
}

void rig_machine(struct rig *rig, const char *name, const char *definition) {
    struct rig_reply *reply =
        good(rig, rig_ask_machine(rig, name, definition, false));
    snprintf(rig->arn, sizeof(rig->arn), "%s", reply->arn);
}

const char *rig_start(struct rig *rig, const char *name, const char *input) {
    return good(rig, rig_ask_start(rig, name, input))->arn;
}

struct rig_reply *rig_end(struct rig *rig, const char *arn) {
    return good(rig, rig_ask_wait(rig, arn, 0));
}

struct rig_reply *rig_run(struct rig *rig, const char *definition,
                          const char *input) {
    char name[32];
    uint64_t hash = 1469598103934665603u;
    for (const char *at = definition; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    snprintf(name, sizeof(name), "m%016llx", (unsigned long long)hash);
    rig_machine(rig, name, definition);
    return rig_end(rig, rig_start(rig, NULL, input));
}

struct rig_reply *rig_describe(struct rig *rig, const char *arn) {
    return good(rig, rig_ask_describe(rig, arn));
}

void rig_assert_status(struct rig *rig, const char *arn,
                       enum wf_execution_status status) {
    assert_string_equal(
        wf_execution_status_name(rig_describe(rig, arn)->status),
        wf_execution_status_name(status));
}
