/*
 * notification_prepare.c - from a row to the event's text: input and output
 * are read, unless they are too large to be sent anyhow. See
 * notification_impl.h.
 */
#include <stdlib.h>

#include "notification_impl.h"

/* A call: until the text is made. */
struct preparing {
    struct wf_engine *engine;
    struct wf_notification_entry *entry;
    struct wf_notification_row row; /* borrows from the entry */
    bool has_input, has_output;
    struct wf_buf input, output;
    struct wf_machine *machine;
};

static void drop(void *memory) {
    struct preparing *preparing = memory;

    wf_buf_free(&preparing->input);
    wf_buf_free(&preparing->output);
}

/* ---- the text ---- */

static struct wf_str data_of(bool has, const struct wf_buf *buf) {
    return has ? (struct wf_str){buf->data ? buf->data : "", buf->len}
               : WF_STR_NULL;
}

static bool is_wanted(const struct wf_notification_entry *entry,
                      const struct wf_buf *text) {
    const struct wf_notification_target *target = entry->queue->target;
    struct wf_doc *event;
    bool is;

    if (!target->needs_data)
        return true;
    event = wf_doc_trusted(wf_notification_text(text));
    is = wf_notification_is_wanted(target, (struct wf_value){event, 0},
                                   false);
    wf_doc_unref(event);
    return is;
}

static void make_text(struct preparing *preparing) {
    struct wf_notification_entry *entry = preparing->entry;
    struct wf_engine *engine = preparing->engine;
    struct wf_notification_data data = {
        data_of(preparing->has_input, &preparing->input),
        data_of(preparing->has_output, &preparing->output)};
    struct wf_buf text = {0};

    wf_notification_json(&preparing->row.what, wf_str(engine->region),
                         wf_str(engine->account), &data, &text);
    wf_call_free(preparing);
    if (is_wanted(entry, &text))
        wf_notification_send(entry, &text);
    else
        wf_notification_unwanted(entry);
    wf_buf_free(&text);
}

/* ---- input and output ---- */

static void input_read(void *arg, struct wf_str text) {
    struct preparing *preparing = arg;

    preparing->has_input = text.data != NULL;
    wf_buf_addstr(&preparing->input, text);
    make_text(preparing);
}

static void read_input(struct preparing *preparing) {
    const struct wf_notification *what = &preparing->row.what;

    if (what->input)
        wf_doc_read_small(preparing->engine, what->execution, what->input,
                          WF_NOTIFICATION_DATA_BYTES, input_read, preparing);
    else
        make_text(preparing);
}

static void output_read(void *arg, struct wf_str text) {
    struct preparing *preparing = arg;

    preparing->has_output = text.data != NULL;
    wf_buf_addstr(&preparing->output, text);
    read_input(preparing);
}

static void read_data(struct preparing *preparing) {
    const struct wf_notification *what = &preparing->row.what;

    if (what->output)
        wf_doc_read_small(preparing->engine, what->execution, what->output,
                          WF_NOTIFICATION_DATA_BYTES, output_read, preparing);
    else
        read_input(preparing);
}

/* ---- what was not known when the row was written ---- */

/* Now it is: the row is made anew, and its target may not want it. */
static void complete(struct preparing *preparing,
                     const struct wf_machine *machine) {
    struct wf_notification_entry *entry = preparing->entry;
    struct wf_notification *what = &preparing->row.what;
    struct wf_execution_image image;
    struct wf_buf arn = {0}, machine_arn = {0}, row = {0};

    if (wf_image_of(what->image, &image)) {
        wf_image_arn(&image, machine, &arn);
        wf_image_machine_arn(&image, machine, &machine_arn);
    }
    what->arn = wf_notification_text(&arn);
    what->machine_arn = wf_notification_text(&machine_arn);
    what->base_arn = wf_str(machine->arn);
    what->image = WF_STR("");
    wf_notification_encode(&preparing->row, &row);
    entry->queue->bytes += row.len - entry->row.len;
    wf_buf_free(&entry->row);
    entry->row = row;
    wf_notification_decode(wf_notification_text(&entry->row),
                           &preparing->row);
    wf_buf_free(&arn);
    wf_buf_free(&machine_arn);
}

static bool may_want(struct preparing *preparing) {
    static const struct wf_notification_data none;
    const struct wf_engine *engine = preparing->engine;
    struct wf_buf text = {0};
    struct wf_doc *event;
    bool is;

    wf_notification_json(&preparing->row.what, wf_str(engine->region),
                         wf_str(engine->account), &none, &text);
    event = wf_doc_trusted_buf(&text);
    is = wf_notification_is_wanted(preparing->entry->queue->target,
                                   (struct wf_value){event, 0}, true);
    wf_doc_unref(event);
    return is;
}

static void with_machine(void *arg, struct wf_machine *machine) {
    struct preparing *preparing = arg;
    struct wf_notification_entry *entry = preparing->entry;

    if (!machine->execution_prefix || !machine->arn) {
        wf_call_free(preparing);
        wf_notification_fail(entry, WF_STR("The definition of the execution "
                                           "can't be read"));
        return;
    }
    complete(preparing, machine);
    if (may_want(preparing)) {
        read_data(preparing);
        return;
    }
    wf_call_free(preparing);
    wf_notification_unwanted(entry);
}

void wf_notification_prepare(struct wf_notification_entry *entry) {
    struct wf_engine *engine = entry->queue->engine;
    struct preparing *preparing =
        wf_call_new(engine, sizeof(*preparing), drop);
    const struct wf_notification *what = &preparing->row.what;

    preparing->engine = engine;
    preparing->entry = entry;
    wf_notification_decode(wf_notification_text(&entry->row),
                           &preparing->row);
    if (what->arn.len) {
        read_data(preparing);
        return;
    }
    preparing->machine =
        wf_machine_of(engine, what->machine, what->revision);
    wf_machine_need(engine, preparing->machine, with_machine, preparing);
}
