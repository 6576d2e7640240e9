/*
 * check_lists.c - rows that lead to executions: N L W T Q C. See
 * check_impl.h.
 */
#include "check_impl.h"

#include <stdio.h>
#include <stdlib.h>

/* What becomes of an execution that is being removed is said by its row Z. */
static bool is_doomed(struct check *check, uint64_t id) {
    struct wf_key key = check_key('Z', id);
    return check_has(check, &key, NULL);
}

/* ---- what rows say ---- */

static void name_row(struct check *check, const struct wf_row *row) {
    if (row->value.len != 8)
        check_wrong(check, row->key, "the row does not decode: the execution "
                    "of that name is not found");
}

static void list_row(struct check *check, const struct wf_row *row) {
    struct wf_list_row listed;
    if (!wf_list_row_decode(row->value, false, &listed))
        check_wrong(check, row->key, "the row does not decode: the execution "
                    "is not listed");
}

static void empty_row(struct check *check, const struct wf_row *row) {
    if (row->value.len)
        check_wrong(check, row->key, "such a row has no value, and this one "
                    "has");
}

static int compare_numbers(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void offer_row(struct check *check, const struct wf_row *row) {
    uint64_t number = wf_key_u64(row->key, 0);
    const struct wf_buf *all = &check->activities;
    empty_row(check, row);
    if (all->len == 0 ||
        !bsearch(&number, all->data, all->len / sizeof(number),
                 sizeof(number), compare_numbers))
        check_wrong(check, row->key, "it waits for an activity that is "
                    "missing: nobody gets the task");
}

/* ---- rows that lead nowhere ---- */

static bool is_of(struct check *check, const struct wf_row *row, uint64_t id,
                  struct wf_execution_image *image) {
    if (check_find(check, id, image) && !image->is_child)
        return true;
    if (!is_doomed(check, id))
        check_wrong(check, row->key, "execution %016llx is missing or does "
                    "not decode: it is listed, and can't be described",
                    (unsigned long long)id);
    return false;
}

static void lost_name(struct check *check, const struct wf_row *row) {
    struct wf_reader in = {row->value.data, row->value.data + row->value.len,
                           false};
    struct wf_str name = {row->key.data + 7, row->key.len - 7};
    uint64_t id = wf_read_be64(&in);
    struct wf_execution_image image;
    if (row->value.len == 8 && is_of(check, row, id, &image) &&
        (image.machine != wf_key_u32(row->key, 0) ||
         !wf_str_eq(image.name, name)))
        check_wrong(check, row->key, "execution %016llx has another name: "
                    "this one is taken for nothing", (unsigned long long)id);
}

static void lost_list(struct check *check, const struct wf_row *row) {
    uint64_t id = wf_key_u64(row->key, 12);
    struct wf_execution_image image;
    if (is_of(check, row, id, &image) &&
        (image.machine != wf_key_u32(row->key, 0) ||
         image.start_ms != (int64_t)wf_key_u64(row->key, 4)))
        check_wrong(check, row->key, "execution %016llx stands elsewhere in "
                    "the list", (unsigned long long)id);
}

static void lost_qualified(struct check *check, const struct wf_row *row) {
    struct wf_str key = row->key;
    const char *zero = memchr(key.data + 7, 0, key.len - 7);
    if (!zero)
        return;
    struct wf_str qualifier = {key.data + 7, (size_t)(zero - key.data) - 7};
    uint64_t id = wf_key_u64(key, 4 + qualifier.len + 1 + 8);
    struct wf_execution_image image;
    char number[16];
    if (!is_of(check, row, id, &image))
        return;
    snprintf(number, sizeof(number), "%u", (unsigned)image.version);
    if (!wf_str_eq(qualifier, wf_str(number)) &&
        !wf_str_eq(qualifier, image.alias))
        check_wrong(check, key, "execution %016llx was not started with this "
                    "version or alias", (unsigned long long)id);
}

/* Whoever loads a frame that is not there does nothing. */
static void lost_timer(struct check *check, const struct wf_row *row) {
    uint64_t id = wf_key_u64(row->key, 8);
    uint32_t number = wf_key_u32(row->key, 16);
    int64_t due_ms = (int64_t)wf_key_u64(row->key, 0), want = -1;
    struct wf_execution *active = check_active(check, id);
    struct wf_execution_image image;
    struct wf_frame *frame = NULL;
    bool exists = true;

    if (number == WF_FRAME_CALLERS) { /* goes when the callers are told */
        if (due_ms != 0 || (!active && !check_find(check, id, &image)))
            check_left(check, row->key);
        return;
    }
    if (number == WF_FRAME_NONE && active)
        want = active->row_due_ms;
    else if (number == WF_FRAME_NONE && check_find(check, id, &image))
        want = image.row_due_ms;
    else if (number != WF_FRAME_NONE &&
             (frame = check_find_frame(check, id, number)))
        want = frame->row_due_ms;
    else
        exists = false;
    if (want == due_ms || is_doomed(check, id))
        return;
    check_wrong(check, row->key, exists
                ? "it is to be looked at at another time than this timer "
                  "says"
                : "this timer is of a frame or an execution that is missing: "
                  "what it waited for does not go on");
}

static void lost_offer(struct check *check, const struct wf_row *row) {
    uint64_t id = wf_key_u64(row->key, 16);
    struct wf_frame *frame =
        check_find_frame(check, id, wf_key_u32(row->key, 24));
    if (!frame)
        check_wrong(check, row->key, "the frame that this task is of is "
                    "missing: a worker who takes it gets nothing");
    else if (!frame->has_offer_row ||
             frame->activity != wf_key_u64(row->key, 0))
        check_wrong(check, row->key, "the frame that this task is of does "
                    "not wait for a worker");
}

static void lost_child(struct check *check, const struct wf_row *row) {
    uint64_t id = wf_key_u64(row->key, 12);
    uint64_t parent = wf_key_u64(row->key, 0);
    struct wf_execution_image image;
    if (check_find(check, id, &image) && image.is_child &&
        image.child_parent == parent &&
        image.child_run == wf_key_u32(row->key, 8))
        return;
    if (!is_doomed(check, id) && !is_doomed(check, parent))
        check_wrong(check, row->key, "child execution %016llx is missing or "
                    "does not decode: it is listed, and can't be described",
                    (unsigned long long)id);
}

/* ---- tables ---- */

static const struct list {
    char table;
    void (*decode)(struct check *check, const struct wf_row *row);
    void (*lost)(struct check *check, const struct wf_row *row);
} LISTS[] = {
    {'N', name_row, lost_name},      {'L', list_row, lost_list},
    {'W', list_row, lost_qualified}, {'T', empty_row, lost_timer},
    {'Q', offer_row, lost_offer},
};

/* The tables of the other side were counted: they are looked at only if more
 * rows are here than were looked up. */
static void look_up_each(struct check *check, char table,
                         void (*lost)(struct check *check,
                                      const struct wf_row *row)) {
    struct wf_view_cursor *cursor = wf_view_scan(check->view, table);
    struct wf_row row;
    struct wf_error err;
    check->report->at_table = table;
    while (wf_view_next(cursor, &row, &err) > 0) {
        struct wf_buf ignored = {0};
        if (wf_key_describe(row.key, &ignored))
            lost(check, &row);
        wf_buf_free(&ignored);
    }
    wf_view_scan_end(cursor);
}

void check_lists(struct check *check) {
    const uint64_t *matched = check->matched;
    for (size_t i = 0; i < sizeof(LISTS) / sizeof(LISTS[0]); i++) {
        const struct list *list = &LISTS[i];
        struct wf_view_cursor *cursor =
            wf_view_scan(check->view, list->table);
        struct wf_row row;
        while (check_next(check, cursor, list->table, &row))
            list->decode(check, &row);
        wf_view_scan_end(cursor);
        if (!check->journal_is_broken &&
            check->report->tables[(uint8_t)list->table].rows !=
                matched[(uint8_t)list->table])
            look_up_each(check, list->table, list->lost);
    }
    if (!check->journal_is_broken &&
        check->report->tables['C'].rows != matched['C'])
        look_up_each(check, 'C', lost_child);
}
