/* json_complaint.c - words for what is not JSON. See json_complaint.h. */
#include "json_complaint.h"

#define SOURCE_BYTES 500 /* of the text that a complaint repeats */
#define TOKEN_BYTES 256

static const char VALUES[] =
    "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

struct scan {
    struct wf_str text;
    size_t at;
    struct wf_buf open; /* size_t offsets of the brackets we are in */
    struct wf_json_complaint *out;
};

/* ---- complaining: each returns false ---- */

/* `[Source: (String)"text"; line: 1, column: 4]` for a place behind `at`
 * bytes. Columns count characters. */
static void add_source(const struct scan *scan, size_t at,
                       struct wf_buf *out) {
    size_t line = 1, column = 1, shown = scan->text.len;
    for (size_t i = 0; i < at; i++) {
        unsigned char c = (unsigned char)scan->text.data[i];
        if (c == '\n')
            line++, column = 1;
        else
            column += (c & 0xc0) != 0x80;
    }
    if (shown > SOURCE_BYTES) {
        shown = SOURCE_BYTES;
        while ((scan->text.data[shown] & 0xc0) == 0x80)
            shown--;
    }
    wf_buf_adds(out, "[Source: (String)\"");
    wf_buf_add(out, scan->text.data, shown);
    wf_buf_u8(out, '"');
    if (shown < scan->text.len)
        wf_buf_addf(out, "[truncated %zu chars]", scan->text.len - shown);
    wf_buf_addf(out, "; line: %zu, column: %zu]", line, column);
}

static bool complain(struct scan *scan, size_t at, const char *text) {
    wf_buf_adds(&scan->out->message, text);
    add_source(scan, at, &scan->out->source);
    return false;
}

/* Characters that are not UTF-8 end somewhere, too: after 4 bytes at most. */
static size_t character_end(const struct scan *scan, size_t at) {
    size_t end = at + 1;
    while (end < scan->text.len && end < at + 4 &&
           ((unsigned char)scan->text.data[end] & 0xc0) == 0x80)
        end++;
    return end;
}

static unsigned code_point(const char *bytes, size_t len) {
    unsigned code = (unsigned char)bytes[0];
    if (len > 1)
        code &= 0x7fu >> len;
    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)bytes[i] & 0x3f);
    return code;
}

/* The text ends too early. */
static bool ends(struct scan *scan) {
    struct wf_buf *out = &scan->out->message;
    size_t start;
    if (scan->open.len == 0)
        return complain(scan, scan->text.len,
                        "No content to map due to end-of-input");
    memcpy(&start, scan->open.data + scan->open.len - sizeof(start),
           sizeof(start));
    wf_buf_addf(out, "Unexpected end-of-input: expected close marker for %s "
                     "(start marker at ",
                scan->text.data[start] == '{' ? "Object" : "Array");
    add_source(scan, start, out);
    return complain(scan, scan->text.len, ")");
}

/* The character at the scan's place and its number. */
static void add_character(const struct scan *scan, struct wf_buf *out) {
    size_t end = character_end(scan, scan->at);
    const char *bytes = scan->text.data + scan->at;
    unsigned code = code_point(bytes, end - scan->at);
    if (code < 0x20)
        wf_buf_addf(out, "(CTRL-CHAR, code %u)", code);
    else
        wf_buf_addf(out, "'%.*s' (code %u)", (int)(end - scan->at), bytes,
                    code);
}

/* About the character at the scan's place. */
static bool unexpected(struct scan *scan, const char *wanted) {
    struct wf_buf *out = &scan->out->message;
    if (scan->at >= scan->text.len)
        return ends(scan);
    wf_buf_adds(out, "Unexpected character (");
    add_character(scan, out);
    wf_buf_adds(out, "): ");
    return complain(scan, character_end(scan, scan->at), wanted);
}

/* ---- scanning ---- */

static bool is_name(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '$' || c >= 0x80;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The character at the place, or -1 at the end. */
static int peek(const struct scan *scan) {
    return scan->at < scan->text.len
               ? (unsigned char)scan->text.data[scan->at]
               : -1;
}

static int peek_behind_blanks(struct scan *scan) {
    int c = peek(scan);
    while (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        scan->at++;
        c = peek(scan);
    }
    return c;
}

static bool scan_word(struct scan *scan) {
    static const char *const words[] = {"null", "true", "false"};
    size_t from = scan->at;
    while (peek(scan) >= 0 && (is_name((unsigned char)peek(scan)) ||
                               is_digit((char)peek(scan))))
        scan->at++;
    struct wf_str token = {scan->text.data + from, scan->at - from};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (wf_str_eq(token, wf_str(words[i])))
            return true;
    bool long_one = token.len > TOKEN_BYTES;
    wf_buf_addf(&scan->out->message, "Unrecognized token '%.*s%s': was "
                "expecting ",
                (int)(long_one ? TOKEN_BYTES : token.len), token.data,
                long_one ? "..." : "");
    return complain(scan, scan->at, VALUES);
}

static bool scan_digits(struct scan *scan, const char *wanted) {
    if (peek(scan) >= 0 && is_digit((char)peek(scan))) {
        while (peek(scan) >= 0 && is_digit((char)peek(scan)))
            scan->at++;
        return true;
    }
    return peek(scan) < 0 ? ends(scan) : unexpected(scan, wanted);
}

static bool scan_number(struct scan *scan) {
    scan->at += peek(scan) == '-';
    if (peek(scan) == '0' && scan->at + 1 < scan->text.len &&
        is_digit(scan->text.data[scan->at + 1]))
        return complain(scan, scan->at + 1,
                        "Invalid numeric value: Leading zeroes not allowed");
    if (!scan_digits(scan, "Expected digit (0-9) to follow minus sign, for "
                           "valid numeric value"))
        return false;
    if (peek(scan) == '.') {
        scan->at++;
        if (!scan_digits(scan, "Decimal point not followed by a digit"))
            return false;
    }
    if (peek(scan) != 'e' && peek(scan) != 'E')
        return true;
    scan->at++;
    scan->at += peek(scan) == '+' || peek(scan) == '-';
    return scan_digits(scan, "Exponent indicator not followed by a digit");
}

static bool scan_escape(struct scan *scan) {
    int c = peek(scan);
    if (c == 'u') {
        for (int i = 0; i < 4; i++) {
            scan->at++;
            c = peek(scan);
            bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                          (c >= 'A' && c <= 'F');
            if (!is_hex)
                return unexpected(scan, "expected a hex-digit for character "
                                        "escape sequence");
        }
    } else if (c < 0x20 || !strchr("\"\\/bfnrt", c)) {
        wf_buf_adds(&scan->out->message, "Unrecognized character escape ");
        add_character(scan, &scan->out->message);
        return complain(scan, character_end(scan, scan->at), "");
    }
    scan->at++;
    return true;
}

static bool scan_string(struct scan *scan) {
    for (scan->at++; peek(scan) != '"';) {
        int c = peek(scan);
        if (c < 0 || (c == '\\' && scan->at + 1 == scan->text.len))
            return complain(scan, scan->text.len,
                            "Unexpected end-of-input: was expecting closing "
                            "quote for a string value");
        if (c < 0x20) {
            wf_buf_addf(&scan->out->message, "Illegal unquoted character "
                        "((CTRL-CHAR, code %d)): ", c);
            return complain(scan, scan->at + 1,
                            "has to be escaped using backslash to be "
                            "included in string value");
        }
        scan->at++;
        if (c == '\\' && !scan_escape(scan))
            return false;
    }
    scan->at++;
    return true;
}

static bool scan_key(struct scan *scan) {
    int c = peek_behind_blanks(scan);
    if (c < 0)
        return ends(scan);
    if (c != '"')
        return unexpected(scan,
                          "was expecting double-quote to start field name");
    if (!scan_string(scan))
        return false;
    c = peek_behind_blanks(scan);
    if (c < 0)
        return ends(scan);
    if (c != ':')
        return unexpected(scan, "was expecting a colon to separate field "
                                "name and value");
    scan->at++;
    return true;
}

static bool scan_scalar(struct scan *scan, int c) {
    if (c == '"')
        return scan_string(scan);
    if (c == '-' || is_digit((char)c))
        return scan_number(scan);
    if (is_name((unsigned char)c))
        return scan_word(scan);
    return unexpected(scan, "expected a valid value (JSON String, Number, "
                            "Array, Object or token 'null', 'true' or "
                            "'false')");
}

/* Behind a value: closes what ends here; *goes_on: another one follows. */
static bool scan_closing(struct scan *scan, bool *goes_on) {
    while (scan->open.len) {
        size_t start;
        memcpy(&start, scan->open.data + scan->open.len - sizeof(start),
               sizeof(start));
        bool is_object = scan->text.data[start] == '{';
        int c = peek_behind_blanks(scan);
        if (c < 0)
            return ends(scan);
        if (c != ',' && c != (is_object ? '}' : ']'))
            return unexpected(scan,
                              is_object
                                  ? "was expecting comma to separate Object "
                                    "entries"
                                  : "was expecting comma to separate Array "
                                    "entries");
        scan->at++;
        if (c == ',') {
            *goes_on = true;
            return is_object ? scan_key(scan) : true;
        }
        scan->open.len -= sizeof(start);
    }
    *goes_on = false;
    return true;
}

/* One value's beginning: a scalar, or a bracket. *is_open: its first member
 * comes next. */
static bool scan_value(struct scan *scan, bool *is_open) {
    int c = peek_behind_blanks(scan);
    *is_open = false;
    if (c < 0)
        return ends(scan);
    if (c != '{' && c != '[')
        return scan_scalar(scan, c);
    wf_buf_add(&scan->open, &scan->at, sizeof(scan->at));
    scan->at++;
    if (peek_behind_blanks(scan) == (c == '{' ? '}' : ']'))
        return true; /* scan_closing() takes it */
    *is_open = true;
    return c == '{' ? scan_key(scan) : true;
}

bool wf_json_complain(struct wf_str text, struct wf_json_complaint *out) {
    struct scan scan = {.text = text, .out = out};
    bool goes_on = true, good = true;
    *out = (struct wf_json_complaint){0};
    while (good && goes_on) {
        bool is_open;
        good = scan_value(&scan, &is_open);
        if (good && !is_open)
            good = scan_closing(&scan, &goes_on);
    }
    if (good && peek_behind_blanks(&scan) >= 0)
        good = unexpected(&scan, "expected end of content");
    wf_buf_free(&scan.open);
    return !good;
}

void wf_json_complaint_free(struct wf_json_complaint *complaint) {
    wf_buf_free(&complaint->message);
    wf_buf_free(&complaint->source);
}
