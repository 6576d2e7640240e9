/* notifications.c - opening, and rows that a batch gets. See notifications.h
 * and notification_impl.h. */
#include <stdlib.h>

#include "event_pattern.h"
#include "notification_impl.h"

/* ---- what a batch gets ---- */

/* A status change, and what it takes to say it. */
struct change {
    struct wf_notification_row row;
    struct wf_buf image, arn, machine_arn, bytes;
    struct wf_doc *event; /* without data; NULL: it is not known yet */
};

static void describe(struct change *change,
                     const struct wf_execution *execution,
                     enum wf_execution_status status) {
    struct wf_notification *what = &change->row.what;
    struct wf_execution_image image;
    bool has_ended = status != WF_EXECUTION_RUNNING;

    wf_execution_encode(execution, &change->image);
    wf_image_of(wf_notification_text(&change->image), &image);
    *what = (struct wf_notification){
        .execution = execution->id,
        .machine = image.machine, .revision = image.revision,
        .status = status,
        .start_ms = image.start_ms,
        .stop_ms = has_ended ? image.stop_ms : 0,
        .input = image.input, .output = has_ended ? image.output : 0,
        .redrive_count = image.redrive_count,
        .redrive_ms = image.redrive_ms,
        .is_child = image.is_child,
        .version = image.version, .alias = image.alias, .name = image.name,
    };
    what->time_ms = has_ended               ? image.stop_ms
                    : image.redrive_count   ? image.redrive_ms
                                            : image.start_ms;
    if (has_ended) {
        what->error = image.error;
        what->cause = image.cause;
    }
    if (!execution->machine->execution_prefix) {
        what->image = wf_notification_text(&change->image);
        return;
    }
    wf_image_arn(&image, execution->machine, &change->arn);
    wf_image_machine_arn(&image, execution->machine, &change->machine_arn);
    what->arn = wf_notification_text(&change->arn);
    what->machine_arn = wf_notification_text(&change->machine_arn);
    what->base_arn = wf_str(execution->machine->arn);
}

static void make_event(const struct wf_engine *engine,
                       struct change *change) {
    static const struct wf_notification_data none;
    struct wf_buf text = {0};

    wf_notification_json(&change->row.what, wf_str(engine->region),
                         wf_str(engine->account), &none, &text);
    change->event = wf_doc_trusted_buf(&text);
}

bool wf_notification_is_wanted(const struct wf_notification_target *target,
                               struct wf_value event, bool without_data) {
    return !target->pattern ||
           wf_event_pattern_matches((struct wf_value){target->pattern, 0},
                                    event, without_data);
}

/* Without a definition in memory nobody can say yet. */
static bool is_wanted(const struct wf_notification_target *target,
                      const struct change *change) {
    if (change->row.what.is_child && !target->has_children)
        return false;
    return !change->event ||
           wf_notification_is_wanted(target,
                                     (struct wf_value){change->event, 0},
                                     true);
}

static void put_row(struct wf_notification_queue *queue, uint64_t seq,
                    const struct change *change) {
    struct wf_engine *engine = queue->engine;
    struct wf_key key = wf_key_notification(
        engine->partition, 'q', wf_str(queue->target->id), seq);

    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 wf_notification_text(&change->bytes));
    queue->queued++;
}

static void put(struct wf_engine *engine,
                const struct wf_execution *execution,
                enum wf_execution_status status) {
    struct wf_notifications *all = engine->notifications;
    struct change change = {.row.first_ms = wf_clock_now_ms(engine->clock)};
    bool has_seq = false;

    describe(&change, execution, status);
    if (change.row.what.arn.len)
        make_event(engine, &change);
    for (size_t i = 0; i < all->targets.count; i++) {
        if (!is_wanted(all->queues[i].target, &change))
            continue;
        if (!has_seq) {
            wf_notification_encode(&change.row, &change.bytes);
            all->last_seq++;
        }
        has_seq = true;
        put_row(&all->queues[i], all->last_seq, &change);
    }
    wf_doc_unref(change.event);
    wf_buf_free(&change.image);
    wf_buf_free(&change.arn);
    wf_buf_free(&change.machine_arn);
    wf_buf_free(&change.bytes);
}

void wf_notifications_put(struct wf_engine *engine,
                          struct wf_execution *execution) {
    unsigned news = execution->news;

    execution->news = 0;
    if (!engine->notifications || execution->express)
        return;
    if (news & WF_NEWS_RUNS)
        put(engine, execution, WF_EXECUTION_RUNNING);
    if (news & WF_NEWS_ENDED)
        put(engine, execution, execution->status);
}

/* ---- with the engine's commits ---- */

uint64_t wf_notifications_seq(const struct wf_engine *engine) {
    return engine->notifications ? engine->notifications->last_seq : 0;
}

static void pump_all(struct wf_engine *engine, int64_t now) {
    struct wf_notifications *all = engine->notifications;

    for (size_t i = 0; i < all->targets.count; i++) {
        struct wf_notification_queue *queue = &all->queues[i];
        if (all->tasks)
            wf_notification_limit(queue, now);
        if (now >= queue->wake_ms || queue->cursor <= all->durable_seq)
            wf_notification_pump(queue);
    }
}

void wf_notifications_durable(struct wf_engine *engine, uint64_t seq) {
    struct wf_notifications *all = engine->notifications;

    if (!all || seq <= all->durable_seq)
        return;
    all->durable_seq = seq;
    pump_all(engine, wf_clock_now_ms(engine->clock));
}

void wf_notifications_settle(struct wf_engine *engine) {
    struct wf_notifications *all = engine->notifications;

    if (!all)
        return;
    for (size_t at = 0; at < all->gone.len;
         at += sizeof(struct wf_notification_gone)) {
        struct wf_notification_gone gone;
        memcpy(&gone, all->gone.data + at, sizeof(gone));
        struct wf_key key = wf_key_notification(
            engine->partition, 'q', wf_str(gone.queue->target->id), gone.seq);
        wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
    }
    if (all->gone.len)
        wf_engine_wake(engine);
    all->gone.len = 0;
}

void wf_notifications_housekeeping(struct wf_engine *engine) {
    if (!engine->notifications)
        return;
    wf_notifications_settle(engine);
    pump_all(engine, wf_clock_now_ms(engine->clock));
}

/* ---- opening ---- */

struct wf_notification_queue *wf_notification_queue_of(
    struct wf_engine *engine, struct wf_str target) {
    struct wf_notifications *all = engine->notifications;

    for (size_t i = 0; all && i < all->targets.count; i++)
        if (wf_str_eq(target, wf_str(all->targets.list[i].id)))
            return &all->queues[i];
    return NULL;
}

static void last_row(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    uint64_t *seq = arg;

    (void)more;
    if (!err && count == 1 && rows->key.len > 8)
        *seq = wf_key_u64(rows->key, rows->key.len - 3 - 8);
}

/* The number of the last row of a kind; 0: there is none. */
static int find_last(struct wf_notification_queue *queue, char kind,
                     uint64_t *seq, struct wf_error *err) {
    struct wf_engine *engine = queue->engine;
    struct wf_str id = wf_str(queue->target->id);
    struct wf_key from =
        wf_key_notification(engine->partition, kind, id, 0);
    struct wf_key to =
        wf_key_notification(engine->partition, kind, id, UINT64_MAX);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .reverse = true, .keys_only = true,
                             .max_rows = 1};

    *seq = 0;
    return wf_store_scan_now(engine->store, &range, last_row, seq, err);
}

static int open_queue(struct wf_engine *engine,
                      struct wf_notification_queue *queue,
                      const struct wf_notification_target *target,
                      struct wf_error *err) {
    struct wf_notifications *all = engine->notifications;
    uint64_t last, last_dead;

    *queue = (struct wf_notification_queue){
        .target = target, .engine = engine, .cursor = 1};
    wf_list_init(&queue->window);
    if (find_last(queue, 'q', &last, err) != 0 ||
        find_last(queue, 'd', &last_dead, err) != 0)
        return -1;
    if (last_dead > last)
        last = last_dead;
    queue->counted_to = last;
    if (last > all->last_seq)
        all->last_seq = last;
    return 0;
}

int wf_notifications_open(struct wf_engine *engine, struct wf_error *err) {
    const char *path = engine->options.notifications;
    struct wf_notifications *all;

    if (!path)
        return 0;
    all = wf_calloc(1, sizeof(*all));
    engine->notifications = all;
    if (wf_notification_targets_read(path, &all->targets, err) != 0)
        return -1;
    all->queues = wf_calloc(all->targets.count + 1, sizeof(*all->queues));
    for (size_t i = 0; i < all->targets.count; i++)
        if (open_queue(engine, &all->queues[i], &all->targets.list[i],
                       err) != 0) {
            wf_list_init(&all->queues[i].window);
            all->targets.count = i + 1;
            return -1;
        }
    all->durable_seq = all->last_seq;
    return 0;
}

void wf_notifications_close(struct wf_engine *engine) {
    struct wf_notifications *all = engine->notifications;

    if (!all)
        return;
    wf_sender_free(all->sender);
    for (size_t i = 0; all->queues && i < all->targets.count; i++)
        wf_notification_queue_free(&all->queues[i]);
    free(all->queues);
    wf_notification_targets_free(&all->targets);
    wf_buf_free(&all->gone);
    free(all);
    engine->notifications = NULL;
}

void wf_notifications_count(const struct wf_engine *engine,
                            struct wf_engine_stats *stats) {
    const struct wf_notifications *all = engine->notifications;

    for (size_t i = 0; all && i < all->targets.count; i++) {
        const struct wf_notification_queue *queue = &all->queues[i];
        stats->notifications_queued += queue->queued;
        stats->notifications_delivered += queue->stand.delivered;
        stats->notifications_failed += queue->stand.failures;
        stats->notifications_died += queue->stand.dead_letters;
        stats->notifications_lost += queue->stand.lost;
        stats->dead_letters += queue->dead;
    }
}
