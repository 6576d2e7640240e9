/*
 * schedule_impl.h - schedules as the engine holds them: nobody else's.
 *
 * All of a schedule is its row H. A row D stands for each schedule that is to
 * start something, under the time it is due, and one for each slot whose
 * start has failed and is tried again; so memory has the schedules that are
 * due now, however many there are. A schedule whose slot waits for the end of
 * an execution is due at WF_SCHEDULE_WAITS, and what it waits for is
 * remembered here (and looked for again when an engine starts).
 *
 * Whoever reads a schedule to change it has a turn (schedule_turn.c), which
 * lasts until the change is durable: one at a time for each schedule. A
 * firing's change (the slot is done, the next one is due then) is in one batch
 * with the start of the execution, so a crash leaves both or neither; an
 * EXPRESS execution starts when it is durable. Besides, the execution's name
 * says schedule and slot.
 *
 * The dead letter of a slot whose start has failed for good is a row of table
 * F, under the time it is due, in the batch in which the slot is done with.
 */
#ifndef WF_SCHEDULE_IMPL_H
#define WF_SCHEDULE_IMPL_H

#include "engine_impl.h"
#include "schedule.h"
#include "schedule_expression.h"

/** The time of rows D of schedules that wait. */
#define WF_SCHEDULE_WAITS (INT64_MAX - 1)
/** A slot is missed if nobody was there for so long after it. */
#define WF_SCHEDULE_MISSED_MS INT64_C(60000)

struct wf_schedules;

/* ---- schedule_image.c ---- */

void wf_schedule_encode(const struct wf_schedule *schedule,
                        struct wf_buf *out);
/** Texts of the row; group and name are left. False: it does not decode. */
bool wf_schedule_decode(struct wf_str row, struct wf_schedule *schedule);
void wf_schedule_group_encode(const struct wf_schedule_group *group,
                              struct wf_buf *out);
bool wf_schedule_group_decode(struct wf_str row,
                              struct wf_schedule_group *group);
/** What a row of a slot that is tried again says. */
struct wf_schedule_retry {
    uint64_t generation;
    uint32_t attempts;  /**< That have failed. */
    int64_t first_ms;   /**< Of the first one. */
};
void wf_schedule_retry_encode(const struct wf_schedule_retry *retry,
                              struct wf_buf *out);
bool wf_schedule_retry_decode(struct wf_str row,
                              struct wf_schedule_retry *retry);
/** Keys: H (group, name), U (name), D. `slot_ms` 0: the schedule's own. */
struct wf_key wf_schedule_key(const struct wf_engine *engine,
                              struct wf_str group, struct wf_str name);
struct wf_key wf_schedule_due_key(const struct wf_engine *engine,
                                  int64_t due_ms,
                                  const struct wf_schedule *schedule,
                                  int64_t slot_ms);
/** The parts of a key D, or H without its time. */
bool wf_schedule_key_read(struct wf_str key, bool has_time,
                          struct wf_schedule *schedule, int64_t *due_ms,
                          int64_t *slot_ms);
/** Texts of `schedule` move into `memory`. */
void wf_schedule_keep(struct wf_schedule *schedule, struct wf_buf *memory);

/* ---- schedule_turn.c ---- */

/**
 * A turn with a schedule, or (name empty) with a group. The first member of
 * what somebody wants to do in it, which wf_call_new() has made.
 */
struct wf_schedule_turn {
    struct wf_engine *engine;
    struct wf_schedule_turn *chain; /**< Of the table of those whose turn
                                       it is. */
    struct wf_schedule_turn *behind; /**< Waits for this one. */
    struct wf_buf group, name;
    /** It is its turn. */
    void (*run)(struct wf_schedule_turn *turn);
    bool exists;
    struct wf_buf row;           /**< What `schedule`, `set` borrow from. */
    struct wf_schedule schedule;
    struct wf_schedule_group set; /**< Of a group's turn. */
    bool has_row;                /**< Of a group that exists without one. */
};
/** Waits for its turn, reads the row, and runs. `group` and `name` are set. */
void wf_schedule_turn_begin(struct wf_schedule_turn *turn);
/** It is the next one's turn. Drops what was read. */
void wf_schedule_turn_end(struct wf_schedule_turn *turn);
/** Frees what a turn holds; for the `drop` of a call. */
void wf_schedule_turn_drop(struct wf_schedule_turn *turn);
/** Whether somebody has a turn with it. */
bool wf_schedule_is_busy(struct wf_engine *engine, struct wf_str group,
                         struct wf_str name);
/** Whether it has a row D of its own, and its time there. */
bool wf_schedule_is_due(const struct wf_schedule *schedule);
int64_t wf_schedule_due_of(const struct wf_schedule *schedule);
/** Adds its rows to the open batch. `before`: what it was; NULL: new. */
void wf_schedule_put(struct wf_engine *engine,
                     const struct wf_schedule *schedule,
                     const struct wf_schedule *before);
void wf_schedule_delete(struct wf_engine *engine,
                        const struct wf_schedule *schedule);
/** Reads a group outside a turn: NULL: there is none. */
typedef void wf_schedule_group_fn(void *arg,
                                  const struct wf_schedule_group *group);
void wf_schedule_group_read(struct wf_engine *engine, struct wf_str name,
                            wf_schedule_group_fn *done, void *arg);
/** "default" is there although nobody has made it. */
void wf_schedule_group_default(struct wf_engine *engine,
                               struct wf_schedule_group *group);
void wf_schedule_group_put(struct wf_engine *engine,
                           const struct wf_schedule_group *group);

/* ---- schedule_plan.c ---- */

/** A schedule's expression, with its zone. */
struct wf_schedule_plan {
    struct wf_schedule_expression expression;
    const struct wf_zone *zone; /**< The engine's. */
};
/** Calls back with the plan, or (NULL) why there is none; at once if the
 * zone is in memory. */
typedef void wf_schedule_plan_fn(void *arg,
                                 const struct wf_schedule_plan *plan,
                                 struct wf_str why);
void wf_schedule_plan(struct wf_engine *engine, struct wf_str expression,
                      struct wf_str timezone, wf_schedule_plan_fn *done,
                      void *arg);
/** The first slot after a time, or the last up to `until_ms`, between the
 * schedule's start and end. */
int64_t wf_schedule_slot_after(const struct wf_schedule_plan *plan,
                               const struct wf_schedule *schedule,
                               int64_t after_ms);
int64_t wf_schedule_last_slot(const struct wf_schedule_plan *plan,
                              const struct wf_schedule *schedule,
                              int64_t until_ms);
/** Sets the schedule's next slot, and when it is due. */
void wf_schedule_set_slot(struct wf_engine *engine,
                          struct wf_schedule *schedule, int64_t slot_ms);

/* ---- schedule_target.c ---- */

/** What a target is asked. */
struct wf_schedule_call {
    struct wf_buf arn, name, input, trace_header;
    struct wf_buf target; /**< The target's own ARN. */
    struct wf_buf asked;  /**< Of a universal target: its Input. */
    uint64_t id;          /**< <aws.scheduler.execution-id> */
    int64_t max_retries, max_age_s;
    struct wf_buf dead_letters; /**< ARN of a queue; empty: none. */
};
/** Reads the target for a slot. False: `why` says what is wrong. */
bool wf_schedule_target(struct wf_engine *engine,
                        const struct wf_schedule *schedule, int64_t slot_ms,
                        unsigned attempt, struct wf_schedule_call *call,
                        struct wf_buf *why);
void wf_schedule_call_free(struct wf_schedule_call *call);

/* ---- schedule_make.c, schedule_list.c, schedule_groups.c ---- */

/** A call of one of the operations. */
struct wf_schedule_request {
    struct wf_schedule_turn turn;
    struct wf_schedule_ask ask; /**< Its texts are kept in `memory`. */
    struct wf_buf memory;
    struct wf_tag *tags;
    struct wf_str *keys;
    struct wf_schedule_plan plan;
    wf_schedule_fn *reply;
    void *arg;
};
struct wf_schedule_request *wf_schedule_request_new(
    struct wf_engine *engine, const struct wf_schedule_ask *ask,
    wf_schedule_fn *reply, void *arg);
/** Ends the turn if it has one, replies, frees. */
void wf_schedule_refuse(struct wf_schedule_request *request,
                        const char *exception, const char *format,
                        struct wf_str subject);
void wf_schedule_answer(struct wf_schedule_request *request,
                        const struct wf_schedule_reply *reply);
void wf_schedule_create(struct wf_schedule_request *request);
void wf_schedule_get(struct wf_schedule_request *request);
void wf_schedule_remove(struct wf_schedule_request *request);
void wf_schedule_next_slots(struct wf_schedule_request *request);
void wf_schedule_list(struct wf_schedule_request *request);
void wf_schedule_group_create(struct wf_schedule_request *request);
void wf_schedule_group_get(struct wf_schedule_request *request);
void wf_schedule_group_remove(struct wf_schedule_request *request);
void wf_schedule_group_list(struct wf_schedule_request *request);
void wf_schedule_group_tags(struct wf_schedule_request *request);
/** Goes on deleting the schedules of a group that is being deleted. */
void wf_schedule_group_sweep(struct wf_engine *engine, struct wf_str name);

/* ---- schedule_fire.c ---- */

/** A row D is durable, and may be due. */
void wf_schedules_note(struct wf_engine *engine, int64_t due_ms);
/** The schedule goes on when the execution has ended. */
void wf_schedules_watch(struct wf_engine *engine, uint64_t execution,
                        const struct wf_schedule *schedule);

/** The turn with a schedule, or with a slot that is tried again, that is
 * due. */
struct wf_firing {
    struct wf_schedule_turn turn;
    struct wf_firing *chain;   /**< Of the table of all. */
    int64_t due_ms;            /**< Of the row D. */
    int64_t retry_slot_ms;     /**< 0: it is the schedule's own row. */
    struct wf_schedule_retry retry;
    struct wf_schedule_plan plan;
    enum wf_schedule_missed missed;
    enum wf_schedule_overlap overlap;
    int64_t slot_ms;           /**< The one to be started. */
    int64_t noted_ms;          /**< Due time of the row it leaves. */
    int64_t letter_ms;         /**< Of its dead letter; 0: none. */
    struct wf_schedule_call call;
    struct wf_schedule before; /**< What its turn has read. */
    struct wf_buf error;
    struct wf_start_rows rows; /**< In one batch with the start. */
    bool is_put;
};
/** Ends it when what it has put is durable. */
void wf_firing_finish(struct wf_firing *firing);
/** Nothing was done: the same again after a second. */
void wf_firing_put_off(struct wf_firing *firing);

/* ---- schedule_start.c ---- */

/** Starts the execution for `slot_ms`, and sees to what follows. */
void wf_firing_start(struct wf_firing *firing);
/** Goes on to the slot after one. */
void wf_firing_go_on(struct wf_firing *firing, int64_t after_ms);
/** The turn's schedule is what its rows are to say: in the open batch. It is
 * deleted instead if that was its last slot, and it wants to be. */
void wf_firing_put(struct wf_firing *firing);

/* ---- schedule_letter.c, schedule_letters.c ---- */

/** A dead letter as its row says it. */
struct wf_schedule_letter {
    uint32_t attempts; /**< To send it, that have failed. */
    int64_t first_ms;
    struct wf_str schedule, queue; /**< ARNs */
    struct wf_str request; /**< Parameters of SendMessage, as JSON. */
};
void wf_schedule_letter_encode(const struct wf_schedule_letter *letter,
                               struct wf_buf *out);
bool wf_schedule_letter_decode(struct wf_str row,
                               struct wf_schedule_letter *letter);
/** Why a slot's start has failed for good. */
struct wf_schedule_death {
    const char *exception;
    struct wf_str message;
    uint32_t attempts;
    const char *exhausted; /**< Member of RetryPolicy; NULL: none was. */
};
/** Puts its dead letter into the open batch if it has a queue for it. */
void wf_firing_bury(struct wf_firing *firing,
                    const struct wf_schedule_death *death);
/** Its row is durable, and due then. */
void wf_schedule_letters_note(struct wf_engine *engine, int64_t due_ms);
/** Sends what is due, some at a time. */
void wf_schedule_letters_send(struct wf_engine *engine, int64_t now);
/** When something is due next; INT64_MAX: nothing, or there is no room. */
int64_t wf_schedule_letters_wake(const struct wf_engine *engine);
void wf_schedule_letters_close(struct wf_engine *engine);

/* ---- schedule_express.c ---- */

/** A schedule's EXPRESS execution begins: it is known until it ends. */
void wf_schedule_express_began(struct wf_engine *engine, uint64_t execution,
                               struct wf_str group, struct wf_str name);
void wf_schedule_express_ended(struct wf_engine *engine, uint64_t execution);
/** The latest one that runs; 0: none does. */
uint64_t wf_schedule_express_of(struct wf_engine *engine, struct wf_str group,
                                struct wf_str name);
void wf_schedule_express_close(struct wf_engine *engine);

struct wf_schedule_express;
struct wf_schedule_zone {
    struct wf_schedule_zone *next;
    char *name;
    struct wf_zone *zone;
};
struct wf_schedule_watch {
    struct wf_schedule_watch *next;
    uint64_t execution;
    char *group, *name;
};
/** A group that is being deleted. A call. */
struct wf_schedule_sweep {
    struct wf_link link;
    struct wf_schedule_turn turn; /**< With the group, at the end. */
    char *name;
    unsigned pending; /**< Schedules that are being deleted. */
};

#define WF_SCHEDULE_BUCKETS 1024
struct wf_schedules {
    struct wf_schedule_turn *turns[WF_SCHEDULE_BUCKETS];
    struct wf_schedule_watch *watches[WF_SCHEDULE_BUCKETS];
    struct wf_firing *firings[WF_SCHEDULE_BUCKETS];
    unsigned firing;
    struct wf_schedule_zone *zones;
    struct wf_link sweeps;
    int64_t next_ms;   /**< A row D is due then at the earliest. */
    int64_t unseen_ms; /**< One that the scan under way may not see. */
    int64_t seen_ms;     /**< When the loop turned last. */
    int64_t up_since_ms; /**< Since then it has done so all the time. */
    bool scanning;
    bool has_looked;   /**< For what the engine before has left. */

    struct wf_schedule_express *express_names[WF_SCHEDULE_BUCKETS];
    struct wf_schedule_express *express_ids[WF_SCHEDULE_BUCKETS];
    struct wf_link letters; /**< Those that are being sent. */
    unsigned sending;
    int64_t letters_next_ms, letters_unseen_ms; /**< As above. */
    bool scanning_letters;
    bool letters_fail; /**< The last one did. */
};

#endif
