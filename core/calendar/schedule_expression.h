/*
 * schedule_expression.h - when a schedule fires: EventBridge Scheduler's
 * expressions at(), rate() and cron(), and the calculation of their slots.
 *
 * A slot is a time at which a schedule is to start its target: milliseconds
 * since the epoch. All of it is pure and bounded, whatever the expression.
 *
 * A cron expression is about what the clocks of its zone show. A time that
 * does not exist, since they are put forward over it, is no slot; of one that
 * occurs twice only the first is.
 */
#ifndef WF_SCHEDULE_EXPRESSION_H
#define WF_SCHEDULE_EXPRESSION_H

#include "time_zone.h"

enum wf_schedule_kind {
    WF_SCHEDULE_AT,
    WF_SCHEDULE_RATE,
    WF_SCHEDULE_CRON,
};

#define WF_CRON_FIRST_YEAR 1970
#define WF_CRON_LAST_YEAR 2199

/** Sets of numbers, bit by bit. */
struct wf_cron {
    uint64_t minutes;
    uint32_t hours;
    uint32_t days;            /**< Bits 1 to 31. */
    uint32_t workdays;        /**< The weekday next to a day: 15W. */
    uint32_t months;          /**< Bits 1 to 12. */
    uint32_t weekdays;        /**< Bit 0: Sunday. */
    uint32_t last_weekdays;   /**< The last of them in a month: 6L. */
    uint32_t nth_weekdays[6]; /**< [n]: the nth of them in a month: 6#3. */
    bool last_day, last_workday; /**< L and LW. */
    uint64_t years[4];        /**< Bit 0: the first year. */
};

struct wf_schedule_expression {
    enum wf_schedule_kind kind;
    int64_t at_s;    /**< at(): local time. */
    int64_t rate_ms; /**< rate() */
    struct wf_cron cron;
};

/** WF_E_INVALID: the message says what is wrong. */
int wf_schedule_parse(struct wf_str text,
                      struct wf_schedule_expression *expression,
                      struct wf_error *err);

/** There is no slot. */
#define WF_SCHEDULE_NEVER INT64_MAX

/** The first slot after a time. Those of rate() begin with `first_ms`. */
int64_t wf_schedule_next(const struct wf_schedule_expression *expression,
                         const struct wf_zone *zone, int64_t first_ms,
                         int64_t after_ms);
/** The last slot after `after_ms` that is not after `until_ms`;
 * WF_SCHEDULE_NEVER: there is none. */
int64_t wf_schedule_last(const struct wf_schedule_expression *expression,
                         const struct wf_zone *zone, int64_t first_ms,
                         int64_t after_ms, int64_t until_ms);

/* ---- schedule_cron.c ---- */

/** Reads the six fields between the parentheses. */
int wf_cron_parse(struct wf_str fields, struct wf_cron *cron,
                  struct wf_error *err);
/** The first minute (seconds of local time) that is `local_s` or later;
 * WF_SCHEDULE_NEVER. */
int64_t wf_cron_next(const struct wf_cron *cron, int64_t local_s);

#endif
