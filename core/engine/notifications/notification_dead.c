/* notification_dead.c - requests about targets and dead letters. See
 * notifications.h. */
#include <stdio.h>
#include <stdlib.h>

#include "notification_impl.h"

#define PAGE 100
#define MOST_PAGE 1000
#define STEP_ROWS 100

static const struct wf_refusal NO_TARGET = {
    .exception = "ResourceNotFoundException",
    .message = {"There is no such target of notifications.",
                sizeof("There is no such target of notifications.") - 1}};

/* ---- targets ---- */

struct wf_notification_listing {
    struct wf_engine *engine;
    struct wf_notification_listing *next; /* that waits, too */
    wf_notification_stands_fn *reply;
    void *arg;
};

/* A query may have a password in it, and so may what stands before the host. */
static struct wf_str shown_url(const char *url) {
    const char *host = url ? strstr(url, "://") + 3 : NULL;

    if (!url || memchr(host, '@', strcspn(host, "/?#")))
        return url ? WF_STR("(not shown)") : WF_STR_NULL;
    return (struct wf_str){url, strcspn(url, "?#")};
}

static bool is_counted(const struct wf_notifications *all) {
    for (size_t i = 0; all && i < all->targets.count; i++)
        if (all->queues[i].counting != WF_COUNTED)
            return false;
    return true;
}

static void list_targets(struct wf_notification_listing *listing) {
    struct wf_notifications *all = listing->engine->notifications;
    size_t count = all ? all->targets.count : 0;
    struct wf_notification_stand *stands =
        wf_calloc(count + 1, sizeof(*stands));
    int64_t now = wf_clock_now_ms(listing->engine->clock);

    for (size_t i = 0; i < count; i++) {
        struct wf_notification_queue *queue = &all->queues[i];
        stands[i] = queue->stand;
        stands[i].id = wf_str(queue->target->id);
        stands[i].url = shown_url(queue->target->url);
        stands[i].handler = wf_str(queue->target->handler);
        stands[i].queued = queue->queued;
        stands[i].dead = queue->dead;
        stands[i].in_flight = queue->in_flight;
        stands[i].error = wf_notification_text(&queue->error);
        stands[i].paused_ms = queue->paused_ms > now ? queue->paused_ms : 0;
    }
    listing->reply(listing->arg, NULL, stands, count);
    free(stands);
    wf_call_free(listing);
}

void wf_notification_counted(struct wf_notifications *all) {
    struct wf_notification_listing *listing = all->listings, *next;

    if (!is_counted(all))
        return;
    all->listings = NULL;
    for (; listing; listing = next) {
        next = listing->next;
        list_targets(listing);
    }
}

/* Soon after the start it is not known yet how many rows there are. */
static void ask_targets(void *arg) {
    struct wf_notification_listing *listing = arg;
    struct wf_notifications *all = listing->engine->notifications;

    if (is_counted(all)) {
        list_targets(listing);
        return;
    }
    listing->next = all->listings;
    all->listings = listing;
}

void wf_engine_list_notification_targets(struct wf_engine *engine,
                                         wf_notification_stands_fn *reply,
                                         void *arg) {
    struct wf_notification_listing *listing =
        wf_call_new(engine, sizeof(*listing), NULL);

    *listing = (struct wf_notification_listing){engine, NULL, reply, arg};
    wf_engine_after(engine, ask_targets, listing);
}

/* ---- dead letters ---- */

struct letters {
    struct wf_engine *engine;
    struct wf_notification_queue *queue;
    uint64_t from;
    unsigned most;
    wf_dead_letters_fn *reply;
    void *arg;
};

static void describe(const struct wf_engine *engine,
                     const struct wf_notification_row *row,
                     struct wf_dead_letter *letter) {
    const struct wf_notification *what = &row->what;

    wf_notification_id(what, wf_str(engine->region), wf_str(engine->account),
                       letter->id);
    letter->execution_arn = what->arn.len ? what->arn : WF_STR_NULL;
    letter->name = what->name;
    letter->status = what->status;
    letter->time_ms = what->time_ms;
    letter->attempts = row->attempts;
    letter->reason = row->reason;
}

static void letters_read(void *arg, const struct wf_row *rows, size_t count,
                         bool more, const struct wf_error *err) {
    struct letters *letters = arg;
    struct wf_dead_letter *list = wf_calloc(count + 1, sizeof(*list));
    struct wf_dead_letters reply = {.list = list};
    char token[24] = "";

    letters->engine->loads--;
    if (wf_engine_read_failed(letters->engine, err)) {
        free(list);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct wf_notification_row row;
        if (wf_notification_decode(rows[i].value, &row))
            describe(letters->engine, &row, &list[reply.count++]);
    }
    if (more && count)
        snprintf(token, sizeof(token), "%llx",
                 (unsigned long long)wf_key_u64(
                     rows[count - 1].key, rows[count - 1].key.len - 11) + 1);
    reply.next_token = wf_str(token);
    letters->reply(letters->arg, NULL, &reply);
    free(list);
    wf_call_free(letters);
}

static void scan_dead(struct wf_notification_queue *queue, uint64_t from_seq,
                      uint64_t to_seq, unsigned most, wf_rows_fn *rows,
                      void *arg) {
    struct wf_engine *engine = queue->engine;
    struct wf_str id = wf_str(queue->target->id);
    struct wf_key from =
        wf_key_notification(engine->partition, 'd', id, from_seq);
    struct wf_key to =
        wf_key_notification(engine->partition, 'd', id, to_seq);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to), .max_rows = most};

    engine->loads++;
    wf_store_scan(engine->store, &range, rows, arg);
}

static void read_letters(void *arg) {
    struct letters *letters = arg;

    scan_dead(letters->queue, letters->from, UINT64_MAX, letters->most,
              letters_read, letters);
}

/* False: it is none. Empty: from the beginning. */
static bool read_token(struct wf_str token, uint64_t *seq) {
    char text[24], *end;

    if (token.len >= sizeof(text))
        return false;
    memcpy(text, token.len ? token.data : "", token.len);
    text[token.len] = '\0';
    *seq = strtoull(text, &end, 16);
    return *end == '\0';
}

void wf_engine_list_dead_letters(struct wf_engine *engine,
                                 struct wf_str target, unsigned most,
                                 struct wf_str next_token,
                                 wf_dead_letters_fn *reply, void *arg) {
    static const struct wf_refusal bad_token = {
        .exception = "InvalidToken",
        .message = {"The token is none of ours.",
                    sizeof("The token is none of ours.") - 1}};
    struct wf_notification_queue *queue =
        wf_notification_queue_of(engine, target);
    uint64_t from = 0;

    if (!queue || !read_token(next_token, &from)) {
        reply(arg, queue ? &bad_token : &NO_TARGET, NULL);
        return;
    }
    struct letters *letters = wf_call_new(engine, sizeof(*letters), NULL);
    letters->engine = engine;
    letters->reply = reply;
    letters->arg = arg;
    letters->queue = queue;
    letters->from = from;
    letters->most = most == 0 ? PAGE : most > MOST_PAGE ? MOST_PAGE : most;
    wf_engine_after(engine, read_letters, letters);
}

/* ---- sending them again, or removing them ---- */

struct moving {
    struct wf_engine *engine;
    struct wf_notification_queue *queue;
    bool discard;
    uint64_t from, until, count;
    wf_dead_letters_done_fn *reply;
    void *arg;
};

static void move_rows(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err);

static void move_on(void *arg) {
    struct moving *moving = arg;

    scan_dead(moving->queue, moving->from, moving->until, STEP_ROWS,
              move_rows, moving);
}

static void moved(void *arg) {
    struct moving *moving = arg;

    moving->queue->is_moving = false;
    moving->reply(moving->arg, NULL, moving->count);
    wf_call_free(moving);
}

/* At the end of the queue, as if it had just happened, with its own id. */
static void put_again(struct moving *moving, const struct wf_row *row) {
    struct wf_engine *engine = moving->engine;
    struct wf_notification_row known;
    struct wf_buf bytes = {0};

    if (!wf_notification_decode(row->value, &known))
        return;
    known.attempts = 0;
    known.first_ms = wf_clock_now_ms(engine->clock);
    wf_notification_encode(&known, &bytes);
    struct wf_key key = wf_key_notification(
        engine->partition, 'q', wf_str(moving->queue->target->id),
        ++engine->notifications->last_seq);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 wf_notification_text(&bytes));
    moving->queue->queued++;
    wf_buf_free(&bytes);
}

static void move_rows(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct moving *moving = arg;
    struct wf_notification_queue *queue = moving->queue;
    bool has_room = true;

    moving->engine->loads--;
    if (wf_engine_read_failed(moving->engine, err))
        return;
    for (size_t i = 0; i < count && has_room; i++) {
        has_room = moving->discard ||
                   queue->queued < queue->target->most_queued;
        if (!has_room)
            break;
        if (!moving->discard)
            put_again(moving, &rows[i]);
        wf_batch_delete(wf_engine_rows(moving->engine), rows[i].key);
        moving->from = wf_key_u64(rows[i].key, rows[i].key.len - 11) + 1;
        moving->count++;
        queue->dead -= queue->dead > 0;
    }
    wf_engine_after(moving->engine, more && has_room ? move_on : moved,
                    moving);
    wf_engine_wake(moving->engine);
}

void wf_engine_resend_dead_letters(struct wf_engine *engine,
                                   struct wf_str target, bool discard,
                                   wf_dead_letters_done_fn *reply,
                                   void *arg) {
    static const struct wf_refusal busy = {
        .exception = "ConflictException",
        .message = {"The target's dead letters are being resent already.",
                    sizeof("The target's dead letters are being resent "
                           "already.") - 1}};
    struct wf_notification_queue *queue =
        wf_notification_queue_of(engine, target);

    if (!queue || queue->is_moving || queue->counting != WF_COUNTED) {
        reply(arg, queue ? &busy : &NO_TARGET, 0);
        return;
    }
    struct moving *moving = wf_call_new(engine, sizeof(*moving), NULL);
    *moving = (struct moving){
        .engine = engine, .queue = queue, .discard = discard,
        .until = engine->notifications->last_seq + 1,
        .reply = reply, .arg = arg};
    queue->is_moving = true;
    wf_engine_after(engine, move_on, moving); /* all that it counts */
}
