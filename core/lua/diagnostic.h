/*
 * diagnostic.h - one finding about a definition, as
 * ValidateStateMachineDefinition answers them.
 */
#ifndef WF_DIAGNOSTIC_H
#define WF_DIAGNOSTIC_H

#include "base.h"

struct wf_diagnostic {
    bool is_warning; /**< Neither: an error. */
    bool is_info;    /**< A remark of ours; the API does not answer it. */
    struct wf_str code, message;
    struct wf_str location; /**< data NULL: none. */
};

/** Borrowed until it returns. */
typedef void wf_diagnostics_fn(void *arg,
                               const struct wf_diagnostic *diagnostics,
                               size_t count);

#endif
