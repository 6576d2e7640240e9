/* cli_files.c - --files and --s3-endpoint: where a Map's data sets may be.
 * See cli.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli.h"
#include "item_bucket.h"

/* Appends the path without links, of what need not be there yet: then the
 * part that is, and the rest as it was given. */
static void resolve(const char *given, struct wf_buf *out) {
    char real[PATH_MAX];
    char *path = wf_strndup(given, strlen(given));
    size_t len = strlen(path), end = len;

    while (end && !realpath(path, real)) {
        while (end && path[end - 1] != '/')
            end--;
        while (end && path[end - 1] == '/')
            end--;
        path[end] = '\0';
    }
    if (end == 0 && !realpath(given[0] == '/' ? "/" : ".", real))
        real[0] = '\0';
    wf_buf_adds(out, real);
    if (end < len) {
        wf_buf_adds(out, "/");
        wf_buf_adds(out, given + end + (given[end] == '/'));
    }
    free(path);
    wf_buf_u8(out, '\0');
}

/* Whether `inner` is `outer` or below it. */
static bool is_below(const char *inner, const char *outer) {
    size_t len = strlen(outer);

    if (len && outer[len - 1] == '/')
        len--;
    return strncmp(inner, outer, len) == 0 &&
           (inner[len] == '\0' || inner[len] == '/');
}

static int check_apart(const char *root, const char *what, const char *other,
                       struct wf_error *err) {
    struct wf_buf real = {0}, real_other = {0};
    int rc = 0;

    if (!other)
        return 0;
    resolve(root, &real);
    resolve(other, &real_other);
    if (is_below(real.data, real_other.data) ||
        is_below(real_other.data, real.data))
        rc = wf_error_set(err, WF_E_INVALID,
                          "--files %s overlaps the %s %s: workflows could "
                          "read or change it; give a directory of its own",
                          root, what, other);
    wf_buf_free(&real);
    wf_buf_free(&real_other);
    return rc;
}

static int check_all_apart(const char *root, const char *what,
                           const char *const *others, struct wf_error *err) {
    for (; others && *others; others++)
        if (check_apart(root, what, *others, err) != 0)
            return -1;
    return 0;
}

static int check_root(const char *root, const char *data,
                      const struct wf_engine_options *engine,
                      struct wf_error *err) {
    struct stat info;
    int error = stat(root, &info) != 0      ? errno
                : !S_ISDIR(info.st_mode) ? ENOTDIR
                                            : 0;

    if (error)
        return wf_error_set(err, WF_E_INVALID, "--files %s: %s", root,
                            strerror(error));
    return check_apart(root, "data directory", data, err) != 0 ||
                   check_all_apart(root, "directory of handlers",
                                   engine->handlers, err) != 0 ||
                   check_all_apart(root, "directory of states",
                                   engine->states, err) != 0
               ? -1
               : 0;
}

static const char *variable(const char *name) {
    const char *value = getenv(name);

    return value && value[0] ? value : NULL;
}

static int take_endpoint(const struct wf_options *options,
                         struct wf_item_stores *stores,
                         struct wf_error *err) {
    const char *url = wf_option_text(options, "s3-endpoint");
    const char *region = wf_option_text(options, "s3-region");

    if (!url)
        return 0;
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return wf_error_set(err, WF_E_INVALID,
                            "--s3-endpoint %s: not a URL such as "
                            "https://s3.eu-west-1.amazonaws.com", url);
    stores->s3_endpoint = url;
    stores->s3_region =
        region ? region : wf_option_text(options, "region");
    stores->access_key = variable("AWS_ACCESS_KEY_ID");
    stores->secret_key = variable("AWS_SECRET_ACCESS_KEY");
    stores->session_token = variable("AWS_SESSION_TOKEN");
    if (stores->access_key && !stores->secret_key)
        return wf_error_set(err, WF_E_INVALID,
                            "AWS_ACCESS_KEY_ID is set, but not "
                            "AWS_SECRET_ACCESS_KEY");
    return 0;
}

int wf_cli_files_apart(const struct wf_options *options, const char *what,
                       const char *file, struct wf_error *err) {
    const char *const *roots = wf_option_list(options, "files");
    struct wf_buf name = {0};
    int rc = 0;

    wf_buf_addf(&name, "file of --%s", what);
    wf_buf_u8(&name, '\0');
    for (; rc == 0 && roots && *roots; roots++)
        rc = check_apart(*roots, name.data, file, err);
    wf_buf_free(&name);
    return rc;
}

int wf_cli_stores(const struct wf_options *options, const char *data,
                  struct wf_engine_options *engine,
                  struct wf_item_stores *stores, struct wf_error *err) {
    const char *const *roots = wf_option_list(options, "files");

    *stores = (struct wf_item_stores){.roots = roots};
    for (; roots && *roots; roots++)
        if (check_root(*roots, data, engine, err) != 0)
            return -1;
    engine->stores = stores;
    return take_endpoint(options, stores, err);
}
