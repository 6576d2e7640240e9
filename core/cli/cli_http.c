/* cli_http.c - a call of the API with libcurl. See cli_http.h. */
#include "cli_http_impl.h"

#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_S = 120, CONNECT_S = 10 };

static size_t on_data(char *data, size_t size, size_t count, void *arg) {
    wf_buf_add(arg, data, size * count);
    return size * count;
}

bool wf_cli_is_local(const char *endpoint) {
    return strstr(endpoint, "://127.0.0.1") != NULL ||
           strstr(endpoint, "://localhost") != NULL ||
           strstr(endpoint, "://[::1]") != NULL;
}

const char *wf_cli_variable(const char *name) {
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* As AWS's own clients do, if there are credentials; libcurl copies texts. */
static void sign(CURL *curl) {
    const char *id = wf_cli_variable("AWS_ACCESS_KEY_ID");
    const char *secret = wf_cli_variable("AWS_SECRET_ACCESS_KEY");
    const char *region = wf_cli_variable("AWS_REGION");
    char what[128];

    if (region == NULL)
        region = wf_cli_variable("AWS_DEFAULT_REGION");
    if (id == NULL || secret == NULL)
        return;
    snprintf(what, sizeof(what), "aws:amz:%.64s:states",
             region != NULL ? region : "us-east-1");
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, what);
    curl_easy_setopt(curl, CURLOPT_USERNAME, id);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, secret);
}

struct curl_slist *wf_cli_prepare(CURL *curl, const char *endpoint,
                                  const char *target, struct wf_str body,
                                  struct wf_buf *answer, char *problem) {
    const char *authorities = wf_cli_variable("AWS_CA_BUNDLE");
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
    if (wf_cli_is_local(endpoint))
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (authorities != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, authorities);
    sign(curl);
    return headers;
}

static CURLcode post(CURL *curl, const char *endpoint, const char *target,
                     struct wf_str body, struct wf_buf *answer,
                     char *problem) {
    struct curl_slist *headers =
        wf_cli_prepare(curl, endpoint, target, body, answer, problem);
    CURLcode rc = curl_easy_perform(curl);

    curl_slist_free_all(headers);
    return rc;
}

bool wf_cli_exception(struct wf_buf *text, const char *target, long status,
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
    bool is_ours = wf_cli_exception(&text, target, status, endpoint, reply);

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
