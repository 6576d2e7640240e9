/* rebuild.c - lines of control, out of a history. See rebuild.h. */
#include "rebuild_impl.h"

#include <assert.h>
#include <stdlib.h>

static void fork_free(struct wf_line_fork *fork) {
    if (fork)
        free(fork->lines);
    free(fork);
}

void wf_line_drop_fork(struct wf_line *line) {
    fork_free(line->fork);
    line->fork = NULL;
}

static uint32_t add_line(struct wf_rebuild *rebuild, uint32_t parent,
                         uint32_t index, uint32_t state) {
    if (rebuild->count == rebuild->cap) {
        rebuild->cap = rebuild->cap ? rebuild->cap * 2 : 16;
        rebuild->lines = wf_realloc(
            rebuild->lines, rebuild->cap * sizeof(*rebuild->lines));
    }
    struct wf_line *line = &rebuild->lines[rebuild->count];
    *line = (struct wf_line){.parent = parent, .index = index, .state = state};
    if (parent != NONE)
        line->variables = rebuild->lines[parent].variables;
    return rebuild->count++;
}

struct wf_rebuild *wf_rebuild_new(const struct wf_past *past,
                                  uint64_t input) {
    const struct wf_machine *machine = past->eras[0].machine;
    struct wf_rebuild *rebuild = wf_calloc(1, sizeof(*rebuild));
    rebuild->past = past;
    rebuild->machine = machine;
    rebuild->visits =
        wf_calloc(machine->state_count, sizeof(*rebuild->visits));
    rebuild->next_event = 1;
    add_line(rebuild, NONE, NONE, machine->start);
    rebuild->lines[0].input = input;
    return rebuild;
}

void wf_rebuild_free(struct wf_rebuild *rebuild) {
    if (!rebuild)
        return;
    for (uint32_t i = 0; i < rebuild->count; i++)
        fork_free(rebuild->lines[i].fork);
    free(rebuild->lines);
    free(rebuild->owners);
    free(rebuild->visits);
    free(rebuild->live);
    free(rebuild);
}

uint64_t wf_rebuild_next_event(const struct wf_rebuild *rebuild) {
    return rebuild->next_event;
}

/* ---- which line an event is of ---- */

static uint32_t owner_of(const struct wf_rebuild *rebuild, uint64_t event) {
    return event && event < rebuild->next_event ? rebuild->owners[event] : 0;
}

static void set_owner(struct wf_rebuild *rebuild, uint64_t event,
                      uint32_t owner) {
    if (event >= rebuild->owner_cap) {
        rebuild->owner_cap = event * 2 < 256 ? 256 : event * 2;
        rebuild->owners =
            wf_realloc(rebuild->owners, rebuild->owner_cap * sizeof(uint32_t));
    }
    rebuild->owners[event] = owner;
}

/* Of the line and those above it, the innermost that is in the state; NONE. */
static uint32_t above_in_state(const struct wf_rebuild *rebuild, uint32_t at,
                               uint32_t state) {
    for (; at != NONE; at = rebuild->lines[at].parent)
        if (rebuild->lines[at].state == state)
            break;
    return at;
}

uint32_t wf_line_child(const struct wf_line_fork *fork, uint32_t index) {
    return fork && index < fork->line_cap ? fork->lines[index] : NONE;
}

/* A branch whose first state could not be evaluated: that follows what has
 * started it. */
static uint32_t branch_in_state(const struct wf_rebuild *rebuild, uint32_t at,
                                uint32_t state) {
    const struct wf_line_fork *fork = rebuild->lines[at].fork;
    for (uint32_t i = 0; fork && !fork->is_map && i < fork->count; i++) {
        uint32_t child = wf_line_child(fork, i);
        if (child != NONE && rebuild->lines[child].state == state)
            return child;
    }
    return at;
}

static uint32_t in_state(const struct wf_rebuild *rebuild, uint32_t at,
                         uint32_t state) {
    uint32_t found = above_in_state(rebuild, at, state);
    return found != NONE ? found : branch_in_state(rebuild, at, state);
}

static void set_child(struct wf_line_fork *fork, uint32_t index,
                      uint32_t line) {
    assert(fork);
    if (index >= fork->line_cap) {
        uint32_t cap = index < 8 ? 16 : index * 2;
        fork->lines = wf_realloc(fork->lines, cap * sizeof(*fork->lines));
        memset(fork->lines + fork->line_cap, 0xff,
               (cap - fork->line_cap) * sizeof(*fork->lines));
        fork->line_cap = cap;
    }
    fork->lines[index] = line;
}

static uint32_t new_child(struct wf_rebuild *rebuild, uint32_t parent,
                          uint32_t index, uint32_t state) {
    uint32_t line = add_line(rebuild, parent, index, state);
    set_child(rebuild->lines[parent].fork, index, line);
    return line;
}

/* A branch enters its first state. */
static uint32_t enter_branch(struct wf_rebuild *rebuild, uint32_t parent,
                             const struct wf_event *event) {
    const struct wf_line *line = &rebuild->lines[parent];
    const struct wf_state_info *info = &rebuild->machine->states[line->state];
    uint32_t branch = 0;
    while (branch < info->branch_count &&
           info->branches[branch] != event->state)
        branch++;
    if (branch == info->branch_count || !line->fork)
        return parent;
    line->fork->input = event->doc;
    uint32_t child = wf_line_child(line->fork, branch);
    return child != NONE ? child
                         : new_child(rebuild, parent, branch, event->state);
}

static uint32_t start_iteration(struct wf_rebuild *rebuild, uint32_t parent,
                                const struct wf_event *event) {
    struct wf_line *line = &rebuild->lines[parent];
    struct wf_line_fork *fork = line->fork;
    if (!fork || !fork->is_map || event->index >= fork->count)
        return parent;
    uint32_t first = rebuild->machine->states[line->state].branches[0];
    if (event->index >= fork->next)
        fork->next = (uint32_t)event->index + 1;
    uint32_t child =
        new_child(rebuild, parent, (uint32_t)event->index, first);
    rebuild->lines[child].input = rebuild->doc;
    return child;
}

static uint32_t find_line(struct wf_rebuild *rebuild,
                          const struct wf_event *event) {
    uint32_t owner = owner_of(rebuild, event->previous_id);
    uint32_t at = owner & ~FORKS, child;
    if (!(event->fields & WF_EVENT_HAS_STATE))
        return event->previous_id ? at : 0;
    if (event->type == WF_EVENT_EXECUTION_REDRIVEN)
        return 0;
    switch (event->type) {
    case WF_EVENT_MAP_ITERATION_STARTED:
        return start_iteration(rebuild, in_state(rebuild, at, event->state),
                               event);
    case WF_EVENT_MAP_ITERATION_SUCCEEDED:
    case WF_EVENT_MAP_ITERATION_FAILED:
    case WF_EVENT_MAP_ITERATION_ABORTED:
        at = in_state(rebuild, at, event->state);
        child = wf_line_child(rebuild->lines[at].fork, (uint32_t)event->index);
        return child != NONE ? child : at;
    default:
        break;
    }
    if (rebuild->machine->states[event->state].entered != event->type)
        return in_state(rebuild, at, event->state);
    return owner & FORKS ? enter_branch(rebuild, at, event) : at;
}

/* ---- what it says ---- */

static void take_entered(struct wf_rebuild *rebuild, struct wf_line *line,
                         const struct wf_event *event) {
    wf_line_drop_fork(line);
    if (line->parent == NONE)
        rebuild->visits[event->state] =
            (struct wf_visit){true, event->doc, line->variables};
    line->state = event->state;
    line->stage = STAGE_IN;
    line->is_other = false;
    line->input = event->doc;
    line->entered_event = event->id;
    line->entered_ms = event->time_ms;
}

/* The first document behind the event is what the variables have become. */
static void take_exited(struct wf_line *line, const struct wf_event *event) {
    wf_line_drop_fork(line);
    line->stage = STAGE_LEFT;
    line->is_caught = line->has_failed;
    line->input = event->doc;
    line->left_event = event->id;
    if (event->fields & WF_EVENT_HAS_ASSIGNED)
        line->variables = line->variables ? WF_DOC_NUMBER(event->id + 1, 0)
                                          : event->assigned;
}

static void take_fork(struct wf_rebuild *rebuild, struct wf_line *line,
                      const struct wf_event *event) {
    bool is_map = event->type == WF_EVENT_MAP_STATE_STARTED;
    const struct wf_state_info *info = &rebuild->machine->states[line->state];
    wf_line_drop_fork(line);
    line->fork = wf_calloc(1, sizeof(*line->fork));
    *line->fork = (struct wf_line_fork){
        .is_map = is_map,
        .count = is_map ? (uint32_t)event->length : info->branch_count,
        .next = is_map ? 0 : info->branch_count,
        .started_event = event->id,
        .last_inner = event->id,
        .last_event = event->id,
    };
}

static void take_success(struct wf_rebuild *rebuild, struct wf_line *line,
                         const struct wf_event *event) {
    struct wf_line_fork *fork =
        line->parent != NONE ? rebuild->lines[line->parent].fork : NULL;
    line->is_over = true;
    if (!fork)
        return;
    fork->last_inner = event->previous_id;
    fork->last_event = event->id;
}

static void take_run(struct wf_rebuild *rebuild, struct wf_line *line,
                     const struct wf_event *event) {
    struct wf_str uuid = event->text;
    uint64_t parent;
    if (!line->fork || uuid.len < WF_UUID)
        return;
    uuid.data += uuid.len - WF_UUID;
    uuid.len = WF_UUID;
    struct wf_line_fork *fork = line->fork;
    if (!wf_map_run_of_uuid(uuid, &parent, &fork->run))
        return;
    fork->has_run = true;
    fork->count = 1;
    fork->next = 0;
    fork->started_event = fork->last_inner = fork->last_event = event->id;
    fork->parameters = rebuild->doc ? rebuild->doc : line->input;
}

/* As AWS: what could not be joined is done once more. */
static bool begins_anew(struct wf_str error) {
    return wf_str_eq(error, WF_STR("States.DataLimitExceeded")) ||
           wf_str_eq(error, WF_STR("States.Runtime"));
}

static void take_run_end(struct wf_line *line, const struct wf_event *event) {
    if (line->fork && line->fork->has_run)
        line->fork->run_is_over =
            event->type == WF_EVENT_MAP_RUN_SUCCEEDED ||
            (event->type == WF_EVENT_MAP_RUN_FAILED &&
             begins_anew(event->error));
}

/* With a fix that enters a state: what was going on is over. */
static void take_redriven(struct wf_line *line,
                          const struct wf_event *event) {
    if (!(event->fields & WF_EVENT_HAS_STATE))
        return;
    wf_line_drop_fork(line);
    line->state = event->state;
    line->stage = STAGE_AT;
    line->input = event->doc;
    line->variables = event->assigned;
}

static void take_in(struct wf_rebuild *rebuild, struct wf_line *line,
                    const struct wf_event *event) {
    uint32_t state =
        event->fields & WF_EVENT_HAS_STATE ? event->state : line->state;
    const struct wf_state_info *info;
    if (event->type == WF_EVENT_EXECUTION_REDRIVEN)
        take_redriven(line, event);
    if (state == NONE)
        return; /* not there any more */
    info = &rebuild->machine->states[state];
    switch (event->type) {
    case WF_EVENT_PARALLEL_STATE_STARTED:
    case WF_EVENT_MAP_STATE_STARTED:
        take_fork(rebuild, line, event);
        break;
    case WF_EVENT_MAP_ITERATION_SUCCEEDED:
        take_success(rebuild, line, event);
        break;
    case WF_EVENT_MAP_RUN_STARTED:
        take_run(rebuild, line, event);
        break;
    case WF_EVENT_MAP_RUN_SUCCEEDED:
    case WF_EVENT_MAP_RUN_FAILED:
    case WF_EVENT_MAP_RUN_ABORTED:
        take_run_end(line, event);
        break;
    case WF_EVENT_MAP_RUN_REDRIVEN:
        if (line->fork)
            line->fork->run_is_over = false;
        break;
    default:
        if (event->type == info->entered)
            take_entered(rebuild, line, event);
        else if (event->type == info->exited)
            take_exited(line, event);
        break;
    }
}

static bool is_failure(enum wf_event_type type) {
    const char *name = wf_event_type_name(type);
    size_t len = strlen(name);
    return (len > 6 && strcmp(name + len - 6, "Failed") == 0) ||
           (len > 8 && strcmp(name + len - 8, "TimedOut") == 0);
}

static void add_event(struct wf_rebuild *rebuild,
                      const struct wf_event *event) {
    uint32_t at = find_line(rebuild, event);
    struct wf_line *line = &rebuild->lines[at];
    bool forks = event->type == WF_EVENT_PARALLEL_STATE_STARTED;
    set_owner(rebuild, event->id, at | (forks ? FORKS : 0));
    rebuild->next_event = event->id + 1;
    line->last_event = event->id;
    take_in(rebuild, line, event);
    rebuild->lines[at].has_failed = is_failure(event->type);
    rebuild->doc = 0;
}

static void follow_past(struct wf_rebuild *rebuild, uint64_t event) {
    const struct wf_past *past = rebuild->past;
    while (event >= past->eras[rebuild->era].until &&
           rebuild->era + 1 < past->count)
        wf_rebuild_move(rebuild, past->eras[++rebuild->era].machine);
}

bool wf_rebuild_add(struct wf_rebuild *rebuild,
                    struct wf_tail_cursor cursor) {
    enum wf_tail_entry entry;
    struct wf_event event;
    uint64_t number;
    struct wf_str text;
    while ((entry = wf_tail_next(&cursor, &event, &number, &text)) !=
           WF_TAIL_END) {
        if (entry == WF_TAIL_BAD)
            return false;
        if (entry != WF_TAIL_EVENT) {
            rebuild->doc = number;
            continue;
        }
        follow_past(rebuild, event.id);
        if (event.id != rebuild->next_event ||
            ((event.fields & WF_EVENT_HAS_STATE) &&
             event.state >= rebuild->machine->state_count))
            return false;
        add_event(rebuild, &event);
    }
    return true;
}

/* ---- the end ---- */

/* Where the line goes on that has left a state; NONE: nowhere. (0: where the
 * root begins.) */
static uint32_t next_state(struct wf_str between, uint64_t left_event) {
    struct wf_reader in = {between.data, between.data + between.len, false};
    while (in.at < in.end && !in.bad) {
        uint64_t event = wf_read_varint(&in), state = wf_read_varint(&in);
        if (!in.bad && event == left_event)
            return (uint32_t)state;
    }
    return NONE;
}

/* Whether the state goes on with the children that it has. */
static bool goes_on(const struct wf_rebuild *rebuild,
                    const struct wf_line *line) {
    const struct wf_line_fork *fork = line->fork;
    if (rebuild->machine->states[line->state].is_distributed)
        return fork->has_run && !fork->run_is_over;
    return fork->is_map || fork->input != 0; /* else no branch has begun */
}

/* Whether the line ends with the state that it has left. That of an iteration
 * is recorded. */
static bool is_at_end(const struct wf_rebuild *rebuild,
                      const struct wf_line *line) {
    return rebuild->machine->states[line->state].can_end &&
           !line->is_caught &&
           (line->parent == NONE ||
            !rebuild->lines[line->parent].fork->is_map);
}

static void settle(struct wf_rebuild *rebuild, struct wf_line *line,
                   struct wf_str between) {
    const struct wf_machine *machine = rebuild->machine;
    if (line->state == NONE) { /* it was given up */
        line->is_over = true;
        return;
    }
    if (line->stage == STAGE_NEW && line->parent == NONE) {
        uint32_t first = next_state(between, 0);
        line->state = first < machine->state_count ? first : line->state;
    }
    if (line->stage == STAGE_LEFT) {
        uint32_t next = next_state(between, line->left_event);
        if (next == NONE && !is_at_end(rebuild, line))
            rebuild->is_lost = true;
        line->is_over = next >= machine->state_count;
        line->state = line->is_over ? line->state : next;
    }
    /* A Fail state is entered again, as at AWS. */
    line->enters = line->stage != STAGE_IN || line->is_other ||
                   machine->states[line->state].exited == WF_EVENT_NONE;
    if (line->fork && !goes_on(rebuild, line))
        wf_line_drop_fork(line);
}

/* Branches of which there is no event yet. */
static void add_branches(struct wf_rebuild *rebuild, uint32_t parent) {
    struct wf_line_fork *fork = rebuild->lines[parent].fork;
    const struct wf_state_info *info =
        &rebuild->machine->states[rebuild->lines[parent].state];
    for (uint32_t i = 0; !fork->is_map && i < fork->count; i++) {
        if (wf_line_child(fork, i) != NONE)
            continue;
        uint32_t child = new_child(rebuild, parent, i, info->branches[i]);
        rebuild->lines[child].input = fork->input;
        rebuild->lines[child].last_event = fork->started_event;
    }
}

static bool is_wanted(const struct wf_rebuild *rebuild, uint32_t at) {
    const struct wf_line *line = &rebuild->lines[at];
    if (line->parent == NONE)
        return true;
    const struct wf_line *parent = &rebuild->lines[line->parent];
    return parent->is_live && wf_line_child(parent->fork, line->index) == at;
}

/* Parents come before their children, new ones are added behind. */
static void settle_all(struct wf_rebuild *rebuild, struct wf_str between) {
    for (uint32_t i = 0; i < rebuild->count; i++) {
        if (!is_wanted(rebuild, i))
            continue;
        struct wf_line *line = &rebuild->lines[i];
        if (!line->is_over)
            settle(rebuild, line, between);
        if (!line->is_over || i == 0) {
            line->is_live = true;
            if (line->fork)
                add_branches(rebuild, i);
            continue;
        }
        struct wf_line_fork *fork = rebuild->lines[line->parent].fork;
        fork->done++;
        if (!fork->is_map && line->last_event > fork->last_inner)
            fork->last_inner = fork->last_event = line->last_event;
    }
}

/* The results are together too much for the state: as AWS, all of it runs
 * again. */
static void drop_too_large(struct wf_rebuild *rebuild, struct wf_str error) {
    if (!wf_str_eq(error, WF_STR("States.DataLimitExceeded")))
        return;
    for (uint32_t i = 0; i < rebuild->count; i++) {
        struct wf_line *line = &rebuild->lines[i];
        if (line->is_live && line->fork && !line->fork->has_run &&
            line->fork->done == line->fork->count)
            wf_line_drop_fork(line);
    }
}

static bool number_frames(struct wf_rebuild *rebuild) {
    rebuild->live = wf_calloc(rebuild->count, sizeof(*rebuild->live));
    for (uint32_t i = 0; i < rebuild->count; i++) {
        struct wf_line *line = &rebuild->lines[i];
        if (!line->is_live)
            continue;
        rebuild->live[rebuild->live_count++] = i;
        if (line->parent != NONE)
            line->frame =
                rebuild->lines[line->parent].fork->base + line->index;
        struct wf_line_fork *fork = line->fork;
        if (!fork)
            continue;
        fork->base = fork->has_run ? fork->run : rebuild->next_frame;
        if (fork->has_run)
            continue; /* its number is the run's */
        if (fork->count >= MOST_FRAMES - rebuild->next_frame)
            return false;
        rebuild->next_frame += fork->count;
    }
    return true;
}

void wf_rebuild_settle(struct wf_rebuild *rebuild, struct wf_str between,
                       struct wf_str error) {
    follow_past(rebuild, UINT64_MAX - 1); /* without an event since */
    settle_all(rebuild, between);
    drop_too_large(rebuild, error);
}

bool wf_rebuild_is_lost(const struct wf_rebuild *rebuild) {
    return rebuild->is_lost;
}

uint64_t wf_rebuild_left_event(const struct wf_rebuild *rebuild) {
    const struct wf_line *root = &rebuild->lines[0];
    return root->stage == STAGE_LEFT ? root->left_event : 0;
}

int64_t wf_rebuild_finish(struct wf_rebuild *rebuild, uint32_t next_frame) {
    rebuild->next_frame = next_frame;
    if (rebuild->lines[0].is_over)
        return -1; /* nobody knows what comes next */
    return number_frames(rebuild) ? (int64_t)rebuild->live_count : -1;
}

uint32_t wf_rebuild_next_frame(const struct wf_rebuild *rebuild) {
    return rebuild->next_frame;
}
