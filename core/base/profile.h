/*
 * profile.h - whose rules apply: AWS's, or ours.
 *
 * Under `aws` a definition that AWS refuses is refused, and an execution
 * fails where its quotas would end it there. Under `native` (the default) our
 * extensions are allowed, payloads are as large as the engine's options say,
 * and the other quotas do not exist. Every quota that is not the same in both
 * stands here; those that are, such as the lengths of names, are AWS's model
 * of the API (api_model.h).
 */
#ifndef WF_PROFILE_H
#define WF_PROFILE_H

#include <stdint.h>

#include "base.h"

/** In all numbers 0 means: no limit. */
struct wf_profile {
    const char *name;           /**< "aws" */
    bool extensions;            /**< Ours are allowed in definitions. */
    size_t definition_bytes;
    size_t payload_bytes;       /**< Beside the engine's option. */
    size_t variables_payloads;  /**< All variables take so many at most. */
    size_t error_bytes, cause_bytes; /**< Longer ones are cut. */
    uint64_t events;            /**< Of a STANDARD execution's history. */
    int64_t standard_s, express_s;   /**< An execution's longest time. */
    uint32_t versions, aliases; /**< Of a state machine. */
    int64_t redrive_s;          /**< After its end it can be redriven. */
    uint32_t redrives;          /**< Of a Map Run. */
    uint32_t map_concurrency;   /**< Iterations of an inline Map. */
    uint32_t activity_polls;    /**< Of an activity, at a time. */
    uint32_t map_run_concurrency; /**< Children of a distributed Map. */
};

extern const struct wf_profile WF_PROFILE_AWS, WF_PROFILE_NATIVE;

/** NULL: there is none of that name. */
const struct wf_profile *wf_profile_find(const char *name);

/** The payloads' limit, where the operator's is `configured`. */
size_t wf_profile_payload_bytes(const struct wf_profile *profile,
                                size_t configured);
/** Cuts what an error's texts have too many of. */
void wf_profile_clip(const struct wf_profile *profile,
                     struct wf_failure *failure);
/** How long an execution may run whose definition says `timeout_s` (0:
 * nothing); 0: any time. */
int64_t wf_profile_timeout_s(const struct wf_profile *profile, bool express,
                             int64_t timeout_s);

#endif
