/*
 * clock.h - the only module that reads a clock.
 *
 * Wall time (`now_ms`, milliseconds since the epoch) dates events and timers
 * and never goes backwards within a process, nor behind the newest event of
 * the store (wf_clock_floor). Monotonic time (`mono_ns`) measures; the two
 * never mix. A virtual clock stands still until wf_clock_advance() moves it.
 */
#ifndef WF_CLOCK_H
#define WF_CLOCK_H

#include "base.h"

struct wf_clock {
    bool is_virtual;
    int64_t now_ms;   /**< Virtual: the time. Real: the last value given. */
    uint64_t random;  /**< State of the generator. */
    bool seeded;
};

void wf_clock_init_real(struct wf_clock *clock);
/** `start_ms` 0: 2024-01-01T00:00:00Z, so that runs are reproducible. */
void wf_clock_init_virtual(struct wf_clock *clock, int64_t start_ms);
/** Makes wf_clock_random() (names, UUIDs, jitter) reproducible. */
void wf_clock_seed(struct wf_clock *clock, uint64_t seed);

int64_t wf_clock_now_ms(struct wf_clock *clock);
/** No time before this will be given any more (events read at start-up). */
void wf_clock_floor(struct wf_clock *clock, int64_t ms);
void wf_clock_advance(struct wf_clock *clock, int64_t to_ms); /* virtual */
uint64_t wf_clock_mono_ns(void);
/** Clock ticks since the machine was booted, as /proc/PID/stat counts when a
 * process started. */
uint64_t wf_clock_boot_ticks(void);
/** 64 random bits: from the kernel's generator unless seeded. */
uint64_t wf_clock_random(struct wf_clock *clock);
/** 36 characters and a NUL: version 4, or version 7 (ordered by time). */
void wf_clock_uuid4(struct wf_clock *clock, char out[37]);
void wf_clock_uuid7(struct wf_clock *clock, char out[37]);
/** "2024-01-01T00:00:00.000Z" and a NUL. */
void wf_clock_iso(int64_t ms, char out[25]);

#endif
