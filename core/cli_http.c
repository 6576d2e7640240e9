/* cli_http.c - calls of the API with libcurl. See cli_http.h. */
#include "cli_http.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { TIMEOUT_S = 120, CONNECT_S = 10 };

static size_t on_data(char *data, size_t size, size_t count, void *arg) {
    wf_buf_add(arg, data, size * count);
    return size * count;
}

/* A proxy of the environment is not asked for this very machine. */
static bool is_local(const char *endpoint) {
    return strstr(endpoint, "://127.0.0.1") != NULL ||
           strstr(endpoint, "://localhost") != NULL ||
           strstr(endpoint, "://[::1]") != NULL;
}

/* The list of headers is the caller's to free, after the call. */
static struct curl_slist *prepare(CURL *curl, const char *endpoint,
                                  const char *target, struct wf_str body,
                                  struct wf_buf *answer, char *problem) {
    struct curl_slist *headers = NULL;
    char header[128];

    snprintf(header, sizeof(header), "X-Amz-Target: %s", target);
    headers = curl_slist_append(headers, header);
    headers = curl_slist_append(headers,
                                "Content-Type: application/x-amz-json-1.0");
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, endpoint);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    if (is_local(endpoint))
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    return headers;
}

static CURLcode post(CURL *curl, const char *endpoint, const char *target,
                     struct wf_str body, struct wf_buf *answer,
                     char *problem) {
    struct curl_slist *headers =
        prepare(curl, endpoint, target, body, answer, problem);
    CURLcode rc = curl_easy_perform(curl);

    curl_slist_free_all(headers);
    return rc;
}

/* "Exception: message", or that this is no answer of ours; false: so. */
static bool add_exception(struct wf_buf *text, const char *target, long status,
                          const char *endpoint, struct wf_doc *reply) {
    struct wf_value root = {reply, 0};

    if (reply == NULL || !wf_cli_member(root, "__type", text)) {
        wf_buf_addf(text, "%s answered %s with HTTP status %ld; is it a "
                    "moonstep server?", endpoint, target, status);
        return false;
    }
    wf_buf_adds(text, ": ");
    wf_cli_member(root, "message", text);
    return true;
}

static int refused(const char *target, long status, const char *endpoint,
                   struct wf_doc *reply) {
    struct wf_buf text = {0};
    bool is_ours = add_exception(&text, target, status, endpoint, reply);

    wf_cli_fail(WF_EXIT_FAILED, "%.*s", (int)text.len, text.data);
    wf_buf_free(&text);
    return status >= 500 || !is_ours ? WF_EXIT_ENGINE : WF_EXIT_FAILED;
}

int wf_cli_call(const struct wf_options *options, const char *target,
                struct wf_str body, struct wf_doc **reply) {
    const char *endpoint = wf_option_text(options, "endpoint");
    char problem[CURL_ERROR_SIZE] = "";
    struct wf_buf answer = {0};
    struct wf_error err = {0};
    CURL *curl = curl_easy_init();
    CURLcode rc = CURLE_FAILED_INIT;
    long status = 0;
    int result;

    *reply = NULL;
    if (curl != NULL)
        rc = post(curl, endpoint, target, body, &answer, problem);
    if (rc != CURLE_OK) {
        result = wf_cli_fail(WF_EXIT_UNREACHABLE, "%s can't be reached: %s; "
                             "`moonstep serve` starts a server, --endpoint "
                             "names another", endpoint,
                             problem[0] != '\0' ? problem
                                                : curl_easy_strerror(rc));
        goto out;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    *reply = wf_doc_parse((struct wf_str){answer.data, answer.len}, NULL,
                          &err);
    result = WF_EXIT_OK;
    if (status == 200 && *reply != NULL &&
        wf_value_type((struct wf_value){*reply, 0}) == WF_JSON_OBJECT)
        goto out;
    result = refused(target, status, endpoint, *reply);
    wf_doc_unref(*reply);
    *reply = NULL;
out:
    wf_buf_free(&answer);
    if (curl != NULL)
        curl_easy_cleanup(curl);
    return result;
}

/* ---- sessions ---- */

struct wf_cli_session {
    const char *endpoint;
    CURL *curl;
    CURLM *multi;
    int signals; /* a signalfd */
    sigset_t old;
    bool is_interrupted;
    char problem[CURL_ERROR_SIZE];
};

struct wf_cli_session *wf_cli_session_new(const struct wf_options *options,
                                          struct wf_error *err) {
    struct wf_cli_session *session = wf_calloc(1, sizeof(*session));
    sigset_t set;

    session->endpoint = wf_option_text(options, "endpoint");
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &session->old);
    session->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    session->curl = curl_easy_init();
    session->multi = curl_multi_init();
    if (session->signals >= 0 && session->curl != NULL &&
        session->multi != NULL)
        return session;
    wf_error_set(err, WF_E_IO, "no connection can be made: %s",
                 strerror(errno));
    wf_cli_session_free(session);
    return NULL;
}

void wf_cli_session_free(struct wf_cli_session *session) {
    if (session == NULL)
        return;
    if (session->curl != NULL)
        curl_easy_cleanup(session->curl);
    if (session->multi != NULL)
        curl_multi_cleanup(session->multi);
    if (session->signals >= 0)
        close(session->signals);
    sigprocmask(SIG_SETMASK, &session->old, NULL);
    free(session);
}

/* Takes the signal that has come, if one has. */
static bool take_signal(struct wf_cli_session *session) {
    struct signalfd_siginfo info;

    if (read(session->signals, &info, sizeof(info)) > 0)
        session->is_interrupted = true;
    return session->is_interrupted;
}

bool wf_cli_session_sleep(struct wf_cli_session *session, unsigned ms) {
    struct pollfd wanted = {.fd = session->signals, .events = POLLIN};

    poll(&wanted, 1, (int)ms);
    return !take_signal(session);
}

/* Drives the transfer to its end; CURLE_ABORTED_BY_CALLBACK: a signal. */
static CURLcode transfer(struct wf_cli_session *session) {
    struct curl_waitfd signals = {session->signals, CURL_WAIT_POLLIN, 0};
    CURLcode rc = CURLE_FAILED_INIT;
    int running = 1, left;
    CURLMsg *message;

    if (curl_multi_add_handle(session->multi, session->curl) != CURLM_OK)
        return rc;
    while (running > 0 && !take_signal(session))
        if (curl_multi_perform(session->multi, &running) != CURLM_OK ||
            (running > 0 &&
             curl_multi_poll(session->multi, &signals, 1, 1000, NULL) !=
                 CURLM_OK))
            break;
    if (session->is_interrupted)
        rc = CURLE_ABORTED_BY_CALLBACK;
    while ((message = curl_multi_info_read(session->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE && !session->is_interrupted)
            rc = message->data.result;
    curl_multi_remove_handle(session->multi, session->curl);
    return rc;
}

static enum wf_cli_outcome read_answer(struct wf_cli_session *session,
                                       const char *target,
                                       struct wf_str answer,
                                       struct wf_doc **reply,
                                       struct wf_buf *why) {
    struct wf_error err = {0};
    long status = 0;

    curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &status);
    *reply = wf_doc_parse(answer, NULL, &err);
    if (status == 200 && *reply != NULL &&
        wf_value_type((struct wf_value){*reply, 0}) == WF_JSON_OBJECT)
        return WF_CLI_ANSWERED;
    add_exception(why, target, status, session->endpoint, *reply);
    wf_doc_unref(*reply);
    *reply = NULL;
    return status >= 500 ? WF_CLI_LOST : WF_CLI_REFUSED;
}

enum wf_cli_outcome wf_cli_session_call(struct wf_cli_session *session,
                                        const char *target,
                                        struct wf_str body,
                                        struct wf_doc **reply,
                                        struct wf_buf *why) {
    struct wf_buf answer = {0};
    struct curl_slist *headers;
    enum wf_cli_outcome outcome;
    CURLcode rc;

    *reply = NULL;
    why->len = 0;
    session->problem[0] = '\0';
    headers = prepare(session->curl, session->endpoint, target, body, &answer,
                      session->problem);
    rc = transfer(session);
    if (session->is_interrupted) {
        outcome = WF_CLI_INTERRUPTED;
    } else if (rc != CURLE_OK) {
        wf_buf_adds(why, session->problem[0] != '\0'
                             ? session->problem
                             : curl_easy_strerror(rc));
        outcome = WF_CLI_LOST;
    } else {
        outcome = read_answer(session, target,
                              (struct wf_str){answer.data, answer.len}, reply,
                              why);
    }
    curl_slist_free_all(headers);
    wf_buf_free(&answer);
    return outcome;
}

/* ---- members ---- */

bool wf_cli_member(struct wf_value object, const char *name,
                   struct wf_buf *out) {
    struct wf_value member;

    if (wf_value_type(object) != WF_JSON_OBJECT ||
        !wf_value_member(object, wf_str(name), &member))
        return false;
    if (wf_value_type(member) == WF_JSON_STRING)
        wf_value_string(member, out);
    else
        wf_buf_addstr(out, wf_value_text(member));
    return true;
}

int64_t wf_cli_member_ms(struct wf_value object, const char *name) {
    struct wf_value member;

    if (!wf_value_member(object, wf_str(name), &member) ||
        wf_value_type(member) != WF_JSON_NUMBER)
        return 0;
    return (int64_t)(wf_value_number(member) * 1000 + 0.5);
}
