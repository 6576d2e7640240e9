/* rebuild.c - lines of control, out of a history. See rebuild.h. */
#include "rebuild.h"

#include <assert.h>
#include <stdlib.h>

#include "machine.h"

#define NONE UINT32_MAX
#define FORKS UINT32_C(0x80000000) /* the event starts a Parallel's branches */
#define MOST_FRAMES UINT32_C(4000000000)

enum stage {
    STAGE_NEW,  /* nothing has been entered */
    STAGE_IN,   /* in a state */
    STAGE_LEFT, /* of it, and in no other one */
};

/* What a Parallel or Map knows of its children. */
struct fork {
    bool is_map, has_run;
    bool run_is_over; /* in a way that makes the state begin anew */
    uint32_t run;
    uint32_t count, next;
    uint32_t *lines;  /* of children, by index; NONE: there is none */
    uint32_t line_cap;
    uint64_t started_event, last_inner, last_event;
    uint64_t input;      /* of branches */
    uint64_t parameters; /* a Map Run's settings */
    uint32_t done, base; /* set at the end */
};

struct line {
    uint32_t parent, index; /* of the root: NONE */
    uint32_t state, frame;
    enum stage stage;
    bool is_over;  /* well */
    bool is_live;  /* set at the end, as all below */
    bool enters;   /* its state is to be entered */
    uint64_t last_event, entered_event, left_event;
    int64_t entered_ms;
    uint64_t input, variables;
    struct fork *fork;
};

struct wf_rebuild {
    const struct wf_machine *machine;
    struct line *lines;
    uint32_t count, cap;
    uint32_t *owners; /* by event: line, perhaps | FORKS */
    uint64_t owner_cap, next_event;
    uint64_t doc;     /* the last one before the next event; 0: none */
    uint32_t *live;   /* lines, in order */
    uint32_t live_count, next_frame;
};

static void fork_free(struct fork *fork) {
    if (fork)
        free(fork->lines);
    free(fork);
}

static void drop_fork(struct line *line) {
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
    struct line *line = &rebuild->lines[rebuild->count];
    *line = (struct line){.parent = parent, .index = index, .state = state};
    if (parent != NONE)
        line->variables = rebuild->lines[parent].variables;
    return rebuild->count++;
}

struct wf_rebuild *wf_rebuild_new(const struct wf_machine *machine,
                                  uint64_t input) {
    struct wf_rebuild *rebuild = wf_calloc(1, sizeof(*rebuild));
    rebuild->machine = machine;
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

static uint32_t child_of(const struct fork *fork, uint32_t index) {
    return fork && index < fork->line_cap ? fork->lines[index] : NONE;
}

/* A branch whose first state could not be evaluated: that follows what has
 * started it. */
static uint32_t branch_in_state(const struct wf_rebuild *rebuild, uint32_t at,
                                uint32_t state) {
    const struct fork *fork = rebuild->lines[at].fork;
    for (uint32_t i = 0; fork && !fork->is_map && i < fork->count; i++) {
        uint32_t child = child_of(fork, i);
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

static void set_child(struct fork *fork, uint32_t index, uint32_t line) {
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
    const struct line *line = &rebuild->lines[parent];
    const struct wf_state_info *info = &rebuild->machine->states[line->state];
    uint32_t branch = 0;
    while (branch < info->branch_count &&
           info->branches[branch] != event->state)
        branch++;
    if (branch == info->branch_count || !line->fork)
        return parent;
    line->fork->input = event->doc;
    uint32_t child = child_of(line->fork, branch);
    return child != NONE ? child
                         : new_child(rebuild, parent, branch, event->state);
}

static uint32_t start_iteration(struct wf_rebuild *rebuild, uint32_t parent,
                                const struct wf_event *event) {
    struct line *line = &rebuild->lines[parent];
    struct fork *fork = line->fork;
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
    switch (event->type) {
    case WF_EVENT_MAP_ITERATION_STARTED:
        return start_iteration(rebuild, in_state(rebuild, at, event->state),
                               event);
    case WF_EVENT_MAP_ITERATION_SUCCEEDED:
    case WF_EVENT_MAP_ITERATION_FAILED:
    case WF_EVENT_MAP_ITERATION_ABORTED:
        at = in_state(rebuild, at, event->state);
        child = child_of(rebuild->lines[at].fork, (uint32_t)event->index);
        return child != NONE ? child : at;
    default:
        break;
    }
    if (rebuild->machine->states[event->state].entered != event->type)
        return in_state(rebuild, at, event->state);
    return owner & FORKS ? enter_branch(rebuild, at, event) : at;
}

/* ---- what it says ---- */

static void take_entered(struct line *line, const struct wf_event *event) {
    drop_fork(line);
    line->state = event->state;
    line->stage = STAGE_IN;
    line->input = event->doc;
    line->entered_event = event->id;
    line->entered_ms = event->time_ms;
}

/* The first document behind the event is what the variables have become. */
static void take_exited(struct line *line, const struct wf_event *event) {
    drop_fork(line);
    line->stage = STAGE_LEFT;
    line->input = event->doc;
    line->left_event = event->id;
    if (event->fields & WF_EVENT_HAS_ASSIGNED)
        line->variables = line->variables ? WF_DOC_NUMBER(event->id + 1, 0)
                                          : event->assigned;
}

static void take_fork(struct wf_rebuild *rebuild, struct line *line,
                      const struct wf_event *event) {
    bool is_map = event->type == WF_EVENT_MAP_STATE_STARTED;
    const struct wf_state_info *info = &rebuild->machine->states[line->state];
    drop_fork(line);
    line->fork = wf_calloc(1, sizeof(*line->fork));
    *line->fork = (struct fork){
        .is_map = is_map,
        .count = is_map ? (uint32_t)event->length : info->branch_count,
        .next = is_map ? 0 : info->branch_count,
        .started_event = event->id,
        .last_inner = event->id,
        .last_event = event->id,
    };
}

static void take_success(struct wf_rebuild *rebuild, struct line *line,
                         const struct wf_event *event) {
    struct fork *fork =
        line->parent != NONE ? rebuild->lines[line->parent].fork : NULL;
    line->is_over = true;
    if (!fork)
        return;
    fork->last_inner = event->previous_id;
    fork->last_event = event->id;
}

static void take_run(struct wf_rebuild *rebuild, struct line *line,
                     const struct wf_event *event) {
    struct wf_str uuid = event->text;
    uint64_t parent;
    if (!line->fork || uuid.len < WF_UUID)
        return;
    uuid.data += uuid.len - WF_UUID;
    uuid.len = WF_UUID;
    struct fork *fork = line->fork;
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

static void take_run_end(struct line *line, const struct wf_event *event) {
    if (line->fork && line->fork->has_run)
        line->fork->run_is_over =
            event->type == WF_EVENT_MAP_RUN_SUCCEEDED ||
            (event->type == WF_EVENT_MAP_RUN_FAILED &&
             begins_anew(event->error));
}

static void take_in(struct wf_rebuild *rebuild, struct line *line,
                    const struct wf_event *event) {
    const struct wf_state_info *info = &rebuild->machine->states[line->state];
    if (event->fields & WF_EVENT_HAS_STATE)
        info = &rebuild->machine->states[event->state];
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
            take_entered(line, event);
        else if (event->type == info->exited)
            take_exited(line, event);
        break;
    }
}

static void add_event(struct wf_rebuild *rebuild,
                      const struct wf_event *event) {
    uint32_t at = find_line(rebuild, event);
    struct line *line = &rebuild->lines[at];
    bool forks = event->type == WF_EVENT_PARALLEL_STATE_STARTED;
    set_owner(rebuild, event->id, at | (forks ? FORKS : 0));
    rebuild->next_event = event->id + 1;
    line->last_event = event->id;
    take_in(rebuild, line, event);
    rebuild->doc = 0;
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
                    const struct line *line) {
    const struct fork *fork = line->fork;
    if (rebuild->machine->states[line->state].is_distributed)
        return fork->has_run && !fork->run_is_over;
    return fork->is_map || fork->input != 0; /* else no branch has begun */
}

static void settle(struct wf_rebuild *rebuild, struct line *line,
                   struct wf_str between) {
    const struct wf_machine *machine = rebuild->machine;
    if (line->stage == STAGE_NEW && line->parent == NONE) {
        uint32_t first = next_state(between, 0);
        line->state = first < machine->state_count ? first : line->state;
    }
    if (line->stage == STAGE_LEFT) {
        uint32_t next = next_state(between, line->left_event);
        line->is_over = next >= machine->state_count;
        line->state = line->is_over ? line->state : next;
    }
    /* A Fail state is entered again, as at AWS. */
    line->enters = line->stage != STAGE_IN ||
                   machine->states[line->state].exited == WF_EVENT_NONE;
    if (line->fork && !goes_on(rebuild, line))
        drop_fork(line);
}

/* Branches of which there is no event yet. */
static void add_branches(struct wf_rebuild *rebuild, uint32_t parent) {
    struct fork *fork = rebuild->lines[parent].fork;
    const struct wf_state_info *info =
        &rebuild->machine->states[rebuild->lines[parent].state];
    for (uint32_t i = 0; !fork->is_map && i < fork->count; i++) {
        if (child_of(fork, i) != NONE)
            continue;
        uint32_t child = new_child(rebuild, parent, i, info->branches[i]);
        rebuild->lines[child].input = fork->input;
        rebuild->lines[child].last_event = fork->started_event;
    }
}

static bool is_wanted(const struct wf_rebuild *rebuild, uint32_t at) {
    const struct line *line = &rebuild->lines[at];
    if (line->parent == NONE)
        return true;
    const struct line *parent = &rebuild->lines[line->parent];
    return parent->is_live && child_of(parent->fork, line->index) == at;
}

/* Parents come before their children, new ones are added behind. */
static void settle_all(struct wf_rebuild *rebuild, struct wf_str between) {
    for (uint32_t i = 0; i < rebuild->count; i++) {
        if (!is_wanted(rebuild, i))
            continue;
        struct line *line = &rebuild->lines[i];
        if (!line->is_over)
            settle(rebuild, line, between);
        if (!line->is_over || i == 0) {
            line->is_live = true;
            if (line->fork)
                add_branches(rebuild, i);
            continue;
        }
        struct fork *fork = rebuild->lines[line->parent].fork;
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
        struct line *line = &rebuild->lines[i];
        if (line->is_live && line->fork && !line->fork->has_run &&
            line->fork->done == line->fork->count)
            drop_fork(line);
    }
}

static bool number_frames(struct wf_rebuild *rebuild) {
    rebuild->live = wf_calloc(rebuild->count, sizeof(*rebuild->live));
    for (uint32_t i = 0; i < rebuild->count; i++) {
        struct line *line = &rebuild->lines[i];
        if (!line->is_live)
            continue;
        rebuild->live[rebuild->live_count++] = i;
        if (line->parent != NONE)
            line->frame =
                rebuild->lines[line->parent].fork->base + line->index;
        struct fork *fork = line->fork;
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

int64_t wf_rebuild_finish(struct wf_rebuild *rebuild, struct wf_str between,
                          struct wf_str error, uint32_t next_frame) {
    rebuild->next_frame = next_frame;
    settle_all(rebuild, between);
    drop_too_large(rebuild, error);
    if (rebuild->lines[0].is_over)
        return -1; /* nobody knows what comes next */
    return number_frames(rebuild) ? (int64_t)rebuild->live_count : -1;
}

uint32_t wf_rebuild_next_frame(const struct wf_rebuild *rebuild) {
    return rebuild->next_frame;
}

/* ---- frames ---- */

static struct line *line_at(const struct wf_rebuild *rebuild,
                            uint32_t index) {
    return &rebuild->lines[rebuild->live[index]];
}

static struct wf_fork *make_fork(const struct fork *from) {
    struct wf_fork *fork =
        wf_fork_new(from->is_map, from->base, from->count);
    fork->next = from->next;
    fork->done = from->done;
    fork->asleep = from->has_run ? 0 : from->next - from->done;
    fork->has_rows = from->done > 0;
    fork->is_complete = !fork->has_rows;
    fork->started_event = from->started_event;
    fork->last_inner = from->last_inner;
    fork->last_event = from->last_event;
    return fork;
}

struct wf_frame *wf_rebuild_frame(const struct wf_rebuild *rebuild,
                                  uint32_t index,
                                  struct wf_execution *execution) {
    const struct line *line = line_at(rebuild, index);
    struct wf_frame *frame = wf_frame_new(execution, line->frame);
    if (line->parent != NONE)
        frame->parent = rebuild->lines[line->parent].frame;
    frame->state = line->state;
    frame->phase = WF_PHASE_REDRIVE;
    frame->previous_event = line->last_event;
    frame->entered_ms = line->entered_ms;
    frame->entered_event = line->enters ? 0 : line->entered_event;
    wf_ref_set(&frame->input, line->input, NULL);
    wf_ref_set(&frame->variables, line->variables, NULL);
    if (line->fork)
        frame->fork = make_fork(line->fork);
    if (line->fork && line->fork->has_run)
        wf_ref_set(&frame->parameters, line->fork->parameters, NULL);
    return frame;
}

uint32_t wf_rebuild_results(const struct wf_rebuild *rebuild,
                            uint32_t index) {
    const struct fork *fork = line_at(rebuild, index)->fork;
    return fork ? fork->done : 0;
}

void wf_rebuild_put_results(const struct wf_rebuild *rebuild, uint32_t index,
                            uint32_t from, uint32_t count,
                            struct wf_buf *out) {
    const struct fork *fork = line_at(rebuild, index)->fork;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < fork->next && count > 0; i++) {
        uint32_t child = child_of(fork, i);
        if (child == NONE || !rebuild->lines[child].is_over || seen++ < from)
            continue;
        wf_buf_varint(out, i);
        wf_buf_varint(out, rebuild->lines[child].input);
        count--;
    }
}

uint32_t wf_rebuild_run(const struct wf_rebuild *rebuild, uint32_t index) {
    const struct fork *fork = line_at(rebuild, index)->fork;
    return fork && fork->has_run ? fork->run : 0;
}

void wf_rebuild_drop_run(struct wf_rebuild *rebuild, uint32_t index) {
    drop_fork(line_at(rebuild, index));
}

void wf_rebuild_between(const struct wf_rebuild *rebuild,
                        struct wf_buf *out) {
    for (uint32_t i = 0; i < rebuild->live_count; i++) {
        const struct line *line = line_at(rebuild, i);
        if (line->stage != STAGE_LEFT)
            continue;
        wf_buf_varint(out, line->left_event);
        wf_buf_varint(out, line->state);
    }
}
