/*
 * cli_worker_call.c - one request to the endpoint, signed if there are
 * credentials, and what its answer means. See cli_worker.h.
 */
#include <stdlib.h>

#include "cli_http_impl.h"
#include "cli_worker.h"

#define FIRST_PAUSE_S 0.1
#define LONGEST_PAUSE_S 10.0
#define CONNECT_S 10.0
#define MOST_BYTES ((size_t)256 << 20)

struct wf_cli_request {
    struct wf_cli_activity *activity;
    struct wf_fetch *fetch; /* NULL: it could not be started */
    ev_timer failed;        /* tells that, a turn later */
    char *problem;
    wf_cli_answered_fn *answered;
    void *arg;
};

double wf_cli_longer_pause(struct wf_cli_worker *worker, double pause_s) {
    double next = pause_s < FIRST_PAUSE_S ? FIRST_PAUSE_S : pause_s * 2;
    double part = (double)(wf_clock_random(&worker->clock) % 1000) / 1000;

    if (next > LONGEST_PAUSE_S)
        next = LONGEST_PAUSE_S;
    return next * (0.75 + part / 4); /* not all workers at once */
}

/* ---- away, and back again ---- */

static void note_away(struct wf_cli_worker *worker, struct wf_str why) {
    if (!worker->is_lost)
        wf_cli_worker_say(worker, "no answer (%.*s); trying again",
                          (int)why.len, why.data);
    worker->is_lost = true;
}

static void note_there(struct wf_cli_worker *worker) {
    if (worker->is_lost)
        wf_cli_worker_say(worker, "connected again");
    worker->is_lost = false;
}

/* ---- what came back ---- */

/* The service is there, but we ask too much. */
static bool is_throttling(const char *exception) {
    static const char *const names[] = {
        "ThrottlingException", "Throttling", "ThrottledException",
        "TooManyRequestsException", "RequestLimitExceeded",
        "ActivityWorkerLimitExceeded", NULL};
    size_t i = 0;

    while (names[i] != NULL && strcmp(names[i], exception) != 0)
        i++;
    return names[i] != NULL;
}

/* "com.amazonaws.swf.service.v2.model#TaskTimedOut" */
static const char *exception_of(struct wf_value root, struct wf_buf *name) {
    wf_cli_member(root, "__type", name);
    wf_buf_u8(name, 0);
    const char *hash = strrchr(name->data, '#');
    return hash != NULL ? hash + 1 : name->data;
}

static void refusal_read(struct wf_cli_request *request, unsigned status,
                         struct wf_doc *reply, struct wf_cli_answer *answer,
                         struct wf_buf *name, struct wf_buf *text) {
    struct wf_cli_worker *worker = request->activity->worker;
    struct wf_value root = {reply, 0};
    bool is_known = reply != NULL &&
                    wf_value_type(root) == WF_JSON_OBJECT &&
                    wf_cli_member(root, "__type", text);

    text->len = 0;
    answer->exception = is_known ? exception_of(root, name) : "";
    if (!is_known) {
        wf_buf_addf(text, "%s answers with HTTP status %u, not as Step "
                    "Functions does",
                    wf_option_text(worker->options, "endpoint"), status);
    } else {
        wf_buf_addf(text, "%s: ", answer->exception);
        if (!wf_cli_member(root, "message", text))
            wf_cli_member(root, "Message", text);
    }
    answer->text = (struct wf_str){text->data, text->len};
    answer->outcome = status >= 500 || status == 429 ||
                              is_throttling(answer->exception)
                          ? WF_CLI_AWAY
                          : WF_CLI_REFUSED;
    if (status >= 500)
        note_away(worker, answer->text);
    else
        note_there(worker);
}

/* The request is gone before whoever asked hears of it. */
static void request_end(struct wf_cli_request *request,
                        const struct wf_cli_answer *answer) {
    wf_cli_answered_fn *answered = request->answered;
    void *arg = request->arg;

    request->fetch = NULL;
    wf_cli_request_cancel(request);
    answered(arg, answer);
}

static void no_answer(struct wf_cli_request *request, const char *why) {
    struct wf_cli_answer answer = {
        .outcome = WF_CLI_AWAY, .exception = "", .text = wf_str(why)};

    note_away(request->activity->worker, answer.text);
    request_end(request, &answer);
}

static void on_response(void *arg, struct wf_fetch_response *response,
                        const struct wf_fetch_failure *failure) {
    struct wf_cli_request *request = arg;
    struct wf_cli_answer answer = {.outcome = WF_CLI_ANSWERED};
    struct wf_buf name = {0}, text = {0};
    struct wf_error err;

    if (failure != NULL) {
        no_answer(request, failure->cause);
        return;
    }
    struct wf_doc *reply = wf_doc_parse(
        (struct wf_str){response->body.data, response->body.len}, NULL, &err);
    answer.reply = (struct wf_value){reply, 0};
    if (response->status == 200 && reply != NULL &&
        wf_value_type(answer.reply) == WF_JSON_OBJECT)
        note_there(request->activity->worker);
    else
        refusal_read(request, response->status, reply, &answer, &name, &text);
    request_end(request, &answer);
    wf_doc_unref(reply);
    wf_fetch_response_free(response);
    wf_buf_free(&name);
    wf_buf_free(&text);
}

static void on_failed(struct ev_loop *loop, ev_timer *timer, int events) {
    struct wf_cli_request *request = timer->data;
    char *problem = request->problem;

    (void)loop;
    (void)events;
    request->problem = NULL;
    no_answer(request, problem);
    free(problem);
}

/* ---- sending ---- */

static void sign(const struct wf_cli_activity *activity,
                 struct wf_fetch_request *fetch, char what[128]) {
    fetch->user = wf_cli_variable("AWS_ACCESS_KEY_ID");
    fetch->password = wf_cli_variable("AWS_SECRET_ACCESS_KEY");
    if (fetch->user == NULL || fetch->password == NULL) {
        fetch->user = fetch->password = NULL;
        return;
    }
    snprintf(what, 128, "aws:amz:%.64s:states", activity->region);
    fetch->sigv4 = what;
}

static void fetch_start(struct wf_cli_request *request, const char *operation,
                        struct wf_fetch_request *fetch) {
    struct wf_cli_worker *worker = request->activity->worker;
    struct wf_fetch_failure failure;
    char target[96], what[128];
    const char *headers[] = {target,
                             "Content-Type: application/x-amz-json-1.0", NULL,
                             NULL};

    snprintf(target, sizeof(target), "X-Amz-Target: AWSStepFunctions.%s",
             operation);
    sign(request->activity, fetch, what);
    if (fetch->sigv4 != NULL)
        headers[2] = worker->token_header;
    fetch->headers = headers;
    request->fetch = wf_fetch_start(worker->fetcher, fetch, on_response,
                                    request, &failure);
    if (request->fetch != NULL)
        return;
    request->problem = wf_strndup(failure.cause, strlen(failure.cause));
    ev_timer_start(worker->loop, &request->failed);
}

struct wf_cli_request *
wf_cli_request_start(struct wf_cli_activity *activity, const char *operation,
                     struct wf_str body, double timeout_s,
                     wf_cli_answered_fn *answered, void *arg) {
    struct wf_cli_worker *worker = activity->worker;
    struct wf_cli_request *request = wf_calloc(1, sizeof(*request));
    const char *endpoint = wf_option_text(worker->options, "endpoint");
    struct wf_fetch_request fetch = {
        .method = "POST",
        .url = endpoint,
        .body = body,
        .timeout_s = timeout_s,
        .connect_timeout_s = CONNECT_S,
        .max_bytes = MOST_BYTES,
        .ca_file = wf_cli_variable("AWS_CA_BUNDLE"),
        .proxy = wf_cli_is_local(endpoint) ? "" : NULL,
    };

    request->activity = activity;
    request->answered = answered;
    request->arg = arg;
    ev_timer_init(&request->failed, on_failed, 0, 0);
    request->failed.data = request;
    fetch_start(request, operation, &fetch);
    return request;
}

void wf_cli_request_cancel(struct wf_cli_request *request) {
    if (request == NULL)
        return;
    if (request->fetch != NULL)
        wf_fetch_cancel(request->fetch);
    ev_timer_stop(request->activity->worker->loop, &request->failed);
    free(request->problem);
    free(request);
}
