/* qualify.c - the revision that the ARN of a version or an alias names. See
 * qualifiers.h. */
#include <stdlib.h>

#include "engine_impl.h"
#include "qualifiers.h"

struct qualify_call {
    struct wf_engine *engine;
    struct wf_machine_head *head;
    char *qualifier;
    struct wf_qualified answer;
    char *description;
    bool draw;
    wf_qualified_fn *found;
    void *arg;
};

static void drop(void *memory) {
    struct qualify_call *call = memory;
    free(call->qualifier);
    free(call->description);
}

static void finish(struct qualify_call *call, struct wf_machine *machine) {
    call->answer.machine = machine;
    call->answer.description = wf_str(call->description);
    call->found(call->arg, machine ? &call->answer : NULL);
    wf_call_free(call);
}

static void revision_ready(void *arg, struct wf_machine *machine) {
    struct qualify_call *call = arg;
    machine->head = call->head;
    finish(call, machine->name ? machine : NULL);
}

static uint32_t pick_version(struct qualify_call *call,
                             const struct wf_alias *alias) {
    const struct wf_route *routes = alias->routes;
    bool is_first = routes[0].weight >= routes[1].weight;
    if (alias->route_count == 1)
        return routes[0].version;
    if (call->draw)
        is_first = wf_clock_random(call->engine->clock) % 100 <
                   routes[0].weight;
    return routes[is_first ? 0 : 1].version;
}

static uint32_t version_of(struct qualify_call *call) {
    struct wf_str qualifier = wf_str(call->qualifier);
    if (wf_arn_is_number(qualifier))
        return wf_arn_version(qualifier);
    const struct wf_alias *alias = wf_alias_find(call->head, qualifier);
    return alias ? pick_version(call, alias) : 0;
}

/* Its revision; 0: there is no such version. */
static uint32_t take_version(struct qualify_call *call) {
    const struct wf_version *version =
        wf_version_find(call->head, version_of(call));
    if (!version)
        return 0;
    call->answer.version = version->number;
    call->answer.creation_ms = version->creation_ms;
    if (version->description)
        call->description = wf_strndup(version->description,
                                       strlen(version->description));
    return version->revision;
}

static void head_found(void *arg, struct wf_machine_head *head) {
    struct qualify_call *call = arg;
    uint32_t revision = 0;
    call->head = head;
    if (head && head->status == WF_STATE_MACHINE_DELETING)
        revision = head->revision;
    else if (head)
        revision = take_version(call);
    if (revision)
        wf_machine_need(call->engine,
                        wf_machine_of(call->engine, head->id, revision),
                        revision_ready, call);
    else
        finish(call, NULL);
}

void wf_machine_by_arn(struct wf_engine *engine, const struct wf_arn *arn,
                       bool draw, wf_qualified_fn *found, void *arg) {
    struct qualify_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct qualify_call){
        .engine = engine,
        .qualifier = wf_strndup(arn->rest.data, arn->rest.len),
        .draw = draw,
        .found = found,
        .arg = arg,
    };
    wf_qualifiers_by_name(engine, arn->name, head_found, call);
}
