/*
 * machine_answers.h - for tests of state machines: what the engine answers, as
 * text.
 */
#ifndef MACHINE_ANSWERS_H
#define MACHINE_ANSWERS_H

#include "engine_fixture.h"

#define PREFIX "arn:aws:states:us-east-1:000000000000:"
#define ROLE "arn:aws:iam::000000000000:role/test"

/** Machines whose result is 1, or 2. */
extern const char answers_one[], answers_two[];

/** What came back. All-zero: nothing yet. */
struct answer {
    bool done;
    char exception[64];
    struct wf_buf text;
    struct wf_buf token;
};

/* What the engine calls back, with an answer. A machine is "NAME [DELETING]
 * one|two|hour ROLE [uuid]LOGGING", its token the revision; of a list there are
 * names; tags are "KEY=VALUE ". */
void answer_machine(void *arg, const struct wf_refusal *refusal,
                    const struct wf_state_machine_reply *reply);
void answer_machines(void *arg, const struct wf_refusal *refusal,
                     const struct wf_state_machine_reply *machines,
                     size_t count, struct wf_str next_token);
void answer_done(void *arg, const struct wf_refusal *refusal);
void answer_tags(void *arg, const struct wf_refusal *refusal,
                 const struct wf_tag *tags, size_t count);

/** Waits for an answer and empties it, but for its token. */
void answer_expect(struct rig *rig, struct answer *answer,
                   const char *expected);
void answer_expect_refused(struct rig *rig, struct answer *answer,
                           const char *exception, const char *message);

/** UpdateStateMachine of the rig's machine; then what it answers. */
void answer_ask_update(struct rig *rig, const char *definition,
                       const char *role, const char *logging,
                       struct answer *answer);
void answer_update(struct rig *rig, const char *definition, const char *role,
                   const char *logging, const char *expected);
/** Tags it, twice the same. */
void answer_tag(struct rig *rig, const char *key, const char *value,
                struct answer *answer);
void answer_expect_tags(struct rig *rig, const char *expected);
void answer_expect_deleted(struct rig *rig, const char *arn);

#endif
