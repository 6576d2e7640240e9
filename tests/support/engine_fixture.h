/*
 * engine_fixture.h - a rig: an engine over a store of either kind, with a
 * clock and handlers, for one test; calls that wait for their reply;
 * histories as text.
 *
 * Tests list themselves with ENGINE_TEST_BOTH(name), once for each store.
 * The clock is virtual unless the setup says otherwise. A real clock is moved
 * forward with rig_jump(): it then stands there.
 */
#ifndef ENGINE_FIXTURE_H
#define ENGINE_FIXTURE_H

#include "engine.h"
#include "store_gate.h"
#include "store_memory.h"

/** What the lists of tests hand to rig_setup(). */
struct rig_kind {
    bool in_memory, is_real;
};
extern struct rig_kind rig_lmdb, rig_memory, rig_lmdb_real, rig_memory_real;

/** A reply, copied. Owned by the rig. */
struct rig_reply {
    struct rig_reply *next;
    bool done, refused;
    char exception[64];
    char *message;
    char *arn, *name, *input, *output, *error, *cause; /* NULL: none */
    char *token; /* of lists: the next page's */
    char *text;  /* lists: names and states; histories: see below */
    enum wf_execution_status status;
    int64_t start_ms, stop_ms; /* of a redrive: start_ms is its time */
    uint32_t redrives; /* of lists, the first one's */
    int64_t redrive_ms;
    int64_t paused_ms; /* of descriptions; of lists, the first one's */
    char *pause_reason;
    char *forked_from;
    uint64_t forked_event;
    bool paused_with_machine;
    enum wf_redrive_status redrive_status;
    const char *redrive_reason;
    size_t count;              /* lists and histories */
    uint64_t first_id, last_id; /* histories */
};

struct rig {
    bool in_memory, is_real;
    bool is_unobserved; /* nobody is told of events */
    struct ev_loop *loop;
    struct wf_clock clock;
    struct wf_store *store; /* the gate */
    struct wf_store *behind;
    struct store_memory_disk *disk;
    struct wf_engine *engine;
    struct wf_engine_options options;
    uint64_t seed;
    double delay_ms;
    char directory[80], data[96], handlers[96];
    const char *handler_list[2];
    struct rig_reply *replies;
    struct wf_buf notices; /* one a line */
    struct wf_buf logs;    /* "state stream line" */
    struct wf_buf events;  /* observed ones: "name type state" */
    unsigned pulses;
    char arn[256];         /* of the machine made last */
};

#define ENGINE_TEST_LMDB(test) \
    {#test " [lmdb]", test, rig_setup, rig_teardown, &rig_lmdb}
#define ENGINE_TEST_MEMORY(test) \
    {#test " [memory]", test, rig_setup, rig_teardown, &rig_memory}
#define ENGINE_TEST_BOTH(test) ENGINE_TEST_LMDB(test), \
    ENGINE_TEST_MEMORY(test)
#define ENGINE_TEST_REAL(test) \
    {#test " [lmdb, real time]", test, rig_setup, rig_teardown, \
     &rig_lmdb_real}, \
    {#test " [memory, real time]", test, rig_setup, rig_teardown, \
     &rig_memory_real}

int rig_setup(void **state);
int rig_teardown(void **state);

/** Makes a rig; nothing is open yet. */
struct rig *rig_new(bool in_memory, bool is_real);
void rig_free(struct rig *rig);
/** Opens store and engine with rig->options. */
void rig_open(struct rig *rig);
/** Waits for everything to be durable, then closes. */
void rig_close(struct rig *rig);
/** As a crash: the engine goes, of what the store has not acknowledged only
 * a random first part stays. */
void rig_crash(struct rig *rig);
void rig_reopen(struct rig *rig); /* close, open */
/** Forgets all stored data. */
void rig_wipe(struct rig *rig);
/** Writes a file into the handler directory (made now if need be; pass it
 * before rig_open() unless the edit is the test). */
void rig_handler(struct rig *rig, const char *file, const char *text);

/** One turn of the loop, without blocking long. */
void rig_turn(struct rig *rig);
void rig_turns(struct rig *rig, unsigned count);
/** Turns until *flag; fails the test after 60 s. */
void rig_until(struct rig *rig, const bool *flag);
/** Turns until `holds(rig, arg)`. */
void rig_until_true(struct rig *rig, bool (*holds)(struct rig *, void *),
                    void *arg);
void rig_flush(struct rig *rig);
/** Moves a real clock forward. */
void rig_jump(struct rig *rig, int64_t ms);
struct wf_engine_stats rig_stats(struct rig *rig);
/** Turns until its rig_story() has `part`. */
void rig_until_event(struct rig *rig, const char *arn, const char *part);
/** Turns until no execution is in memory. */
void rig_until_parked(struct rig *rig);

/* Requests: these return at once, the reply comes later ... */
struct rig_reply *rig_ask_machine(struct rig *rig, const char *name,
                                  const char *definition, bool express);
struct rig_reply *rig_ask_start(struct rig *rig, const char *name,
                                const char *input);
struct rig_reply *rig_ask_sync(struct rig *rig, const char *input);
struct rig_reply *rig_ask_describe(struct rig *rig, const char *arn);
struct rig_reply *rig_ask_wait(struct rig *rig, const char *arn,
                               int64_t timeout_ms);
struct rig_reply *rig_ask_stop(struct rig *rig, const char *arn,
                               const char *error, const char *cause);
/** `reason` may be NULL. */
struct rig_reply *rig_ask_pause(struct rig *rig, const char *arn,
                                const char *reason);
struct rig_reply *rig_ask_resume(struct rig *rig, const char *arn);
struct rig_reply *rig_ask_redrive(struct rig *rig, const char *arn,
                                  const char *token);
struct rig_reply *rig_ask_redrive_with(struct rig *rig, const char *arn,
                                       const struct wf_fix *fix,
                                       const char *token);
/** `name` may be NULL. The reply has its ARN; the state's name as name, a
 * reason as text. */
struct rig_reply *rig_ask_fork(struct rig *rig, const char *arn,
                               uint64_t event, const char *name,
                               const struct wf_fix *fix);
struct rig_reply *rig_ask_list(struct rig *rig, int status, unsigned page,
                               const char *token);
struct rig_reply *rig_ask_history(struct rig *rig, const char *arn,
                                  unsigned page, bool reverse,
                                  const char *token);
/** ... until this has waited for it. Returns `reply`. */
struct rig_reply *rig_reply_of(struct rig *rig, struct rig_reply *reply);

/* Shorthands that wait and fail the test if refused. */
void rig_machine(struct rig *rig, const char *name, const char *definition);
/** Starts an execution; returns its ARN (owned by the rig). */
const char *rig_start(struct rig *rig, const char *name, const char *input);
/** Waits until it has ended. */
struct rig_reply *rig_end(struct rig *rig, const char *arn);
/** Makes a machine of `definition` (named by the text's hash), runs it. */
struct rig_reply *rig_run(struct rig *rig, const char *definition,
                          const char *input);
struct rig_reply *rig_describe(struct rig *rig, const char *arn);

/**
 * The whole history, checked with rig_check_history(), one event a line:
 *
 *   3<2 PassStateExited A {"x":1}
 *   5<4 TaskFailed T +1500 My.Error: because
 *
 * id<previous, type, state, of Maps "#index" or "length=N", +milliseconds
 * since the start (if not 0), "timeout=S heartbeat=S", error: cause, document.
 * Histories with branches need history_check.h besides.
 */
const char *rig_history(struct rig *rig, const char *arn);
/** The same without documents. */
const char *rig_story(struct rig *rig, const char *arn);
/** `text` with double quotes for its single ones, unless it has double ones.
 * Definitions and inputs are taken in this form, too. */
char *rig_quoted(struct rig *rig, const char *text);
void rig_assert_text(struct rig *rig, const char *actual,
                     const char *expected);
/** Redrives it, without waiting for its end. */
void rig_redrive(struct rig *rig, const char *arn);
void rig_assert_status(struct rig *rig, const char *arn,
                       enum wf_execution_status status);
/** Fails unless `text` has `part`. */
void rig_assert_has(const char *text, const char *part);
unsigned rig_count(const char *text, const char *part);
/** How many rows a table of the store has; the partition's letter, see
 * keys.h. `key_len`: only keys of so many bytes behind the letter; 0: all. */
size_t rig_rows(struct rig *rig, char table, size_t key_len);

#endif
