/* rebuild_impl.h - between rebuild.c, rebuild_fix.c and rebuild_frames.c. */
#ifndef WF_REBUILD_IMPL_H
#define WF_REBUILD_IMPL_H

#include "machine.h"
#include "rebuild.h"

#define NONE UINT32_MAX
#define FORKS UINT32_C(0x80000000) /* the event starts a Parallel's branches */
#define MOST_FRAMES UINT32_C(4000000000)

enum wf_line_stage {
    STAGE_NEW,  /* nothing has been entered */
    STAGE_IN,   /* in a state */
    STAGE_LEFT, /* of it, and in no other one */
    STAGE_AT,   /* about to enter it: a redrive says so */
};

/* What a Parallel or Map knows of its children. */
struct wf_line_fork {
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

struct wf_line {
    uint32_t parent, index; /* of the root: NONE */
    uint32_t state, frame;
    enum wf_line_stage stage;
    bool is_over;  /* well */
    bool is_live;  /* set at the end, as all below */
    bool enters;   /* its state is to be entered */
    bool is_caught; /* what it has left had failed */
    bool has_failed; /* the last event of the line says so */
    bool is_other; /* its state is of another type than the one entered */
    uint64_t last_event, entered_event, left_event;
    int64_t entered_ms;
    uint64_t input, variables;
    struct wf_line_fork *fork;
};

/* With what the root has entered a state last. */
struct wf_visit {
    bool is_known;
    uint64_t input, variables;
};

struct wf_rebuild {
    const struct wf_machine *machine; /* of the events now */
    const struct wf_past *past;
    size_t era;
    struct wf_visit *visits; /* by state */
    struct wf_line *lines;
    uint32_t count, cap;
    uint32_t *owners; /* by event: line, perhaps | FORKS */
    uint64_t owner_cap, next_event;
    bool is_lost;     /* of some line nobody knows where it goes on */
    uint64_t doc;     /* the last one before the next event; 0: none */
    uint32_t *live;   /* lines, in order */
    uint32_t live_count, next_frame;
};

/** The line of a child; NONE: there is none. `fork` may be NULL. */
uint32_t wf_line_child(const struct wf_line_fork *fork, uint32_t index);
void wf_line_drop_fork(struct wf_line *line);
/** The `index`-th of those that are to be done again. */
struct wf_line *wf_rebuild_line(const struct wf_rebuild *rebuild,
                                uint32_t index);
/** From now on events are of another definition: lines follow the names of
 * their states there. */
void wf_rebuild_move(struct wf_rebuild *rebuild,
                     const struct wf_machine *machine);

#endif
