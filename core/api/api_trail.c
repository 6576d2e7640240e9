/* api_trail.c - see api_trail.h. */
#include "api_trail.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit.h"
#include "sigv4.h"

#define PARSE_MAX ((size_t)64 << 10) /* of an answer, to find an ARN in it */

/* What is kept of a call that changes something. */
struct wf_api_trail {
    struct wf_audit *audit;
    struct wf_api_call *call;
    wf_api_done_fn *then;
    unsigned status;
    char key[WF_KEY_ID_MAX + 1]; /* empty: `uid` */
    bool has_uid;
    uid_t uid;
    struct wf_buf resource;
};

/* ---- signatures ---- */

struct each {
    wf_sigv4_value_fn *value;
    void *arg;
};

static void on_value(void *arg, struct wf_str value) {
    struct each *each = arg;
    each->value(each->arg, value);
}

static void headers_of(void *request, struct wf_str name,
                       wf_sigv4_value_fn *value, void *arg) {
    struct each each = {value, arg};
    wf_http_headers(request, name, on_value, &each);
}

/* The time as it is now, also if it was set back. */
static int64_t time_now(void) {
    struct wf_clock kernel;
    wf_clock_init_real(&kernel);
    return wf_clock_now_ms(&kernel);
}

static struct wf_credential *signer_of(struct wf_credentials *keys,
                                       struct wf_http_request *request,
                                       const char *service,
                                       struct wf_sigv4_refusal *why) {
    const char *const services[] = {service, NULL};
    unsigned char hash[WF_SIGV4_HASH];
    struct wf_sigv4_request sent = {
        .method = wf_http_method(request),
        .target = wf_http_target(request),
        .body_hash = hash,
        .headers = headers_of,
        .arg = request,
    };
    wf_http_body_hash(request, hash);
    return wf_sigv4_verify(keys, &sent, time_now(), services, why);
}

bool wf_api_admit(struct wf_credentials *keys,
                  struct wf_http_request *request, const char *service,
                  struct wf_api_caller *caller, struct wf_api_no *no) {
    struct wf_sigv4_refusal why;
    struct wf_credential *key;

    *caller = (struct wf_api_caller){0};
    if (!keys) {
        caller->rights = WF_RIGHTS_ALL;
        caller->has_uid = wf_http_peer(request, &caller->uid);
        return true;
    }
    key = signer_of(keys, request, service, &why);
    if (!key) {
        no->exception = why.exception;
        snprintf(no->message, sizeof(no->message), "%s", why.message);
        return false;
    }
    caller->key = key->id;
    caller->rights = key->rights;
    if (wf_credential_take(key, wf_clock_mono_ns()))
        return true;
    no->exception = "ThrottlingException";
    snprintf(no->message, sizeof(no->message), "Rate exceeded");
    return false;
}

/* ---- rights ---- */

static void begin_trail(struct wf_api_call *call) {
    struct wf_api_trail *trail = wf_calloc(1, sizeof(*trail));

    trail->audit = call->audit;
    trail->call = call;
    trail->has_uid = call->caller.has_uid;
    trail->uid = call->caller.uid;
    if (call->caller.key)
        snprintf(trail->key, sizeof(trail->key), "%s", call->caller.key);
    call->trail = trail;
}

static void deny(struct wf_api_call *call, const char *operation) {
    const char *service = strncmp(operation, "Scheduler.", 10) == 0
                              ? "scheduler" : "states";
    const char *dot = strrchr(operation, '.');
    struct wf_buf text = {0};

    operation = dot ? dot + 1 : operation;
    wf_buf_addf(&text,
                "User: %s is not authorized to perform: %s:%s because no role "
                "of its key allows the %s:%s action",
                call->caller.key ? call->caller.key : "anonymous", service,
                operation, service, operation);
    wf_api_fail(call, "AccessDeniedException",
                (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

bool wf_api_may(struct wf_api_call *call,
                const struct wf_api_operation *operation) {
    bool changes = operation->right != WF_RIGHT_VIEW;

    if (call->audit && changes) {
        if (wf_audit_problem(call->audit)) {
            wf_api_fail(call, "ServiceUnavailable",
                        WF_STR("The audit log can't be written: nothing is "
                               "changed meanwhile."));
            return false;
        }
        begin_trail(call);
    }
    if (wf_right_in(call->caller.rights, operation->right))
        return true;
    deny(call, operation->name);
    return false;
}

/* ---- the resource ---- */

/* In this order: what names most comes first. */
static const char *const members[] = {
    "executionArn", "mapRunArn", "stateMachineVersionArn",
    "stateMachineAliasArn", "stateMachineArn", "activityArn", "resourceArn",
    "ScheduleArn", "ScheduleGroupArn", "ResourceArn", "Name", "name",
    "directory",
};
enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

void wf_api_trail_note(struct wf_api_call *call,
                       struct wf_api_request *request) {
    for (int i = 0; call->trail && i < MEMBERS; i++) {
        struct wf_value value;
        if (!wf_api_value(request, members[i], &value) ||
            wf_value_type(value) != WF_JSON_STRING)
            continue;
        wf_buf_addstr(&call->trail->resource,
                      wf_api_characters(request, value));
        return;
    }
}

/* What was made has its ARN in the answer. */
static void look_into_answer(struct wf_api_trail *trail) {
    struct wf_buf *out = trail->call->out;
    struct wf_value value;
    struct wf_doc *doc =
        out->len <= PARSE_MAX
            ? wf_doc_parse((struct wf_str){out->data, out->len}, NULL, NULL)
            : NULL;
    struct wf_value root = {doc, 0};

    for (int i = 0; doc && i < MEMBERS; i++)
        if (strstr(members[i], "Arn") &&
            wf_value_type(root) == WF_JSON_OBJECT &&
            wf_value_member(root, wf_str(members[i]), &value) &&
            wf_value_type(value) == WF_JSON_STRING) {
            trail->resource.len = 0;
            wf_value_string(value, &trail->resource);
            break;
        }
    wf_doc_unref(doc);
}

/* ---- the end ---- */

static void is_logged(void *arg) {
    struct wf_api_trail *trail = arg;
    struct wf_api_call *call = trail->call;
    wf_api_done_fn *then = trail->then;
    unsigned status = trail->status;

    wf_buf_free(&trail->resource);
    free(trail);
    then(call, status);
}

void wf_api_trail_end(struct wf_api_call *call, unsigned status,
                      wf_api_done_fn *then) {
    struct wf_api_trail *trail = call->trail;

    if (!trail) {
        then(call, status);
        return;
    }
    call->trail = NULL;
    trail->then = then;
    trail->status = status;
    if (!call->exception)
        look_into_answer(trail);
    wf_audit_add(trail->audit,
                 &(struct wf_audit_record){
                     .time_ms = time_now(),
                     .key = trail->key[0] ? trail->key : NULL,
                     .has_uid = trail->has_uid,
                     .uid = trail->uid,
                     .operation = call->operation,
                     .resource = {trail->resource.data, trail->resource.len},
                     .outcome = call->exception ? call->exception : "OK",
                     .request_id = call->request_id,
                 },
                 is_logged, trail);
}
