/*
 * cli_run.c - `moonstep run`: opens what a run needs, runs the loop, closes.
 * What happens meanwhile is in cli_run_steps.c.
 */
#include "cli_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "severity.h"
#include "term.h"

enum { REDRAW_PER_S = 20 };

void wf_run_over(struct wf_run *run, int status) {
    run->step = WF_RUN_OVER;
    run->status = status;
    ev_break(run->loop, EVBREAK_ALL);
}

void wf_run_note(struct wf_run *run, const char *format, ...) {
    char line[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (!run->is_quiet) {
        wf_progress_note(run->progress, line, wf_clock_now_ms(&run->clock));
        wf_progress_draw(run->progress, wf_clock_now_ms(&run->clock));
    } else {
        fprintf(stderr, "moonstep: %s\n", line);
    }
}

/* ---- how to go on ---- */

static void print_word(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ_./:@%+=,-";

    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        fprintf(stderr, " %s", word);
        return;
    }
    fputs(" '", stderr);
    for (; *word != '\0'; word++)
        fprintf(stderr, *word == '\'' ? "'\\''" : "%c", *word);
    fputc('\'', stderr);
}

static void print_option(const char *name, const char *value) {
    fprintf(stderr, " --%s", name);
    if (value != NULL)
        print_word(value);
}

static void print_list(const struct wf_options *options, const char *name) {
    const char *const *list = wf_option_list(options, name);

    for (; list != NULL && *list != NULL; list++)
        print_option(name, *list);
}

void wf_run_tell_how_to_continue(const struct wf_run *run) {
    if (run->place.temporary.len > 0) {
        fputs("moonstep: interrupted; without --data nothing of the run is "
              "kept\n", stderr);
        return;
    }
    fputs("moonstep: interrupted; it continues where it was with\n"
          "  moonstep run", stderr);
    print_word(run->file);
    print_option("data", run->place.directory);
    print_option("name", run->name.data);
    if (wf_option_given(run->options, "machine"))
        print_option("machine", wf_option_text(run->options, "machine"));
    print_list(run->options, "handlers");
    print_list(run->options, "states");
    print_list(run->options, "files");
    if (wf_option_given(run->options, "s3-endpoint"))
        print_option("s3-endpoint",
                     wf_option_text(run->options, "s3-endpoint"));
    if (wf_option_flag(run->options, "virtual-time"))
        print_option("virtual-time", NULL);
    if (wf_option_given(run->options, "seed"))
        print_option("seed", wf_option_text(run->options, "seed"));
    fputc('\n', stderr);
}

/* ---- signals ---- */

static void is_flushed(void *arg) {
    struct wf_run *run = arg;

    if (run->step != WF_RUN_STOP)
        return;
    wf_progress_finish(run->progress, wf_clock_now_ms(&run->clock));
    wf_run_tell_how_to_continue(run);
    wf_run_over(run, WF_EXIT_INTERRUPTED);
}

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int revents) {
    struct wf_run *run = watcher->data;

    (void)loop;
    (void)revents;
    if (run->step >= WF_RUN_STOP)
        _exit(WF_EXIT_INTERRUPTED); /* asked twice: what is stored is stored */
    run->step = WF_RUN_STOP;
    wf_engine_flush(run->engine, is_flushed, run);
}

static void signals_start(struct wf_run *run) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ev_signal_init(&run->signals[i], on_signal, numbers[i]);
        run->signals[i].data = run;
        ev_signal_start(run->loop, &run->signals[i]);
    }
}

/* ---- the engine's and the store's callbacks ---- */

static bool is_ours(const struct wf_run *run, struct wf_str arn) {
    return arn.len == run->execution_arn.len - 1 && /* the NUL */
           memcmp(arn.data, run->execution_arn.data, arn.len) == 0;
}

static void on_event(void *arg, struct wf_str arn,
                     const struct wf_history_event *event) {
    struct wf_run *run = arg;

    if (is_ours(run, arn))
        wf_run_event(run, event);
    else
        wf_run_maps_other(run, arn, event->event.type);
}

static void on_log(void *arg, struct wf_str arn, struct wf_str state,
                   uint64_t entered, const char *stream, struct wf_str line) {
    struct wf_run *run = arg;

    if (is_ours(run, arn))
        wf_progress_log(run->progress, state, entered, stream, line,
                        wf_clock_now_ms(&run->clock));
}

static void on_timer(void *arg, struct wf_str arn, struct wf_str state,
                     uint64_t entered, bool is_retry, int64_t due_ms) {
    struct wf_run *run = arg;

    if (is_ours(run, arn))
        wf_progress_timer(run->progress, state, entered, is_retry, due_ms,
                          wf_clock_now_ms(&run->clock));
}

static void on_notice(void *arg, const char *text) {
    wf_severity_take(&text);
    wf_run_note(arg, "%s", text);
}

static void on_store_state(void *arg, enum wf_store_state state,
                           const struct wf_error *err) {
    struct wf_run *run = arg;
    const char *why = err != NULL ? err->message : "no reason known";

    if (state == WF_STORE_DEAD) {
        wf_cli_fail(WF_EXIT_ENGINE, "the store %s failed: %s",
                    run->place.directory, why);
        wf_run_over(run, WF_EXIT_ENGINE);
    } else if (state == WF_STORE_FULL) {
        wf_run_note(run, "no room in %s: %s; waiting for some",
                    run->place.directory, why);
    } else {
        wf_run_note(run, "there is room again");
    }
}

/* ---- progress ---- */

static void progress_write(void *arg, struct wf_str text) {
    struct wf_run *run = arg;

    if (run->is_quiet)
        return;
    fwrite(text.data, 1, text.len, stderr);
    fflush(stderr);
}

static void progress_size(void *arg, size_t *columns, size_t *lines) {
    (void)arg;
    wf_term_size(STDERR_FILENO, columns, lines);
}

static void on_redraw(struct ev_loop *loop, ev_timer *timer, int revents) {
    struct wf_run *run = timer->data;

    (void)loop;
    (void)revents;
    wf_progress_draw(run->progress, wf_clock_now_ms(&run->clock));
}

static void progress_start(struct wf_run *run) {
    const char *how = wf_option_text(run->options, "progress");
    struct wf_progress_options options = {
        .live = strcmp(how, "tree") == 0 ||
                (strcmp(how, "auto") == 0 && wf_term_is_live(STDERR_FILENO)),
        .color = wf_term_has_color(STDERR_FILENO),
        .unicode = wf_term_is_unicode(),
        .write = progress_write,
        .size = progress_size,
        .arg = run,
    };

    run->is_quiet = strcmp(how, "none") == 0;
    run->progress = wf_progress_new(&options);
    if (!options.live)
        return;
    ev_timer_init(&run->redraw, on_redraw, 0, 1.0 / REDRAW_PER_S);
    run->redraw.data = run;
    ev_timer_start(run->loop, &run->redraw);
}

/* ---- opening ---- */

static void clock_init(struct wf_run *run) {
    if (wf_option_flag(run->options, "virtual-time"))
        wf_clock_init_virtual(&run->clock, 0);
    else
        wf_clock_init_real(&run->clock);
    if (wf_option_given(run->options, "seed"))
        wf_clock_seed(&run->clock,
                      (uint64_t)wf_option_number(run->options, "seed"));
}

/* handlers/ beside the file, if it is there; or NULL. */
static const char *handlers_beside(struct wf_run *run) {
    const char *slash = strrchr(run->file, '/');
    struct stat info;

    if (slash != NULL)
        wf_buf_add(&run->handlers, run->file, (size_t)(slash + 1 - run->file));
    wf_buf_adds(&run->handlers, "handlers");
    wf_buf_u8(&run->handlers, 0);
    return stat(run->handlers.data, &info) == 0 && S_ISDIR(info.st_mode)
               ? run->handlers.data
               : NULL;
}

static size_t count_of(const char *const *list) {
    size_t count = 0;

    while (list != NULL && list[count] != NULL)
        count++;
    return count;
}

/* A workflow's own files, then the directories given, else those beside it. */
static const char *const *handler_directories(struct wf_run *run) {
    const char *const *members = (const char *const *)run->workflow.members;
    const char *const *given = wf_option_list(run->options, "handlers");
    const char *beside[2] = {given == NULL ? handlers_beside(run) : NULL};
    size_t own = count_of(members), count;

    if (given == NULL)
        given = beside;
    count = own + count_of(given);
    run->handler_list = wf_calloc(count + 1, sizeof(*run->handler_list));
    for (size_t i = 0; i < count; i++)
        run->handler_list[i] = i < own ? members[i] : given[i - own];
    return count > 0 ? run->handler_list : NULL;
}

static int engine_open(struct wf_run *run,
                       const struct wf_engine_options *engine,
                       struct wf_error *err) {
    const struct wf_options *o = run->options;
    struct wf_store_options store = {
        .directory = run->place.directory,
        .limit_bytes = (uint64_t)wf_option_number(o, "store-bytes"),
        .no_sync = run->place.temporary.len > 0, /* nobody reopens it */
    };
    static const struct wf_engine_events events = {
        .event = on_event,
        .log = on_log,
        .timer = on_timer,
        .notice = on_notice,
    };

    if (wf_store_open_lmdb(run->loop, &store, &run->store, err) != 0)
        return -1;
    wf_store_watch(run->store, on_store_state, run);
    return wf_engine_open(run->loop, &run->clock, run->store, engine,
                          &events, run, &run->engine, err);
}

static void names_init(struct wf_run *run) {
    const char *name = wf_option_text(run->options, "name");
    char uuid[37];

    if (name == NULL) { /* made here: its events can come before the reply */
        wf_clock_uuid7(&run->clock, uuid);
        name = uuid;
    }
    wf_buf_adds(&run->name, name);
    wf_buf_u8(&run->name, 0);
    wf_cli_machine_name(run->options, run->file, &run->machine);
    wf_buf_u8(&run->machine, 0);
    wf_cli_arn(run->options, "stateMachine", run->machine.data,
               &run->machine_arn);
    wf_buf_addf(&run->execution_arn, "arn:aws:states:%s:%s:execution:%s:%s",
                wf_option_text(run->options, "region"),
                wf_option_text(run->options, "account"), run->machine.data,
                name);
    wf_buf_u8(&run->execution_arn, 0);
}

static int run_open(struct wf_run *run) {
    struct wf_engine_options engine;
    struct wf_error err = {0};

    run->place.lock = -1;
    if (wf_workflow_read(run->options, run->file, &run->workflow, &err) != 0)
        return wf_cli_fail(err.code == WF_E_INVALID ? WF_EXIT_FAILED
                                                    : WF_EXIT_USAGE,
                           "%s", err.message);
    if (wf_cli_input(run->options, &run->input, &err) != 0)
        return wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    clock_init(run);
    names_init(run);
    run->loop = ev_loop_new(EVFLAG_AUTO);
    if (run->loop == NULL)
        return wf_cli_fail(WF_EXIT_ENGINE, "no event loop");
    if (wf_run_store_init(&run->place, wf_option_text(run->options, "data"),
                          &err) != 0)
        return wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    wf_cli_engine_options(run->options, &engine);
    engine.handlers = handler_directories(run);
    engine.in_step = run->clock.is_virtual && run->clock.seeded;
    if (wf_cli_stores(run->options, run->place.directory, &engine,
                      &run->stores, &err) != 0)
        return wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    progress_start(run);
    wf_run_maps_init(run);
    if (engine_open(run, &engine, &err) != 0)
        return wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    return WF_EXIT_OK;
}

static void run_close(struct wf_run *run) {
    if (run->engine != NULL)
        wf_engine_close(run->engine);
    wf_store_close(run->store);
    wf_run_store_deinit(&run->place);
    wf_progress_free(run->progress);
    wf_workflow_deinit(&run->workflow);
    free(run->handler_list);
    wf_buf_free(&run->input);
    wf_buf_free(&run->machine);
    wf_buf_free(&run->handlers);
    wf_buf_free(&run->machine_arn);
    wf_buf_free(&run->execution_arn);
    wf_buf_free(&run->name);
    if (run->loop != NULL)
        ev_loop_destroy(run->loop);
}

int wf_cli_run(const struct wf_options *options) {
    struct wf_run run = {
        .options = options,
        .file = wf_options_arg(options, 0),
    };

    run.status = run_open(&run);
    if (run.status == WF_EXIT_OK) {
        signals_start(&run);
        wf_run_begin(&run);
        ev_run(run.loop, 0);
        if (run.step != WF_RUN_OVER)
            run.status = wf_cli_fail(WF_EXIT_ENGINE, "the loop ran out of "
                                     "work before the execution ended");
    }
    run_close(&run);
    return run.status;
}
