/* api_validate.c - checks requests against the model. See api_validate.h. */
#include "api_validate.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "regex.h"

#define ECHO_BYTES 4096 /* of a value that is complained about */
#define MESSAGE_BYTES 65536 /* then complaints are only counted */
#define REGEX_STEPS 100000

/* The way to a value, from its end. */
struct step {
    const struct step *parent;
    const char *name; /* of a member; NULL: an element */
    uint32_t index;
};

struct check {
    struct wf_buf *out;
    size_t payload_max; /* 0: none */
    unsigned complaints;
};

/* "tags.1.member.key": elements count from 1, and AWS says "member" before
 * what is in them. Names begin small, also those that do not. */
static void put_path(struct wf_buf *out, const struct step *step) {
    if (!step)
        return;
    if (step->parent) {
        put_path(out, step->parent);
        wf_buf_u8(out, '.');
    }
    if (step->name)
        wf_buf_addf(out, "%c%s", tolower((unsigned char)*step->name),
                    step->name + 1);
    else
        wf_buf_addf(out, "%u.member", step->index + 1);
}

/* ---- types ---- */

static const char *type_name(enum wf_json_type type) {
    switch (type) {
    case WF_JSON_NUMBER: return "NUMBER_VALUE";
    case WF_JSON_STRING: return "STRING_VALUE";
    case WF_JSON_ARRAY: return "ARRAY_VALUE";
    case WF_JSON_OBJECT: return "STRUCTURE_VALUE";
    case WF_JSON_TRUE: return "TRUE_VALUE";
    case WF_JSON_FALSE: return "FALSE_VALUE";
    default: return "NULL_VALUE";
    }
}

static bool type_fits(const struct wf_api_shape *shape,
                      struct wf_value value) {
    enum wf_json_type type = wf_value_type(value);
    int64_t integer;
    switch (shape->kind) {
    case WF_API_STRING: return type == WF_JSON_STRING;
    case WF_API_INTEGER:
        return type == WF_JSON_NUMBER && wf_value_integer(value, &integer);
    case WF_API_NUMBER: return type == WF_JSON_NUMBER;
    case WF_API_BOOLEAN: return type == WF_JSON_TRUE || type == WF_JSON_FALSE;
    case WF_API_STRUCTURE: return type == WF_JSON_OBJECT;
    default: return type == WF_JSON_ARRAY;
    }
}

static bool types_fit(struct check *check, const struct wf_api_shape *shape,
                      const struct step *step, struct wf_value value);

static bool wrong_type(struct check *check, const struct wf_api_shape *shape,
                       const struct step *step, struct wf_value value) {
    static const char *const wanted[] = {
        [WF_API_STRING] = "a String", [WF_API_INTEGER] = "an Integer",
        [WF_API_NUMBER] = "a Float", [WF_API_BOOLEAN] = "a Boolean",
        [WF_API_STRUCTURE] = "a Structure", [WF_API_LIST] = "a List",
    };
    wf_buf_addf(check->out, "%s can not be converted to %s",
                type_name(wf_value_type(value)), wanted[shape->kind]);
    if (step) {
        wf_buf_adds(check->out, ", at '");
        put_path(check->out, step);
        wf_buf_u8(check->out, '\'');
    }
    return false;
}

static bool is_given(struct wf_value object, const char *name,
                     struct wf_value *member) {
    return wf_value_member(object, wf_str(name), member) &&
           wf_value_type(*member) != WF_JSON_NULL;
}

static bool members_fit(struct check *check,
                        const struct wf_api_member *member,
                        const struct step *parent, struct wf_value object) {
    struct wf_value value;
    for (; member->name; member++) {
        if (!is_given(object, member->name, &value))
            continue;
        struct step step = {parent, member->name, 0};
        if (!types_fit(check, member->shape, &step, value))
            return false;
    }
    return true;
}

static bool elements_fit(struct check *check,
                         const struct wf_api_shape *shape,
                         const struct step *parent, struct wf_value array) {
    struct wf_value element = {0};
    for (uint32_t i = 0; wf_value_next_element(array, &element); i++) {
        struct step step = {parent, NULL, i};
        if (!types_fit(check, shape, &step, element))
            return false;
    }
    return true;
}

static bool types_fit(struct check *check, const struct wf_api_shape *shape,
                      const struct step *step, struct wf_value value) {
    if (!type_fits(shape, value))
        return wrong_type(check, shape, step, value);
    if (shape->kind == WF_API_STRUCTURE)
        return members_fit(check, shape->members, step, value);
    if (shape->kind == WF_API_LIST)
        return elements_fit(check, shape->element, step, value);
    return true;
}

/* ---- constraints ---- */

static void complain(struct check *check, const struct wf_api_shape *shape,
                     const struct step *step, struct wf_str value,
                     const char *constraint) {
    struct wf_buf *out = check->out;
    if (check->complaints++ && out->len > MESSAGE_BYTES)
        return;
    wf_buf_adds(out, out->len ? "; " : "");
    wf_buf_adds(out, "Value ");
    if (!value.data) {
        wf_buf_adds(out, "null ");
    } else if (!shape->sensitive) {
        wf_buf_u8(out, '\'');
        wf_buf_addstr(out, wf_str_clip(value, ECHO_BYTES));
        wf_buf_adds(out, "' ");
    }
    wf_buf_adds(out, "at '");
    put_path(out, step);
    wf_buf_adds(out, "' failed to satisfy constraint: Member must ");
    wf_buf_adds(out, constraint);
}

/* `what` is "length" or "value". */
static void check_limits(struct check *check,
                         const struct wf_api_shape *shape,
                         const struct step *step, struct wf_str shown,
                         const char *what, double number) {
    char words[80];
    if (shape->has_max && number > (double)shape->max) {
        snprintf(words, sizeof(words), "have %s less than or equal to %lld",
                 what, (long long)shape->max);
        complain(check, shape, step, shown, words);
    }
    if (shape->has_min && number < (double)shape->min) {
        snprintf(words, sizeof(words),
                 "have %s greater than or equal to %lld", what,
                 (long long)shape->min);
        complain(check, shape, step, shown, words);
    }
}

static void check_choice(struct check *check,
                         const struct wf_api_shape *shape,
                         const struct step *step, struct wf_str text) {
    struct wf_buf words = {0};
    wf_buf_adds(&words, "satisfy enum value set: [");
    for (const char *const *at = shape->choices; *at; at++) {
        if (wf_str_eq(text, wf_str(*at)))
            goto out;
        wf_buf_addf(&words, "%s%s", at == shape->choices ? "" : ", ", *at);
    }
    wf_buf_add(&words, "]", 2);
    complain(check, shape, step, text, words.data);
out:
    wf_buf_free(&words);
}

static bool is_in(const struct wf_api_class *characters, char c) {
    unsigned char code = (unsigned char)c;
    for (size_t i = 0; i + 1 < characters->len; i += 2)
        if (code >= (unsigned char)characters->ranges[i] &&
            code <= (unsigned char)characters->ranges[i + 1])
            return true;
    return false;
}

/* The patterns are the model's; a text has bounded length, or bounded
 * steps. */
static bool regex_fits(const char *pattern, struct wf_str text) {
    static const struct wf_regex_limits limits = {
        .pattern_bytes = 1024, .depth = 1000, .heap_kb = 1024,
        .whole_only = true};
    struct wf_regex regex;
    char message[WF_REGEX_MESSAGE];
    if (wf_regex_compile(&regex, wf_str(pattern),
                         PCRE2_UTF | PCRE2_DOLLAR_ENDONLY, &limits,
                         message) != 0)
        return false;
    bool fits = wf_regex_match(&regex, text, 0, 0, REGEX_STEPS) >= 0;
    wf_regex_free(&regex);
    return fits;
}

static void check_pattern(struct check *check,
                          const struct wf_api_shape *shape,
                          const struct step *step, struct wf_str text) {
    char words[240];
    bool good = true, one = shape->one_of.len == 0;
    if (shape->is_regex)
        good = regex_fits(shape->pattern, text);
    for (size_t i = 0; i < text.len && !shape->is_regex; i++) {
        good &= is_in(&shape->all_of, text.data[i]);
        one |= is_in(&shape->one_of, text.data[i]);
    }
    if (good && one)
        return;
    snprintf(words, sizeof(words), "satisfy regular expression pattern: %s",
             shape->pattern);
    complain(check, shape, step, text, words);
}

static size_t count_characters(struct wf_str text) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

static void check_text(struct check *check, const struct wf_api_shape *shape,
                       const struct step *step, struct wf_str text) {
    struct wf_api_shape limits = *shape;
    if (shape->choices) {
        check_choice(check, shape, step, text);
        return;
    }
    if (shape->is_payload) {
        limits.has_max = check->payload_max > 0;
        limits.max = (int64_t)check->payload_max;
    }
    if (limits.has_min || limits.has_max)
        check_limits(check, &limits, step, text, "length",
                     (double)count_characters(text));
    if (shape->pattern)
        check_pattern(check, shape, step, text);
}

/* A string without escapes is a slice of the document. */
static void check_string(struct check *check,
                         const struct wf_api_shape *shape,
                         const struct step *step, struct wf_value value) {
    struct wf_str raw = wf_value_text(value);
    struct wf_buf text = {0};
    if (!shape->choices && !shape->has_min && !shape->has_max &&
        !shape->pattern && !(shape->is_payload && check->payload_max))
        return;
    if (!memchr(raw.data, '\\', raw.len)) {
        check_text(check, shape, step,
                   (struct wf_str){raw.data + 1, raw.len - 2});
        return;
    }
    wf_buf_reserve(&text, raw.len);
    wf_value_string(value, &text);
    check_text(check, shape, step, (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

static void check_value(struct check *check, const struct wf_api_shape *shape,
                        const struct step *step, struct wf_value value);

static void check_members(struct check *check,
                          const struct wf_api_member *member,
                          const struct step *parent, struct wf_value object) {
    struct wf_value value;
    for (; member->name; member++) {
        struct step step = {parent, member->name, 0};
        if (is_given(object, member->name, &value))
            check_value(check, member->shape, &step, value);
        else if (member->required)
            complain(check, member->shape, &step, WF_STR_NULL, "not be null");
    }
}

/* As AWS writes values: "[Name(member=value, other=value), Name(…)]". */
static void show(struct wf_buf *out, const struct wf_api_shape *shape,
                 struct wf_value value) {
    struct wf_value part = {0};
    const char *between = "";
    if (out->len > ECHO_BYTES)
        return;
    if (shape->kind == WF_API_LIST) {
        wf_buf_u8(out, '[');
        for (; wf_value_next_element(value, &part); between = ", ") {
            wf_buf_adds(out, between);
            show(out, shape->element, part);
        }
        wf_buf_u8(out, ']');
    } else if (shape->kind == WF_API_STRUCTURE) {
        wf_buf_addf(out, "%s(", shape->name ? shape->name : "");
        for (const struct wf_api_member *at = shape->members; at->name; at++) {
            if (!is_given(value, at->name, &part))
                continue;
            wf_buf_addf(out, "%s%s=", between, at->name);
            show(out, at->shape, part);
            between = ", ";
        }
        wf_buf_u8(out, ')');
    } else if (shape->kind == WF_API_STRING) {
        wf_value_string(value, out);
    } else {
        wf_buf_addstr(out, wf_value_text(value));
    }
}

static void check_list(struct check *check, const struct wf_api_shape *shape,
                       const struct step *parent, struct wf_value array) {
    struct wf_value element = {0};
    uint32_t count = 0;
    while (wf_value_next_element(array, &element)) {
        struct step step = {parent, NULL, count++};
        check_value(check, shape->element, &step, element);
    }
    if (!(shape->has_max && count > shape->max) &&
        !(shape->has_min && count < shape->min))
        return;
    struct wf_buf shown = {0};
    show(&shown, shape, array);
    check_limits(check, shape, parent, (struct wf_str){shown.data, shown.len},
                 "length", count);
    wf_buf_free(&shown);
}

static void check_value(struct check *check, const struct wf_api_shape *shape,
                        const struct step *step, struct wf_value value) {
    switch (shape->kind) {
    case WF_API_STRING:
        check_string(check, shape, step, value);
        break;
    case WF_API_INTEGER:
    case WF_API_NUMBER:
        check_limits(check, shape, step, wf_value_text(value), "value",
                     wf_value_number(value));
        break;
    case WF_API_STRUCTURE:
        check_members(check, shape->members, step, value);
        break;
    case WF_API_LIST:
        check_list(check, shape, step, value);
        break;
    default:
        break;
    }
}

const char *wf_api_validate(const struct wf_api_shape *shape,
                            struct wf_value value, size_t payload_max,
                            struct wf_buf *message) {
    struct wf_buf complaints = {0};
    struct check check = {.out = message, .payload_max = payload_max};
    if (!types_fit(&check, shape, NULL, value))
        return "SerializationException";
    check.out = &complaints;
    check_value(&check, shape, NULL, value);
    if (check.complaints) {
        wf_buf_addf(message, "%u validation error%s detected: ",
                    check.complaints, check.complaints == 1 ? "" : "s");
        wf_buf_add(message, complaints.data, complaints.len);
    }
    wf_buf_free(&complaints);
    return check.complaints ? "ValidationException" : NULL;
}
