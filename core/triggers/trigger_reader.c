/* trigger_reader.c - see trigger_reader.h. */
#include "trigger_reader.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "trigger_file.h"

enum { TEXT_MAX = 4000 };

void wf_trigger_wrong(struct wf_trigger_reader *reader, const char *member,
                      const char *format, ...) {
    const struct wf_buf *place = &reader->place;
    char text[600];
    va_list args;

    if (reader->has_failed)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    reader->has_failed = true;
    wf_error_set(reader->err, WF_E_INVALID, "%s: %.*s%s%s: %s", reader->name,
                 (int)place->len, place->data ? place->data : "",
                 place->len && member[0] ? "." : "", member, text);
}

size_t wf_trigger_enter(struct wf_trigger_reader *reader,
                        struct wf_str member) {
    size_t place = reader->place.len;

    if (place)
        wf_buf_u8(&reader->place, '.');
    wf_buf_addstr(&reader->place, wf_str_clip(member, 80));
    return place;
}

void wf_trigger_leave(struct wf_trigger_reader *reader, size_t place) {
    reader->place.len = place;
}

static bool is_among(struct wf_value key, const char *const *names) {
    struct wf_str raw = wf_value_text(key);

    raw.data++;
    raw.len -= 2;
    for (; *names; names++)
        if (wf_string_is(raw, wf_str(*names)))
            return true;
    return false;
}

void wf_trigger_members(struct wf_trigger_reader *reader,
                        struct wf_value object, const char *const *names) {
    const struct wf_node *nodes = wf_doc_nodes(object.doc);
    uint32_t end = nodes[object.node].next, at = object.node + 1;
    struct wf_buf all = {0};

    while (at < end && is_among((struct wf_value){object.doc, at}, names))
        at = nodes[at + 1].next;
    if (at >= end)
        return;
    for (const char *const *name = names; *name; name++)
        wf_buf_addf(&all, "%s%s", name == names ? "" : ", ", *name);
    struct wf_str key =
        wf_str_clip(wf_value_text((struct wf_value){object.doc, at}), 80);
    wf_trigger_wrong(reader, "", "there is no member %.*s; there are: %.*s",
                     (int)key.len, key.data, (int)all.len, all.data);
    wf_buf_free(&all);
}

bool wf_trigger_value(struct wf_trigger_reader *reader,
                      struct wf_value object, const char *member,
                      enum wf_json_type type, struct wf_value *value) {
    static const char *const types[] = {
        [WF_JSON_NUMBER] = "a number", [WF_JSON_STRING] = "a string",
        [WF_JSON_ARRAY] = "an array", [WF_JSON_OBJECT] = "an object"};

    if (reader->has_failed || !wf_value_member(object, wf_str(member), value))
        return false;
    if (wf_value_type(*value) == type)
        return true;
    wf_trigger_wrong(reader, member, "it has to be %s", types[type]);
    return false;
}

static bool has_control(const struct wf_buf *text) {
    for (size_t i = 0; i < text->len; i++)
        if ((unsigned char)text->data[i] < 0x20 || text->data[i] == 0x7f)
            return true;
    return false;
}

static char *text_of(struct wf_trigger_reader *reader, const char *member,
                     struct wf_value value) {
    struct wf_buf text = {0};

    wf_value_string(value, &text);
    if (text.len == 0 || text.len > TEXT_MAX || has_control(&text))
        wf_trigger_wrong(reader, member,
                         "it has to have 1 to %d characters, and no control "
                         "characters", TEXT_MAX);
    wf_buf_u8(&text, '\0');
    return text.data;
}

char *wf_trigger_text(struct wf_trigger_reader *reader,
                      struct wf_value object, const char *member,
                      const char *otherwise) {
    struct wf_value value;

    if (wf_trigger_value(reader, object, member, WF_JSON_STRING, &value))
        return text_of(reader, member, value);
    return otherwise ? wf_strndup(otherwise, strlen(otherwise)) : NULL;
}

bool wf_trigger_flag(struct wf_trigger_reader *reader, struct wf_value object,
                     const char *member, bool otherwise) {
    struct wf_value value;

    if (reader->has_failed || !wf_value_member(object, wf_str(member), &value))
        return otherwise;
    if (wf_value_type(value) != WF_JSON_TRUE &&
        wf_value_type(value) != WF_JSON_FALSE)
        wf_trigger_wrong(reader, member, "it has to be true or false");
    return wf_value_type(value) == WF_JSON_TRUE;
}

double wf_trigger_number(struct wf_trigger_reader *reader,
                         struct wf_value object, const char *member,
                         double otherwise, double least, double most) {
    struct wf_value value;
    double number;

    if (!wf_trigger_value(reader, object, member, WF_JSON_NUMBER, &value))
        return otherwise;
    number = wf_value_number(value);
    if (number >= least && number <= most)
        return number;
    wf_trigger_wrong(reader, member, "it has to be from %.15g to %.15g", least,
                     most);
    return otherwise;
}

int64_t wf_trigger_integer(struct wf_trigger_reader *reader,
                           struct wf_value object, const char *member,
                           int64_t otherwise, int64_t least, int64_t most) {
    double number = wf_trigger_number(reader, object, member,
                                      (double)otherwise, (double)least,
                                      (double)most);
    if (number != floor(number))
        wf_trigger_wrong(reader, member, "it has to be a whole number");
    return (int64_t)number;
}

int wf_trigger_choice(struct wf_trigger_reader *reader,
                      struct wf_value object, const char *member,
                      const char *const *names, int otherwise) {
    struct wf_value value;
    struct wf_buf all = {0};
    int found = otherwise;

    if (!wf_trigger_value(reader, object, member, WF_JSON_STRING, &value))
        return otherwise;
    for (int i = 0; names[i]; i++) {
        const char *const one[] = {names[i], NULL};
        wf_buf_addf(&all, "%s%s", i ? ", " : "", names[i]);
        if (is_among(value, one)) {
            wf_buf_free(&all);
            return i;
        }
    }
    wf_trigger_wrong(reader, member, "it has to be one of %.*s",
                     (int)all.len, all.data);
    wf_buf_free(&all);
    return found;
}

char **wf_trigger_texts(struct wf_trigger_reader *reader,
                        struct wf_value object, const char *member,
                        const char *const *otherwise) {
    char **texts = wf_calloc(WF_TRIGGER_LIST_MAX + 1, sizeof(*texts));
    struct wf_value list, element = {0};
    size_t count = 0;

    if (!wf_trigger_value(reader, object, member, WF_JSON_ARRAY, &list)) {
        for (; otherwise && otherwise[count]; count++)
            texts[count] = wf_strndup(otherwise[count],
                                      strlen(otherwise[count]));
        return texts;
    }
    while (!reader->has_failed && wf_value_next_element(list, &element)) {
        if (count == WF_TRIGGER_LIST_MAX)
            wf_trigger_wrong(reader, member, "it may have %d elements",
                             WF_TRIGGER_LIST_MAX);
        else if (wf_value_type(element) != WF_JSON_STRING)
            wf_trigger_wrong(reader, member, "its elements have to be "
                                             "strings");
        else
            texts[count++] = text_of(reader, member, element);
    }
    return texts;
}

void wf_trigger_texts_free(char **texts) {
    for (char **at = texts; at && *at; at++)
        free(*at);
    free(texts);
}
