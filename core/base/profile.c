/* profile.c - the two profiles. See profile.h. */
#include "profile.h"

const struct wf_profile WF_PROFILE_AWS = {
    .name = "aws",
    .extensions = false,
    .definition_bytes = (size_t)1 << 20,
    .payload_bytes = (size_t)256 << 10,
    .variables_payloads = 40, /* 10 MiB */
    .error_bytes = 256,
    .cause_bytes = 32768,
    .events = 25000,
    .standard_s = INT64_C(365) * 24 * 60 * 60,
    .express_s = 300,
    .versions = 1000,
    .aliases = 100,
    .redrive_s = INT64_C(14) * 24 * 60 * 60,
    .redrives = 1000,
    .map_concurrency = 40,
    .map_run_concurrency = 10000,
    .activity_polls = 1000,
};

const struct wf_profile WF_PROFILE_NATIVE = {
    .name = "native",
    .extensions = true,
    .variables_payloads = 40,
};

const struct wf_profile *wf_profile_find(const char *name) {
    if (strcmp(name, WF_PROFILE_AWS.name) == 0)
        return &WF_PROFILE_AWS;
    return strcmp(name, WF_PROFILE_NATIVE.name) == 0 ? &WF_PROFILE_NATIVE
                                                     : NULL;
}

/* The smaller of two limits, of which 0 is none. */
static uint64_t stricter(uint64_t a, uint64_t b) {
    if (a == 0 || b == 0)
        return a | b;
    return a < b ? a : b;
}

size_t wf_profile_payload_bytes(const struct wf_profile *profile,
                                size_t configured) {
    return stricter(profile->payload_bytes, configured);
}

static struct wf_str clipped(struct wf_str text, size_t limit) {
    return limit ? wf_str_clip(text, limit) : text;
}

void wf_profile_clip(const struct wf_profile *profile,
                     struct wf_failure *failure) {
    failure->error = clipped(failure->error, profile->error_bytes);
    failure->cause = clipped(failure->cause, profile->cause_bytes);
}

int64_t wf_profile_timeout_s(const struct wf_profile *profile, bool express,
                             int64_t timeout_s) {
    int64_t longest = express ? profile->express_s : profile->standard_s;
    return (int64_t)stricter((uint64_t)timeout_s, (uint64_t)longest);
}
