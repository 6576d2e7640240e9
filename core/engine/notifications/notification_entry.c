/* notification_entry.c - rows that are written again, or leave their queue.
 * See notification_impl.h. */
#include <stdlib.h>

#include "notification_impl.h"

void wf_notification_entry_free(struct wf_notification_entry *entry) {
    struct wf_notification_queue *queue = entry->queue;

    wf_list_remove(&entry->link);
    queue->entries--;
    queue->bytes -= entry->row.len;
    wf_buf_free(&entry->row);
    free(entry);
}

static struct wf_key key_of(const struct wf_notification_entry *entry,
                            char kind) {
    return wf_key_notification(entry->queue->engine->partition, kind,
                               wf_str(entry->queue->target->id), entry->seq);
}

void wf_notification_forget(struct wf_notification_entry *entry) {
    struct wf_notification_queue *queue = entry->queue;
    struct wf_notification_gone gone = {queue, entry->seq};

    wf_buf_add(&queue->engine->notifications->gone, &gone, sizeof(gone));
    queue->queued--;
    wf_notification_entry_free(entry);
}

/* The row with other attempts and another reason. */
static void encode_again(const struct wf_notification_entry *entry,
                         struct wf_str reason, struct wf_buf *out) {
    struct wf_notification_row row;

    wf_notification_decode(wf_notification_text(&entry->row), &row);
    row.attempts = entry->attempts;
    row.reason = reason;
    wf_notification_encode(&row, out);
}

void wf_notification_rewrite(struct wf_notification_entry *entry,
                             struct wf_str reason) {
    struct wf_notification_queue *queue = entry->queue;
    struct wf_key key = key_of(entry, 'q');
    struct wf_buf row = {0};

    encode_again(entry, reason, &row);
    wf_batch_put(wf_engine_rows(queue->engine), wf_key_str(&key),
                 wf_notification_text(&row));
    queue->bytes += row.len - entry->row.len;
    wf_buf_free(&entry->row);
    entry->row = row;
    wf_engine_wake(queue->engine);
}

/* There are too many: the oldest go. */
static void remove_oldest_dead(struct wf_notification_queue *queue) {
    struct wf_engine *engine = queue->engine;
    struct wf_str id = wf_str(queue->target->id);
    uint64_t many = queue->dead - queue->target->most_dead;
    struct wf_key from = wf_key_notification(engine->partition, 'd', id, 0);
    struct wf_key to =
        wf_key_notification(engine->partition, 'd', id, UINT64_MAX);

    wf_batch_delete_range(wf_engine_rows(engine), wf_key_str(&from),
                          wf_key_str(&to),
                          many > 1000 ? 1000 : (unsigned)many);
    many = many > 1000 ? 1000 : many;
    queue->dead -= many;
    queue->stand.lost += many;
}

void wf_notification_bury(struct wf_notification_entry *entry,
                          struct wf_str reason) {
    struct wf_notification_queue *queue = entry->queue;
    struct wf_engine *engine = queue->engine;
    struct wf_key key = key_of(entry, 'd');
    struct wf_buf row = {0};

    encode_again(entry, reason, &row);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 wf_notification_text(&row));
    wf_buf_free(&row);
    key = key_of(entry, 'q');
    wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
    queue->queued--;
    queue->dead++;
    queue->stand.dead_letters++;
    if (queue->dead > queue->target->most_dead)
        remove_oldest_dead(queue);
    wf_notification_entry_free(entry);
    wf_engine_wake(engine);
}
