/* cli_backup.c - backup DIRECTORY: a copy of a server's store, while it
 * works. */
#include "cli_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "json_write.h"
#include "term.h"

#define POLL_NS 100000000

/* The server may have another working directory. */
static int absolute(const char *directory, struct wf_buf *path) {
    char *here;

    if (directory[0] != '/') {
        here = getcwd(NULL, 0);
        if (here == NULL)
            return wf_cli_fail(WF_EXIT_USAGE, "working directory: %s",
                               strerror(errno));
        wf_buf_addf(path, "%s/", here);
        free(here);
    }
    wf_buf_adds(path, directory);
    while (path->len > 1 && path->data[path->len - 1] == '/')
        path->len--;
    return WF_EXIT_OK;
}

static int start(const struct wf_options *options, const struct wf_buf *path) {
    struct wf_buf body = {0};
    struct wf_doc *reply = NULL;
    int status;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, "directory", wf_cli_text(path));
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, "Moonstep.StartBackup", wf_cli_text(&body),
                         &reply);
    wf_doc_unref(reply);
    wf_buf_free(&body);
    return status;
}

static int64_t number_of(struct wf_value object, const char *name) {
    struct wf_value value;
    int64_t number = 0;

    if (wf_value_member(object, wf_str(name), &value))
        wf_value_integer(value, &number);
    return number;
}

static void tell(struct wf_value backup, bool is_live) {
    if (is_live)
        fprintf(stderr, "\rmoonstep: copied %.1f MiB in %lld rows ",
                (double)number_of(backup, "bytes") / (1 << 20),
                (long long)number_of(backup, "rows"));
}

static int finish(const struct wf_options *options, struct wf_doc *reply,
                  struct wf_buf *path) {
    struct wf_value backup = {reply, 0};
    struct wf_buf error = {0};
    int status = WF_EXIT_OK;

    if (!wf_cli_has_status(backup, "SUCCEEDED")) {
        wf_cli_member(backup, "error", &error);
        status = wf_cli_fail(WF_EXIT_ENGINE, "the backup failed: %.*s",
                             (int)error.len, error.data ? error.data : "");
    } else if (wf_option_flag(options, "json")) {
        status = wf_cli_print_json(reply);
    } else if (!wf_cli_print_line(path)) {
        status = WF_EXIT_ENGINE;
    }
    wf_buf_free(&error);
    return status;
}

static int follow(const struct wf_options *options, struct wf_buf *path) {
    const struct timespec pause = {.tv_nsec = POLL_NS};
    bool is_live = wf_term_is_live(2);
    struct wf_doc *reply = NULL;
    int status;

    for (;;) {
        status = wf_cli_call(options, "Moonstep.DescribeBackup",
                             WF_STR("{}"), &reply);
        if (status != WF_EXIT_OK)
            return status;
        tell((struct wf_value){reply, 0}, is_live);
        if (!wf_cli_has_status((struct wf_value){reply, 0}, "RUNNING"))
            break;
        wf_doc_unref(reply);
        nanosleep(&pause, NULL);
    }
    if (is_live)
        fputc('\n', stderr);
    status = finish(options, reply, path);
    wf_doc_unref(reply);
    return status;
}

int wf_cli_backup(const struct wf_options *options) {
    struct wf_buf path = {0};
    int status = absolute(wf_options_arg(options, 0), &path);

    if (status == WF_EXIT_OK)
        status = start(options, &path);
    if (status == WF_EXIT_OK)
        status = follow(options, &path);
    wf_buf_free(&path);
    return status;
}
