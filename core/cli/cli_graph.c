/* cli_graph.c - `moonstep graph`: draws a definition. */
#include <errno.h>
#include <stdio.h>

#include "cli.h"
#include "graph.h"
#include "workflow_file.h"

static int draw(const struct wf_options *options, struct wf_str definition,
                struct wf_buf *picture, struct wf_error *err) {
    struct wf_script_options settings = {
        .lua_directory = wf_option_text(options, "lua-directory"),
        .once = true,
    };
    struct wf_script *script = NULL;
    int rc;

    if (wf_script_new(&settings, &script, err) != 0)
        return -1;
    rc = wf_graph_draw(script, definition, wf_option_text(options, "format"),
                       picture, err);
    wf_script_free(script);
    return rc;
}

static int write_file(const char *path, struct wf_str text) {
    FILE *file = fopen(path, "we");
    bool written;

    if (file == NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "%s: %s", path, strerror(errno));
    written = fwrite(text.data, 1, text.len, file) == text.len;
    if (fclose(file) != 0 || !written)
        return wf_cli_fail(WF_EXIT_ENGINE, "%s: %s", path, strerror(errno));
    return WF_EXIT_OK;
}

static int deliver(const struct wf_options *options, struct wf_str picture) {
    const char *path = wf_option_text(options, "output");

    if (path != NULL && strcmp(path, "-") != 0)
        return write_file(path, picture);
    return wf_cli_print(picture) ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

int wf_cli_graph(const struct wf_options *options) {
    const char *path = wf_options_arg(options, 0);
    bool is_stdin = strcmp(path, "-") == 0;
    struct wf_buf definition = {0}, picture = {0};
    struct wf_error err;
    int status;

    if (wf_workflow_definition(options, path, &definition, &err) != 0)
        status = wf_cli_fail(err.code == WF_E_INVALID ? WF_EXIT_FAILED
                                                      : WF_EXIT_USAGE,
                             "%s", err.message);
    else if (draw(options, (struct wf_str){definition.data, definition.len},
                  &picture, &err) == 0)
        status = deliver(options, (struct wf_str){picture.data, picture.len});
    else if (err.code == WF_E_INVALID)
        status = wf_cli_fail(WF_EXIT_FAILED, "%s: %s",
                             is_stdin ? "stdin" : path, err.message);
    else
        status = wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    wf_buf_free(&definition);
    wf_buf_free(&picture);
    return status;
}
