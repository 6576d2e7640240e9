/* search.c - SearchExecutions: the request, and which lists it is about. See
 * search_impl.h. */
#include <stdlib.h>

#include "qualifiers.h"
#include "refusal.h"
#include "search_impl.h"

#define SCAN_ROWS 1000 /* of state machines */

static void drop(void *memory) {
    struct wf_search *search = memory;
    for (size_t i = 0; i < search->list_count; i++) {
        wf_lister_free(&search->lists[i].lister);
        free(search->lists[i].name);
    }
    free(search->lists);
    free(search->taken.items);
    free(search->asked.items);
    free(search->found.items);
    wf_buf_free(&search->texts);
    wf_buf_free(&search->last_name);
    wf_condition_free(&search->condition);
}

void wf_search_refuse(struct wf_search *search, const char *exception,
                      const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    search->reply(search->arg,
                  wf_refusal_make(&text, exception, format, subject), NULL);
    wf_refusal_free(&text);
    wf_call_free(search);
}

void wf_found_add(struct wf_found_list *list, const struct wf_found *found) {
    if (list->count == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 64;
        list->items =
            wf_realloc(list->items, list->cap * sizeof(*list->items));
    }
    list->items[list->count++] = *found;
}

/* ---- answering ---- */

struct shown {
    struct wf_execution_reply *replies;
    struct wf_listed_arns *own;
    struct wf_list_arns *of; /* by list; made when first shown */
};

static void show(struct wf_search *search, struct shown *shown, size_t at) {
    const struct wf_found *found = &search->found.items[at];
    const struct wf_search_list *list = &search->lists[found->list];
    struct wf_list_arns *of = &shown->of[found->list];
    if (!of->prefix.data) {
        struct wf_str name = wf_str(list->name);
        char *prefix =
            wf_machine_arn(search->engine, "execution", name, ":");
        char *machine =
            wf_machine_arn(search->engine, "stateMachine", name, "");
        wf_buf_adds(&of->prefix, prefix);
        wf_buf_adds(&of->machine, machine);
        free(prefix);
        free(machine);
    }
    wf_listed_reply(&list->lister.items[found->item], of, &shown->own[at],
                    &shown->replies[at]);
}

static void answer(void *arg) {
    struct wf_search *search = arg;
    size_t count = search->found.count;
    char token[48] = "";
    struct shown shown = {
        .replies = wf_calloc(count + 1, sizeof(*shown.replies)),
        .own = wf_calloc(count + 1, sizeof(*shown.own)),
        .of = wf_calloc(search->list_count + 1, sizeof(*shown.of)),
    };
    for (size_t i = 0; i < count; i++)
        show(search, &shown, i);
    struct wf_search_reply reply = {
        .executions = shown.replies,
        .count = count,
        .condition_errors = search->condition.errors,
        .condition_cause = {search->condition.cause.data,
                            search->condition.cause.len},
    };
    if (!search->is_complete) {
        wf_place_put(token, search->end_ms, search->end_id);
        reply.next_token = wf_str(token);
        reply.scanned_until_ms = search->end_ms;
    }
    search->reply(search->arg, NULL, &reply);
    for (size_t i = 0; i < search->list_count; i++)
        wf_list_arns_free(&shown.of[i]);
    free(shown.of);
    wf_listed_arns_free(shown.own, count);
    free(shown.replies);
    wf_call_free(search);
}

void wf_search_answer(struct wf_search *search) {
    wf_engine_after(search->engine, answer, search);
}

/* ---- what is wanted ---- */

static bool is_within(int64_t ms, int64_t from_ms, int64_t until_ms) {
    if (!from_ms && !until_ms)
        return true;
    return ms && ms >= from_ms && (!until_ms || ms < until_ms);
}

bool wf_search_wants(void *arg, const struct wf_listed *item,
                     struct wf_str name) {
    const struct wf_search *search = arg;
    const struct wf_search_executions *ask = &search->ask;
    if (ask->statuses && !(ask->statuses & 1u << item->status))
        return false;
    if (ask->redriven != WF_REDRIVE_ANY &&
        (ask->redriven == WF_REDRIVEN) != (item->redrives > 0))
        return false;
    return is_within(item->start_ms, ask->started_from_ms,
                     ask->started_until_ms) &&
           is_within(item->stop_ms, ask->stopped_from_ms,
                     ask->stopped_until_ms) &&
           name.len >= ask->name_prefix.len &&
           (ask->name_prefix.len == 0 ||
            memcmp(name.data, ask->name_prefix.data,
                   ask->name_prefix.len) == 0);
}

static bool has_tag(const struct wf_search *search, struct wf_str tags,
                    unsigned count) {
    const struct wf_search_executions *ask = &search->ask;
    struct wf_reader in = {tags.data, tags.data + tags.len, false};
    if (!ask->tag_key.data)
        return true;
    for (unsigned i = 0; i < count; i++) {
        struct wf_str key = wf_read_text(&in), value = wf_read_text(&in);
        if (wf_str_eq(key, ask->tag_key))
            return !ask->tag_value.data || wf_str_eq(value, ask->tag_value);
    }
    return false;
}

/* ---- the lists ---- */

static struct wf_lister *add_list(struct wf_search *search,
                                  const struct wf_machine_head *head,
                                  struct wf_str name) {
    int64_t from_ms = search->ask.started_from_ms;
    if (search->list_count == search->list_cap) {
        search->list_cap = search->list_cap ? search->list_cap * 2 : 16;
        search->lists = wf_realloc(search->lists, search->list_cap *
                                                      sizeof(*search->lists));
    }
    struct wf_search_list *list = &search->lists[search->list_count++];
    *list = (struct wf_search_list){
        .name = wf_strndup(name.data, name.len),
        .lister = {.engine = search->engine,
                   .machine = head->id,
                   .since = head->since,
                   .oldest_ms = from_ms > head->creation_ms
                                    ? from_ms
                                    : head->creation_ms,
                   .before_ms = search->before_ms,
                   .before_id = search->before_id,
                   .wants = wf_search_wants,
                   .arg = search},
    };
    return &list->lister;
}

static void found_without(struct wf_search *search) {
    struct wf_found_list none = search->found;
    search->found = search->taken;
    search->taken = none;
    wf_search_answer(search);
}

static void begin(struct wf_search *search) {
    if (search->ask.where.data)
        wf_search_where(search);
    else
        wf_search_gather(search, search->page, found_without);
}

/* ---- of one state machine ---- */

static void begin_after(void *arg) {
    begin(arg);
}

static void is_missing(void *arg) {
    struct wf_search *search = arg;
    wf_search_refuse(search, "StateMachineDoesNotExist",
                     "State Machine Does Not Exist: '%s'",
                     search->ask.state_machine_arn);
}

static void is_wrong_type(void *arg) {
    wf_search_refuse(arg, "StateMachineTypeNotSupported",
                     WF_WRONG_MACHINE_TYPE, WF_STR_NULL);
}

static void with_machine(void *arg, struct wf_machine *machine) {
    struct wf_search *search = arg;
    const struct wf_machine_head *head =
        machine && machine->name
            ? wf_machine_head_find(search->engine, wf_str(machine->name))
            : NULL;
    struct wf_arn arn;
    if (!head) {
        wf_engine_after(search->engine, is_missing, search);
        return;
    }
    if (machine->express) {
        wf_engine_after(search->engine, is_wrong_type, search);
        return;
    }
    struct wf_str tags = {head->tags.data, head->tags.len};
    if (has_tag(search, tags, head->tag_count)) {
        struct wf_lister *lister =
            add_list(search, head, wf_str(machine->name));
        if (wf_arn_parse(search->ask.state_machine_arn, &arn) &&
            arn.rest.len) {
            lister->qualifier = wf_strndup(arn.rest.data, arn.rest.len);
            lister->version = wf_arn_version(arn.rest);
        }
    }
    wf_engine_after(search->engine, begin_after, search);
}

static void with_qualified(void *arg, const struct wf_qualified *found) {
    with_machine(arg, found ? found->machine : NULL);
}

static void find_machine(struct wf_search *search) {
    struct wf_str given = search->ask.state_machine_arn;
    struct wf_refusal_text label = {0};
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (!wf_arn_read(given, "stateMachine", NULL, &arn, &why)) {
        wf_search_refuse(search, "InvalidArn", "%s",
                         (struct wf_str){why.data, why.len});
    } else if (wf_refusal_label(&label, given)) {
        search->reply(search->arg, &label.refusal, NULL);
        wf_call_free(search);
    } else if (arn.rest.len) {
        wf_machine_by_arn(search->engine, &arn, false, with_qualified,
                          search);
    } else {
        wf_machine_by_name(search->engine, arn.name, with_machine, search);
    }
    wf_refusal_free(&label);
    wf_buf_free(&why);
}

/* ---- of all ---- */

static void scan_machines(struct wf_search *search);

/* Memory knows better than the row. */
static void add_machine(struct wf_search *search, const struct wf_row *row) {
    struct wf_machine_head stored = {0};
    struct wf_machine_head_texts texts;
    struct wf_str name = {row->key.data + 3, row->key.len - 3};
    const struct wf_machine_head *head =
        wf_machine_head_find(search->engine, name);
    search->last_name.len = 0;
    wf_buf_addstr(&search->last_name, name);
    if (head)
        texts.tags = (struct wf_str){head->tags.data, head->tags.len};
    else if (wf_machine_head_decode(row->value, &stored, &texts))
        head = &stored;
    if (head && !head->express && head->status != WF_STATE_MACHINE_DELETED &&
        has_tag(search, texts.tags, head->tag_count))
        add_list(search, head, name);
}

static void machines_read(void *arg, const struct wf_row *rows, size_t count,
                          bool more, const struct wf_error *err) {
    struct wf_search *search = arg;
    search->engine->loads--;
    if (wf_engine_read_failed(search->engine, err))
        return;
    for (size_t i = 0; i < count; i++)
        add_machine(search, &rows[i]);
    if (more)
        scan_machines(search);
    else
        begin(search);
}

static void scan_machines(struct wf_search *search) {
    struct wf_engine *engine = search->engine;
    struct wf_key from = wf_key_machine(
        engine->partition,
        (struct wf_str){search->last_name.data, search->last_name.len});
    struct wf_key end = wf_key_table_end(engine->partition, 'M');
    if (search->last_name.len)
        from.data[from.len++] = 0; /* the next possible key */
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&end),
                             .max_rows = SCAN_ROWS};
    engine->loads++;
    wf_store_scan(engine->store, &range, machines_read, search);
}

/* ---- the request ---- */

static void copy_ask(struct wf_search *search,
                     const struct wf_search_executions *given) {
    struct wf_search_executions *ask = &search->ask;
    *ask = *given;
    struct wf_str *const texts[] = {
        &ask->state_machine_arn, &ask->name_prefix, &ask->tag_key,
        &ask->tag_value,         &ask->where,
    };
    size_t count = sizeof(texts) / sizeof(texts[0]), room = 1;
    for (size_t i = 0; i < count; i++)
        room += texts[i]->len;
    wf_buf_reserve(&search->texts, room);
    for (size_t i = 0; i < count; i++)
        if (texts[i]->data)
            wf_buf_keep(&search->texts, texts[i]);
    ask->next_token = WF_STR_NULL;
}

void wf_engine_search_executions(struct wf_engine *engine,
                                 const struct wf_search_executions *ask,
                                 wf_search_fn *reply, void *arg) {
    struct wf_search *search = wf_call_new(engine, sizeof(*search), drop);
    search->engine = engine;
    search->reply = reply;
    search->arg = arg;
    search->page = wf_page_size(ask->max_results);
    search->begun_ns = wf_clock_mono_ns();
    copy_ask(search, ask);
    if (!wf_place_read(ask->next_token, &search->before_ms,
                       &search->before_id)) {
        wf_search_refuse(search, "InvalidToken", WF_INVALID_TOKEN,
                         WF_STR_NULL);
        return;
    }
    if (ask->started_until_ms && ask->started_until_ms <= search->before_ms) {
        search->before_ms = ask->started_until_ms;
        search->before_id = 0;
    }
    if (ask->state_machine_arn.data)
        find_machine(search);
    else
        scan_machines(search);
}
