/* schedule_cron.c - the next time that a cron expression means. See
 * schedule_expression.h. */
#include "schedule_expression.h"

/* The lowest bit from `from` on; -1: none. */
static int next_bit(uint64_t bits, unsigned from) {
    bits = from < 64 ? bits >> from << from : 0;
    return bits ? __builtin_ctzll(bits) : -1;
}

static bool has_year(const struct wf_cron *cron, int64_t year) {
    unsigned bit = (unsigned)(year - WF_CRON_FIRST_YEAR);
    return cron->years[bit / 64] >> bit % 64 & 1;
}

/* The weekday next to a day, in the same month. */
static unsigned workday(unsigned day, unsigned weekday, unsigned last) {
    if (weekday == 6)
        return day > 1 ? day - 1 : day + 2;
    if (weekday == 0)
        return day < last ? day + 1 : day - 2;
    return day;
}

struct month {
    unsigned first; /* weekday of its first day */
    unsigned last;  /* its last day */
};

static unsigned weekday_in(const struct month *month, unsigned day) {
    return (month->first + day - 1) % 7;
}

static uint32_t workday_bit(const struct month *month, unsigned day) {
    return UINT32_C(1)
           << (workday(day, weekday_in(month, day), month->last) & 31);
}

static uint32_t workdays_of(const struct wf_cron *cron,
                            const struct month *month) {
    uint32_t days = 0, asked = cron->workdays;
    for (unsigned day = 1; day <= month->last; day++)
        if (asked >> day & 1)
            days |= workday_bit(month, day);
    if (cron->last_workday)
        days |= workday_bit(month, month->last);
    return days;
}

static uint32_t weekdays_of(const struct wf_cron *cron,
                            const struct month *month) {
    uint32_t days = 0;
    for (unsigned day = 1; day <= month->last; day++) {
        unsigned weekday = weekday_in(month, day), nth = (day + 6) / 7;
        uint32_t asked = cron->weekdays | cron->nth_weekdays[nth];
        if (day + 7 > month->last)
            asked |= cron->last_weekdays;
        days |= (asked >> weekday & 1) << day;
    }
    return days;
}

/* The days of a month that the expression means. */
static uint32_t days_of(const struct wf_cron *cron, int64_t year,
                        unsigned number) {
    struct month month = {wf_weekday_of(wf_days_of(year, number, 1)),
                          wf_days_in_month(year, number)};
    uint32_t all = (uint32_t)((UINT64_C(2) << month.last) - 2);
    uint32_t days = cron->days & all;
    if (cron->last_day)
        days |= UINT32_C(1) << month.last;
    if (cron->workdays || cron->last_workday)
        days |= workdays_of(cron, &month);
    return days | weekdays_of(cron, &month);
}

/* The first minute of a day from `from` on; -1: none. */
static int minute_of_day(const struct wf_cron *cron, unsigned from) {
    int hour = next_bit(cron->hours, from / 60);
    if (hour < 0)
        return -1;
    int minute = next_bit(cron->minutes,
                          (unsigned)hour == from / 60 ? from % 60 : 0);
    if (minute < 0) {
        hour = next_bit(cron->hours, (unsigned)hour + 1);
        minute = next_bit(cron->minutes, 0);
    }
    return hour < 0 || minute < 0 ? -1 : hour * 60 + minute;
}

int64_t wf_cron_next(const struct wf_cron *cron, int64_t local_s) {
    int64_t minute = local_s <= 0 ? 0 : (local_s + 59) / 60;
    struct wf_date from = wf_date_of(minute / 1440);
    int begin = minute_of_day(cron, (unsigned)(minute % 1440));
    if (begin < 0) { /* not on this day any more */
        from = wf_date_of(minute / 1440 + 1);
        begin = minute_of_day(cron, 0);
    }
    if (begin < 0)
        return WF_SCHEDULE_NEVER;
    int64_t today = minute / 1440;
    for (; from.year <= WF_CRON_LAST_YEAR; from.year++, from.month = 1) {
        if (!has_year(cron, from.year)) {
            from.day = 1;
            continue;
        }
        for (; from.month <= 12; from.month++, from.day = 1) {
            int day = cron->months >> from.month & 1
                          ? next_bit(days_of(cron, from.year, from.month),
                                     from.day)
                          : -1;
            if (day < 0)
                continue;
            int64_t days = wf_days_of(from.year, from.month, (unsigned)day);
            if (days != today)
                begin = minute_of_day(cron, 0);
            return days * WF_DAY_S + (int64_t)begin * 60;
        }
    }
    return WF_SCHEDULE_NEVER;
}
