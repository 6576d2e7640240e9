/* cli_new.c - `moonstep new`: a project to begin with. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "embedded.h"

#define TEMPLATE "lua/project/workflow.lua"
enum { LONGEST = 80 }; /* name of a state machine */

/* The last name of the path is that of the workflow. */
static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static bool is_name(const char *name) {
    size_t len = 0;

    for (; name[len] != '\0'; len++)
        if (!isalnum((unsigned char)name[len]) && name[len] != '_' &&
            name[len] != '-')
            return false;
    return len > 0 && len <= LONGEST;
}

/* Never over a file that is there. */
static int write_new(const char *path, struct wf_str text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool is_written =
        file != NULL && fwrite(text.data, 1, text.len, file) == text.len;

    if (file != NULL)
        is_written = fclose(file) == 0 && is_written;
    return is_written ? WF_EXIT_OK
                      : wf_cli_fail(WF_EXIT_FAILED, "%s: %s", path,
                                    strerror(errno));
}

static int tell(const char *directory, const char *name) {
    struct wf_buf text = {0};
    bool is_printed;

    wf_buf_addf(&text,
                "%s/%s.lua is a workflow to begin with. Then:\n\n"
                "  cd %s\n"
                "  moonstep run %s.lua\n"
                "  moonstep run %s.lua --input '{\"limit\": 1}'\n"
                "  moonstep graph %s.lua >%s.svg\n",
                directory, name, directory, name, name, name, name);
    is_printed = wf_cli_print((struct wf_str){text.data, text.len});
    wf_buf_free(&text);
    return is_printed ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

int wf_cli_new(const struct wf_options *options) {
    const char *directory = wf_options_arg(options, 0);
    const char *name = name_of(directory);
    struct wf_buf path = {0}, text = {0};
    struct wf_error err = {0};
    int status;

    if (!is_name(name))
        return wf_cli_fail(WF_EXIT_USAGE, "\"%s\" can't name a workflow: "
                           "letters, digits, - and _, at most %d", name,
                           LONGEST);
    if (wf_lua_source(TEMPLATE, NULL, &text, &err) != 0)
        return wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    wf_buf_addf(&path, "%s/%s.lua", directory, name);
    wf_buf_u8(&path, 0);
    if (mkdir(directory, 0755) != 0 && errno != EEXIST)
        status = wf_cli_fail(WF_EXIT_FAILED, "%s: %s", directory,
                             strerror(errno));
    else
        status = write_new(path.data, (struct wf_str){text.data, text.len});
    if (status == WF_EXIT_OK)
        status = tell(directory, name);
    wf_buf_free(&path);
    wf_buf_free(&text);
    return status;
}
