/* api_test_state.c - TestState. See api_call.h and test_state.h. */
#include "test_state.h"

#include "api_call.h"
#include "api_settings.h"
#include "json_write.h"

enum { INFO, MORE }; /* call->options: DEBUG and TRACE show the same, since
                        there are no HTTP tasks */

/* ---- the reply ---- */

static void put_inspection(struct wf_buf *out,
                           const struct wf_inspection *inspection) {
    for (unsigned stage = 0; stage < WF_STAGES; stage++) {
        struct wf_str text =
            wf_inspection_stage(inspection, (enum wf_stage)stage);
        const char *name = wf_stage_name((enum wf_stage)stage);
        if (text.len == 0)
            continue;
        if (stage < WF_STAGE_TOLERATED_FAILURE_COUNT) {
            wf_json_text(out, name, text);
        } else {
            wf_json_key(out, name);
            wf_buf_addstr(out, text);
        }
    }
}

static void put_details(struct wf_buf *out,
                        const struct wf_test_state_reply *reply) {
    const struct wf_inspection *inspection = reply->inspection;
    bool is_caught = reply->status == WF_TEST_CAUGHT_ERROR;
    if (!inspection->is_handled || reply->status == WF_TEST_SUCCEEDED ||
        (!inspection->retrier && !is_caught))
        return;
    wf_json_key(out, "errorDetails");
    wf_buf_u8(out, '{');
    if (is_caught)
        wf_json_integer(out, "catchIndex", (int64_t)inspection->catcher - 1);
    if (inspection->retrier)
        wf_json_integer(out, "retryIndex", (int64_t)inspection->retrier - 1);
    if (reply->status == WF_TEST_RETRIABLE)
        wf_json_integer(out, "retryBackoffIntervalSeconds", reply->backoff_s);
    wf_buf_u8(out, '}');
}

static void on_tested(void *arg, const struct wf_refusal *refusal,
                      const struct wf_test_state_reply *reply) {
    static const char *const statuses[] = {"SUCCEEDED", "FAILED", "RETRIABLE",
                                           "CAUGHT_ERROR"};
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    if (reply->output)
        wf_json_text(out, "output", wf_doc_text(reply->output));
    if (reply->has_error)
        wf_json_text(out, "error", reply->error);
    if (reply->has_cause)
        wf_json_text(out, "cause", reply->cause);
    if (call->options != INFO) {
        wf_json_key(out, "inspectionData");
        wf_buf_u8(out, '{');
        put_inspection(out, reply->inspection);
        put_details(out, reply);
        wf_buf_u8(out, '}');
    }
    if (reply->next_state.len)
        wf_json_text(out, "nextState", reply->next_state);
    wf_json_text(out, "status", wf_str(statuses[reply->status]));
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

/* ---- the request ---- */

/* A member of a part of the request; false: not given. */
static bool has(struct wf_value object, const char *name,
                struct wf_value *member) {
    return wf_value_member(object, wf_str(name), member) &&
           wf_value_type(*member) != WF_JSON_NULL;
}

static struct wf_str text_of(struct wf_api_request *request,
                             struct wf_value object, const char *name) {
    struct wf_value member;
    return has(object, name, &member) ? wf_api_characters(request, member)
                                      : WF_STR_NULL;
}

static int64_t number_of(struct wf_value object, const char *name) {
    struct wf_value member;
    int64_t number;
    return has(object, name, &member) && wf_value_integer(member, &number)
               ? number
               : -1;
}

static void take_mock(struct wf_api_request *request,
                      struct wf_test_state *ask) {
    struct wf_value mock, failure;
    if (!wf_api_value(request, "mock", &mock))
        return;
    ask->has_mock = true;
    ask->mock_result = text_of(request, mock, "result");
    ask->mock_mode = text_of(request, mock, "fieldValidationMode");
    if (!has(mock, "errorOutput", &failure))
        return;
    ask->mock_fails = true;
    ask->mock_error = text_of(request, failure, "error");
    ask->mock_cause = text_of(request, failure, "cause");
}

static void take_configuration(struct wf_api_request *request,
                               struct wf_test_state *ask) {
    struct wf_value given;
    ask->retries = ask->failures = -1;
    if (!wf_api_value(request, "stateConfiguration", &given))
        return;
    ask->retries = number_of(given, "retrierRetryCount");
    ask->failures = number_of(given, "mapIterationFailureCount");
    ask->caused_by = text_of(request, given, "errorCausedByState");
    ask->reader_data = text_of(request, given, "mapItemReaderData");
}

static void test(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_test_state ask = {
        .definition = wf_api_text(request, "definition"),
        .state_name = wf_api_text(request, "stateName"),
        .input = wf_api_text(request, "input"),
        .variables = wf_api_text(request, "variables"),
        .context = wf_api_text(request, "context"),
        .reveals_secrets = wf_api_flag(request, "revealSecrets", false),
    };
    bool has_level = wf_api_text(request, "inspectionLevel").data;
    call->options =
        has_level && !wf_api_is(request, "inspectionLevel", "INFO") ? MORE
                                                                    : INFO;
    take_mock(request, &ask);
    take_configuration(request, &ask);
    if (wf_api_role_read(call, request, &ask.role_arn))
        wf_engine_test_state(call->engine, &ask, on_tested, call);
}

const struct wf_api_operation wf_api_test_state[] = {
    {"TestState", test, WF_RIGHT_ADMINISTER},
    {0},
};
