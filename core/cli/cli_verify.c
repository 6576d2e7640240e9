/* cli_verify.c - `moonstep verify`: whether an audit log is whole. Stores:
 * cli_verify_store.c. */
#include <inttypes.h>
#include <stdio.h>

#include "audit.h"
#include "cli.h"
#include "cli_check.h"

int wf_cli_verify(const struct wf_options *options) {
    const char *path = wf_option_text(options, "audit");
    struct wf_audit_verdict verdict;
    struct wf_error err = {0};
    char text[256];

    if (!path)
        return wf_cli_verify_store(options);
    if (wf_audit_verify(path, &verdict, &err) != 0)
        return wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    if (verdict.problem)
        return wf_cli_fail(WF_EXIT_FAILED, "%s:%" PRIu64 ": %s", path,
                           verdict.lines + 1, verdict.problem);
    snprintf(text, sizeof(text), "%" PRIu64 " lines, the last one is %s\n",
             verdict.lines, verdict.last);
    return wf_cli_print(wf_str(text)) ? WF_EXIT_OK : WF_EXIT_ENGINE;
}
