/* cli_serve_triggers.c - see cli_serve_triggers.h. */
#include "cli_serve_triggers.h"

#include <stdio.h>
#include <stdlib.h>

#include "offload.h"
#include "severity.h"

int wf_cli_triggers_open(const struct wf_options *options,
                         struct wf_cli_triggers *self, struct wf_error *err) {
    *self = (struct wf_cli_triggers){
        .options = options,
        .path = wf_option_text(options, "triggers"),
        .rules = {
            .unsigned_hooks = !wf_option_text(options, "keys") &&
                              !wf_option_flag(options, "insecure"),
            .body_bytes = (size_t)wf_option_number(options, "payload-bytes"),
        },
    };
    if (!self->path)
        return 0;
    if (wf_cli_files_apart(options, "triggers", self->path, err) != 0)
        return -1;
    return wf_trigger_set_read(self->path, &self->rules, &self->set, err);
}

static void is_wrong(void *arg, const char *message) {
    wf_error_set(arg, WF_E_INVALID, "%s", message);
}

/* Puts the set in use, or gives it up. */
static int take(struct wf_cli_triggers *self, struct wf_trigger_set *set,
                struct wf_error *err) {
    struct wf_error wrong = {0};

    wf_triggers_check_inputs(self->engine, set, is_wrong, &wrong);
    if (wrong.code == WF_OK) {
        wf_triggers_set(self->triggers, set);
        return 0;
    }
    wf_trigger_set_unref(set);
    return wf_error_set(err, WF_E_INVALID, "%s: %s", self->path,
                        wrong.message);
}

int wf_cli_triggers_start(struct wf_cli_triggers *self,
                          const struct wf_triggers_options *with,
                          struct wf_error *err) {
    struct wf_trigger_set *set = self->set;

    if (!self->path)
        return 0;
    self->engine = with->engine;
    self->notice = with->notice;
    self->arg = with->arg;
    self->triggers = wf_triggers_new(with);
    self->set = NULL;
    return take(self, set, err);
}

/* ---- SIGHUP ---- */

struct reload {
    struct wf_job job;
    struct wf_cli_triggers *self;
    struct wf_trigger_set *set;
    struct wf_error err;
};

static void read_again(struct wf_job *job) {
    struct reload *reload = (struct reload *)job;
    wf_trigger_set_read(reload->self->path, &reload->self->rules,
                        &reload->set, &reload->err);
}

static void is_read(struct wf_job *job) {
    struct reload *reload = (struct reload *)job;
    struct wf_cli_triggers *self = reload->self;
    size_t count = reload->set ? reload->set->count : 0;
    char text[1200];

    if (wf_job_is_cancelled(job))
        wf_trigger_set_unref(reload->set);
    else if (reload->set && take(self, reload->set, &reload->err) == 0)
        snprintf(text, sizeof(text), "%zu triggers were read again", count);
    else
        snprintf(text, sizeof(text),
                 WF_WARNING "the triggers stay as they were: %s",
                 reload->err.message);
    if (!wf_job_is_cancelled(job))
        self->notice(self->arg, text);
    free(reload);
}

void wf_cli_triggers_reload(struct wf_cli_triggers *self) {
    struct reload *reload;

    if (!self->triggers)
        return;
    reload = wf_calloc(1, sizeof(*reload));
    reload->self = self;
    reload->job = (struct wf_job){.work = read_again, .done = is_read};
    wf_engine_offload(self->engine, &reload->job);
}

void wf_cli_triggers_close(struct wf_cli_triggers *self) {
    wf_triggers_free(self->triggers);
    wf_trigger_set_unref(self->set);
}
