/* schedule_expression.c - expressions and their slots. See
 * schedule_expression.h. */
#include "schedule_expression.h"

#define MINUTE_MS INT64_C(60000)
#define RATE_MAX 100000000u
/* More local times than these can't be skipped or have been before: clocks
 * are never changed by more than a day. */
#define MINUTES_TRIED 4000
#define LARGEST_MS (INT64_MAX / 4)

static int invalid(struct wf_error *err, const char *why) {
    return wf_error_set(err, WF_E_INVALID, "%s", why);
}

/* ---- reading ---- */

/* The inside of "name(…)". */
static bool unwrap(struct wf_str text, const char *name,
                   struct wf_str *inside) {
    size_t len = strlen(name);
    if (text.len < len + 2 || memcmp(text.data, name, len) != 0 ||
        text.data[len] != '(' || text.data[text.len - 1] != ')')
        return false;
    *inside = (struct wf_str){text.data + len + 1, text.len - len - 2};
    return true;
}

static bool read_digits(const char *text, unsigned count, unsigned *number) {
    *number = 0;
    for (unsigned i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *number = *number * 10 + (unsigned)(text[i] - '0');
    }
    return true;
}

/* yyyy-mm-ddThh:mm:ss */
static int read_at(struct wf_str text, int64_t *at_s, struct wf_error *err) {
    static const struct {
        unsigned char at, digits, behind;
    } parts[] = {{0, 4, '-'},  {5, 2, '-'},  {8, 2, 'T'},
                 {11, 2, ':'}, {14, 2, ':'}, {17, 2, 0}};
    unsigned number[6];
    bool good = text.len == 19;
    for (int i = 0; good && i < 6; i++)
        good = read_digits(text.data + parts[i].at, parts[i].digits,
                           &number[i]) &&
               (!parts[i].behind || text.data[parts[i].at +
                                              parts[i].digits] ==
                                        (char)parts[i].behind);
    if (!good || number[0] < WF_CRON_FIRST_YEAR || number[1] < 1 ||
        number[1] > 12 || number[2] < 1 ||
        number[2] > wf_days_in_month(number[0], number[1]) ||
        number[3] > 23 || number[4] > 59 || number[5] > 59)
        return invalid(err, "a time is written at(yyyy-mm-ddThh:mm:ss)");
    *at_s = wf_days_of(number[0], number[1], number[2]) * WF_DAY_S +
            (number[3] * INT64_C(60) + number[4]) * 60 + number[5];
    return 0;
}

static int read_rate(struct wf_str text, int64_t *rate_ms,
                     struct wf_error *err) {
    static const struct {
        const char *one, *many;
        int64_t minutes;
    } units[] = {{"minute", "minutes", 1},
                 {"hour", "hours", 60},
                 {"day", "days", 1440}};
    unsigned value = 0, digits = 0;
    size_t at = 0;
    for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9' &&
           value <= RATE_MAX;
         at++, digits++)
        value = value * 10 + (unsigned)(text.data[at] - '0');
    size_t blank = at;
    while (at < text.len && text.data[at] == ' ')
        at++;
    struct wf_str unit = {text.data + at, text.len - at};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (digits && at > blank && value >= 1 && value <= RATE_MAX &&
            (wf_str_eq(unit, wf_str(units[i].one)) ||
             wf_str_eq(unit, wf_str(units[i].many)))) {
            *rate_ms = value * units[i].minutes * MINUTE_MS;
            return 0;
        }
    return invalid(err, "a rate is written rate(value unit), its unit being "
                        "minutes, hours or days");
}

int wf_schedule_parse(struct wf_str text,
                      struct wf_schedule_expression *expression,
                      struct wf_error *err) {
    struct wf_str inside;
    *expression = (struct wf_schedule_expression){.kind = WF_SCHEDULE_AT};
    if (unwrap(text, "at", &inside))
        return read_at(inside, &expression->at_s, err);
    if (unwrap(text, "rate", &inside)) {
        expression->kind = WF_SCHEDULE_RATE;
        return read_rate(inside, &expression->rate_ms, err);
    }
    if (unwrap(text, "cron", &inside)) {
        expression->kind = WF_SCHEDULE_CRON;
        return wf_cron_parse(inside, &expression->cron, err);
    }
    return invalid(err, "an expression is at(…), rate(…) or cron(…)");
}

/* ---- slots ---- */

static int64_t floor_s(int64_t ms) {
    return ms / 1000 - (ms % 1000 < 0);
}

static int64_t next_at(const struct wf_schedule_expression *expression,
                       const struct wf_zone *zone, int64_t after_ms) {
    int64_t utc_s;
    if (!wf_zone_utc(zone, expression->at_s, &utc_s) ||
        utc_s * 1000 <= after_ms)
        return WF_SCHEDULE_NEVER;
    return utc_s * 1000;
}

static int64_t next_rate(const struct wf_schedule_expression *expression,
                         int64_t first_ms, int64_t after_ms) {
    if (after_ms < first_ms)
        return first_ms;
    int64_t rate = expression->rate_ms;
    int64_t steps = (after_ms - first_ms) / rate + 1;
    return first_ms + steps * rate;
}

static int64_t next_cron(const struct wf_cron *cron,
                         const struct wf_zone *zone, int64_t after_ms) {
    int64_t after_s = floor_s(after_ms);
    int64_t local_s = after_s + wf_zone_offset(zone, after_s) + 1;
    for (int i = 0; i < MINUTES_TRIED; i++) {
        int64_t utc_s;
        local_s = wf_cron_next(cron, local_s);
        if (local_s == WF_SCHEDULE_NEVER)
            break;
        if (wf_zone_utc(zone, local_s, &utc_s) && utc_s * 1000 > after_ms)
            return utc_s * 1000;
        local_s += 60;
    }
    return WF_SCHEDULE_NEVER;
}

int64_t wf_schedule_next(const struct wf_schedule_expression *expression,
                         const struct wf_zone *zone, int64_t first_ms,
                         int64_t after_ms) {
    if (after_ms > LARGEST_MS)
        return WF_SCHEDULE_NEVER;
    if (after_ms < 0)
        after_ms = -1;
    if (expression->kind == WF_SCHEDULE_AT)
        return next_at(expression, zone, after_ms);
    if (expression->kind == WF_SCHEDULE_RATE)
        return next_rate(expression, first_ms, after_ms);
    return next_cron(&expression->cron, zone, after_ms);
}

int64_t wf_schedule_last(const struct wf_schedule_expression *expression,
                         const struct wf_zone *zone, int64_t first_ms,
                         int64_t after_ms, int64_t until_ms) {
    int64_t found = wf_schedule_next(expression, zone, first_ms, after_ms);
    if (found > until_ms)
        return WF_SCHEDULE_NEVER;
    /* There is a slot after `low`, and none after `high`. */
    int64_t low = after_ms, high = until_ms;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        int64_t next =
            wf_schedule_next(expression, zone, first_ms, middle);
        if (next <= until_ms) {
            found = next;
            low = next - 1 > middle ? next - 1 : middle;
        } else {
            high = middle;
        }
    }
    return found;
}
