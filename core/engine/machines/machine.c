/* machine.c - state machines: what is in memory, and reading the rest. See
 * machine.h. */
#include "machine.h"

#include <stdlib.h>

#include "engine_impl.h"
#include "qualifiers.h"

struct wf_machine_wait {
    struct wf_machine_wait *next;
    wf_machine_fn *ready;
    void *arg;
};

/* ---- structs ---- */

static struct wf_machine **id_bucket(struct wf_engine *engine, uint32_t id) {
    return &engine->machines.by_id[id & (WF_MACHINE_BUCKETS - 1)];
}

static struct wf_machine_head **head_bucket(struct wf_engine *engine,
                                            struct wf_str name) {
    return &engine->machines
                .heads[wf_str_hash(name) & (WF_MACHINE_BUCKETS - 1)];
}

struct wf_machine *wf_machine_add(struct wf_engine *engine, uint32_t id,
                                  uint32_t revision) {
    struct wf_machine *machine = wf_calloc(1, sizeof(*machine));
    struct wf_machine **bucket = id_bucket(engine, id);
    machine->id = id;
    machine->revision = revision;
    machine->id_next = *bucket;
    *bucket = machine;
    machine->looked_up = engine->calls_begun;
    wf_list_append(&engine->machines.all, &machine->link);
    engine->machines.count++;
    return machine;
}

struct wf_machine *wf_machine_of(struct wf_engine *engine, uint32_t id,
                                 uint32_t revision) {
    struct wf_machine *machine = *id_bucket(engine, id);
    while (machine && (machine->id != id || machine->revision != revision))
        machine = machine->id_next;
    if (!machine)
        return wf_machine_add(engine, id, revision);
    machine->looked_up = engine->calls_begun;
    return machine;
}

struct wf_machine_head *wf_machine_head_find(struct wf_engine *engine,
                                             struct wf_str name) {
    struct wf_machine_head *head = *head_bucket(engine, name);
    while (head && !wf_str_eq(wf_str(head->name), name))
        head = head->next;
    return head;
}

struct wf_machine_head *wf_machine_head_add(struct wf_engine *engine,
                                            struct wf_str name) {
    struct wf_machine_head *head = wf_calloc(1, sizeof(*head));
    struct wf_machine_head **bucket = head_bucket(engine, name);
    head->name = wf_strndup(name.data, name.len);
    head->status = WF_STATE_MACHINE_ACTIVE;
    head->next = *bucket;
    *bucket = head;
    return head;
}

char *wf_machine_arn(struct wf_engine *engine, const char *kind,
                     struct wf_str name, const char *end) {
    struct wf_buf out = {0};
    wf_buf_addf(&out, "arn:aws:states:%s:%s:%s:", engine->region,
                engine->account, kind);
    wf_buf_addstr(&out, name);
    wf_buf_adds(&out, end);
    wf_buf_u8(&out, 0);
    return out.data;
}

void wf_machine_name(struct wf_engine *engine, struct wf_machine *machine,
                     struct wf_str name, struct wf_str role_arn) {
    machine->name = wf_strndup(name.data, name.len);
    machine->role_arn = wf_strndup(role_arn.data, role_arn.len);
    machine->arn = wf_machine_arn(engine, "stateMachine", name, "");
    machine->execution_prefix = wf_machine_arn(
        engine, machine->express ? "express" : "execution", name, ":");
}

static void machine_free(struct wf_engine *engine,
                         struct wf_machine *machine) {
    wf_script_machine_free(engine->script, machine->compiled);
    wf_buf_free(&machine->definition);
    free(machine->settings.logging);
    free(machine->settings.tracing);
    free(machine->settings.encryption);
    free(machine->log.group);
    free(machine->revision_id);
    free(machine->name);
    free(machine->arn);
    free(machine->role_arn);
    free(machine->execution_prefix);
    free(machine);
}

void wf_machine_remove(struct wf_engine *engine, struct wf_machine *machine) {
    struct wf_machine **at = id_bucket(engine, machine->id);
    while (*at != machine)
        at = &(*at)->id_next;
    *at = machine->id_next;
    wf_list_remove(&machine->link);
    engine->machines.count--;
    engine->machines.spare -= machine->is_spare;
    machine_free(engine, machine);
}

static void head_free(struct wf_machine_head *head) {
    wf_buf_free(&head->tags);
    wf_qualifiers_free(head->qualifiers);
    free(head->made_description);
    free(head->pause_reason);
    free(head->name);
    free(head);
}

void wf_machines_init(struct wf_engine *engine) {
    wf_list_init(&engine->machines.all);
    wf_list_init(&engine->machines.qualified);
}

void wf_machines_free(struct wf_engine *engine) {
    for (size_t i = 0; i < WF_MACHINE_BUCKETS; i++) {
        while (engine->machines.by_id[i]) {
            struct wf_machine *machine = engine->machines.by_id[i];
            engine->machines.by_id[i] = machine->id_next;
            machine_free(engine, machine);
        }
        while (engine->machines.heads[i]) {
            struct wf_machine_head *head = engine->machines.heads[i];
            engine->machines.heads[i] = head->next;
            head_free(head);
        }
    }
}

struct wf_state_machine_reply wf_machine_reply(
    const struct wf_machine *machine) {
    return (struct wf_state_machine_reply){
        .arn = wf_str(machine->arn),
        .name = wf_str(machine->name),
        .definition = {machine->definition.data, machine->definition.len},
        .role_arn = wf_str(machine->role_arn),
        .express = machine->express,
        .status = machine->head ? machine->head->status
                                : WF_STATE_MACHINE_ACTIVE,
        .paused_ms = machine->head ? machine->head->paused_ms : 0,
        .pause_reason = machine->head
                            ? wf_str(machine->head->pause_reason)
                            : WF_STR_NULL,
        .creation_ms = machine->creation_ms,
        .update_ms = machine->update_ms,
        .revision_id = wf_str(machine->revision_id),
        .settings = {wf_str(machine->settings.logging),
                     wf_str(machine->settings.tracing),
                     wf_str(machine->settings.encryption)},
        .variable_references = machine->variable_references,
    };
}

/* ---- reading ---- */

struct machine_read {
    struct wf_engine *engine;
    struct wf_machine *machine;
};

static void take_row(struct wf_engine *engine, struct wf_machine *machine,
                     const struct wf_row *row) {
    struct wf_buf diagnostics = {0};
    struct wf_error why = {0};
    if (!row || !wf_machine_decode(engine, machine, row->value)) {
        wf_engine_notice(engine,
                         WF_ERROR "state machine %u revision %u: its row does "
                         "not decode", machine->id, machine->revision);
        machine->broken = true;
    } else if (wf_machine_compile(engine, machine, &diagnostics, &why) != 0) {
        wf_engine_notice(engine,
                         WF_ERROR "state machine %s: %s", machine->name,
                         why.message);
        machine->broken = true;
    }
    wf_buf_free(&diagnostics);
}

static void revision_rows(void *arg, const struct wf_row *rows, size_t count,
                          bool more, const struct wf_error *err) {
    struct machine_read *read = arg;
    struct wf_machine *machine = read->machine;
    struct wf_engine *engine = read->engine;
    (void)more;
    wf_call_free(read);
    engine->loads--;
    machine->reading = false;
    if (wf_engine_read_failed(engine, err))
        return;
    take_row(engine, machine, count == 1 ? rows : NULL);
    while (machine->waits) {
        struct wf_machine_wait *wait = machine->waits;
        machine->waits = wait->next;
        wait->ready(wait->arg, machine);
        wf_call_free(wait);
    }
}

void wf_machine_need(struct wf_engine *engine, struct wf_machine *machine,
                     wf_machine_fn *ready, void *arg) {
    if (machine->ready || machine->broken) {
        ready(arg, machine);
        return;
    }
    struct wf_machine_wait *wait = wf_call_new(engine, sizeof(*wait), NULL);
    *wait = (struct wf_machine_wait){machine->waits, ready, arg};
    machine->waits = wait;
    if (machine->reading)
        return;
    machine->reading = true;
    struct machine_read *read = wf_call_new(engine, sizeof(*read), NULL);
    *read = (struct machine_read){engine, machine};
    struct wf_key key = wf_key_revision(engine->partition, machine->id,
                                        machine->revision);
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), revision_rows, read);
}

struct head_read {
    struct wf_engine *engine;
    char *name;
    wf_machine_head_fn *found;
    void *arg;
};

static void head_read_drop(void *call) {
    struct head_read *read = call;
    free(read->name);
}

/* The head that a row holds. NULL: it does not decode. */
static struct wf_machine_head *take_head(struct wf_engine *engine,
                                         struct wf_str name,
                                         struct wf_str row) {
    struct wf_machine_head image = {0};
    struct wf_machine_head_texts texts;
    if (!wf_machine_head_decode(row, &image, &texts)) {
        wf_engine_notice(engine,
                         WF_ERROR "state machine %.*s: its row does not "
                         "decode", (int)name.len, name.data);
        return NULL;
    }
    struct wf_machine_head *head = wf_machine_head_add(engine, name);
    image.name = head->name;
    image.next = head->next;
    wf_buf_addstr(&image.tags, texts.tags);
    if (texts.pause_reason.len)
        image.pause_reason = wf_strndup(texts.pause_reason.data,
                                        texts.pause_reason.len);
    if (texts.made_description.len)
        image.made_description = wf_strndup(texts.made_description.data,
                                            texts.made_description.len);
    *head = image;
    return head;
}

static void head_rows(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct head_read *read = arg;
    struct wf_engine *engine = read->engine;
    (void)more;
    engine->loads--;
    if (wf_engine_read_failed(engine, err))
        return;
    /* made, or read, while its row was looked for? */
    struct wf_machine_head *head =
        wf_machine_head_find(engine, wf_str(read->name));
    if (!head && count == 1)
        head = take_head(engine, wf_str(read->name), rows->value);
    read->found(read->arg, head);
    wf_call_free(read);
}

void wf_machine_head_by_name(struct wf_engine *engine, struct wf_str name,
                             wf_machine_head_fn *found, void *arg) {
    struct wf_machine_head *head = wf_machine_head_find(engine, name);
    if (head) {
        found(arg, head);
        return;
    }
    struct head_read *read = wf_call_new(engine, sizeof(*read),
                                         head_read_drop);
    *read = (struct head_read){engine, wf_strndup(name.data, name.len), found,
                               arg};
    struct wf_key key = wf_key_machine(engine->partition, name);
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), head_rows, read);
}

struct name_read {
    struct wf_engine *engine;
    struct wf_machine_head *head;
    wf_machine_fn *found;
    void *arg;
};

static void latest_ready(void *arg, struct wf_machine *machine) {
    struct name_read *read = arg;
    machine->head = read->head;
    read->found(read->arg, machine);
    wf_call_free(read);
}

static void latest_settled(void *arg) {
    struct name_read *read = arg;
    const struct wf_machine_head *head = read->head;
    if (head->status == WF_STATE_MACHINE_DELETED) {
        read->found(read->arg, NULL);
        wf_call_free(read);
        return;
    }
    wf_machine_need(read->engine,
                    wf_machine_of(read->engine, head->id, head->revision),
                    latest_ready, read);
}

static void head_found(void *arg, struct wf_machine_head *head) {
    struct name_read *read = arg;
    read->head = head;
    if (head) {
        wf_machine_settle(read->engine, head, latest_settled, read);
        return;
    }
    read->found(read->arg, NULL);
    wf_call_free(read);
}

void wf_machine_by_name(struct wf_engine *engine, struct wf_str name,
                        wf_machine_fn *found, void *arg) {
    struct wf_machine_head *head = wf_machine_head_find(engine, name);
    if (head && head->status == WF_STATE_MACHINE_ACTIVE) {
        struct wf_machine *machine =
            wf_machine_of(engine, head->id, head->revision);
        machine->head = head;
        if (machine->ready) {
            found(arg, machine);
            return;
        }
    }
    struct name_read *read = wf_call_new(engine, sizeof(*read), NULL);
    *read = (struct name_read){engine, NULL, found, arg};
    wf_machine_head_by_name(engine, name, head_found, read);
}
