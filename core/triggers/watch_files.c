/* watch_files.c - the files of a watched directory that are under way. See
 * watch_impl.h. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>

#include "doc.h"
#include "json_write.h"
#include "watch_impl.h"

static struct wf_watched **bucket_of(struct wf_watch *watch,
                                     const char *name) {
    return &watch->buckets[wf_str_hash(wf_str(name)) % WF_WATCH_BUCKETS];
}

struct wf_watched *wf_watched_find(struct wf_watch *watch, const char *name) {
    struct wf_watched *file = *bucket_of(watch, name);

    while (file && strcmp(file->name, name) != 0)
        file = file->next;
    return file;
}

struct wf_watched *wf_watched_add(struct wf_watch *watch, const char *name) {
    struct wf_watched **bucket = bucket_of(watch, name);
    struct wf_watched *file;

    if (watch->count == WF_WATCH_FILES)
        return NULL;
    file = wf_calloc(1, sizeof(*file));
    file->watch = watch;
    file->name = wf_strndup(name, strlen(name));
    file->next = *bucket;
    *bucket = file;
    wf_list_append(&watch->files, &file->link);
    watch->count++;
    return file;
}

void wf_watched_remove(struct wf_watched *file) {
    struct wf_watch *watch = file->watch;
    struct wf_watched **at = bucket_of(watch, file->name);

    while (*at != file)
        at = &(*at)->next;
    *at = file->next;
    wf_list_remove(&file->link);
    watch->count--;
    wf_buf_free(&file->execution);
    wf_buf_free(&file->event);
    free(file->name);
    free(file);
}

static bool is_like(char *const *patterns, const char *name) {
    for (; *patterns; patterns++)
        if (fnmatch(*patterns, name, 0) == 0)
            return true;
    return false;
}

bool wf_watch_wants(const struct wf_watch_rule *rule, const char *name) {
    return name[0] != '.' && is_like(rule->patterns, name) &&
           !is_like(rule->ignored, name);
}

void wf_watched_key(const struct wf_watched *file, struct wf_buf *key) {
    const struct wf_file_version *version = &file->version;

    wf_buf_adds(key, file->watch->rule->directory);
    wf_buf_addf(key, "/%s%c%" PRIu64 " %" PRIu64 " %" PRId64, file->name, 0,
                version->size, version->inode, version->mtime_ns);
}

/* ---- versions that are done ---- */

static char *slot_of(struct wf_watch *watch, const struct wf_watched *file,
                     char hash[16]) {
    struct wf_buf key = {0};
    char hex[65];
    uint64_t number;

    wf_watched_key(file, &key);
    wf_hook_hash((struct wf_str){key.data, key.len}, hex);
    wf_buf_free(&key);
    memcpy(hash, hex, 16); /* 64 bits, and the slot's */
    number = strtoull(hex + 48, NULL, 16);
    if (!watch->seen)
        watch->seen = wf_calloc(WF_WATCH_SEEN, sizeof(*watch->seen));
    return watch->seen[number % WF_WATCH_SEEN];
}

bool wf_watch_has_seen(struct wf_watch *watch,
                       const struct wf_watched *file) {
    char hash[16];
    return memcmp(slot_of(watch, file, hash), hash, sizeof(hash)) == 0;
}

void wf_watch_note_seen(struct wf_watch *watch,
                        const struct wf_watched *file) {
    char hash[16];
    char *slot = slot_of(watch, file, hash);
    memcpy(slot, hash, sizeof(hash));
}

/* ---- the event ---- */

bool wf_watched_event(const struct wf_watched *file, struct wf_buf *out) {
    struct wf_buf path = {0};
    char iso[25];
    bool is_good;

    wf_buf_addf(&path, "%s/%s", file->watch->rule->directory, file->name);
    is_good = wf_utf8_valid((struct wf_str){path.data, path.len});
    wf_clock_iso(file->version.mtime_ns / 1000000, iso);
    wf_buf_u8(out, '{');
    wf_json_text(out, "watch", wf_str(file->watch->trigger->name));
    wf_json_text(out, "path", (struct wf_str){path.data, path.len});
    wf_json_text(out, "name", wf_str(file->name));
    wf_json_integer(out, "size", (int64_t)file->version.size);
    wf_json_text(out, "modified", wf_str(iso));
    wf_buf_u8(out, '}');
    wf_buf_free(&path);
    return is_good;
}
