/*
 * activity_make.c - CreateActivity, DescribeActivity, DeleteActivity, and
 * ListActivities, whose token is the last name looked at.
 */
#include <stdlib.h>

#include "activity.h"
#include "engine_impl.h"
#include "name_token.h"
#include "refusal.h"

#define DEFAULT_PAGE 100
#define LARGEST_PAGE 1000

/* A call about one activity: what is asked for, and the answer. */
struct one_call {
    struct wf_engine *engine;
    char *name, *encryption;
    struct wf_buf tags;
    size_t tag_count;
    int64_t creation_ms;
    wf_activity_reply_fn *reply;
    wf_done_fn *done; /* DeleteActivity */
    void *arg;
};

static void drop(void *memory) {
    struct one_call *call = memory;
    free(call->name);
    free(call->encryption);
    wf_buf_free(&call->tags);
}

static char *copy_text(struct wf_str text) {
    return text.data ? wf_strndup(text.data, text.len) : NULL;
}

static char *arn_of(const struct one_call *call) {
    return wf_machine_arn(call->engine, "activity", wf_str(call->name), "");
}

static void refuse(struct one_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    const struct wf_refusal *refusal =
        wf_refusal_make(&text, exception, format, subject);
    if (call->done)
        call->done(call->arg, refusal);
    else if (call->reply)
        call->reply(call->arg, refusal, NULL);
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void answer(void *arg) {
    struct one_call *call = arg;
    char *arn = arn_of(call);
    struct wf_activity_reply reply = {
        .arn = wf_str(arn),
        .name = wf_str(call->name),
        .creation_ms = call->creation_ms,
        .encryption = wf_str(call->encryption),
    };
    if (call->done)
        call->done(call->arg, NULL);
    else
        call->reply(call->arg, NULL, &reply);
    free(arn);
    wf_call_free(call);
}

/* With what the activity has. */
static void answer_with(struct one_call *call,
                        const struct wf_activity *activity) {
    free(call->encryption);
    call->encryption = copy_text(wf_str(activity->encryption));
    call->creation_ms = activity->creation_ms;
    wf_engine_after(call->engine, answer, call);
}

/* ---- CreateActivity ---- */

static void already_exists(void *arg) {
    struct one_call *call = arg;
    char *arn = arn_of(call);
    refuse(call, "ActivityAlreadyExists", "Activity Already Exists: '%s'",
           wf_str(arn));
    free(arn);
}

static void make(struct one_call *call, struct wf_activity *activity) {
    struct wf_engine *engine = call->engine;
    while (activity->number == 0) /* else one that was deleted had it */
        activity->number = wf_clock_random(engine->clock);
    activity->exists = true;
    activity->creation_ms = wf_clock_now_ms(engine->clock);
    free(activity->encryption);
    activity->encryption = copy_text(wf_str(call->encryption));
    wf_buf_free(&activity->tags);
    activity->tags = call->tags;
    activity->tag_count = (unsigned)call->tag_count;
    call->tags = (struct wf_buf){0};
    wf_activity_put(engine, activity);
}

static void create_found(void *arg, struct wf_activity *activity) {
    struct one_call *call = arg;
    bool is_same = wf_str_eq(wf_str(activity->encryption),
                             wf_str(call->encryption));
    if (activity->exists && !is_same) {
        wf_engine_after(call->engine, already_exists, call);
        return;
    }
    if (!activity->exists)
        make(call, activity);
    answer_with(call, activity);
}

void wf_engine_create_activity(struct wf_engine *engine,
                               const struct wf_create_activity *ask,
                               wf_activity_reply_fn *reply, void *arg) {
    struct one_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct one_call){
        .engine = engine,
        .name = copy_text(ask->name),
        .encryption = copy_text(ask->encryption),
        .tag_count = ask->tag_count,
        .reply = reply,
        .arg = arg,
    };
    if (ask->tag_count <= WF_TAGS_MAX)
        call->tag_count = wf_tags_merge(&call->tags, 0, ask->tags,
                                        ask->tag_count);
    if (!wf_name_is_valid(ask->name))
        refuse(call, "InvalidName", "Invalid Name: '%s'", ask->name);
    else if (call->tag_count > WF_TAGS_MAX)
        refuse(call, "TooManyTags", WF_TOO_MANY_TAGS, WF_STR_NULL);
    else if (engine->stalled)
        refuse(call, "ThrottlingException", WF_NO_ROOM, WF_STR_NULL);
    else
        wf_activity_by_name(engine, wf_str(call->name), create_found, call);
}

/* ---- DescribeActivity, DeleteActivity ---- */

static void is_missing(void *arg) {
    struct one_call *call = arg;
    char *arn = arn_of(call);
    refuse(call, "ActivityDoesNotExist", WF_NO_ACTIVITY, wf_str(arn));
    free(arn);
}

static void describe_found(void *arg, struct wf_activity *activity) {
    struct one_call *call = arg;
    if (activity->exists)
        answer_with(call, activity);
    else
        wf_engine_after(call->engine, is_missing, call);
}

static void delete_found(void *arg, struct wf_activity *activity) {
    struct one_call *call = arg;
    if (activity->exists) {
        activity->exists = false;
        activity->tag_count = 0;
        wf_buf_free(&activity->tags);
        wf_activity_put(call->engine, activity);
        wf_polls_dismiss(activity);
    }
    wf_engine_after(call->engine, answer, call);
}

static void with_arn(struct one_call *call, struct wf_str text,
                     wf_activity_fn *found) {
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (wf_arn_read(text, "activity", NULL, &arn, &why)) {
        call->name = copy_text(arn.name);
        wf_activity_by_name(call->engine, wf_str(call->name), found, call);
    } else {
        refuse(call, "InvalidArn", "%s", (struct wf_str){why.data, why.len});
    }
    wf_buf_free(&why);
}

void wf_engine_describe_activity(struct wf_engine *engine, struct wf_str arn,
                                 wf_activity_reply_fn *reply, void *arg) {
    struct one_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct one_call){.engine = engine, .reply = reply, .arg = arg};
    with_arn(call, arn, describe_found);
}

void wf_engine_delete_activity(struct wf_engine *engine, struct wf_str arn,
                               wf_done_fn *reply, void *arg) {
    struct one_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct one_call){.engine = engine, .done = reply, .arg = arg};
    with_arn(call, arn, delete_found);
}

/* ---- ListActivities ---- */

struct item {
    char *name, *arn;
    int64_t creation_ms;
};

struct list_call {
    struct wf_engine *engine;
    unsigned page;
    struct wf_buf last; /* name looked at; empty: none */
    struct item *items;
    size_t count;
    bool more;
    wf_activity_list_fn *reply;
    void *arg;
};

static void list_drop(void *memory) {
    struct list_call *call = memory;
    for (size_t i = 0; i < call->count; i++) {
        free(call->items[i].name);
        free(call->items[i].arn);
    }
    free(call->items);
    wf_buf_free(&call->last);
}

static void list_answer(void *arg) {
    struct list_call *call = arg;
    struct wf_buf token = {0};
    struct wf_activity_reply *replies =
        wf_calloc(call->count + 1, sizeof(*replies));
    for (size_t i = 0; i < call->count; i++)
        replies[i] = (struct wf_activity_reply){
            .arn = wf_str(call->items[i].arn),
            .name = wf_str(call->items[i].name),
            .creation_ms = call->items[i].creation_ms,
        };
    if (call->more)
        wf_name_token_put(&token, &call->last);
    call->reply(call->arg, NULL, replies, call->count,
                (struct wf_str){token.data, token.len});
    wf_buf_free(&token);
    free(replies);
    wf_call_free(call);
}

static void add_row(struct list_call *call, const struct wf_row *row) {
    struct wf_str name = {row->key.data + 3, row->key.len - 3};
    int64_t creation_ms;
    call->last.len = 0;
    wf_buf_addstr(&call->last, name);
    if (!wf_activity_exists(row->value, &creation_ms))
        return;
    call->items[call->count++] = (struct item){
        .name = copy_text(name),
        .arn = wf_machine_arn(call->engine, "activity", name, ""),
        .creation_ms = creation_ms,
    };
}

static void scan(struct list_call *call);

static void rows_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct list_call *call = arg;
    size_t i = 0;
    call->engine->loads--;
    if (wf_engine_read_failed(call->engine, err))
        return;
    while (i < count && call->count < call->page)
        add_row(call, &rows[i++]);
    call->more = more || i < count;
    if (call->more && call->count < call->page)
        scan(call);
    else
        wf_engine_after(call->engine, list_answer, call);
}

/* One row more than the page has: are there any? */
static void scan(struct list_call *call) {
    struct wf_engine *engine = call->engine;
    struct wf_key from = wf_key_activity(
        engine->partition, (struct wf_str){call->last.data, call->last.len});
    struct wf_key end = wf_key_table_end(engine->partition, 'A');
    struct wf_range range = {.to = wf_key_str(&end),
                             .max_rows = call->page + 1};
    if (call->last.len)
        from.data[from.len++] = 0; /* the next possible key */
    range.from = wf_key_str(&from);
    engine->loads++;
    wf_store_scan(engine->store, &range, rows_read, call);
}

void wf_engine_list_activities(struct wf_engine *engine,
                               const struct wf_list_activities *ask,
                               wf_activity_list_fn *reply, void *arg) {
    struct list_call *call = wf_call_new(engine, sizeof(*call), list_drop);
    *call = (struct list_call){.engine = engine,
                               .page = ask->max_results,
                               .reply = reply,
                               .arg = arg};
    if (call->page == 0)
        call->page = DEFAULT_PAGE;
    if (call->page > LARGEST_PAGE)
        call->page = LARGEST_PAGE;
    if (ask->next_token.len &&
        !wf_name_token_read(ask->next_token, &call->last)) {
        struct wf_refusal_text text = {0};
        reply(arg,
              wf_refusal_make(&text, "InvalidToken", WF_INVALID_TOKEN,
                              WF_STR_NULL),
              NULL, 0, WF_STR_NULL);
        wf_refusal_free(&text);
        wf_call_free(call);
        return;
    }
    call->items = wf_calloc(call->page, sizeof(*call->items));
    scan(call);
}
