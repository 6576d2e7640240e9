/* schedule_image.c - schedules as rows. See schedule_impl.h. */
#include "schedule_impl.h"

#define VERSION 1

enum { DISABLED = 1, DELETED_AFTER = 2, WAITING = 4 };

void wf_schedule_encode(const struct wf_schedule *schedule,
                        struct wf_buf *out) {
    wf_buf_u8(out, VERSION);
    wf_buf_u8(out, (uint8_t)((schedule->is_disabled ? DISABLED : 0) |
                             (schedule->is_deleted_after ? DELETED_AFTER
                                                         : 0) |
                             (schedule->is_waiting ? WAITING : 0)));
    wf_buf_u8(out, (uint8_t)schedule->missed);
    wf_buf_u8(out, (uint8_t)schedule->overlap);
    wf_buf_text(out, schedule->expression);
    wf_buf_text(out, schedule->timezone);
    wf_buf_text(out, schedule->description);
    wf_buf_text(out, schedule->kms_key);
    wf_buf_text(out, schedule->client_token);
    wf_buf_text(out, schedule->target);
    wf_buf_signed(out, schedule->start_ms);
    wf_buf_signed(out, schedule->end_ms);
    wf_buf_varint(out, schedule->window_minutes);
    wf_buf_varint(out, schedule->generation);
    wf_buf_signed(out, schedule->creation_ms);
    wf_buf_signed(out, schedule->modified_ms);
    wf_buf_signed(out, schedule->first_ms);
    wf_buf_signed(out, schedule->slot_ms);
    wf_buf_signed(out, schedule->due_ms);
    wf_buf_varint(out, schedule->retrying);
    wf_buf_varint(out, schedule->last_execution);
    wf_buf_signed(out, schedule->last_slot_ms);
    wf_buf_varint(out, schedule->started);
    wf_buf_varint(out, schedule->skipped);
    wf_buf_varint(out, schedule->failed);
    wf_buf_text(out, schedule->last_error);
    wf_buf_signed(out, schedule->last_error_ms);
}

bool wf_schedule_decode(struct wf_str row, struct wf_schedule *schedule) {
    struct wf_reader in = {row.data, row.data + row.len, false};
    if (wf_read_u8(&in) != VERSION)
        return false;
    uint8_t flags = wf_read_u8(&in);
    schedule->is_disabled = flags & DISABLED;
    schedule->is_deleted_after = flags & DELETED_AFTER;
    schedule->is_waiting = flags & WAITING;
    schedule->missed = (enum wf_schedule_missed)wf_read_u8(&in);
    schedule->overlap = (enum wf_schedule_overlap)wf_read_u8(&in);
    schedule->expression = wf_read_text(&in);
    schedule->timezone = wf_read_text(&in);
    schedule->description = wf_read_text(&in);
    schedule->kms_key = wf_read_text(&in);
    schedule->client_token = wf_read_text(&in);
    schedule->target = wf_read_text(&in);
    schedule->start_ms = wf_read_signed(&in);
    schedule->end_ms = wf_read_signed(&in);
    schedule->window_minutes = (uint32_t)wf_read_varint(&in);
    schedule->generation = wf_read_varint(&in);
    schedule->creation_ms = wf_read_signed(&in);
    schedule->modified_ms = wf_read_signed(&in);
    schedule->first_ms = wf_read_signed(&in);
    schedule->slot_ms = wf_read_signed(&in);
    schedule->due_ms = wf_read_signed(&in);
    schedule->retrying = (uint32_t)wf_read_varint(&in);
    schedule->last_execution = wf_read_varint(&in);
    schedule->last_slot_ms = wf_read_signed(&in);
    schedule->started = wf_read_varint(&in);
    schedule->skipped = wf_read_varint(&in);
    schedule->failed = wf_read_varint(&in);
    schedule->last_error = wf_read_text(&in);
    schedule->last_error_ms = wf_read_signed(&in);
    return !in.bad;
}

void wf_schedule_group_encode(const struct wf_schedule_group *group,
                              struct wf_buf *out) {
    wf_buf_u8(out, VERSION);
    wf_buf_u8(out, group->is_deleting);
    wf_buf_signed(out, group->creation_ms);
    wf_buf_signed(out, group->modified_ms);
    wf_buf_text(out, group->client_token);
    wf_buf_varint(out, group->tag_count);
    wf_buf_text(out, group->tags);
}

bool wf_schedule_group_decode(struct wf_str row,
                              struct wf_schedule_group *group) {
    struct wf_reader in = {row.data, row.data + row.len, false};
    if (wf_read_u8(&in) != VERSION)
        return false;
    group->is_deleting = wf_read_u8(&in);
    group->creation_ms = wf_read_signed(&in);
    group->modified_ms = wf_read_signed(&in);
    group->client_token = wf_read_text(&in);
    group->tag_count = (unsigned)wf_read_varint(&in);
    group->tags = wf_read_text(&in);
    return !in.bad;
}

void wf_schedule_retry_encode(const struct wf_schedule_retry *retry,
                              struct wf_buf *out) {
    wf_buf_u8(out, VERSION);
    wf_buf_varint(out, retry->generation);
    wf_buf_varint(out, retry->attempts);
    wf_buf_signed(out, retry->first_ms);
}

bool wf_schedule_retry_decode(struct wf_str row,
                              struct wf_schedule_retry *retry) {
    struct wf_reader in = {row.data, row.data + row.len, false};
    if (wf_read_u8(&in) != VERSION)
        return false;
    retry->generation = wf_read_varint(&in);
    retry->attempts = (uint32_t)wf_read_varint(&in);
    retry->first_ms = wf_read_signed(&in);
    return !in.bad;
}

/* ---- keys ---- */

struct wf_key wf_schedule_key(const struct wf_engine *engine,
                              struct wf_str group, struct wf_str name) {
    return name.len ? wf_key_schedule(engine->partition, group, name)
                    : wf_key_schedule_group(engine->partition, group);
}

struct wf_key wf_schedule_due_key(const struct wf_engine *engine,
                                  int64_t due_ms,
                                  const struct wf_schedule *schedule,
                                  int64_t slot_ms) {
    return wf_key_schedule_due(engine->partition, due_ms, schedule->group,
                               schedule->name, slot_ms);
}

bool wf_schedule_key_read(struct wf_str key, bool has_time,
                          struct wf_schedule *schedule, int64_t *due_ms,
                          int64_t *slot_ms) {
    struct wf_reader in = {key.data, key.data + key.len, false};
    wf_read_bytes(&in, 3);
    if (has_time)
        *due_ms = (int64_t)wf_read_be64(&in);
    const char *zero =
        in.bad ? NULL : memchr(in.at, 0, (size_t)(in.end - in.at));
    if (!zero)
        return false;
    schedule->group = (struct wf_str){in.at, (size_t)(zero - in.at)};
    in.at = zero + 1;
    zero = memchr(in.at, 0, (size_t)(in.end - in.at));
    const char *end = zero ? zero : in.end;
    schedule->name = (struct wf_str){in.at, (size_t)(end - in.at)};
    if (!has_time)
        return !zero;
    in.at = end;
    *slot_ms = 0;
    if (zero) {
        wf_read_u8(&in);
        *slot_ms = (int64_t)wf_read_be64(&in);
    }
    return !in.bad && in.at == in.end;
}

void wf_schedule_keep(struct wf_schedule *schedule, struct wf_buf *memory) {
    struct wf_str *const texts[] = {
        &schedule->group,       &schedule->name,
        &schedule->expression,  &schedule->timezone,
        &schedule->description, &schedule->kms_key,
        &schedule->client_token, &schedule->target,
        &schedule->last_error,
    };
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        bytes += texts[i]->len + 1;
    wf_buf_reserve(memory, bytes);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i]->data)
            wf_buf_keep(memory, texts[i]);
}
