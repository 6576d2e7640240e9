/* notification_queue.c - windows of queues: what is read into them, buried,
 * sent. See notification_impl.h. */
#include "notification_impl.h"

#define COUNT_ROWS 4096
#define TOO_OLD "It could not be delivered in time"
#define TOO_MANY "More waited than MaximumBacklog"

#define FOR_ENTRIES(queue, link)                                          \
    for (struct wf_link *link = (queue)->window.next;                     \
         link != &(queue)->window; link = link->next)
#define ENTRY(at) WF_ENTRY(at, struct wf_notification_entry, link)

/* ---- entries ---- */

void wf_notification_queue_free(struct wf_notification_queue *queue) {
    while (!wf_list_is_empty(&queue->window))
        wf_notification_entry_free(ENTRY(queue->window.next));
    wf_buf_free(&queue->error);
}

static void take_in(struct wf_notification_queue *queue,
                    const struct wf_row *row) {
    struct wf_notification_entry *entry = wf_calloc(1, sizeof(*entry));
    struct wf_notification_row known;

    entry->queue = queue;
    entry->seq = wf_key_u64(row->key, row->key.len - 3 - 8);
    wf_buf_addstr(&entry->row, row->value);
    wf_list_append(&queue->window, &entry->link);
    queue->entries++;
    queue->bytes += entry->row.len;
    queue->cursor = entry->seq + 1;
    if (!wf_notification_decode(row->value, &known)) {
        wf_engine_notice(queue->engine,
                         WF_ERROR "a notification for %s does not "
                         "decode: it is dropped", queue->target->id);
        wf_notification_forget(entry);
        return;
    }
    entry->execution = known.what.execution;
    entry->first_ms = known.first_ms;
    entry->attempts = known.attempts;
}

/* ---- reading ---- */

static void read_rows(struct wf_notification_queue *queue, char kind,
                      uint64_t from_seq, uint64_t to_seq,
                      struct wf_range range, wf_rows_fn *rows) {
    struct wf_engine *engine = queue->engine;
    struct wf_str id = wf_str(queue->target->id);
    struct wf_key from =
        wf_key_notification(engine->partition, kind, id, from_seq);
    struct wf_key to =
        wf_key_notification(engine->partition, kind, id, to_seq);

    range.from = wf_key_str(&from);
    range.to = wf_key_str(&to);
    queue->is_reading = true;
    engine->loads++;
    wf_store_scan(engine->store, &range, rows, queue);
}

static bool is_read(struct wf_notification_queue *queue,
                    const struct wf_error *err) {
    queue->is_reading = false;
    queue->engine->loads--;
    return !wf_engine_read_failed(queue->engine, err);
}

static void count_on(struct wf_notification_queue *queue, uint64_t from);

/* How many there were at the start: dead letters and then the queue, before
 * any of it is sent. */
static void counted(void *arg, const struct wf_row *rows, size_t count,
                    bool more, const struct wf_error *err) {
    struct wf_notification_queue *queue = arg;
    bool is_queue = queue->counting == WF_COUNTS_QUEUE;

    if (!is_read(queue, err))
        return;
    *(is_queue ? &queue->queued : &queue->dead) += count;
    if (more) {
        struct wf_str key = rows[count - 1].key;
        count_on(queue, wf_key_u64(key, key.len - 3 - 8) + 1);
        return;
    }
    queue->counting = is_queue ? WF_COUNTS_DEAD : WF_COUNTED;
    if (queue->counting == WF_COUNTED)
        wf_notification_counted(queue->engine->notifications);
    wf_notification_pump(queue);
}

static void count_on(struct wf_notification_queue *queue, uint64_t from) {
    struct wf_range range = {.keys_only = true, .max_rows = COUNT_ROWS};

    read_rows(queue, queue->counting == WF_COUNTS_QUEUE ? 'q' : 'd', from,
              queue->counted_to + 1, range, counted);
}

static void window_rows(void *arg, const struct wf_row *rows, size_t count,
                        bool more, const struct wf_error *err) {
    struct wf_notification_queue *queue = arg;
    uint64_t until = queue->counted_to;

    if (!is_read(queue, err))
        return;
    for (size_t i = 0; i < count; i++)
        take_in(queue, &rows[i]);
    if (!more)
        queue->cursor = until + 1;
    queue->wake_ms = 0;
    wf_notification_pump(queue);
}

/* `counted_to` says how far this scan goes: it is not needed for counting any
 * more. */
static void fill(struct wf_notification_queue *queue) {
    struct wf_notifications *all = queue->engine->notifications;
    struct wf_range range = {.max_rows = WF_WINDOW_ENTRIES - queue->entries,
                             .max_bytes = WF_WINDOW_BYTES / 4};

    if (queue->cursor > all->durable_seq ||
        queue->entries >= WF_WINDOW_ENTRIES / 2 ||
        queue->bytes > WF_WINDOW_BYTES / 2)
        return;
    queue->counted_to = all->durable_seq;
    read_rows(queue, 'q', queue->cursor, all->durable_seq + 1, range,
              window_rows);
}

/* ---- the turn of a queue ---- */

/* The oldest that are not being sent go; what is not in the window follows
 * when it is there. */
static void trim(struct wf_notification_queue *queue) {
    struct wf_link *link = queue->window.next, *next;

    for (; link != &queue->window &&
           queue->queued > queue->target->most_queued; link = next) {
        next = link->next;
        if (ENTRY(link)->state == WF_ENTRY_WAITS)
            wf_notification_bury(ENTRY(link), WF_STR(TOO_MANY));
    }
}

static void bury_old(struct wf_notification_queue *queue, int64_t now) {
    struct wf_link *link = queue->window.next, *next;

    for (; link != &queue->window; link = next) {
        struct wf_notification_entry *entry = ENTRY(link);
        next = link->next;
        if (entry->state == WF_ENTRY_WAITS &&
            now - entry->first_ms > queue->target->policy.age_ms)
            wf_notification_bury(entry, WF_STR(TOO_OLD));
    }
}

static bool is_first_of_execution(const struct wf_notification_entry *entry) {
    FOR_ENTRIES(entry->queue, link) {
        if (link == &entry->link)
            return true;
        if (ENTRY(link)->execution == entry->execution)
            return false;
    }
    return true;
}

/* One after the other while nothing gets through. */
static unsigned room_of(const struct wf_notification_queue *queue) {
    unsigned most = queue->failures > 2 ? 1 : queue->target->concurrency;

    return queue->in_flight < most ? most - queue->in_flight : 0;
}

static void send_some(struct wf_notification_queue *queue, int64_t now) {
    unsigned room = room_of(queue);
    struct wf_link *link = queue->window.next, *next;

    queue->wake_ms = INT64_MAX;
    for (; room > 0 && link != &queue->window; link = next) {
        struct wf_notification_entry *entry = ENTRY(link);
        next = link->next;
        if (entry->state != WF_ENTRY_WAITS)
            continue;
        if (entry->due_ms > now) {
            if (entry->due_ms < queue->wake_ms)
                queue->wake_ms = entry->due_ms;
        } else if (is_first_of_execution(entry)) {
            entry->state = WF_ENTRY_BUSY;
            queue->in_flight++;
            room--;
            wf_notification_prepare(entry);
        }
    }
}

void wf_notification_pump(struct wf_notification_queue *queue) {
    int64_t now = wf_clock_now_ms(queue->engine->clock);

    if (queue->is_reading || queue->engine->closing)
        return;
    if (queue->counting != WF_COUNTED) {
        count_on(queue, 0);
        return;
    }
    trim(queue);
    bury_old(queue, now);
    if (queue->paused_ms > now)
        queue->wake_ms = queue->paused_ms;
    else
        send_some(queue, now);
    fill(queue);
}
