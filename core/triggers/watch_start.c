/* watch_start.c - a settled file: the execution that is started for it, and
 * what follows the execution's end. See watch_impl.h. */
#include <errno.h>
#include <stdlib.h>

#include "watch_impl.h"

#define BACKOFF_NS UINT64_C(1000000000)
#define BACKOFF_MOST 6 /* doublings: a minute */
#define WAIT_MS 60000

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data ? buf->data : "", buf->len};
}

static struct wf_engine *engine_of(const struct wf_watched *file) {
    return file->watch->triggers->options.engine;
}

/* The trigger that counts now. */
static struct wf_trigger *counted(const struct wf_watch *watch) {
    return wf_trigger_find(watch->triggers->set, WF_TRIGGER_WATCH,
                           wf_str(watch->trigger->name));
}

static void ask_end(struct wf_watched *file);

/* ---- after the end ---- */

static void moved(struct wf_job *job) {
    struct wf_move_job *move = (struct wf_move_job *)job;
    struct wf_watched *file = move->file;
    struct wf_watch *watch = file->watch;

    if (wf_watch_goes_on(watch)) {
        if (move->error)
            wf_watch_tell(watch, "watch %s: %s can't be moved to %s: %s",
                          watch->trigger->name, move->from, move->to,
                          strerror(move->error));
        file->is_changed |= move->is_gone;
        watch->running--;
        wf_watched_done(file);
    }
    free(move->from);
    free(move->to);
    free(move->to_other);
    free(move);
}

static char *path_of(const char *directory, const char *name,
                     const char *suffix) {
    struct wf_buf path = {0};

    wf_buf_addf(&path, "%s/%s%s", directory, name, suffix);
    wf_buf_u8(&path, '\0');
    return path.data;
}

static void end_file(struct wf_watched *file) {
    file->watch->running--;
    wf_watched_done(file);
}

static void move(struct wf_watched *file, const char *directory) {
    struct wf_move_job *job;
    char suffix[10] = ".";

    if (!directory) {
        end_file(file);
        return;
    }
    job = wf_calloc(1, sizeof(*job));
    memcpy(suffix + 1, file->execution.data + file->execution.len - 8, 8);
    job->file = file;
    job->version = file->version;
    job->from = path_of(file->watch->rule->directory, file->name, "");
    job->to = path_of(directory, file->name, "");
    job->to_other = path_of(directory, file->name, suffix);
    job->job = (struct wf_job){.work = wf_watch_move_work, .done = moved};
    file->state = WF_WATCHED_MOVING;
    file->watch->asked++;
    wf_offload_submit(file->watch->triggers->offload, &job->job);
}

static void ended(void *arg, const struct wf_refusal *refusal,
                  const struct wf_execution_reply *execution) {
    struct wf_watched *file = arg;
    const struct wf_watch_rule *rule = file->watch->rule;

    if (!wf_watch_goes_on(file->watch))
        return;
    if (refusal) /* its retention is over */
        end_file(file);
    else if (execution->status == WF_EXECUTION_RUNNING)
        ask_end(file);
    else
        move(file, execution->status == WF_EXECUTION_SUCCEEDED
                       ? rule->succeeded
                       : rule->failed);
}

static void ask_end(struct wf_watched *file) {
    struct wf_watch *watch = file->watch;
    struct wf_buf arn = {0};

    file->state = WF_WATCHED_RUNNING;
    watch->asked++;
    wf_trigger_execution_arn(watch->trigger, text_of(&file->execution), &arn);
    wf_engine_wait_for_execution(engine_of(file), text_of(&arn), WAIT_MS,
                                 ended, file);
    wf_buf_free(&arn);
}

/* ---- the start ---- */

static void go_on(struct wf_watched *file) {
    const struct wf_watch_rule *rule = file->watch->rule;

    if (rule->succeeded || rule->failed)
        ask_end(file);
    else
        end_file(file);
}

static void complain(struct wf_watched *file, const char *exception,
                     struct wf_str message) {
    struct wf_watch *watch = file->watch;
    struct wf_trigger *trigger = counted(watch);
    struct wf_buf why = {0};

    wf_buf_addf(&why, "%s: %.*s", exception, (int)message.len, message.data);
    wf_watch_tell(watch, "watch %s: %s starts nothing: %.*s",
                  watch->trigger->name, file->name, (int)why.len, why.data);
    if (trigger) {
        trigger->counts.failed++;
        wf_trigger_complain(trigger, text_of(&why), wf_triggers_now());
    }
    wf_buf_free(&why);
}

/* It is tried again, later each time; or left, if nothing but another version
 * of the file would mend it. */
static void failed(struct wf_watched *file, const struct wf_refusal *refusal) {
    unsigned doublings = file->attempts < BACKOFF_MOST ? file->attempts
                                                       : BACKOFF_MOST;

    if (strcmp(refusal->exception, "ThrottlingException") != 0)
        complain(file, refusal->exception, refusal->message);
    if (strcmp(refusal->exception, "InvalidExecutionInput") == 0) {
        end_file(file);
        return;
    }
    file->watch->running--;
    file->attempts++;
    file->state = WF_WATCHED_SETTLING;
    file->due_ns = wf_clock_mono_ns() + (BACKOFF_NS << doublings);
    wf_watch_wake(file->watch);
}

static void started(void *arg, const struct wf_refusal *refusal,
                    const struct wf_execution_reply *execution) {
    struct wf_watched *file = arg;
    struct wf_trigger *trigger;

    if (!wf_watch_goes_on(file->watch))
        return;
    trigger = counted(file->watch);
    if (!refusal) {
        if (trigger)
            wf_trigger_started(trigger, execution->arn, wf_triggers_now());
        go_on(file);
    } else if (strcmp(refusal->exception, "ExecutionAlreadyExists") == 0) {
        if (trigger)
            trigger->counts.repeated++;
        go_on(file);
    } else {
        failed(file, refusal);
    }
}

static void start(struct wf_watched *file, struct wf_str input) {
    struct wf_start_execution ask = {
        .state_machine_arn = wf_str(file->watch->trigger->arn),
        .name = text_of(&file->execution),
        .input = input,
        .is_exclusive = true,
    };

    file->watch->asked++;
    wf_engine_start_execution(engine_of(file), &ask, started, file);
}

static void shaped(void *arg, const struct wf_refusal *refusal,
                   struct wf_str output) {
    struct wf_watched *file = arg;

    if (!wf_watch_goes_on(file->watch))
        return;
    if (refusal)
        failed(file, refusal);
    else
        start(file, output);
}

void wf_watched_start(struct wf_watched *file) {
    struct wf_watch *watch = file->watch;
    struct wf_buf key = {0};

    watch->running++;
    file->state = WF_WATCHED_STARTING;
    file->execution.len = file->event.len = 0;
    if (!wf_watched_event(file, &file->event)) {
        complain(file, "InvalidName", WF_STR("its name is no UTF-8"));
        end_file(file);
        return;
    }
    wf_watched_key(file, &key);
    wf_trigger_execution_name(watch->trigger, text_of(&key), &file->execution);
    wf_buf_free(&key);
    if (!watch->trigger->shape) {
        start(file, text_of(&file->event));
        return;
    }
    watch->asked++;
    wf_engine_shape_input(engine_of(file), wf_str(watch->trigger->shape),
                          text_of(&file->event), shaped, file);
}
