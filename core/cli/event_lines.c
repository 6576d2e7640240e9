/* event_lines.c - events as lines. See event_lines.h. */
#include "event_lines.h"

#include <stdlib.h>

#include "event_scopes.h"
#include "term.h"

enum {
    MIN_STATE_COLUMNS = 14,
    MAX_STATE_COLUMNS = 32,
    PAYLOAD_COLUMNS = 200,
    DEEPEST = 12, /* indentation ends here */
};

struct wf_event_lines {
    struct wf_event_lines_options options;
    struct wf_event_scopes *scopes; /* NULL: flat */
    size_t state_columns;
    struct wf_buf date; /* of the last line */
    struct wf_buf type, name, text, cell;
};

/* An event while its line is written. */
struct told {
    struct wf_scope_event event;
    struct wf_value details; /* doc NULL: there are none */
    const struct wf_event_scope *scope; /* NULL: flat */
};

/* A line as it gets longer. */
struct pen {
    struct wf_buf *out;
    const struct wf_event_lines_options *options;
    size_t left; /* columns */
};

struct wf_event_lines *
wf_event_lines_new(const struct wf_event_lines_options *options) {
    struct wf_event_lines *lines = wf_calloc(1, sizeof(*lines));

    lines->options = *options;
    lines->state_columns = MIN_STATE_COLUMNS;
    if (!options->is_flat)
        lines->scopes = wf_event_scopes_new();
    return lines;
}

void wf_event_lines_free(struct wf_event_lines *lines) {
    if (lines == NULL)
        return;
    wf_event_scopes_free(lines->scopes);
    wf_buf_free(&lines->date);
    wf_buf_free(&lines->type);
    wf_buf_free(&lines->name);
    wf_buf_free(&lines->text);
    wf_buf_free(&lines->cell);
    free(lines);
}

/* ---- writing ---- */

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

static void put(struct pen *pen, const char *sgr, struct wf_str text,
                size_t most) {
    bool color = pen->options->color && sgr != NULL && text.len > 0;

    if (most > pen->left)
        most = pen->left;
    if (most == 0)
        return;
    if (color)
        wf_buf_addf(pen->out, "\033[%sm", sgr);
    pen->left -= wf_term_text(pen->out, text, most, pen->options->unicode);
    if (color)
        wf_buf_adds(pen->out, "\033[0m");
}

static void gap(struct pen *pen, size_t columns) {
    for (; columns > 0 && pen->left > 0; columns--, pen->left--)
        wf_buf_u8(pen->out, ' ');
}

/* Another part of the details, two blanks before it. */
static void part(struct pen *pen, const char *sgr, struct wf_str text) {
    if (text.len == 0)
        return;
    gap(pen, 2);
    put(pen, sgr, text, SIZE_MAX);
}

static void put_duration(struct wf_event_lines *lines, struct pen *pen,
                         int64_t from_ms, int64_t to_ms) {
    if (from_ms <= 0)
        return;
    lines->text.len = 0;
    wf_term_duration(&lines->text, to_ms - from_ms);
    part(pen, NULL, text_of(&lines->text));
}

/* ---- reading ---- */

/* A member's characters, or its number's; false: there is none. */
static bool member(struct wf_value object, const char *name,
                   struct wf_buf *out) {
    struct wf_value found;

    out->len = 0;
    if (object.doc == NULL || !wf_value_member(object, wf_str(name), &found))
        return false;
    if (wf_value_type(found) == WF_JSON_STRING)
        wf_value_string(found, out);
    else
        wf_buf_addstr(out, wf_value_text(found));
    return true;
}

static uint64_t number(struct wf_value object, const char *name) {
    struct wf_value found;
    int64_t integer;

    if (object.doc == NULL || !wf_value_member(object, wf_str(name), &found) ||
        !wf_value_integer(found, &integer) || integer < 0)
        return 0;
    return (uint64_t)integer;
}

static int64_t time_of(struct wf_value event) {
    struct wf_value found;

    if (!wf_value_member(event, WF_STR("timestamp"), &found) ||
        wf_value_type(found) != WF_JSON_NUMBER)
        return 0;
    return (int64_t)(wf_value_number(found) * 1000 + 0.5);
}

/* The member whose name ends with EventDetails. */
static struct wf_value details_of(struct wf_value event) {
    const struct wf_node *nodes = wf_doc_nodes(event.doc);
    uint32_t key = event.node + 1;

    for (; key < nodes[event.node].next; key = nodes[key + 1].next) {
        struct wf_value name = {event.doc, key};

        if (wf_type_ends(wf_value_text(name), "EventDetails\"") &&
            nodes[key + 1].type == WF_JSON_OBJECT)
            return (struct wf_value){event.doc, key + 1};
    }
    return (struct wf_value){NULL, 0};
}

static void read_event(struct wf_event_lines *lines, struct wf_value event,
                       struct told *told) {
    told->details = details_of(event);
    member(event, "type", &lines->type);
    if (!member(told->details, "name", &lines->name))
        member(told->details, "state", &lines->name);
    told->event = (struct wf_scope_event){
        .id = number(event, "id"),
        .previous = number(event, "previousEventId"),
        .ms = time_of(event),
        .type = text_of(&lines->type),
        .name = text_of(&lines->name),
        .index = number(told->details, "index"),
    };
    told->scope = lines->scopes == NULL
                      ? NULL
                      : wf_event_scopes_add(lines->scopes, &told->event);
}

/* ---- the parts of a line ---- */

static void put_date(struct wf_event_lines *lines, struct pen *pen,
                     int64_t ms) {
    bool is_first = lines->date.len == 0;

    lines->text.len = 0;
    wf_term_date(&lines->text, ms);
    lines->text.len = strcspn(lines->text.data, " ");
    if (wf_str_eq(text_of(&lines->text), text_of(&lines->date)))
        return;
    lines->date.len = 0;
    wf_buf_add(&lines->date, lines->text.data, lines->text.len);
    put(pen, "2", text_of(&lines->date), SIZE_MAX);
    if (is_first) {
        lines->text.len = 0;
        wf_buf_addf(&lines->text, "%*s  %-*s  EVENT", 9, "ID",
                    MIN_STATE_COLUMNS, "STATE");
        put(pen, "2", text_of(&lines->text), SIZE_MAX);
    }
    wf_buf_u8(pen->out, '\n');
}

static void indent(struct wf_event_lines *lines,
                   const struct wf_event_scope *scope) {
    const char *bar = lines->options.unicode ? "│ " : "| ";
    unsigned depth = scope == NULL ? 0 : scope->depth;

    for (unsigned i = 0; i < depth && i < DEEPEST; i++)
        wf_buf_adds(&lines->cell, bar);
    if (scope != NULL && scope->kind == WF_SCOPE_ITERATION)
        wf_buf_addf(&lines->cell, "[%llu] ",
                    (unsigned long long)scope->index);
}

static void put_state(struct wf_event_lines *lines, struct pen *pen,
                      const struct told *told) {
    struct wf_str name = told->event.name;
    size_t columns;

    if (name.len == 0 && told->scope != NULL &&
        !wf_type_begins(told->event.type, "Execution"))
        name = wf_str(told->scope->state);
    lines->cell.len = 0;
    indent(lines, told->scope);
    wf_buf_add(&lines->cell, name.len > 0 ? name.data : "", name.len);
    columns = wf_term_columns(text_of(&lines->cell));
    if (columns > MAX_STATE_COLUMNS)
        columns = MAX_STATE_COLUMNS;
    if (columns > lines->state_columns)
        lines->state_columns = columns;
    put(pen, "1", text_of(&lines->cell), lines->state_columns);
    gap(pen, lines->state_columns - columns + 2);
}

static bool is_failure(struct wf_str type) {
    return wf_type_ends(type, "Failed") || wf_type_ends(type, "TimedOut") ||
           wf_type_ends(type, "Aborted");
}

static void put_type(struct pen *pen, struct wf_str type) {
    const char *color = is_failure(type)                   ? "31"
                        : wf_type_ends(type, "Succeeded") ? "32"
                                                           : NULL;

    put(pen, color, type, SIZE_MAX);
}

static void put_durations(struct wf_event_lines *lines, struct pen *pen,
                          const struct told *told) {
    const struct wf_event_scope *scope = told->scope;
    struct wf_str type = told->event.type;
    int64_t ms = told->event.ms;

    if (scope == NULL)
        return;
    if (wf_type_ends(type, "StateExited"))
        put_duration(lines, pen, scope->entered_ms, ms);
    else if (wf_type_ends(type, "Succeeded") || is_failure(type))
        put_duration(lines, pen,
                     wf_type_begins(type, "Execution") ||
                             wf_type_begins(type, "MapIteration")
                         ? scope->start_ms
                         : scope->task_ms,
                     ms);
}

static void put_retry(struct wf_event_lines *lines, struct pen *pen,
                      const struct told *told) {
    struct wf_str type = told->event.type;

    if (told->scope == NULL || told->scope->attempts < 2 ||
        (!wf_type_ends(type, "Scheduled") &&
         !wf_type_ends(type, "StateStarted")))
        return;
    lines->text.len = 0;
    wf_buf_addf(&lines->text, "retry %u", told->scope->attempts - 1);
    part(pen, "33", text_of(&lines->text));
}

static void put_resource(struct wf_event_lines *lines, struct pen *pen,
                         const struct told *told) {
    if (member(told->details, "mapRunArn", &lines->text))
        part(pen, "36", text_of(&lines->text));
    lines->cell.len = 0;
    if (!wf_type_ends(told->event.type, "Scheduled"))
        return;
    if (member(told->details, "resourceType", &lines->text))
        wf_buf_addf(&lines->cell, "%.*s:", (int)lines->text.len,
                    lines->text.data);
    if (member(told->details, "resource", &lines->text))
        wf_buf_add(&lines->cell, lines->text.data, lines->text.len);
    part(pen, "36", text_of(&lines->cell));
    if (member(told->details, "timeoutInSeconds", &lines->text)) {
        lines->cell.len = 0;
        wf_buf_addf(&lines->cell, "timeout %.*ss", (int)lines->text.len,
                    lines->text.data);
        part(pen, NULL, text_of(&lines->cell));
    }
}

static void put_length(struct wf_event_lines *lines, struct pen *pen,
                       const struct told *told) {
    if (!member(told->details, "length", &lines->text))
        return;
    wf_buf_adds(&lines->text, " items");
    part(pen, NULL, text_of(&lines->text));
}

/* "Error: cause", the cause on one line. */
static void put_failure(struct wf_event_lines *lines, struct pen *pen,
                        const struct told *told) {
    member(told->details, "error", &lines->cell);
    if (member(told->details, "cause", &lines->text) && lines->text.len > 0)
        wf_buf_addf(&lines->cell, "%s%.*s", lines->cell.len > 0 ? ": " : "",
                    (int)lines->text.len, lines->text.data);
    part(pen, "31", text_of(&lines->cell));
}

static void put_payload(struct wf_event_lines *lines, struct pen *pen,
                        const struct told *told) {
    static const char *const names[] = {"input", "output", "parameters"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!member(told->details, names[i], &lines->text) ||
            lines->text.len == 0)
            continue;
        gap(pen, 2);
        put(pen, "2", text_of(&lines->text), PAYLOAD_COLUMNS);
    }
}

void wf_event_lines_add(struct wf_event_lines *lines, struct wf_value event,
                        struct wf_buf *out) {
    struct pen pen = {
        .out = out,
        .options = &lines->options,
        .left = lines->options.columns == 0 ? SIZE_MAX
                                            : lines->options.columns,
    };
    struct told told;
    size_t columns = pen.left;

    read_event(lines, event, &told);
    put_date(lines, &pen, told.event.ms);
    pen.left = columns;
    lines->text.len = 0;
    wf_term_clock(&lines->text, told.event.ms);
    wf_buf_addf(&lines->text, "%7llu  ", (unsigned long long)told.event.id);
    put(&pen, "2", text_of(&lines->text), SIZE_MAX);
    put_state(lines, &pen, &told);
    put_type(&pen, told.event.type);
    put_durations(lines, &pen, &told);
    put_retry(lines, &pen, &told);
    put_length(lines, &pen, &told);
    put_failure(lines, &pen, &told);
    put_resource(lines, &pen, &told);
    put_payload(lines, &pen, &told);
    while (out->len > 0 && out->data[out->len - 1] == ' ')
        out->len--;
    wf_buf_u8(out, '\n');
}
