/* triggers.c - the set of triggers in use. See triggers.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "diagnostic.h"
#include "triggers_impl.h"

int64_t wf_triggers_now(void) {
    struct wf_clock kernel;
    wf_clock_init_real(&kernel);
    return wf_clock_now_ms(&kernel);
}

void wf_triggers_notice(struct wf_triggers *triggers, const char *format,
                        ...) {
    char text[1200];
    va_list args;

    if (!triggers->options.notice)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    triggers->options.notice(triggers->options.arg, text);
}

struct wf_triggers *
wf_triggers_new(const struct wf_triggers_options *options) {
    struct wf_triggers *triggers = wf_calloc(1, sizeof(*triggers));
    struct wf_clock kernel;

    triggers->options = *options;
    wf_list_init(&triggers->calls);
    wf_clock_init_real(&kernel);
    wf_clock_init_real(&triggers->ids);
    wf_clock_seed(&triggers->ids, wf_clock_random(&kernel));
    return triggers;
}

void wf_triggers_set(struct wf_triggers *triggers,
                     struct wf_trigger_set *set) {
    if (triggers->set)
        wf_trigger_set_inherit(set, triggers->set);
    wf_trigger_set_unref(triggers->set);
    triggers->set = set;
    wf_watch_set(triggers, set);
}

void wf_triggers_stop(struct wf_triggers *triggers) {
    if (triggers)
        wf_watch_stop(triggers);
}

void wf_triggers_free(struct wf_triggers *triggers) {
    if (!triggers)
        return;
    wf_watch_stop(triggers);
    wf_offload_free(triggers->offload);
    wf_watch_free(triggers);
    wf_hooks_drop(triggers);
    wf_trigger_set_unref(triggers->set);
    free(triggers);
}

/* ---- inputs that can't be evaluated ----
 *
 * They are small (trigger_read.c), so each is looked at at once. */

struct check {
    const struct wf_trigger *trigger;
    wf_trigger_wrong_fn *wrong;
    void *arg;
    bool is_wrong;
};

static void checked(void *arg, const struct wf_diagnostic *diagnostics,
                    size_t count) {
    struct check *check = arg;
    char text[1200];

    for (size_t i = 0; i < count && !check->is_wrong; i++) {
        const struct wf_diagnostic *found = &diagnostics[i];
        if (found->is_warning || found->is_info)
            continue;
        snprintf(text, sizeof(text), "%s.%s.Input: %.*s",
                 check->trigger->kind == WF_TRIGGER_HOOK ? "Hooks" : "Watches",
                 check->trigger->name, (int)found->message.len,
                 found->message.data);
        check->is_wrong = true;
        check->wrong(check->arg, text);
    }
}

void wf_triggers_check_inputs(struct wf_engine *engine,
                              const struct wf_trigger_set *set,
                              wf_trigger_wrong_fn *wrong, void *arg) {
    struct check check = {.wrong = wrong, .arg = arg};

    for (size_t i = 0; i < set->count && !check.is_wrong; i++) {
        check.trigger = &set->triggers[i];
        if (check.trigger->shape)
            wf_engine_validate_definition(engine,
                                          wf_str(check.trigger->shape), false,
                                          checked, &check);
    }
}
