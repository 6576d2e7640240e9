/*
 * api_validate.h - checks a request against the model of the API, with AWS's
 * words for what is wrong with it.
 */
#ifndef WF_API_VALIDATE_H
#define WF_API_VALIDATE_H

#include "api_model.h"
#include "doc.h"

/**
 * NULL: the value is as `shape` wants it. Otherwise the exception,
 * SerializationException (wrong types) or ValidationException (constraints,
 * all that are violated), and its message. Members that the model does not
 * know are passed over. Payloads may have `payload_max` characters; 0: any.
 */
const char *wf_api_validate(const struct wf_api_shape *shape,
                            struct wf_value value, size_t payload_max,
                            struct wf_buf *message);

#endif
