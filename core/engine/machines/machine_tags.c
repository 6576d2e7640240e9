/*
 * machine_tags.c - TagResource, UntagResource and ListTagsForResource: tags
 * stand in the row of the state machine's head, or of the activity, in the
 * order in which they came.
 */
#include <stdlib.h>

#include "activity.h"
#include "engine_impl.h"
#include "refusal.h"

/* ---- tags as they are stored: key value, key value … ---- */

static size_t read_tags(const struct wf_buf *stored, size_t count,
                        struct wf_tag *tags) {
    struct wf_reader in = {stored->data, stored->data + stored->len, false};
    size_t read = 0;
    while (read < count) {
        struct wf_tag tag = {.key = wf_read_text(&in)};
        tag.value = wf_read_text(&in);
        if (in.bad)
            break;
        tags[read++] = tag;
    }
    return read;
}

static void write_tags(struct wf_buf *out, const struct wf_tag *tags,
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        wf_buf_text(out, tags[i].key);
        wf_buf_text(out, tags[i].value);
    }
}

static size_t find_tag(const struct wf_tag *tags, size_t count,
                       struct wf_str key) {
    size_t at = 0;
    while (at < count && !wf_str_eq(tags[at].key, key))
        at++;
    return at;
}

size_t wf_tags_merge(struct wf_buf *stored, size_t count,
                     const struct wf_tag *added, size_t added_count) {
    struct wf_tag *tags = wf_calloc(count + added_count + 1, sizeof(*tags));
    struct wf_buf out = {0};
    count = read_tags(stored, count, tags);
    for (size_t i = 0; i < added_count; i++) {
        size_t at = find_tag(tags, count, added[i].key);
        tags[at] = added[i];
        count += at == count;
    }
    write_tags(&out, tags, count);
    free(tags);
    wf_buf_free(stored);
    *stored = out;
    return count;
}

static bool has_key(const struct wf_str *keys, size_t count,
                    struct wf_str key) {
    for (size_t i = 0; i < count; i++)
        if (wf_str_eq(keys[i], key))
            return true;
    return false;
}

/* The tags of a resource. */
struct stored {
    struct wf_buf *tags;
    unsigned *count;
};

static void remove_tags(struct stored stored, const struct wf_str *keys,
                        size_t key_count) {
    struct wf_tag tags[WF_TAGS_MAX];
    struct wf_buf out = {0};
    size_t count = read_tags(stored.tags, *stored.count, tags), kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!has_key(keys, key_count, tags[i].key))
            tags[kept++] = tags[i];
    write_tags(&out, tags, kept);
    wf_buf_free(stored.tags);
    *stored.tags = out;
    *stored.count = (unsigned)kept;
}

/* ---- calls ---- */

struct tag_call {
    struct wf_engine *engine;
    char *arn;
    struct wf_machine_head *head;
    struct wf_buf tags; /* to be added; or those that there are */
    size_t tag_count;
    struct wf_buf keys; /* to be removed: wf_buf_text each */
    size_t key_count;
    wf_done_fn *done;   /* of those that change tags */
    wf_tags_fn *listed; /* of those that list them */
    void *arg;
};

static void drop(void *memory) {
    struct tag_call *call = memory;
    free(call->arn);
    wf_buf_free(&call->tags);
    wf_buf_free(&call->keys);
}

static void refuse(struct tag_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    wf_refusal_make(&text, exception, format, subject);
    if (strcmp(exception, "TooManyTags") == 0)
        text.refusal.resource = wf_str(call->arn);
    if (call->done)
        call->done(call->arg, &text.refusal);
    else
        call->listed(call->arg, &text.refusal, NULL, 0);
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void answer(void *arg) {
    struct tag_call *call = arg;
    if (call->done) {
        call->done(call->arg, NULL);
    } else {
        struct wf_tag tags[WF_TAGS_MAX];
        size_t count = read_tags(&call->tags, call->tag_count, tags);
        call->listed(call->arg, NULL, tags, count);
    }
    wf_call_free(call);
}

static void is_missing(void *arg) {
    struct tag_call *call = arg;
    refuse(call, "ResourceNotFound", "Resource not found: '%s'",
           wf_str(call->arn));
}

static void are_too_many(void *arg) {
    refuse(arg, "TooManyTags", WF_TOO_MANY_TAGS, WF_STR_NULL);
}

/* False: there would be too many. */
static bool add_tags(const struct tag_call *call, struct stored stored) {
    if (call->tag_count > WF_TAGS_MAX)
        return false;
    struct wf_tag *added = wf_calloc(call->tag_count + 1, sizeof(*added));
    struct wf_buf merged = {0};
    wf_buf_add(&merged, stored.tags->data, stored.tags->len);
    size_t count = read_tags(&call->tags, call->tag_count, added);
    count = wf_tags_merge(&merged, *stored.count, added, count);
    free(added);
    if (count > WF_TAGS_MAX) {
        wf_buf_free(&merged);
        return false;
    }
    wf_buf_free(stored.tags);
    *stored.tags = merged;
    *stored.count = (unsigned)count;
    return true;
}

static void take_keys(const struct tag_call *call, struct stored stored) {
    struct wf_reader in = {call->keys.data, call->keys.data + call->keys.len,
                           false};
    struct wf_str *keys = wf_calloc(call->key_count + 1, sizeof(*keys));
    for (size_t i = 0; i < call->key_count; i++)
        keys[i] = wf_read_text(&in);
    remove_tags(stored, keys, call->key_count);
    free(keys);
}

/* Does what is asked. False: there would be too many. */
static bool change(struct tag_call *call, struct stored stored) {
    if (call->listed) {
        call->tag_count = *stored.count;
        wf_buf_add(&call->tags, stored.tags->data, stored.tags->len);
    } else if (call->tag_count && !add_tags(call, stored)) {
        return false;
    }
    if (call->key_count)
        take_keys(call, stored);
    return true;
}

static bool is_change(const struct tag_call *call) {
    return call->done && (call->tag_count || call->key_count);
}

static void settled(void *arg) {
    struct tag_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_machine_head *head = call->head;
    if (head->status == WF_STATE_MACHINE_DELETED) {
        wf_engine_after(engine, is_missing, call);
        return;
    }
    if (!change(call, (struct stored){&head->tags, &head->tag_count})) {
        wf_engine_after(engine, are_too_many, call);
        return;
    }
    if (is_change(call))
        wf_machine_head_put(engine, head);
    wf_engine_after(engine, answer, call);
}

static void activity_found(void *arg, struct wf_activity *activity) {
    struct tag_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct stored stored = {&activity->tags, &activity->tag_count};
    if (!activity->exists) {
        wf_engine_after(engine, is_missing, call);
        return;
    }
    if (!change(call, stored)) {
        wf_engine_after(engine, are_too_many, call);
        return;
    }
    if (is_change(call))
        wf_activity_put(engine, activity);
    wf_engine_after(engine, answer, call);
}

static void found(void *arg, struct wf_machine_head *head) {
    struct tag_call *call = arg;
    call->head = head;
    if (head)
        wf_machine_settle(call->engine, head, settled, call);
    else
        wf_engine_after(call->engine, is_missing, call);
}

static struct tag_call *new_call(struct wf_engine *engine, struct wf_str arn,
                                 void *arg) {
    struct tag_call *call = wf_call_new(engine, sizeof(*call), drop);
    call->engine = engine;
    call->arn = wf_strndup(arn.data, arn.len);
    call->arg = arg;
    return call;
}

static void run(struct tag_call *call) {
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (!wf_arn_read(wf_str(call->arn), "stateMachine", "activity", &arn,
                     &why)) {
        refuse(call, "InvalidArn", "%s", (struct wf_str){why.data, why.len});
    } else if (call->tag_count && call->engine->stalled) {
        refuse(call, "ThrottlingException", WF_NO_ROOM, WF_STR_NULL);
    } else if (arn.rest.len) {
        is_missing(call);
    } else if (wf_str_eq(arn.kind, WF_STR("activity"))) {
        wf_activity_by_name(call->engine, arn.name, activity_found, call);
    } else {
        wf_machine_head_by_name(call->engine, arn.name, found, call);
    }
    wf_buf_free(&why);
}

void wf_engine_tag_resource(struct wf_engine *engine, struct wf_str arn,
                            const struct wf_tag *tags, size_t count,
                            wf_done_fn *reply, void *arg) {
    struct tag_call *call = new_call(engine, arn, arg);
    const struct wf_tag *bad = wf_retention_bad_tag(tags, count);
    call->done = reply;
    call->tag_count = count;
    write_tags(&call->tags, tags, count);
    if (bad)
        refuse(call, "ValidationException", WF_BAD_RETENTION, bad->value);
    else
        run(call);
}

void wf_engine_untag_resource(struct wf_engine *engine, struct wf_str arn,
                              const struct wf_str *keys, size_t count,
                              wf_done_fn *reply, void *arg) {
    struct tag_call *call = new_call(engine, arn, arg);
    call->done = reply;
    call->key_count = count;
    for (size_t i = 0; i < count; i++)
        wf_buf_text(&call->keys, keys[i]);
    run(call);
}

void wf_engine_list_tags(struct wf_engine *engine, struct wf_str arn,
                         wf_tags_fn *reply, void *arg) {
    struct tag_call *call = new_call(engine, arn, arg);
    call->listed = reply;
    run(call);
}
