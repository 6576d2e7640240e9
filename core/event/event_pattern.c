/* event_pattern.c - see event_pattern.h. */
#include "event_pattern.h"

#include <strings.h>

#define DEPTH 32

/* Walks the members of an object, in order. All-zero `value`: the first. */
static bool next_member(struct wf_value object, struct wf_value *key,
                        struct wf_value *value) {
    const struct wf_node *nodes = wf_doc_nodes(object.doc);
    uint32_t at = value->doc ? nodes[value->node].next : object.node + 1;

    if (at >= nodes[object.node].next)
        return false;
    *key = (struct wf_value){object.doc, at};
    *value = (struct wf_value){object.doc, nodes[at].next};
    return true;
}

/* What stands between the quotes of a string. */
static struct wf_str raw_of(struct wf_value string) {
    struct wf_str text = wf_value_text(string);

    return (struct wf_str){text.data + 1, text.len - 2};
}

static bool key_is(struct wf_value key, const char *name) {
    return wf_string_is(raw_of(key), wf_str(name));
}

static bool is_type(struct wf_value value, enum wf_json_type type) {
    return wf_value_type(value) == type;
}

/* ---- checking ---- */

static int wrong(struct wf_value at, const char *what, struct wf_error *err) {
    struct wf_str text = wf_str_clip(wf_value_text(at), 200);

    return wf_error_set(err, WF_E_INVALID, "event pattern: %.*s: %s",
                        (int)text.len, text.data, what);
}

/* Of `prefix` and `suffix`: a string, or one to be found in any case. */
static bool is_affix(struct wf_value value) {
    struct wf_value key, inner = {0};

    if (is_type(value, WF_JSON_STRING))
        return true;
    return is_type(value, WF_JSON_OBJECT) &&
           next_member(value, &key, &inner) &&
           key_is(key, "equals-ignore-case") &&
           is_type(inner, WF_JSON_STRING) &&
           !next_member(value, &key, &inner);
}

static bool is_wildcard(struct wf_value value) {
    struct wf_str text;

    if (!is_type(value, WF_JSON_STRING))
        return false;
    text = raw_of(value);
    return memmem(text.data, text.len, "**", 2) == NULL;
}

/* A string, or a list of strings. */
static bool are_strings(struct wf_value value,
                        bool (*is_good)(struct wf_value)) {
    struct wf_value element = {0};
    bool any = false;

    if (!is_type(value, WF_JSON_ARRAY))
        return is_good(value);
    while (wf_value_next_element(value, &element)) {
        any = true;
        if (!is_good(element))
            return false;
    }
    return any;
}

static bool is_string(struct wf_value value) {
    return is_type(value, WF_JSON_STRING);
}

static bool is_scalar(struct wf_value value) {
    return is_string(value) || is_type(value, WF_JSON_NUMBER);
}

static bool is_anything_but(struct wf_value value) {
    struct wf_value key, inner = {0};

    if (!is_type(value, WF_JSON_OBJECT))
        return are_strings(value, is_scalar);
    if (!next_member(value, &key, &inner))
        return false;
    if (key_is(key, "wildcard"))
        return are_strings(inner, is_wildcard);
    return (key_is(key, "prefix") || key_is(key, "suffix") ||
            key_is(key, "equals-ignore-case")) &&
           are_strings(inner, is_string) &&
           !next_member(value, &key, &inner);
}

static bool is_comparison(struct wf_value value) {
    static const char *const names[] = {"=", "<", "<=", ">", ">="};

    if (!is_string(value))
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (wf_string_is(raw_of(value), wf_str(names[i])))
            return true;
    return false;
}

/* ["=", 5] or [">", 0, "<=", 5] */
static bool is_numeric(struct wf_value value) {
    struct wf_value element = {0};
    unsigned count = 0;

    if (!is_type(value, WF_JSON_ARRAY))
        return false;
    while (wf_value_next_element(value, &element))
        if (count++ % 2 == 0 ? !is_comparison(element)
                             : !is_type(element, WF_JSON_NUMBER))
            return false;
    return count == 2 || count == 4;
}

static bool is_bool(struct wf_value value) {
    return is_type(value, WF_JSON_TRUE) || is_type(value, WF_JSON_FALSE);
}

static int check_operator(struct wf_value object, struct wf_error *err) {
    static const struct {
        const char *name;
        bool (*is_good)(struct wf_value value);
        const char *wanted;
    } operators[] = {
        {"prefix", is_affix, "prefix wants a string"},
        {"suffix", is_affix, "suffix wants a string"},
        {"equals-ignore-case", is_string,
         "equals-ignore-case wants a string"},
        {"wildcard", is_wildcard, "wildcard wants a string without \"**\""},
        {"anything-but", is_anything_but,
         "anything-but wants strings or numbers, or one of prefix, suffix, "
         "equals-ignore-case and wildcard"},
        {"numeric", is_numeric, "numeric wants [\">\", 0, \"<=\", 5]"},
        {"exists", is_bool, "exists wants true or false"},
    };
    struct wf_value key, value = {0};

    if (!next_member(object, &key, &value))
        return wrong(object, "an operator is missing", err);
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (key_is(key, operators[i].name)) {
            if (!operators[i].is_good(value))
                return wrong(object, operators[i].wanted, err);
            return next_member(object, &key, &value)
                       ? wrong(object, "one operator is expected", err)
                       : 0;
        }
    return wrong(object, "there is no such operator", err);
}

static int check_leaf(struct wf_value list, struct wf_error *err) {
    struct wf_value element = {0};
    bool any = false;

    while (wf_value_next_element(list, &element)) {
        any = true;
        if (is_type(element, WF_JSON_ARRAY))
            return wrong(list, "a list in a list", err);
        if (is_type(element, WF_JSON_OBJECT) &&
            check_operator(element, err) != 0)
            return -1;
    }
    return any ? 0 : wrong(list, "an empty list matches nothing", err);
}

static int check(struct wf_value pattern, unsigned depth,
                 struct wf_error *err);

static int check_or(struct wf_value list, unsigned depth,
                    struct wf_error *err) {
    struct wf_value element = {0};
    unsigned count = 0;

    while (is_type(list, WF_JSON_ARRAY) &&
           wf_value_next_element(list, &element)) {
        count++;
        if (check(element, depth + 1, err) != 0)
            return -1;
    }
    return count >= 2 ? 0 : wrong(list, "$or wants two patterns or more", err);
}

static int check(struct wf_value pattern, unsigned depth,
                 struct wf_error *err) {
    struct wf_value key, value = {0};
    int rc = 0;

    if (!is_type(pattern, WF_JSON_OBJECT))
        return wrong(pattern, "a JSON object is expected", err);
    if (depth > DEPTH)
        return wrong(pattern, "too deep", err);
    while (rc == 0 && next_member(pattern, &key, &value)) {
        if (key_is(key, "$or"))
            rc = check_or(value, depth, err);
        else if (is_type(value, WF_JSON_ARRAY))
            rc = check_leaf(value, err);
        else if (is_type(value, WF_JSON_OBJECT))
            rc = check(value, depth + 1, err);
        else
            rc = wrong(value, "the values that match stand in a list: "
                              "[\"FAILED\"]", err);
    }
    return rc;
}

int wf_event_pattern_check(struct wf_value pattern, struct wf_error *err) {
    return check(pattern, 0, err);
}

/* ---- matching: one value ---- */

static bool begins(struct wf_str text, struct wf_str with, bool any_case) {
    if (text.len < with.len)
        return false;
    return any_case ? strncasecmp(text.data, with.data, with.len) == 0
                    : memcmp(text.data, with.data, with.len) == 0;
}

static bool ends(struct wf_str text, struct wf_str with, bool any_case) {
    if (text.len < with.len)
        return false;
    text.data += text.len - with.len;
    text.len = with.len;
    return begins(text, with, any_case);
}

static bool equals(struct wf_str text, struct wf_str other, bool any_case) {
    return text.len == other.len && begins(text, other, any_case);
}

/* "*" is any characters; a backslash takes what follows as it is. */
static bool glob(struct wf_str text, struct wf_str pattern, bool unused) {
    size_t at = 0, in = 0, star = SIZE_MAX, from = 0;

    (void)unused;
    while (at < text.len) {
        bool is_quoted = in + 1 < pattern.len && pattern.data[in] == '\\';
        if (in < pattern.len && pattern.data[in] == '*') {
            star = in++;
            from = at;
        } else if (in < pattern.len &&
                   pattern.data[in + is_quoted] == text.data[at]) {
            in += 1 + is_quoted;
            at++;
        } else if (star != SIZE_MAX) {
            in = star + 1;
            at = ++from;
        } else {
            return false;
        }
    }
    while (in < pattern.len && pattern.data[in] == '*')
        in++;
    return in == pattern.len;
}

typedef bool compare_fn(struct wf_str text, struct wf_str with,
                        bool any_case);

static bool compare(struct wf_str text, struct wf_value with,
                    compare_fn *fn, bool any_case) {
    struct wf_buf characters = {0};
    bool is;

    wf_buf_reserve(&characters, 1);
    wf_value_string(with, &characters);
    is = fn(text, (struct wf_str){characters.data, characters.len}, any_case);
    wf_buf_free(&characters);
    return is;
}

/* With a string, or any of a list of them. */
static bool compare_any(struct wf_str text, struct wf_value with,
                        compare_fn *fn, bool any_case) {
    struct wf_value element = {0};

    if (is_string(with))
        return compare(text, with, fn, any_case);
    while (is_type(with, WF_JSON_ARRAY) &&
           wf_value_next_element(with, &element))
        if (is_string(element) && compare(text, element, fn, any_case))
            return true;
    return false;
}

static bool is_exactly(struct wf_value wanted, struct wf_value value) {
    if (wf_value_type(wanted) != wf_value_type(value))
        return false;
    if (is_type(wanted, WF_JSON_NUMBER)) /* AWS compares how it is written */
        return wf_str_eq(wf_value_text(wanted), wf_value_text(value));
    return wf_value_equal(wanted, value);
}

static bool holds(struct wf_value comparison, double a, double b) {
    struct wf_str name = raw_of(comparison);

    if (name.data[0] == '=')
        return a == b;
    if (name.data[0] == '<')
        return a < b || (name.len == 2 && a == b);
    return a > b || (name.len == 2 && a == b);
}

static bool is_in_range(struct wf_value range, struct wf_value value) {
    struct wf_value element = {0}, comparison;

    if (!is_type(value, WF_JSON_NUMBER))
        return false;
    while (wf_value_next_element(range, &element)) {
        comparison = element;
        wf_value_next_element(range, &element);
        if (!holds(comparison, wf_value_number(value),
                   wf_value_number(element)))
            return false;
    }
    return true;
}

/* Those that compare characters; false: it is none of them. */
static bool find_compare(struct wf_value key, compare_fn **fn) {
    *fn = key_is(key, "prefix")               ? begins
          : key_is(key, "suffix")             ? ends
          : key_is(key, "wildcard")           ? glob
          : key_is(key, "equals-ignore-case") ? equals
                                              : NULL;
    return *fn != NULL;
}

static bool compares(struct wf_value key, struct wf_value operand,
                     struct wf_str text) {
    bool any_case = key_is(key, "equals-ignore-case");
    struct wf_value inner_key, inner = {0};
    compare_fn *fn;

    if (!find_compare(key, &fn))
        return false;
    if (is_type(operand, WF_JSON_OBJECT) &&
        next_member(operand, &inner_key, &inner)) {
        operand = inner;
        any_case = true;
    }
    return compare_any(text, operand, fn, any_case);
}

static bool is_none_of(struct wf_value operand, struct wf_value value,
                       struct wf_str text) {
    struct wf_value key, inner = {0};

    if (is_type(operand, WF_JSON_OBJECT))
        return next_member(operand, &key, &inner) && is_string(value) &&
               !compares(key, inner, text);
    if (!is_type(operand, WF_JSON_ARRAY))
        return !is_exactly(operand, value);
    while (wf_value_next_element(operand, &inner))
        if (is_exactly(inner, value))
            return false;
    return true;
}

/* One element of a leaf's list and a value that is no array. */
static bool takes(struct wf_value wanted, struct wf_value value) {
    struct wf_value key, operand = {0};
    struct wf_buf text = {0};
    bool is;

    if (!is_type(wanted, WF_JSON_OBJECT))
        return is_exactly(wanted, value);
    if (!next_member(wanted, &key, &operand))
        return false;
    if (key_is(key, "exists"))
        return is_type(operand, WF_JSON_TRUE) &&
               !is_type(value, WF_JSON_OBJECT);
    if (key_is(key, "numeric"))
        return is_in_range(operand, value);
    wf_buf_reserve(&text, 1);
    if (is_string(value))
        wf_value_string(value, &text);
    struct wf_str characters = {text.data, text.len};
    is = key_is(key, "anything-but")
             ? is_none_of(operand, value, characters)
             : is_string(value) && compares(key, operand, characters);
    wf_buf_free(&text);
    return is;
}

static bool takes_any(struct wf_value wanted, struct wf_value value) {
    struct wf_value element = {0};

    if (!is_type(value, WF_JSON_ARRAY))
        return takes(wanted, value);
    while (wf_value_next_element(value, &element))
        if (takes(wanted, element))
            return true;
    return false;
}

static bool takes_absence(struct wf_value wanted) {
    struct wf_value key, operand = {0};

    return is_type(wanted, WF_JSON_OBJECT) &&
           next_member(wanted, &key, &operand) && key_is(key, "exists") &&
           is_type(operand, WF_JSON_FALSE);
}

/* `value` NULL: it is not there. */
static bool leaf_matches(struct wf_value list, const struct wf_value *value) {
    struct wf_value wanted = {0};

    while (wf_value_next_element(list, &wanted))
        if (value ? takes_any(wanted, *value) : takes_absence(wanted))
            return true;
    return false;
}

/* ---- matching: an event ---- */

struct matching {
    bool without_data;
};

static bool is_data(struct wf_value key) {
    return key_is(key, "input") || key_is(key, "inputDetails") ||
           key_is(key, "output") || key_is(key, "outputDetails");
}

static bool find(struct wf_value object, struct wf_value key,
                 struct wf_value *found) {
    struct wf_buf name = {0};
    bool is;

    wf_buf_reserve(&name, 1);
    wf_value_string(key, &name);
    is = wf_value_member(object, (struct wf_str){name.data, name.len}, found);
    wf_buf_free(&name);
    return is;
}

/* `in_detail`: -1 of the event itself, 1 of its detail, else 0. */
static bool matches(const struct matching *matching, struct wf_value pattern,
                    const struct wf_value *event, int in_detail);

static bool any_matches(const struct matching *matching, struct wf_value list,
                        const struct wf_value *event, int in_detail) {
    struct wf_value pattern = {0};

    while (wf_value_next_element(list, &pattern))
        if (matches(matching, pattern, event, in_detail))
            return true;
    return false;
}

static bool member_matches(const struct matching *matching,
                           struct wf_value key, struct wf_value wanted,
                           const struct wf_value *event, int in_detail) {
    struct wf_value value;
    bool is_there;

    if (matching->without_data && in_detail == 1 && is_data(key))
        return true;
    is_there = event && is_type(*event, WF_JSON_OBJECT) &&
               find(*event, key, &value);
    if (is_type(wanted, WF_JSON_ARRAY))
        return leaf_matches(wanted, is_there ? &value : NULL);
    return matches(matching, wanted, is_there ? &value : NULL,
                   in_detail == -1 && key_is(key, "detail"));
}

static bool matches(const struct matching *matching, struct wf_value pattern,
                    const struct wf_value *event, int in_detail) {
    struct wf_value key, value = {0};

    while (next_member(pattern, &key, &value))
        if (key_is(key, "$or")
                ? !any_matches(matching, value, event, in_detail)
                : !member_matches(matching, key, value, event, in_detail))
            return false;
    return true;
}

bool wf_event_pattern_matches(struct wf_value pattern, struct wf_value event,
                              bool without_data) {
    struct matching matching = {without_data};

    return matches(&matching, pattern, &event, -1);
}

/* Of the pattern itself, -1; of detail, 1. */
static bool needs_data(struct wf_value pattern, int in_detail) {
    struct wf_value key, value = {0}, element = {0};

    while (next_member(pattern, &key, &value)) {
        if (in_detail == 1 && is_data(key))
            return true;
        if (key_is(key, "$or"))
            while (wf_value_next_element(value, &element))
                if (needs_data(element, in_detail))
                    return true;
        if (is_type(value, WF_JSON_OBJECT) && in_detail == -1 &&
            key_is(key, "detail") && needs_data(value, 1))
            return true;
    }
    return false;
}

bool wf_event_pattern_needs_data(struct wf_value pattern) {
    return needs_data(pattern, -1);
}
