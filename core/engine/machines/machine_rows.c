/* machine_rows.c - state machines as rows, and compiling what they hold. See
 * machine.h. */
#include "engine_impl.h"

#define HEAD_VERSION 4
#define HEAD_VERSIONS 3 /* since then there are versions, */
#define HEAD_PAUSES 4   /* and pauses */
#define HEAD_OLDEST 2
#define IMAGE_VERSION 2

/* M row: version number revision status:1 express:1 creation_ms since
 * last_version made_version made_description paused_ms pause_reason count:1,
 * then so many times key value. */
void wf_machine_head_put(struct wf_engine *engine,
                         const struct wf_machine_head *head) {
    struct wf_buf row = {0};
    wf_buf_u8(&row, HEAD_VERSION);
    wf_buf_varint(&row, head->id);
    wf_buf_varint(&row, head->revision);
    wf_buf_u8(&row, (uint8_t)head->status);
    wf_buf_u8(&row, head->express);
    wf_buf_varint(&row, (uint64_t)head->creation_ms);
    wf_buf_varint(&row, head->since);
    wf_buf_varint(&row, head->last_version);
    wf_buf_varint(&row, head->made_version);
    wf_buf_text(&row, wf_str(head->made_description));
    wf_buf_varint(&row, (uint64_t)head->paused_ms);
    wf_buf_text(&row, wf_str(head->pause_reason));
    wf_buf_u8(&row, (uint8_t)head->tag_count);
    wf_buf_add(&row, head->tags.data, head->tags.len);
    struct wf_key key = wf_key_machine(engine->partition,
                                       wf_str(head->name));
    wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &row);
    wf_buf_free(&row);
    wf_engine_wake(engine);
}

bool wf_machine_head_decode(struct wf_str row, struct wf_machine_head *head,
                            struct wf_machine_head_texts *texts) {
    struct wf_reader in = {row.data, row.data + row.len, false};
    uint8_t version = wf_read_u8(&in);
    head->id = (uint32_t)wf_read_varint(&in);
    head->revision = (uint32_t)wf_read_varint(&in);
    head->status = wf_read_u8(&in);
    head->express = wf_read_u8(&in);
    head->creation_ms = (int64_t)wf_read_varint(&in);
    head->since = wf_read_varint(&in);
    *texts = (struct wf_machine_head_texts){0};
    head->paused_ms = 0;
    if (version >= HEAD_VERSIONS) {
        head->last_version = (uint32_t)wf_read_varint(&in);
        head->made_version = (uint32_t)wf_read_varint(&in);
        texts->made_description = wf_read_text(&in);
    }
    if (version >= HEAD_PAUSES) {
        head->paused_ms = (int64_t)wf_read_varint(&in);
        texts->pause_reason = wf_read_text(&in);
    }
    head->tag_count = wf_read_u8(&in);
    head->running_ms = INT64_MAX;
    head->running_id = UINT64_MAX;
    texts->tags = (struct wf_str){in.at, (size_t)(in.end - in.at)};
    return !in.bad && version >= HEAD_OLDEST && version <= HEAD_VERSION;
}

/* R row: version express:1 creation_ms name role_arn definition update_ms
 * revision_id logging tracing encryption. */
void wf_machine_put(struct wf_engine *engine,
                    const struct wf_machine *machine) {
    struct wf_buf row = {0};
    wf_buf_u8(&row, IMAGE_VERSION);
    wf_buf_u8(&row, machine->express);
    wf_buf_varint(&row, (uint64_t)machine->creation_ms);
    wf_buf_text(&row, wf_str(machine->name));
    wf_buf_text(&row, wf_str(machine->role_arn));
    wf_buf_text(&row, (struct wf_str){machine->definition.data,
                                      machine->definition.len});
    wf_buf_varint(&row, (uint64_t)machine->update_ms);
    wf_buf_text(&row, wf_str(machine->revision_id));
    wf_buf_text(&row, wf_str(machine->settings.logging));
    wf_buf_text(&row, wf_str(machine->settings.tracing));
    wf_buf_text(&row, wf_str(machine->settings.encryption));
    struct wf_key key = wf_key_revision(engine->partition, machine->id,
                                        machine->revision);
    wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &row);
    wf_buf_free(&row);
    wf_engine_wake(engine);
}

/* An empty text is one that was not given. */
static char *read_copy(struct wf_reader *in) {
    struct wf_str text = wf_read_text(in);
    return text.len ? wf_strndup(text.data, text.len) : NULL;
}

bool wf_machine_decode(struct wf_engine *engine, struct wf_machine *machine,
                       struct wf_str row) {
    struct wf_reader in = {row.data, row.data + row.len, false};
    uint8_t version = wf_read_u8(&in);
    machine->express = wf_read_u8(&in);
    machine->creation_ms = (int64_t)wf_read_varint(&in);
    struct wf_str name = wf_read_text(&in);
    struct wf_str role_arn = wf_read_text(&in);
    struct wf_str definition = wf_read_text(&in);
    machine->update_ms = (int64_t)wf_read_varint(&in);
    machine->revision_id = read_copy(&in);
    machine->settings.logging = read_copy(&in);
    machine->settings.tracing = read_copy(&in);
    machine->settings.encryption = read_copy(&in);
    if (in.bad || version != IMAGE_VERSION)
        return false;
    wf_machine_name(engine, machine, name, role_arn);
    wf_buf_addstr(&machine->definition, definition);
    return true;
}

/* Whether an expression may look at the context object. */
static bool asks_states(const struct wf_buf *definition) {
    const char *at = definition->data, *end = at + definition->len;
    while ((at = memmem(at, (size_t)(end - at), "$states", 7))) {
        at += 7;
        if (end - at < 2 || at[0] != '.' || !strchr("ire", at[1]))
            return true;
    }
    return false;
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
    return asks_states(definition);
}

/* Whether some of its executions may be EXPRESS: those of a distributed Map
 * say so themselves. */
static bool may_be_express(struct wf_str text, bool express) {
    static const char type[] = "\"EXPRESS\"";
    return express || (text.len && memmem(text.data, text.len, type,
                                          strlen(type)) != NULL);
}

/* A check first, since compiling finds less of what EXPRESS may not have. */
static int compile(struct wf_script *script, struct wf_str text,
                   bool wants_check, bool express,
                   struct wf_script_machine **compiled,
                   struct wf_script_summary *summary,
                   struct wf_buf *diagnostics, struct wf_error *err) {
    struct wf_doc *doc = wf_doc_parse(text, NULL, err);
    int rc = 0;
    if (!doc || wants_check)
        rc = wf_script_check(script, text, NULL, express, diagnostics);
    if (rc != 0)
        wf_error_set(err, WF_E_INVALID, "%.*s", (int)diagnostics->len,
                     diagnostics->data);
    else if (doc)
        rc = wf_script_compile(script, doc, compiled, summary, diagnostics,
                               err);
    else
        rc = -1;
    wf_doc_unref(doc);
    return rc;
}

int wf_definition_check_profile(struct wf_script *script, struct wf_str text,
                                const struct wf_profile *profile,
                                bool express, struct wf_buf *diagnostics) {
    return profile->extensions ? 0
                               : wf_script_check(script, text, profile,
                                                 express, diagnostics);
}

int wf_definition_check(struct wf_script *script, struct wf_str text,
                        const struct wf_profile *profile, bool express,
                        struct wf_buf *diagnostics, struct wf_error *err) {
    struct wf_script_machine *compiled = NULL;
    struct wf_script_summary summary;
    if (wf_definition_check_profile(script, text, profile, express,
                                    diagnostics) != 0 ||
        compile(script, text, may_be_express(text, express), express,
                &compiled, &summary, diagnostics, err) != 0)
        return -1;
    wf_script_machine_free(script, compiled);
    return 0;
}

int wf_machine_compile(struct wf_engine *engine, struct wf_machine *machine,
                       struct wf_buf *diagnostics, struct wf_error *err) {
    struct wf_script_summary summary;
    struct wf_str text = {machine->definition.data, machine->definition.len};
    bool wants_check =
        !machine->is_checked && may_be_express(text, machine->express);
    if (compile(engine->script, text, wants_check, machine->express,
                &machine->compiled, &summary, diagnostics, err) != 0)
        return -1;
    machine->states = summary.states;
    machine->state_count = summary.state_count;
    machine->start = summary.start;
    machine->timeout_s = wf_profile_timeout_s(
        engine->options.profile, machine->express, summary.timeout_s);
    machine->variable_references = summary.variable_references;
    machine->shows_items = asks_for_items(&machine->definition);
    wf_machine_log_read(engine, machine);
    machine->ready = true;
    return 0;
}
