/*
 * rebuild_fix.c - what is to be done again is to be done otherwise: by another
 * definition, from another state, with other data. See rebuild.h.
 *
 * States are the same in two definitions if they have the same name. A line
 * goes on in such a state if it stands in the same branch of the same state
 * there; what has been left needs no counterpart.
 */
#include <stdlib.h>

#include "rebuild_impl.h"

#define ELSE "; say from which state it is to go on"

static const struct wf_state_info *info_of(const struct wf_machine *machine,
                                           uint32_t state) {
    return &machine->states[state];
}

/* ---- names ---- */

static int by_name(const void *a, const void *b) {
    const struct wf_state_info *x = *(const struct wf_state_info *const *)a;
    const struct wf_state_info *y = *(const struct wf_state_info *const *)b;
    size_t len = x->name.len < y->name.len ? x->name.len : y->name.len;
    int order = memcmp(x->name.data, y->name.data, len);
    return order ? order
                 : x->name.len < y->name.len ? -1 : x->name.len > y->name.len;
}

/* For each state of `from` that of the same name in `to`, or NONE. Owned. */
static uint32_t *map_states(const struct wf_machine *from,
                            const struct wf_machine *to) {
    uint32_t *map = wf_calloc(from->state_count + 1, sizeof(*map));
    const struct wf_state_info **sorted =
        wf_calloc(to->state_count + 1, sizeof(*sorted));
    for (uint32_t i = 0; i < to->state_count; i++)
        sorted[i] = info_of(to, i);
    qsort(sorted, to->state_count, sizeof(*sorted), by_name);
    for (uint32_t i = 0; i < from->state_count; i++) {
        const struct wf_state_info *wanted = info_of(from, i);
        const struct wf_state_info **found =
            bsearch(&wanted, sorted, to->state_count, sizeof(*sorted),
                    by_name);
        map[i] = found ? (uint32_t)(*found - to->states) : NONE;
    }
    free(sorted);
    return map;
}

static uint32_t find_state(const struct wf_machine *machine,
                           struct wf_str name) {
    uint32_t i = 0;
    while (i < machine->state_count &&
           !wf_str_eq(info_of(machine, i)->name, name))
        i++;
    return i < machine->state_count ? i : NONE;
}

/* ---- another definition ---- */

static void move_visits(struct wf_rebuild *rebuild,
                        const struct wf_machine *to, const uint32_t *map) {
    struct wf_visit *visits = wf_calloc(to->state_count, sizeof(*visits));
    for (uint32_t i = 0; i < rebuild->machine->state_count; i++)
        if (map[i] != NONE)
            visits[map[i]] = rebuild->visits[i];
    free(rebuild->visits);
    rebuild->visits = visits;
}

/* The first state of the child, which has entered none yet. */
static uint32_t first_of_child(const struct wf_rebuild *rebuild,
                               const struct wf_machine *to,
                               const struct wf_line *line) {
    uint32_t above = rebuild->lines[line->parent].state; /* moved by now */
    const struct wf_line_fork *fork = rebuild->lines[line->parent].fork;
    uint32_t branch = fork && !fork->is_map ? line->index : 0;
    if (above == NONE || branch >= info_of(to, above)->branch_count)
        return NONE;
    return info_of(to, above)->branches[branch];
}

static void move_line(struct wf_rebuild *rebuild, const struct wf_machine *to,
                      const uint32_t *map, struct wf_line *line) {
    uint32_t from = line->state;
    if (line->stage == STAGE_NEW)
        line->state = line->parent == NONE
                          ? to->start
                          : first_of_child(rebuild, to, line);
    else
        line->state = from == NONE ? NONE : map[from];
    bool is_same = line->state != NONE && from != NONE &&
                   info_of(rebuild->machine, from)->entered ==
                       info_of(to, line->state)->entered;
    if (line->stage == STAGE_IN && !is_same) {
        line->is_other = line->enters = true;
        wf_line_drop_fork(line);
    }
}

/* Parents come before their children. */
void wf_rebuild_move(struct wf_rebuild *rebuild,
                     const struct wf_machine *machine) {
    if (machine == rebuild->machine)
        return;
    uint32_t *map = map_states(rebuild->machine, machine);
    for (uint32_t i = 0; i < rebuild->count; i++)
        move_line(rebuild, machine, map, &rebuild->lines[i]);
    move_visits(rebuild, machine, map);
    rebuild->machine = machine;
    free(map);
}

/* ---- whether it can be ---- */

static void add_name(struct wf_buf *why, const struct wf_state_info *info) {
    wf_buf_adds(why, "'");
    wf_buf_addstr(why, info->name);
    wf_buf_adds(why, "'");
}

static bool is_missing(const struct wf_state_info *info, struct wf_buf *why) {
    wf_buf_adds(why, "State ");
    add_name(why, info);
    wf_buf_adds(why, ", where the execution goes on, does not exist in the "
                     "other definition" ELSE);
    return false;
}

/* Whether the state stands in the same branch there as here. */
static bool is_in_place(const struct wf_rebuild *rebuild,
                        const struct wf_machine *to, const uint32_t *map,
                        const struct wf_line *line, uint32_t state) {
    if (line->parent == NONE)
        return info_of(to, state)->inside == NONE;
    const struct wf_line *parent = &rebuild->lines[line->parent];
    uint32_t above = map[parent->state];
    uint32_t branch = parent->fork->is_map ? 0 : line->index;
    const struct wf_state_info *info = info_of(to, above);
    return info_of(to, state)->inside == above &&
           branch < info->branch_count &&
           info_of(to, info->branches[branch])->scope ==
               info_of(to, state)->scope;
}

/* A Parallel or Map that goes on with the children that it has. */
static bool fork_can_move(const struct wf_rebuild *rebuild,
                          const struct wf_machine *to,
                          const struct wf_line *line, uint32_t state,
                          struct wf_buf *why) {
    const struct wf_state_info *old = info_of(rebuild->machine, line->state);
    const struct wf_state_info *new = info_of(to, state);
    if (line->fork->has_run) {
        wf_buf_adds(why, "The Map Run of state ");
        add_name(why, old);
        wf_buf_adds(why, " would go on, and its child executions are pinned "
                         "to the definition that they were started with"
                         ELSE);
    } else if (old->entered != new->entered || new->is_distributed) {
        wf_buf_adds(why, "The execution goes on inside of state ");
        add_name(why, old);
        wf_buf_adds(why, ", which is of another type in the other "
                         "definition" ELSE);
    } else if (old->branch_count != new->branch_count) {
        wf_buf_adds(why, "The execution goes on inside of state ");
        add_name(why, old);
        wf_buf_addf(why,
                    ", which has %u branches, and %u in the other "
                    "definition" ELSE,
                    (unsigned)old->branch_count,
                    (unsigned)new->branch_count);
    } else {
        return true;
    }
    return false;
}

static bool line_can_move(const struct wf_rebuild *rebuild,
                          const struct wf_machine *to, const uint32_t *map,
                          const struct wf_line *line, struct wf_buf *why) {
    const struct wf_state_info *old = info_of(rebuild->machine, line->state);
    uint32_t state = map[line->state];
    if (line->stage == STAGE_NEW)
        return true; /* it begins as the other definition says */
    if (state == NONE)
        return is_missing(old, why);
    if (!is_in_place(rebuild, to, map, line, state)) {
        wf_buf_adds(why, "State ");
        add_name(why, old);
        wf_buf_adds(why, ", where the execution goes on, is inside of another "
                         "state or branch in the other definition" ELSE);
        return false;
    }
    return !line->fork ||
           fork_can_move(rebuild, to, line, state, why);
}

static bool can_move(const struct wf_rebuild *rebuild,
                     const struct wf_machine *to, struct wf_buf *why) {
    uint32_t *map = map_states(rebuild->machine, to);
    bool can = true;
    for (uint32_t i = 0; can && i < rebuild->count; i++)
        if (rebuild->lines[i].is_live && !rebuild->lines[i].is_over)
            can = line_can_move(rebuild, to, map, &rebuild->lines[i], why);
    free(map);
    return can;
}

/* ---- another state, other data ---- */

/* The state that the root is to enter; NONE: `why` says why not. */
static uint32_t entered_state(const struct wf_rebuild *rebuild,
                              struct wf_str name, struct wf_buf *why) {
    const struct wf_machine *machine = rebuild->machine;
    uint32_t state = find_state(machine, name);
    if (state == NONE) {
        wf_buf_adds(why, "State '");
        wf_buf_addstr(why, name);
        wf_buf_adds(why, "' does not exist in the definition");
    } else if (info_of(machine, state)->inside != NONE) {
        wf_buf_adds(why, "State ");
        add_name(why, info_of(machine, state));
        wf_buf_adds(why, " is inside of ");
        add_name(why, info_of(machine, info_of(machine, state)->inside));
        wf_buf_adds(why, ": an execution goes on from a state that is not "
                         "inside of another one");
        state = NONE;
    }
    return state;
}

/* It enters the state with what it had when it entered that last, unless it
 * is to enter it anyhow. */
static void enter(struct wf_rebuild *rebuild, uint32_t state) {
    struct wf_line *root = &rebuild->lines[0];
    const struct wf_visit *visit = &rebuild->visits[state];
    bool is_next = root->state == state && !root->is_over;
    if (visit->is_known && !is_next) {
        root->input = visit->input;
        root->variables = visit->variables;
    }
    for (uint32_t i = 1; i < rebuild->count; i++)
        rebuild->lines[i].is_live = false;
    wf_line_drop_fork(root);
    root->state = state;
    root->stage = STAGE_AT;
    root->enters = root->is_live = true;
    root->is_over = false;
}

static bool enter_again(struct wf_rebuild *rebuild, struct wf_buf *why) {
    const struct wf_line *root = &rebuild->lines[0];
    if (root->is_over) {
        wf_buf_adds(why, "Nothing is left to be done" ELSE);
        return false;
    }
    if (root->fork) {
        wf_buf_adds(why, "The execution goes on inside of state ");
        add_name(why, info_of(rebuild->machine, root->state));
        wf_buf_adds(why, ", whose input and variables it can't change any "
                         "more; say that it is to go on from that state, and "
                         "all of it runs again");
        return false;
    }
    enter(rebuild, root->state);
    return true;
}

bool wf_rebuild_fix(struct wf_rebuild *rebuild,
                    const struct wf_rebuild_fix *fix, struct wf_buf *why) {
    bool enters = fix->from_state.len > 0;
    if (fix->machine != rebuild->machine) {
        if (!enters && !can_move(rebuild, fix->machine, why))
            return false;
        wf_rebuild_move(rebuild, fix->machine);
    }
    if (enters) {
        uint32_t state = entered_state(rebuild, fix->from_state, why);
        if (state == NONE)
            return false;
        enter(rebuild, state);
    } else if (fix->has_input || fix->has_variables) {
        return enter_again(rebuild, why);
    }
    return true;
}

void wf_rebuild_place(const struct wf_rebuild *rebuild,
                      struct wf_rebuild_place *place) {
    const struct wf_line *root = &rebuild->lines[0];
    *place = (struct wf_rebuild_place){
        .is_entered_anew = root->stage == STAGE_AT,
        .is_unknown = root->is_over || root->state == NONE,
        .state = root->state,
        .input = root->input,
        .variables = root->variables,
    };
}
