/* machine.c - state machines: rows, cache, compiling. See machine.h. */
#include "machine.h"

#include <stdlib.h>

#include "engine_impl.h"

#define IMAGE_VERSION 1

struct wf_machine_wait {
    struct wf_machine_wait *next;
    wf_machine_fn *ready;
    void *arg;
};

/* ---- ARNs ---- */

bool wf_arn_parse(struct wf_str arn, struct wf_str *kind, struct wf_str *name,
                  struct wf_str *rest) {
    /* arn:partition:states:region:account:kind:name[:rest] */
    const char *at = arn.data, *end = arn.data + arn.len;
    for (int colons = 0; colons < 5; colons++) {
        at = at < end ? memchr(at, ':', (size_t)(end - at)) : NULL;
        if (!at)
            return false;
        at++;
    }
    if (arn.len < 4 || memcmp(arn.data, "arn:", 4) != 0)
        return false;
    struct wf_str *const parts[] = {kind, name};
    for (int i = 0; i < 2; i++) {
        const char *colon = memchr(at, ':', (size_t)(end - at));
        const char *stop = colon ? colon : end;
        *parts[i] = (struct wf_str){at, (size_t)(stop - at)};
        at = colon ? colon + 1 : end;
        if (i == 0 && !colon)
            return false;
    }
    *rest = (struct wf_str){at, (size_t)(end - at)};
    return kind->len > 0 && name->len > 0;
}

/* ---- structs ---- */

static struct wf_machine **id_bucket(struct wf_engine *engine, uint32_t id) {
    return &engine->machines.by_id[id & (WF_MACHINE_BUCKETS - 1)];
}

static struct wf_machine **name_bucket(struct wf_engine *engine,
                                       struct wf_str name) {
    return &engine->machines
                .by_name[wf_str_hash(name) & (WF_MACHINE_BUCKETS - 1)];
}

static struct wf_machine *add(struct wf_engine *engine, uint32_t id,
                              uint32_t revision) {
    struct wf_machine *machine = wf_calloc(1, sizeof(*machine));
    struct wf_machine **bucket = id_bucket(engine, id);
    machine->id = id;
    machine->revision = revision;
    machine->id_next = *bucket;
    *bucket = machine;
    return machine;
}

struct wf_machine *wf_machine_of(struct wf_engine *engine, uint32_t id,
                                 uint32_t revision) {
    struct wf_machine *machine = *id_bucket(engine, id);
    while (machine && (machine->id != id || machine->revision != revision))
        machine = machine->id_next;
    return machine ? machine : add(engine, id, revision);
}

static struct wf_machine *find_name(struct wf_engine *engine,
                                    struct wf_str name) {
    struct wf_machine *machine = *name_bucket(engine, name);
    while (machine &&
           (!machine->ready || !wf_str_eq(wf_str(machine->name), name)))
        machine = machine->name_next;
    return machine;
}

static char *format_arn(struct wf_engine *engine, const char *kind,
                        struct wf_str name, const char *end) {
    struct wf_buf out = {0};
    wf_buf_addf(&out, "arn:aws:states:%s:%s:%s:", engine->region,
                engine->account, kind);
    wf_buf_addstr(&out, name);
    wf_buf_adds(&out, end);
    wf_buf_u8(&out, 0);
    return out.data;
}

static void set_identity(struct wf_engine *engine, struct wf_machine *machine,
                         struct wf_str name, struct wf_str role_arn) {
    machine->name = wf_strndup(name.data, name.len);
    machine->role_arn = wf_strndup(role_arn.data, role_arn.len);
    machine->arn = format_arn(engine, "stateMachine", name, "");
    machine->execution_prefix = format_arn(
        engine, machine->express ? "express" : "execution", name, ":");
    struct wf_machine **bucket = name_bucket(engine, name);
    machine->name_next = *bucket;
    *bucket = machine;
}

static void unchain(struct wf_engine *engine, struct wf_machine *machine) {
    struct wf_machine **at = id_bucket(engine, machine->id);
    while (*at != machine)
        at = &(*at)->id_next;
    *at = machine->id_next;
    if (!machine->name)
        return;
    at = name_bucket(engine, wf_str(machine->name));
    while (*at != machine)
        at = &(*at)->name_next;
    *at = machine->name_next;
}

static void machine_free(struct wf_engine *engine,
                         struct wf_machine *machine) {
    unchain(engine, machine);
    while (machine->waits) {
        struct wf_machine_wait *wait = machine->waits;
        machine->waits = wait->next;
        free(wait);
    }
    wf_script_machine_free(engine->script, machine->compiled);
    wf_buf_free(&machine->definition);
    free(machine->name);
    free(machine->arn);
    free(machine->role_arn);
    free(machine->execution_prefix);
    free(machine);
}

void wf_machines_free(struct wf_engine *engine) {
    for (size_t i = 0; i < WF_MACHINE_BUCKETS; i++)
        while (engine->machines.by_id[i])
            machine_free(engine, engine->machines.by_id[i]);
}

/* ---- rows ---- */

/* R row: version express:1 creation_ms name role_arn definition. */
static void put_rows(struct wf_engine *engine,
                     const struct wf_machine *machine) {
    struct wf_buf value = {0};
    wf_buf_u8(&value, IMAGE_VERSION);
    wf_buf_u8(&value, machine->express);
    wf_buf_varint(&value, (uint64_t)machine->creation_ms);
    wf_buf_text(&value, wf_str(machine->name));
    wf_buf_text(&value, wf_str(machine->role_arn));
    wf_buf_text(&value, (struct wf_str){machine->definition.data,
                                        machine->definition.len});
    struct wf_key key = wf_key_revision(engine->partition, machine->id,
                                        machine->revision);
    wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &value);
    wf_buf_free(&value);
    wf_buf_u8(&value, IMAGE_VERSION);
    wf_buf_varint(&value, machine->id);
    wf_buf_varint(&value, machine->revision);
    key = wf_key_machine(engine->partition, wf_str(machine->name));
    wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &value);
    wf_buf_free(&value);
    wf_engine_wake(engine);
}

/* Whether the text may ask the context object for more than its members
 * Execution, State, StateMachine and Task. */
static bool asks_for_items(const struct wf_buf *definition) {
    const char *at = definition->data, *end = at + definition->len;
    while ((at = memmem(at, (size_t)(end - at), "$$", 2))) {
        at += 2;
        if (end - at < 2 || at[0] != '.' || !strchr("EST", at[1]))
            return true;
    }
    return memmem(definition->data, definition->len, "$states.context",
                  15) != NULL;
}

/* Compiles; `diagnostics` gets what is wrong with the definition. */
static int compile(struct wf_engine *engine, struct wf_machine *machine,
                   struct wf_buf *diagnostics, struct wf_error *err) {
    struct wf_script_summary summary;
    struct wf_doc *doc = wf_doc_parse(
        (struct wf_str){machine->definition.data, machine->definition.len},
        NULL, err);
    if (!doc) {
        wf_buf_addf(diagnostics, "INVALID_JSON_DESCRIPTION: %s",
                    err->message);
        return -1;
    }
    int rc = wf_script_compile(engine->script, doc, &machine->compiled,
                               &summary, diagnostics, err);
    wf_doc_unref(doc);
    if (rc != 0)
        return -1;
    machine->states = summary.states;
    machine->state_count = summary.state_count;
    machine->start = summary.start;
    machine->timeout_s = summary.timeout_s;
    machine->shows_items = asks_for_items(&machine->definition);
    machine->ready = true;
    return 0;
}

static bool decode(struct wf_engine *engine, struct wf_machine *machine,
                   struct wf_str value) {
    struct wf_reader in = {value.data, value.data + value.len, false};
    uint8_t version = wf_read_u8(&in);
    machine->express = wf_read_u8(&in);
    machine->creation_ms = (int64_t)wf_read_varint(&in);
    struct wf_str name = wf_read_text(&in);
    struct wf_str role_arn = wf_read_text(&in);
    struct wf_str definition = wf_read_text(&in);
    if (in.bad || version != IMAGE_VERSION)
        return false;
    set_identity(engine, machine, name, role_arn);
    wf_buf_addstr(&machine->definition, definition);
    return true;
}

struct machine_read {
    struct wf_engine *engine;
    struct wf_machine *machine;
};

static void revision_rows(void *arg, const struct wf_row *rows, size_t count,
                          bool more, const struct wf_error *err) {
    struct machine_read *read = arg;
    struct wf_machine *machine = read->machine;
    struct wf_engine *engine = read->engine;
    struct wf_buf diagnostics = {0};
    struct wf_error why = {0};
    (void)more;
    free(read);
    engine->loads--;
    machine->reading = false;
    if (wf_engine_read_failed(engine, err))
        return;
    if (count != 1 || !decode(engine, machine, rows->value)) {
        wf_engine_notice(engine, "state machine %u revision %u: its row does "
                         "not decode", machine->id, machine->revision);
        machine->broken = true;
    } else if (compile(engine, machine, &diagnostics, &why) != 0) {
        wf_engine_notice(engine, "state machine %s: %s", machine->name,
                         why.message);
        machine->broken = true;
    }
    wf_buf_free(&diagnostics);
    while (machine->waits) {
        struct wf_machine_wait *wait = machine->waits;
        machine->waits = wait->next;
        wait->ready(wait->arg, machine);
        free(wait);
    }
}

void wf_machine_need(struct wf_engine *engine, struct wf_machine *machine,
                     wf_machine_fn *ready, void *arg) {
    if (machine->ready || machine->broken) {
        ready(arg, machine);
        return;
    }
    struct wf_machine_wait *wait = wf_calloc(1, sizeof(*wait));
    *wait = (struct wf_machine_wait){machine->waits, ready, arg};
    machine->waits = wait;
    if (machine->reading)
        return;
    machine->reading = true;
    struct machine_read *read = wf_calloc(1, sizeof(*read));
    *read = (struct machine_read){engine, machine};
    struct wf_key key = wf_key_revision(engine->partition, machine->id,
                                        machine->revision);
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), revision_rows, read);
}

struct name_read {
    struct wf_engine *engine;
    wf_machine_fn *found;
    void *arg;
};

static void name_rows(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct name_read *read = arg;
    struct wf_engine *engine = read->engine;
    (void)more;
    engine->loads--;
    if (wf_engine_read_failed(engine, err))
        return;
    if (count != 1) {
        read->found(read->arg, NULL);
    } else {
        struct wf_reader in = {rows->value.data,
                               rows->value.data + rows->value.len, false};
        wf_read_u8(&in);
        uint32_t id = (uint32_t)wf_read_varint(&in);
        uint32_t revision = (uint32_t)wf_read_varint(&in);
        wf_machine_need(engine, wf_machine_of(engine, id, revision),
                        read->found, read->arg);
    }
    free(read);
}

void wf_machine_by_name(struct wf_engine *engine, struct wf_str name,
                        wf_machine_fn *found, void *arg) {
    struct wf_machine *machine = find_name(engine, name);
    if (machine) {
        found(arg, machine);
        return;
    }
    struct name_read *read = wf_calloc(1, sizeof(*read));
    *read = (struct name_read){engine, found, arg};
    struct wf_key key = wf_key_machine(engine->partition, name);
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), name_rows, read);
}

/* ---- CreateStateMachine, DescribeStateMachine ---- */

struct machine_call {
    struct wf_engine *engine;
    char *name;
    struct wf_buf definition;
    char *role_arn, *arn;
    bool express;
    struct wf_machine *machine;
    wf_state_machine_fn *reply;
    void *arg;
};

static void call_free(struct machine_call *call) {
    free(call->name);
    free(call->role_arn);
    free(call->arn);
    wf_buf_free(&call->definition);
    free(call);
}

static void refuse(struct machine_call *call, const char *exception,
                   struct wf_str message) {
    struct wf_refusal refusal = {exception, message};
    call->reply(call->arg, &refusal, NULL);
    call_free(call);
}

static void refuse_about(struct machine_call *call, const char *exception,
                         const char *format, const char *subject) {
    struct wf_buf text = {0};
    wf_buf_addf(&text, format, subject);
    refuse(call, exception, (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

static void answer(void *arg) {
    struct machine_call *call = arg;
    const struct wf_machine *machine = call->machine;
    struct wf_state_machine_reply reply = {
        .arn = wf_str(machine->arn),
        .name = wf_str(machine->name),
        .definition = {machine->definition.data, machine->definition.len},
        .role_arn = wf_str(machine->role_arn),
        .express = machine->express,
        .creation_ms = machine->creation_ms,
    };
    call->reply(call->arg, NULL, &reply);
    call_free(call);
}

bool wf_name_is_valid(struct wf_str name) {
    if (name.len == 0 || name.len > 80)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (c <= 0x20 || c == 0x7f || strchr("<>{}[]?*\"#%\\^|~`$&,;:/", c))
            return false;
    }
    return true;
}

static void create_new(struct machine_call *call) {
    struct wf_engine *engine = call->engine;
    struct wf_machine *machine = add(engine, engine->last_machine + 1, 1);
    struct wf_buf diagnostics = {0};
    struct wf_error err;

    machine->express = call->express;
    machine->creation_ms = wf_clock_now_ms(engine->clock);
    machine->definition = call->definition;
    call->definition = (struct wf_buf){0};
    if (compile(engine, machine, &diagnostics, &err) != 0) {
        struct wf_buf text = {0};
        wf_buf_adds(&text, "Invalid State Machine Definition: '");
        wf_buf_add(&text, diagnostics.data, diagnostics.len);
        wf_buf_adds(&text, diagnostics.len ? "'" : err.message);
        machine_free(engine, machine);
        refuse(call, "InvalidDefinition",
               (struct wf_str){text.data, text.len});
        wf_buf_free(&text);
    } else {
        engine->last_machine++;
        set_identity(engine, machine, wf_str(call->name),
                     wf_str(call->role_arn));
        put_rows(engine, machine);
        call->machine = machine;
        wf_engine_after(engine, answer, call);
    }
    wf_buf_free(&diagnostics);
}

static void already_exists(void *arg) {
    struct machine_call *call = arg;
    refuse_about(call, "StateMachineAlreadyExists",
                 "State Machine Already Exists: '%s'",
                 call->machine->arn ? call->machine->arn : call->name);
}

static void create_found(void *arg, struct wf_machine *machine) {
    struct machine_call *call = arg;
    if (!machine) /* made while its row was looked for? */
        machine = find_name(call->engine, wf_str(call->name));
    if (!machine) {
        create_new(call);
    } else if (machine->express == call->express &&
               wf_str_eq((struct wf_str){machine->definition.data,
                                         machine->definition.len},
                         (struct wf_str){call->definition.data,
                                         call->definition.len})) {
        call->machine = machine;
        wf_engine_after(call->engine, answer, call);
    } else {
        call->machine = machine;
        wf_engine_after(call->engine, already_exists, call);
    }
}

void wf_engine_create_state_machine(struct wf_engine *engine,
                                    const struct wf_create_state_machine *ask,
                                    wf_state_machine_fn *reply, void *arg) {
    struct machine_call *call = wf_calloc(1, sizeof(*call));
    call->engine = engine;
    call->name = wf_strndup(ask->name.data, ask->name.len);
    call->role_arn = wf_strndup(ask->role_arn.data, ask->role_arn.len);
    wf_buf_addstr(&call->definition, ask->definition);
    call->express = ask->express;
    call->reply = reply;
    call->arg = arg;
    if (!wf_name_is_valid(ask->name))
        refuse_about(call, "InvalidName", "Invalid Name: '%s'", call->name);
    else
        wf_machine_by_name(engine, wf_str(call->name), create_found, call);
}

static void describe_found(void *arg, struct wf_machine *machine) {
    struct machine_call *call = arg;
    if (!machine || !machine->ready) {
        refuse_about(call, "StateMachineDoesNotExist",
                     "State Machine Does Not Exist: '%s'", call->arn);
        return;
    }
    call->machine = machine;
    wf_engine_after(call->engine, answer, call);
}

void wf_engine_describe_state_machine(struct wf_engine *engine,
                                      struct wf_str arn,
                                      wf_state_machine_fn *reply,
                                      void *arg) {
    struct machine_call *call = wf_calloc(1, sizeof(*call));
    struct wf_str kind, name, rest;
    call->engine = engine;
    call->arn = wf_strndup(arn.data, arn.len);
    call->reply = reply;
    call->arg = arg;
    if (!wf_arn_parse(wf_str(call->arn), &kind, &name, &rest))
        refuse_about(call, "InvalidArn", "Invalid Arn: '%s'", call->arn);
    else
        wf_machine_by_name(engine, name, describe_found, call);
}
