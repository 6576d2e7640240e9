/* schedules.c - see schedules.h. */
#include "schedules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "time_zone.h"

int64_t schedule_ms(const char *iso) {
    int year, month, day, hour = 0, minute = 0, second = 0;
    assert_true(sscanf(iso, "%d-%d-%dT%d:%d:%d", &year, &month, &day, &hour,
                       &minute, &second) >= 3);
    return (wf_days_of(year, (unsigned)month, (unsigned)day) * WF_DAY_S +
            hour * INT64_C(3600) + minute * INT64_C(60) + second) *
           1000;
}

struct wf_schedule schedule_of(struct rig *rig, const char *name,
                               const char *expression, const char *input) {
    static char target[4096];
    struct wf_buf out = {0};
    wf_buf_addf(&out, "{\"Arn\":\"%s\",\"RoleArn\":"
                      "\"arn:aws:iam::000000000000:role/r\"", rig->arn);
    if (input) {
        wf_buf_adds(&out, ",\"Input\":");
        wf_buf_json(&out, wf_str(rig_quoted(rig, input)));
    }
    wf_buf_adds(&out, "}");
    assert_true(out.len < sizeof(target));
    memcpy(target, out.data, out.len);
    target[out.len] = 0;
    wf_buf_free(&out);
    return (struct wf_schedule){
        .name = wf_str(name),
        .expression = wf_str(expression),
        .target = wf_str(target),
    };
}

static void put(struct schedule_answer *answer, struct wf_str text) {
    size_t len = strlen(answer->text);
    snprintf(answer->text + len, sizeof(answer->text) - len, "%.*s",
             (int)text.len, text.data ? text.data : "");
}

static void put_lists(struct schedule_answer *answer,
                      const struct wf_schedule_reply *reply) {
    for (size_t i = 0; i < reply->count; i++) {
        char iso[25];
        if (reply->slots) {
            wf_clock_iso(reply->slots[i], iso);
            put(answer, (struct wf_str){iso, 16});
        } else if (reply->tags) {
            put(answer, reply->tags[i].key);
            put(answer, WF_STR("="));
            put(answer, reply->tags[i].value);
        } else {
            put(answer, reply->schedules ? reply->schedules[i].name
                                         : reply->groups[i].name);
        }
        put(answer, WF_STR(" "));
    }
}

static void answered(void *arg, const struct wf_refusal *refusal,
                     const struct wf_schedule_reply *reply) {
    struct schedule_answer *answer = arg;
    answer->done = true;
    if (refusal) {
        snprintf(answer->exception, sizeof(answer->exception), "%s",
                 refusal->exception);
        put(answer, refusal->message);
        return;
    }
    answer->count = reply->count;
    snprintf(answer->token, sizeof(answer->token), "%.*s",
             (int)reply->next_token.len,
             reply->next_token.data ? reply->next_token.data : "");
    if (reply->schedules && reply->count) {
        struct wf_str error = reply->schedules->last_error;
        answer->schedule = *reply->schedules;
        snprintf(answer->last_error, sizeof(answer->last_error), "%.*s",
                 (int)error.len, error.data ? error.data : "");
    }
    if (reply->arn.len)
        put(answer, reply->arn);
    else
        put_lists(answer, reply);
}

const struct schedule_answer *schedule_ask(struct rig *rig,
                                           const struct wf_schedule_ask *ask) {
    static struct schedule_answer answer;
    memset(&answer, 0, sizeof(answer));
    wf_engine_schedule(rig->engine, ask, answered, &answer);
    rig_until(rig, &answer.done);
    return &answer;
}

const struct schedule_answer *schedule_do(struct rig *rig,
                                          enum wf_schedule_operation what,
                                          const struct wf_schedule *schedule) {
    const struct schedule_answer *answer = schedule_ask(
        rig, &(struct wf_schedule_ask){.operation = what,
                                       .schedule = *schedule});
    if (*answer->exception)
        fail_msg("%s: %s", answer->exception, answer->text);
    return answer;
}

void schedule_make(struct rig *rig, struct wf_schedule schedule) {
    schedule_do(rig, WF_SCHEDULE_CREATE, &schedule);
}

const struct schedule_answer *schedule_get(struct rig *rig,
                                           const char *name) {
    struct wf_schedule schedule = {.name = wf_str(name)};
    return schedule_do(rig, WF_SCHEDULE_GET, &schedule);
}

static bool is_over(struct rig *rig, void *arg) {
    int64_t *last = arg;
    unsigned *same = (unsigned *)(last + 1);
    struct wf_engine_stats stats = rig_stats(rig);
    int64_t state = wf_clock_now_ms(&rig->clock) +
                    (int64_t)(stats.executions_started * 7 +
                              stats.executions_ended * 13 +
                              stats.durable_seq);
    *same = state == *last && wf_engine_is_quiet(rig->engine) ? *same + 1 : 0;
    *last = state;
    return *same > 60;
}

void schedules_end(struct rig *rig) {
    int64_t state[2] = {0, 0};
    rig_until_true(rig, is_over, state);
}

const char *schedule_slots(struct rig *rig) {
    static char out[32768];
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_list(rig, 0, 1000, NULL));
    char *lines[1001];
    size_t count = 0, len = 0;
    for (char *at = strtok(reply->text, "\n"); at; at = strtok(NULL, "\n"))
        lines[count++] = at;
    out[0] = 0;
    while (count-- > 0) { /* "name-20240101T000000 STATUS" */
        char *at = strchr(lines[count], ' ');
        at -= 15;
        len += (size_t)snprintf(out + len, sizeof(out) - len,
                                "%.2s-%.2sT%.2s:%.2s ", at + 4, at + 6,
                                at + 9, at + 11);
    }
    return out;
}
