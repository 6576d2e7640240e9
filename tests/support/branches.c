/* branches.c - see branches.h. */
#include "branches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct event {
    unsigned long previous;
    char type[40], state[44]; /* state: with "#index" of iterations */
    unsigned ends;            /* that have been found for it */
    bool is_over;             /* one of them was not an abort or failure */
};

struct history {
    const char *story;
    struct event *events; /* by id; [0] is none */
    unsigned long count;
    bool is_redriven;
};

static bool is_type(const struct event *event, const char *type) {
    return strcmp(event->type, type) == 0;
}

static bool ends_with(const struct event *event, const char *suffix) {
    size_t length = strlen(event->type), part = strlen(suffix);
    return length >= part &&
           strcmp(event->type + length - part, suffix) == 0;
}

#define REFUSE(history, id, what)                                         \
    fail_msg("event %lu (%s %s): %s\n%s", (unsigned long)(id),            \
             (history)->events[id].type, (history)->events[id].state,     \
             what, (history)->story)

static void read_line(struct history *history, const char *line) {
    unsigned long id;
    struct event *event = &history->events[history->count + 1];
    event->state[0] = '\0';
    int fields = sscanf(line, "%lu<%lu %39s%*1[ ]%43[A-Za-z0-9_#]", &id,
                        &event->previous, event->type, event->state);
    if (fields < 3)
        fail_msg("no event: %s", line);
    char *count = strchr(event->type, '#'); /* of redrives */
    if (count)
        *count = '\0';
    if (id != ++history->count)
        fail_msg("event %lu instead of %lu\n%s", id, history->count,
                 history->story);
}

static void read_story(struct history *history) {
    size_t lines = 0;
    for (const char *at = history->story; *at; at++)
        lines += *at == '\n';
    history->events = calloc(lines + 2, sizeof(*history->events));
    for (const char *at = history->story; *at; at = strchr(at, '\n') + 1)
        read_line(history, at);
}

/* The name without "#index". */
static bool same_state(const struct event *a, const struct event *b) {
    size_t length = strcspn(a->state, "#");
    return length == strcspn(b->state, "#") &&
           memcmp(a->state, b->state, length) == 0;
}

/* The nearest event of that kind on the way back; 0: there is none. */
static unsigned long trace(const struct history *history, unsigned long id,
                           const char *suffix, bool with_index) {
    const struct event *event = &history->events[id];
    unsigned long at = event->previous;
    for (; at != 0; at = history->events[at].previous) {
        const struct event *e = &history->events[at];
        if (ends_with(e, suffix) &&
            (with_index ? strcmp(e->state, event->state) == 0
                        : same_state(e, event)))
            return at;
    }
    return 0;
}

/* What a root does after a redrive follows that, not what it was doing. */
static unsigned long trace_far(const struct history *history,
                               unsigned long id, const char *suffix,
                               bool with_index) {
    unsigned long found = trace(history, id, suffix, with_index);
    if (found || !history->is_redriven)
        return found;
    for (unsigned long at = id - 1; at > 0; at--)
        if (ends_with(&history->events[at], suffix) &&
            same_state(&history->events[at], &history->events[id]))
            return at;
    return 0;
}

static bool is_end_of_state(const struct event *event) {
    return ends_with(event, "StateExited") ||
           ends_with(event, "StateAborted");
}

static bool is_end_of_iteration(const struct event *event) {
    return is_type(event, "MapIterationSucceeded") ||
           is_type(event, "MapIterationFailed") ||
           is_type(event, "MapIterationAborted");
}

static void count_end(struct history *history, unsigned long id,
                      unsigned long begin) {
    if (begin == 0)
        REFUSE(history, id, "ends what has not begun");
    struct event *event = &history->events[begin];
    if (event->is_over || (event->ends > 0 && !history->is_redriven))
        REFUSE(history, id, "ends what has ended");
    event->ends++;
    event->is_over = ends_with(&history->events[id], "StateExited") ||
                     ends_with(&history->events[id], "Succeeded");
}

/* What an event of the first kind follows directly. */
static const struct {
    const char *type, *after[4];
} CAUSES[] = {
    {"StateEntered",
     {"StateExited", "MapIterationStarted", "ParallelStateStarted",
      "ExecutionRedriven"}},
    {"TaskStarted", {"TaskScheduled"}},
    {"TaskSucceeded", {"TaskStarted", "TaskScheduled"}},
    {"TaskFailed", {"TaskStarted", "TaskScheduled"}},
    {"TaskTimedOut", {"TaskStarted", "TaskScheduled"}},
    {"TaskStateExited",
     {"TaskSucceeded", "TaskFailed", "TaskTimedOut", "TaskStateEntered"}},
    {"PassStateExited", {"PassStateEntered"}},
    {"WaitStateExited", {"WaitStateEntered"}},
    {"ChoiceStateExited", {"ChoiceStateEntered"}},
    {"ExecutionSucceeded", {"StateExited"}},
};

static void check_cause(const struct history *history, unsigned long id) {
    const struct event *event = &history->events[id];
    const struct event *before = &history->events[event->previous];
    if (event->previous >= id)
        REFUSE(history, id, "follows what comes later");
    if (history->is_redriven && ends_with(event, "StateExited"))
        return; /* also what has failed or was aborted is left */
    if (history->is_redriven && is_type(event, "FailStateEntered"))
        return;
    if (event->previous == 0) {
        if (id > 2 && !is_type(event, "ExecutionAborted") &&
            !is_type(event, "ExecutionTimedOut"))
            REFUSE(history, id, "follows nothing");
        return;
    }
    for (size_t i = 0; i < sizeof(CAUSES) / sizeof(CAUSES[0]); i++) {
        bool found = !ends_with(event, CAUSES[i].type);
        for (int k = 0; k < 4 && CAUSES[i].after[k]; k++)
            found |= ends_with(before, CAUSES[i].after[k]);
        if (!found)
            REFUSE(history, id, "follows what can't cause it");
    }
}

/* A state that nothing has ended: then what it is part of has failed, or it
 * is of a type that no event aborts. */
static bool is_explained(const struct history *history, unsigned long id) {
    if (is_type(&history->events[id], "FailStateEntered"))
        return true;
    for (unsigned long at = id + 1; at <= history->count; at++) {
        const struct event *e = &history->events[at];
        if (is_type(e, "MapIterationFailed") ||
            is_type(e, "MapIterationAborted") ||
            is_type(e, "ParallelStateFailed") ||
            is_type(e, "MapStateFailed") || is_type(e, "ExecutionFailed") ||
            is_type(e, "ExecutionAborted") ||
            is_type(e, "ExecutionTimedOut") ||
            is_type(e, "ParallelStateStarted") ||
            is_type(e, "ParallelStateExited"))
            return true;
    }
    return false;
}

static void check_ends(struct history *history) {
    const struct event *last = &history->events[history->count];
    bool cut_off = is_type(last, "ExecutionAborted") ||
                   is_type(last, "ExecutionTimedOut");
    for (unsigned long id = 1; id <= history->count; id++) {
        struct event *event = &history->events[id];
        if (is_end_of_state(event))
            count_end(history, id,
                      trace_far(history, id, "StateEntered", false));
        else if (is_end_of_iteration(event))
            count_end(history, id,
                      trace_far(history, id, "MapIterationStarted",
                                true));
    }
    for (unsigned long id = 1; id <= history->count; id++) {
        struct event *event = &history->events[id];
        if (event->ends > 0)
            continue;
        if (is_type(event, "MapIterationStarted") && !cut_off)
            REFUSE(history, id, "is never ended");
        if (ends_with(event, "StateEntered") && !is_explained(history, id))
            REFUSE(history, id, "is never left");
    }
}

static bool is_end(const struct event *event) {
    return strncmp(event->type, "Execution", 9) == 0 &&
           !is_type(event, "ExecutionStarted") &&
           !is_type(event, "ExecutionRedriven");
}

void branches_check(const char *story) {
    struct history history = {.story = story};
    read_story(&history);
    for (unsigned long id = 1; id <= history.count; id++) {
        check_cause(&history, id);
        bool goes_on = id < history.count &&
                       is_type(&history.events[id + 1], "ExecutionRedriven");
        history.is_redriven |= goes_on;
        if (is_end(&history.events[id]) && id < history.count && !goes_on)
            REFUSE(&history, id, "is not the last");
    }
    if (history.count > 0 && is_end(&history.events[history.count]))
        check_ends(&history);
    free(history.events);
}

/* ---- runs ---- */

const char *branches_run(struct rig *rig, const char *definition,
                         const char *input, enum wf_execution_status status,
                         const char *output) {
    struct rig_reply *end = rig_run(rig, definition, input);
    assert_string_equal(wf_execution_status_name(end->status),
                        wf_execution_status_name(status));
    if (output)
        rig_assert_text(rig, end->output, output);
    const char *story = rig_story(rig, end->arn);
    branches_check(story);
    return story;
}

const char *branches_succeed(struct rig *rig, const char *definition,
                             const char *input, const char *output) {
    return branches_run(rig, definition, input, WF_EXECUTION_SUCCEEDED,
                        output);
}

struct rig_reply *branches_end_after_crash(struct rig *rig, const char *input,
                                           unsigned turns) {
    char name[24], arn[300];
    snprintf(name, sizeof(name), "x%u", turns);
    struct rig_reply *start = rig_ask_start(rig, name, input);
    rig_turns(rig, turns);
    bool acknowledged = start->done;
    rig_crash(rig);
    rig_open(rig);
    snprintf(arn, sizeof(arn), "%.*s:execution:m:%s",
             (int)(strstr(rig->arn, ":stateMachine") - rig->arn), rig->arn,
             name);
    struct rig_reply *there = rig_reply_of(rig, rig_ask_describe(rig, arn));
    if (there->refused) {
        assert_false(acknowledged);
        return NULL;
    }
    struct rig_reply *end = rig_end(rig, there->arn);
    branches_check(rig_story(rig, end->arn));
    return end;
}

char *branches_padding(size_t length) {
    char *text = wf_malloc(length + 3);
    memset(text, 'x', length + 2);
    text[0] = text[length + 1] = '"';
    text[length + 2] = '\0';
    return text;
}
