/*
 * logging.c - what state machines log: lines for the events that a revision's
 * loggingConfiguration takes in.
 *
 * A line is made when its event is durable (EXPRESS: at once). One whose
 * document is in the store only is made when that has been read: later than
 * those behind it, which AWS's log groups do not order either. So many are
 * read for at a time; a document that is one too many, or very large, is left
 * out as one that is truncated.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "execution_log.h"

#define MOST_READS 64
#define MOST_READ_BYTES ((uint64_t)4 << 20)

/* ---- settings ---- */

/* "arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*"; else all of it. */
static char *group_name(struct wf_str arn) {
    static const char mark[] = ":log-group:";
    const char *at = memmem(arn.data, arn.len, mark, sizeof(mark) - 1);
    const char *end = arn.data + arn.len;

    if (!at)
        return wf_strndup(arn.data, arn.len);
    at += sizeof(mark) - 1;
    if (end - at > 2 && end[-1] == '*' && end[-2] == ':')
        end -= 2;
    return wf_strndup(at, (size_t)(end - at));
}

static bool member(struct wf_value object, const char *name,
                   struct wf_value *value) {
    return wf_value_member(object, wf_str(name), value);
}

static void read_group(struct wf_value logging, struct wf_machine_log *log) {
    struct wf_value list, destination, group, arn;
    struct wf_buf text = {0};

    if (!member(logging, "destinations", &list) ||
        !wf_value_element(list, 0, &destination) ||
        !member(destination, "cloudWatchLogsLogGroup", &group) ||
        !member(group, "logGroupArn", &arn))
        return;
    wf_value_string(arn, &text);
    log->group = group_name((struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

static void read_logging(struct wf_value logging,
                         struct wf_machine_log *log) {
    struct wf_value value;
    struct wf_buf level = {0};

    if (!member(logging, "level", &value))
        return;
    wf_value_string(value, &level);
    log->level = wf_log_level_of((struct wf_str){level.data, level.len});
    wf_buf_free(&level);
    if (log->level == WF_LOG_OFF)
        return;
    log->with_data = member(logging, "includeExecutionData", &value) &&
                     wf_value_type(value) == WF_JSON_TRUE;
    read_group(logging, log);
}

void wf_machine_log_read(struct wf_engine *engine,
                         struct wf_machine *machine) {
    const char *text = machine->settings.logging;
    struct wf_doc *doc;

    if (!engine->options.log || !text || machine->log.level != WF_LOG_OFF ||
        !(doc = wf_doc_parse(wf_str(text), NULL, NULL)))
        return;
    read_logging((struct wf_value){doc, 0}, &machine->log);
    wf_doc_unref(doc);
}

/* ---- lines ---- */

static void write_line(struct wf_engine *engine,
                       const struct wf_log_subject *subject,
                       const struct wf_history_event *shown,
                       bool is_truncated) {
    const struct wf_machine_log *log = &subject->machine->log;
    struct wf_log_context context = {
        .execution_arn = subject->arn,
        .group = wf_str(log->group),
        .redrive_count = subject->redrive_count,
        .with_data = log->with_data,
        .is_truncated = is_truncated,
    };
    struct wf_buf *line = wf_execution_log_line(
        engine->options.log, context.group);

    if (line)
        wf_event_log_json(line, shown, &context);
}

/* A line that waits for a document. */
struct late_line {
    struct wf_engine *engine;
    struct wf_log_subject subject; /* arn: in `copies` */
    struct wf_buf copies;          /* arn, then the event's form */
    size_t arn_len;
    uint64_t event;
    struct wf_buf assigned;
    bool is_written;
};

static void drop(void *memory) {
    struct late_line *late = memory;

    late->engine->log_reads--;
    if (!late->is_written)
        wf_execution_log_lose(late->engine->options.log);
    wf_buf_free(&late->copies);
    wf_buf_free(&late->assigned);
}

static void is_read(void *arg, struct wf_str text) {
    struct late_line *late = arg;
    struct wf_log_subject *subject = &late->subject;
    const char *end = late->copies.data + late->copies.len;
    struct wf_reader in = {late->copies.data + late->arn_len, end, false};
    struct wf_history_event shown = {.event = {.id = late->event}};

    subject->arn = (struct wf_str){late->copies.data, late->arn_len};
    if (wf_event_decode(&in, &shown.event, subject->start_ms)) {
        wf_history_describe(late->engine, subject->machine, &shown);
        shown.role_arn = wf_str(subject->machine->role_arn);
        if (late->assigned.len)
            shown.assigned = (struct wf_str){late->assigned.data,
                                             late->assigned.len};
        shown.doc = text;
        write_line(late->engine, subject, &shown, !text.data);
        late->is_written = true;
    }
    wf_call_free(late);
}

static void read_document(struct wf_engine *engine,
                          const struct wf_log_subject *subject,
                          const struct wf_history_event *shown,
                          uint64_t lacks, uint64_t length) {
    struct late_line *late = wf_call_new(engine, sizeof(*late), drop);

    engine->log_reads++;
    late->engine = engine;
    late->subject = *subject;
    late->arn_len = subject->arn.len;
    late->event = shown->event.id;
    wf_buf_addstr(&late->copies, subject->arn);
    wf_event_encode(&late->copies, &shown->event, subject->start_ms);
    wf_buf_addstr(&late->assigned, shown->assigned);
    wf_doc_read(engine, subject->execution, lacks, length, is_read, late);
}

void wf_log_event(struct wf_engine *engine,
                  const struct wf_log_subject *subject,
                  const struct wf_history_event *shown, uint64_t lacks,
                  uint64_t length) {
    const struct wf_machine_log *log = &subject->machine->log;

    if (wf_event_level(shown->event.type) > log->level)
        return;
    if (!log->with_data || lacks == 0)
        write_line(engine, subject, shown, false);
    else if (subject->machine->express || length > MOST_READ_BYTES ||
             engine->log_reads >= MOST_READS)
        write_line(engine, subject, shown, true);
    else
        read_document(engine, subject, shown, lacks, length);
}

void wf_log_count(const struct wf_engine *engine,
                  struct wf_engine_stats *stats) {
    if (!engine->options.log)
        return;
    struct wf_execution_log_stats log =
        wf_execution_log_stats(engine->options.log);
    stats->log_lines = log.lines;
    stats->log_lines_lost = log.lost;
}
