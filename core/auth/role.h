/*
 * role.h - who may do what: roles of keys, and the rights that operations
 * ask for.
 *
 * Every operation asks for one right; it stands beside the operation, in its
 * row of the API's tables (api_call.h). A role is a set of rights, a key may
 * have several roles. docs/security.md has the table for people.
 */
#ifndef WF_ROLE_H
#define WF_ROLE_H

#include "base.h"

/** What an operation asks for. A row that says nothing asks for the most. */
enum wf_right {
    WF_RIGHT_ADMINISTER = 0, /**< What is run here, and how. */
    WF_RIGHT_VIEW,           /**< Changes nothing. */
    WF_RIGHT_START,          /**< Starts executions. */
    WF_RIGHT_WORK,           /**< Takes and answers tasks. */
    WF_RIGHT_OPERATE,        /**< Stops, redrives, tags. */
};

/** A set of rights, one bit each. */
typedef unsigned wf_rights;

#define WF_RIGHTS_ALL ((wf_rights)~0u)

static inline bool wf_right_in(wf_rights rights, enum wf_right right) {
    return rights >> right & 1;
}

/** What a role may: "admin", "operator", "starter", "worker", "viewer". 0:
 * there is no such role. */
wf_rights wf_role_rights(struct wf_str role);
/** All roles, for complaints: "admin, operator, ...". */
extern const char wf_role_names[];

#endif
