/* item_s3_list.c - ListObjectsV2, a page after the other. See item_s3.h. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "doc.h"
#include "item_s3.h"

/* A part of `texts`, which moves as it grows. */
struct slice {
    size_t start, len;
};

struct entry {
    struct slice key, etag, class;
    int64_t modified;               /* seconds since the epoch */
    uint64_t size;
};

struct listing {
    struct wf_item_list base;
    struct wf_s3 *s3; /* borrowed */
    struct wf_buf prefix, after;
    struct wf_buf texts;
    struct entry *entries;
    size_t count, cap;
    size_t at; /* behind the entry last given */
    bool last; /* no page follows */
};

static int bad(const struct listing *list, const char *what,
               struct wf_error *err) {
    return wf_error_set(err, WF_E_IO, "list s3://%.*s: %s",
                        (int)list->s3->base.name.len,
                        list->s3->base.name.data, what);
}

/* ---- a page ---- */

static struct slice keep(struct listing *list, struct wf_str text) {
    struct slice kept = {list->texts.len, text.len};

    wf_buf_addstr(&list->texts, text);
    return kept;
}

static struct wf_str text_of(const struct listing *list, struct slice slice) {
    return (struct wf_str){list->texts.data + slice.start, slice.len};
}

static int digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* As encoding-type=url has it: %XX, and + for a blank. */
static struct slice keep_unescaped(struct listing *list,
                                   struct wf_str text) {
    struct slice kept = {list->texts.len, 0};

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i] == '+' ? ' ' : text.data[i];
        if (c == '%' && i + 2 < text.len && digit(text.data[i + 1]) >= 0 &&
            digit(text.data[i + 2]) >= 0) {
            c = (char)(digit(text.data[i + 1]) << 4 |
                       digit(text.data[i + 2]));
            i += 2;
        }
        wf_buf_u8(&list->texts, (uint8_t)c);
        kept.len++;
    }
    return kept;
}

/* "2023-01-02T03:04:05.000Z" */
static int64_t seconds_of(struct wf_str text) {
    struct tm tm = {0};

    if (sscanf(text.data, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon,
               &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return timegm(&tm);
}

static void on_member(struct listing *list, const char *name,
                      struct wf_str text) {
    struct entry *entry = &list->entries[list->count];

    if (strcmp(name, "Key") == 0)
        entry->key = keep_unescaped(list, text);
    else if (strcmp(name, "ETag") == 0)
        entry->etag = keep(list, text);
    else if (strcmp(name, "StorageClass") == 0)
        entry->class = keep(list, text);
    else if (strcmp(name, "LastModified") == 0)
        entry->modified = seconds_of(text);
    else if (strcmp(name, "Size") == 0)
        entry->size = strtoull(text.data, NULL, 10);
}

static void on_element(void *arg, const char *name, struct wf_str text,
                       unsigned depth) {
    struct listing *list = arg;

    if (list->count == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 1024;
        list->entries = wf_realloc(list->entries,
                                   list->cap * sizeof(*list->entries));
        memset(&list->entries[list->count], 0, sizeof(*list->entries));
    }
    if (depth == 2) {
        on_member(list, name, text);
    } else if (depth == 1 && strcmp(name, "Contents") == 0) {
        list->count++;
        if (list->count < list->cap)
            memset(&list->entries[list->count], 0, sizeof(*list->entries));
    } else if (depth == 1 && strcmp(name, "IsTruncated") == 0) {
        list->last = !wf_str_eq(text, WF_STR("true"));
    }
}

static int take_page(struct listing *list, struct wf_str body,
                     struct wf_error *err) {
    list->texts.len = 0;
    wf_buf_reserve(&list->texts, 1); /* slices need a beginning */
    list->count = list->at = 0;
    list->last = true;
    if (list->entries)
        memset(list->entries, 0, sizeof(*list->entries));
    if (wf_s3_xml(body, on_element, list) != 0)
        return bad(list, "the answer is not XML", err);
    return 0;
}

static int get_page(struct listing *list, struct wf_error *err) {
    struct wf_buf query = {0};
    struct wf_s3_answer answer = {0};

    wf_buf_adds(&query, "encoding-type=url&list-type=2&max-keys=1000");
    if (list->prefix.len) {
        wf_buf_adds(&query, "&prefix=");
        wf_s3_escape(&query, wf_item_str(&list->prefix), false);
    }
    if (list->after.len) {
        wf_buf_adds(&query, "&start-after=");
        wf_s3_escape(&query, wf_item_str(&list->after), false);
    }
    wf_buf_u8(&query, '\0');
    struct wf_s3_request request = {.method = "GET", .query = query.data};
    int rc = wf_s3_send(list->s3, &request, &answer, err);
    if (rc == 0)
        rc = take_page(list, wf_item_str(&answer.body), err);
    wf_buf_free(&answer.body);
    wf_buf_free(&query);
    return rc;
}

/* ---- the list ---- */

static int next_key(struct wf_item_list *base, struct wf_str *key,
                    struct wf_error *err) {
    struct listing *list = (struct listing *)base;

    while (list->at == list->count) {
        if (list->last)
            return 0;
        if (get_page(list, err) != 0)
            return -1;
    }
    *key = text_of(list, list->entries[list->at++].key);
    /* Or a listing might not end. */
    if (wf_item_compare(*key, wf_item_str(&list->after)) <= 0)
        return bad(list, "the keys are not in order", err);
    list->after.len = 0;
    wf_buf_addstr(&list->after, *key);
    return 1;
}

static int describe(struct wf_item_list *base, struct wf_buf *out,
                    struct wf_error *err) {
    struct listing *list = (struct listing *)base;
    const struct entry *entry = &list->entries[list->at - 1];
    struct wf_str key = text_of(list, entry->key);

    if (!wf_utf8_valid(key))
        return bad(list, "a key is not UTF-8", err);
    wf_buf_adds(out, "{\"Etag\":");
    wf_buf_json(out, text_of(list, entry->etag));
    wf_buf_adds(out, ",\"Key\":");
    wf_buf_json(out, key);
    wf_buf_addf(out, ",\"LastModified\":%lld,\"Size\":%llu,\"StorageClass\":",
                (long long)entry->modified, (unsigned long long)entry->size);
    wf_buf_json(out, entry->class.len ? text_of(list, entry->class)
                                      : WF_STR("STANDARD"));
    wf_buf_u8(out, '}');
    return 1;
}

static void free_listing(struct wf_item_list *base) {
    struct listing *list = (struct listing *)base;

    wf_buf_free(&list->prefix);
    wf_buf_free(&list->after);
    wf_buf_free(&list->texts);
    free(list->entries);
    free(list);
}

static const struct wf_item_list_ops listing_ops = {next_key, describe,
                                                    free_listing};

struct wf_item_list *wf_s3_list(struct wf_s3 *s3, struct wf_str prefix,
                                struct wf_str start_after) {
    struct listing *list = wf_calloc(1, sizeof(*list));

    list->base.ops = &listing_ops;
    list->s3 = s3;
    wf_buf_addstr(&list->prefix, prefix);
    wf_buf_addstr(&list->after, start_after);
    return &list->base;
}
