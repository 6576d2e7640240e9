/*
 * time_zone_impl.h - a zone as its files share it; nobody else's.
 */
#ifndef WF_TIME_ZONE_IMPL_H
#define WF_TIME_ZONE_IMPL_H

#include "time_zone.h"

struct wf_zone_transition {
    int64_t utc_s;
    int32_t offset; /**< From then on. */
};

enum wf_zone_day_kind {
    WF_ZONE_DAY_PLAIN,  /**< day: 0 to 365 */
    WF_ZONE_DAY_JULIAN, /**< day: 1 to 365, without 29 February */
    WF_ZONE_DAY_WEEK,   /**< day: weekday; week: 1 to 5, 5 is the last */
};

/** When a transition is, each year. */
struct wf_zone_day {
    enum wf_zone_day_kind kind;
    unsigned month, week, day;
    int32_t time_s; /**< Local; may be on another day. */
};

struct wf_zone_rule {
    int32_t standard, summer; /**< Offsets. */
    bool has_summer;
    struct wf_zone_day begin, end;
};

struct wf_zone {
    struct wf_zone_transition *transitions; /**< Ascending. */
    size_t count;
    int32_t first_offset; /**< Before all of them. */
    bool has_rule;        /**< For the time behind them. */
    struct wf_zone_rule rule;
};

/** No offset is as large. */
#define WF_ZONE_OFFSET_MAX (26 * 3600)

/** Reads a rule as POSIX writes TZ: "CET-1CEST,M3.5.0,M10.5.0/3". */
bool wf_zone_rule_parse(struct wf_str text, struct wf_zone_rule *rule);

#endif
