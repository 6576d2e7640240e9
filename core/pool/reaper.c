/*
 * reaper.c - process groups that are being ended. See reaper.h.
 *
 * One job at a time looks at all groups there are. While it runs, the groups
 * it looks at belong to the helper thread; new ones join the next job, which
 * follows at once if there are any, else after a pause.
 */
#include "reaper.h"

#include <signal.h>
#include <stdlib.h>

#include "clock.h"
#include "list.h"
#include "offload.h"

#define PAUSE_S 0.02
#define TERM_NS UINT64_C(2000000000) /* from SIGTERM to SIGKILL */

struct group {
    struct wf_link link; /* in fresh, looked_at or a list of those gone */
    struct wf_child child;
    char *key;
    int first;        /* what to send once; then nothing until kill_ns */
    uint64_t kill_ns; /* from then on SIGKILL, each time */
    bool is_gone;
    wf_reaped_fn *done;
    void *arg;
};

struct wf_reaper {
    struct wf_job job;
    struct ev_loop *loop;
    struct wf_offload *offload;
    ev_timer pause;
    struct wf_link fresh;     /* not looked at yet */
    struct wf_link looked_at; /* the job's, while it runs */
    size_t count;
    bool running;
    bool freeing;
};

static void group_free(struct group *group) {
    free(group->key);
    free(group);
}

/* ---- on the helper thread ---- */

static void group_look(struct group *group, uint64_t now_ns) {
    int signal = now_ns >= group->kill_ns ? SIGKILL : group->first;

    group->first = 0;
    group->is_gone =
        !wf_child_signal(group->child, wf_str(group->key), signal);
}

static void look(struct wf_job *job) {
    struct wf_reaper *reaper = (struct wf_reaper *)job;
    uint64_t now_ns = wf_clock_mono_ns();

    for (struct wf_link *at = reaper->looked_at.next; at != &reaper->looked_at;
         at = at->next)
        group_look(WF_ENTRY(at, struct group, link), now_ns);
}

/* ---- on the loop ---- */

static void start(struct wf_reaper *reaper) {
    struct wf_link *link;

    ev_timer_stop(reaper->loop, &reaper->pause);
    while ((link = wf_list_shift(&reaper->fresh)) != NULL)
        wf_list_append(&reaper->looked_at, link);
    reaper->running = true;
    wf_offload_submit(reaper->offload, &reaper->job);
}

static void gone_take(struct wf_reaper *reaper, struct wf_link *gone) {
    struct wf_link *next;

    for (struct wf_link *at = reaper->looked_at.next; at != &reaper->looked_at;
         at = next) {
        next = at->next;
        if (!WF_ENTRY(at, struct group, link)->is_gone)
            continue;
        wf_list_remove(at);
        wf_list_append(gone, at);
        reaper->count--;
    }
}

static void looked(struct wf_job *job) {
    struct wf_reaper *reaper = (struct wf_reaper *)job;
    struct wf_link gone, *link;

    reaper->running = false;
    if (reaper->freeing)
        return;
    wf_list_init(&gone);
    gone_take(reaper, &gone);
    if (!wf_list_is_empty(&reaper->fresh))
        start(reaper);
    else if (!wf_list_is_empty(&reaper->looked_at))
        ev_timer_again(reaper->loop, &reaper->pause);
    while ((link = wf_list_shift(&gone)) != NULL) {
        struct group *group = WF_ENTRY(link, struct group, link);
        group->done(group->arg, group->child);
        group_free(group);
    }
}

static void on_pause(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)events;
    start(timer->data);
}

void wf_reaper_end(struct wf_reaper *reaper, struct wf_child child,
                   struct wf_str task_key, bool gently, wf_reaped_fn *done,
                   void *arg) {
    struct group *group = wf_calloc(1, sizeof(*group));

    group->child = child;
    group->key = wf_strndup(task_key.data, task_key.len);
    group->first = gently ? SIGTERM : SIGKILL;
    group->kill_ns = gently ? wf_clock_mono_ns() + TERM_NS : 0;
    group->done = done;
    group->arg = arg;
    wf_list_append(&reaper->fresh, &group->link);
    reaper->count++;
    if (!reaper->running)
        start(reaper);
}

size_t wf_reaper_count(const struct wf_reaper *reaper) {
    return reaper->count;
}

struct wf_reaper *wf_reaper_new(struct ev_loop *loop) {
    struct wf_reaper *reaper = wf_calloc(1, sizeof(*reaper));

    reaper->loop = loop;
    reaper->offload = wf_offload_new(loop, 2);
    reaper->job.work = look;
    reaper->job.done = looked;
    wf_list_init(&reaper->fresh);
    wf_list_init(&reaper->looked_at);
    ev_timer_init(&reaper->pause, on_pause, 0, PAUSE_S);
    reaper->pause.data = reaper;
    return reaper;
}

static void groups_free(struct wf_link *groups) {
    struct wf_link *link;

    while ((link = wf_list_shift(groups)) != NULL)
        group_free(WF_ENTRY(link, struct group, link));
}

void wf_reaper_free(struct wf_reaper *reaper) {
    if (!reaper)
        return;
    reaper->freeing = true;
    wf_offload_free(reaper->offload);
    ev_timer_stop(reaper->loop, &reaper->pause);
    groups_free(&reaper->fresh);
    groups_free(&reaper->looked_at);
    free(reaper);
}
