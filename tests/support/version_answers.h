/*
 * version_answers.h - for tests of versions and aliases: state machine "m",
 * what the engine is asked about it, and the answers as text. ARNs are shown
 * without what all of them begin with, so a version is ":1".
 */
#ifndef VERSION_ANSWERS_H
#define VERSION_ANSWERS_H

#include "machine_answers.h"
#include "versions.h"

#define M PREFIX "stateMachine:m"

/** Machines whose result is 3; or 2, after an hour. */
extern const char answers_three[], waits_two[];

void versions_on_version(void *arg, const struct wf_refusal *refusal,
                         const struct wf_version_reply *version);
void versions_on_versions(void *arg, const struct wf_refusal *refusal,
                          const struct wf_version_reply *versions,
                          size_t count, struct wf_str token);
/** ":PROD :1=90 :2=10 description" */
void versions_on_alias(void *arg, const struct wf_refusal *refusal,
                       const struct wf_alias_reply *alias);
void versions_on_aliases(void *arg, const struct wf_refusal *refusal,
                         const struct wf_alias_reply *aliases, size_t count,
                         struct wf_str token);
/** "version alias" of an execution, behind M. */
void versions_on_execution(void *arg, const struct wf_refusal *refusal,
                           const struct wf_execution_reply *reply);
/** "name:version:alias " of each. */
void versions_on_list(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *list, size_t count,
                      struct wf_str token);
void versions_on_machine(void *arg, const struct wf_refusal *refusal,
                         const struct wf_state_machine_reply *reply);
void versions_expect(struct rig *rig, struct answer *answer,
                     const char *expected);
void versions_expect_exception(struct rig *rig, struct answer *answer,
                               const char *exception);
void versions_expect_published(struct rig *rig, const char *revision,
                               const char *expected);
/** UpdateStateMachine with `publish`; the version's ARN follows the
 * machine's, which has nothing behind M. */
void versions_expect_update(struct rig *rig, const char *definition,
                            const char *expected);
void versions_expect_list(struct rig *rig, const char *expected);
void versions_expect_aliases(struct rig *rig, const char *arn,
                             const char *expected);
void versions_expect_deleted(struct rig *rig, const char *arn);
/** An alias that leads to one version, or to two. */
struct wf_put_alias versions_alias_of(struct wf_route_ask *routes,
                                      const char *name, const char *first,
                                      unsigned weight, const char *second);
void versions_put_alias(struct rig *rig, const char *name, const char *first,
                        unsigned weight, const char *second);
void versions_expect_alias(struct rig *rig, const char *arn,
                           const char *expected);
void versions_ask_start(struct rig *rig, const char *arn, const char *name,
                        struct answer *answer);
/** Its ARN is kept by the answer. */
char *versions_start(struct rig *rig, const char *arn, const char *name);
void versions_expect_refused_start(struct rig *rig, const char *arn,
                                   const char *name, const char *exception);
/** Started with the ARN it ends with this output, and says how it was
 * started, in its description and its history. */
void versions_expect_run(struct rig *rig, const char *arn, const char *output,
                         const char *qualifiers);
void versions_expect_executions(struct rig *rig, const char *arn,
                                unsigned page, const char *token,
                                const char *expected, char *next);
void versions_expect_described(struct rig *rig, const char *arn,
                               const char *expected);
/** Versions 1, 2 and 3 answer with their numbers. */
void versions_open(struct rig *rig);

#endif
