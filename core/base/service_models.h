/*
 * service_models.h - models of AWS services: operations, shapes, protocols.
 *
 * A model is a JSON document as botocore has them (models/README.md says what
 * is kept of it). Models come from a directory in botocore's layout
 * (SERVICE/VERSION/service-2.json, or .json.gz), if there is one, else from
 * those that are built in. One is read, unpacked and indexed when it is first
 * asked for, and the latest are kept.
 *
 * For one thread. Reading takes milliseconds: not for the loop.
 */
#ifndef WF_SERVICE_MODELS_H
#define WF_SERVICE_MODELS_H

#include "doc.h"

struct wf_service_models;

/** `directory` may be NULL; copied. */
struct wf_service_models *wf_service_models_new(const char *directory);
void wf_service_models_free(struct wf_service_models *models); /* or NULL */

/**
 * The model of a service, named as its folder in botocore; hyphens do not
 * count ("bedrockruntime"). Borrowed until the next call. NULL and
 * WF_E_NOT_FOUND: there is none; or WF_E_INVALID, WF_E_IO.
 */
struct wf_doc *wf_service_models_get(struct wf_service_models *models,
                                     struct wf_str service,
                                     struct wf_error *err);

#endif
