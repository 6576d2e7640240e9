/*
 * cli_session.c - calls that signals interrupt and that live through a
 * server's restart. See cli_http.h.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli_http_impl.h"

enum {
    FIRST_PAUSE_MS = 100, /* between attempts to reach the server: doubles */
    LONGEST_PAUSE_MS = 2000,
    MOST_LOST_MS = 600000, /* then it is given up */
};

struct wf_cli_session {
    const char *endpoint;
    CURL *curl;
    CURLM *multi;
    int signals; /* a signalfd */
    sigset_t old;
    bool is_interrupted;
    bool was_reached;  /* the server has answered once */
    unsigned lost_ms;  /* it has been away for so long; 0: it is there */
    unsigned pause_ms; /* until the next attempt */
    struct wf_buf why; /* the last attempt failed */
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
    wf_buf_free(&session->why);
    free(session);
}

void wf_cli_session_reached(struct wf_cli_session *session) {
    session->was_reached = true;
}

/* Takes the signal that has come, if one has. */
static bool take_signal(struct wf_cli_session *session) {
    struct signalfd_siginfo info;

    if (read(session->signals, &info, sizeof(info)) > 0)
        session->is_interrupted = true;
    return session->is_interrupted;
}

/* False: interrupted. */
static bool pause_for(struct wf_cli_session *session, unsigned ms) {
    struct pollfd wanted = {.fd = session->signals, .events = POLLIN};

    poll(&wanted, 1, (int)ms);
    return !take_signal(session);
}

bool wf_cli_session_pause(struct wf_cli_session *session, unsigned ms) {
    return pause_for(session, ms);
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

/* How an attempt ended. */
enum outcome {
    ANSWERED,
    REFUSED,     /* the server said no: trying again is no use */
    LOST,        /* no server there, or it is going */
    INTERRUPTED,
};

static enum outcome read_answer(struct wf_cli_session *session,
                                const char *target, struct wf_str answer,
                                struct wf_doc **reply) {
    struct wf_error err = {0};
    long status = 0;

    curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &status);
    *reply = wf_doc_parse(answer, NULL, &err);
    if (status == 200 && *reply != NULL &&
        wf_value_type((struct wf_value){*reply, 0}) == WF_JSON_OBJECT)
        return ANSWERED;
    wf_cli_exception(&session->why, target, status, session->endpoint,
                     *reply);
    wf_doc_unref(*reply);
    *reply = NULL;
    return status >= 500 ? LOST : REFUSED;
}

static enum outcome attempt(struct wf_cli_session *session,
                            const char *target, struct wf_str body,
                            struct wf_doc **reply) {
    struct wf_buf answer = {0};
    struct curl_slist *headers;
    enum outcome outcome;
    CURLcode rc;

    *reply = NULL;
    session->why.len = 0;
    session->problem[0] = '\0';
    headers = wf_cli_prepare(session->curl, session->endpoint, target, body,
                             &answer, session->problem);
    rc = transfer(session);
    if (session->is_interrupted) {
        outcome = INTERRUPTED;
    } else if (rc != CURLE_OK) {
        wf_buf_adds(&session->why, session->problem[0] != '\0'
                                       ? session->problem
                                       : curl_easy_strerror(rc));
        outcome = LOST;
    } else {
        outcome = read_answer(session, target,
                              (struct wf_str){answer.data, answer.len},
                              reply);
    }
    curl_slist_free_all(headers);
    wf_buf_free(&answer);
    return outcome;
}

/* Tells once, then waits a little. An exit status, or -1: try again. */
static int after_loss(struct wf_cli_session *session) {
    if (!session->was_reached || session->lost_ms >= MOST_LOST_MS)
        return wf_cli_fail(WF_EXIT_UNREACHABLE, "%s can't be reached: %.*s",
                           session->endpoint, (int)session->why.len,
                           session->why.data);
    if (session->lost_ms == 0) {
        fprintf(stderr, "moonstep: the server is gone (%.*s); trying again\n",
                (int)session->why.len, session->why.data);
        session->pause_ms = FIRST_PAUSE_MS;
    }
    session->lost_ms += session->pause_ms;
    if (!pause_for(session, session->pause_ms))
        return WF_EXIT_INTERRUPTED;
    session->pause_ms *= 2;
    if (session->pause_ms > LONGEST_PAUSE_MS)
        session->pause_ms = LONGEST_PAUSE_MS;
    return -1;
}

static void note_reached(struct wf_cli_session *session) {
    if (session->lost_ms > 0)
        fprintf(stderr, "moonstep: connected again\n");
    session->was_reached = true;
    session->lost_ms = 0;
}

/* A long poll says nothing for long, so after a loss something quick is asked
 * first. */
int wf_cli_session_call(struct wf_cli_session *session, const char *target,
                        struct wf_str body, struct wf_doc **reply) {
    int status = -1;

    while (status == -1) {
        bool is_lost = session->lost_ms > 0;

        switch (attempt(session, is_lost ? "Moonstep.Stats" : target,
                        is_lost ? WF_STR("{}") : body, reply)) {
        case ANSWERED:
            note_reached(session);
            if (!is_lost)
                return WF_EXIT_OK;
            wf_doc_unref(*reply);
            break;
        case LOST:
            status = after_loss(session);
            break;
        case INTERRUPTED:
            status = WF_EXIT_INTERRUPTED;
            break;
        case REFUSED:
            status = wf_cli_fail(WF_EXIT_FAILED, "%.*s",
                                 (int)session->why.len, session->why.data);
            break;
        }
    }
    *reply = NULL;
    return status;
}

int wf_cli_session_try(struct wf_cli_session *session, const char *target,
                       struct wf_str body, struct wf_doc **reply) {
    switch (attempt(session, target, body, reply)) {
    case ANSWERED:
        return WF_EXIT_OK;
    case INTERRUPTED:
        return WF_EXIT_INTERRUPTED;
    case REFUSED:
        return WF_EXIT_FAILED;
    case LOST:
        break;
    }
    return WF_EXIT_UNREACHABLE;
}
