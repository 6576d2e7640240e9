/* api.c - requests become calls, calls become responses. See api.h. */
#include "api.h"

#include <stdlib.h>

#include "api_call.h"
#include "api_rest.h"
#include "api_trail.h"
#include "json_write.h"
#include "triggers.h"

/* Calls may end after the API. */
struct counted {
    struct wf_metrics metrics;
    unsigned holders; /* the API, and calls under way */
};

struct wf_api {
    struct wf_engine *engine;
    const struct wf_profile *profile;
    struct wf_http *http;
    struct wf_credentials *keys; /* NULL: nobody signs */
    struct wf_audit *audit;      /* or NULL */
    struct wf_triggers *triggers; /* or NULL */
    struct counted *counted;
    struct wf_clock ids; /* only its generator: numbers requests */
};

/* A call of a REST API, and the text it is made into. */
struct rest_call {
    struct wf_api_call call;
    struct wf_buf body;
};

static const char content_type[] = "application/x-amz-json-1.0";

_Static_assert(sizeof(struct rest_call) <= WF_HTTP_SCRATCH,
               "a call fits the scratch memory of its request");

static void let_go(struct counted *counted) {
    if (--counted->holders == 0)
        free(counted);
}

static void finish(struct wf_api_call *call, unsigned status,
                   const char *type) {
    if (call->operation)
        wf_metrics_count(call->metrics, call->operation, status,
                         wf_clock_mono_ns() - call->begun_ns);
    let_go((struct counted *)call->metrics);
    wf_http_answer_header(call->arg, "x-amzn-RequestId", call->request_id);
    wf_http_reply(call->arg, status, type);
}

static void answer(struct wf_api_call *call, unsigned status) {
    finish(call, status, content_type);
}

static void on_done(struct wf_api_call *call, unsigned status) {
    wf_api_trail_end(call, status, answer);
}

static void answer_rest(struct wf_api_call *call, unsigned status) {
    struct rest_call *rest = (struct rest_call *)call;
    wf_buf_free(&rest->body);
    if (call->exception)
        wf_http_answer_header(call->arg, "x-amzn-ErrorType",
                              call->exception);
    finish(call, status, "application/json");
}

static bool is_there(struct wf_api_call *call) {
    return wf_http_is_there(call->arg);
}

static void on_rest_done(struct wf_api_call *call, unsigned status) {
    wf_api_trail_end(call, status, answer_rest);
}

static void run_call(struct rest_call *rest, struct wf_http_request *request) {
    struct wf_api_call *call = &rest->call;
    const struct wf_api_route *route = call->route;

    if (!route)
        wf_api_call_run(call, wf_http_header(request, "X-Amz-Target"),
                        wf_http_body(request));
    else if (wf_api_rest_body(route, request, &rest->body))
        wf_api_call_run(call, wf_str(route->operation),
                        (struct wf_str){rest->body.data, rest->body.len});
    else
        wf_api_fail(call, "SerializationException",
                    WF_STR("The request body must be a JSON object."));
}

/* A call with a route; else the header names its target. */
static void on_call(struct wf_api *api, struct wf_http_request *request,
                    const struct wf_api_route *route) {
    struct rest_call *rest = wf_http_scratch(request);
    struct wf_api_call *call = &rest->call;
    struct wf_api_no no;

    wf_http_stats(api->http, &api->counted->metrics.http);
    api->counted->holders++;
    *call = (struct wf_api_call){
        .engine = api->engine,
        .profile = api->profile,
        .metrics = &api->counted->metrics,
        .out = wf_http_answer(request),
        .done = route ? on_rest_done : on_done,
        .is_there = is_there,
        .arg = request,
        .route = route,
        .audit = api->audit,
        .triggers = api->triggers,
    };
    wf_clock_uuid4(&api->ids, call->request_id);
    rest->body = (struct wf_buf){0};
    if (wf_api_admit(api->keys, request, route ? "scheduler" : "states",
                     &call->caller, &no))
        run_call(rest, request);
    else
        wf_api_fail(call, no.exception, wf_str(no.message));
}

static void reply_text(struct wf_http_request *request, unsigned status,
                       const char *json) {
    wf_buf_adds(wf_http_answer(request), json);
    wf_http_reply(request, status, "application/json");
}

static void reply_metrics(struct wf_api *api,
                          struct wf_http_request *request) {
    struct wf_api_caller caller;
    struct wf_api_no no = {"AccessDeniedException", "No role of its key "
                           "allows it."};
    struct wf_buf *out = wf_http_answer(request);

    if (!wf_api_admit(api->keys, request, "states", &caller, &no) ||
        !wf_right_in(caller.rights, WF_RIGHT_VIEW)) {
        wf_buf_addf(out, "{\"__type\":\"%s\",\"message\":", no.exception);
        wf_buf_json(out, wf_str(no.message));
        wf_buf_u8(out, '}');
        wf_http_reply(request, 403, content_type);
        return;
    }
    wf_metrics_read(&api->counted->metrics, api->engine);
    wf_http_stats(api->http, &api->counted->metrics.http);
    wf_metrics_prometheus(&api->counted->metrics, out);
    wf_http_reply(request, 200, "text/plain; version=0.0.4; charset=utf-8");
}

static void on_get(struct wf_api *api, struct wf_http_request *request) {
    if (wf_str_eq(wf_http_path(request), WF_STR("/healthz")))
        reply_text(request, 200, "{\"status\":\"ok\"}");
    else if (wf_str_eq(wf_http_path(request), WF_STR("/metrics")))
        reply_metrics(api, request);
    else
        reply_text(request, 404, "{\"message\":\"There is no such page.\"}");
}

static void on_request(void *arg, struct wf_http_request *request) {
    struct wf_str method = wf_http_method(request);
    struct wf_api *api = arg;
    const struct wf_api_route *route = wf_api_rest_route(request);

    if (route)
        on_call(arg, request, route);
    else if (wf_hooks_path(wf_http_path(request)))
        wf_hooks_request(api->triggers, request);
    else if (wf_str_eq(method, WF_STR("GET")) ||
             wf_str_eq(method, WF_STR("HEAD")))
        on_get(arg, request);
    else if (!wf_str_eq(method, WF_STR("POST")))
        reply_text(request, 405,
                   "{\"message\":\"There is nothing here for this method.\"}");
    else if (!wf_str_eq(wf_http_path(request), WF_STR("/")))
        reply_text(request, 404, "{\"message\":\"Operations are called with "
                                 "POST / and X-Amz-Target.\"}");
    else
        on_call(arg, request, NULL);
}

static bool is_open(void *arg, struct wf_str method, struct wf_str path,
                    size_t *body_bytes) {
    struct wf_api *api = arg;
    return wf_hooks_are_asked(api->triggers, method, path, body_bytes);
}

int wf_api_new(struct ev_loop *loop, struct wf_engine *engine,
               const struct wf_api_options *options, struct wf_api **out,
               struct wf_error *err) {
    static const struct wf_api_options defaults;
    struct wf_http_options http;
    struct wf_api *api = wf_calloc(1, sizeof(*api));
    struct wf_clock kernel;

    if (!options)
        options = &defaults;
    api->engine = engine;
    api->keys = options->keys;
    api->audit = options->audit;
    api->triggers = options->triggers;
    http = options->http;
    http.is_signed = api->keys != NULL;
    http.is_open = is_open;
    api->counted = wf_calloc(1, sizeof(*api->counted));
    api->counted->holders = 1;
    api->profile = options->profile ? options->profile : &WF_PROFILE_NATIVE;
    wf_clock_init_real(&kernel);
    wf_clock_init_real(&api->ids);
    wf_clock_seed(&api->ids, wf_clock_random(&kernel));
    if (wf_http_new(loop, &http, on_request, api, &api->http, err) != 0) {
        let_go(api->counted);
        wf_credentials_free(api->keys);
        free(api);
        api = NULL;
    }
    *out = api;
    return api ? 0 : -1;
}

void wf_api_set_keys(struct wf_api *api, struct wf_credentials *keys) {
    wf_credentials_inherit(keys, api->keys);
    wf_credentials_free(api->keys);
    api->keys = keys;
}

uint64_t wf_api_stop(struct wf_api *api) {
    return wf_http_stop(api->http);
}

void wf_api_free(struct wf_api *api) {
    if (!api)
        return;
    wf_http_free(api->http);
    wf_credentials_free(api->keys);
    let_go(api->counted);
    free(api);
}

unsigned wf_api_port(const struct wf_api *api) {
    return wf_http_port(api->http);
}

bool wf_api_is_loopback(const struct wf_api *api) {
    return wf_http_is_loopback(api->http);
}
