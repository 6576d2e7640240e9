/*
 * versions.h - versions and aliases of state machines as the API uses them.
 *
 * A version is a number for a revision that stays as it is; an alias is a name
 * that leads to one version, or to two by weights. Both have ARNs: that of the
 * state machine and ":7" or ":PROD". The rules of engine.h hold here, too.
 */
#ifndef WF_VERSIONS_H
#define WF_VERSIONS_H

#include "engine.h"

/* ---- versions ---- */

struct wf_version_reply {
    struct wf_str arn;
    int64_t creation_ms;
};
typedef void wf_version_fn(void *arg, const struct wf_refusal *refusal,
                           const struct wf_version_reply *version);

struct wf_publish_version {
    struct wf_str state_machine_arn;
    struct wf_str revision_id; /**< It has to be the latest one's: "INITIAL"
                                 is the first's. data NULL: any. */
    struct wf_str description; /**< data NULL: none. */
};
/** Answers with the version that the latest revision has, or makes one.
 * Numbers ascend and are not used again. Exceptions: InvalidArn,
 * StateMachineDoesNotExist, StateMachineDeleting, ConflictException,
 * ServiceQuotaExceededException, ThrottlingException (no room). */
void wf_engine_publish_version(struct wf_engine *engine,
                               const struct wf_publish_version *ask,
                               wf_version_fn *reply, void *arg);
/** What is not there is deleted with success; ConflictException while an alias
 * leads to it. Executions that run it go on. */
void wf_engine_delete_version(struct wf_engine *engine, struct wf_str arn,
                              wf_done_fn *reply, void *arg);

struct wf_list_qualifiers {
    struct wf_str state_machine_arn;
    unsigned max_results; /**< 0: 100; at most 1,000 */
    struct wf_str next_token;
};
typedef void wf_version_list_fn(void *arg, const struct wf_refusal *refusal,
                                const struct wf_version_reply *versions,
                                size_t count, struct wf_str next_token);
/** Newest first. There are none of a state machine that does not exist. */
void wf_engine_list_versions(struct wf_engine *engine,
                             const struct wf_list_qualifiers *ask,
                             wf_version_list_fn *reply, void *arg);

/* ---- aliases ---- */

#define WF_ROUTES_MAX 2

struct wf_route_ask {
    struct wf_str version_arn;
    unsigned weight; /**< Percent. */
};

struct wf_alias_reply {
    struct wf_str arn, name;
    struct wf_str description; /**< data NULL: none. */
    const struct wf_route_ask *routes;
    size_t route_count;
    int64_t creation_ms, update_ms;
};
typedef void wf_alias_fn(void *arg, const struct wf_refusal *refusal,
                         const struct wf_alias_reply *alias);

struct wf_put_alias {
    struct wf_str name; /**< Create; */
    struct wf_str arn;  /**< update. */
    struct wf_str description; /**< data NULL: not given. */
    const struct wf_route_ask *routes;
    size_t route_count; /**< 0: not given. */
};
/** Idempotent for the same description and routes. Exceptions:
 * ValidationException, InvalidArn, InvalidName, ResourceNotFound,
 * ConflictException, StateMachineDeleting, ServiceQuotaExceededException,
 * ThrottlingException (no room). */
void wf_engine_create_alias(struct wf_engine *engine,
                            const struct wf_put_alias *ask,
                            wf_alias_fn *reply, void *arg);
/** What is not given stays as it is. */
void wf_engine_update_alias(struct wf_engine *engine,
                            const struct wf_put_alias *ask,
                            wf_alias_fn *reply, void *arg);
void wf_engine_describe_alias(struct wf_engine *engine, struct wf_str arn,
                              wf_alias_fn *reply, void *arg);
/** What is not there is deleted with success. */
void wf_engine_delete_alias(struct wf_engine *engine, struct wf_str arn,
                            wf_done_fn *reply, void *arg);

/** Of each: arn and creation_ms. */
typedef void wf_alias_list_fn(void *arg, const struct wf_refusal *refusal,
                              const struct wf_alias_reply *aliases,
                              size_t count, struct wf_str next_token);
/** In the order of their names; of a version those that lead to it. */
void wf_engine_list_aliases(struct wf_engine *engine,
                            const struct wf_list_qualifiers *ask,
                            wf_alias_list_fn *reply, void *arg);

#endif
