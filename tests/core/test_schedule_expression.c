/* test_schedule_expression.c - expressions and their slots: tables of what is
 * accepted and what is not, days of the calendar, clocks that are changed,
 * and random expressions against a reference that tries every minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "schedule_expression.h"

#define DAY_MS (WF_DAY_S * 1000)

static struct wf_zone *zone_of(const char *name) {
    return wf_zone_load(NULL, wf_str(name), NULL);
}

static struct wf_schedule_expression parse(const char *text) {
    struct wf_schedule_expression expression;
    struct wf_error err;
    if (wf_schedule_parse(wf_str(text), &expression, &err) != 0)
        fail_msg("%s: %s", text, err.message);
    return expression;
}

/* "2024-02-29T10:00:00" as milliseconds. */
static int64_t ms(const char *iso) {
    int year, month, day, hour = 0, minute = 0, second = 0;
    assert_true(sscanf(iso, "%d-%d-%dT%d:%d:%d", &year, &month, &day, &hour,
                       &minute, &second) >= 3);
    return (wf_days_of(year, (unsigned)month, (unsigned)day) * WF_DAY_S +
            (hour * INT64_C(60) + minute) * 60 + second) * 1000;
}

/* The slots after a time, as minutes of UTC, each with a blank behind it. */
static const char *slots(const char *text, const char *place,
                         const char *after, unsigned count) {
    static char out[2048];
    struct wf_schedule_expression expression = parse(text);
    struct wf_zone *zone = zone_of(place);
    int64_t at = ms(after);
    size_t len = 0;
    assert_non_null(zone);
    out[0] = 0;
    while (count-- > 0) {
        char iso[25];
        at = wf_schedule_next(&expression, zone, ms("2024-01-01"), at);
        if (at == WF_SCHEDULE_NEVER) {
            snprintf(out + len, sizeof(out) - len, "never ");
            break;
        }
        wf_clock_iso(at, iso);
        len += (size_t)snprintf(out + len, sizeof(out) - len, "%.16s ", iso);
    }
    wf_zone_free(zone);
    return out;
}

static void what_is_no_expression(void **state) {
    (void)state;
    static const char *const texts[] = {
        "", "cron", "cron()", "cron(* * * * *)", "cron(0 0 * * * *)",
        "cron(0 0 ? * ? *)", "cron(60 0 * * ? *)", "cron(0 24 * * ? *)",
        "cron(0 0 0 * ? *)", "cron(0 0 32 * ? *)", "cron(0 0 1 13 ? *)",
        "cron(0 0 1 0 ? *)", "cron(0 0 ? * 0 *)", "cron(0 0 ? * 8 *)",
        "cron(0 0 1 1 ? 1969)", "cron(0 0 1 1 ? 2200)", "cron(0 0 30 2 ? *)",
        "cron(0 0 31 4,6,9,11 ? *)", "cron(0 0 29 2 ? 2023)",
        "cron(0/0 0 * * ? *)", "cron(0/60 0 * * ? *)", "cron(a 0 * * ? *)",
        "cron(0 0 1-W * ? *)", "cron(0 0 ? * MON#6 *)",
        "cron(0 0 ? * MON#0 *)", "cron(0 0 ? * #1 *)", "cron(0 0 ? * 2# *)",
        "cron(, 0 * * ? *)", "cron(0, 0 * * ? *)", "cron(0 0 L-3 * ? *)",
        "cron(- 0 * * ? *)", "cron(0- 0 * * ? *)", "cron(0 0 ? * LL *)",
        "cron(0 0 32W * ? *)", "cron(0 0 * * ? 2030-2020)",
        "cron(0 0 * * ? * *)", "cron(0 0 * * ? *", " cron(0 0 * * ? *)",
        "rate(0 minutes)", "rate(minutes)", "rate(5minutes)", "rate(5)",
        "rate(-5 minutes)", "rate(1.5 hours)", "rate(5 seconds)",
        "rate(99999999999999999999 days)", "rate(5 weeks)", "rate()",
        "at()", "at(2024-02-30T00:00:00)", "at(2024-01-01)",
        "at(2024-01-01T00:00:00Z)", "at(2024-01-01 00:00:00)",
        "at(2024-13-01T00:00:00)", "at(2024-01-01T24:00:00)",
        "at(2024-01-01T00:60:00)", "every(5 minutes)",
        "cron(99999999999 0 * * ? *)",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct wf_schedule_expression expression;
        struct wf_error err = {0};
        if (wf_schedule_parse(wf_str(texts[i]), &expression, &err) == 0)
            fail_msg("accepted: %s", texts[i]);
        assert_int_equal(err.code, WF_E_INVALID);
        assert_true(strlen(err.message) > 10);
    }
}

static void days_of_the_calendar(void **state) {
    (void)state;
    static const struct {
        const char *text, *after, *expected;
    } cases[] = {
        {"cron(0 12 * * ? *)", "2024-02-28T12:00:00",
         "2024-02-29T12:00 2024-03-01T12:00 2024-03-02T12:00 "},
        {"cron(0 0 29 2 ? *)", "2024-02-29T00:00:00",
         "2028-02-29T00:00 2032-02-29T00:00 2036-02-29T00:00 "},
        {"cron(30 9 L * ? *)", "2024-01-31T09:30:00",
         "2024-02-29T09:30 2024-03-31T09:30 2024-04-30T09:30 "},
        {"cron(15 10 ? * 6L 2024-2025)", "2024-01-26T10:15:00",
         "2024-02-23T10:15 2024-03-29T10:15 2024-04-26T10:15 "},
        {"cron(0 8 ? * MON#1 *)", "2024-01-01T08:00:00",
         "2024-02-05T08:00 2024-03-04T08:00 2024-04-01T08:00 "},
        {"cron(0 8 ? * 6#5 *)", "2024-01-01T00:00:00",
         "2024-03-29T08:00 2024-05-31T08:00 2024-08-30T08:00 "},
        {"cron(0 0 15W * ? *)", "2024-05-01T00:00:00",
         "2024-05-15T00:00 2024-06-14T00:00 2024-07-15T00:00 "},
        {"cron(0 0 1W * ? *)", "2024-05-02T00:00:00",
         "2024-06-03T00:00 2024-07-01T00:00 2024-08-01T00:00 "},
        {"cron(0 0 LW * ? *)", "2024-03-01T00:00:00",
         "2024-03-29T00:00 2024-04-30T00:00 2024-05-31T00:00 "},
        {"cron(0 0 ? * L *)", "2024-01-01T00:00:00",
         "2024-01-06T00:00 2024-01-13T00:00 2024-01-20T00:00 "},
        {"cron(0/20 8-9 ? * MON-FRI *)", "2024-01-05T09:20:00",
         "2024-01-05T09:40 2024-01-08T08:00 2024-01-08T08:20 "},
        {"cron(0-15/5 8-8 ? * 2,3,4,5,6,7 *)", "2024-01-05T08:10:30",
         "2024-01-05T08:15 2024-01-06T08:00 2024-01-06T08:05 "},
        {"cron(0 22-2 * * ? *)", "2024-01-01T22:30:00",
         "2024-01-01T23:00 2024-01-02T00:00 2024-01-02T01:00 "},
        {"cron(0 0 1 jan,JUL ? 2024/2)", "2024-01-01T00:00:00",
         "2024-07-01T00:00 2026-01-01T00:00 2026-07-01T00:00 "},
        {"cron(0 0 1 1 ? 2199)", "2024-01-01T00:00:00",
         "2199-01-01T00:00 never "},
        {"cron(0 0 1 1 ? 2020)", "2024-01-01T00:00:00", "never "},
        {"at(2024-05-01T10:00:30)", "2024-01-01T00:00:00",
         "2024-05-01T10:00 never "},
        {"at(2024-05-01T10:00:30)", "2024-05-01T10:00:30", "never "},
        {"rate(90 minutes)", "2024-01-01T00:00:00",
         "2024-01-01T01:30 2024-01-01T03:00 2024-01-01T04:30 "},
        {"rate(1 day)", "2023-12-25T00:00:00",
         "2024-01-01T00:00 2024-01-02T00:00 2024-01-03T00:00 "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(slots(cases[i].text, "UTC", cases[i].after, 3),
                            cases[i].expected);
}

static void clocks_that_are_changed(void **state) {
    (void)state;
    static const struct {
        const char *place, *text, *after, *expected;
    } cases[] = {
        /* Put forward: 02:30 is left out, the days around it are not. */
        {"Europe/Berlin", "cron(30 2 * * ? *)", "2024-03-29T12:00:00",
         "2024-03-30T01:30 2024-04-01T00:30 2024-04-02T00:30 "},
        {"America/New_York", "cron(30 2 * * ? *)", "2024-03-09T00:00:00",
         "2024-03-09T07:30 2024-03-11T06:30 2024-03-12T06:30 "},
        {"Australia/Lord_Howe", "cron(15 2 * * ? *)", "2024-10-04T00:00:00",
         "2024-10-04T15:45 2024-10-06T15:15 2024-10-07T15:15 "},
        /* Put back: once, the first time. */
        {"Europe/Berlin", "cron(30 2 * * ? *)", "2024-10-26T00:00:00",
         "2024-10-26T00:30 2024-10-27T00:30 2024-10-28T01:30 "},
        {"America/New_York", "cron(30 1 * * ? *)", "2024-11-02T00:00:00",
         "2024-11-02T05:30 2024-11-03T05:30 2024-11-04T06:30 "},
        {"America/New_York", "cron(0/30 * * * ? *)", "2024-11-03T05:00:00",
         "2024-11-03T05:30 2024-11-03T07:00 2024-11-03T07:30 "},
        /* A rate counts hours, not what clocks show. */
        {"Europe/Berlin", "rate(12 hours)", "2024-03-30T13:00:00",
         "2024-03-31T00:00 2024-03-31T12:00 2024-04-01T00:00 "},
        {"Europe/Berlin", "at(2024-03-31T02:30:00)", "2024-01-01T00:00:00",
         "never "},
        {"Europe/Berlin", "at(2024-10-27T02:30:00)", "2024-01-01T00:00:00",
         "2024-10-27T00:30 never "},
        {"Pacific/Apia", "cron(0 8 * * ? *)", "2011-12-28T20:00:00",
         "2011-12-29T18:00 2011-12-30T18:00 2011-12-31T18:00 "},
    };
    if (access("/usr/share/zoneinfo/Pacific/Apia", R_OK) != 0)
        skip();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(slots(cases[i].text, cases[i].place,
                                  cases[i].after, 3),
                            cases[i].expected);
}

/* ---- the reference: every minute is looked at ---- */

static unsigned pick(unsigned count) {
    return (unsigned)rand() % count;
}

/* A field as text, and which numbers it means. */
struct reference_field {
    char text[64];
    bool has[64];
};

static void put_item(struct reference_field *field, unsigned min,
                     unsigned max) {
    unsigned first = min + pick(max - min + 1), last = first, step = 1;
    char *end = field->text + strlen(field->text);
    size_t room = sizeof(field->text) - strlen(field->text);
    switch (pick(5)) {
    case 0:
        snprintf(end, room, "*");
        first = min;
        last = max;
        break;
    case 1:
        step = 1 + pick(max < 12 ? max : 12);
        snprintf(end, room, "%u/%u", first, step);
        last = max;
        break;
    case 2:
        last = first + pick(max - first + 1);
        step = 1 + pick(3);
        snprintf(end, room, "%u-%u/%u", first, last, step);
        break;
    default:
        snprintf(end, room, "%u", first);
    }
    for (unsigned at = first; at <= last; at += step)
        field->has[at - (max > 100 ? min : 0)] = true;
}

static void make_field(struct reference_field *field, unsigned min,
                       unsigned max) {
    memset(field, 0, sizeof(*field));
    put_item(field, min, max);
    while (pick(3) == 0 && strlen(field->text) < 40) {
        strcat(field->text, ",");
        put_item(field, min, max);
    }
}

struct reference {
    struct reference_field minute, hour, day, month, weekday;
    bool by_weekday;
    char special; /* of days: L, W (of `number`), V: LW, #, l: 6L */
    unsigned number, nth;
};

static void make_reference(struct reference *reference, char text[400]) {
    make_field(&reference->minute, 0, 59);
    make_field(&reference->hour, 0, 23);
    make_field(&reference->day, 1, 31);
    make_field(&reference->month, 1, 12);
    make_field(&reference->weekday, 1, 7);
    reference->by_weekday = pick(2);
    reference->special = 0;
    reference->number = 1 + pick(reference->by_weekday ? 7 : 28);
    reference->nth = 1 + pick(4);
    char days[80] = "?", weekdays[80] = "?";
    if (pick(3) == 0)
        reference->special =
            reference->by_weekday ? "#l"[pick(2)] : "LWV"[pick(3)];
    switch (reference->special) {
    case 'L': strcpy(days, "L"); break;
    case 'V': strcpy(days, "LW"); break;
    case 'W': snprintf(days, sizeof(days), "%uW", reference->number); break;
    case '#':
        snprintf(weekdays, sizeof(weekdays), "%u#%u", reference->number,
                 reference->nth);
        break;
    case 'l':
        snprintf(weekdays, sizeof(weekdays), "%uL", reference->number);
        break;
    default:
        strcpy(reference->by_weekday ? weekdays : days,
               reference->by_weekday ? reference->weekday.text
                                     : reference->day.text);
    }
    snprintf(text, 400, "cron(%s %s %s %s %s *)", reference->minute.text,
             reference->hour.text, days, reference->month.text, weekdays);
}

/* Of the weekdays of a month, the one nearest to a day; an earlier one if
 * two are as near. */
static unsigned nearest(int64_t year, unsigned month, unsigned day) {
    unsigned best = 0, distance = 99, last = wf_days_in_month(year, month);
    for (unsigned at = 1; at <= last; at++) {
        unsigned weekday = wf_weekday_of(wf_days_of(year, month, at));
        unsigned away = at > day ? at - day : day - at;
        if (weekday != 0 && weekday != 6 && away < distance) {
            best = at;
            distance = away;
        }
    }
    return best;
}

static bool is_day(const struct reference *reference, struct wf_date date,
                   unsigned weekday) {
    unsigned last = wf_days_in_month(date.year, date.month);
    switch (reference->special) {
    case 'L': return date.day == last;
    case 'V': return date.day == nearest(date.year, date.month, last);
    case 'W':
        return date.day == nearest(date.year, date.month, reference->number);
    case '#':
        return weekday + 1 == reference->number &&
               (date.day - 1) / 7 + 1 == reference->nth;
    case 'l': return weekday + 1 == reference->number && date.day + 7 > last;
    default:
        return reference->by_weekday ? reference->weekday.has[weekday + 1]
                                     : reference->day.has[date.day];
    }
}

static bool is_slot(const struct reference *reference, int64_t local_s) {
    int64_t day = local_s / WF_DAY_S;
    unsigned minute = (unsigned)(local_s % WF_DAY_S / 60);
    struct wf_date date = wf_date_of(day);
    return local_s % 60 == 0 && reference->minute.has[minute % 60] &&
           reference->hour.has[minute / 60] &&
           reference->month.has[date.month] &&
           is_day(reference, date, wf_weekday_of(day));
}

/* A clock that has shown a later time already shows this one again. */
static void compare(const struct reference *reference, const char *text,
                    const char *place, int64_t from_s, int64_t days) {
    struct wf_schedule_expression expression = parse(text);
    struct wf_zone *zone = zone_of(place);
    int64_t shown = 0, end = from_s + days * WF_DAY_S, before = -1;
    int64_t next = wf_schedule_next(&expression, zone, 0, from_s * 1000);
    for (int64_t at = from_s - 2 * WF_DAY_S; at < end; at += 60) {
        int64_t local = at + wf_zone_offset(zone, at);
        bool is_new = local > shown;
        shown = is_new ? local : shown;
        if (!is_new || at <= from_s || !is_slot(reference, local))
            continue;
        if (next != at * 1000)
            fail_msg("%s in %s: after %lld comes %lld, not %lld", text,
                     place, (long long)before, (long long)at,
                     (long long)(next / 1000));
        before = at;
        next = wf_schedule_next(&expression, zone, 0, next);
    }
    assert_true(next > (end - 60) * 1000);
    int64_t last = wf_schedule_last(&expression, zone, 0, from_s * 1000,
                                    (end - 60) * 1000);
    if (last != (before < 0 ? WF_SCHEDULE_NEVER : before * 1000))
        fail_msg("%s in %s: last %lld, not %lld", text, place,
                 (long long)last, (long long)before);
    wf_zone_free(zone);
}

static void random_expressions_are_the_references(void **state) {
    (void)state;
    static const struct {
        const char *place;
        const char *from;
    } places[] = {
        {"UTC", "2024-01-20"},           {"Europe/Berlin", "2024-03-20"},
        {"Europe/Berlin", "2024-10-20"}, {"America/New_York", "2025-03-01"},
        {"America/New_York", "2024-10-25"},
        {"Australia/Lord_Howe", "2024-03-30"},
        {"Australia/Lord_Howe", "2024-10-01"},
        {"Pacific/Apia", "2011-12-15"},  {"Europe/Dublin", "2040-03-15"},
    };
    if (access("/usr/share/zoneinfo/Pacific/Apia", R_OK) != 0)
        skip();
    srand(20240229);
    for (int i = 0; i < 360; i++) {
        struct reference reference;
        char text[400];
        make_reference(&reference, text);
        struct wf_schedule_expression expression;
        if (wf_schedule_parse(wf_str(text), &expression, NULL) != 0)
            continue; /* 31 February */
        size_t at = (size_t)i % (sizeof(places) / sizeof(places[0]));
        compare(&reference, text, places[at].place,
                ms(places[at].from) / 1000 + (int64_t)pick(86400) / 60 * 60,
                40);
    }
}

/* None of them takes long, and none is before what was asked for. */
static void bounded_whatever_is_asked(void **state) {
    (void)state;
    static const char *const texts[] = {
        "cron(59 23 29 2 ? 2196)", "cron(0 0 29 2 ? 2096-2104/4)",
        "cron(0 0 ? 2 SUN#5 *)",   "cron(0/1 0/1 ? * 1-7 1970/229)",
        "rate(1 minute)",          "at(2100-01-01T00:00:00)"};
    struct wf_zone *zone = zone_of("UTC");
    uint64_t start = wf_clock_mono_ns();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct wf_schedule_expression expression = parse(texts[i]);
        for (int64_t at = 0; at < INT64_C(230) * 366 * DAY_MS;
             at += 366 * DAY_MS - 12345) {
            int64_t next = wf_schedule_next(&expression, zone, 0, at);
            assert_true(next > at);
        }
        wf_schedule_next(&expression, zone, 0, INT64_MAX);
        wf_schedule_next(&expression, zone, 0, INT64_MIN);
    }
    assert_true(wf_clock_mono_ns() - start < UINT64_C(5000000000));
    wf_zone_free(zone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_expression),
        cmocka_unit_test(days_of_the_calendar),
        cmocka_unit_test(clocks_that_are_changed),
        cmocka_unit_test(random_expressions_are_the_references),
        cmocka_unit_test(bounded_whatever_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
