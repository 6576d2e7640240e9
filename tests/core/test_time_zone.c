/* test_time_zone.c - zones: what their clocks show, as the C library says it
 * too; times that are skipped and that occur twice; files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "time_zone.h"

static const char *const places[] = {
    "Europe/Berlin",    "America/New_York",   "Europe/Dublin",
    "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kolkata",
    "America/Sao_Paulo", "Africa/Casablanca",  "Pacific/Apia",
    "America/St_Johns", "Pacific/Chatham",     "Asia/Gaza",
    "UTC",              "Etc/GMT+12",          "America/Nuuk",
};
#define PLACES (sizeof(places) / sizeof(places[0]))

static struct wf_zone *load(const char *name) {
    struct wf_error err;
    struct wf_zone *zone = wf_zone_load(NULL, wf_str(name), &err);
    if (!zone)
        fail_msg("%s", err.message);
    return zone;
}

static bool is_there(void **state) {
    (void)state;
    return access("/usr/share/zoneinfo/Europe/Berlin", R_OK) == 0;
}

static void dates_and_days_are_the_same(void **state) {
    (void)state;
    for (int64_t day = -800000; day < 800000; day++) {
        struct wf_date date = wf_date_of(day);
        if (wf_days_of(date.year, date.month, date.day) != day ||
            date.day < 1 ||
            date.day > wf_days_in_month(date.year, date.month))
            fail_msg("day %lld", (long long)day);
    }
    assert_int_equal(wf_days_of(1970, 1, 1), 0);
    assert_int_equal(wf_days_of(2024, 2, 29), 19782);
    assert_int_equal(wf_weekday_of(19782), 4);
    assert_int_equal(wf_weekday_of(-1), 3);
}

/* The C library reads the same files. */
static void offsets_are_the_c_librarys(void **state) {
    if (!is_there(state))
        skip();
    for (size_t i = 0; i < PLACES; i++) {
        struct wf_zone *zone = load(places[i]);
        setenv("TZ", places[i], 1);
        tzset();
        for (int64_t at = -3000000000; at < 7000000000; at += 1000003) {
            struct tm tm;
            time_t when = (time_t)at;
            assert_non_null(localtime_r(&when, &tm));
            if (tm.tm_gmtoff != wf_zone_offset(zone, at))
                fail_msg("%s at %lld: %d, not %ld", places[i], (long long)at,
                         wf_zone_offset(zone, at), tm.tm_gmtoff);
        }
        wf_zone_free(zone);
    }
    unsetenv("TZ");
}

#define DAY_AND_MORE_S INT64_C(93600)

/* The first time that a clock shows this, looked for second by second, or
 * rather quarter by quarter of an hour. */
static bool first_time(const struct wf_zone *zone, int64_t local_s,
                       int64_t *utc_s) {
    for (int64_t at = local_s - DAY_AND_MORE_S;
         at <= local_s + DAY_AND_MORE_S;
         at += 900)
        if (at + wf_zone_offset(zone, at) == local_s) {
            *utc_s = at;
            return true;
        }
    return false;
}

static void local_times_are_found(void **state) {
    if (!is_there(state))
        skip();
    for (size_t i = 0; i < PLACES; i++) {
        struct wf_zone *zone = load(places[i]);
        unsigned none = 0, found = 0;
        for (int64_t local = 1577836800; local < 1577836800 + 366 * WF_DAY_S;
             local += 900) {
            int64_t expected = 0, utc = 0;
            bool is = first_time(zone, local, &expected);
            if (is != wf_zone_utc(zone, local, &utc) || expected != utc)
                fail_msg("%s: %lld", places[i], (long long)local);
            found += is;
            none += !is;
        }
        assert_true(found > 35000);
        if (i < 2)
            assert_int_equal(none, 4);
        wf_zone_free(zone);
    }
}

static void clocks_that_are_changed(void **state) {
    if (!is_there(state))
        skip();
    struct wf_zone *zone = load("Europe/Berlin");
    int64_t utc;
    /* 31 March 2024, 02:30 does not exist. */
    assert_false(wf_zone_utc(zone, 1711852200, &utc));
    assert_true(wf_zone_utc(zone, 1711850400 - 60, &utc));
    assert_int_equal(utc, 1711846800 - 60);
    assert_true(wf_zone_utc(zone, 1711854000, &utc));
    assert_int_equal(utc, 1711846800);
    /* 27 October 2024, 02:30 occurs twice. */
    assert_true(wf_zone_utc(zone, 1729996200, &utc));
    assert_int_equal(utc, 1729996200 - 7200);
    /* Far behind the table: the rule, 2150. */
    assert_int_equal(wf_zone_offset(zone, 5696000000), 7200);
    wf_zone_free(zone);
    zone = load("Pacific/Apia"); /* 30 December 2011 was left out */
    assert_false(wf_zone_utc(zone, 1325246400, &utc));
    wf_zone_free(zone);
}

static void names_lead_nowhere_else(void **state) {
    (void)state;
    static const char *const names[] = {
        "", "Nowhere/Else", "../../../etc/passwd", "/etc/localtime",
        "Europe", "zone.tab", "tzdata.zi", "Europe/Berlin ", "right/UTC",
        "Europe//../Berlin", "leapseconds"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct wf_error err = {0};
        assert_null(wf_zone_load(NULL, wf_str(names[i]), &err));
        assert_int_equal(err.code, WF_E_NOT_FOUND);
        assert_non_null(strstr(err.message, "there is no time zone"));
    }
}

static void broken_files_are_refused(void **state) {
    char bytes[65536];
    struct wf_error err;
    if (!is_there(state))
        skip();
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    assert_true(len > 0);
    if (len == 0)
        return; /* (for the analyzer) */
    struct wf_zone *zone = wf_zone_parse((struct wf_str){bytes, len}, &err);
    assert_non_null(zone);
    wf_zone_free(zone);
    for (size_t part = 0; part < len; part++)
        assert_null(wf_zone_parse((struct wf_str){bytes, part}, &err));
    srand(1);
    for (int i = 0; i < 20000; i++) { /* whatever it is: no crash */
        char copy[sizeof(bytes)];
        memcpy(copy, bytes, len);
        for (int k = 0; k < 4; k++)
            copy[(size_t)rand() % len] = (char)rand();
        zone = wf_zone_parse((struct wf_str){copy, len}, NULL);
        if (zone) {
            int64_t utc;
            wf_zone_utc(zone, rand() * INT64_C(4), &utc);
        }
        wf_zone_free(zone);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_and_days_are_the_same),
        cmocka_unit_test(offsets_are_the_c_librarys),
        cmocka_unit_test(local_times_are_found),
        cmocka_unit_test(clocks_that_are_changed),
        cmocka_unit_test(names_lead_nowhere_else),
        cmocka_unit_test(broken_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
