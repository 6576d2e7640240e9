/*
 * evaluate.h - evaluator threads: parsing and deciding that would hold up the
 * loop.
 *
 * Both are pure functions of what they are given, so a thread computes them
 * and the loop uses the result, if it still wants it. Whoever asks gets an
 * answer on the loop exactly once, also when the evaluator is freed.
 *
 * What is larger than WF_EVALUATE_BYTES goes to a thread at once.
 *
 * In step (seeded runs), everything is done before the call returns: what a
 * seed gives must not depend on how long a thread takes.
 */
#ifndef WF_EVALUATE_H
#define WF_EVALUATE_H

#include "doc.h"
#include "offload.h"

#define WF_EVALUATE_BYTES ((size_t)256 << 10)

struct wf_evaluator;

struct wf_evaluator_options {
    bool in_step;
    unsigned threads; /**< 0: 3, of which 2 may do long work. */
};

/** Threads start with the first job. */
struct wf_evaluator *wf_evaluator_new(struct ev_loop *loop,
                                      const struct wf_evaluator_options *is);
/** Ends what is under way; answers everybody. NULL is allowed. */
void wf_evaluator_free(struct wf_evaluator *evaluator);
/** How many jobs may be under way at once. */
unsigned wf_evaluator_threads(const struct wf_evaluator *evaluator);
/** True if nothing is under way. */
bool wf_evaluator_is_idle(const struct wf_evaluator *evaluator);

/** Work of the caller's own; offload.h says what a job is. */
void wf_evaluator_submit(struct wf_evaluator *evaluator, struct wf_job *job);

/** A text to be parsed. */
struct wf_parse {
    struct wf_buf text; /**< Taken. */
    size_t from;        /**< Bytes of it that are something else. */
    struct wf_doc_limits limits;
    /** Documents that the text may be once more (NULL: none); then it becomes
     * that one. Borrowed. */
    struct wf_doc *known[2];
};

/** `doc` is borrowed. NULL: `err` says why; err is NULL, too, if the evaluator
 * is being freed. */
typedef void wf_parsed_fn(void *arg, struct wf_doc *doc,
                          const struct wf_error *err);
void wf_evaluator_parse(struct wf_evaluator *evaluator,
                        struct wf_parse *parse, wf_parsed_fn *done,
                        void *arg);

#endif
