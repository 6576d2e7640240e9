/* time_zone_rule.c - the rule at the end of a TZif file. See
 * time_zone_impl.h. */
#include "time_zone_impl.h"

#define HOURS_MAX 167 /* of the time of a transition: RFC 8536 */

static bool take(struct wf_reader *in, char c) {
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

static bool read_number(struct wf_reader *in, unsigned max,
                        unsigned *number) {
    const char *begin = in->at;
    *number = 0;
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++) {
        *number = *number * 10 + (unsigned)(*in->at - '0');
        if (*number > max)
            return false;
    }
    return in->at > begin;
}

/* Letters, or anything in <>. */
static bool read_name(struct wf_reader *in) {
    const char *begin = in->at;
    if (take(in, '<')) {
        while (in->at < in->end && *in->at != '>')
            in->at++;
        return take(in, '>');
    }
    while (in->at < in->end && ((*in->at >= 'a' && *in->at <= 'z') ||
                                (*in->at >= 'A' && *in->at <= 'Z')))
        in->at++;
    return in->at > begin;
}

/* [+-]h[:m[:s]] */
static bool read_time(struct wf_reader *in, int32_t *seconds) {
    unsigned hours, minutes = 0, rest = 0;
    bool is_negative = take(in, '-');
    if (!is_negative)
        take(in, '+');
    if (!read_number(in, HOURS_MAX, &hours))
        return false;
    if (take(in, ':') && (!read_number(in, 59, &minutes) ||
                          (take(in, ':') && !read_number(in, 59, &rest))))
        return false;
    *seconds = (int32_t)(hours * 3600 + minutes * 60 + rest);
    if (is_negative)
        *seconds = -*seconds;
    return true;
}

/* POSIX counts to the west. */
static bool read_offset(struct wf_reader *in, int32_t *offset) {
    if (!read_time(in, offset) || *offset >= WF_ZONE_OFFSET_MAX ||
        *offset <= -WF_ZONE_OFFSET_MAX)
        return false;
    *offset = -*offset;
    return true;
}

static bool read_week_day(struct wf_reader *in, struct wf_zone_day *day) {
    day->kind = WF_ZONE_DAY_WEEK;
    return read_number(in, 12, &day->month) && day->month >= 1 &&
           take(in, '.') && read_number(in, 5, &day->week) &&
           day->week >= 1 && take(in, '.') && read_number(in, 6, &day->day);
}

static bool read_day(struct wf_reader *in, struct wf_zone_day *day) {
    bool good;
    *day = (struct wf_zone_day){.time_s = 2 * 3600};
    if (!take(in, ','))
        return false;
    if (take(in, 'M')) {
        good = read_week_day(in, day);
    } else if (take(in, 'J')) {
        day->kind = WF_ZONE_DAY_JULIAN;
        good = read_number(in, 365, &day->day) && day->day >= 1;
    } else {
        good = read_number(in, 365, &day->day);
    }
    return good && (!take(in, '/') || read_time(in, &day->time_s));
}

bool wf_zone_rule_parse(struct wf_str text, struct wf_zone_rule *rule) {
    struct wf_reader in = {text.data, text.data + text.len, false};
    *rule = (struct wf_zone_rule){0};
    if (!read_name(&in) || !read_offset(&in, &rule->standard))
        return false;
    if (in.at == in.end)
        return true;
    rule->has_summer = true;
    rule->summer = rule->standard + 3600;
    if (!read_name(&in))
        return false;
    if (in.at < in.end && *in.at != ',' && !read_offset(&in, &rule->summer))
        return false;
    return read_day(&in, &rule->begin) && read_day(&in, &rule->end) &&
           in.at == in.end;
}
