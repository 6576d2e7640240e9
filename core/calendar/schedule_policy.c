/* schedule_policy.c - the names of what schedules do. See schedule.h. */
#include "schedule.h"

#include <strings.h>

static const char *const missed_names[] = {
    [WF_MISSED_SKIP] = "SKIP",
    [WF_MISSED_ONCE] = "ONCE",
    [WF_MISSED_ALL] = "ALL",
};
static const char *const overlap_names[] = {
    [WF_OVERLAP_ALLOW] = "ALLOW",
    [WF_OVERLAP_SKIP] = "SKIP",
    [WF_OVERLAP_QUEUE] = "QUEUE",
};

const char *wf_schedule_missed_name(enum wf_schedule_missed missed) {
    return missed <= WF_MISSED_ALL ? missed_names[missed] : NULL;
}

const char *wf_schedule_overlap_name(enum wf_schedule_overlap overlap) {
    return overlap <= WF_OVERLAP_QUEUE ? overlap_names[overlap] : NULL;
}

/* Its place among four names, of which the first is none; 0: it is not
 * there. */
static int name_at(const char *const names[4], struct wf_str name) {
    int at = 3;
    while (at > 0 && (strlen(names[at]) != name.len ||
                      strncasecmp(names[at], name.data, name.len) != 0))
        at--;
    return at;
}

bool wf_schedule_missed_of(struct wf_str name,
                           enum wf_schedule_missed *missed) {
    *missed = (enum wf_schedule_missed)name_at(missed_names, name);
    return *missed != WF_MISSED_DEFAULT;
}

bool wf_schedule_overlap_of(struct wf_str name,
                            enum wf_schedule_overlap *overlap) {
    *overlap = (enum wf_schedule_overlap)name_at(overlap_names, name);
    return *overlap != WF_OVERLAP_DEFAULT;
}
