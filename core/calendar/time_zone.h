/*
 * time_zone.h - time zones: what the clocks on the walls of a place show.
 *
 * A zone is what a TZif file (RFC 8536) of the system's tzdata says: a table
 * of transitions, and a rule for the time behind it. Times are seconds since
 * the epoch; "local" ones count what the clock on the wall shows as if it
 * were UTC.
 *
 * Reading is pure; wf_zone_load() blocks on the file.
 */
#ifndef WF_TIME_ZONE_H
#define WF_TIME_ZONE_H

#include "base.h"

struct wf_zone;

/** Reads the bytes of a TZif file of version 2 or later, without leap
 * seconds. NULL: it is none. */
struct wf_zone *wf_zone_parse(struct wf_str bytes, struct wf_error *err);
/**
 * Reads the zone `name` ("Europe/Berlin"; "UTC" needs no file) from
 * `directory`; NULL: $TZDIR, or else /usr/share/zoneinfo. WF_E_NOT_FOUND:
 * there is no such zone.
 */
struct wf_zone *wf_zone_load(const char *directory, struct wf_str name,
                             struct wf_error *err);
void wf_zone_free(struct wf_zone *zone); /* NULL is fine */

/** Seconds that local time is ahead of UTC. */
int32_t wf_zone_offset(const struct wf_zone *zone, int64_t utc_s);
/** When it is that a clock shows this: of two times the first. False: a clock
 * never shows it, as it is put forward over it. */
bool wf_zone_utc(const struct wf_zone *zone, int64_t local_s,
                 int64_t *utc_s);

/* ---- the calendar ---- */

#define WF_DAY_S INT64_C(86400)

/** Days since the epoch; `month` and `day` count from 1. */
int64_t wf_days_of(int64_t year, unsigned month, unsigned day);
struct wf_date {
    int64_t year;
    unsigned month, day;
};
struct wf_date wf_date_of(int64_t days);
unsigned wf_days_in_month(int64_t year, unsigned month);
/** 0: Sunday. */
unsigned wf_weekday_of(int64_t days);

#endif
