/*
 * map_find.c - finding a Map Run by its ARN.
 *
 * The ARN's last part says execution and number (map_run.h). Of a run whose
 * frame is in memory, that is the truth; else row G is. The execution's image
 * tells what the ARN must be.
 */
#include <stdlib.h>

#include "engine_impl.h"

struct find_call {
    struct wf_engine *engine;
    char *name; /* of the state machine, '/', label: as they were given */
    uint64_t parent;
    uint32_t number;
    struct wf_map_run *run;
    struct wf_buf image; /* of the execution */
    wf_map_run_found_fn *found;
    void *arg;
};

static void drop(void *memory) {
    struct find_call *call = memory;
    free(call->name);
    wf_map_run_free(call->run);
    wf_buf_free(&call->image);
}

static void not_found(struct find_call *call) {
    call->found(call->arg, NULL);
    wf_call_free(call);
}

/* ---- in memory ---- */

void wf_map_runs_visit(const struct wf_execution *execution,
                       wf_map_run_visit_fn *visit, void *arg) {
    for (struct wf_frame *f = execution->frames; f; f = f->next)
        if (f->phase != WF_PHASE_GONE && f->fork && f->fork->run)
            visit(arg, f->fork->run, f);
    const struct wf_link *runs = &execution->map_runs;
    for (struct wf_link *link = runs->next; link != runs; link = link->next)
        visit(arg, WF_ENTRY(link, struct wf_map_run, link), NULL);
}

struct wf_map_run *wf_map_run_copy(const struct wf_map_run *run) {
    struct wf_buf image = {0};
    wf_map_run_encode(run, &image);
    struct wf_reader in = {image.data, image.data + image.len, false};
    struct wf_map_run *copy =
        wf_map_run_decode(&in, run->parent, run->number);
    wf_buf_free(&image);
    return copy;
}

static void take(void *arg, struct wf_map_run *run, struct wf_frame *frame) {
    struct find_call *call = arg;
    (void)frame;
    if (run->number == call->number && !call->run)
        call->run = wf_map_run_copy(run);
}

/* ---- what the ARN must be ---- */

static bool has_name(const struct find_call *call,
                     const struct wf_machine *machine) {
    struct wf_buf name = {0};
    wf_buf_addf(&name, "%s/%s", machine->name, call->run->label);
    bool is_it = wf_str_eq(wf_str(call->name),
                           (struct wf_str){name.data, name.len});
    wf_buf_free(&name);
    return is_it;
}

static void identified(void *arg, struct wf_machine *machine) {
    struct find_call *call = arg;
    struct wf_execution_image image;
    wf_image_of((struct wf_str){call->image.data, call->image.len}, &image);
    if (!machine || !has_name(call, machine)) {
        not_found(call);
        return;
    }
    const struct wf_map_run_found found = {call->run, &image, machine};
    call->found(call->arg, &found);
    wf_call_free(call);
}

static void read_parent(void *arg) {
    struct find_call *call = arg;
    wf_execution_identify(call->engine, call->parent, &call->image,
                          identified, call);
}

/* ---- its row ---- */

static void row_read(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct find_call *call = arg;
    (void)more;
    call->engine->loads--;
    if (wf_engine_read_failed(call->engine, err))
        return;
    if (count == 1) {
        struct wf_reader in = {rows->value.data,
                               rows->value.data + rows->value.len, false};
        call->run = wf_map_run_decode(&in, call->parent, call->number);
    }
    if (call->run)
        read_parent(call);
    else
        not_found(call);
}

static void read_row(void *arg) {
    struct find_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_key key =
        wf_key_map_run(engine->partition, call->parent, call->number);
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), row_read, call);
}

bool wf_map_run_find(struct wf_engine *engine, struct wf_str text,
                     struct wf_buf *why, wf_map_run_found_fn *found,
                     void *arg) {
    struct wf_arn arn;
    if (!wf_arn_read(text, "mapRun", NULL, &arn, why))
        return false;
    struct find_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct find_call){.engine = engine, .found = found, .arg = arg};
    call->name = wf_strndup(arn.name.data, arn.name.len);
    if (!wf_map_run_of_uuid(arn.rest, &call->parent, &call->number)) {
        not_found(call);
        return true;
    }
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, call->parent);
    if (!execution) {
        read_row(call);
        return true;
    }
    wf_map_runs_visit(execution, take, call);
    wf_execution_after(engine, execution, call->run ? read_parent : read_row,
                       call);
    return true;
}
