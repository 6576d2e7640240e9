/*
 * cli_run_store.c - the directory of a run's store.
 *
 * A temporary one is TMPDIR/moonstep-run.XXXXXX. Its run holds a lock on the
 * file `alive` in it, which the kernel drops when the process ends however
 * it ends; so a later run can tell what a killed one has left, also across
 * pid namespaces.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_run.h"
#include "file.h"

#define PREFIX "moonstep-run."

/* A directory this young may be about to be locked by its run. */
enum { YOUNG_MS = 60000 };

static const char *temporary_root(void) {
    const char *root = getenv("TMPDIR");

    return root != NULL && root[0] != '\0' ? root : "/tmp";
}

static int lock_open(const char *directory, int flags) {
    char path[PATH_MAX];
    int lock;

    if ((size_t)snprintf(path, sizeof(path), "%s/alive", directory) >=
        sizeof(path))
        return -1;
    lock = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) == 0)
        return lock;
    close(lock);
    errno = EWOULDBLOCK;
    return -1;
}

static bool is_young(const struct stat *info) {
    struct wf_clock clock;

    wf_clock_init_real(&clock);
    return wf_clock_now_ms(&clock) - (int64_t)info->st_mtime * 1000 <
           YOUNG_MS;
}

static void remove_if_left(const char *name) {
    char path[PATH_MAX];
    struct stat info;
    int lock;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", temporary_root(),
                         name) >= sizeof(path))
        return;
    if (lstat(path, &info) != 0 || !S_ISDIR(info.st_mode) ||
        info.st_uid != geteuid() || is_young(&info))
        return;
    lock = lock_open(path, O_RDWR);
    if (lock < 0 && errno != ENOENT)
        return;
    wf_file_remove_tree(path, NULL, NULL);
    if (lock >= 0)
        close(lock);
}

static void remove_left_overs(void) {
    DIR *root = opendir(temporary_root());
    struct dirent *entry;

    while (root != NULL && (entry = readdir(root)) != NULL)
        if (strncmp(entry->d_name, PREFIX, sizeof(PREFIX) - 1) == 0)
            remove_if_left(entry->d_name);
    if (root != NULL)
        closedir(root);
}

int wf_run_store_init(struct wf_run_store *store, const char *directory,
                      struct wf_error *err) {
    *store = (struct wf_run_store){.directory = directory, .lock = -1};
    if (store->directory != NULL)
        return 0;
    remove_left_overs();
    wf_buf_addf(&store->temporary, "%s/%sXXXXXX", temporary_root(), PREFIX);
    wf_buf_u8(&store->temporary, 0);
    if (mkdtemp(store->temporary.data) == NULL) {
        wf_error_set(err, WF_E_IO, "%s: %s", store->temporary.data,
                     strerror(errno));
        wf_buf_free(&store->temporary);
        return -1;
    }
    store->directory = store->temporary.data;
    store->lock = lock_open(store->directory, O_RDWR | O_CREAT);
    if (store->lock < 0)
        return wf_error_set(err, WF_E_IO, "%s/alive: %s", store->directory,
                            strerror(errno));
    return 0;
}

void wf_run_store_deinit(struct wf_run_store *store) {
    struct wf_error err;

    if (store->temporary.len > 0 &&
        wf_file_remove_tree(store->directory, NULL, &err) != 0)
        wf_cli_fail(WF_EXIT_ENGINE, "the temporary store stays: %s",
                    err.message);
    if (store->lock >= 0)
        close(store->lock);
    wf_buf_free(&store->temporary);
}
