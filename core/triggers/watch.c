/* watch.c - a watched directory: what happens in it, and when the files in it
 * are looked at. See watch_impl.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "watch_impl.h"

#define EVENTS_BYTES 16384
#define EVENTS_READS 16 /* in one turn of the loop */
#define REOPEN_S 5.0
#define TICK_S 0.05
#define WRITTEN_NS UINT64_C(1000000000)

static void scan(struct wf_watch *watch);
static void look(struct wf_watch *watch);

/* ---- its end ---- */

static void watch_free(struct wf_watch *watch) {
    struct wf_watch **at = &watch->triggers->watches;

    while (*at != watch)
        at = &(*at)->next;
    *at = watch->next;
    while (!wf_list_is_empty(&watch->files))
        wf_watched_remove(
            WF_ENTRY(watch->files.next, struct wf_watched, link));
    if (watch->fd >= 0)
        close(watch->fd);
    wf_trigger_set_unref(watch->set);
    free(watch->seen);
    free(watch->told);
    free(watch);
}

static void scan_free(struct wf_scan_job *job) {
    if (job->directory)
        closedir(job->directory);
    while (job->taken < job->count)
        free(job->names[job->taken++]);
    free(job);
}

static void watch_end(struct wf_watch *watch) {
    struct ev_loop *loop = watch->triggers->options.loop;

    if (watch->is_over)
        return;
    watch->is_over = true;
    ev_io_stop(loop, &watch->readable);
    ev_timer_stop(loop, &watch->tick);
    ev_timer_stop(loop, &watch->rescan);
    ev_timer_stop(loop, &watch->reopen);
    if (watch->scan && !watch->is_scanning) {
        scan_free(watch->scan);
        watch->scan = NULL;
    }
}

bool wf_watch_goes_on(struct wf_watch *watch) {
    watch->asked--;
    if (!watch->is_over)
        return true;
    if (watch->asked == 0)
        watch_free(watch);
    return false;
}

void wf_watch_tell(struct wf_watch *watch, const char *format, ...) {
    char text[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (watch->told && strcmp(watch->told, text) == 0)
        return;
    free(watch->told);
    watch->told = wf_strndup(text, strlen(text));
    wf_triggers_notice(watch->triggers, WF_WARNING "%s", text);
}

/* ---- files ---- */

static uint64_t settle_ns(const struct wf_watch *watch) {
    return (uint64_t)watch->rule->settle_ms * 1000000;
}

void wf_watch_wake(struct wf_watch *watch) {
    if (!ev_is_active(&watch->tick))
        ev_timer_again(watch->triggers->options.loop, &watch->tick);
}

/* Something has happened to it, or (no event) a scan has found it. */
static void note(struct wf_watch *watch, const char *name, bool is_event) {
    struct wf_watched *file = wf_watched_find(watch, name);
    uint64_t now = wf_clock_mono_ns();

    if (file && !is_event)
        return;
    if (!file && !(file = wf_watched_add(watch, name))) {
        watch->scan_again = true;
        return;
    }
    if (file->state != WF_WATCHED_SETTLING) {
        file->is_changed = true;
        return;
    }
    file->has_version = false;
    file->attempts = 0;
    file->due_ns = is_event ? now + settle_ns(watch) : now;
    wf_watch_wake(watch);
}

static void start_ready(struct wf_watch *watch) {
    struct wf_link *at = watch->files.next, *next;

    for (; at != &watch->files && watch->running < watch->rule->concurrency;
         at = next) {
        struct wf_watched *file = WF_ENTRY(at, struct wf_watched, link);
        next = at->next;
        if (file->state == WF_WATCHED_READY)
            wf_watched_start(file);
    }
}

/* Also when there is room again. */
static void on_tick(struct ev_loop *loop, ev_timer *timer, int events) {
    struct wf_watch *watch = timer->data;
    bool is_idle = true;

    (void)events;
    start_ready(watch);
    for (struct wf_link *at = watch->files.next; at != &watch->files;
         at = at->next) {
        enum wf_watched_state state =
            WF_ENTRY(at, struct wf_watched, link)->state;
        if (state <= WF_WATCHED_READY)
            is_idle = false;
    }
    look(watch);
    if (watch->count < WF_WATCH_FILES / 2 &&
        (watch->scan || watch->scan_again))
        scan(watch);
    if (is_idle && !watch->scan && !watch->scan_again)
        ev_timer_stop(loop, timer);
}

void wf_watched_done(struct wf_watched *file) {
    struct wf_watch *watch = file->watch;

    wf_watch_note_seen(watch, file);
    wf_watch_wake(watch); /* there is room */
    if (!file->is_changed) {
        wf_watched_remove(file);
        return;
    }
    file->is_changed = file->has_version = false;
    file->attempts = 0;
    file->state = WF_WATCHED_SETTLING;
    file->due_ns = wf_clock_mono_ns() + settle_ns(watch);
}

/* ---- looking ---- */

static void settle_until(struct wf_watched *file, uint64_t after_ns) {
    file->state = WF_WATCHED_SETTLING;
    file->due_ns = wf_clock_mono_ns() + after_ns;
}

static bool is_same(const struct wf_file_version *a,
                    const struct wf_file_version *b) {
    return a->size == b->size && a->inode == b->inode &&
           a->mtime_ns == b->mtime_ns;
}

/* It was the same a while ago, or says so. */
static bool is_settled(const struct wf_watched *file,
                       const struct wf_look *look) {
    int64_t age_ms = wf_triggers_now() - look->version.mtime_ns / 1000000;

    return (file->has_version && is_same(&file->version, &look->version)) ||
           age_ms >= file->watch->rule->settle_ms;
}

static void looked_at(struct wf_look *look) {
    struct wf_watched *file = look->file;
    struct wf_watch *watch = file->watch;
    bool is_same_as_before =
        file->has_version && is_same(&file->version, &look->version);

    if (file->is_changed) {
        file->is_changed = file->has_version = false;
        settle_until(file, settle_ns(watch));
        return;
    }
    if (!look->is_there) {
        wf_watched_remove(file);
        return;
    }
    if (!is_settled(file, look) || look->is_written) {
        file->version = look->version;
        file->has_version = true;
        settle_until(file, look->is_written && settle_ns(watch) < WRITTEN_NS
                               ? WRITTEN_NS
                               : settle_ns(watch));
        return;
    }
    file->version = look->version;
    file->has_version = true;
    if (wf_watch_has_seen(watch, file)) {
        wf_watched_remove(file);
    } else if (!look->is_asked_free || !is_same_as_before) {
        file->is_free = true; /* is asked next */
        settle_until(file, 0);
    } else {
        file->state = WF_WATCHED_READY;
    }
}

static void looked(struct wf_job *job) {
    struct wf_look_job *self = (struct wf_look_job *)job;
    struct wf_watch *watch = self->watch;
    bool goes_on = !wf_job_is_cancelled(job);

    watch->is_looking = false;
    if (wf_watch_goes_on(watch) && goes_on) {
        for (size_t i = 0; i < self->count; i++)
            looked_at(&self->looks[i]);
        start_ready(watch);
        look(watch);
    }
    for (size_t i = 0; i < self->count; i++)
        free(self->looks[i].path);
    free(self);
}

static void add_look(struct wf_look_job *job, struct wf_watched *file) {
    struct wf_look *look = &job->looks[job->count++];
    struct wf_buf path = {0};

    wf_buf_addf(&path, "%s/%s", job->watch->rule->directory, file->name);
    wf_buf_u8(&path, '\0');
    *look = (struct wf_look){
        .file = file, .path = path.data, .is_asked_free = file->is_free};
    file->is_free = false;
    file->state = WF_WATCHED_LOOKING;
}

/* Has a thread look at what is due. */
static void look(struct wf_watch *watch) {
    uint64_t now = wf_clock_mono_ns();
    struct wf_look_job *job = NULL;

    if (watch->is_looking)
        return;
    for (struct wf_link *at = watch->files.next; at != &watch->files;
         at = at->next) {
        struct wf_watched *file = WF_ENTRY(at, struct wf_watched, link);
        if (file->state != WF_WATCHED_SETTLING || file->due_ns > now)
            continue;
        if (!job)
            job = wf_calloc(1, sizeof(*job));
        job->watch = watch;
        add_look(job, file);
        if (job->count == WF_WATCH_LOOKS)
            break;
    }
    if (!job)
        return;
    job->job = (struct wf_job){.work = wf_watch_look_work, .done = looked};
    watch->is_looking = true;
    watch->asked++;
    wf_offload_submit(watch->triggers->offload, &job->job);
}

/* ---- scanning ---- */

static void scan_slice(struct wf_watch *watch);

/* Takes the names for which there is room; the rest waits for it. */
static void take_names(struct wf_watch *watch) {
    struct wf_scan_job *job = watch->scan;

    while (job->taken < job->count && watch->count < WF_WATCH_FILES) {
        note(watch, job->names[job->taken], false);
        free(job->names[job->taken++]);
    }
    if (job->taken < job->count) {
        wf_watch_wake(watch);
    } else if (job->directory) {
        scan_slice(watch);
    } else {
        scan_free(job);
        watch->scan = NULL;
    }
}

static void scanned(struct wf_job *job) {
    struct wf_scan_job *self = (struct wf_scan_job *)job;
    struct wf_watch *watch = self->watch;
    bool is_cancelled = wf_job_is_cancelled(job);

    watch->is_scanning = false;
    if (watch->is_over || is_cancelled) {
        watch->scan = NULL;
        scan_free(self);
        wf_watch_goes_on(watch);
        return;
    }
    wf_watch_goes_on(watch);
    if (self->error)
        wf_watch_tell(watch, "watch %s: %s can't be read: %s",
                      watch->trigger->name, watch->rule->directory,
                      strerror(self->error));
    take_names(watch);
}

static void scan_slice(struct wf_watch *watch) {
    struct wf_scan_job *job = watch->scan;

    job->count = job->taken = 0;
    job->job = (struct wf_job){.work = wf_watch_scan_work, .done = scanned};
    watch->is_scanning = true;
    watch->asked++;
    wf_offload_submit(watch->triggers->offload, &job->job);
}

/* Begins, or goes on. */
static void scan(struct wf_watch *watch) {
    if (watch->is_scanning)
        return;
    if (watch->scan) {
        take_names(watch);
        return;
    }
    watch->scan_again = false;
    watch->scan = wf_calloc(1, sizeof(*watch->scan));
    watch->scan->watch = watch;
    scan_slice(watch);
}

static void on_rescan(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)events;
    scan(timer->data);
}

/* ---- inotify ---- */

static void reopen_later(struct wf_watch *watch) {
    struct ev_loop *loop = watch->triggers->options.loop;

    ev_timer_stop(loop, &watch->reopen);
    ev_timer_set(&watch->reopen, REOPEN_S, 0.0);
    ev_timer_start(loop, &watch->reopen);
}

static void opened(struct wf_job *job) {
    struct wf_open_job *self = (struct wf_open_job *)job;
    struct wf_watch *watch = self->watch;
    bool goes_on = !wf_job_is_cancelled(job);

    watch->is_opening = false;
    watch->wd = self->wd;
    if (wf_watch_goes_on(watch) && goes_on) {
        if (self->wd < 0)
            wf_watch_tell(watch, "watch %s: %s can't be watched: %s",
                          watch->trigger->name, watch->rule->directory,
                          strerror(self->error));
        if (self->wd < 0)
            reopen_later(watch);
        else
            watch->is_blind = false;
        if (self->wd >= 0 || self->error == ENOSPC)
            scan(watch);
    }
    free(self);
}

static void open_directory(struct wf_watch *watch) {
    struct wf_open_job *job;

    if (watch->is_opening)
        return;
    job = wf_calloc(1, sizeof(*job));
    job->watch = watch;
    job->wd = -1;
    job->job = (struct wf_job){.work = wf_watch_open_work, .done = opened};
    watch->is_opening = true;
    watch->asked++;
    wf_offload_submit(watch->triggers->offload, &job->job);
}

static void on_reopen(struct ev_loop *loop, ev_timer *timer, int events) {
    struct wf_watch *watch = timer->data;

    (void)loop;
    (void)events;
    if (watch->fd < 0)
        scan(watch);
    else
        open_directory(watch);
}

static void on_event(struct wf_watch *watch,
                     const struct inotify_event *event) {
    if (event->mask & IN_Q_OVERFLOW) {
        watch->scan_again = true;
        wf_watch_wake(watch);
    } else if (event->wd != watch->wd) {
        return;
    } else if (event->mask &
               (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) {
        if (watch->is_blind)
            return;
        watch->is_blind = true;
        if (!(event->mask & IN_IGNORED))
            inotify_rm_watch(watch->fd, watch->wd);
        wf_watch_tell(watch, "watch %s: %s is gone", watch->trigger->name,
                      watch->rule->directory);
        reopen_later(watch);
    } else if (event->len && !(event->mask & IN_ISDIR) &&
               wf_watch_wants(watch->rule, event->name)) {
        note(watch, event->name, true);
    }
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events) {
    struct wf_watch *watch = io->data;
    _Alignas(struct inotify_event) char room[EVENTS_BYTES];

    (void)loop;
    (void)events;
    for (int i = 0; i < EVENTS_READS; i++) {
        ssize_t got = read(watch->fd, room, sizeof(room));
        if (got <= 0)
            return;
        for (char *at = room; at < room + got;) {
            const struct inotify_event *event = (void *)at;
            on_event(watch, event);
            at += sizeof(*event) + event->len;
        }
    }
}

/* ---- watches ---- */

static void timers_init(struct wf_watch *watch) {
    double rescan_s = (double)watch->rule->rescan_s;

    ev_timer_init(&watch->tick, on_tick, 0.0, TICK_S);
    ev_timer_init(&watch->rescan, on_rescan, rescan_s, rescan_s);
    ev_timer_init(&watch->reopen, on_reopen, REOPEN_S, 0.0);
    ev_io_init(&watch->readable, on_readable, watch->fd, EV_READ);
    watch->tick.data = watch->rescan.data = watch;
    watch->reopen.data = watch->readable.data = watch;
}

static void watch_new(struct wf_triggers *triggers,
                      struct wf_trigger_set *set,
                      const struct wf_trigger *trigger) {
    struct wf_watch *watch = wf_calloc(1, sizeof(*watch));
    struct ev_loop *loop = triggers->options.loop;

    watch->triggers = triggers;
    watch->set = wf_trigger_set_ref(set);
    watch->trigger = trigger;
    watch->rule = &trigger->watch;
    watch->wd = -1;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    wf_list_init(&watch->files);
    watch->next = triggers->watches;
    triggers->watches = watch;
    timers_init(watch);
    if (watch->rule->rescan_s)
        ev_timer_start(loop, &watch->rescan);
    if (watch->fd >= 0) {
        ev_io_start(loop, &watch->readable);
        open_directory(watch);
        return;
    }
    wf_watch_tell(watch, "watch %s: no inotify, so it is looked at now and "
                         "then: %s", trigger->name, strerror(errno));
    scan(watch);
}

void wf_watch_stop(struct wf_triggers *triggers) {
    struct wf_watch *watch = triggers->watches, *next;

    for (; watch; watch = next) {
        next = watch->next;
        watch_end(watch);
        if (watch->asked == 0)
            watch_free(watch);
    }
}

void wf_watch_set(struct wf_triggers *triggers, struct wf_trigger_set *set) {
    wf_watch_stop(triggers);
    if (set->hooks < set->count && !triggers->offload)
        triggers->offload = wf_offload_new(triggers->options.loop, 2);
    for (size_t i = set->hooks; i < set->count; i++)
        watch_new(triggers, set, &set->triggers[i]);
}

void wf_watch_free(struct wf_triggers *triggers) {
    struct wf_watch *watch = triggers->watches, *next;

    for (; watch; watch = next) {
        next = watch->next;
        watch_free(watch);
    }
}

size_t wf_watch_pending(const struct wf_triggers *triggers,
                        const struct wf_trigger *trigger) {
    const struct wf_watch *watch = triggers->watches;

    while (watch && (watch->is_over || watch->trigger != trigger))
        watch = watch->next;
    return watch ? watch->count : 0;
}
