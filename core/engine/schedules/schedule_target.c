/* schedule_target.c - what a schedule's target says, for one slot: the state
 * machine, the execution's name, its input. See schedule_impl.h. */
#include "schedule_impl.h"

#define UNIVERSAL "arn:aws:scheduler:::aws-sdk:sfn:startExecution"
#define RETRIES 185       /* AWS's defaults */
#define AGE_S INT64_C(86400)
#define NAME_CHARACTERS 80
#define SLOT_CHARACTERS 16 /* "-20240101T100000" */
#define HASH_CHARACTERS 9  /* "-12345678" */

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

static bool member(struct wf_value object, const char *name,
                   enum wf_json_type type, struct wf_value *found) {
    return wf_value_member(object, wf_str(name), found) &&
           wf_value_type(*found) == type;
}

static bool text_member(struct wf_value object, const char *name,
                        struct wf_buf *out) {
    struct wf_value value;
    if (!member(object, name, WF_JSON_STRING, &value))
        return false;
    wf_value_string(value, out);
    return true;
}

static int64_t integer_member(struct wf_value object, const char *name,
                              int64_t otherwise) {
    struct wf_value value;
    int64_t number;
    return member(object, name, WF_JSON_NUMBER, &value) &&
                   wf_value_integer(value, &number)
               ? number
               : otherwise;
}

/* ---- texts about the slot ---- */

static void add_time(struct wf_buf *out, int64_t ms) {
    char iso[25];
    wf_clock_iso(ms, iso);
    wf_buf_addf(out, "%.19sZ", iso);
}

/* The schedule's name and the slot; what two of them could share is told
 * apart by a hash. */
static void add_name(const struct wf_schedule *schedule, int64_t slot_ms,
                     struct wf_buf *out) {
    size_t room = NAME_CHARACTERS - SLOT_CHARACTERS, begin = out->len;
    char iso[25];
    if (!wf_str_eq(schedule->group, WF_STR(WF_DEFAULT_GROUP))) {
        wf_buf_addstr(out, schedule->group);
        wf_buf_u8(out, '.');
    }
    wf_buf_addstr(out, schedule->name);
    if (out->len - begin > room) {
        uint64_t hash = 14695981039346656037u;
        for (size_t i = begin; i < out->len; i++)
            hash = (hash ^ (unsigned char)out->data[i]) * 1099511628211u;
        out->len = begin + room - HASH_CHARACTERS;
        wf_buf_addf(out, "-%08x", (unsigned)(hash >> 32));
    }
    wf_clock_iso(slot_ms, iso);
    wf_buf_addf(out, "-%.4s%.2s%.2sT%.2s%.2s%.2s", iso, iso + 5, iso + 8,
                iso + 11, iso + 14, iso + 17);
}

struct context {
    struct wf_engine *engine;
    const struct wf_schedule *schedule;
    int64_t slot_ms;
    unsigned attempt;
    uint64_t id; /* of the attempt */
};

/* The value of "<aws.scheduler.NAME>"; false: there is none of that name. */
static bool add_attribute(const struct context *context, struct wf_str name,
                          struct wf_buf *out) {
    const struct wf_schedule *schedule = context->schedule;
    if (wf_str_eq(name, WF_STR("schedule-arn")))
        wf_schedule_arn(context->engine, schedule->group, schedule->name,
                        out);
    else if (wf_str_eq(name, WF_STR("scheduled-time")))
        add_time(out, context->slot_ms);
    else if (wf_str_eq(name, WF_STR("execution-id")))
        wf_buf_addf(out, "%016llx", (unsigned long long)context->id);
    else if (wf_str_eq(name, WF_STR("attempt-number")))
        wf_buf_addf(out, "%u", context->attempt);
    else
        return false;
    return true;
}

static void add_input(const struct context *context, struct wf_str input,
                      struct wf_buf *out) {
    static const char begin[] = "<aws.scheduler.";
    const size_t len = sizeof(begin) - 1;
    const char *at = input.data, *end = input.data + input.len;
    while (at < end) {
        const char *open = memchr(at, '<', (size_t)(end - at));
        const char *stop = open ? open : end;
        wf_buf_add(out, at, (size_t)(stop - at));
        if (!open)
            return;
        at = open + 1;
        const char *close =
            (size_t)(end - open) > len && memcmp(open, begin, len) == 0
                ? memchr(open, '>', (size_t)(end - open))
                : NULL;
        struct wf_str name = {open + len,
                              close ? (size_t)(close - open) - len : 0};
        if (close && add_attribute(context, name, out))
            at = close + 1;
        else
            wf_buf_u8(out, '<');
    }
}

/* What AWS sends if the target has no Input. */
static void add_event(const struct context *context, struct wf_buf *out) {
    struct wf_engine *engine = context->engine;
    char id[37];
    wf_clock_uuid4(engine->clock, id);
    wf_buf_addf(out, "{\"version\":\"0\",\"id\":\"%s\",\"detail-type\":"
                     "\"Scheduled Event\",\"source\":\"aws.scheduler\","
                     "\"account\":\"%s\",\"time\":\"",
                id, engine->account);
    add_time(out, context->slot_ms);
    wf_buf_addf(out, "\",\"region\":\"%s\",\"resources\":[\"",
                engine->region);
    wf_schedule_arn(engine, context->schedule->group,
                    context->schedule->name, out);
    wf_buf_adds(out, "\"],\"detail\":\"{}\"}");
}

/* ---- the two kinds of targets ---- */

static bool wrong(struct wf_buf *why, const char *what) {
    why->len = 0;
    wf_buf_adds(why, what);
    return false;
}

/* The Input is what StartExecution is asked. */
static bool read_universal(struct wf_str input,
                           struct wf_schedule_call *call,
                           struct wf_buf *why) {
    struct wf_error err;
    struct wf_doc *doc = wf_doc_parse(input, NULL, &err);
    struct wf_value root = {doc, 0};
    if (!doc)
        return wrong(why, "The Input of a universal target must be JSON.");
    bool good = wf_value_type(root) == WF_JSON_OBJECT &&
                text_member(root, "StateMachineArn", &call->arn);
    if (good) {
        struct wf_buf name = {0};
        text_member(root, "Input", &call->input);
        text_member(root, "TraceHeader", &call->trace_header);
        if (text_member(root, "Name", &name)) {
            wf_buf_free(&call->name);
            call->name = name;
        }
    }
    wf_doc_unref(doc);
    return good || wrong(why, "The Input of a universal target must be an "
                              "object with a StateMachineArn.");
}

static bool read_templated(const struct context *context,
                           struct wf_value target,
                           struct wf_schedule_call *call,
                           struct wf_buf *why) {
    struct wf_buf input = {0};
    struct wf_error err;
    if (!text_member(target, "Input", &input)) {
        add_event(context, &call->input);
        return true;
    }
    add_input(context, text_of(&input), &call->input);
    wf_buf_free(&input);
    struct wf_doc *doc = wf_doc_parse(text_of(&call->input), NULL, &err);
    wf_doc_unref(doc);
    return doc || wrong(why, "The Input of the target must be JSON.");
}

static bool read_call(const struct context *context, struct wf_value target,
                      struct wf_schedule_call *call, struct wf_buf *why) {
    struct wf_buf input = {0};
    struct wf_arn parts;
    bool good;
    text_member(target, "Arn", &call->target);
    if (wf_str_eq(text_of(&call->target), WF_STR(UNIVERSAL))) {
        text_member(target, "Input", &input);
        add_input(context, text_of(&input), &call->asked);
        good = read_universal(text_of(&call->asked), call, why);
    } else if (wf_arn_parse(text_of(&call->target), &parts) &&
               wf_str_eq(parts.kind, WF_STR("stateMachine"))) {
        wf_buf_addstr(&call->arn, text_of(&call->target));
        good = read_templated(context, target, call, why);
    } else {
        good = wrong(why, "The target's Arn must be that of a state machine, "
                          "or " UNIVERSAL ": schedules of this server start "
                          "nothing else.");
    }
    wf_buf_free(&input);
    return good;
}

bool wf_schedule_target(struct wf_engine *engine,
                        const struct wf_schedule *schedule, int64_t slot_ms,
                        unsigned attempt, struct wf_schedule_call *call,
                        struct wf_buf *why) {
    struct wf_doc *doc = wf_doc_trusted(schedule->target);
    struct wf_value root = {doc, 0}, part;
    struct context context = {engine, schedule, slot_ms, attempt,
                              wf_clock_random(engine->clock)};
    *call = (struct wf_schedule_call){.id = context.id,
                                      .max_retries = RETRIES,
                                      .max_age_s = AGE_S};
    add_name(schedule, slot_ms, &call->name);
    if (member(root, "RetryPolicy", WF_JSON_OBJECT, &part)) {
        call->max_retries =
            integer_member(part, "MaximumRetryAttempts", RETRIES);
        call->max_age_s =
            integer_member(part, "MaximumEventAgeInSeconds", AGE_S);
    }
    if (member(root, "DeadLetterConfig", WF_JSON_OBJECT, &part))
        text_member(part, "Arn", &call->dead_letters);
    bool good = read_call(&context, root, call, why);
    wf_doc_unref(doc);
    return good;
}

void wf_schedule_call_free(struct wf_schedule_call *call) {
    wf_buf_free(&call->arn);
    wf_buf_free(&call->name);
    wf_buf_free(&call->input);
    wf_buf_free(&call->trace_header);
    wf_buf_free(&call->target);
    wf_buf_free(&call->asked);
    wf_buf_free(&call->dead_letters);
}
