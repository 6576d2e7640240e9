/*
 * cli_run.h - inside `moonstep run`: the run's struct and its parts.
 */
#ifndef WF_CLI_RUN_H
#define WF_CLI_RUN_H

#include <ev.h>

#include "cli.h"
#include "engine.h"
#include "item_bucket.h"
#include "progress.h"
#include "workflow_file.h"

/** Where the store is; a temporary one goes away with the run. */
struct wf_run_store {
    const char *directory;
    struct wf_buf temporary; /**< Its path; empty: one was given. */
    int lock;                /**< Says that the temporary one is in use. */
};

/** Makes a temporary directory unless one is given (NULL: none), and removes
 * those that dead runs have left. */
int wf_run_store_init(struct wf_run_store *store, const char *directory,
                      struct wf_error *err);
void wf_run_store_deinit(struct wf_run_store *store);

enum wf_run_step {
    WF_RUN_CREATE = 0, /**< The state machine is being created. */
    WF_RUN_LOOK_UP,    /**< Is there an execution of that name? */
    WF_RUN_START,
    WF_RUN_CATCH_UP,   /**< Reading the history of one that goes on. */
    WF_RUN_WAIT,
    WF_RUN_STOP,       /**< Interrupted: what is done becomes durable. */
    WF_RUN_OVER,
};

struct wf_run {
    const struct wf_options *options;
    const char *file;
    struct ev_loop *loop;
    struct wf_clock clock;
    struct wf_run_store place;
    struct wf_store *store;
    struct wf_engine *engine;
    struct wf_progress *progress; /**< Also knows where a run failed. */
    bool is_quiet;                /**< --progress none */
    ev_timer redraw;
    ev_signal signals[3];

    enum wf_run_step step;
    int status;
    struct wf_workflow_file workflow;
    struct wf_buf input, machine, handlers;
    const char **handler_list; /**< Owned; its texts are not. */
    struct wf_item_stores stores;
    struct wf_buf machine_arn, execution_arn, name;
    uint64_t seen_event; /**< Newest event that has been told of. */
    uint64_t caught_up;  /**< Newest event that has been read. */
    uint64_t told_from;  /**< Events before it get no plain line. */
    ev_timer ask;        /**< For the counts of Map Runs. */
    unsigned asked;      /**< Questions that have no answer yet. */
    unsigned children_asked; /**< Of these, about children that failed. */
    bool is_due;         /**< Counts are to be asked for behind those. */
    bool has_ended;      /**< The result waits for those answers. */
    bool is_attached;    /**< The execution was there before. */
    bool has_other_definition; /**< The store's, under the same name. */
};

/** The replies of the engine, one step after the other (cli_run_steps.c). */
void wf_run_begin(struct wf_run *run);
void wf_run_event(struct wf_run *run, const struct wf_history_event *event);
/** The end's reply has come; true: it has to be asked for again, when what
 * was asked about Map Runs is answered (cli_run_maps.c). */
bool wf_run_maps_wait(struct wf_run *run);
void wf_run_maps_init(struct wf_run *run);
/** Asks for the counts of Map Runs from now on, if there are any. */
void wf_run_maps_follow(struct wf_run *run);
/** An event of the run's execution, or of another one. */
void wf_run_maps_event(struct wf_run *run, enum wf_event_type type);
void wf_run_maps_other(struct wf_run *run, struct wf_str arn,
                       enum wf_event_type type);
/** Waits for the execution's end. */
void wf_run_await_end(struct wf_run *run);
/** Ends the loop with that exit status. */
void wf_run_over(struct wf_run *run, int status);
/** A line for people: above the tree, between the lines, or just stderr. */
void wf_run_note(struct wf_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Tells how to go on after an interruption. */
void wf_run_tell_how_to_continue(const struct wf_run *run);

#endif
