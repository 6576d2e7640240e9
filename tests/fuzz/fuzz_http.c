/*
 * fuzz_http.c - requests as the API gets them from the HTTP server: the
 * first line of the input is the target, the second Host and Origin (apart
 * by a tab), the rest the body. Whatever it is, the call is answered exactly
 * once, with JSON, and the answer fits the status.
 */
#include <stdlib.h>

#include "api_call.h"
#include "doc.h"
#include "fake_engine.h"
#include "http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct answer {
    unsigned count, status;
};

static void require(bool holds) {
    if (!holds)
        abort();
}

static void on_done(struct wf_api_call *call, unsigned status) {
    struct answer *answer = call->arg;
    answer->count++;
    answer->status = status;
}

static struct wf_str take_until(struct wf_str *rest, char end) {
    const char *at = rest->len ? memchr(rest->data, end, rest->len) : NULL;
    struct wf_str taken = {rest->data,
                           at ? (size_t)(at - rest->data) : rest->len};
    size_t used = taken.len + (at != NULL);
    rest->data += used;
    rest->len -= used;
    return taken;
}

static void check_guard(struct wf_str target, struct wf_str line) {
    static const char *const hosts[] = {"flows.example.org", NULL};
    struct wf_str host = take_until(&line, '\t');
    struct wf_http_claim claim = {
        .method = target.len & 1 ? WF_STR("POST") : WF_STR("GET"),
        .path = WF_STR("/"),
        .host = host,
        .origin = line.len ? line : WF_STR_NULL,
        .has_target = true,
    };
    if (wf_http_guard(&claim, hosts) == NULL && claim.origin.data)
        require(claim.origin.len > host.len && host.len > 0);
}

static const struct wf_history_event history[] = {
    {.event = {.type = WF_EVENT_EXECUTION_STARTED,
               .fields = WF_EVENT_HAS_DOC,
               .id = 1},
     .doc = {"{}", 2}},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct wf_str rest = {(const char *)data, size};
    struct wf_engine engine;
    struct wf_buf out = {0};
    struct answer answer = {0};

    fake_engine_init(&engine);
    engine.events = history;
    engine.event_count = 1;
    struct wf_str target = take_until(&rest, '\n');
    check_guard(target, take_until(&rest, '\n'));
    static struct wf_metrics metrics;
    struct wf_api_call call = {
        .metrics = &metrics,
        .profile = &WF_PROFILE_NATIVE,
        .caller.rights = WF_RIGHTS_ALL,
        .engine = &engine, .out = &out, .done = on_done, .arg = &answer};
    wf_api_call_run(&call, target, rest);

    require(answer.count == 1);
    require(!engine.asked || answer.status == 200);
    struct wf_doc *doc =
        wf_doc_parse((struct wf_str){out.data, out.len}, NULL, NULL);
    require(doc != NULL);
    struct wf_value found;
    bool failed = wf_value_member((struct wf_value){doc, 0},
                                  WF_STR("__type"), &found);
    require(failed == (answer.status != 200));
    wf_doc_unref(doc);
    wf_buf_free(&out);
    fake_engine_deinit(&engine);
    return 0;
}
