/*
 * check_executions.c - executions and what lies under their ids: tables E S O
 * P K G C Z, read side by side, one execution after another. See
 * check_impl.h.
 */
#include "check_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define PIECE_BYTES ((uint64_t)64 << 10)

enum { E, S, P, O, K, G, C, Z, SOURCES };
static const char LETTERS[SOURCES + 1] = "ESPOKGCZ";

struct source {
    struct wf_view_cursor *cursor;
    struct wf_row row;
    uint64_t id;
    bool has_row;
};

struct pass {
    struct check *check;
    struct source sources[SOURCES];
    size_t active_at;
    uint64_t id;
    /* The execution. */
    struct wf_execution_image image; /**< Of its row. */
    bool has_row, is_doomed, exists, is_running;
    struct wf_key key;
    struct wf_execution *active;
};

static void advance(struct pass *pass, int which) {
    struct source *source = &pass->sources[which];
    source->has_row = check_next(pass->check, source->cursor, LETTERS[which],
                                 &source->row);
    source->id = source->has_row ? wf_key_u64(source->row.key, 0)
                                 : UINT64_MAX;
}

static bool at(const struct pass *pass, int which) {
    const struct source *source = &pass->sources[which];
    return source->has_row && source->id == pass->id;
}

/* The next id that any table or the journal has. */
static bool next_id(struct pass *pass) {
    const struct check *check = pass->check;
    bool found = false;
    pass->id = UINT64_MAX;
    for (int i = 0; i < SOURCES; i++) {
        const struct source *source = &pass->sources[i];
        if (source->has_row && source->id <= pass->id) {
            pass->id = source->id;
            found = true;
        }
    }
    if (pass->active_at < check->active_count &&
        check->active[pass->active_at] <= pass->id) {
        pass->id = check->active[pass->active_at++];
        found = true;
    }
    return found;
}

bool check_image(struct wf_str row, struct wf_execution_image *image,
                 struct wf_str *behind) {
    struct wf_reader in = {row.data, row.data + row.len, false};
    *image = (struct wf_execution_image){0};
    bool good = wf_execution_decode(&in, image) &&
                image->status >= WF_EXECUTION_RUNNING &&
                image->status <= WF_EXECUTION_PENDING_REDRIVE;
    *behind = (struct wf_str){in.at, (size_t)(in.end - in.at)};
    return good;
}

bool check_find(struct check *check, uint64_t id,
                struct wf_execution_image *image) {
    struct wf_key key = wf_key_execution(0, id);
    struct wf_str row, behind;
    return check_has(check, &key, &row) && check_image(row, image, &behind);
}

/* ---- what an execution refers to ---- */

static bool is_same(const struct wf_key *a, const struct wf_key *b) {
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* Executions of one state machine mostly lie together. */
static bool has_again(struct check *check, const struct wf_key *key,
                      struct wf_key *last, bool *last_is) {
    if (!is_same(key, last)) {
        *last = *key;
        *last_is = check_has(check, key, NULL);
    }
    return *last_is;
}

static void check_revision(struct pass *pass, uint32_t machine,
                           uint32_t revision, const char *what) {
    struct check *check = pass->check;
    struct wf_key key = wf_key_revision(0, machine, revision);
    if (!has_again(check, &key, &check->last_revision,
                   &check->last_revision_is))
        check_wrong(check, wf_key_str(&pass->key),
                    "%s revision %u of state machine %u, which is missing: "
                    "it can't %s", what, (unsigned)revision,
                    (unsigned)machine,
                    pass->is_running ? "go on" : "be shown with its states");
}

static void check_pins(struct pass *pass,
                       const struct wf_execution_image *image) {
    struct check *check = pass->check;
    struct wf_str list = image->earlier;
    struct wf_reader earlier = {list.data, list.data + list.len, false};
    struct wf_key key;
    check_revision(pass, image->machine, image->revision, "it runs");
    while (list.len && earlier.at < earlier.end && !earlier.bad) {
        wf_read_varint(&earlier); /* up to which event */
        check_revision(pass, image->machine,
                       (uint32_t)wf_read_varint(&earlier), "it has run");
    }
    if (image->bundle.len == 0)
        return;
    key = wf_key_bundle(0, image->bundle);
    if (!has_again(check, &key, &check->last_bundle, &check->last_bundle_is))
        check_wrong(check, wf_key_str(&pass->key),
                    "the handlers it was started with are missing: its tasks "
                    "%s", pass->is_running ? "can't run"
                                           : "could not run after a redrive");
}

/* The row of a list that leads to it. */
static void check_listed(struct pass *pass, const struct wf_key *key,
                         const char *list) {
    struct check *check = pass->check;
    struct wf_list_row listed;
    struct wf_str row;
    if (!check_match(check, key, &row))
        check_wrong(check, wf_key_str(&pass->key),
                    "it is missing in %s: it is not shown there", list);
    else if (!wf_list_row_decode(row, pass->image.is_child, &listed))
        return; /* said where that table is read */
    else if (listed.status != pass->image.status)
        check_wrong(check, wf_key_str(key), "it is listed with another "
                    "status than it has");
    else if (!wf_str_eq(listed.name, pass->image.name))
        check_wrong(check, wf_key_str(key), "it is listed with another name "
                    "than it has");
}

static void check_name(struct pass *pass) {
    struct check *check = pass->check;
    const struct wf_execution_image *image = &pass->image;
    const struct check_machine *machine =
        check_machine(check, image->machine);
    struct wf_key key = wf_key_name(0, image->machine, image->name);
    struct wf_str row;

    if (!check_has(check, &key, &row)) {
        check_wrong(check, wf_key_str(&pass->key),
                    "its name leads nowhere: it can't be described or "
                    "stopped, and the name could be used again");
    } else if (row.len == 8) {
        struct wf_reader in = {row.data, row.data + row.len, false};
        uint64_t other = wf_read_be64(&in);
        /* One that was made again under its name has names of its own. */
        if (other == pass->id)
            check->matched['N']++;
        else if (!machine || pass->id > machine->since)
            check_wrong(check, wf_key_str(&key),
                        "the name leads to execution %016llx, not to "
                        "%016llx: that one can't be described or stopped",
                        (unsigned long long)other,
                        (unsigned long long)pass->id);
    }
}

static void check_parent(struct pass *pass) {
    struct check *check = pass->check;
    const struct wf_execution_image *image = &pass->image;
    struct wf_key key = wf_key_child(0, image->child_parent,
                                     image->child_run, pass->id);
    check_listed(pass, &key, "the list of its Map Run");
    key = wf_key_map_run(0, image->child_parent, image->child_run);
    struct wf_key doomed = check_key('Z', image->child_parent);
    if (!check_has(check, &key, NULL) && !check_has(check, &doomed, NULL) &&
        !check_active(check, image->child_parent))
        check_wrong(check, wf_key_str(&pass->key),
                    "it is a child of Map Run %u of execution %016llx, which "
                    "is missing: nobody counts its end",
                    (unsigned)image->child_run,
                    (unsigned long long)image->child_parent);
}

/* Rows that lead to it: written with its own. */
static void check_indexes(struct pass *pass) {
    const struct wf_execution_image *image = &pass->image;
    struct wf_key key;
    char number[16];
    if (image->is_child) {
        check_parent(pass);
        return;
    }
    check_name(pass);
    key = wf_key_list(0, image->machine, image->start_ms, pass->id);
    check_listed(pass, &key, "the list of its state machine");
    if (!image->version)
        return;
    snprintf(number, sizeof(number), "%u", (unsigned)image->version);
    key = wf_key_qualified(0, image->machine, wf_str(number),
                           image->start_ms, pass->id);
    check_listed(pass, &key, "the list of its version");
    if (!image->alias.len)
        return;
    key = wf_key_qualified(0, image->machine, image->alias, image->start_ms,
                           pass->id);
    check_listed(pass, &key, "the list of its alias");
}

/* ---- rows under its id ---- */

/* A row of an execution that is not there. */
static void orphan(struct pass *pass, const struct wf_row *row,
                   const char *what) {
    if (pass->is_doomed) /* goes soon */
        return;
    if (row->key.data[2] == 'P') /* of one that was never acknowledged */
        check_left(pass->check, row->key);
    else if (!pass->check->journal_is_broken)
        check_wrong(pass->check, row->key,
                    "%s of an execution that is missing: if it was there, it "
                    "is lost", what);
}

static void check_segments(struct pass *pass) {
    for (; at(pass, S); advance(pass, S)) {
        const struct wf_row *row = &pass->sources[S].row;
        if (pass->exists)
            check_segment(pass->check, row->key, row->value,
                          pass->active ? pass->active->start_ms
                                       : pass->image.start_ms);
        else
            orphan(pass, row, "part of the history");
    }
}

/* The history has ended where the images say. */
static void check_end(struct pass *pass) {
    struct check *check = pass->check;
    const struct check_history *history = &check->history;
    if (pass->active)
        check_tail(check, wf_key_str(&pass->key), pass->active);
    else if (history->next_event != pass->image.next_event &&
             !history->is_broken)
        check_wrong(check, wf_key_str(&pass->key),
                    "its history should end with event %llu, and ends with "
                    "event %llu: what is between is lost",
                    (unsigned long long)pass->image.next_event - 1,
                    (unsigned long long)history->next_event - 1);
    check_chain_end(check, wf_key_str(&pass->key), history->next_event);
}

/* The pieces of a document that should have so many bytes. */
static void check_pieces(struct pass *pass, const struct check_large *large) {
    uint64_t number = large->number, length = large->length, bytes = 0;
    uint8_t sha256[WF_LINK_BYTES];
    uint32_t piece = 0;
    bool is_whole = true;
    wf_hash_begin(pass->check->hash);
    for (; at(pass, P); advance(pass, P)) {
        const struct wf_row *row = &pass->sources[P].row;
        uint64_t of = wf_key_u64(row->key, 8);
        if (of > number)
            break;
        if (of < number) {
            check_left(pass->check, row->key);
            continue;
        }
        is_whole = is_whole && wf_key_u32(row->key, 16) == piece++ &&
                   row->value.len == (length - bytes < PIECE_BYTES
                                          ? length - bytes
                                          : PIECE_BYTES);
        bytes += row->value.len;
        wf_hash_add(pass->check->hash, row->value);
    }
    wf_hash_end(pass->check->hash, sha256);
    struct wf_key key = wf_key_piece(0, pass->id, number, 0);
    if (!is_whole || bytes != length)
        check_wrong(pass->check, wf_key_str(&key),
                    "the document has %llu bytes in %u pieces, and should "
                    "have %llu: it can't be read, and an execution that "
                    "needs it fails", (unsigned long long)bytes, piece,
                    (unsigned long long)length);
    else
        check_chain_document(pass->check, wf_key_str(&key), large, sha256);
}

static void check_large(struct pass *pass) {
    const struct wf_buf *pieces = &pass->check->history.pieces;
    const struct check_large *large =
        (const struct check_large *)(const void *)pieces->data;
    size_t count = pieces->len / sizeof(*large);
    for (size_t i = 0; i < count; i++)
        check_pieces(pass, &large[i]);
    for (; at(pass, P); advance(pass, P))
        orphan(pass, &pass->sources[P].row, "part of a document");
}

static void check_own_timer(struct pass *pass) {
    struct check *check = pass->check;
    int64_t due_ms = pass->active ? pass->active->row_due_ms
                                  : pass->image.row_due_ms;
    struct wf_key key = wf_key_timer(0, due_ms, pass->id, WF_FRAME_NONE);
    if (due_ms < 0 || check_match(check, &key, NULL))
        return;
    /* Its last row goes when what it has left is removed. */
    if (pass->is_running)
        check_wrong(check, wf_key_str(&pass->key),
                    "the timer of its timeout is missing: it may not time "
                    "out");
}

static void check_frames(struct pass *pass) {
    struct check *check = pass->check;
    struct check_frames frames = {.execution = pass->id,
                                  .active = pass->active,
                                  .is_running = pass->is_running,
                                  .last_parent = WF_FRAME_NONE,
                                  .fork = WF_FRAME_NONE};
    uint64_t want = pass->active ? pass->active->frame_rows
                                 : pass->image.frame_rows;

    for (; at(pass, E); advance(pass, E)) {
        const struct wf_row *row = &pass->sources[E].row;
        frames.rows++;
        if (pass->exists)
            check_frame_row(check, &frames, row);
        else
            orphan(pass, row, "a frame");
    }
    if (pass->active)
        check_frames_active(check, &frames);
    if (pass->is_running && frames.rows != want)
        check_wrong(check, wf_key_str(&pass->key),
                    "it has %llu frames in rows, and should have %llu: "
                    "branches or iterations are lost, and it does not end",
                    (unsigned long long)frames.rows,
                    (unsigned long long)want);
    for (; at(pass, O); advance(pass, O))
        if (pass->exists)
            check_results(check, &frames, &pass->sources[O].row);
        else
            orphan(pass, &pass->sources[O].row, "results");
    check_results_end(check, &frames);
    for (; at(pass, K); advance(pass, K))
        if (pass->exists)
            check_checkpoint(check, &frames, &pass->sources[K].row);
        else
            orphan(pass, &pass->sources[K].row, "a checkpoint");
}

/* ---- Map Runs ---- */

static void check_runs(struct pass *pass) {
    struct check *check = pass->check;
    for (; at(pass, G); advance(pass, G)) {
        const struct wf_row *row = &pass->sources[G].row;
        struct wf_reader in = {row->value.data,
                               row->value.data + row->value.len, false};
        struct wf_map_run *run = wf_map_run_decode(
            &in, pass->id, wf_key_u32(row->key, 8));
        if (!run)
            check_wrong(check, row->key, "the Map Run does not decode: it "
                        "can't be described");
        else if (!pass->exists)
            orphan(pass, row, "a Map Run");
        wf_map_run_free(run);
    }
    for (; at(pass, C); advance(pass, C)) {
        const struct wf_row *row = &pass->sources[C].row;
        struct wf_list_row listed;
        if (!wf_list_row_decode(row->value, true, &listed))
            check_wrong(check, row->key, "the row does not decode: the child "
                        "execution is not listed");
        if (!pass->exists)
            orphan(pass, row, "a child in the list");
    }
}

/* ---- one ---- */

static void take_image(struct pass *pass) {
    struct check *check = pass->check;
    const struct wf_row *row = &pass->sources[E].row;
    struct wf_str behind;

    pass->has_row = at(pass, E) && row->key.len == 11;
    if (!pass->has_row)
        return;
    if (!check_image(row->value, &pass->image, &behind)) {
        check_wrong(check, row->key, "the execution does not decode: it can't "
                    "be shown, and does not go on");
        check->history.is_broken = true;
        pass->is_doomed = true; /* nothing can be said of its rows */
        pass->has_row = false;
    } else {
        check_chain_begin(check, pass->id, &pass->image, pass->active);
        check_seal(check, row, pass->id, &pass->image);
        if (behind.len && !at(pass, S)) /* else a redrive moved it */
            check_segment(check, row->key, behind, pass->image.start_ms);
    }
    advance(pass, E);
}

static void check_documents(struct pass *pass) {
    struct check *check = pass->check;
    uint64_t input = pass->active ? pass->active->input.number
                                  : pass->image.input;
    uint64_t output = pass->active ? pass->active->output.number
                                   : pass->image.output;
    check_document(check, wf_key_str(&pass->key), input, "its input");
    check_document(check, wf_key_str(&pass->key), output, "its output");
}

static void check_one(struct pass *pass) {
    struct check *check = pass->check;
    pass->key = wf_key_execution(0, pass->id);
    pass->active = check_active(check, pass->id);
    pass->is_doomed = at(pass, Z);
    if (pass->is_doomed)
        advance(pass, Z);
    check_history_reset(&check->history);
    pass->image = (struct wf_execution_image){0};
    check_chain_begin(check, pass->id, &pass->image, pass->active);
    take_image(pass);
    check->chain.is_over = pass->is_doomed;
    pass->exists = pass->has_row || pass->active;
    pass->is_running =
        pass->active ? pass->active->status == WF_EXECUTION_RUNNING
                     : pass->has_row &&
                           pass->image.status == WF_EXECUTION_RUNNING;
    check_segments(pass);
    if (pass->exists) {
        check_end(pass);
        check_documents(pass);
        check_own_timer(pass);
    }
    if (pass->has_row) {
        check_pins(pass, &pass->image);
        check_indexes(pass);
    }
    check_large(pass);
    check_frames(pass);
    check_runs(pass);
}

void check_executions(struct check *check) {
    struct pass pass = {.check = check};
    for (int i = 0; i < SOURCES; i++) {
        pass.sources[i].cursor = wf_view_scan(check->view, LETTERS[i]);
        advance(&pass, i);
    }
    while (next_id(&pass))
        check_one(&pass);
    for (int i = 0; i < SOURCES; i++)
        wf_view_scan_end(pass.sources[i].cursor);
}
