/* alias_list.c - ListStateMachineAliases: in the order of their names; the
 * token is the last one shown. See versions.h. */
#include <stdlib.h>

#include "engine_impl.h"
#include "qualifiers.h"
#include "refusal.h"

struct list_call {
    struct wf_engine *engine;
    char *arn;
    uint32_t version; /* whose aliases are asked for; 0: all */
    bool is_of_version;
    unsigned page;
    char *last;       /* name looked at; NULL: none */
    struct wf_alias_reply *aliases;
    struct wf_buf arns; /* of those, each with its NUL */
    size_t count;
    bool more;
    wf_alias_list_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct list_call *call = memory;
    free(call->arn);
    free(call->last);
    free(call->aliases);
    wf_buf_free(&call->arns);
}

static void refuse(struct list_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, exception, format, subject), NULL, 0,
                WF_STR_NULL);
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void is_missing(void *arg) {
    struct list_call *call = arg;
    refuse(call, "StateMachineDoesNotExist",
           "State Machine Does Not Exist: '%s'", wf_str(call->arn));
}

static void version_is_missing(void *arg) {
    refuse(arg, "ResourceNotFound",
           "Request references a resource that does not exist.",
           WF_STR_NULL);
}

static void is_deleting(void *arg) {
    struct list_call *call = arg;
    refuse(call, "StateMachineDeleting", "State Machine Deleting: '%s'",
           wf_str(call->arn));
}

static void answer(void *arg) {
    struct list_call *call = arg;
    const char *at = call->arns.data;
    for (size_t i = 0; i < call->count; i++) {
        call->aliases[i].arn = wf_str(at);
        at += strlen(at) + 1;
    }
    call->reply(call->arg, NULL, call->aliases, call->count,
                call->more ? wf_str(call->last) : WF_STR_NULL);
    wf_call_free(call);
}

static void add(struct list_call *call, const struct wf_machine_head *head,
                const struct wf_alias *alias) {
    struct wf_buf end = {0};
    wf_buf_addf(&end, ":%s", alias->name);
    wf_buf_u8(&end, 0);
    char *arn = wf_machine_arn(call->engine, "stateMachine",
                               wf_str(head->name), end.data);
    wf_buf_add(&call->arns, arn, strlen(arn) + 1);
    free(arn);
    wf_buf_free(&end);
    call->aliases[call->count++].creation_ms = alias->creation_ms;
    free(call->last);
    call->last = wf_strndup(alias->name, strlen(alias->name));
}

static bool is_wanted(const struct list_call *call,
                      const struct wf_alias *alias) {
    return (!call->last || strcmp(alias->name, call->last) > 0) &&
           (!call->is_of_version || wf_alias_leads_to(alias, call->version));
}

static void collect(struct list_call *call,
                    const struct wf_machine_head *head) {
    const struct wf_qualifiers *all = head->qualifiers;
    size_t i = 0;
    call->aliases = wf_calloc(all->alias_count + 1, sizeof(*call->aliases));
    for (; i < all->alias_count && call->count < call->page; i++)
        if (is_wanted(call, &all->aliases[i]))
            add(call, head, &all->aliases[i]);
    for (; i < all->alias_count && !call->more; i++)
        call->more = is_wanted(call, &all->aliases[i]);
}

static void found(void *arg, struct wf_machine_head *head) {
    struct list_call *call = arg;
    struct wf_engine *engine = call->engine;
    if (!head) {
        wf_engine_after(engine, is_missing, call);
    } else if (head->status != WF_STATE_MACHINE_ACTIVE) {
        wf_engine_after(engine, is_deleting, call);
    } else if (call->is_of_version && !wf_version_find(head, call->version)) {
        wf_engine_after(engine, version_is_missing, call);
    } else {
        collect(call, head);
        wf_engine_after(engine, answer, call);
    }
}

static bool take_token(struct list_call *call, struct wf_str token) {
    if (token.len)
        call->last = wf_strndup(token.data, token.len);
    return !token.len ||
           (wf_name_is_valid(token) && !wf_arn_is_number(token));
}

void wf_engine_list_aliases(struct wf_engine *engine,
                            const struct wf_list_qualifiers *ask,
                            wf_alias_list_fn *reply, void *arg) {
    struct wf_str text = ask->state_machine_arn;
    struct list_call *call = wf_call_new(engine, sizeof(*call), drop);
    struct wf_refusal_text label = {0};
    struct wf_buf why = {0};
    struct wf_arn arn;
    *call = (struct list_call){
        .engine = engine,
        .arn = wf_strndup(text.data, text.len),
        .page = wf_page_size(ask->max_results),
        .reply = reply,
        .arg = arg,
    };
    if (!wf_arn_read(text, "stateMachine", NULL, &arn, &why)) {
        refuse(call, "InvalidArn", "%s", (struct wf_str){why.data, why.len});
    } else if (wf_refusal_label(&label, text)) {
        reply(arg, &label.refusal, NULL, 0, WF_STR_NULL);
        wf_call_free(call);
    } else if (!take_token(call, ask->next_token)) {
        refuse(call, "InvalidToken", WF_INVALID_TOKEN, WF_STR_NULL);
    } else if (arn.rest.len && !wf_arn_is_number(arn.rest)) {
        is_missing(call);
    } else {
        call->is_of_version = arn.rest.len > 0;
        call->version = wf_arn_version(arn.rest);
        wf_qualifiers_by_name(engine, arn.name, found, call);
    }
    wf_refusal_free(&label);
    wf_buf_free(&why);
}
