/* hook_event.c - see hook_event.h. */
#include "hook_event.h"

#include <stdlib.h>
#include <strings.h>

#include "json_write.h"

enum { BODY_DEPTH = 500 };

/* ---- names and values ---- */

void wf_hook_pairs_add(struct wf_hook_pairs *pairs, struct wf_str name,
                       struct wf_str value) {
    if (pairs->count == WF_HOOK_PAIRS_MAX) {
        pairs->has_too_many = true;
        return;
    }
    pairs->count++;
    wf_buf_text(&pairs->texts, name);
    wf_buf_text(&pairs->texts, value);
}

struct pair {
    struct wf_str name, value;
    bool is_written;
};

static bool read_pairs(const struct wf_hook_pairs *from, struct pair *pairs) {
    struct wf_reader in = {from->texts.data,
                           from->texts.data + from->texts.len, false};

    for (size_t i = 0; i < from->count; i++) {
        pairs[i].name = wf_read_text(&in);
        pairs[i].value = wf_read_text(&in);
        if (!wf_utf8_valid(pairs[i].name) || !wf_utf8_valid(pairs[i].value))
            return false;
    }
    return !in.bad;
}

static void put_values(struct pair *pairs, size_t first, size_t count,
                       struct wf_buf *out) {
    size_t begin;
    bool is_list = false;

    wf_json_comma(out);
    wf_buf_json(out, pairs[first].name);
    wf_buf_u8(out, ':');
    begin = out->len;
    wf_buf_json(out, pairs[first].value);
    for (size_t i = first + 1; i < count; i++) {
        if (pairs[i].is_written ||
            !wf_str_eq(pairs[i].name, pairs[first].name))
            continue;
        pairs[i].is_written = true;
        if (!is_list) { /* one value has become several */
            wf_buf_u8(out, ' ');
            memmove(out->data + begin + 1, out->data + begin,
                    out->len - begin - 1);
            out->data[begin] = '[';
        }
        is_list = true;
        wf_buf_u8(out, ',');
        wf_buf_json(out, pairs[i].value);
    }
    if (is_list)
        wf_buf_u8(out, ']');
}

bool wf_hook_pairs_json(const struct wf_hook_pairs *from,
                        struct wf_buf *out) {
    struct pair *pairs = wf_calloc(WF_HOOK_PAIRS_MAX, sizeof(*pairs));
    bool is_good = !from->has_too_many && read_pairs(from, pairs);

    wf_buf_u8(out, '{');
    for (size_t i = 0; is_good && i < from->count; i++)
        if (!pairs[i].is_written)
            put_values(pairs, i, from->count, out);
    wf_buf_u8(out, '}');
    free(pairs);
    return is_good;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void unescape(struct wf_str text, struct wf_buf *out) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%' && i + 2 < text.len &&
                   hex_digit(text.data[i + 1]) >= 0 &&
                   hex_digit(text.data[i + 2]) >= 0) {
            c = (char)(hex_digit(text.data[i + 1]) << 4 |
                       hex_digit(text.data[i + 2]));
            i += 2;
        }
        wf_buf_u8(out, (uint8_t)c);
    }
}

void wf_hook_pairs_form(struct wf_hook_pairs *pairs, struct wf_str form) {
    const char *at = form.data, *end = form.data + form.len;

    while (at < end && !pairs->has_too_many) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        struct wf_buf name = {0}, value = {0};
        const char *equals;
        if (!stop)
            stop = end;
        equals = memchr(at, '=', (size_t)(stop - at));
        if (!equals)
            equals = stop;
        unescape((struct wf_str){at, (size_t)(equals - at)}, &name);
        if (equals < stop)
            unescape((struct wf_str){equals + 1, (size_t)(stop - equals) - 1},
                     &value);
        if (stop > at)
            wf_hook_pairs_add(pairs, (struct wf_str){name.data, name.len},
                              (struct wf_str){value.data, value.len});
        wf_buf_free(&name);
        wf_buf_free(&value);
        at = stop + 1;
    }
}

/* ---- the body ---- */

static bool is_type(struct wf_str type, const char *name) {
    return type.len == strlen(name) &&
           strncasecmp(type.data, name, type.len) == 0;
}

bool wf_hook_content_of(struct wf_str type, enum wf_hook_content *content) {
    size_t len = 0;

    while (len < type.len && !strchr("; \t", type.data[len]))
        len++;
    type.len = len;
    if (is_type(type, "application/json") ||
        (len > 5 && strncasecmp(type.data + len - 5, "+json", 5) == 0))
        *content = WF_HOOK_JSON;
    else if (is_type(type, "application/x-www-form-urlencoded"))
        *content = WF_HOOK_FORM;
    else if (len > 5 && strncasecmp(type.data, "text/", 5) == 0)
        *content = WF_HOOK_TEXT;
    else
        return false;
    return true;
}

static const char *put_json(struct wf_str body, struct wf_buf *out,
                            struct wf_error *err) {
    static const struct wf_doc_limits limits = {.max_depth = BODY_DEPTH};
    struct wf_doc *doc = wf_doc_parse(body, &limits, err);

    if (!doc)
        return err->message;
    wf_buf_addstr(out, wf_value_text((struct wf_value){doc, 0}));
    wf_doc_unref(doc);
    return NULL;
}

static const char *put_form(struct wf_str body, struct wf_buf *out) {
    struct wf_hook_pairs pairs = {0};
    bool is_good;

    wf_hook_pairs_form(&pairs, body);
    is_good = wf_hook_pairs_json(&pairs, out);
    wf_buf_free(&pairs.texts);
    return is_good ? NULL : "The form has too many fields, or is no UTF-8.";
}

const char *wf_hook_body_json(struct wf_str body, enum wf_hook_content content,
                              struct wf_buf *out, struct wf_error *err) {
    if (body.len == 0) {
        wf_buf_adds(out, "null");
        return NULL;
    }
    if (content == WF_HOOK_JSON)
        return put_json(body, out, err);
    if (content == WF_HOOK_FORM)
        return put_form(body, out);
    if (!wf_utf8_valid(body))
        return "The text is no UTF-8.";
    wf_buf_json(out, body);
    return NULL;
}

/* ---- a pointer ---- */

/* The next name of a pointer, without its escapes. */
static const char *take_name(const char *at, struct wf_buf *name) {
    name->len = 0;
    for (; *at && *at != '/'; at++) {
        char c = *at;
        if (c == '~' && (at[1] == '0' || at[1] == '1'))
            c = *++at == '0' ? '~' : '/';
        wf_buf_u8(name, (uint8_t)c);
    }
    return at;
}

static bool step(struct wf_value *value, struct wf_str name) {
    struct wf_value whole = *value;
    int64_t index = 0;

    if (wf_value_type(whole) == WF_JSON_OBJECT)
        return wf_value_member(whole, name, value);
    if (wf_value_type(whole) != WF_JSON_ARRAY || name.len == 0 ||
        name.len > 9 || (name.len > 1 && name.data[0] == '0'))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] < '0' || name.data[i] > '9')
            return false;
        index = 10 * index + (name.data[i] - '0');
    }
    return wf_value_element(whole, index, value);
}

bool wf_hook_pointer(struct wf_str json, const char *pointer,
                     struct wf_buf *out) {
    struct wf_doc *doc = wf_doc_trusted(json);
    struct wf_value value = {doc, 0};
    struct wf_buf name = {0};
    bool is_found = true;
    size_t before = out->len;

    wf_doc_nodes(doc);
    wf_buf_reserve(&name, 64);
    while (is_found && *pointer == '/') {
        pointer = take_name(pointer + 1, &name);
        is_found = step(&value, (struct wf_str){name.data, name.len});
    }
    if (is_found && wf_value_type(value) == WF_JSON_STRING)
        wf_value_string(value, out);
    else if (is_found && wf_value_type(value) == WF_JSON_NUMBER)
        wf_buf_addstr(out, wf_value_text(value));
    wf_buf_free(&name);
    wf_doc_unref(doc);
    return out->len > before;
}
