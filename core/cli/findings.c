/* findings.c - from diagnostics to places and hints. See findings.h. */
#include "findings.h"

#include <stdio.h>
#include <stdlib.h>

#include "hint.h"
#include "json_write.h"
#include "locate.h"
#include "term.h"

struct making {
    struct wf_findings *findings;
    struct wf_doc *doc;
    size_t shift; /* of the document in the text: blanks before it */
};

static char *copy(struct wf_str text) {
    return wf_strndup(text.len > 0 ? text.data : "", text.len);
}

static struct wf_finding *add(struct wf_findings *findings, bool is_error,
                              bool is_info) {
    struct wf_finding *finding;

    findings->list = wf_realloc(findings->list, (findings->count + 1) *
                                                    sizeof(*finding));
    finding = &findings->list[findings->count++];
    *finding = (struct wf_finding){.is_error = is_error, .is_info = is_info};
    findings->errors += is_error;
    findings->remarks += is_info;
    findings->warnings += !is_error && !is_info;
    return finding;
}

/* What an editor should jump to: the name of an object or array, else the
 * value; of an unknown field its name. */
static struct wf_node node_to_show(const struct wf_place *place,
                                   struct wf_str message) {
    const struct wf_node *nodes = wf_doc_nodes(place->value.doc);
    struct wf_str field = wf_hint_field(message);
    const struct wf_node *node = &nodes[place->value.node];
    struct wf_value found;

    if (field.data != NULL && node->type == WF_JSON_OBJECT &&
        wf_value_member(place->value, field, &found))
        return nodes[found.node - 1];
    if (node->type == WF_JSON_OBJECT || node->type == WF_JSON_ARRAY)
        return nodes[place->key]; /* of the whole: the whole */
    return *node;
}

static void add_diagnostic(struct making *making,
                           const struct wf_diagnostic *diagnostic) {
    struct wf_finding *finding =
        add(making->findings,
            !diagnostic->is_warning && !diagnostic->is_info,
            diagnostic->is_info);
    struct wf_place place;
    struct wf_buf hint = {0};
    struct wf_node node;

    wf_locate(making->doc, diagnostic->location, &place);
    node = node_to_show(&place, diagnostic->message);
    finding->code = copy(diagnostic->code);
    finding->message = copy(diagnostic->message);
    finding->location = copy(diagnostic->location);
    finding->pointer =
        copy((struct wf_str){place.pointer.data, place.pointer.len});
    finding->offset = node.start + making->shift;
    finding->end = node.end + making->shift;
    wf_line_of(making->findings->text, finding->offset, &finding->line,
               &finding->column);
    if (wf_hint(diagnostic->code, diagnostic->message, &place, &hint))
        finding->hint = copy((struct wf_str){hint.data, hint.len});
    wf_buf_free(&hint);
    wf_place_deinit(&place);
}

static void on_diagnostics(void *arg, const struct wf_diagnostic *list,
                           size_t count) {
    for (size_t i = 0; i < count; i++)
        add_diagnostic(arg, &list[i]);
}

static size_t offset_of(struct wf_str text, size_t line, size_t column) {
    size_t at = 0;

    for (; line > 1 && at < text.len; at++)
        line -= text.data[at] == '\n';
    for (; column > 1 && at < text.len; column--)
        for (at++; at < text.len &&
                   ((unsigned char)text.data[at] & 0xc0) == 0x80; at++)
            ;
    return at;
}

/* "line 3, column 5: expected ..., but ..." */
static void add_syntax_error(struct wf_findings *findings,
                             const char *message) {
    struct wf_finding *finding = add(findings, true, false);
    size_t line = 1, column = 1;
    int used = 0;

    if (sscanf(message, "line %zu, column %zu: %n", &line, &column, &used) < 2)
        used = 0;
    finding->code = copy(WF_STR("INVALID_JSON_DESCRIPTION"));
    finding->message = copy(wf_str(message + used));
    finding->location = copy(WF_STR("/"));
    finding->pointer = copy(WF_STR(""));
    finding->line = line;
    finding->column = column;
    finding->offset = offset_of(findings->text, line, column);
    finding->end = finding->offset + 1;
}

static int by_offset(const void *a, const void *b) {
    const struct wf_finding *x = a, *y = b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return strcmp(x->message, y->message);
}

void wf_findings_make(struct wf_findings *findings, struct wf_script *script,
                      struct wf_str text, const struct wf_profile *profile,
                      bool express) {
    struct making making = {.findings = findings};
    struct wf_error problem = {0};

    findings->text = text;
    making.doc = wf_doc_parse(text, NULL, &problem);
    if (making.doc == NULL) {
        add_syntax_error(findings, problem.message);
        return;
    }
    while (making.shift < text.len &&
           strchr(" \t\r\n", text.data[making.shift]) != NULL)
        making.shift++;
    if (making.doc->len + making.shift > text.len)
        making.shift = 0; /* the document kept its blanks */
    wf_script_diagnose(script, text, profile, express, on_diagnostics,
                       &making);
    if (findings->count > 0)
        qsort(findings->list, findings->count, sizeof(*findings->list),
              by_offset);
    wf_doc_unref(making.doc);
}

void wf_findings_deinit(struct wf_findings *findings) {
    for (size_t i = 0; i < findings->count; i++) {
        struct wf_finding *finding = &findings->list[i];

        free(finding->code);
        free(finding->message);
        free(finding->location);
        free(finding->pointer);
        free(finding->hint);
    }
    free(findings->list);
    *findings = (struct wf_findings){0};
}

/* ---- for people ---- */

struct pen {
    struct wf_buf *out;
    bool color;
};

static void paint(const struct pen *pen, const char *sequence) {
    if (pen->color)
        wf_buf_addf(pen->out, "\033[%sm", sequence);
}

static void add_clean(struct wf_buf *out, const char *text) {
    wf_term_text(out, wf_str(text), SIZE_MAX, true);
}

static void blanks(struct wf_buf *out, size_t count) {
    while (count-- > 0)
        wf_buf_u8(out, ' ');
}

/* The bytes of the line around `offset`. */
static struct wf_str line_around(struct wf_str text, size_t offset) {
    size_t start = offset, end = offset;

    while (start > 0 && text.data[start - 1] != '\n')
        start--;
    while (end < text.len && text.data[end] != '\n')
        end++;
    return (struct wf_str){text.data + start, end - start};
}

/* The line with what is wrong in it underlined. In long lines (of minified
 * files) the part around it. */
static void show_source(const struct pen *pen,
                        const struct wf_findings *findings,
                        const struct wf_finding *finding, size_t columns) {
    struct wf_str line = line_around(findings->text, finding->offset);
    size_t at = (size_t)(findings->text.data + finding->offset - line.data);
    size_t marked = finding->end - finding->offset, before, width, cut;
    struct wf_str rest;
    struct wf_buf *out = pen->out;

    columns = columns < 40 ? 40 : columns > 120 ? 120 : columns;
    wf_buf_addf(out, "%6zu | ", finding->line);
    cut = at > columns / 2 ? at - columns / 3 : 0;
    while (cut < at && ((unsigned char)line.data[cut] & 0xc0) == 0x80)
        cut++; /* to a character's start */
    line = (struct wf_str){line.data + cut, line.len - cut};
    at -= cut;
    before = cut > 0 ? wf_term_text(out, WF_STR("…"), 1, true) : 0;
    before += wf_term_text(out, (struct wf_str){line.data, at}, columns,
                           true);
    rest = (struct wf_str){line.data + at, line.len - at};
    wf_term_text(out, rest, columns - before - 9, true);
    if (marked > rest.len)
        marked = rest.len > 0 ? rest.len : 1;
    width = wf_term_columns((struct wf_str){rest.data,
                                            rest.len > 0 ? marked : 0});
    if (width + before + 9 > columns)
        width = columns - before - 9;
    wf_buf_adds(out, "\n       | ");
    blanks(out, before);
    paint(pen, "1;31");
    do
        wf_buf_u8(out, '^');
    while (width-- > 1 && width < columns);
    paint(pen, "0");
    wf_buf_u8(out, '\n');
}

void wf_finding_show(const struct wf_findings *findings, size_t index,
                     const char *file, bool color, size_t columns,
                     struct wf_buf *out) {
    const struct wf_finding *finding = &findings->list[index];
    struct pen pen = {out, color};

    paint(&pen, "1");
    add_clean(out, file);
    wf_buf_addf(out, ":%zu:%zu: ", finding->line, finding->column);
    paint(&pen, finding->is_error  ? "1;31"
                : finding->is_info ? "1;36" : "1;33");
    wf_buf_addf(out, "%s: ", finding->is_error  ? "error"
                             : finding->is_info ? "info" : "warning");
    paint(&pen, "0;1");
    add_clean(out, finding->message);
    paint(&pen, "0");
    wf_buf_addf(out, " [%s]\n", finding->code);
    show_source(&pen, findings, finding, columns);
    wf_buf_adds(out, "       at ");
    add_clean(out, finding->location[0] != '\0' ? finding->location : "/");
    if (finding->hint != NULL) {
        wf_buf_adds(out, "\n       hint: ");
        add_clean(out, finding->hint);
    }
    wf_buf_adds(out, "\n");
}

/* ---- for programs ---- */

static void add_json(struct wf_buf *out, const struct wf_finding *finding) {
    wf_json_comma(out);
    wf_buf_u8(out, '{');
    wf_json_text(out, "severity",
                 finding->is_error  ? WF_STR("ERROR")
                 : finding->is_info ? WF_STR("INFO") : WF_STR("WARNING"));
    wf_json_text(out, "code", wf_str(finding->code));
    wf_json_text(out, "message", wf_str(finding->message));
    wf_json_text(out, "location", wf_str(finding->location));
    wf_json_text(out, "pointer", wf_str(finding->pointer));
    wf_json_integer(out, "line", (int64_t)finding->line);
    wf_json_integer(out, "column", (int64_t)finding->column);
    wf_json_text_if(out, "hint", wf_str(finding->hint));
    wf_buf_u8(out, '}');
}

void wf_findings_json(const struct wf_findings *findings, const char *file,
                      struct wf_buf *out) {
    wf_buf_u8(out, '{');
    wf_json_text(out, "file", wf_str(file));
    wf_json_text(out, "result",
                 findings->errors > 0 ? WF_STR("FAIL") : WF_STR("OK"));
    wf_json_key(out, "diagnostics");
    wf_buf_u8(out, '[');
    for (size_t i = 0; i < findings->count; i++)
        add_json(out, &findings->list[i]);
    wf_buf_adds(out, "]}");
}
