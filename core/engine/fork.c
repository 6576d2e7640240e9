/* fork.c - branches and iterations of a state, and their results. */
#include "fork.h"

#include <assert.h>
#include <stdlib.h>

#include "map_run.h"

/* Results beyond so many bytes are read again when all have come. */
#define DOC_BYTES ((size_t)32 << 20)

enum fork_flags {
    FORK_MAP = 1,
    FORK_ABORTED = 2,
    FORK_ROWS = 4,
    FORK_ERROR = 8,
    FORK_CAUSE = 16,
    FORK_RUN = 32,
    FORK_ASLEEP = 64,
    FORK_BETWEEN = 128,
};

struct wf_fork *wf_fork_new(bool is_map, uint32_t base, uint32_t count) {
    struct wf_fork *fork = wf_calloc(1, sizeof(*fork));
    fork->is_map = is_map;
    fork->base = base;
    fork->count = count;
    return fork;
}

static void page_free(struct wf_fork_page *page) {
    for (size_t i = 0; page && i < WF_FORK_PAGE; i++)
        wf_doc_unref(page->docs[i]);
    free(page);
}

bool wf_fork_free_some(struct wf_fork *fork, uint32_t pages) {
    for (; pages > 0 && fork->page_count > 0; pages--)
        page_free(fork->pages[--fork->page_count]);
    if (fork->page_count > 0)
        return false;
    wf_fork_free(fork);
    return true;
}

void wf_fork_free(struct wf_fork *fork) {
    if (!fork)
        return;
    for (uint32_t i = 0; i < fork->page_count; i++)
        page_free(fork->pages[i]);
    free(fork->pages);
    free(fork->unstored);
    free(fork->item_nodes);
    free(fork->error);
    free(fork->cause);
    wf_buf_free(&fork->between);
    wf_doc_unref(fork->items);
    wf_map_run_free(fork->run);
    free(fork);
}

/* ---- results ---- */

struct wf_fork_page *wf_fork_page(struct wf_fork *fork, uint32_t page) {
    if (!fork->pages) {
        fork->page_count = (fork->count + WF_FORK_PAGE - 1) / WF_FORK_PAGE;
        fork->pages = wf_calloc(fork->page_count, sizeof(*fork->pages));
    }
    assert(page < fork->page_count);
    if (!fork->pages[page])
        fork->pages[page] = wf_calloc(1, sizeof(**fork->pages));
    return fork->pages[page];
}

uint64_t wf_fork_result(const struct wf_fork *fork, uint32_t index) {
    const struct wf_fork_page *page =
        fork->pages ? fork->pages[index / WF_FORK_PAGE] : NULL;
    return page ? page->numbers[index % WF_FORK_PAGE] : 0;
}

static void push_unstored(struct wf_fork *fork, uint32_t index) {
    if (fork->unstored_count == fork->unstored_cap) {
        fork->unstored_cap = fork->unstored_cap ? fork->unstored_cap * 2 : 16;
        fork->unstored =
            wf_realloc(fork->unstored,
                       fork->unstored_cap * sizeof(*fork->unstored));
    }
    fork->unstored[fork->unstored_count++] = index;
    fork->fresh_count++;
}

void wf_fork_put(struct wf_fork *fork, uint32_t index, uint64_t number,
                 struct wf_doc *doc, bool keep) {
    struct wf_fork_page *page = wf_fork_page(fork, index / WF_FORK_PAGE);
    uint32_t at = index % WF_FORK_PAGE;
    page->numbers[at] = number;
    push_unstored(fork, index);
    if (doc && (keep || fork->doc_bytes + doc->len <= DOC_BYTES)) {
        fork->doc_bytes += doc->len;
        wf_doc_unref(page->docs[at]);
        page->docs[at] = wf_doc_ref(doc);
    }
}

void wf_fork_encode_results(const struct wf_fork *fork, size_t from,
                            size_t count, struct wf_buf *out) {
    for (size_t i = from; i < fork->unstored_count && i < from + count; i++) {
        wf_buf_varint(out, fork->unstored[i]);
        wf_buf_varint(out, wf_fork_result(fork, fork->unstored[i]));
    }
}

bool wf_fork_decode_results(struct wf_fork *fork, struct wf_str row) {
    struct wf_reader in = {row.data, row.data + row.len, false};
    while (in.at < in.end && !in.bad) {
        uint64_t index = wf_read_varint(&in), number = wf_read_varint(&in);
        if (in.bad || index >= fork->count)
            return false;
        struct wf_fork_page *page =
            wf_fork_page(fork, (uint32_t)index / WF_FORK_PAGE);
        page->numbers[index % WF_FORK_PAGE] = number;
    }
    return !in.bad;
}

struct wf_doc *wf_fork_results(const struct wf_fork *fork) {
    size_t len = 2 + (fork->count ? fork->count - 1 : 0);
    for (uint32_t i = 0; i < fork->count; i++)
        len += fork->pages[i / WF_FORK_PAGE]->docs[i % WF_FORK_PAGE]->len;
    struct wf_doc *doc = wf_doc_new(len);
    char *at = doc->text;
    *at++ = '[';
    for (uint32_t i = 0; i < fork->count; i++) {
        const struct wf_doc *result =
            fork->pages[i / WF_FORK_PAGE]->docs[i % WF_FORK_PAGE];
        if (i > 0)
            *at++ = ',';
        memcpy(at, result->text, result->len);
        at += result->len;
    }
    *at = ']';
    return doc;
}

/* ---- redrives ---- */

void wf_fork_between(struct wf_buf *between, uint64_t left_event,
                     uint32_t next) {
    wf_buf_varint(between, left_event);
    wf_buf_varint(between, next);
}

bool wf_fork_wakes(const struct wf_fork *fork) {
    return fork->asleep > 0 && fork->wakes_from < fork->next &&
           !fork->is_reading;
}

/* ---- items ---- */

void wf_fork_set_items(struct wf_fork *fork, struct wf_value items) {
    const struct wf_node *nodes = wf_doc_nodes(items.doc);
    bool is_object = nodes[items.node].type == WF_JSON_OBJECT;
    uint32_t count = nodes[items.node].count, at = items.node + 1;

    fork->items_have_keys = is_object;
    wf_doc_unref(fork->items);
    fork->items = wf_doc_ref(items.doc);
    free(fork->item_nodes);
    fork->item_nodes = wf_calloc(count + 1, sizeof(uint32_t));
    for (uint32_t i = 0; i < count; i++) {
        if (is_object)
            at++; /* its key */
        fork->item_nodes[i] = at;
        at = nodes[at].next;
    }
}

struct wf_value wf_fork_item(const struct wf_fork *fork, uint32_t index) {
    return (struct wf_value){fork->items, fork->item_nodes[index]};
}

/* ---- image ---- */

void wf_fork_encode(const struct wf_fork *fork, struct wf_buf *out) {
    wf_buf_u8(out, (uint8_t)((fork->is_map ? FORK_MAP : 0) |
                             (fork->is_aborted ? FORK_ABORTED : 0) |
                             (fork->has_rows ? FORK_ROWS : 0) |
                             (fork->error ? FORK_ERROR : 0) |
                             (fork->cause ? FORK_CAUSE : 0) |
                             (fork->run ? FORK_RUN : 0) |
                             (fork->asleep ? FORK_ASLEEP : 0) |
                             (fork->between.len ? FORK_BETWEEN : 0)));
    wf_buf_varint(out, fork->base);
    wf_buf_varint(out, fork->count);
    wf_buf_varint(out, fork->next);
    wf_buf_varint(out, fork->done);
    wf_buf_varint(out, fork->limit);
    wf_buf_varint(out, fork->started_event);
    wf_buf_varint(out, fork->last_inner);
    wf_buf_varint(out, fork->last_event);
    if (fork->error)
        wf_buf_text(out, wf_str(fork->error));
    if (fork->cause)
        wf_buf_text(out, wf_str(fork->cause));
    if (fork->asleep)
        wf_buf_varint(out, fork->asleep);
    if (fork->between.len)
        wf_buf_text(out, (struct wf_str){fork->between.data,
                                         fork->between.len});
    if (fork->run)
        wf_map_run_encode(fork->run, out);
}

static char *read_copy(struct wf_reader *in, bool present) {
    if (!present)
        return NULL;
    struct wf_str text = wf_read_text(in);
    return wf_strndup(text.data ? text.data : "", text.len);
}

struct wf_fork *wf_fork_decode(struct wf_reader *in) {
    uint8_t flags = wf_read_u8(in);
    uint32_t base = (uint32_t)wf_read_varint(in);
    uint32_t count = (uint32_t)wf_read_varint(in);
    struct wf_fork *fork = wf_fork_new(flags & FORK_MAP, base, count);
    fork->is_aborted = flags & FORK_ABORTED;
    fork->has_rows = flags & FORK_ROWS;
    fork->is_complete = !fork->has_rows;
    fork->next = (uint32_t)wf_read_varint(in);
    fork->done = (uint32_t)wf_read_varint(in);
    fork->limit = (uint32_t)wf_read_varint(in);
    fork->started_event = wf_read_varint(in);
    fork->last_inner = wf_read_varint(in);
    fork->last_event = wf_read_varint(in);
    fork->error = read_copy(in, flags & FORK_ERROR);
    fork->cause = read_copy(in, flags & FORK_CAUSE);
    if (flags & FORK_ASLEEP)
        fork->asleep = (uint32_t)wf_read_varint(in);
    if (flags & FORK_BETWEEN)
        wf_buf_addstr(&fork->between, wf_read_text(in));
    bool has_run = flags & FORK_RUN;
    if (has_run)
        fork->run = wf_map_run_decode(in, 0, base);
    if (!in->bad && has_run == (fork->run != NULL) && fork->next <= count &&
        fork->done <= fork->next)
        return fork;
    wf_fork_free(fork);
    return NULL;
}
