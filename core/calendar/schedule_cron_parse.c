/* schedule_cron_parse.c - reads cron expressions. See
 * schedule_expression.h. */
#include <strings.h>

#include "schedule_expression.h"

#define FIELDS 6

enum field_number { MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS, YEARS };

static const char *const month_names[] = {
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
    "AUG", "SEP", "OCT", "NOV", "DEC", NULL};
static const char *const weekday_names[] = {"SUN", "MON", "TUE", "WED",
                                            "THU", "FRI", "SAT", NULL};

struct field {
    const char *name;
    unsigned min, max;
    const char *const *names; /* of `min` and so on; NULL: none */
};

static const struct field fields[FIELDS] = {
    {"minutes", 0, 59, NULL},
    {"hours", 0, 23, NULL},
    {"day of month", 1, 31, NULL},
    {"month", 1, 12, month_names},
    {"day of week", 1, 7, weekday_names},
    {"year", WF_CRON_FIRST_YEAR, WF_CRON_LAST_YEAR, NULL},
};

/* Numbers of a field, counted from its minimum. */
struct set {
    uint64_t bits[4];
};

static void set_add(struct set *set, unsigned number) {
    set->bits[number / 64] |= UINT64_C(1) << number % 64;
}

static int wrong(const struct field *field, struct wf_str item,
                 struct wf_error *err) {
    struct wf_str shown = wf_str_clip(item, 40);
    return wf_error_set(err, WF_E_INVALID, "its %s field has '%.*s'",
                        field->name, (int)shown.len, shown.data);
}

static bool take(struct wf_reader *in, char c) {
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

/* A number or a name. */
static bool read_value(struct wf_reader *in, const struct field *field,
                       unsigned *value) {
    const char *begin = in->at;
    unsigned number = 0;
    for (unsigned i = 0; field->names && field->names[i]; i++)
        if (in->end - in->at >= 3 &&
            strncasecmp(in->at, field->names[i], 3) == 0) {
            in->at += 3;
            *value = field->min + i;
            return true;
        }
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++)
        if ((number = number * 10 + (unsigned)(*in->at - '0')) > 9999)
            return false;
    *value = number;
    return in->at > begin && number >= field->min && number <= field->max;
}

static bool read_step(struct wf_reader *in, const struct field *field,
                      unsigned *step) {
    unsigned number = 0;
    const char *begin = in->at;
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++)
        if ((number = number * 10 + (unsigned)(*in->at - '0')) > 9999)
            return false;
    *step = number;
    return in->at > begin && number >= 1 &&
           number <= field->max - (field->max > 1000 ? field->min : 0);
}

/* Adds first, first + step … last. Ranges that end before they begin go over
 * the field's end: 22-2. */
static void add_range(struct set *set, const struct field *field,
                      unsigned first, unsigned last, unsigned step) {
    unsigned size = field->max - field->min + 1;
    unsigned span = last >= first ? last - first : last + size - first;
    for (unsigned at = 0; at <= span; at += step)
        set_add(set, (first - field->min + at) % size);
}

/* "*", "5", "5-9", each with "/2" or without. */
static int read_range(struct wf_str item, const struct field *field,
                      struct set *set, struct wf_error *err) {
    struct wf_reader in = {item.data, item.data + item.len, false};
    unsigned first = field->min, last = field->max, step = 1;
    if (!take(&in, '*')) {
        if (!read_value(&in, field, &first))
            return wrong(field, item, err);
        last = first;
        if (take(&in, '-')) {
            if (!read_value(&in, field, &last) ||
                (field->max > 1000 && last < first))
                return wrong(field, item, err);
        } else if (in.at < in.end && *in.at == '/') {
            last = field->max;
        }
    }
    if ((take(&in, '/') && !read_step(&in, field, &step)) || in.at < in.end)
        return wrong(field, item, err);
    add_range(set, field, first, last, step);
    return 0;
}

/* L, LW, 15W. False: it is none of these. */
static bool read_special_day(struct wf_str item, struct wf_cron *cron) {
    struct wf_reader in = {item.data, item.data + item.len, false};
    unsigned day;
    if (wf_str_eq(item, WF_STR("L"))) {
        cron->last_day = true;
    } else if (wf_str_eq(item, WF_STR("LW"))) {
        cron->last_workday = true;
    } else if (read_value(&in, &fields[DAYS], &day) && take(&in, 'W') &&
               in.at == in.end) {
        cron->workdays |= UINT32_C(1) << day;
    } else {
        return false;
    }
    return true;
}

/* L (Saturday), 6L, FRI#3. */
static bool read_special_weekday(struct wf_str item, struct wf_cron *cron) {
    struct wf_reader in = {item.data, item.data + item.len, false};
    unsigned day;
    if (wf_str_eq(item, WF_STR("L"))) {
        cron->weekdays |= 1u << 6;
        return true;
    }
    if (!read_value(&in, &fields[WEEKDAYS], &day))
        return false;
    if (take(&in, 'L') && in.at == in.end) {
        cron->last_weekdays |= 1u << (day - 1);
        return true;
    }
    if (!take(&in, '#') || in.end - in.at != 1 || *in.at < '1' ||
        *in.at > '5')
        return false;
    cron->nth_weekdays[*in.at - '0'] |= 1u << (day - 1);
    return true;
}

static int read_item(struct wf_str item, enum field_number number,
                     struct wf_cron *cron, struct set *set,
                     struct wf_error *err) {
    if (number == DAYS && read_special_day(item, cron))
        return 0;
    if (number == WEEKDAYS && read_special_weekday(item, cron))
        return 0;
    return read_range(item, &fields[number], set, err);
}

static int read_field(struct wf_str text, enum field_number number,
                      struct wf_cron *cron, struct set *set,
                      struct wf_error *err) {
    const char *at = text.data, *end = text.data + text.len;
    for (;;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        struct wf_str item = {at, (size_t)((comma ? comma : end) - at)};
        if (read_item(item, number, cron, set, err) != 0)
            return -1;
        if (!comma)
            return 0;
        at = comma + 1;
    }
}

static void keep(struct wf_cron *cron, enum field_number number,
                 const struct set *set) {
    uint64_t bits = set->bits[0];
    switch (number) {
    case MINUTES: cron->minutes = bits; break;
    case HOURS: cron->hours = (uint32_t)bits; break;
    case DAYS: cron->days |= (uint32_t)(bits << 1); break;
    case MONTHS: cron->months = (uint32_t)(bits << 1); break;
    case WEEKDAYS: cron->weekdays |= (uint32_t)bits; break;
    case YEARS: memcpy(cron->years, set->bits, sizeof(cron->years)); break;
    }
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static unsigned split(struct wf_str text, struct wf_str parts[FIELDS + 1]) {
    const char *at = text.data, *end = text.data + text.len;
    unsigned count = 0;
    while (count <= FIELDS) {
        while (at < end && is_blank(*at))
            at++;
        if (at == end)
            break;
        const char *begin = at;
        while (at < end && !is_blank(*at))
            at++;
        parts[count++] = (struct wf_str){begin, (size_t)(at - begin)};
    }
    return count;
}

int wf_cron_parse(struct wf_str text, struct wf_cron *cron,
                  struct wf_error *err) {
    struct wf_str parts[FIELDS + 1];
    *cron = (struct wf_cron){0};
    if (split(text, parts) != FIELDS)
        return wf_error_set(err, WF_E_INVALID,
                            "cron has six fields: minutes, hours, day of "
                            "month, month, day of week, year");
    bool any_day = wf_str_eq(parts[DAYS], WF_STR("?"));
    bool any_weekday = wf_str_eq(parts[WEEKDAYS], WF_STR("?"));
    if (any_day == any_weekday)
        return wf_error_set(err, WF_E_INVALID, "one of day of month and day "
                            "of week must be '?', and not both");
    for (int i = 0; i < FIELDS; i++) {
        struct set set = {0};
        if ((i == DAYS && any_day) || (i == WEEKDAYS && any_weekday))
            continue;
        if (read_field(parts[i], (enum field_number)i, cron, &set, err) != 0)
            return -1;
        keep(cron, (enum field_number)i, &set);
    }
    if (wf_cron_next(cron, 0) == WF_SCHEDULE_NEVER)
        return wf_error_set(err, WF_E_INVALID, "there is no such day");
    return 0;
}
