/* doc_value.c - strings and numbers. See doc.h. */
#include "doc_scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EXACT 9007199254740992.0 /* 2^53: integers below are exact */

bool wf_utf8_valid(struct wf_str text) {
    if (text.len == 0)
        return true;
    const char *at = text.data, *end = at + text.len;
    while (at < end) {
        uint64_t word;
        if (end - at >= 8) {
            memcpy(&word, at, 8);
            if (!(word & 0x8080808080808080u)) {
                at += 8;
                continue;
            }
        }
        size_t len = wf_utf8_length(at, end);
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

/* Strings */

static unsigned hex4(const char *at) {
    unsigned code = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)at[i];
        code = code << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return code;
}

static size_t put_utf8(unsigned code, char *out) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/*
 * Reads the escape at `*at` and moves behind it; a surrogate pair is one
 * code, a lone surrogate its own.
 */
static unsigned read_escape(const char **at, const char *end) {
    static const char names[] = "\bb\ff\nn\rr\tt";
    char c = (*at)[1];

    if (c != 'u') {
        *at += 2;
        for (const char *n = names; *n; n += 2)
            if (n[1] == c)
                return (unsigned char)*n;
        return (unsigned char)c;
    }
    unsigned code = hex4(*at + 2);
    *at += 6;
    if (code < 0xd800 || code > 0xdbff || end - *at < 6 ||
        (*at)[0] != '\\' || (*at)[1] != 'u')
        return code;
    unsigned low = hex4(*at + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return code;
    *at += 6;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

static bool is_surrogate(unsigned code) {
    return code >= 0xd800 && code <= 0xdfff;
}

static size_t unescape(struct wf_str raw, char *out, bool keep_surrogates) {
    const char *at = raw.data, *end = at + raw.len;
    char *to = out;

    while (at < end) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));
        size_t run = (size_t)((slash ? slash : end) - at);
        memcpy(to, at, run);
        to += run;
        at += run;
        if (!slash)
            break;
        unsigned code = read_escape(&at, end);
        if (is_surrogate(code) && !keep_surrogates)
            code = 0xfffd;
        to += put_utf8(code, to);
    }
    return (size_t)(to - out);
}

size_t wf_string_unescape(struct wf_str raw, char *out) {
    return unescape(raw, out, false);
}

bool wf_string_is(struct wf_str raw, struct wf_str characters) {
    if (characters.len == 0 || raw.len == 0)
        return characters.len == raw.len;
    const char *at = raw.data, *end = at + raw.len;
    const char *want = characters.data, *want_end = want + characters.len;
    char piece[4];

    while (at < end) {
        size_t len = 1;
        piece[0] = *at;
        if (*at == '\\') {
            unsigned code = read_escape(&at, end);
            len = put_utf8(is_surrogate(code) ? 0xfffd : code, piece);
        } else {
            at++;
        }
        if ((size_t)(want_end - want) < len || memcmp(want, piece, len) != 0)
            return false;
        want += len;
    }
    return want == want_end;
}

/* What stands between the quotes. */
static struct wf_str raw_string(struct wf_value value) {
    const struct wf_node *node = &wf_doc_nodes(value.doc)[value.node];
    return (struct wf_str){value.doc->text + node->start + 1,
                           node->end - node->start - 2};
}

void wf_value_string(struct wf_value string, struct wf_buf *out) {
    if (wf_value_type(string) != WF_JSON_STRING)
        return;
    struct wf_str raw = raw_string(string);
    if (raw.len == 0)
        return;
    wf_buf_reserve(out, raw.len);
    out->len += wf_string_unescape(raw, out->data + out->len);
}

/* Numbers */

/*
 * The exact fast path: at most 2^53 times or divided by a power of ten that
 * is exact itself gives a correctly rounded result. False: not so simple.
 */
static bool simple_number(struct wf_str text, double *number) {
    static const double tens[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *at = text.data, *end = at + text.len;
    bool negative = *at == '-';
    uint64_t digits = 0;
    size_t places = 0;
    bool point = false;

    at += negative;
    if (end - at > 17)
        return false;
    for (; at < end; at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        if ((unsigned char)(*at - '0') > 9) /* an exponent */
            return false;
        digits = digits * 10 + (uint64_t)(*at - '0');
        places += point;
    }
    if (digits > (uint64_t)EXACT)
        return false;
    *number = (double)digits / tens[places];
    if (negative)
        *number = -*number;
    return true;
}

double wf_value_number(struct wf_value value) {
    double number;

    if (wf_value_type(value) != WF_JSON_NUMBER)
        return 0;
    struct wf_str text = wf_value_text(value);
    if (simple_number(text, &number))
        return number;
    return strtod(text.data, NULL); /* ends at what follows the number */
}

/** A number's digits: 0.d1d2d3... times ten to the power of `point`. */
struct decimal {
    bool negative;
    const char *at;  /**< The first digit that is not 0, or `end`. */
    const char *end; /**< Behind the last; a '.' may stand between. */
    int64_t point;
};

static int64_t read_exponent(const char *at, const char *end) {
    bool negative = *at == '-';
    int64_t exponent = 0;

    at += *at == '-' || *at == '+';
    for (; at < end; at++)
        if (exponent < INT64_C(1000000000000000))
            exponent = exponent * 10 + (*at - '0');
    return negative ? -exponent : exponent;
}

static struct decimal read_decimal(struct wf_str text) {
    struct decimal d = {.at = text.data};
    const char *end = text.data + text.len;
    bool point = false;

    d.negative = *d.at == '-';
    d.at += d.negative;
    for (d.end = d.at; d.end < end && (*d.end | 0x20) != 'e'; d.end++) {
        if (*d.end == '.')
            point = true;
        else if (!point)
            d.point++;
    }
    if (d.end < end)
        d.point += read_exponent(d.end + 1, end);
    while (d.at < d.end && (*d.at == '0' || *d.at == '.')) {
        if (*d.at == '0')
            d.point--;
        d.at++;
    }
    return d;
}

static char next_digit(struct decimal *d) {
    if (d->at < d->end && *d->at == '.')
        d->at++;
    return d->at < d->end ? *d->at++ : '0';
}

bool wf_number_same(struct wf_str a, struct wf_str b) {
    struct decimal x = read_decimal(a), y = read_decimal(b);
    bool zero = x.at == x.end;

    if (zero || y.at == y.end)
        return zero && y.at == y.end; /* -0 is 0 */
    if (x.negative != y.negative || x.point != y.point)
        return false;
    while (x.at < x.end || y.at < y.end)
        if (next_digit(&x) != next_digit(&y))
            return false;
    return true;
}

bool wf_value_integer(struct wf_value value, int64_t *integer) {
    char digits[24];

    if (wf_value_type(value) != WF_JSON_NUMBER)
        return false;
    struct wf_str text = wf_value_text(value);
    const char *at = text.data, *end = at + text.len;
    bool negative = *at == '-';
    int64_t sum = 0;
    for (at += negative; at < end && (unsigned char)(*at - '0') < 10; at++)
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_sub_overflow(sum, *at - '0', &sum))
            return false; /* summed below zero, where there is one more */
    if (at == end) {
        if (!negative && sum == INT64_MIN)
            return false;
        *integer = negative ? sum : -sum;
        return true;
    }
    /* 1.0 and 1e3 are integers, too */
    double number = wf_value_number(value);
    if (!(number >= -EXACT && number <= EXACT) || number != floor(number))
        return false;
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)number);
    if (!wf_number_same(text, (struct wf_str){digits, (size_t)len}))
        return false;
    *integer = (int64_t)number;
    return true;
}

/*
 * Writes `digits` / 10^places, at least one digit before the point. A number
 * of at most 2^53 with few places reads back exactly: see simple_number().
 */
static void add_decimal(struct wf_buf *buf, bool negative, uint64_t digits,
                        int places) {
    char text[32], *at = text + sizeof(text);

    for (int i = 0; i <= places || digits; i++) {
        if (i == places && places > 0)
            *--at = '.';
        *--at = (char)('0' + digits % 10);
        digits /= 10;
    }
    if (negative)
        *--at = '-';
    wf_buf_add(buf, at, (size_t)(text + sizeof(text) - at));
}

/* 19.99 and the like: without printf. */
static bool add_short_fraction(struct wf_buf *buf, double number) {
    double size = fabs(number), scale = 1;

    for (int places = 1; size >= 1e-4 && places <= 9; places++) {
        scale *= 10;
        double digits = rint(size * scale);
        if (digits > 1e15)
            return false;
        if (digits / scale == size) {
            add_decimal(buf, number < 0, (uint64_t)digits, places);
            return true;
        }
    }
    return false;
}

void wf_buf_number(struct wf_buf *buf, double number) {
    char text[32];

    if (number == floor(number) && number >= -EXACT && number <= EXACT) {
        add_decimal(buf, number < 0, (uint64_t)fabs(number), 0);
        return;
    }
    if (add_short_fraction(buf, number))
        return;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    wf_buf_adds(buf, text);
}
