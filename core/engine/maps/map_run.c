/* map_run.c - Map Runs: their images, and the names of runs and children. */
#include "map_run.h"

#include <stdio.h>
#include <stdlib.h>

#define IMAGE_VERSION 1

struct wf_map_run *wf_map_run_new(uint64_t parent, uint32_t number) {
    struct wf_map_run *run = wf_calloc(1, sizeof(*run));
    run->parent = parent;
    run->number = number;
    run->status = WF_MAP_RUN_RUNNING;
    return run;
}

void wf_map_run_free(struct wf_map_run *run) {
    if (!run)
        return;
    wf_map_input_free(run->input);
    wf_map_results_free(run->results);
    wf_map_redrives_free(run->redrives);
    wf_list_remove(&run->room_link);
    wf_buf_free(&run->position);
    wf_buf_free(&run->outputs);
    free(run->places);
    free(run->label);
    free(run);
}

/* ---- images ---- */

enum run_flags {
    RUN_EXPRESS = 1,
    RUN_HAS_ALL = 2,
    RUN_HAS_READER = 4,
    RUN_FOLLOWS_START = 8,
    RUN_HAS_WRITER = 16,
    RUN_REDRIVEN = 32,
    RUN_REDRIVES_BY_END = 64, /* how those that wait for it had ended */
};

static uint8_t flags_of(const struct wf_map_run *run) {
    return (uint8_t)((run->express ? RUN_EXPRESS : 0) |
                     (run->has_all ? RUN_HAS_ALL : 0) |
                     (run->has_reader ? RUN_HAS_READER : 0) |
                     (run->follows_start ? RUN_FOLLOWS_START : 0) |
                     (run->has_writer ? RUN_HAS_WRITER : 0) |
                     (run->redrive_count
                          ? RUN_REDRIVEN | RUN_REDRIVES_BY_END
                          : 0));
}

/* The numbers of an image, in their order. */
#define NUMBERS 19
static void numbers_of(struct wf_map_run *run, uint64_t *numbers[NUMBERS]) {
    struct wf_map_counts *counts[] = {&run->items, &run->executions};
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        numbers[n++] = &counts[i]->running;
        numbers[n++] = &counts[i]->succeeded;
        numbers[n++] = &counts[i]->failed;
        numbers[n++] = &counts[i]->timed_out;
        numbers[n++] = &counts[i]->aborted;
        numbers[n++] = &counts[i]->written;
    }
    numbers[n++] = &run->tolerated_count;
    numbers[n++] = &run->started;
    numbers[n++] = &run->item;
    numbers[n++] = &run->pending;
    numbers[n++] = &run->started_event;
    numbers[n++] = &run->state;
    numbers[n] = (uint64_t *)&run->start_ms;
}

static uint64_t bits_of(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static void encode_pending(const struct wf_map_counts *pending,
                           struct wf_buf *out) {
    wf_buf_varint(out, pending->timed_out);
    wf_buf_varint(out, pending->aborted);
}

/* All of them are known, and `failed` says so. */
static void decode_pending(struct wf_reader *in,
                           struct wf_map_counts *pending) {
    uint64_t all = pending->failed;
    pending->timed_out = wf_read_varint(in);
    pending->aborted = wf_read_varint(in);
    in->bad |= pending->timed_out > all ||
               pending->aborted > all - pending->timed_out;
    pending->failed = all - pending->timed_out - pending->aborted;
}

static void encode_redrive(const struct wf_map_run *run,
                           struct wf_buf *out) {
    wf_buf_varint(out, run->redrive_count);
    wf_buf_varint(out, (uint64_t)run->redrive_ms);
    wf_buf_varint(out, run->redriven_to);
    wf_buf_varint(out, run->redrive_until);
    wf_buf_varint(out, wf_map_counts_failed(&run->pending_redrive));
    wf_buf_varint(out, wf_map_counts_failed(&run->pending_redrive_items));
    wf_buf_varint(out, run->not_redrivable);
    wf_buf_varint(out, run->not_redrivable_items);
    encode_pending(&run->pending_redrive, out);
    encode_pending(&run->pending_redrive_items, out);
}

static void decode_redrive(struct wf_reader *in, struct wf_map_run *run,
                           bool by_end) {
    run->redrive_count = (uint32_t)wf_read_varint(in);
    run->redrive_ms = (int64_t)wf_read_varint(in);
    run->redriven_to = wf_read_varint(in);
    run->redrive_until = wf_read_varint(in);
    run->pending_redrive.failed = wf_read_varint(in);
    run->pending_redrive_items.failed = wf_read_varint(in);
    run->not_redrivable = wf_read_varint(in);
    run->not_redrivable_items = wf_read_varint(in);
    if (by_end) {
        decode_pending(in, &run->pending_redrive);
        decode_pending(in, &run->pending_redrive_items);
    }
}

void wf_map_run_encode(const struct wf_map_run *run, struct wf_buf *out) {
    struct wf_map_run copy = *run;
    uint64_t *numbers[NUMBERS];
    numbers_of(&copy, numbers);
    wf_buf_u8(out, IMAGE_VERSION);
    wf_buf_u8(out, flags_of(run));
    wf_buf_u8(out, (uint8_t)run->status);
    for (size_t i = 0; i < NUMBERS; i++)
        wf_buf_varint(out, *numbers[i]);
    wf_buf_varint(out, run->stop_ms ? (uint64_t)(run->stop_ms -
                                                 run->start_ms) + 1
                                    : 0);
    wf_buf_varint(out, run->frame);
    wf_buf_varint(out, run->max_concurrency);
    wf_buf_be64(out, bits_of(run->tolerated_percentage));
    wf_buf_text(out, wf_str(run->label));
    wf_buf_text(out, (struct wf_str){run->position.data, run->position.len});
    wf_buf_varint(out, run->skip);
    if (run->redrive_count)
        encode_redrive(run, out);
}

static void read_rest(struct wf_reader *in, struct wf_map_run *run) {
    uint64_t duration = wf_read_varint(in);
    run->stop_ms = duration ? run->start_ms + (int64_t)duration - 1 : 0;
    run->frame = (uint32_t)wf_read_varint(in);
    run->max_concurrency = (uint32_t)wf_read_varint(in);
    uint64_t bits = wf_read_be64(in);
    memcpy(&run->tolerated_percentage, &bits, sizeof(bits));
    struct wf_str label = wf_read_text(in);
    run->label = wf_strndup(label.data ? label.data : "", label.len);
    wf_buf_addstr(&run->position, wf_read_text(in));
    run->skip = (uint32_t)wf_read_varint(in);
}

struct wf_map_run *wf_map_run_decode(struct wf_reader *in, uint64_t parent,
                                     uint32_t number) {
    uint64_t *numbers[NUMBERS];
    struct wf_map_run *run = wf_map_run_new(parent, number);
    uint8_t version = wf_read_u8(in), flags = wf_read_u8(in);
    numbers_of(run, numbers);
    run->express = flags & RUN_EXPRESS;
    run->has_all = flags & RUN_HAS_ALL;
    run->has_reader = flags & RUN_HAS_READER;
    run->follows_start = flags & RUN_FOLLOWS_START;
    run->has_writer = flags & RUN_HAS_WRITER;
    run->status = wf_read_u8(in);
    for (size_t i = 0; i < NUMBERS; i++)
        *numbers[i] = wf_read_varint(in);
    read_rest(in, run);
    if (flags & RUN_REDRIVEN)
        decode_redrive(in, run, flags & RUN_REDRIVES_BY_END);
    run->outputs_lost = run->started > 0;
    if (!in->bad && version == IMAGE_VERSION)
        return run;
    wf_map_run_free(run);
    return NULL;
}

/* ---- what it says ---- */

bool wf_map_run_is_exhausted(const struct wf_map_run *run) {
    return run->has_all && run->pending == 0 &&
           wf_map_counts_failed(&run->pending_redrive) == 0;
}

uint64_t wf_map_run_limit(const struct wf_map_run *run) {
    return run->max_concurrency ? run->max_concurrency : WF_MAP_RUN_CHILDREN;
}

bool wf_map_run_has_work(const struct wf_map_run *run) {
    if (wf_map_run_is_exhausted(run))
        return run->executions.running == 0;
    return run->executions.running < wf_map_run_limit(run);
}

size_t wf_map_run_bytes(const struct wf_map_run *run) {
    return sizeof(*run) + run->position.cap + run->outputs.cap +
           run->place_count * sizeof(*run->places) +
           wf_map_input_bytes(run->input);
}

uint64_t wf_map_counts_failed(const struct wf_map_counts *counts) {
    return counts->failed + counts->timed_out + counts->aborted;
}

/* ---- names ----
 *
 * Of a UUID's 122 bits 64 are an id: the milliseconds in it are where version
 * 7 has them. The rest are a run's number and a hash, or random. */

#define LOW_BITS 58
#define LOW_MASK ((UINT64_C(1) << LOW_BITS) - 1)
#define HASH_BITS 26
#define HASH_MASK ((UINT64_C(1) << HASH_BITS) - 1)

static void write_uuid(uint64_t id, uint64_t low, char uuid[WF_UUID + 1]) {
    low = (low & LOW_MASK) | (id & 15) << LOW_BITS;
    snprintf(uuid, WF_UUID + 1, "%08llx-%04llx-7%03llx-%04llx-%012llx",
             (unsigned long long)(id >> 32),
             (unsigned long long)(id >> 16 & 0xffff),
             (unsigned long long)(id >> 4 & 0xfff),
             (unsigned long long)(low >> 48 | 0x8000),
             (unsigned long long)(low & UINT64_C(0xffffffffffff)));
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The digits of a UUID of version 7, as two numbers. */
static bool read_digits(struct wf_str uuid, uint64_t *high, uint64_t *low) {
    size_t count = 0;
    if (uuid.len != WF_UUID || uuid.data[14] != '7')
        return false;
    *high = *low = 0;
    for (size_t i = 0; i < WF_UUID; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        int digit = digit_of(uuid.data[i]);
        if (is_dash ? uuid.data[i] != '-' : digit < 0)
            return false;
        if (is_dash)
            continue;
        uint64_t *half = count++ < 16 ? high : low;
        *half = *half << 4 | (uint64_t)digit;
    }
    return *low >> 62 == 2;
}

static bool read_uuid(struct wf_str uuid, uint64_t *id, uint64_t *low) {
    uint64_t high, rest;
    if (!read_digits(uuid, &high, &rest))
        return false;
    *id = high >> 16 << 16 | (high & 0xfff) << 4 | (rest >> LOW_BITS & 15);
    *low = rest & LOW_MASK;
    return true;
}

/* So that hardly any other UUID is taken for one of a Map Run. */
static uint64_t hash_of(uint64_t parent, uint32_t number) {
    uint64_t x = parent ^ (uint64_t)number << 40;
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (x ^ x >> 33) & HASH_MASK;
}

void wf_map_run_uuid(uint64_t parent, uint32_t number,
                     char uuid[WF_UUID + 1]) {
    write_uuid(parent,
               (uint64_t)number << HASH_BITS | hash_of(parent, number), uuid);
}

bool wf_map_run_of_uuid(struct wf_str uuid, uint64_t *parent,
                        uint32_t *number) {
    uint64_t low;
    if (!read_uuid(uuid, parent, &low))
        return false;
    *number = (uint32_t)(low >> HASH_BITS);
    return (low & HASH_MASK) == hash_of(*parent, *number);
}

void wf_map_child_uuid(uint64_t id, uint64_t filler, char uuid[WF_UUID + 1]) {
    write_uuid(id, filler, uuid);
}

bool wf_map_child_of_uuid(struct wf_str uuid, uint64_t *id) {
    uint64_t low;
    return read_uuid(uuid, id, &low);
}

/* "arn:…:stateMachine:M" with another kind, and the label behind it. */
static void add_arn(struct wf_str machine_arn, const char *kind,
                    struct wf_str label, struct wf_buf *out) {
    static const char own[] = ":stateMachine:";
    const char *at =
        memmem(machine_arn.data, machine_arn.len, own, sizeof(own) - 1);
    size_t before = at ? (size_t)(at - machine_arn.data) : 0;
    size_t behind = at ? before + sizeof(own) - 1 : 0;
    wf_buf_add(out, machine_arn.data, before);
    wf_buf_addf(out, ":%s:", kind);
    wf_buf_add(out, machine_arn.data + behind, machine_arn.len - behind);
    wf_buf_u8(out, '/');
    wf_buf_addstr(out, label);
}

void wf_map_run_arn(const struct wf_map_run *run, struct wf_str machine_arn,
                    struct wf_buf *out) {
    char uuid[WF_UUID + 1];
    wf_map_run_uuid(run->parent, run->number, uuid);
    add_arn(machine_arn, "mapRun", wf_str(run->label), out);
    wf_buf_addf(out, ":%s", uuid);
}

void wf_labelled_arn(struct wf_str machine_arn, struct wf_str label,
                     struct wf_buf *out) {
    add_arn(machine_arn, "stateMachine", label, out);
}

void wf_map_child_prefix(struct wf_str machine_arn, struct wf_str label,
                     bool express, struct wf_buf *out) {
    add_arn(machine_arn, express ? "express" : "execution", label, out);
    wf_buf_u8(out, ':');
}
