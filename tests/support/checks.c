/* checks.c - see checks.h. */
#include "checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct wf_check_report checks_report;

uint64_t checks_run(struct rig *rig) {
    struct wf_error err;
    memset(&checks_report, 0, sizeof(checks_report));
    if (wf_check_store(rig->data, NULL, &checks_report, &err) != 0)
        fail_msg("%s", err.message);
    return checks_report.wrong;
}

void checks_assert_whole(struct rig *rig) {
    const struct wf_check_finding *first = checks_report.findings;
    if (checks_run(rig) > 0)
        fail_msg("%c %s: %s", first->table, first->key, first->what);
}
