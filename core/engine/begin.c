/* begin.c - a new execution, from what it is made of. */
#include "engine_impl.h"

uint64_t wf_execution_new_id(struct wf_engine *engine) {
    uint64_t id = (uint64_t)wf_clock_now_ms(engine->clock) << 16;
    if (id <= engine->last_execution)
        id = engine->last_execution + 1;
    return engine->last_execution = id;
}

/* A child's says which one it is, so no row by name is needed. */
static void set_child_name(struct wf_engine *engine,
                           struct wf_execution *execution) {
    char uuid[WF_UUID + 1];
    wf_map_child_uuid(execution->id, wf_clock_random(engine->clock), uuid);
    execution->name = wf_strndup(uuid, WF_UUID);
}

static void set_name(struct wf_engine *engine, struct wf_str given,
                     struct wf_execution *execution) {
    struct wf_buf name = {0};
    char uuid[37];
    wf_clock_uuid7(engine->clock, uuid);
    if (given.len)
        wf_buf_addstr(&name, given);
    else
        wf_buf_add(&name, uuid, 36);
    if (execution->express) {
        wf_clock_uuid4(engine->clock, uuid);
        wf_buf_addf(&name, ":%s", uuid);
    }
    wf_buf_u8(&name, 0);
    execution->name = name.data;
}

static void record_start(struct wf_engine *engine,
                         struct wf_execution *execution) {
    struct wf_frame *root = execution->frames;
    struct wf_event event = {
        .type = WF_EVENT_EXECUTION_STARTED,
        .fields = WF_EVENT_HAS_DOC,
    };
    event.doc = execution->input.number;
    wf_frame_event(engine, root, &event);
    root->previous_event = 0; /* the first state's event points to none */
}

/* Its first frame. */
static void add_root(struct wf_engine *engine, struct wf_execution *execution,
                     const struct wf_birth *birth) {
    struct wf_frame *root = wf_frame_new(execution, 0);
    execution->next_frame = 1;
    root->state = birth->start;
    wf_execution_doc(engine, execution, birth->input, NULL,
                     &execution->input);
    wf_ref_copy(&root->input, &execution->input);
    record_start(engine, execution);
    execution->image_changed = true;
}

struct wf_execution *wf_execution_begin(struct wf_engine *engine,
                                        const struct wf_birth *birth) {
    struct wf_execution *execution = wf_execution_new();
    execution->id = wf_execution_new_id(engine);
    wf_execution_set_machine(execution, birth->machine);
    execution->express = birth->machine->express;
    execution->version = birth->version;
    if (birth->alias.len)
        execution->alias = wf_strndup(birth->alias.data, birth->alias.len);
    execution->news = WF_NEWS_RUNS;
    execution->start_ms = wf_clock_now_ms(engine->clock);
    execution->last_ms = execution->start_ms;
    execution->map_child = birth->map_child;
    if (birth->map_child)
        set_child_name(engine, execution);
    else
        set_name(engine, birth->name, execution);
    memcpy(execution->bundle, birth->bundle, sizeof(execution->bundle));
    if (birth->trace_header.len)
        execution->trace_header = wf_strndup(birth->trace_header.data,
                                             birth->trace_header.len);
    add_root(engine, execution, birth);
    if (birth->timeout_s)
        execution->timeout_due_ms =
            execution->start_ms + birth->timeout_s * 1000;
    wf_timer_update_execution(engine, execution);
    wf_table_add(&engine->table, execution);
    if (birth->map_child)
        birth->map_child->execution = execution;
    wf_family_join(&engine->families, execution);
    if (birth->is_paused)
        wf_execution_pause(engine, execution, execution->start_ms,
                           birth->pause_reason, true);
    wf_execution_measure(engine, execution);
    engine->stats.executions_started++;
    wf_frame_changed(engine, execution->frames);
    if (!birth->map_child)
        wf_frame_run(engine, execution->frames);
    return execution;
}
