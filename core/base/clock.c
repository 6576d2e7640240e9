/* clock.c - see clock.h. */
#include "clock.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* 2024-01-01T00:00:00Z */
#define VIRTUAL_START_MS INT64_C(1704067200000)

void wf_clock_init_real(struct wf_clock *clock) {
    *clock = (struct wf_clock){.is_virtual = false};
}

void wf_clock_init_virtual(struct wf_clock *clock, int64_t start_ms) {
    *clock = (struct wf_clock){
        .is_virtual = true,
        .now_ms = start_ms ? start_ms : VIRTUAL_START_MS,
    };
}

void wf_clock_seed(struct wf_clock *clock, uint64_t seed) {
    clock->seeded = true;
    clock->random = seed;
}

int64_t wf_clock_now_ms(struct wf_clock *clock) {
    if (!clock->is_virtual) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
        if (ms > clock->now_ms)
            clock->now_ms = ms;
    }
    return clock->now_ms;
}

void wf_clock_floor(struct wf_clock *clock, int64_t ms) {
    if (ms > clock->now_ms)
        clock->now_ms = ms;
}

void wf_clock_advance(struct wf_clock *clock, int64_t to_ms) {
    if (clock->is_virtual)
        wf_clock_floor(clock, to_ms);
}

uint64_t wf_clock_boot_ticks(void) {
    struct timespec now;
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * ticks +
           (uint64_t)now.tv_nsec * ticks / 1000000000;
}

uint64_t wf_clock_mono_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* SplitMix64 (Steele, Lea, Flood 2014) for seeded runs. */
static uint64_t seeded_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t wf_clock_random(struct wf_clock *clock) {
    /* getrandom() costs a system call; a page of it lasts 512 calls. */
    static _Thread_local uint64_t pool[512];
    static _Thread_local size_t left;

    if (clock->seeded)
        return seeded_random(&clock->random);
    if (left == 0) {
        char *at = (char *)pool;
        size_t got = 0;
        while (got < sizeof(pool)) {
            ssize_t n = getrandom(at + got, sizeof(pool) - got, 0);
            if (n > 0)
                got += (size_t)n;
        }
        left = sizeof(pool) / sizeof(pool[0]);
    }
    return pool[--left];
}

static void uuid_format(uint64_t high, uint64_t low, char out[37]) {
    static const char hex[] = "0123456789abcdef";
    int at = 0;
    for (int i = 0; i < 32; i++) {
        uint64_t word = i < 16 ? high : low;
        if (i == 8 || i == 12 || i == 16 || i == 20)
            out[at++] = '-';
        out[at++] = hex[(word >> (60 - 4 * (i & 15))) & 15];
    }
    out[at] = '\0';
}

void wf_clock_uuid4(struct wf_clock *clock, char out[37]) {
    uint64_t high = wf_clock_random(clock), low = wf_clock_random(clock);
    high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;
    uuid_format(high, low, out);
}

void wf_clock_uuid7(struct wf_clock *clock, char out[37]) {
    uint64_t high = wf_clock_random(clock), low = wf_clock_random(clock);
    high = (uint64_t)wf_clock_now_ms(clock) << 16 | 0x7000 | (high & 0xfff);
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;
    uuid_format(high, low, out);
}

/* The last `count` digits of a number. (printf takes ten times as long, and
 * every $$ has two times.) */
static void put_digits(char *out, int count, int number) {
    for (; count > 0; number /= 10)
        out[--count] = (char)('0' + number % 10);
}

void wf_clock_iso(int64_t ms, char out[25]) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    memcpy(out, "0000-00-00T00:00:00.000Z", 25);
    put_digits(out, 4, tm.tm_year + 1900);
    put_digits(out + 5, 2, tm.tm_mon + 1);
    put_digits(out + 8, 2, tm.tm_mday);
    put_digits(out + 11, 2, tm.tm_hour);
    put_digits(out + 14, 2, tm.tm_min);
    put_digits(out + 17, 2, tm.tm_sec);
    put_digits(out + 20, 3, (int)(ms % 1000));
}
