/*
 * arn.h - ARNs and names: what they are made of, and AWS's words for those
 * that are not right.
 */
#ifndef WF_ARN_H
#define WF_ARN_H

#include "base.h"

/** arn:partition:states:region:account:kind:name[:rest], the partition one of
 * AWS's. Borrowed texts. */
struct wf_arn {
    struct wf_str kind, name;
    struct wf_str rest; /**< An execution's name; a version or alias. */
};

bool wf_arn_parse(struct wf_str text, struct wf_arn *arn);
/**
 * The same, and it has to be of one of these kinds ("execution"); `other` may
 * be NULL. False: `why` gets the message of an InvalidArn.
 */
bool wf_arn_read(struct wf_str text, const char *kind, const char *other,
                 struct wf_arn *arn, struct wf_buf *why);
/** It is not as the ARN of such a resource has to be. False; `why` as above. */
bool wf_arn_malformed(struct wf_str text, struct wf_buf *why);
/** The number of a version that a qualifier is; 0: it is none. */
uint32_t wf_arn_version(struct wf_str qualifier);
/** Whether it is what an ARN has behind a version's number: digits only. */
bool wf_arn_is_number(struct wf_str qualifier);
/** Whether the name is followed by a label: "NAME/LABEL" is a distributed Map
 * of a state machine. */
bool wf_arn_has_label(const struct wf_arn *arn);
/** arn:partition:iam::ACCOUNT:role/[path/]name, of twelve digits. */
bool wf_arn_is_role(struct wf_str text);
/** A name of a state machine or execution as AWS wants it: 1 to 80
 * characters, none of <>{}[]?*"#%\^|~`$&,;:/, blanks or control characters. */
bool wf_name_is_valid(struct wf_str name);

#endif
