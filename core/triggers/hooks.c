/*
 * hooks.c - a hook's request, from its arrival to its answer.
 *
 * What of the request is needed is copied at once. Whether it is
 * authenticated and sound, and its event, is found out by a thread if the
 * body is large. Then the execution is started, under a name that is made of
 * the delivery's key if there is one; what is there already under that name
 * says, in its trace header, which body it was started with.
 */
#include <stdio.h>
#include <stdlib.h>

#include "audit.h"
#include "hook_event.h"
#include "json_write.h"
#include "triggers_impl.h"

#define PATH "/hooks/"
#define LARGE_BYTES ((size_t)64 << 10) /* nothing for the loop */
#define TRACE_BODY ";Body="
#define KEY_MAX 1024

struct hook_call {
    struct wf_link link; /* in triggers->calls */
    struct wf_job job;
    struct wf_triggers *triggers;
    struct wf_trigger_set *set; /* counted */
    struct wf_trigger *trigger; /* in it */
    struct wf_http_request *request;
    struct wf_buf texts; /* of the headers below; never moves */
    struct wf_hook_proof proof;
    struct wf_str type, encoding, key_header;
    struct wf_hook_pairs headers, query;
    int64_t now_ms;
    bool has_key;
    char body_hash[65];
    struct wf_buf key, event, input, name, arn;
    unsigned status;       /* of a refusal; 0: none */
    const char *exception; /* with it, or that the engine gave */
    struct wf_buf message;
    bool is_authenticated, is_second;
    char request_id[37];
};

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data ? buf->data : "", buf->len};
}

bool wf_hooks_path(struct wf_str path) {
    return path.len >= strlen(PATH) &&
           memcmp(path.data, PATH, strlen(PATH)) == 0;
}

static struct wf_trigger *hook_of(struct wf_trigger_set *set,
                                  struct wf_str path) {
    struct wf_str name = {path.data + strlen(PATH), path.len - strlen(PATH)};
    return set ? wf_trigger_find(set, WF_TRIGGER_HOOK, name) : NULL;
}

bool wf_hooks_are_asked(struct wf_triggers *triggers, struct wf_str method,
                        struct wf_str path, size_t *body_bytes) {
    struct wf_trigger *trigger;

    if (!triggers || !triggers->set || !wf_hooks_path(path) ||
        !wf_str_eq(method, WF_STR("POST")))
        return false;
    trigger = hook_of(triggers->set, path);
    *body_bytes = trigger ? trigger->hook.body_bytes : LARGE_BYTES;
    return !trigger || trigger->hook.auth.scheme != WF_HOOK_NONE;
}

/* ---- the end ---- */

static void call_free(struct hook_call *call) {
    wf_list_remove(&call->link);
    wf_buf_free(&call->texts);
    wf_buf_free(&call->headers.texts);
    wf_buf_free(&call->query.texts);
    wf_buf_free(&call->key);
    wf_buf_free(&call->event);
    wf_buf_free(&call->input);
    wf_buf_free(&call->name);
    wf_buf_free(&call->arn);
    wf_buf_free(&call->message);
    wf_trigger_set_unref(call->set);
    free(call);
}

void wf_hooks_drop(struct wf_triggers *triggers) {
    struct wf_link *link;

    while ((link = wf_list_shift(&triggers->calls)))
        call_free(WF_ENTRY(link, struct hook_call, link));
}

/* Those that are counted now may be another set's. */
static struct wf_trigger *counted(struct hook_call *call) {
    return wf_trigger_find(call->triggers->set, WF_TRIGGER_HOOK,
                           wf_str(call->trigger->name));
}

static void reply(void *arg) {
    struct hook_call *call = arg;

    wf_http_reply(call->request, call->status, "application/json");
    call_free(call);
}

/* Answers, when the audit log has its line. */
static void finish(struct hook_call *call) {
    struct wf_audit *audit = call->triggers->options.audit;
    char key[WF_TRIGGER_NAME_MAX + 8];

    if (!audit || !call->is_authenticated) {
        reply(call);
        return;
    }
    snprintf(key, sizeof(key), "hook:%s", call->trigger->name);
    wf_audit_add(audit,
                 &(struct wf_audit_record){
                     .time_ms = wf_triggers_now(),
                     .key = key,
                     .operation = "StartExecution",
                     .resource = call->arn.len ? text_of(&call->arn)
                                               : wf_str(call->trigger->arn),
                     .outcome = call->exception ? call->exception : "OK",
                     .request_id = call->request_id,
                 },
                 reply, call);
}

static void put_error(struct wf_buf *out, const char *exception,
                      struct wf_str message) {
    out->len = 0;
    wf_buf_u8(out, '{');
    wf_json_text(out, "__type", wf_str(exception));
    wf_json_text(out, "message", message);
    wf_buf_u8(out, '}');
}

static void refuse(struct hook_call *call) {
    struct wf_trigger *trigger = counted(call);
    struct wf_buf why = {0};

    if (trigger) {
        if (call->status >= 500)
            trigger->counts.failed++;
        else
            trigger->counts.refused++;
        wf_buf_addf(&why, "%s: %.*s", call->exception,
                    (int)call->message.len, text_of(&call->message).data);
        wf_trigger_complain(trigger, text_of(&why), wf_triggers_now());
        wf_buf_free(&why);
    }
    if (call->status == 429 || call->status == 503)
        wf_http_answer_header(call->request, "Retry-After", "1");
    if (call->status == 401)
        wf_http_answer_header(
            call->request, "WWW-Authenticate",
            call->trigger->hook.auth.scheme == WF_HOOK_BEARER ? "Bearer"
                                                              : "Signature");
    put_error(wf_http_answer(call->request), call->exception,
              text_of(&call->message));
    finish(call);
}

/* Notes a refusal; false, so that checks can end with it. */
static bool no(struct hook_call *call, unsigned status, const char *exception,
               const char *message) {
    call->status = status;
    call->exception = exception;
    call->message.len = 0;
    wf_buf_adds(&call->message, message);
    return false;
}

/* What the engine says, in HTTP's words. */
static void refuse_for(struct hook_call *call,
                       const struct wf_refusal *refusal) {
    unsigned status = 500; /* the hook's doing, not the sender's */

    if (strcmp(refusal->exception, "ThrottlingException") == 0)
        status = 429;
    else if (strcmp(refusal->exception, "InvalidExecutionInput") == 0)
        status = 400;
    no(call, status, refusal->exception, "");
    wf_buf_addstr(&call->message, refusal->message);
    refuse(call);
}

/* ---- the start ---- */

static void put_started(struct hook_call *call,
                        const struct wf_execution_reply *execution,
                        unsigned status) {
    struct wf_buf *out = wf_http_answer(call->request);

    wf_buf_u8(out, '{');
    wf_json_text(out, "executionArn", execution->arn);
    wf_json_time(out, "startDate", execution->start_ms);
    wf_buf_u8(out, '}');
    call->arn.len = 0;
    wf_buf_addstr(&call->arn, execution->arn);
    call->status = status;
}

static void start(struct hook_call *call);

/* What is known under that name already. */
static void described(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *execution) {
    struct hook_call *call = arg;
    struct wf_trigger *trigger = counted(call);
    struct wf_str trace;
    size_t len = strlen(TRACE_BODY) + 64;

    if (refusal && !call->is_second) { /* its retention has just ended */
        call->is_second = true;
        start(call);
        return;
    }
    if (refusal) {
        refuse_for(call, refusal);
        return;
    }
    trace = execution->trace_header;
    if (trace.len < len ||
        memcmp(trace.data + trace.len - len, TRACE_BODY,
               strlen(TRACE_BODY)) != 0 ||
        memcmp(trace.data + trace.len - 64, call->body_hash, 64) != 0) {
        wf_buf_addstr(&call->arn, execution->arn);
        no(call, 409, "ConflictException",
           "A request with this key and another body has started an execution "
           "before.");
        refuse(call);
        return;
    }
    put_started(call, execution, 200);
    call->exception = "ExecutionAlreadyExists";
    if (trigger)
        trigger->counts.repeated++;
    finish(call);
}

static void count_start(struct hook_call *call, struct wf_str arn) {
    struct wf_trigger *trigger = counted(call);
    if (trigger)
        wf_trigger_started(trigger, arn, wf_triggers_now());
}

static void started(void *arg, const struct wf_refusal *refusal,
                    const struct wf_execution_reply *execution) {
    struct hook_call *call = arg;
    struct wf_buf arn = {0};

    if (!refusal) {
        count_start(call, execution->arn);
        put_started(call, execution, 202);
        finish(call);
    } else if (call->has_key &&
               strcmp(refusal->exception, "ExecutionAlreadyExists") == 0) {
        wf_trigger_execution_arn(call->trigger, text_of(&call->name), &arn);
        wf_engine_describe_execution(call->triggers->options.engine,
                                     text_of(&arn), described, call);
        wf_buf_free(&arn);
    } else {
        refuse_for(call, refusal);
    }
}

/* An EXPRESS execution has ended: its output is the answer. */
static void ended(void *arg, const struct wf_refusal *refusal,
                  const struct wf_execution_reply *execution) {
    struct hook_call *call = arg;

    if (refusal) {
        refuse_for(call, refusal);
        return;
    }
    count_start(call, execution->arn);
    wf_buf_addstr(&call->arn, execution->arn);
    if (execution->status == WF_EXECUTION_SUCCEEDED) {
        call->status = 200;
        wf_buf_addstr(wf_http_answer(call->request), execution->output);
        finish(call);
        return;
    }
    call->status = execution->status == WF_EXECUTION_TIMED_OUT ? 504 : 500;
    struct wf_buf *out = wf_http_answer(call->request);
    wf_buf_u8(out, '{');
    wf_json_text(out, "__type", WF_STR("ExecutionFailed"));
    wf_json_text_if(out, "error", execution->error);
    wf_json_text_if(out, "cause", execution->cause);
    wf_buf_u8(out, '}');
    finish(call);
}

static void start(struct hook_call *call) {
    struct wf_engine *engine = call->triggers->options.engine;
    char trace[WF_TRIGGER_NAME_MAX + 96];
    struct wf_start_execution ask = {
        .state_machine_arn = wf_str(call->trigger->arn),
        .name = text_of(&call->name),
        .input = text_of(&call->input),
        .is_exclusive = call->has_key,
    };

    if (call->has_key) {
        snprintf(trace, sizeof(trace), "Hook=%s" TRACE_BODY "%s",
                 call->trigger->name, call->body_hash);
        ask.trace_header = wf_str(trace);
    }
    if (call->trigger->hook.waits)
        wf_engine_start_sync_execution(engine, &ask, ended, call);
    else
        wf_engine_start_execution(engine, &ask, started, call);
}

static void shaped(void *arg, const struct wf_refusal *refusal,
                   struct wf_str output) {
    struct hook_call *call = arg;

    if (refusal) {
        refuse_for(call, refusal);
        return;
    }
    wf_buf_addstr(&call->input, output);
    start(call);
}

/* ---- whether it is as it should be ---- */

static bool take_token(struct wf_hook *hook) {
    uint64_t now = wf_clock_mono_ns();

    if (hook->rate == 0)
        return true;
    if (hook->filled_ns)
        hook->tokens += (double)(now - hook->filled_ns) / 1e9 * hook->rate;
    hook->filled_ns = now;
    if (hook->tokens > hook->burst)
        hook->tokens = hook->burst;
    if (hook->tokens < 1)
        return false;
    hook->tokens -= 1;
    return true;
}

static bool take_content(struct hook_call *call,
                         enum wf_hook_content *content) {
    *content = WF_HOOK_JSON;
    if (call->encoding.data &&
        !wf_str_eq(call->encoding, WF_STR("identity")))
        return no(call, 415, "UnsupportedMediaTypeException",
                  "The body has a Content-Encoding: send it without.");
    if (!call->type.data && call->proof.body.len == 0)
        return true;
    if (call->type.data && wf_hook_content_of(call->type, content) &&
        (call->trigger->hook.contents & *content))
        return true;
    return no(call, 415, "UnsupportedMediaTypeException",
              call->type.data
                  ? "This hook does not take bodies of this Content-Type."
                  : "The request has no Content-Type.");
}

static bool take_key(struct hook_call *call, struct wf_str body) {
    const struct wf_hook *hook = &call->trigger->hook;

    switch (hook->key) {
    case WF_HOOK_KEY_NONE:
        return true;
    case WF_HOOK_KEY_HEADER:
        wf_buf_addstr(&call->key, call->key_header);
        break;
    case WF_HOOK_KEY_POINTER:
        wf_hook_pointer(body, hook->key_of, &call->key);
        break;
    case WF_HOOK_KEY_BODY:
        wf_buf_adds(&call->key, call->body_hash);
        break;
    }
    call->has_key = call->key.len > 0;
    if (!call->has_key && hook->key_is_required)
        return no(call, 400, "ValidationException",
                  hook->key == WF_HOOK_KEY_HEADER
                      ? "The request lacks the header with its key."
                      : "The body lacks its key.");
    if (call->key.len > KEY_MAX || !wf_utf8_valid(text_of(&call->key)))
        return no(call, 400, "ValidationException",
                  "The key has more than 1,024 bytes, or is no UTF-8.");
    return true;
}

static bool put_event(struct hook_call *call, struct wf_str body) {
    struct wf_buf *out = &call->event;
    char iso[25];

    wf_clock_iso(call->now_ms, iso);
    wf_buf_u8(out, '{');
    wf_json_text(out, "hook", wf_str(call->trigger->name));
    wf_json_text(out, "receivedAt", wf_str(iso));
    if (call->has_key)
        wf_json_text(out, "idempotencyKey", text_of(&call->key));
    wf_json_key(out, "headers");
    if (!wf_hook_pairs_json(&call->headers, out))
        return no(call, 400, "ValidationException",
                  "A header is no UTF-8.");
    wf_json_key(out, "query");
    if (!wf_hook_pairs_json(&call->query, out))
        return no(call, 400, "ValidationException",
                  "The query has too many parameters, or is no UTF-8.");
    wf_json_key(out, "body");
    wf_buf_addstr(out, body);
    wf_buf_u8(out, '}');
    return true;
}

static bool examine(struct hook_call *call) {
    struct wf_buf body = {0};
    struct wf_error err;
    enum wf_hook_content content;
    const char *why = wf_hook_auth_check(&call->trigger->hook.auth,
                                         &call->proof, call->now_ms);
    if (why)
        return no(call, 401, "UnauthorizedException", why);
    call->is_authenticated = true;
    if (!take_content(call, &content))
        return false;
    wf_hook_hash(call->proof.body, call->body_hash);
    why = wf_hook_body_json(call->proof.body, content, &body, &err);
    bool is_good = why ? no(call, 400, "SerializationException", why)
                       : take_key(call, text_of(&body)) &&
                             put_event(call, text_of(&body));
    wf_buf_free(&body);
    return is_good;
}

static void examined(struct hook_call *call) {
    struct wf_triggers *triggers = call->triggers;
    struct wf_trigger *trigger = counted(call);

    if (call->is_authenticated && trigger && !take_token(&trigger->hook)) {
        call->is_authenticated = false; /* it is not worth a line */
        no(call, 429, "ThrottlingException", "Rate exceeded");
    } else if (call->is_authenticated && triggers->options.audit &&
               wf_audit_problem(triggers->options.audit)) {
        call->is_authenticated = false; /* a line would have to wait */
        no(call, 503, "ServiceUnavailable",
           "The audit log can't be written: nothing is started meanwhile.");
    }
    if (call->status) {
        refuse(call);
        return;
    }
    if (call->has_key)
        wf_trigger_execution_name(call->trigger, text_of(&call->key),
                                  &call->name);
    if (call->trigger->shape) {
        wf_engine_shape_input(triggers->options.engine,
                              wf_str(call->trigger->shape),
                              text_of(&call->event), shaped, call);
        return;
    }
    call->input = call->event;
    call->event = (struct wf_buf){0};
    start(call);
}

static void examine_elsewhere(struct wf_job *job) {
    examine(WF_ENTRY(job, struct hook_call, job));
}

static void examined_elsewhere(struct wf_job *job) {
    struct hook_call *call = WF_ENTRY(job, struct hook_call, job);

    if (wf_job_is_cancelled(job)) {
        call->is_authenticated = false;
        no(call, 503, "ServiceUnavailable", "The engine is being closed.");
    }
    examined(call);
}

/* ---- what of a request is kept ---- */

static struct wf_str keep(struct hook_call *call, const char *name) {
    struct wf_str text =
        name ? wf_http_header(call->request, name) : WF_STR_NULL;
    if (text.data)
        wf_buf_keep(&call->texts, &text);
    return text;
}

struct values {
    struct wf_hook_pairs *pairs;
    char name[101];
};

static void on_value(void *arg, struct wf_str value) {
    struct values *values = arg;
    wf_hook_pairs_add(values->pairs, wf_str(values->name), value);
}

/* Under its name in small letters. */
static void keep_values(struct hook_call *call, const char *header) {
    struct values values = {.pairs = &call->headers};
    size_t i = 0;

    for (; header[i] && i < sizeof(values.name) - 1; i++)
        values.name[i] = header[i] >= 'A' && header[i] <= 'Z'
                             ? (char)(header[i] + 'a' - 'A')
                             : header[i];
    wf_http_headers(call->request, wf_str(header), on_value, &values);
}

static void on_parameter(void *arg, const char *name, const char *value) {
    wf_hook_pairs_add(arg, wf_str(name), wf_str(value ? value : ""));
}

static void keep_request(struct hook_call *call) {
    const struct wf_hook *hook = &call->trigger->hook;
    const char *const names[] = {
        hook->auth.header, hook->auth.time_header, hook->auth.id_header,
        hook->key == WF_HOOK_KEY_HEADER ? hook->key_of : NULL,
        "Content-Type", "Content-Encoding"};
    size_t room = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i])
            room += wf_http_header(call->request, names[i]).len;
    wf_buf_reserve(&call->texts, room + 1);
    call->proof = (struct wf_hook_proof){
        .header = keep(call, hook->auth.header),
        .time = keep(call, hook->auth.time_header),
        .id = keep(call, hook->auth.id_header),
        .body = wf_http_body(call->request),
    };
    call->type = keep(call, "Content-Type");
    call->encoding = keep(call, "Content-Encoding");
    if (hook->key == WF_HOOK_KEY_HEADER)
        call->key_header = keep(call, hook->key_of);
    for (char **at = hook->headers; *at; at++)
        keep_values(call, *at);
    wf_http_query(call->request, on_parameter, &call->query);
}

static void begin(struct wf_triggers *triggers, struct wf_trigger *trigger,
                  struct wf_http_request *request) {
    struct hook_call *call = wf_calloc(1, sizeof(*call));

    call->triggers = triggers;
    call->set = wf_trigger_set_ref(triggers->set);
    call->trigger = trigger;
    call->request = request;
    call->now_ms = wf_triggers_now();
    wf_list_append(&triggers->calls, &call->link);
    wf_clock_uuid4(&triggers->ids, call->request_id);
    wf_http_answer_header(request, "x-amzn-RequestId", call->request_id);
    keep_request(call);
    if (call->proof.body.len > LARGE_BYTES) {
        call->job = (struct wf_job){.work = examine_elsewhere,
                                    .done = examined_elsewhere};
        wf_engine_offload(triggers->options.engine, &call->job);
        return;
    }
    examine(call);
    examined(call);
}

static void answer(struct wf_http_request *request, unsigned status,
                   const char *exception, const char *message) {
    put_error(wf_http_answer(request), exception, wf_str(message));
    wf_http_reply(request, status, "application/json");
}

void wf_hooks_request(struct wf_triggers *triggers,
                      struct wf_http_request *request) {
    struct wf_trigger *trigger =
        hook_of(triggers ? triggers->set : NULL, wf_http_path(request));

    if (!wf_str_eq(wf_http_method(request), WF_STR("POST"))) {
        wf_http_answer_header(request, "Allow", "POST");
        answer(request, 405, "MethodNotAllowed",
               "Hooks are called with POST.");
    } else if (!trigger) {
        answer(request, 404, "ResourceNotFoundException",
               "There is no such hook.");
    } else {
        begin(triggers, trigger, request);
    }
}
