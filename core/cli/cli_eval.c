/* cli_eval.c - `moonstep eval`: evaluates expressions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "eval.h"

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

/* --input names a file also without @, if there is one of that name. */
static int read_json(const struct wf_options *options, const char *name,
                     struct wf_buf *json, struct wf_error *err) {
    const char *text = wf_option_text(options, name);

    if (text == NULL)
        return 0;
    if (strcmp(text, "-") == 0)
        return wf_cli_read_stream(stdin, "stdin", json, err);
    if (text[0] == '@')
        return wf_cli_read_file(text + 1, json, err);
    if (access(text, R_OK) == 0)
        return wf_cli_read_file(text, json, err);
    wf_buf_adds(json, text);
    return 0;
}

static int report(int rc, const struct wf_buf *result,
                  const struct wf_error *err) {
    if (rc == 0)
        return wf_cli_print(text_of(result)) ? WF_EXIT_OK : WF_EXIT_ENGINE;
    if (err->code == WF_E_INVALID)
        return wf_cli_fail(WF_EXIT_FAILED, "%.*s", (int)result->len,
                           result->data);
    return wf_cli_fail(WF_EXIT_ENGINE, "%s", err->message);
}

static int evaluate(const struct wf_options *options,
                    struct wf_script *script) {
    struct wf_buf input = {0}, bindings = {0}, result = {0};
    struct wf_error err;
    int status;

    if (read_json(options, "input", &input, &err) != 0 ||
        read_json(options, "bindings", &bindings, &err) != 0) {
        status = wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    } else {
        struct wf_eval eval = {
            .expression = wf_str(wf_options_arg(options, 0)),
            .language = wf_str(wf_option_text(options, "query-language")),
            .input = text_of(&input),
            .bindings = text_of(&bindings),
        };
        int rc = wf_eval_expression(script, &eval, &result, &err);
        status = report(rc, &result, &err);
    }
    wf_buf_free(&input);
    wf_buf_free(&bindings);
    wf_buf_free(&result);
    return status;
}

/* Answers to the lines of stdin, each at once. */
static int answer_lines(struct wf_script *script) {
    struct wf_buf answer = {0};
    struct wf_error err;
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    int status = WF_EXIT_OK;

    while (status == WF_EXIT_OK && (len = getline(&line, &size, stdin)) > 0) {
        struct wf_str request = {line, (size_t)len};

        answer.len = 0;
        if (wf_eval_line(script, request, &answer, &err) != 0) {
            status = wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
            break;
        }
        wf_buf_u8(&answer, '\n');
        if (!wf_cli_print(text_of(&answer)))
            status = WF_EXIT_ENGINE;
    }
    free(line);
    wf_buf_free(&answer);
    return status;
}

int wf_cli_eval(const struct wf_options *options) {
    struct wf_script_options settings = {
        .lua_directory = wf_option_text(options, "lua-directory"),
    };
    struct wf_script *script = NULL;
    struct wf_error err;
    int status;

    if (!wf_option_flag(options, "jsonl") &&
        wf_options_arg(options, 0) == NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "%s",
                           "eval: an expression is missing");
    if (wf_script_new(&settings, &script, &err) != 0)
        return wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    status = wf_option_flag(options, "jsonl") ? answer_lines(script)
                                              : evaluate(options, script);
    wf_script_free(script);
    return status;
}
