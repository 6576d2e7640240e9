/* test_map.c - the iterations of a Map that is tested. See test_run.h. */
#include "clock.h"
#include "item_batcher.h"
#include "item_settings.h"
#include "test_run.h"

struct map {
    struct wf_test_run *run;
    struct wf_script *script;
    const struct wf_script_call *call;
    const struct wf_decision *decision;
    bool has_selector;
    struct wf_doc *items;  /* array or object; NULL: not known */
    uint32_t node;         /* of it in there */
    struct wf_buf source;  /* where they come from */
    struct wf_item_batcher batcher;
    struct wf_buf selected, batches; /* arrays in the making */
    struct wf_failure *failure;
    struct wf_buf *text;
};

static bool fail(struct map *map, const char *error, struct wf_str cause) {
    map->text->len = 0;
    wf_buf_addstr(map->text, cause);
    *map->failure = (struct wf_failure){
        wf_str(error), {map->text->data, map->text->len}};
    return false;
}

/* ---- the items ---- */

static void add_element(struct wf_buf *array, struct wf_str json) {
    wf_buf_u8(array, array->len ? ',' : '[');
    wf_buf_addstr(array, json);
}

static struct wf_doc *close_array(struct wf_buf *array) {
    wf_buf_adds(array, array->len ? "]" : "[]");
    return wf_doc_trusted_buf(array);
}

#define READ_ITEMS 1000
#define READ_BYTES ((size_t)1 << 20)

static bool add_read(struct map *map, struct wf_item_reader *reader,
                     struct wf_buf *array) {
    struct wf_item_batch batch = {0};
    struct wf_error err;
    bool is_good = true;
    do {
        is_good = wf_item_reader_next(reader, READ_ITEMS, READ_BYTES, &batch,
                                      &err) == 0;
        for (size_t i = 0; is_good && i < batch.count; i++)
            add_element(array, wf_item_text(&batch, i));
        map->source.len = 0;
        wf_buf_add(&map->source, batch.source.data, batch.source.len);
    } while (is_good && !batch.end &&
             wf_clock_mono_ns() < map->run->deadline_ns);
    wf_item_batch_free(&batch);
    return is_good || fail(map, "States.ItemReaderFailed",
                           wf_str(err.message));
}

/* What the ItemReader makes of the data that the request has. */
static bool read_items(struct map *map) {
    struct wf_value reader = {NULL, 0}, pointer;
    struct wf_buf array = {0};
    struct wf_error err;
    if (!map->run->ask.reader_data.data || !map->decision->run ||
        !wf_value_member((struct wf_value){map->decision->run, 0},
                         WF_STR("reader"), &reader))
        return true; /* nobody knows the items */
    struct wf_item_reader *items = wf_item_settings_text_reader(
        reader, map->run->ask.reader_data, &err);
    if (!items)
        return fail(map, "States.ItemReaderFailed", wf_str(err.message));
    bool is_good = add_read(map, items, &array);
    wf_item_reader_free(items);
    if (is_good) {
        map->items = close_array(&array);
        if (wf_value_member(reader, WF_STR("itemsPointer"), &pointer))
            wf_inspection_show(&map->run->inspection,
                               WF_STAGE_AFTER_ITEMS_POINTER,
                               wf_doc_text(map->items));
    }
    wf_buf_free(&array);
    return is_good;
}

static bool find_items(struct map *map, bool is_jsonpath) {
    struct wf_value items = map->decision->items;
    if (!items.doc)
        return read_items(map);
    map->items = wf_doc_ref(items.doc);
    map->node = items.node;
    wf_buf_adds(&map->source, "STATE_DATA");
    if (is_jsonpath)
        wf_inspection_show(&map->run->inspection, WF_STAGE_AFTER_ITEMS_PATH,
                           wf_value_text(items));
    return true;
}

/* ---- what iterations get ---- */

static bool select_item(struct map *map, uint32_t index, struct wf_value item,
                        bool has_key, struct wf_decision *selected) {
    struct wf_script_context context = *map->call->context;
    struct wf_script_call call = *map->call;
    context.in_map = true;
    context.map_index = index;
    context.map_item = item;
    context.map_key = has_key;
    context.map_source = (struct wf_str){map->source.data, map->source.len};
    call.context = &context;
    call.event = WF_SCRIPT_ITEM;
    wf_script_decide(map->script, &call, selected);
    if (selected->kind == WF_DECISION_ITEM)
        return true;
    map->text->len = 0;
    wf_buf_reserve(map->text, selected->failure.error.len +
                                  selected->failure.cause.len + 1);
    *map->failure = selected->failure;
    wf_buf_keep(map->text, &map->failure->error);
    wf_buf_keep(map->text, &map->failure->cause);
    return false;
}

static void close_batch(struct map *map) {
    struct wf_doc *batch = wf_item_batcher_close(&map->batcher);
    add_element(&map->batches, wf_doc_text(batch));
    wf_doc_unref(batch);
}

static bool add_item(struct map *map, struct wf_str item) {
    if (map->has_selector)
        add_element(&map->selected, item);
    if (map->batcher.is_used) {
        if (!wf_item_batcher_fits(&map->batcher, item.len))
            close_batch(map);
        if (wf_item_batcher_add(&map->batcher, item))
            close_batch(map);
    }
    if (map->selected.len > map->run->payload_bytes ||
        map->batches.len > map->run->payload_bytes)
        return fail(map, "States.DataLimitExceeded",
                    WF_STR("The inputs of the iterations exceed the maximum "
                           "number of bytes service limit."));
    return wf_clock_mono_ns() < map->run->deadline_ns ||
           fail(map, "States.Runtime",
                WF_STR("Evaluating the state took too long"));
}

static bool take_item(struct map *map, uint32_t index, struct wf_value item,
                      bool has_key) {
    struct wf_decision selected = {0};
    if (!map->has_selector)
        return add_item(map, wf_value_text(item));
    bool is_good = select_item(map, index, item, has_key, &selected) &&
                   add_item(map, wf_doc_text(selected.output));
    wf_decision_free(&selected);
    return is_good;
}

static bool take_items(struct map *map) {
    const struct wf_node *nodes = wf_doc_nodes(map->items);
    bool has_keys = nodes[map->node].type == WF_JSON_OBJECT;
    uint32_t at = map->node + 1;
    for (uint32_t i = 0; i < nodes[map->node].count; i++) {
        at += has_keys;
        if (!take_item(map, i, (struct wf_value){map->items, at}, has_keys))
            return false;
        at = nodes[at].next;
    }
    return true;
}

static void show_array(struct map *map, enum wf_stage stage,
                       struct wf_buf *array) {
    struct wf_doc *doc = close_array(array);
    wf_inspection_show(&map->run->inspection, stage, wf_doc_text(doc));
    wf_doc_unref(doc);
}

static bool make_inputs(struct map *map) {
    if (map->decision->run)
        wf_item_batcher_init(&map->batcher,
                             (struct wf_value){map->decision->run, 0});
    if (!map->items || (!map->has_selector && !map->batcher.is_used))
        return true;
    if (!take_items(map))
        return false;
    if (map->batcher.count > 0)
        close_batch(map);
    if (map->has_selector)
        show_array(map, WF_STAGE_AFTER_ITEM_SELECTOR, &map->selected);
    if (map->batcher.is_used)
        show_array(map, WF_STAGE_AFTER_ITEM_BATCHER, &map->batches);
    return true;
}

/* ---- failures ---- */

/* -1: none is given. */
static double number_shown(const struct map *map, enum wf_stage stage) {
    const struct wf_inspection *shown = &map->run->inspection;
    return wf_inspection_stage(shown, stage).len ? shown->numbers[stage] : -1;
}

static bool exceeds(const struct map *map, double failed, double all) {
    double count = number_shown(map, WF_STAGE_TOLERATED_FAILURE_COUNT);
    double percentage =
        number_shown(map, WF_STAGE_TOLERATED_FAILURE_PERCENTAGE);
    return (count >= 0 && failed > count) ||
           (percentage >= 0 && failed * 100 > percentage * all);
}

/* As recorded at AWS: any number is tolerated if nothing is said of it, and a
 * mocked error is the Map's, whatever it tolerates. */
static bool count_failures(struct map *map) {
    const struct wf_test_run *run = map->run;
    int64_t failed = run->ask.failures;
    double all = map->items
                     ? wf_doc_nodes(map->items)[map->node].count
                     : -1;
    if (failed < 0)
        return true;
    if (all >= 0 && run->ask.mock_fails && (double)failed > all) {
        wf_test_refuse(map->run, "ValidationException",
                       "Map iteration failure count must be less than or "
                       "equal to the number of Map iterations");
        return false;
    }
    if (run->ask.mock_fails || !run->mock_result)
        return true;
    if (all < 0)
        all = wf_doc_nodes(run->mock_result)->count;
    return !exceeds(map, (double)failed, all) ||
           fail(map, "States.ExceedToleratedFailureThreshold",
                WF_STR("The specified tolerated failure threshold was "
                       "exceeded"));
}

bool wf_test_map(struct wf_test_run *run, struct wf_script *script,
                 const struct wf_script_call *call,
                 const struct wf_script_subject *subject,
                 const struct wf_decision *decision,
                 struct wf_failure *failure, struct wf_buf *text) {
    struct map map = {
        .run = run, .script = script, .call = call, .decision = decision,
        .has_selector = subject->states[subject->state].has_selector,
        .failure = failure, .text = text,
    };
    wf_inspection_number(&run->inspection, WF_STAGE_MAX_CONCURRENCY,
                         decision->limit);
    bool is_good = find_items(&map, subject->is_jsonpath) &&
                   make_inputs(&map) && count_failures(&map);
    wf_doc_unref(map.items);
    wf_buf_free(&map.source);
    wf_item_batcher_free(&map.batcher);
    wf_buf_free(&map.selected);
    wf_buf_free(&map.batches);
    return is_good;
}
