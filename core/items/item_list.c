/*
 * item_list.c - the files of a directory in the order in which S3 lists
 * objects: by the bytes of their keys. See item_bucket.h.
 *
 * A key is a path, so a directory sorts as its name and a slash. Of each
 * directory on the way the WINDOW smallest names that come next are held; a
 * larger directory is read again for the ones behind them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doc.h"
#include "item_bucket.h"

#define WINDOW ((size_t)16384)
#define MAX_LEVELS 256

/* A directory on the way. */
struct level {
    DIR *dir;
    size_t prefix_len; /* of the key up to here, with its slash */
    char **names;      /* sorted; a directory's ends with a slash */
    size_t count, cap, at;
    bool more;         /* names behind the last one were left out */
};

struct listing {
    struct wf_item_list base;
    int bucket;
    struct wf_buf prefix;
    struct wf_buf after; /* the keys wanted are behind this one */
    struct wf_buf key;   /* of the current object or directory */
    struct level levels[MAX_LEVELS];
    size_t depth;
    bool begun;
};

static int fail(struct listing *list, const char *verb,
                struct wf_error *err) {
    char reason[128];

    return wf_error_set(err, WF_E_IO, "%s %.*s: %s", verb,
                        (int)(list->key.len > 300 ? 300 : list->key.len),
                        list->key.len ? list->key.data : "",
                        strerror_r(errno, reason, sizeof(reason)));
}

static bool is_beginning(struct wf_str part, struct wf_str whole) {
    return part.len <= whole.len &&
           (part.len == 0 || memcmp(part.data, whole.data, part.len) == 0);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A file on its way: ".NAME.<16 hex>.tmp", see file.h. */
static bool is_temporary(const char *name, size_t len) {
    if (len < 23 || name[0] != '.' || strcmp(name + len - 4, ".tmp") != 0 ||
        name[len - 21] != '.')
        return false;
    for (size_t i = len - 20; i < len - 4; i++)
        if (!strchr("0123456789abcdef", name[i]))
            return false;
    return true;
}

/* Whether the listing has keys at or below `key`; a slash ends a directory's.
 */
static bool is_wanted(const struct listing *list, struct wf_str key) {
    struct wf_str prefix = {list->prefix.data, list->prefix.len};
    struct wf_str after = {list->after.data, list->after.len};
    bool is_dir = key.data[key.len - 1] == '/';

    if (!is_beginning(prefix, key) && !(is_dir && is_beginning(key, prefix)))
        return false;
    if (after.len == 0 || (is_dir && is_beginning(key, after)))
        return true;
    return wf_item_compare(key, after) > 0;
}

static void free_names(struct level *level) {
    for (size_t i = 0; i < level->count; i++)
        free(level->names[i]);
    level->count = level->at = 0;
}

/* Keeps the WINDOW smallest names. */
static void trim(struct level *level) {
    if (level->count == 0)
        return;
    qsort(level->names, level->count, sizeof(*level->names), compare_names);
    for (size_t i = WINDOW; i < level->count; i++) {
        free(level->names[i]);
        level->more = true;
    }
    if (level->count > WINDOW)
        level->count = WINDOW;
}

static void add_name(struct level *level, const char *name, size_t len,
                     bool is_dir) {
    if (level->count == level->cap) {
        level->cap = level->cap ? level->cap * 2 : 64;
        level->names = wf_realloc(level->names,
                                  level->cap * sizeof(*level->names));
    }
    char *copy = wf_malloc(len + 2);
    memcpy(copy, name, len);
    copy[len] = is_dir ? '/' : '\0';
    copy[len + 1] = '\0';
    level->names[level->count++] = copy;
    if (level->count == 2 * WINDOW)
        trim(level);
}

/* Type of an entry: 'd', 'f' (or a link to a file below the bucket), 0. */
static char type_of(struct listing *list, const struct dirent *entry,
                    DIR *dir) {
    struct stat st;
    mode_t mode = entry->d_type == DT_DIR   ? S_IFDIR
                  : entry->d_type == DT_REG ? S_IFREG
                                            : 0;

    if (entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK) {
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            return 0;
        mode = st.st_mode & S_IFMT;
    }
    if (S_ISLNK(mode)) {
        struct wf_buf path = {0};
        wf_buf_add(&path, list->key.data, list->key.len);
        wf_buf_add(&path, entry->d_name, strlen(entry->d_name) + 1);
        int fd = wf_item_openat(list->bucket, path.data, O_PATH);
        mode = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
                   ? S_IFREG
                   : 0;
        if (fd >= 0)
            close(fd);
        wf_buf_free(&path);
    }
    return S_ISDIR(mode) ? 'd' : S_ISREG(mode) ? 'f' : 0;
}

static int add_entry(struct listing *list, struct level *level,
                     const struct dirent *entry, const char *last,
                     struct wf_error *err) {
    const char *name = entry->d_name;
    size_t len = strlen(name), before = list->key.len;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        is_temporary(name, len))
        return 0;
    char type = type_of(list, entry, level->dir);
    if (type == 0)
        return 0;
    wf_buf_add(&list->key, name, len);
    if (type == 'd')
        wf_buf_u8(&list->key, '/');
    struct wf_str key = {list->key.data, list->key.len};
    struct wf_str own = {key.data + before, key.len - before};
    bool wanted = is_wanted(list, key) &&
                  (!last || wf_item_compare(own, wf_str(last)) > 0);
    int rc = 0;
    if (wanted && key.len > 1024)
        rc = wf_error_set(err, WF_E_LIMIT,
                          "list %.300s…: a key has more than 1024 bytes",
                          key.data);
    list->key.len = before;
    if (wanted && rc == 0)
        add_name(level, name, len, type == 'd');
    return rc;
}

/* Reads the names of the current directory that are behind `last`. */
static int load(struct listing *list, struct level *level,
                const char *last, struct wf_error *err) {
    struct dirent *entry;

    level->more = false;
    rewinddir(level->dir);
    list->key.len = level->prefix_len;
    while (errno = 0, (entry = readdir(level->dir)) != NULL)
        if (add_entry(list, level, entry, last, err) != 0)
            return -1;
    if (errno)
        return fail(list, "list", err);
    trim(level);
    return 0;
}

/* Enters the directory whose key is list->key. 1; 0: it has gone; -1. */
static int enter(struct listing *list, struct wf_error *err) {
    struct level *level = &list->levels[list->depth];

    if (list->depth == MAX_LEVELS)
        return wf_error_set(err, WF_E_LIMIT,
                            "list: directories deeper than %d levels",
                            MAX_LEVELS);
    wf_buf_u8(&list->key, '\0');
    list->key.len--;
    int fd = wf_item_openat(list->bucket,
                            list->key.len ? list->key.data : ".",
                            O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0
                                                   : fail(list, "list", err);
    *level = (struct level){.prefix_len = list->key.len};
    level->dir = fdopendir(fd);
    if (!level->dir) {
        close(fd);
        return fail(list, "list", err);
    }
    list->depth++;
    return load(list, level, NULL, err) != 0 ? -1 : 1;
}

static void leave(struct listing *list) {
    struct level *level = &list->levels[--list->depth];

    free_names(level);
    free(level->names);
    closedir(level->dir);
}

static void free_listing(struct wf_item_list *base) {
    struct listing *list = (struct listing *)base;

    while (list->depth)
        leave(list);
    wf_buf_free(&list->prefix);
    wf_buf_free(&list->after);
    wf_buf_free(&list->key);
    free(list);
}

/* False if a component is empty, "." or "..": no object has such a key. */
static bool is_plain(const char *directory, size_t len) {
    for (size_t at = 0; at < len;) {
        const char *slash = memchr(directory + at, '/', len - at);
        size_t part = (size_t)(slash - directory) - at;
        if (part == 0 || memchr(directory + at, '\0', part) ||
            (part <= 2 && memcmp(directory + at, "..", part) == 0))
            return false;
        at += part + 1;
    }
    return true;
}

/* Begins in the directory that the prefix names. */
static int begin(struct listing *list, struct wf_error *err) {
    size_t len = list->prefix.len;

    list->begun = true;
    while (len && list->prefix.data[len - 1] != '/')
        len--;
    if (!is_plain(list->prefix.data, len))
        return 0;
    wf_buf_add(&list->key, list->prefix.data, len);
    return enter(list, err) < 0 ? -1 : 0;
}

/* The next name of the innermost directory: 1; 0: none is left; -1. */
static int next_name(struct listing *list, struct level *level,
                     struct wf_error *err) {
    if (level->at == level->count && level->more) {
        char *last = level->names[--level->count];
        free_names(level);
        int loaded = load(list, level, last, err);
        free(last);
        if (loaded != 0)
            return -1;
    }
    if (level->at == level->count)
        return 0;
    const char *name = level->names[level->at++];
    list->key.len = level->prefix_len;
    wf_buf_adds(&list->key, name);
    return 1;
}

static int next_key(struct wf_item_list *base, struct wf_str *key,
                    struct wf_error *err) {
    struct listing *list = (struct listing *)base;

    if (!list->begun && begin(list, err) != 0)
        return -1;
    while (list->depth) {
        int there = next_name(list, &list->levels[list->depth - 1], err);
        if (there < 0)
            return -1;
        if (there == 0) {
            leave(list);
            continue;
        }
        if (list->key.data[list->key.len - 1] != '/') {
            *key = (struct wf_str){list->key.data, list->key.len};
            return 1;
        }
        if (enter(list, err) < 0)
            return -1;
    }
    return 0;
}

/* As S3 says, an entity tag says nothing but "another one": here it is made
 * of size, time and inode, and no content is read for it. */
static void add_etag(struct wf_buf *out, const struct stat *st) {
    uint64_t a = (uint64_t)st->st_size * UINT64_C(0x9e3779b97f4a7c15) ^
                 (uint64_t)st->st_mtim.tv_sec;
    uint64_t b = (uint64_t)st->st_ino * UINT64_C(0xc2b2ae3d27d4eb4f) ^
                 (uint64_t)st->st_mtim.tv_nsec;

    a = (a ^ a >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    b = (b ^ b >> 31) * UINT64_C(0x94d049bb133111eb);
    wf_buf_addf(out, "\"\\\"%016llx%016llx\\\"\"",
                (unsigned long long)(a ^ a >> 32),
                (unsigned long long)(b ^ b >> 32));
}

static int describe(struct wf_item_list *base, struct wf_buf *out,
                    struct wf_error *err) {
    struct listing *list = (struct listing *)base;
    struct stat st;
    struct wf_str key = {list->key.data, list->key.len};

    wf_buf_u8(&list->key, '\0');
    list->key.len--;
    int fd = wf_item_openat(list->bucket, list->key.data, O_PATH);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0
                                                   : fail(list, "stat", err);
    int failed = fstat(fd, &st);
    close(fd);
    if (failed)
        return fail(list, "stat", err);
    if (!wf_utf8_valid(key))
        return wf_error_set(err, WF_E_INVALID,
                            "list %.300s: the key is not UTF-8",
                            list->key.data);
    wf_buf_adds(out, "{\"Etag\":");
    add_etag(out, &st);
    wf_buf_adds(out, ",\"Key\":");
    wf_buf_json(out, key);
    wf_buf_addf(out,
                ",\"LastModified\":%lld,\"Size\":%lld,"
                "\"StorageClass\":\"STANDARD\"}",
                (long long)st.st_mtim.tv_sec, (long long)st.st_size);
    return 1;
}

static const struct wf_item_list_ops listing_ops = {next_key, describe,
                                                    free_listing};

struct wf_item_list *wf_item_directory_list(int directory,
                                            struct wf_str prefix,
                                            struct wf_str start_after) {
    struct listing *list = wf_calloc(1, sizeof(*list));

    list->base.ops = &listing_ops;
    list->bucket = directory;
    wf_buf_addstr(&list->prefix, prefix);
    wf_buf_addstr(&list->after, start_after);
    return &list->base;
}
