/* term.c - widths, cleaning and durations for terminals. See term.h. */
#include "term.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

struct span {
    uint32_t first, last;
};

/* Marks that stand on the character before them, and joiners. */
static const struct span zero_width[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A},
    {0x064B, 0x065F}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x202A, 0x202E},
    {0x2060, 0x2064}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
    {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
};

static const struct span wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},
    {0x2614, 0x2615},   {0x26A1, 0x26A1},   {0x2705, 0x2705},
    {0x274C, 0x274C},   {0x2753, 0x2755},   {0x2E80, 0x303E},
    {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},
    {0xA000, 0xA4CF},   {0xA960, 0xA97C},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF},
    {0x1F18E, 0x1F19A}, {0x1F200, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F7E0, 0x1F7EB}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD},
};

static bool is_in(uint32_t point, const struct span *spans, size_t count) {
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (point > spans[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && point >= spans[low].first;
}

#define IN(point, spans) is_in(point, spans, sizeof(spans) / sizeof(*spans))

/* Decodes one character; 0 bytes: not UTF-8. */
static size_t utf8_decode(const char *text, size_t len, uint32_t *point) {
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)text[0];
    size_t bytes = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;

    if (lead >= 0xF8 || (lead >= 0x80 && lead < 0xC0) || bytes > len)
        return 0;
    *point = bytes == 1 ? lead : lead & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 0;
        *point = *point << 6 | ((unsigned char)text[i] & 0x3F);
    }
    return *point < smallest[bytes] || *point > 0x10FFFF ? 0 : bytes;
}

/* Bytes of an escape sequence: CSI (colours, cursor), OSC (titles, links) up
 * to its terminator, else two bytes. */
static size_t escape_length(const char *text, size_t len) {
    size_t i = 2;

    if (len < 2)
        return len;
    if (text[1] == '[') {
        while (i < len && ((unsigned char)text[i] < 0x40 || text[i] == 0x7F))
            i++;
        return i < len ? i + 1 : len;
    }
    if (text[1] != ']')
        return 2;
    while (i < len && text[i] != '\a' && text[i] != '\033')
        i++;
    return i < len && text[i] == '\a' ? i + 1 : i;
}

/* Marks that would show the rest of the line in another order. */
static bool is_reordering(uint32_t point) {
    return point == 0x200E || point == 0x200F ||
           (point >= 0x202A && point <= 0x202E) ||
           (point >= 0x2066 && point <= 0x2069);
}

/* One character as it is shown: `shown` bytes at `text`, in `columns`. */
struct glyph {
    const char *text;
    size_t len, columns;
    size_t used; /* bytes of the source */
};

static struct glyph glyph_next(const char *text, size_t len) {
    uint32_t point = 0;
    size_t bytes = utf8_decode(text, len, &point);

    if (bytes == 0)
        return (struct glyph){"?", 1, 1, 1};
    if (point == 0x1B)
        return (struct glyph){"", 0, 0, escape_length(text, len)};
    if (point < 0x20 || point == 0x7F)
        return (struct glyph){" ", 1, 1, 1};
    if (point >= 0x80 && point < 0xA0) /* C1 controls */
        return (struct glyph){" ", 1, 1, bytes};
    if (is_reordering(point))
        return (struct glyph){"", 0, 0, bytes};
    if (IN(point, zero_width))
        return (struct glyph){text, bytes, 0, bytes};
    return (struct glyph){text, bytes, IN(point, wide) ? 2 : 1, bytes};
}

size_t wf_term_columns(struct wf_str text) {
    size_t columns = 0;

    for (size_t i = 0; i < text.len;) {
        struct glyph glyph = glyph_next(text.data + i, text.len - i);

        columns += glyph.columns;
        i += glyph.used;
    }
    return columns;
}

size_t wf_term_text(struct wf_buf *out, struct wf_str text, size_t max,
                    bool unicode) {
    size_t columns = 0;
    bool cut = wf_term_columns(text) > max;
    size_t room = cut ? max - (max > 0) : max;

    for (size_t i = 0; i < text.len;) {
        struct glyph glyph = glyph_next(text.data + i, text.len - i);

        if (columns + glyph.columns > room)
            break;
        if (!unicode && glyph.len > 1)
            glyph = (struct glyph){"?", 1, 1, glyph.used};
        wf_buf_add(out, glyph.text, glyph.len);
        columns += glyph.columns;
        i += glyph.used;
    }
    if (!cut || max == 0)
        return columns;
    wf_buf_adds(out, unicode ? "…" : "~");
    return columns + 1;
}

void wf_term_cell(struct wf_buf *out, struct wf_str text, size_t columns,
                  bool unicode) {
    size_t used = wf_term_text(out, text, columns, unicode);

    for (; used < columns; used++)
        wf_buf_u8(out, ' ');
}

void wf_term_duration(struct wf_buf *out, int64_t ms) {
    long long s = ms / 1000;

    if (ms < 0)
        wf_buf_adds(out, "0ms");
    else if (ms < 100)
        wf_buf_addf(out, "%lldms", (long long)ms);
    else if (ms < 10000)
        wf_buf_addf(out, "%lld.%02llds", s, (long long)ms % 1000 / 10);
    else if (s < 60)
        wf_buf_addf(out, "%lld.%llds", s, (long long)ms % 1000 / 100);
    else if (s < 3600)
        wf_buf_addf(out, "%lldm%02llds", s / 60, s % 60);
    else if (s < 86400)
        wf_buf_addf(out, "%lldh%02lldm", s / 3600, s / 60 % 60);
    else
        wf_buf_addf(out, "%lldd%02lldh", s / 86400, s / 3600 % 24);
}

static void add_time(struct wf_buf *out, int64_t ms, const char *format) {
    time_t seconds = (time_t)(ms / 1000);
    char text[64];
    struct tm parts;

    localtime_r(&seconds, &parts);
    strftime(text, sizeof(text), format, &parts);
    wf_buf_adds(out, text);
}

void wf_term_clock(struct wf_buf *out, int64_t ms) {
    add_time(out, ms, "%H:%M:%S");
    wf_buf_addf(out, ".%03d", (int)(ms % 1000));
}

void wf_term_date(struct wf_buf *out, int64_t ms) {
    add_time(out, ms, "%Y-%m-%d %H:%M:%S");
}

void wf_term_size(int fd, size_t *columns, size_t *lines) {
    struct winsize size = {0};

    if (ioctl(fd, TIOCGWINSZ, &size) != 0)
        size = (struct winsize){0};
    *columns = size.ws_col > 0 ? size.ws_col : 80;
    *lines = size.ws_row > 0 ? size.ws_row : 24;
}

bool wf_term_is_unicode(void) {
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

bool wf_term_is_live(int fd) {
    const char *term = getenv("TERM");

    return isatty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}

bool wf_term_has_color(int fd) {
    const char *no_color = getenv("NO_COLOR");

    return wf_term_is_live(fd) && (no_color == NULL || no_color[0] == '\0');
}
