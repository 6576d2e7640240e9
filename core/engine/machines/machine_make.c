/*
 * machine_make.c - CreateStateMachine and UpdateStateMachine: both make a
 * revision, or find that there is nothing to make.
 *
 * A large definition is checked by a thread, which may take seconds to find
 * what is wrong with it; then the call looks again at what it is about.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "label_refusal.h"
#include "qualifiers.h"
#include "refusal.h"

/* What a call asks for. Copies, data NULL: not given. */
struct asked {
    char *name, *role_arn;
    bool has_definition;
    struct wf_buf definition;
    struct wf_machine_settings settings;
    bool publish;
    char *version_description; /* not empty */
};

struct make_call {
    struct wf_script_job job; /* while a thread checks the definition */
    struct wf_engine *engine;
    char *arn; /* Update: as it was given */
    struct asked asked;
    bool express;
    bool is_checked; /* the definition, as that of a machine like this: */
    bool checked_express;
    int found_good;  /* 0, or -1 and why */
    struct wf_buf diagnostics;
    struct wf_error err;
    struct wf_buf tags;
    size_t tag_count;
    wf_machine_fn *found;
    struct wf_machine *machine; /* the answer */
    char *version_arn;          /* with it, if one is asked for */
    wf_state_machine_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct make_call *call = memory;
    free(call->arn);
    free(call->asked.name);
    free(call->asked.role_arn);
    free(call->asked.settings.logging);
    free(call->asked.settings.tracing);
    free(call->asked.settings.encryption);
    free(call->asked.version_description);
    free(call->version_arn);
    wf_buf_free(&call->asked.definition);
    wf_buf_free(&call->diagnostics);
    wf_buf_free(&call->tags);
}

static char *copy_text(struct wf_str text) {
    return text.data ? wf_strndup(text.data, text.len) : NULL;
}

static struct wf_machine_settings copy_settings(
    const struct wf_state_machine_settings *settings) {
    return (struct wf_machine_settings){
        .logging = copy_text(settings->logging),
        .tracing = copy_text(settings->tracing),
        .encryption = copy_text(settings->encryption),
    };
}

/* An empty one is none. */
static char *copy_description(struct wf_str text) {
    return text.len ? copy_text(text) : NULL;
}

static void refuse(struct make_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, exception, format, subject), NULL);
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void answer(void *arg) {
    struct make_call *call = arg;
    struct wf_state_machine_reply reply = wf_machine_reply(call->machine);
    reply.version_arn = wf_str(call->version_arn);
    call->reply(call->arg, NULL, &reply);
    wf_call_free(call);
}

static void answer_when_durable(struct make_call *call,
                                struct wf_machine *machine) {
    call->machine = machine;
    wf_engine_after(call->engine, answer, call);
}

static void refuse_deleting(void *arg) {
    struct make_call *call = arg;
    char *arn = wf_machine_arn(call->engine, "stateMachine",
                               wf_str(call->asked.name), "");
    refuse(call, "StateMachineDeleting", "State Machine Deleting: '%s'",
           wf_str(arn));
    free(arn);
}

/* Looks for the state machine of that name. */
static void look_up(struct make_call *call) {
    if (call->engine->stalled)
        refuse(call, "ThrottlingException", WF_NO_ROOM, WF_STR_NULL);
    else
        wf_machine_by_name(call->engine, wf_str(call->asked.name),
                           call->found, call);
}

/* ---- the definition ---- */

static void refuse_definition(struct make_call *call,
                              const struct wf_buf *definition) {
    struct wf_str why = {call->diagnostics.data, call->diagnostics.len};
    struct wf_str text = {definition->data, definition->len};
    struct wf_buf label = {0};

    bool is_label = wf_label_refusal(why, text, &label);
    if (is_label)
        why = (struct wf_str){label.data, label.len};
    else if (why.len == 0)
        why = wf_str(call->err.message);
    refuse(call, "InvalidDefinition", is_label ? "%s"
           : "Invalid State Machine Definition: '%s'", why);
    wf_buf_free(&label);
}

static void check(struct wf_script_job *job, struct wf_script *script) {
    struct make_call *call = (struct make_call *)job;
    const struct wf_buf *text = &call->asked.definition;
    call->found_good = -1;
    if (script)
        call->found_good = wf_definition_check(
            script, (struct wf_str){text->data, text->len},
            call->engine->options.profile, call->express, &call->diagnostics,
            &call->err);
    else
        call->err = job->err;
}

static void checked(struct wf_script_job *job) {
    struct make_call *call = (struct make_call *)job;
    if (wf_job_is_cancelled(&job->job))
        return; /* the engine closes: it frees the call */
    if (call->found_good == 0)
        look_up(call);
    else
        refuse_definition(call, &call->asked.definition);
}

/* True: a thread does it first, and what was found may change meanwhile. */
static bool is_to_be_checked(struct make_call *call) {
    if (call->asked.definition.len <= WF_DEFINITION_LARGE ||
        (call->is_checked && call->checked_express == call->express))
        return false;
    call->is_checked = true;
    call->checked_express = call->express;
    call->job.work = check;
    call->job.done = checked;
    wf_deciders_submit(call->engine->deciders, &call->job);
    return true;
}

/* ---- a revision ---- */

static char *copy(const char *text) {
    return text ? wf_strndup(text, strlen(text)) : NULL;
}

/* What is asked for, else what was. */
static char *pick(char **asked, const char *before) {
    char *picked = *asked ? *asked : copy(before);
    *asked = NULL;
    return picked;
}

static void fill(struct make_call *call, struct wf_machine *machine,
                 const struct wf_machine *before) {
    struct asked *asked = &call->asked;
    static const struct wf_machine none;
    if (!before)
        before = &none;
    machine->express = call->express;
    machine->is_checked = call->is_checked;
    machine->update_ms = wf_clock_now_ms(call->engine->clock);
    machine->creation_ms =
        before == &none ? machine->update_ms : before->creation_ms;
    machine->settings.logging = pick(&asked->settings.logging,
                                     before->settings.logging);
    machine->settings.tracing = pick(&asked->settings.tracing,
                                     before->settings.tracing);
    machine->settings.encryption = pick(&asked->settings.encryption,
                                        before->settings.encryption);
    if (asked->has_definition) {
        machine->definition = asked->definition;
        asked->definition = (struct wf_buf){0};
    } else {
        wf_buf_add(&machine->definition, before->definition.data,
                   before->definition.len);
    }
}

/* The definition of `machine` is wrong: takes it back. */
static void refuse_made(struct make_call *call, struct wf_machine *machine) {
    struct wf_buf definition = machine->definition;
    machine->definition = (struct wf_buf){0};
    wf_machine_remove(call->engine, machine);
    refuse_definition(call, &definition);
    wf_buf_free(&definition);
}

static int compile(struct make_call *call, struct wf_machine *machine) {
    struct wf_engine *engine = call->engine;
    struct wf_str text = {machine->definition.data, machine->definition.len};
    if (!machine->is_checked &&
        wf_definition_check_profile(engine->script, text,
                                    engine->options.profile, machine->express,
                                    &call->diagnostics) != 0)
        return -1;
    return wf_machine_compile(engine, machine, &call->diagnostics,
                              &call->err);
}

/* A compiled revision `number` of machine `id`; NULL: it was refused. */
static struct wf_machine *make(struct make_call *call, uint32_t id,
                               uint32_t number,
                               const struct wf_machine *before) {
    struct wf_engine *engine = call->engine;
    struct wf_machine *machine = wf_machine_add(engine, id, number);

    fill(call, machine, before);
    if (compile(call, machine) != 0) {
        refuse_made(call, machine);
        return NULL;
    }
    const char *role = call->asked.role_arn;
    if (!role && before)
        role = before->role_arn;
    wf_machine_name(engine, machine, wf_str(call->asked.name), wf_str(role));
    return machine;
}

/* ---- a version ---- */

/* There is one of the latest revision, or there may be: else it is refused
 * before anything is made. */
static bool may_publish(const struct make_call *call,
                        const struct wf_machine_head *head, bool is_change) {
    return !call->asked.publish ||
           (!is_change && wf_version_of(head, head->revision)) ||
           wf_version_has_room(call->engine, head);
}

static void refuse_publish(void *arg) {
    refuse(arg, "ServiceQuotaExceededException", WF_TOO_MANY_VERSIONS,
           WF_STR_NULL);
}

/* The number of the latest revision's version, which is made if need be. */
static uint32_t publish(struct make_call *call,
                        struct wf_machine_head *head) {
    const struct wf_version *version = wf_version_of(head, head->revision);
    if (!version)
        version = wf_version_add(call->engine, head,
                                 wf_str(call->asked.version_description));
    call->version_arn = wf_version_arn(call->engine, wf_str(head->name),
                                       version->number);
    return version->number;
}

/* ---- CreateStateMachine ---- */

/* Versions count from 1 again: those of a predecessor have gone with it. */
static void publish_first(struct make_call *call,
                          struct wf_machine_head *head) {
    free(head->made_description);
    head->made_description = NULL;
    head->last_version = head->made_version = 0;
    if (!call->asked.publish)
        return;
    wf_qualifiers_add(call->engine, head);
    head->made_version = publish(call, head);
    head->made_description = copy(call->asked.version_description);
}

/* A new state machine, or one whose name a deleted one had. */
static void create_new(struct make_call *call,
                       struct wf_machine_head *head) {
    struct wf_engine *engine = call->engine;
    uint32_t id = head ? head->id : engine->last_machine + 1;
    uint32_t number = head ? head->revision + 1 : 1;
    struct wf_machine *machine = make(call, id, number, NULL);
    if (!machine)
        return;
    if (!head) {
        head = wf_machine_head_add(engine, wf_str(call->asked.name));
        head->id = ++engine->last_machine;
    }
    head->revision = number;
    head->express = call->express;
    head->status = WF_STATE_MACHINE_ACTIVE;
    head->creation_ms = machine->creation_ms;
    head->since = engine->last_execution;
    wf_buf_free(&head->tags);
    head->tags = call->tags;
    head->tag_count = (unsigned)call->tag_count;
    call->tags = (struct wf_buf){0};
    machine->head = head;
    wf_machine_put(engine, machine);
    publish_first(call, head);
    wf_machine_head_put(engine, head);
    answer_when_durable(call, machine);
}

static bool same(const char *a, const char *b) {
    return wf_str_eq(wf_str(a), wf_str(b));
}

static bool is_same(const struct make_call *call,
                    const struct wf_machine_head *head,
                    const struct wf_machine *machine) {
    const struct asked *asked = &call->asked;
    const struct wf_machine_settings *settings = &machine->settings;
    return machine->express == call->express &&
           asked->publish == (head->made_version != 0) &&
           same(asked->version_description, head->made_description) &&
           machine->definition.len == asked->definition.len &&
           memcmp(machine->definition.data, asked->definition.data,
                  asked->definition.len) == 0 &&
           same(settings->logging, asked->settings.logging) &&
           same(settings->tracing, asked->settings.tracing) &&
           same(settings->encryption, asked->settings.encryption);
}

/* Whatever the name, a bad definition is refused for what it is. */
static void refuse_existing(void *arg) {
    struct make_call *call = arg;
    if (!call->is_checked)
        check(&call->job, call->engine->script);
    if (call->found_good != 0)
        refuse_definition(call, &call->asked.definition);
    else
        refuse(call, "StateMachineAlreadyExists",
               "State Machine Already Exists: '%s'",
               wf_str(call->machine->arn));
}

static void create_found(void *arg, struct wf_machine *machine) {
    struct make_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_machine_head *head =
        wf_machine_head_find(engine, wf_str(call->asked.name));
    if (!head || head->status == WF_STATE_MACHINE_DELETED) {
        if (!is_to_be_checked(call))
            create_new(call, head);
        return;
    }
    if (!machine) /* made while its row was looked for */
        machine = wf_machine_of(engine, head->id, head->revision);
    call->machine = machine;
    if (head->status == WF_STATE_MACHINE_DELETING) {
        wf_engine_after(engine, refuse_deleting, call);
        return;
    }
    bool is_again = is_same(call, head, machine);
    if (is_again && call->asked.publish)
        call->version_arn = wf_version_arn(engine, wf_str(head->name),
                                           head->made_version);
    if (is_again)
        wf_engine_after(engine, answer, call);
    else if (!is_to_be_checked(call))
        wf_engine_after(engine, refuse_existing, call);
}

void wf_engine_create_state_machine(struct wf_engine *engine,
                                    const struct wf_create_state_machine *ask,
                                    wf_state_machine_fn *reply, void *arg) {
    struct make_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct make_call){
        .engine = engine,
        .asked = {.name = wf_strndup(ask->name.data, ask->name.len),
                  .role_arn = wf_strndup(ask->role_arn.data,
                                         ask->role_arn.len),
                  .has_definition = true,
                  .settings = copy_settings(&ask->settings),
                  .publish = ask->publish,
                  .version_description =
                      copy_description(ask->version_description)},
        .express = ask->express,
        .found = create_found,
        .reply = reply,
        .arg = arg,
    };
    wf_buf_addstr(&call->asked.definition, ask->definition);
    call->tag_count = ask->tag_count;
    if (ask->tag_count <= WF_TAGS_MAX)
        call->tag_count = wf_tags_merge(&call->tags, 0, ask->tags,
                                        ask->tag_count);
    const struct wf_tag *bad = wf_retention_bad_tag(ask->tags, ask->tag_count);
    if (!wf_name_is_valid(ask->name))
        refuse(call, "InvalidName", "Invalid Name: '%s'", ask->name);
    else if (bad)
        refuse(call, "ValidationException", WF_BAD_RETENTION, bad->value);
    else if (call->tag_count > WF_TAGS_MAX)
        refuse(call, "TooManyTags", WF_TOO_MANY_TAGS, WF_STR_NULL);
    else
        look_up(call);
}

/* ---- UpdateStateMachine ---- */

static bool differs(const char *asked, const char *before) {
    return asked && !same(asked, before);
}

static bool is_change(const struct make_call *call,
                      const struct wf_machine *machine) {
    const struct asked *asked = &call->asked;
    return differs(asked->role_arn, machine->role_arn) ||
           differs(asked->settings.logging, machine->settings.logging) ||
           differs(asked->settings.tracing, machine->settings.tracing) ||
           differs(asked->settings.encryption,
                   machine->settings.encryption) ||
           (asked->has_definition &&
            (asked->definition.len != machine->definition.len ||
             memcmp(asked->definition.data, machine->definition.data,
                    machine->definition.len) != 0));
}

static void update(struct make_call *call, struct wf_machine_head *head,
                   const struct wf_machine *before) {
    struct wf_engine *engine = call->engine;
    char uuid[37];
    call->express = head->express;
    if (is_to_be_checked(call))
        return;
    struct wf_machine *machine = make(call, head->id, head->revision + 1,
                                      before);
    if (!machine)
        return;
    wf_clock_uuid4(engine->clock, uuid);
    machine->revision_id = copy(uuid);
    machine->head = head;
    head->revision++;
    wf_machine_put(engine, machine);
    if (call->asked.publish)
        publish(call, head);
    wf_machine_head_put(engine, head);
    answer_when_durable(call, machine);
}

static void refuse_missing(void *arg) {
    struct make_call *call = arg;
    refuse(call, "StateMachineDoesNotExist",
           "State Machine Does Not Exist: '%s'", wf_str(call->arn));
}

static void update_qualified(void *arg, struct wf_machine_head *head) {
    (void)head; /* looked for again: it may have changed */
    look_up(arg);
}

/* The answer if nothing changes. */
static void update_nothing(struct make_call *call,
                           struct wf_machine_head *head,
                           struct wf_machine *machine) {
    if (call->asked.publish)
        publish(call, head);
    answer_when_durable(call, machine);
}

static void update_found(void *arg, struct wf_machine *machine) {
    struct make_call *call = arg;
    if (!machine || !machine->name) {
        wf_engine_after(call->engine, refuse_missing, call);
        return;
    }
    struct wf_machine_head *head = machine->head;
    /* the latest one by now, if another update was faster */
    machine = wf_machine_of(call->engine, head->id, head->revision);
    bool changes = is_change(call, machine);
    if (head->status != WF_STATE_MACHINE_ACTIVE)
        wf_engine_after(call->engine, refuse_deleting, call);
    else if (call->asked.publish && !head->qualifiers)
        wf_qualifiers_by_name(call->engine, wf_str(head->name),
                              update_qualified, call);
    else if (!may_publish(call, head, changes))
        wf_engine_after(call->engine, refuse_publish, call);
    else if (changes)
        update(call, head, machine);
    else
        update_nothing(call, head, machine);
}

void wf_engine_update_state_machine(struct wf_engine *engine,
                                    const struct wf_update_state_machine *ask,
                                    wf_state_machine_fn *reply, void *arg) {
    struct make_call *call = wf_call_new(engine, sizeof(*call), drop);
    struct wf_refusal_text refusal = {0};
    struct wf_arn arn;
    *call = (struct make_call){
        .engine = engine,
        .arn = copy_text(ask->arn),
        .asked = {.role_arn = copy_text(ask->role_arn),
                  .has_definition = ask->definition.data != NULL,
                  .settings = copy_settings(&ask->settings),
                  .publish = ask->publish,
                  .version_description =
                      copy_description(ask->version_description)},
        .found = update_found,
        .reply = reply,
        .arg = arg,
    };
    wf_buf_addstr(&call->asked.definition, ask->definition);
    if (!wf_refusal_plain_arn(&refusal, wf_str(call->arn), &arn)) {
        reply(arg, &refusal.refusal, NULL);
        wf_call_free(call);
    } else {
        call->asked.name = copy_text(arn.name);
        look_up(call);
    }
    wf_refusal_free(&refusal);
}
