/* time_zone.c - what a zone's clocks show. See time_zone.h. */
#include <stdlib.h>

#include "time_zone_impl.h"

#define WINDOW_S (26 * INT64_C(3600)) /* no offset is larger */
#define TRANSITIONS_MAX 16            /* in such a window */

/* How long an offset lasts. */
struct period {
    int32_t offset;
    int64_t until; /* INT64_MAX: for ever */
};

/* ---- the rule behind the table ---- */

static int64_t rule_day(const struct wf_zone_day *day, int64_t year) {
    int64_t first = wf_days_of(year, 1, 1);
    if (day->kind == WF_ZONE_DAY_PLAIN)
        return first + day->day;
    if (day->kind == WF_ZONE_DAY_JULIAN)
        return first + day->day - 1 +
               (day->day >= 60 && wf_days_in_month(year, 2) == 29);
    int64_t at = wf_days_of(year, day->month, 1);
    at += (day->day + 7 - wf_weekday_of(at)) % 7 + 7 * (day->week - 1);
    while (at >= wf_days_of(year, day->month, 1) +
                     wf_days_in_month(year, day->month))
        at -= 7;
    return at;
}

static int64_t rule_time(const struct wf_zone_day *day, int64_t year,
                         int32_t offset) {
    return rule_day(day, year) * WF_DAY_S + day->time_s - offset;
}

/* Transitions of three years, in order; one that comes with another is
 * second if it begins the summer. */
static struct period rule_period(const struct wf_zone_rule *rule,
                                 int64_t utc_s) {
    struct period found = {rule->standard, INT64_MAX};
    struct period at[6];
    int64_t times[6];
    if (!rule->has_summer)
        return found;
    int64_t day = utc_s / WF_DAY_S - (utc_s % WF_DAY_S < 0);
    int64_t year = wf_date_of(day).year - 1;
    unsigned count = 0;
    for (; count < 6; year++) {
        int64_t next[2] = {rule_time(&rule->end, year, rule->summer),
                           rule_time(&rule->begin, year, rule->standard)};
        bool first = next[1] < next[0];
        for (unsigned i = 0; i < 2; i++) {
            unsigned which = first ? 1 - i : i;
            times[count] = next[which];
            at[count++].offset = which ? rule->summer : rule->standard;
        }
    }
    for (unsigned i = 0; i < 6; i++) {
        if (times[i] <= utc_s)
            found.offset = at[i].offset;
        else if (times[i] < found.until)
            found.until = times[i];
    }
    return found;
}

/* ---- the table ---- */

static struct period period_at(const struct wf_zone *zone, int64_t utc_s) {
    size_t low = 0, high = zone->count; /* transitions up to utc_s */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (zone->transitions[middle].utc_s <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->has_rule)
        return rule_period(&zone->rule, utc_s);
    return (struct period){
        low > 0 ? zone->transitions[low - 1].offset : zone->first_offset,
        low < zone->count ? zone->transitions[low].utc_s : INT64_MAX,
    };
}

int32_t wf_zone_offset(const struct wf_zone *zone, int64_t utc_s) {
    return period_at(zone, utc_s).offset;
}

bool wf_zone_utc(const struct wf_zone *zone, int64_t local_s,
                 int64_t *utc_s) {
    int64_t from = local_s - WINDOW_S, end = local_s + WINDOW_S;
    for (int i = 0; i < TRANSITIONS_MAX && from <= end; i++) {
        struct period period = period_at(zone, from);
        int64_t utc = local_s - period.offset;
        if (utc >= from && utc < period.until) {
            *utc_s = utc;
            return true;
        }
        if (period.until == INT64_MAX)
            break;
        from = period.until;
    }
    return false;
}

void wf_zone_free(struct wf_zone *zone) {
    if (!zone)
        return;
    free(zone->transitions);
    free(zone);
}
