/* api_call.c - finds the operation, parses and checks its members. See
 * api_call.h. */
#include "api_call.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "doc.h"
#include "json_write.h"

enum {
    BODY_DEPTH = 64,  /* documents travel as strings: bodies are flat */
    ECHO_MAX = 4096,  /* of a value that is complained about */
};

/* What is found out about one body. */
struct parse {
    const struct wf_api_operation *operation;
    struct wf_api_value values[WF_API_MEMBERS_MAX];
    struct wf_buf texts;      /* unescaped strings: no more than the body */
    struct wf_buf complaints; /* "Value … at …; Value …" */
    unsigned complaint_count;
};

/* ---- ending a call ---- */

void wf_api_done(struct wf_api_call *call) {
    call->done(call, 200);
}

static unsigned status_of(const char *exception) {
    if (strcmp(exception, "ServiceUnavailable") == 0)
        return 503;
    return strncmp(exception, "Internal", 8) == 0 ? 500 : 400;
}

void wf_api_fail(struct wf_api_call *call, const char *exception,
                 struct wf_str message) {
    call->out->len = 0;
    wf_buf_u8(call->out, '{');
    wf_json_text(call->out, "__type", wf_str(exception));
    wf_json_text(call->out, "message", message);
    wf_buf_u8(call->out, '}');
    call->done(call, status_of(exception));
}

void wf_api_refused(struct wf_api_call *call,
                    const struct wf_refusal *refusal) {
    wf_api_fail(call, refusal->exception, refusal->message);
}

bool wf_api_is(const struct wf_api_value *value, const char *text) {
    return value->given && wf_str_eq(value->text, wf_str(text));
}

/* ---- complaints ---- */

static size_t count_characters(struct wf_str text) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

/* At most ECHO_MAX bytes, and no half character. */
static struct wf_str clipped(struct wf_str text) {
    if (text.len > ECHO_MAX) {
        text.len = ECHO_MAX;
        while (text.len && ((unsigned char)text.data[text.len] & 0xc0) == 0x80)
            text.len--;
    }
    return text;
}

static void complain(struct parse *parse, const struct wf_api_member *member,
                     struct wf_str value, const char *constraint) {
    struct wf_buf *out = &parse->complaints;
    if (parse->complaint_count++)
        wf_buf_adds(out, "; ");
    wf_buf_adds(out, "Value ");
    if (!value.data) {
        wf_buf_adds(out, "null ");
    } else if (!(member->flags & WF_API_SENSITIVE)) {
        wf_buf_u8(out, '\'');
        wf_buf_addstr(out, clipped(value));
        wf_buf_adds(out, "' ");
    }
    wf_buf_addf(out, "at '%s' failed to satisfy constraint: Member must %s",
                member->name, constraint);
}

static void check_choice(struct parse *parse,
                         const struct wf_api_member *member,
                         struct wf_str text) {
    struct wf_buf words = {0};
    wf_buf_adds(&words, "satisfy enum value set: [");
    for (const char *const *at = member->choices; *at; at++) {
        if (wf_str_eq(text, wf_str(*at)))
            goto out;
        wf_buf_addf(&words, "%s%s", at == member->choices ? "" : ", ", *at);
    }
    wf_buf_add(&words, "]", 2);
    complain(parse, member, text, words.data);
out:
    wf_buf_free(&words);
}

static bool is_ascii(struct wf_str text) {
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] >= 0x80)
            return false;
    return true;
}

static void check_text(struct parse *parse, const struct wf_api_member *member,
                       struct wf_str text) {
    char words[80];
    size_t count = count_characters(text);

    if (member->choices) {
        check_choice(parse, member, text);
        return;
    }
    if (member->max && count > member->max) {
        snprintf(words, sizeof(words),
                 "have length less than or equal to %u", member->max);
        complain(parse, member, text, words);
    }
    if (count < member->min) {
        snprintf(words, sizeof(words),
                 "have length greater than or equal to %u", member->min);
        complain(parse, member, text, words);
    }
    if (member->flags & WF_API_ASCII && !is_ascii(text))
        complain(parse, member, text,
                 "satisfy regular expression pattern: \\p{ASCII}*");
}

static void check_integer(struct parse *parse,
                          const struct wf_api_member *member,
                          int64_t integer) {
    char words[80], digits[24];
    snprintf(digits, sizeof(digits), "%lld", (long long)integer);
    if (member->max && integer > (int64_t)member->max) {
        snprintf(words, sizeof(words),
                 "have value less than or equal to %u", member->max);
        complain(parse, member, wf_str(digits), words);
    }
    if (integer < (int64_t)member->min) {
        snprintf(words, sizeof(words),
                 "have value greater than or equal to %u", member->min);
        complain(parse, member, wf_str(digits), words);
    }
}

static void check_limits(struct parse *parse) {
    const struct wf_api_member *member = parse->operation->members;
    const struct wf_api_value *value = parse->values;
    for (; member->name; member++, value++) {
        if (!value->given) {
            if (member->flags & WF_API_REQUIRED)
                complain(parse, member, WF_STR_NULL, "not be null");
        } else if (member->type == WF_API_STRING) {
            check_text(parse, member, value->text);
        } else if (member->type == WF_API_INTEGER) {
            check_integer(parse, member, value->integer);
        }
    }
}

/* Fails the call over the first text that is no ARN at all; what an ARN
 * names, and whether it exists, the engine knows. */
static bool arns_are_sound(struct wf_api_call *call,
                           const struct parse *parse) {
    const struct wf_api_member *member = parse->operation->members;
    const struct wf_api_value *value = parse->values;
    for (; member->name; member++, value++) {
        struct wf_str text = value->text;
        if (!(member->flags & WF_API_ARN) || !value->given ||
            (text.len >= 4 && memcmp(text.data, "arn:", 4) == 0))
            continue;
        struct wf_buf words = {0};
        wf_buf_adds(&words, "Invalid Arn: 'Invalid ARN prefix: ");
        wf_buf_addstr(&words, text);
        wf_buf_u8(&words, '\'');
        wf_api_fail(call, "InvalidArn",
                    (struct wf_str){words.data, words.len});
        wf_buf_free(&words);
        return false;
    }
    return true;
}

/* ---- reading ---- */

/* A string without escapes is a slice of the body's document. */
static struct wf_str read_text(struct parse *parse, struct wf_value found) {
    struct wf_str raw = wf_value_text(found);
    struct wf_buf *texts = &parse->texts;
    size_t from = texts->len;

    if (!memchr(raw.data, '\\', raw.len))
        return (struct wf_str){raw.data + 1, raw.len - 2};
    wf_buf_reserve(texts, texts->cap ? 0 : found.doc->len + 1);
    wf_value_string(found, texts);
    return (struct wf_str){texts->data + from, texts->len - from};
}

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

/* False: the value's type is another one. */
static bool read_value(struct parse *parse, const struct wf_api_member *member,
                       struct wf_value found, struct wf_api_value *value) {
    enum wf_json_type type = wf_value_type(found);

    value->given = true;
    switch (member->type) {
    case WF_API_STRING:
        if (type == WF_JSON_STRING)
            value->text = read_text(parse, found);
        return type == WF_JSON_STRING;
    case WF_API_INTEGER:
        return type == WF_JSON_NUMBER &&
               wf_value_integer(found, &value->integer);
    case WF_API_BOOLEAN:
        value->boolean = type == WF_JSON_TRUE;
        return type == WF_JSON_TRUE || type == WF_JSON_FALSE;
    case WF_API_STRUCTURE:
        return type == WF_JSON_OBJECT;
    default:
        return type == WF_JSON_ARRAY;
    }
}

static int read_members(struct parse *parse, struct wf_value body,
                        struct wf_error *err) {
    static const char *const wanted[] = {
        [WF_API_STRING] = "a String", [WF_API_INTEGER] = "an Integer",
        [WF_API_BOOLEAN] = "a Boolean", [WF_API_STRUCTURE] = "a Structure",
        [WF_API_LIST] = "a List",
    };
    const struct wf_api_member *member = parse->operation->members;
    struct wf_api_value *value = parse->values;
    struct wf_value found;

    for (; member->name; member++, value++) {
        assert(value < parse->values + WF_API_MEMBERS_MAX);
        if (!wf_value_member(body, wf_str(member->name), &found) ||
            wf_value_type(found) == WF_JSON_NULL)
            continue;
        if (!read_value(parse, member, found, value))
            return wf_error_set(err, WF_E_INVALID,
                                "%s can not be converted to %s, at '%s'",
                                type_name(wf_value_type(found)),
                                wanted[member->type], member->name);
    }
    return 0;
}

/* ---- running ---- */

static const struct wf_api_operation *
find_in(const struct wf_api_operation *table, struct wf_str target) {
    for (; table->target; table++)
        if (wf_str_eq(wf_str(table->target), target))
            return table;
    return NULL;
}

static const struct wf_api_operation *find(struct wf_str target) {
    const struct wf_api_operation *found = find_in(wf_api_executions, target);
    if (!found)
        found = find_in(wf_api_state_machines, target);
    return found ? found : find_in(wf_api_events, target);
}

static void fail_complaints(struct wf_api_call *call, struct parse *parse) {
    struct wf_buf text = {0};
    wf_buf_addf(&text, "%u validation error%s detected: ",
                parse->complaint_count,
                parse->complaint_count == 1 ? "" : "s");
    wf_buf_add(&text, parse->complaints.data, parse->complaints.len);
    wf_api_fail(call, "ValidationException",
                (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

static void run_parsed(struct wf_api_call *call, struct parse *parse,
                       struct wf_doc *doc) {
    struct wf_value body = {doc, 0};
    struct wf_error err = {0};

    if (wf_value_type(body) != WF_JSON_OBJECT) {
        wf_api_fail(call, "SerializationException",
                    WF_STR("The request body must be a JSON object."));
        return;
    }
    if (read_members(parse, body, &err) != 0) {
        wf_api_fail(call, "SerializationException", wf_str(err.message));
        return;
    }
    check_limits(parse);
    if (parse->complaint_count)
        fail_complaints(call, parse);
    else if (arns_are_sound(call, parse))
        parse->operation->run(call, parse->values);
}

void wf_api_call_run(struct wf_api_call *call, struct wf_str target,
                     struct wf_str body) {
    static const struct wf_doc_limits limits = {
        .max_bytes = (size_t)1 << 31, /* http.h has the limit that counts */
        .max_depth = BODY_DEPTH,
    };
    struct parse parse = {.operation = find(target)};
    struct wf_error err = {0};

    if (!parse.operation) {
        wf_api_fail(call, "UnknownOperationException",
                    WF_STR("The requested operation is not known here."));
        return;
    }
    struct wf_doc *doc = wf_doc_parse(body, &limits, &err);
    if (!doc)
        wf_api_fail(call, "SerializationException", wf_str(err.message));
    else
        run_parsed(call, &parse, doc);
    wf_doc_unref(doc);
    wf_buf_free(&parse.texts);
    wf_buf_free(&parse.complaints);
}
