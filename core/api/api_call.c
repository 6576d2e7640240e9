/* api_call.c - finds the operation, parses and checks its request. See
 * api_call.h. */
#include "api_call.h"

#include <stdlib.h>

#include "api_model.h"
#include "api_trail.h"
#include "api_validate.h"
#include "json_write.h"
#include "offload.h"

#define BODY_DEPTH 64 /* documents travel as strings: bodies are flat */
#define LARGE_BYTES ((size_t)256 << 10) /* nothing for the loop */

/* Characters of a string that had escapes. */
struct text {
    struct text *next;
    uint32_t node; /* of the body's document */
    struct wf_buf characters;
};

struct wf_api_request {
    struct wf_value body;
    struct text *texts;
};

/* ---- ending a call ---- */

void wf_api_done(struct wf_api_call *call) {
    call->done(call, 200);
}

void wf_api_done_list(struct wf_api_call *call, struct wf_str next_token) {
    wf_buf_u8(call->out, ']');
    if (next_token.len)
        wf_json_text(call->out, "nextToken", next_token);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static unsigned status_of(const char *exception, bool is_rest) {
    static const struct {
        const char *exception;
        unsigned status, rest;
    } others[] = {
        {"ServiceUnavailable", 503, 503},
        {"ConflictException", 409, 409},
        {"ServiceQuotaExceededException", 402, 402},
        {"ResourceNotFoundException", 400, 404},
        {"ThrottlingException", 400, 429},
        {"AccessDeniedException", 400, 403},
        {"IncompleteSignatureException", 400, 403},
        {"InvalidSignatureException", 400, 403},
        {"MissingAuthenticationTokenException", 400, 403},
        {"UnrecognizedClientException", 400, 403},
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(exception, others[i].exception) == 0)
            return is_rest ? others[i].rest : others[i].status;
    return strncmp(exception, "Internal", 8) == 0 ? 500 : 400;
}

static void fail(struct wf_api_call *call, const struct wf_refusal *why) {
    struct wf_buf *out = call->out;
    bool is_rest = call->route != NULL;
    out->len = 0;
    wf_buf_u8(out, '{');
    if (!is_rest)
        wf_json_text(out, "__type", wf_str(why->exception));
    wf_json_text(out, is_rest ? "Message" : "message", why->message);
    wf_json_text_if(out, "resourceName", why->resource);
    wf_json_text_if(out, "reason", wf_str(why->reason));
    wf_buf_u8(out, '}');
    call->exception = why->exception;
    call->done(call, status_of(why->exception, is_rest));
}

void wf_api_fail(struct wf_api_call *call, const char *exception,
                 struct wf_str message) {
    struct wf_refusal why = {.exception = exception, .message = message};
    fail(call, &why);
}

bool wf_api_refused(struct wf_api_call *call,
                    const struct wf_refusal *refusal) {
    if (refusal)
        fail(call, refusal);
    return refusal != NULL;
}

void wf_api_answer_done(void *arg, const struct wf_refusal *refusal) {
    struct wf_api_call *call = arg;
    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(call->out, "{}");
    wf_api_done(call);
}

/* ---- what a request holds ---- */

bool wf_api_value(struct wf_api_request *request, const char *member,
                  struct wf_value *value) {
    return wf_value_member(request->body, wf_str(member), value) &&
           wf_value_type(*value) != WF_JSON_NULL;
}

static struct text *unescape(struct wf_api_request *request,
                             struct wf_value string) {
    struct text *text = wf_calloc(1, sizeof(*text));
    wf_buf_reserve(&text->characters, wf_value_text(string).len);
    wf_value_string(string, &text->characters);
    text->node = string.node;
    text->next = request->texts;
    request->texts = text;
    return text;
}

struct wf_str wf_api_characters(struct wf_api_request *request,
                                struct wf_value string) {
    struct wf_str raw = wf_value_text(string);
    struct text *text = request->texts;
    while (text && text->node != string.node)
        text = text->next;
    if (!text && !memchr(raw.data, '\\', raw.len))
        return (struct wf_str){raw.data + 1, raw.len - 2};
    if (!text)
        text = unescape(request, string);
    return (struct wf_str){text->characters.data, text->characters.len};
}

struct wf_buf *wf_api_buf(struct wf_api_request *request,
                          struct wf_str text) {
    for (struct text *at = request->texts; at; at = at->next)
        if (at->characters.data && at->characters.data == text.data)
            return &at->characters;
    return NULL;
}

struct wf_str wf_api_text(struct wf_api_request *request,
                          const char *member) {
    struct wf_value value;
    return wf_api_value(request, member, &value)
               ? wf_api_characters(request, value)
               : WF_STR_NULL;
}

bool wf_api_is(struct wf_api_request *request, const char *member,
               const char *text) {
    struct wf_str given = wf_api_text(request, member);
    return given.data && wf_str_eq(given, wf_str(text));
}

int64_t wf_api_integer(struct wf_api_request *request, const char *member,
                       int64_t otherwise) {
    struct wf_value value;
    int64_t integer;
    return wf_api_value(request, member, &value) &&
                   wf_value_integer(value, &integer)
               ? integer
               : otherwise;
}

double wf_api_number(struct wf_api_request *request, const char *member,
                     double otherwise) {
    struct wf_value value;
    return wf_api_value(request, member, &value) ? wf_value_number(value)
                                                 : otherwise;
}

bool wf_api_flag(struct wf_api_request *request, const char *member,
                 bool otherwise) {
    struct wf_value value;
    return wf_api_value(request, member, &value)
               ? wf_value_type(value) == WF_JSON_TRUE
               : otherwise;
}

static void texts_free(struct wf_api_request *request) {
    while (request->texts) {
        struct text *text = request->texts;
        request->texts = text->next;
        wf_buf_free(&text->characters);
        free(text);
    }
}

/* ---- finding the operation ---- */

struct found {
    const struct wf_api_shape *shape; /* NULL: no such operation */
    const struct wf_api_operation *operation; /* NULL: not here */
};

static const struct wf_api_operation *
find_operation(const struct wf_api_operation *const *tables,
               struct wf_str name) {
    for (; *tables; tables++)
        for (const struct wf_api_operation *at = *tables; at->name; at++)
            if (wf_str_eq(wf_str(at->name), name))
                return at;
    return NULL;
}

static bool has_prefix(struct wf_str *target, const char *prefix) {
    size_t len = strlen(prefix);
    if (target->len < len || memcmp(target->data, prefix, len) != 0)
        return false;
    target->data += len;
    target->len -= len;
    return true;
}

static struct found find_aws(struct wf_str name) {
    static const struct wf_api_operation *const tables[] = {
        wf_api_executions, wf_api_state_machines, wf_api_tags,
        wf_api_map_runs, wf_api_tasks, wf_api_activities,
        wf_api_versions, wf_api_test_state, NULL};
    struct found found = {.operation = find_operation(tables, name)};
    for (size_t i = 0; i < wf_api_input_count && !found.shape; i++)
        if (wf_str_eq(wf_str(wf_api_inputs[i].operation), name))
            found.shape = wf_api_inputs[i].shape;
    return found;
}

static struct found find_own(struct wf_str name) {
    static const struct wf_api_operation *const tables[] = {
        wf_api_own, wf_api_events, wf_api_graph, wf_api_search,
        wf_api_pause, wf_api_redrive, wf_api_bulk, wf_api_inspect,
        wf_api_backup,
        wf_api_triggers,
        wf_api_notifications,
        wf_api_schedules, NULL};
    struct found found = {.operation = find_operation(tables, name)};
    for (const struct wf_api_input *at = wf_api_own_inputs; at->operation;
         at++)
        if (wf_str_eq(wf_str(at->operation), name))
            found.shape = at->shape;
    return found;
}

static struct found find_scheduler(struct wf_str name) {
    static const struct wf_api_operation *const tables[] = {wf_api_schedules,
                                                            NULL};
    struct found found = {.operation = find_operation(tables, name)};
    for (const struct wf_api_route *at = wf_api_scheduler_routes; at->method;
         at++)
        if (wf_str_eq(wf_str(at->operation), name))
            found.shape = at->shape;
    return found;
}

static struct found find(struct wf_str target) {
    if (has_prefix(&target, "AWSStepFunctions."))
        return find_aws(target);
    if (has_prefix(&target, "Moonstep."))
        return find_own(target);
    struct wf_str name = target;
    if (has_prefix(&target, "Scheduler."))
        return find_scheduler(name);
    return (struct found){0};
}

/* ---- running ---- */

/* A body on its way from text to an operation's call. Reading it needs
 * nothing but it, and may be done by a thread. */
struct reading {
    struct wf_job job;
    struct wf_api_call *call;
    struct found found;
    struct wf_str body;
    struct wf_doc *doc;
    struct wf_api_request request;
    const char *exception; /* NULL: it is as it should be */
    struct wf_buf message;
};

static void refuse(struct reading *reading, const char *exception,
                   struct wf_str message) {
    reading->exception = exception;
    wf_buf_addstr(&reading->message, message);
}

/* Large strings, while a thread is at it. */
static void unescape_large(struct reading *reading) {
    struct wf_doc *doc = reading->doc;
    const struct wf_node *nodes = wf_doc_nodes(doc);
    for (uint32_t at = 1; at < nodes->next; at = nodes[at + 1].next)
        if (nodes[at + 1].type == WF_JSON_STRING &&
            nodes[at + 1].end - nodes[at + 1].start > LARGE_BYTES)
            unescape(&reading->request, (struct wf_value){doc, at + 1});
}

static void read_body(struct reading *reading) {
    static const struct wf_doc_limits limits = {
        .max_bytes = (size_t)1 << 31, /* http.h has the limit that counts */
        .max_depth = BODY_DEPTH,
    };
    struct wf_error err;
    reading->doc = wf_doc_parse(reading->body, &limits, &err);
    if (!reading->doc) {
        refuse(reading, "SerializationException", wf_str(err.message));
        return;
    }
    struct wf_value body = {reading->doc, 0};
    reading->request.body = body;
    if (wf_value_type(body) != WF_JSON_OBJECT) {
        refuse(reading, "SerializationException",
               WF_STR("The request body must be a JSON object."));
        return;
    }
    if (reading->body.len > LARGE_BYTES)
        unescape_large(reading);
    reading->exception = wf_api_validate(reading->found.shape, body,
                                         reading->call->profile->payload_bytes,
                                         &reading->message);
}

/* Of a request that is refused as well, if it has one. */
static void note_resource(struct reading *reading) {
    if (wf_value_type(reading->request.body) == WF_JSON_OBJECT)
        wf_api_trail_note(reading->call, &reading->request);
}

static void run_read(struct reading *reading) {
    struct wf_buf *message = &reading->message;
    if (reading->doc)
        note_resource(reading);
    if (reading->exception)
        wf_api_fail(reading->call, reading->exception,
                    (struct wf_str){message->data, message->len});
    else
        reading->found.operation->run(reading->call, &reading->request);
    wf_buf_free(message);
    texts_free(&reading->request);
    wf_doc_unref(reading->doc);
}

static void read_elsewhere(struct wf_job *job) {
    read_body((struct reading *)job);
}

static void read_done(struct wf_job *job) {
    struct reading *reading = (struct reading *)job;
    if (wf_job_is_cancelled(job) && !reading->exception)
        refuse(reading, "ServiceUnavailable",
               WF_STR("The engine is being closed."));
    run_read(reading);
    free(reading);
}

static void read_large(const struct reading *given) {
    struct reading *reading = wf_malloc(sizeof(*reading));
    *reading = *given;
    reading->job = (struct wf_job){.work = read_elsewhere,
                                   .done = read_done};
    wf_engine_offload(reading->call->engine, &reading->job);
}

void wf_api_call_run(struct wf_api_call *call, struct wf_str target,
                     struct wf_str body) {
    struct reading reading = {
        .call = call, .found = find(target), .body = body};

    call->begun_ns = wf_clock_mono_ns();
    if (reading.found.operation)
        call->operation = reading.found.operation->name;
    if (!reading.found.operation || !reading.found.shape) {
        wf_api_fail(call, "UnknownOperationException",
                    WF_STR("The requested operation is not known here."));
    } else if (!wf_api_may(call, reading.found.operation)) {
        return; /* it has failed */
    } else if (body.len > LARGE_BYTES) {
        read_large(&reading);
    } else {
        read_body(&reading);
        run_read(&reading);
    }
}
