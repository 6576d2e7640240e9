/* cli.c - what the commands share. See cli.h. */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int wf_cli_fail(enum wf_exit status, const char *format, ...) {
    va_list args;

    fputs("moonstep: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return status;
}

int wf_cli_read_stream(FILE *file, const char *name, struct wf_buf *content,
                       struct wf_error *err) {
    size_t got;

    do {
        wf_buf_reserve(content, 65536);
        got = fread(content->data + content->len, 1, 65536, file);
        content->len += got;
    } while (got > 0);
    if (ferror(file))
        return wf_error_set(err, WF_E_IO, "%s: %s", name, strerror(errno));
    return 0;
}

int wf_cli_read_file(const char *path, struct wf_buf *content,
                     struct wf_error *err) {
    FILE *file = fopen(path, "re");
    int rc;

    if (file == NULL)
        return wf_error_set(err, WF_E_IO, "%s: %s", path, strerror(errno));
    rc = wf_cli_read_stream(file, path, content, err);
    fclose(file);
    return rc;
}

int wf_cli_input(const struct wf_options *options, struct wf_buf *input,
                 struct wf_error *err) {
    return wf_cli_text_of(wf_option_text(options, "input"), input, err);
}

int wf_cli_text_of(const char *text, struct wf_buf *input,
                   struct wf_error *err) {
    if (strcmp(text, "-") == 0)
        return wf_cli_read_stream(stdin, "stdin", input, err);
    if (text[0] == '@')
        return wf_cli_read_file(text + 1, input, err);
    wf_buf_adds(input, text);
    return 0;
}

static bool ends_with(struct wf_str text, const char *end) {
    size_t len = strlen(end);

    return text.len > len && memcmp(text.data + text.len - len, end, len) == 0;
}

void wf_cli_name_of_file(const char *file, struct wf_buf *name) {
    const char *slash = strrchr(file, '/');
    struct wf_str base = wf_str(slash != NULL ? slash + 1 : file);
    size_t max = 80; /* AWS's limit */

    if (ends_with(base, ".json"))
        base.len -= strlen(".json");
    if (ends_with(base, ".asl"))
        base.len -= strlen(".asl");
    if (ends_with(base, ".lua"))
        base.len -= strlen(".lua");
    for (size_t i = 0; i < base.len && i < max; i++) {
        unsigned char c = (unsigned char)base.data[i];

        wf_buf_u8(name, isalnum(c) || c == '_' ? c : '-');
    }
}

void wf_cli_machine_name(const struct wf_options *options, const char *file,
                         struct wf_buf *name) {
    const char *given = wf_option_text(options, "machine");

    if (given != NULL)
        wf_buf_adds(name, given);
    else
        wf_cli_name_of_file(file, name);
}

void wf_cli_arn(const struct wf_options *options, const char *kind,
                const char *name, struct wf_buf *arn) {
    if (strncmp(name, "arn:", 4) == 0)
        wf_buf_adds(arn, name);
    else
        wf_buf_addf(arn, "arn:aws:states:%s:%s:%s:%s",
                    wf_option_text(options, "region"),
                    wf_option_text(options, "account"), kind, name);
}

void wf_cli_engine_options(const struct wf_options *options,
                           struct wf_engine_options *engine) {
    *engine = (struct wf_engine_options){
        .profile = wf_profile_find(wf_option_text(options, "profile")),
        .handlers = wf_option_list(options, "handlers"),
        .states = wf_option_list(options, "states"),
        .lua_directory = wf_option_text(options, "lua-directory"),
        .service_endpoints = wf_option_list(options, "service-endpoint"),
        .service_models = wf_option_text(options, "service-models"),
        .connections = wf_option_text(options, "connections"),
        .http_allow = wf_option_list(options, "http-allow"),
        .lambda_endpoint = wf_option_text(options, "lambda-endpoint"),
        .region = wf_option_text(options, "region"),
        .account = wf_option_text(options, "account"),
        .workers = (unsigned)wf_option_number(options, "workers"),
        .journal_bytes = (size_t)wf_option_number(options, "journal-bytes"),
        .memory_bytes = (size_t)wf_option_number(options, "memory-bytes"),
        .idle_ms = wf_option_number(options, "idle-ms"),
        .payload_bytes = (size_t)wf_option_number(options, "payload-bytes"),
    };
}

bool wf_cli_print(struct wf_str text) {
    if (text.len == 0 ||
        (fwrite(text.data, 1, text.len, stdout) == text.len &&
         fflush(stdout) == 0))
        return true;
    wf_cli_fail(WF_EXIT_ENGINE, "stdout: %s", strerror(errno));
    return false;
}
