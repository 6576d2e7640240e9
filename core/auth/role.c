/* role.c - see role.h. */
#include "role.h"

#define RIGHT(name) (1u << WF_RIGHT_##name)

const char wf_role_names[] = "admin, operator, starter, worker, viewer";

/* A worker sees no more than the tasks it takes. */
static const struct {
    const char *role;
    wf_rights rights;
} roles[] = {
    {"admin", WF_RIGHTS_ALL},
    {"operator", RIGHT(VIEW) | RIGHT(START) | RIGHT(WORK) | RIGHT(OPERATE)},
    {"starter", RIGHT(VIEW) | RIGHT(START)},
    {"worker", RIGHT(WORK)},
    {"viewer", RIGHT(VIEW)},
};

wf_rights wf_role_rights(struct wf_str role) {
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (wf_str_eq(role, wf_str(roles[i].role)))
            return roles[i].rights;
    return 0;
}
