/*
 * find.c - finding an execution by its ARN, what its image says, and the ARNs
 * that follow from it.
 *
 * An execution is found by name: in memory, among the rows that were asked
 * for lately, in table N. A child execution's name holds its id, so that its
 * image only has to say that it is the one.
 */
#include <stdlib.h>

#include "engine_impl.h"

/* ---- images ---- */

bool wf_image_of(struct wf_str text, struct wf_execution_image *image) {
    struct wf_reader in = {text.data, text.data + text.len, false};
    return text.data && wf_execution_decode(&in, image);
}

void wf_ended_keep_image(struct wf_engine *engine, uint64_t id,
                         const struct wf_execution_image *image,
                         struct wf_str row, uint64_t forgotten) {
    if (image->status == WF_EXECUTION_RUNNING ||
        forgotten != engine->ended.forgotten ||
        wf_ended_row(&engine->ended, id).data)
        return;
    wf_ended_keep(&engine->ended, id, image->machine,
                  image->is_child ? WF_STR("") : image->name, row);
}

/* A row without the history that may be behind the image. */
static struct wf_str image_part(struct wf_str row) {
    struct wf_execution_image image;
    struct wf_reader in = {row.data, row.data + row.len, false};
    if (!row.data || !wf_execution_decode(&in, &image))
        return WF_STR_NULL;
    return (struct wf_str){row.data, (size_t)(in.at - row.data)};
}

struct image_read {
    struct wf_engine *engine;
    uint64_t id;
    uint64_t forgotten; /* engine->ended's, when it was asked for */
    wf_image_fn *done;
    void *arg;
};

static void image_row(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct image_read *read = arg;
    struct wf_execution_image image;
    struct wf_str row = count == 1 ? rows->value : WF_STR_NULL;
    (void)more;
    read->engine->loads--;
    if (wf_engine_read_failed(read->engine, err))
        return;
    if (wf_image_of(row, &image))
        wf_ended_keep_image(read->engine, read->id, &image, row,
                            read->forgotten);
    read->done(read->arg, image_part(row));
    wf_call_free(read);
}

void wf_execution_read(struct wf_engine *engine, uint64_t id,
                       wf_image_fn *done, void *arg) {
    struct wf_execution *execution = wf_table_by_id(&engine->table, id);
    struct wf_str row = wf_ended_row(&engine->ended, id);
    struct wf_buf image = {0};
    if (execution)
        wf_execution_encode(execution, &image);
    else if (row.data)
        wf_buf_addstr(&image, row); /* it may be replaced meanwhile */
    if (image.data) {
        done(arg, image_part((struct wf_str){image.data, image.len}));
        wf_buf_free(&image);
        return;
    }
    struct image_read *read = wf_call_new(engine, sizeof(*read), NULL);
    *read = (struct image_read){engine, id, engine->ended.forgotten, done,
                                arg};
    struct wf_key key = wf_key_execution(engine->partition, id);
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), image_row, read);
}

struct identify_call {
    struct wf_engine *engine;
    struct wf_buf *image;
    wf_machine_fn *done;
    void *arg;
};

static void identified(void *arg, struct wf_machine *machine) {
    struct identify_call *call = arg;
    call->done(call->arg, machine->name ? machine : NULL);
    wf_call_free(call);
}

static void keep_image(void *arg, struct wf_str text) {
    struct identify_call *call = arg;
    struct wf_execution_image image;
    if (!wf_image_of(text, &image)) {
        call->done(call->arg, NULL);
        wf_call_free(call);
        return;
    }
    wf_buf_addstr(call->image, text);
    wf_machine_need(call->engine,
                    wf_machine_of(call->engine, image.machine,
                                  image.revision),
                    identified, call);
}

void wf_execution_identify(struct wf_engine *engine, uint64_t id,
                           struct wf_buf *image, wf_machine_fn *done,
                           void *arg) {
    struct identify_call *call = wf_call_new(engine, sizeof(*call), NULL);
    *call = (struct identify_call){engine, image, done, arg};
    wf_execution_read(engine, id, keep_image, call);
}

/* ---- ARNs ---- */

void wf_image_arn(const struct wf_execution_image *image,
                  const struct wf_machine *machine, struct wf_buf *out) {
    if (image->is_child)
        wf_map_child_prefix(wf_str(machine->arn), image->child_label,
                            image->child_express, out);
    else
        wf_buf_adds(out, machine->execution_prefix);
    wf_buf_addstr(out, image->name);
}

void wf_image_machine_arn(const struct wf_execution_image *image,
                          const struct wf_machine *machine,
                          struct wf_buf *out) {
    if (image->is_child)
        wf_labelled_arn(wf_str(machine->arn), image->child_label, out);
    else
        wf_buf_adds(out, machine->arn);
}

void wf_image_version_arn(const struct wf_execution_image *image,
                          const struct wf_machine *machine,
                          struct wf_buf *out) {
    if (image->version)
        wf_buf_addf(out, "%s:%u", machine->arn, (unsigned)image->version);
}

void wf_image_alias_arn(const struct wf_execution_image *image,
                        const struct wf_machine *machine,
                        struct wf_buf *out) {
    if (!image->alias.len)
        return;
    wf_buf_addf(out, "%s:", machine->arn);
    wf_buf_addstr(out, image->alias);
}

void wf_image_map_run_arn(const struct wf_execution_image *image,
                          const struct wf_machine *machine,
                          struct wf_buf *out) {
    if (!image->is_child)
        return;
    char *label = wf_strndup(image->child_label.data, image->child_label.len);
    const struct wf_map_run run = {
        .parent = image->child_parent,
        .number = image->child_run,
        .label = label,
    };
    wf_map_run_arn(&run, wf_str(machine->arn), out);
    free(label);
}

static bool names_child(const struct wf_arn *arn) {
    return memchr(arn->name.data, '/', arn->name.len) != NULL;
}

/* There is a name, which has no colons; behind an EXPRESS execution's stands
 * what tells it from others of that name. */
static bool names_execution(const struct wf_arn *arn) {
    bool has_colon = memchr(arn->rest.data, ':', arn->rest.len) != NULL;
    return arn->rest.len > 0 &&
           (!has_colon || wf_str_eq(arn->kind, WF_STR("express")));
}

bool wf_execution_arn_read(struct wf_str text, bool express,
                           struct wf_arn *arn, struct wf_buf *why) {
    bool allowed =
        express || (wf_arn_parse(text, arn) && names_child(arn));
    if (!wf_arn_read(text, "execution", allowed ? "express" : NULL, arn, why))
        return false;
    return names_execution(arn) || wf_arn_malformed(text, why);
}

bool wf_execution_arn_is_good(struct wf_str text, bool express,
                              wf_execution_fn *reply, void *arg) {
    struct wf_buf why = {0};
    struct wf_arn arn;
    bool good = wf_execution_arn_read(text, express, &arn, &why);
    if (!good)
        wf_refuse_execution(reply, arg, "InvalidArn", "%s",
                            (struct wf_str){why.data, why.len});
    wf_buf_free(&why);
    return good;
}

/* ---- finding ---- */

struct find_call {
    struct wf_engine *engine;
    struct wf_buf name, label; /* of a child: the label, too */
    bool express;              /* which the ARN of a child says */
    uint64_t child;            /* 0: it is none */
    uint32_t machine;
    wf_found_fn *found;
    void *arg;
};

static void find_drop(void *memory) {
    struct find_call *call = memory;
    wf_buf_free(&call->name);
    wf_buf_free(&call->label);
}

static void find_done(struct find_call *call, uint64_t id) {
    call->found(call->arg, id);
    wf_call_free(call);
}

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

static void find_rows(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct find_call *call = arg;
    uint64_t id = 0;
    (void)more;
    call->engine->loads--;
    if (wf_engine_read_failed(call->engine, err))
        return;
    if (count == 1) {
        struct wf_reader in = {rows->value.data,
                               rows->value.data + rows->value.len, false};
        id = wf_read_be64(&in);
    }
    find_done(call, id);
}

static void find_by_name(struct find_call *call) {
    struct wf_engine *engine = call->engine;
    struct wf_str name = text_of(&call->name);
    struct wf_execution *execution =
        wf_table_by_name(&engine->table, call->machine, name);
    uint64_t id = execution && !execution->map_child
                      ? execution->id
                      : wf_ended_find(&engine->ended, call->machine, name);
    if (id) {
        find_done(call, id);
        return;
    }
    struct wf_key key = wf_key_name(engine->partition, call->machine, name);
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), find_rows, call);
}

/* The ARN must be the child's in all its parts. */
static void child_read(void *arg, struct wf_str text) {
    struct find_call *call = arg;
    struct wf_execution_image image;
    bool is_it = wf_image_of(text, &image) && image.is_child &&
                 image.machine == call->machine &&
                 image.child_express == call->express &&
                 wf_str_eq(image.name, text_of(&call->name)) &&
                 wf_str_eq(image.child_label, text_of(&call->label));
    find_done(call, is_it ? call->child : 0);
}

static void find_in_machine(void *arg, struct wf_machine_head *head) {
    struct find_call *call = arg;
    if (!head) {
        find_done(call, 0);
        return;
    }
    call->machine = head->id;
    if (call->child)
        wf_execution_read(call->engine, call->child, child_read, call);
    else
        find_by_name(call);
}

/* Takes the label off the state machine's name. False: it can't be a child's
 * ARN. */
static bool set_child(struct find_call *call, struct wf_arn *arn) {
    const char *slash = memchr(arn->name.data, '/', arn->name.len);
    size_t len = (size_t)(slash - arn->name.data);
    wf_buf_add(&call->label, slash + 1, arn->name.len - len - 1);
    arn->name.len = len;
    call->express = wf_str_eq(arn->kind, WF_STR("express"));
    return wf_map_child_of_uuid(arn->rest, &call->child) && call->child;
}

void wf_execution_find(struct wf_engine *engine, struct wf_str text,
                       wf_found_fn *found, void *arg) {
    struct wf_buf why = {0};
    struct wf_arn arn;
    bool good = wf_arn_read(text, "execution", "express", &arn, &why);
    wf_buf_free(&why);
    if (!good || arn.rest.len == 0) {
        found(arg, 0);
        return;
    }
    struct find_call *call = wf_call_new(engine, sizeof(*call), find_drop);
    *call = (struct find_call){.engine = engine, .found = found, .arg = arg};
    wf_buf_addstr(&call->name, arn.rest);
    if (names_child(&arn) && !set_child(call, &arn))
        find_done(call, 0);
    else
        wf_machine_head_by_name(engine, arn.name, find_in_machine, call);
}
