/* trigger_file.c - sets of triggers, and what they have counted. See
 * trigger_file.h; trigger_read.c reads them. */
#include "trigger_file.h"

#include <stdlib.h>

#include "trigger_reader.h"

enum { ERROR_BYTES = 400, NAME_HASH = 32 };

static void hook_free(struct wf_hook *hook) {
    wf_hook_auth_free(&hook->auth);
    free(hook->key_of);
    wf_trigger_texts_free(hook->headers);
}

static void watch_free(struct wf_watch_rule *watch) {
    free(watch->directory);
    free(watch->succeeded);
    free(watch->failed);
    wf_trigger_texts_free(watch->patterns);
    wf_trigger_texts_free(watch->ignored);
}

static void trigger_free(struct wf_trigger *trigger) {
    if (trigger->kind == WF_TRIGGER_HOOK)
        hook_free(&trigger->hook);
    else
        watch_free(&trigger->watch);
    free(trigger->name);
    free(trigger->arn);
    free(trigger->shape);
    free(trigger->counts.last_arn);
    free(trigger->counts.error);
}

struct wf_trigger_set *wf_trigger_set_ref(struct wf_trigger_set *set) {
    set->refs++;
    return set;
}

void wf_trigger_set_unref(struct wf_trigger_set *set) {
    if (!set || --set->refs > 0)
        return;
    for (size_t i = 0; i < set->count; i++)
        trigger_free(&set->triggers[i]);
    free(set->triggers);
    free(set);
}

struct wf_trigger *wf_trigger_find(struct wf_trigger_set *set,
                                   enum wf_trigger_kind kind,
                                   struct wf_str name) {
    size_t low = kind == WF_TRIGGER_HOOK ? 0 : set->hooks;
    size_t high = kind == WF_TRIGGER_HOOK ? set->hooks : set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct wf_str at = wf_str(set->triggers[middle].name);
        size_t len = at.len < name.len ? at.len : name.len;
        int order = len ? memcmp(name.data, at.data, len) : 0;
        if (order == 0 && at.len == name.len)
            return &set->triggers[middle];
        if (order < 0 || (order == 0 && name.len < at.len))
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

void wf_trigger_set_inherit(struct wf_trigger_set *set,
                            const struct wf_trigger_set *old) {
    for (size_t i = 0; i < old->count; i++) {
        struct wf_trigger *from = &old->triggers[i];
        struct wf_trigger *to =
            wf_trigger_find(set, from->kind, wf_str(from->name));
        if (!to)
            continue;
        to->counts = from->counts;
        from->counts.last_arn = from->counts.error = NULL;
        if (to->kind == WF_TRIGGER_HOOK &&
            from->hook.tokens < to->hook.tokens && from->hook.rate > 0) {
            to->hook.tokens = from->hook.tokens;
            to->hook.filled_ns = from->hook.filled_ns;
        }
    }
}

static void set_text(char **to, struct wf_str text) {
    free(*to);
    *to = text.data ? wf_strndup(text.data, text.len) : NULL;
}

void wf_trigger_started(struct wf_trigger *trigger, struct wf_str arn,
                        int64_t now_ms) {
    trigger->counts.started++;
    trigger->counts.last_ms = now_ms;
    set_text(&trigger->counts.last_arn, arn);
}

void wf_trigger_complain(struct wf_trigger *trigger, struct wf_str why,
                         int64_t now_ms) {
    trigger->counts.error_ms = now_ms;
    set_text(&trigger->counts.error, wf_str_clip(why, ERROR_BYTES));
}

void wf_trigger_execution_name(const struct wf_trigger *trigger,
                               struct wf_str key, struct wf_buf *name) {
    char hex[65];

    wf_hook_hash(key, hex);
    wf_buf_adds(name, trigger->name);
    wf_buf_u8(name, '-');
    wf_buf_add(name, hex, NAME_HASH);
}

/* arn:aws:states:REGION:ACCOUNT:stateMachine:NAME[:QUALIFIER] */
void wf_trigger_execution_arn(const struct wf_trigger *trigger,
                              struct wf_str name, struct wf_buf *arn) {
    const char *kind = strstr(trigger->arn, ":stateMachine:");
    const char *machine = kind + strlen(":stateMachine:");

    wf_buf_add(arn, trigger->arn, (size_t)(kind - trigger->arn));
    wf_buf_adds(arn, ":execution:");
    wf_buf_add(arn, machine, strcspn(machine, ":"));
    wf_buf_u8(arn, ':');
    wf_buf_addstr(arn, name);
}
