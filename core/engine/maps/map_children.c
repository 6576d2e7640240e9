/*
 * map_children.c - the child executions of Map Runs: those in memory, their
 * start and end, and what keeps them and their parent in the same batches.
 */
#include <stdlib.h>

#include "engine_impl.h"

/* ---- families: the children in memory ---- */

static struct wf_family **place_of(struct wf_families *families,
                                   uint64_t parent, uint32_t run) {
    uint64_t hash = (parent ^ (uint64_t)run << 32) *
                    UINT64_C(0x9e3779b97f4a7c15) >> 56;
    struct wf_family **at = &families->buckets[hash % WF_FAMILY_BUCKETS];
    while (*at && ((*at)->parent != parent || (*at)->run != run))
        at = &(*at)->next;
    return at;
}

struct wf_family *wf_family_find(struct wf_families *families,
                                 uint64_t parent, uint32_t run) {
    return *place_of(families, parent, run);
}

void wf_family_join(struct wf_families *families,
                    struct wf_execution *execution) {
    struct wf_map_child *child = execution->map_child;
    if (!child)
        return;
    struct wf_family **at = place_of(families, child->parent, child->run);
    if (!*at) {
        *at = wf_calloc(1, sizeof(**at));
        (*at)->parent = child->parent;
        (*at)->run = child->run;
        wf_list_init(&(*at)->members);
        wf_list_init(&(*at)->ended);
    }
    child->family = *at;
    child->family->count++;
    wf_list_append(&child->family->members, &child->member_link);
}

void wf_family_leave(struct wf_families *families,
                     struct wf_execution *execution) {
    struct wf_map_child *child = execution->map_child;
    if (!child || !child->family)
        return;
    struct wf_family *family = child->family;
    wf_list_remove(&child->member_link);
    wf_list_remove(&child->ended_link);
    child->family = NULL;
    if (--family->count > 0)
        return;
    *place_of(families, family->parent, family->run) = family->next;
    free(family);
}

void wf_map_child_free(struct wf_map_child *child) {
    if (!child)
        return;
    wf_list_remove(&child->couple_link);
    free(child->label);
    free(child->prefix);
    free(child->machine_arn);
    free(child);
}

/* ---- coupling ---- */

void wf_couple(struct wf_engine *engine, struct wf_execution *parent,
               struct wf_execution *child) {
    struct wf_map_child *link = child->map_child;
    link->coupled_to = parent;
    wf_list_append(&parent->coupled, &link->couple_link);
    if (parent->deciding > 0)
        wf_execution_hold(engine, child);
}

void wf_uncouple_all(struct wf_engine *engine, struct wf_execution *parent) {
    struct wf_link *link;
    while ((link = wf_list_shift(&parent->coupled))) {
        struct wf_map_child *child =
            WF_ENTRY(link, struct wf_map_child, couple_link);
        child->coupled_to = NULL;
        if (child->is_new && child->execution->frames)
            wf_frame_run(engine, child->execution->frames);
        child->is_new = false;
    }
}

/* ---- start ---- */

static struct wf_map_child *new_child(const struct wf_frame *frame,
                                      uint32_t items) {
    const struct wf_map_run *run = frame->fork->run;
    struct wf_map_child *child = wf_calloc(1, sizeof(*child));
    child->parent = run->parent;
    child->frame = frame->number;
    child->run = run->number;
    child->index = run->started;
    child->items = items;
    child->express = run->express;
    child->label = wf_strndup(run->label, strlen(run->label));
    child->is_new = true;
    return child;
}

void wf_map_start_child(struct wf_engine *engine, struct wf_frame *frame,
                        struct wf_doc *input, uint32_t items) {
    struct wf_execution *parent = frame->execution;
    struct wf_map_run *run = frame->fork->run;
    struct wf_birth birth = {
        .machine = parent->machine,
        .bundle = parent->bundle,
        .input = input,
        .start = wf_frame_state(frame)->branches[0],
        .map_child = new_child(frame, items),
    };
    struct wf_execution *child = wf_execution_begin(engine, &birth);
    run->started++;
    run->executions.running++;
    run->items.running += items;
    wf_couple(engine, parent, child);
}

/* ---- end ---- */

void wf_family_orphan(struct wf_engine *engine, struct wf_family *family) {
    struct wf_link *link;
    while ((link = wf_list_shift(&family->ended))) {
        struct wf_execution *execution =
            WF_ENTRY(link, struct wf_map_child, ended_link)->execution;
        wf_execution_let_go(engine, execution);
    }
}

struct tell {
    struct wf_engine *engine;
    uint64_t parent;
    uint32_t run, frame;
};

/* The parent's frame runs, being loaded if need be, and counts. */
static void tell_frame(struct wf_engine *engine, struct wf_execution *parent,
                       uint32_t number) {
    struct wf_frame *frame = wf_execution_frame(parent, number);
    if (frame)
        wf_frame_run(engine, frame);
    else
        wf_frame_load(engine, parent->id, number);
}

static void parent_loaded(void *arg, struct wf_execution *parent) {
    struct tell *tell = arg;
    struct wf_engine *engine = tell->engine;
    struct wf_family *family =
        wf_family_find(&engine->families, tell->parent, tell->run);
    uint32_t frame = tell->frame;
    wf_call_free(tell);
    if (!family)
        return;
    family->is_telling = false;
    if (parent && parent->status == WF_EXECUTION_RUNNING)
        tell_frame(engine, parent, frame);
    else
        wf_family_orphan(engine, family);
}

void wf_map_child_has_ended(struct wf_engine *engine,
                            struct wf_execution *execution) {
    struct wf_map_child *child = execution->map_child;
    struct wf_family *family = child->family;
    wf_execution_hold(engine, execution);
    wf_list_append(&family->ended, &child->ended_link);
    if (family->is_telling)
        return;
    family->is_telling = true;
    struct tell *tell = wf_call_new(engine, sizeof(*tell), NULL);
    *tell = (struct tell){engine, child->parent, child->run, child->frame};
    wf_execution_load(engine, child->parent, parent_loaded, tell);
}

/* ---- names ---- */

/* Made when they are first needed: most children never show them. */
static void name(struct wf_execution *execution) {
    struct wf_map_child *child = execution->map_child;
    struct wf_buf prefix = {0}, arn = {0};
    struct wf_str machine = wf_str(execution->machine->arn);
    wf_map_child_prefix(machine, wf_str(child->label), child->express,
                        &prefix);
    wf_labelled_arn(machine, wf_str(child->label), &arn);
    wf_buf_u8(&prefix, 0);
    wf_buf_u8(&arn, 0);
    child->prefix = prefix.data;
    child->machine_arn = arn.data;
}

const char *wf_execution_prefix(struct wf_execution *execution) {
    if (!execution->map_child)
        return execution->machine->execution_prefix;
    if (!execution->map_child->prefix)
        name(execution);
    return execution->map_child->prefix;
}

const char *wf_execution_machine_arn(struct wf_execution *execution) {
    if (!execution->map_child)
        return execution->machine->arn;
    if (!execution->map_child->prefix)
        name(execution);
    return execution->map_child->machine_arn;
}
