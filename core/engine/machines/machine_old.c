/*
 * machine_old.c - revisions that nothing refers to leave memory; whoever asks
 * for one again reads it.
 *
 * The latest revision of a state machine stays, and so does one that an
 * execution in memory runs. A call that is under way may have got any that
 * was looked up since it began, so one also stays until all calls have begun
 * after it was last looked up. A hand goes round the rest, a bounded piece at
 * a time; some that it finds spare are kept, since what was wanted lately is
 * wanted again.
 */
#include "engine_impl.h"
#include "qualifiers.h"

#define KEPT 64
#define LOOKS 256

static bool is_latest(struct wf_engine *engine,
                      const struct wf_machine *machine) {
    const struct wf_machine_head *head =
        machine->name ? wf_machine_head_find(engine, wf_str(machine->name))
                      : NULL;
    return head && head->id == machine->id &&
           head->revision == machine->revision &&
           head->status != WF_STATE_MACHINE_DELETED;
}

static bool is_needed(struct wf_engine *engine, struct wf_machine *machine) {
    if (machine->executions > 0 || machine->reading || machine->waits) {
        machine->looked_up = UINT64_MAX; /* not known who knows it then */
        return true;
    }
    if (machine->looked_up == UINT64_MAX)
        machine->looked_up = engine->calls_begun;
    return machine->looked_up >= wf_calls_oldest(engine) ||
           is_latest(engine, machine);
}

static void look_at(struct wf_engine *engine, struct wf_machine *machine) {
    struct wf_machines *machines = &engine->machines;
    bool is_spare = !is_needed(engine, machine);
    if (machine->is_spare && is_spare && machines->spare > KEPT) {
        wf_machine_remove(engine, machine);
        return;
    }
    machines->spare += (unsigned)is_spare - (unsigned)machine->is_spare;
    machine->is_spare = is_spare;
    wf_list_remove(&machine->link);
    wf_list_append(&machines->all, &machine->link);
}

void wf_machines_housekeeping(struct wf_engine *engine) {
    struct wf_machines *machines = &engine->machines;
    unsigned looks = machines->count > KEPT ? LOOKS : 0;
    for (unsigned i = 0; i < looks && i < machines->count; i++)
        look_at(engine, WF_ENTRY(machines->all.next, struct wf_machine, link));
    wf_qualifiers_housekeeping(engine);
}
