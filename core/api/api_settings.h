/*
 * api_settings.h - members that several operations on state machines have:
 * the configurations (logging, tracing, encryption) and tags.
 *
 * The engine keeps each configuration as the JSON object that Describe shows,
 * in one form for one meaning, so that it can compare them as texts.
 */
#ifndef WF_API_SETTINGS_H
#define WF_API_SETTINGS_H

#include "api_call.h"

struct wf_api_settings {
    struct wf_state_machine_settings settings; /**< Texts of the buffers. */
    struct wf_buf logging, tracing, encryption;
};

/** Reads the member `roleArn`. False: it is none, and the call has failed. */
bool wf_api_role_read(struct wf_api_call *call,
                      struct wf_api_request *request, struct wf_str *role);
/** Reads what is given. False: it is not right, and the call has failed. */
bool wf_api_settings_read(struct wf_api_call *call,
                          struct wf_api_request *request,
                          struct wf_api_settings *settings);
void wf_api_settings_free(struct wf_api_settings *settings);
/** Writes the three members as Describe shows them. */
void wf_api_settings_write(struct wf_buf *out,
                           const struct wf_state_machine_settings *settings);
/** The member encryptionConfiguration: as above, read and written alone. */
bool wf_api_encryption_read(struct wf_api_call *call,
                            struct wf_api_request *request,
                            struct wf_buf *out);
void wf_api_encryption_write(struct wf_buf *out, struct wf_str encryption);
/** Reads the member `tags`: an array to free(), its texts the request's.
 * False: the call has failed. */
bool wf_api_tags_read(struct wf_api_call *call,
                      struct wf_api_request *request, struct wf_tag **tags,
                      size_t *count);

#endif
