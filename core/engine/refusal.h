/*
 * refusal.h - the one way in which an operation says no: AWS's exception and
 * a message about something.
 */
#ifndef WF_REFUSAL_H
#define WF_REFUSAL_H

#include "arn.h"
#include "engine.h"

/** The message of an InvalidToken. */
#define WF_INVALID_TOKEN "Invalid Token: 'Invalid token'"

/** The message of a ThrottlingException while the store has no room. */
#define WF_NO_ROOM "The store has no room: try again later"

/** The message of an ActivityDoesNotExist. */
#define WF_NO_ACTIVITY "Activity Does Not Exist: '%s'"

/** The message of a StateMachineTypeNotSupported. */
#define WF_WRONG_MACHINE_TYPE \
    "This operation is not supported by this type of state machine"

/** The messages of a ValidationException for ARNs that an operation does not
 * take: those of distributed Maps, of versions and aliases. */
#define WF_LABELED_ARN \
    "This operation does not support the ARN of a distributed Map: '%s'"
#define WF_QUALIFIED_ARN \
    "This operation does not support the ARN of a version or an alias: '%s'"

/** A refusal that owns its message. All-zero: none. */
struct wf_refusal_text {
    struct wf_buf message;
    struct wf_refusal refusal;
};

/** `format` with `subject` for its "%s", if it has one. The subject of a
 * ResourceNotFound is its resource. */
const struct wf_refusal *wf_refusal_make(struct wf_refusal_text *text,
                                         const char *exception,
                                         const char *format,
                                         struct wf_str subject);
/** Says no to an ARN that is not that of a state machine alone, without label
 * and qualifier; `arn` gets its parts. False: `text` says why. */
bool wf_refusal_plain_arn(struct wf_refusal_text *text, struct wf_str given,
                          struct wf_arn *arn);
/** Says no to a label only: NULL, or what is wrong. */
const struct wf_refusal *wf_refusal_label(struct wf_refusal_text *text,
                                          struct wf_str given);
void wf_refusal_free(struct wf_refusal_text *text);

#endif
