/* fuzz_schedule.c - the first byte chooses: a schedule's expression, of which
 * slots are calculated, or a TZif file. */
#include <stdlib.h>

#include "schedule_expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_zone(struct wf_str bytes) {
    struct wf_error err;
    struct wf_zone *zone = wf_zone_parse(bytes, &err);
    int64_t utc;
    for (int64_t at = -4000000000; zone && at < 8000000000; at += 98765432)
        if (wf_zone_utc(zone, at, &utc) &&
            utc + wf_zone_offset(zone, utc) != at)
            abort();
    wf_zone_free(zone);
}

static void ask_expression(struct wf_str text) {
    struct wf_schedule_expression expression;
    struct wf_error err;
    struct wf_zone *zone = wf_zone_load(NULL, WF_STR("UTC"), NULL);
    int64_t at = INT64_C(1700000000000);
    if (wf_schedule_parse(text, &expression, &err) == 0)
        for (int i = 0; i < 100 && at != WF_SCHEDULE_NEVER; i++) {
            int64_t next = wf_schedule_next(&expression, zone, 0, at);
            if (next <= at)
                abort();
            at = next;
        }
    wf_zone_free(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    struct wf_str rest = {(const char *)data + 1, size - 1};
    if (data[0] & 1)
        ask_zone(rest);
    else
        ask_expression(rest);
    return 0;
}
