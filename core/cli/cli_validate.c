/*
 * cli_validate.c - `moonstep validate`: what is wrong with definitions.
 *
 * It needs no server. Findings are data, so they go to stdout; the summary
 * goes to stderr.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "findings.h"
#include "term.h"
#include "workflow_file.h"

enum { MOST_FOLDERS = 32 }; /* inside each other: links may go in circles */

struct validation {
    const struct wf_options *options;
    struct wf_script *script;
    struct wf_clock clock;
    size_t files, valid, errors, warnings, remarks;
    bool color;
    size_t columns;
    int status; /* the worst so far */
};

static void worsen(struct validation *validation, int status) {
    if (status > validation->status)
        validation->status = status;
}

static bool show(const struct validation *validation,
                 const struct wf_findings *findings, const char *name) {
    struct wf_buf out = {0};
    bool is_printed;

    if (wf_option_flag(validation->options, "json")) {
        wf_findings_json(findings, name, &out);
        wf_buf_u8(&out, '\n');
    }
    for (size_t i = 0; !wf_option_flag(validation->options, "json") &&
                       i < findings->count; i++)
        wf_finding_show(findings, i, name, validation->color,
                        validation->columns, &out);
    is_printed = wf_cli_print((struct wf_str){out.data, out.len});
    wf_buf_free(&out);
    return is_printed;
}

static void check_workflow(struct validation *validation, const char *name,
                           const struct wf_workflow_file *file) {
    struct wf_findings findings = {0};
    const struct wf_buf *text = &file->definition;
    bool fails;

    wf_findings_make(&findings, validation->script,
                     (struct wf_str){text->data ? text->data : "", text->len},
                     wf_profile_find(
                         wf_option_text(validation->options, "profile")),
                     wf_option_flag(validation->options, "express"));
    wf_workflow_relocate(file, &findings);
    validation->files++;
    fails = findings.errors > 0 ||
            (findings.warnings > 0 &&
             wf_option_flag(validation->options, "warnings-as-errors"));
    validation->valid += findings.errors == 0;
    validation->errors += findings.errors;
    validation->warnings += findings.warnings;
    validation->remarks += findings.remarks;
    worsen(validation, fails ? WF_EXIT_FAILED : WF_EXIT_OK);
    if (wf_option_flag(validation->options, "asl") && findings.errors == 0) {
        if (!wf_cli_print((struct wf_str){text->data, text->len}))
            worsen(validation, WF_EXIT_ENGINE);
    } else if (!show(validation, &findings, name)) {
        worsen(validation, WF_EXIT_ENGINE);
    }
    wf_findings_deinit(&findings);
}

static void check_file(struct validation *validation, const char *path) {
    struct wf_workflow_file file = {0};
    struct wf_error err = {0};

    if (wf_workflow_read(validation->options, path, &file, &err) == 0) {
        check_workflow(validation, strcmp(path, "-") == 0 ? "stdin" : path,
                       &file);
    } else if (err.code == WF_E_INVALID) {
        fprintf(stderr, "%s\n", err.message);
        validation->files++;
        validation->errors++;
        worsen(validation, WF_EXIT_FAILED);
    } else {
        worsen(validation, wf_cli_fail(WF_EXIT_USAGE, "%s", err.message));
    }
    wf_workflow_deinit(&file);
}

/* ---- folders ---- */

static bool ends_with(const char *name, const char *end) {
    size_t len = strlen(name), end_len = strlen(end);

    return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static bool is_folder(const char *path) {
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* Returns how many definitions there were. */
static size_t check_folder(struct validation *validation, const char *path,
                           unsigned depth) {
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_shown, alphasort);
    size_t found = 0;

    if (count < 0) {
        worsen(validation, wf_cli_fail(WF_EXIT_USAGE, "%s: %s", path,
                                       strerror(errno)));
        return 1; /* it has been told of */
    }
    for (int i = 0; i < count; i++) {
        struct wf_buf inner = {0};

        wf_buf_addf(&inner, "%s%s%s", path,
                    ends_with(path, "/") ? "" : "/", entries[i]->d_name);
        wf_buf_u8(&inner, 0);
        if (is_folder(inner.data)) {
            if (depth < MOST_FOLDERS)
                found += check_folder(validation, inner.data, depth + 1);
        } else if (ends_with(inner.data, ".asl.json")) {
            check_file(validation, inner.data);
            found++;
        }
        wf_buf_free(&inner);
        free(entries[i]);
    }
    free(entries);
    return found;
}

static void check_argument(struct validation *validation, const char *path) {
    if (strcmp(path, "-") == 0 || !is_folder(path))
        check_file(validation, path);
    else if (check_folder(validation, path, 0) == 0)
        worsen(validation, wf_cli_fail(WF_EXIT_USAGE, "%s: there are no "
                                       "files *.asl.json", path));
}

/* ---- all ---- */

static void say_summary(const struct validation *validation) {
    size_t invalid = validation->files - validation->valid;
    struct wf_buf line = {0};

    wf_buf_addf(&line, "%zu file%s: %zu valid", validation->files,
                validation->files == 1 ? "" : "s", validation->valid);
    if (invalid > 0)
        wf_buf_addf(&line, ", %zu with errors", invalid);
    if (validation->errors + validation->warnings > 0)
        wf_buf_addf(&line, " (%zu error%s, %zu warning%s)",
                    validation->errors, validation->errors == 1 ? "" : "s",
                    validation->warnings,
                    validation->warnings == 1 ? "" : "s");
    if (validation->remarks > 0)
        wf_buf_addf(&line, "; %zu remark%s", validation->remarks,
                    validation->remarks == 1 ? "" : "s");
    fprintf(stderr, "%.*s\n", (int)line.len, line.data);
    wf_buf_free(&line);
}

int wf_cli_validate(const struct wf_options *options) {
    struct validation validation = {
        .options = options,
        .color = wf_term_has_color(STDOUT_FILENO),
        .columns = 100,
    };
    struct wf_script_options script = {
        .lua_directory = wf_option_text(options, "lua-directory"),
        .states = wf_option_list(options, "states"),
        .clock = &validation.clock,
    };
    struct wf_error err = {0};
    const char *path;
    size_t lines;

    wf_clock_init_real(&validation.clock);
    if (isatty(STDOUT_FILENO))
        wf_term_size(STDOUT_FILENO, &validation.columns, &lines);
    if (wf_script_new(&script, &validation.script, &err) != 0)
        return wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    for (unsigned i = 0; (path = wf_options_arg(options, i)) != NULL; i++)
        check_argument(&validation, path);
    if (!wf_option_flag(options, "asl"))
        say_summary(&validation);
    wf_script_free(validation.script);
    return validation.status;
}
