/* version.c - PublishStateMachineVersion, DeleteStateMachineVersion,
 * ListStateMachineVersions. See versions.h. */
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "qualifiers.h"
#include "refusal.h"

/* ---- PublishStateMachineVersion ---- */

struct publish_call {
    struct wf_engine *engine;
    char *arn, *revision_id, *description;
    char *version_arn;
    int64_t creation_ms;
    wf_version_fn *reply;
    void *arg;
};

static void publish_drop(void *memory) {
    struct publish_call *call = memory;
    free(call->arn);
    free(call->revision_id);
    free(call->description);
    free(call->version_arn);
}

static char *copy_text(struct wf_str text) {
    return text.data ? wf_strndup(text.data, text.len) : NULL;
}

static void publish_refuse(struct publish_call *call, const char *exception,
                           const char *format) {
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, exception, format, wf_str(call->arn)),
                NULL);
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void is_missing(void *arg) {
    publish_refuse(arg, "StateMachineDoesNotExist",
                   "State Machine Does Not Exist: '%s'");
}

static void is_deleting(void *arg) {
    publish_refuse(arg, "StateMachineDeleting",
                   "State Machine Deleting: '%s'");
}

static void is_another_revision(void *arg) {
    publish_refuse(arg, "ConflictException",
                   "The revision ID does not match the current revision of "
                   "the state machine");
}

static void are_too_many(void *arg) {
    publish_refuse(arg, "ServiceQuotaExceededException",
                   WF_TOO_MANY_VERSIONS);
}

static void published(void *arg) {
    struct publish_call *call = arg;
    struct wf_version_reply reply = {wf_str(call->version_arn),
                                     call->creation_ms};
    call->reply(call->arg, NULL, &reply);
    wf_call_free(call);
}

static bool is_that_revision(const struct publish_call *call,
                             const struct wf_machine *machine) {
    const char *latest =
        machine->revision_id ? machine->revision_id : "INITIAL";
    return !call->revision_id || strcmp(call->revision_id, latest) == 0;
}

static void publish(struct publish_call *call, struct wf_machine_head *head) {
    struct wf_engine *engine = call->engine;
    struct wf_version *version = wf_version_of(head, head->revision);
    if (!version && !wf_version_has_room(engine, head)) {
        wf_engine_after(engine, are_too_many, call);
        return;
    }
    if (!version)
        version = wf_version_add(engine, head, wf_str(call->description));
    call->version_arn = wf_version_arn(engine, wf_str(head->name),
                                       version->number);
    call->creation_ms = version->creation_ms;
    wf_engine_after(engine, published, call);
}

static void publish_qualified(void *arg, struct wf_machine_head *head);

/* The latest revision has been read, to compare its id. */
static void publish_found(void *arg, struct wf_machine *machine) {
    struct publish_call *call = arg;
    struct wf_machine_head *head = machine ? machine->head : NULL;
    if (!machine || !machine->name) {
        wf_engine_after(call->engine, is_missing, call);
    } else if (head->status != WF_STATE_MACHINE_ACTIVE) {
        wf_engine_after(call->engine, is_deleting, call);
    } else if (!is_that_revision(call, wf_machine_of(call->engine, head->id,
                                                     head->revision))) {
        wf_engine_after(call->engine, is_another_revision, call);
    } else if (head->qualifiers) {
        publish(call, head);
    } else {
        wf_qualifiers_by_name(call->engine, wf_str(head->name),
                              publish_qualified, call);
    }
}

/* There may be a newer revision by now. */
static void publish_qualified(void *arg, struct wf_machine_head *head) {
    struct publish_call *call = arg;
    if (head)
        wf_machine_by_name(call->engine, wf_str(head->name), publish_found,
                           call);
    else
        wf_engine_after(call->engine, is_missing, call);
}

void wf_engine_publish_version(struct wf_engine *engine,
                               const struct wf_publish_version *ask,
                               wf_version_fn *reply, void *arg) {
    struct wf_refusal_text refusal = {0};
    struct wf_arn arn;
    struct publish_call *call =
        wf_call_new(engine, sizeof(*call), publish_drop);
    *call = (struct publish_call){
        .engine = engine,
        .arn = copy_text(ask->state_machine_arn),
        .revision_id = copy_text(ask->revision_id),
        .description = copy_text(ask->description),
        .reply = reply,
        .arg = arg,
    };
    if (!wf_refusal_plain_arn(&refusal, wf_str(call->arn), &arn)) {
        reply(arg, &refusal.refusal, NULL);
        wf_call_free(call);
    } else if (engine->stalled) {
        publish_refuse(call, "ThrottlingException", WF_NO_ROOM);
    } else {
        wf_machine_by_name(engine, arn.name, publish_found, call);
    }
    wf_refusal_free(&refusal);
}

/* ---- DeleteStateMachineVersion ---- */

struct delete_call {
    struct wf_engine *engine;
    uint32_t version;
    struct wf_buf aliases; /* that lead to it */
    wf_done_fn *reply;
    void *arg;
};

static void delete_drop(void *memory) {
    struct delete_call *call = memory;
    wf_buf_free(&call->aliases);
}

static void deleted(void *arg) {
    struct delete_call *call = arg;
    call->reply(call->arg, NULL);
    wf_call_free(call);
}

static void delete_refuse(struct delete_call *call, const char *exception,
                          const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, exception, format, subject));
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void is_led_to(void *arg) {
    struct delete_call *call = arg;
    delete_refuse(call, "ConflictException",
                  "Version to be deleted must not be referenced by an alias. "
                  "Current list of aliases referencing this version: [%s]",
                  (struct wf_str){call->aliases.data, call->aliases.len});
}

static void delete_found(void *arg, struct wf_machine_head *head) {
    struct delete_call *call = arg;
    size_t count = head ? head->qualifiers->alias_count : 0;
    for (size_t i = 0; i < count; i++) {
        const struct wf_alias *alias = &head->qualifiers->aliases[i];
        if (wf_alias_leads_to(alias, call->version))
            wf_buf_addf(&call->aliases, "%s%s",
                        call->aliases.len ? ", " : "", alias->name);
    }
    if (call->aliases.len) {
        wf_engine_after(call->engine, is_led_to, call);
        return;
    }
    if (head)
        wf_version_remove(call->engine, head, call->version);
    wf_engine_after(call->engine, deleted, call);
}

void wf_engine_delete_version(struct wf_engine *engine, struct wf_str text,
                              wf_done_fn *reply, void *arg) {
    struct wf_buf why = {0};
    struct wf_arn arn;
    struct delete_call *call =
        wf_call_new(engine, sizeof(*call), delete_drop);
    *call = (struct delete_call){
        .engine = engine, .reply = reply, .arg = arg};
    if (!wf_arn_read(text, "stateMachine", NULL, &arn, &why)) {
        delete_refuse(call, "InvalidArn", "%s",
                      (struct wf_str){why.data, why.len});
    } else if (!wf_arn_is_number(arn.rest)) {
        delete_refuse(call, "ValidationException",
                      "The ARN must be that of a state machine version: '%s'",
                      text);
    } else {
        call->version = wf_arn_version(arn.rest);
        wf_qualifiers_by_name(engine, arn.name, delete_found, call);
    }
    wf_buf_free(&why);
}

/* ---- ListStateMachineVersions ---- */

struct list_call {
    struct wf_engine *engine;
    unsigned page;
    uint32_t below; /* show numbers less than this one; 0: all */
    struct wf_version_reply *versions;
    struct wf_buf arns; /* of those, each with its NUL */
    size_t count;
    bool more;
    uint32_t last; /* number of the last one */
    wf_version_list_fn *reply;
    void *arg;
};

static void list_drop(void *memory) {
    struct list_call *call = memory;
    free(call->versions);
    wf_buf_free(&call->arns);
}

static void listed(void *arg) {
    struct list_call *call = arg;
    char token[16] = "";
    const char *at = call->arns.data;
    for (size_t i = 0; i < call->count; i++) {
        call->versions[i].arn = wf_str(at);
        at += strlen(at) + 1;
    }
    if (call->more)
        snprintf(token, sizeof(token), "%u", (unsigned)call->last);
    call->reply(call->arg, NULL, call->versions, call->count, wf_str(token));
    wf_call_free(call);
}

static void list_add(struct list_call *call, const struct wf_version *version,
                     const char *name) {
    char *arn = wf_version_arn(call->engine, wf_str(name), version->number);
    wf_buf_add(&call->arns, arn, strlen(arn) + 1);
    free(arn);
    call->versions[call->count++].creation_ms = version->creation_ms;
    call->last = version->number;
}

static void list_found(void *arg, struct wf_machine_head *head) {
    struct list_call *call = arg;
    const struct wf_qualifiers *all = head ? head->qualifiers : NULL;
    size_t i = all ? all->version_count : 0;
    while (call->below && i > 0 && all->versions[i - 1].number >= call->below)
        i--;
    if (i > 0)
        call->versions = wf_calloc(i < call->page ? i : call->page,
                                   sizeof(*call->versions));
    while (i > 0 && call->count < call->page)
        list_add(call, &all->versions[--i], head->name);
    call->more = i > 0;
    wf_engine_after(call->engine, listed, call);
}

void wf_engine_list_versions(struct wf_engine *engine,
                             const struct wf_list_qualifiers *ask,
                             wf_version_list_fn *reply, void *arg) {
    struct wf_refusal_text refusal = {0};
    struct wf_arn arn;
    uint32_t below = wf_arn_version(ask->next_token);
    bool good = wf_refusal_plain_arn(&refusal, ask->state_machine_arn, &arn);
    if (good && ask->next_token.len && !below) {
        wf_refusal_make(&refusal, "InvalidToken", WF_INVALID_TOKEN,
                        WF_STR_NULL);
        good = false;
    }
    if (good) {
        struct list_call *call =
            wf_call_new(engine, sizeof(*call), list_drop);
        *call = (struct list_call){
            .engine = engine,
            .page = wf_page_size(ask->max_results),
            .below = below,
            .reply = reply,
            .arg = arg,
        };
        wf_qualifiers_by_name(engine, arn.name, list_found, call);
    } else {
        reply(arg, &refusal.refusal, NULL, 0, WF_STR_NULL);
    }
    wf_refusal_free(&refusal);
}
