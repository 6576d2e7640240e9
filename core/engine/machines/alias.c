/* alias.c - CreateStateMachineAlias, UpdateStateMachineAlias,
 * DescribeStateMachineAlias, DeleteStateMachineAlias. See versions.h. */
#include <stdlib.h>

#include "engine_impl.h"
#include "qualifiers.h"
#include "refusal.h"

#define NO_SUCH_RESOURCE "Request references a resource that does not exist."

struct alias_call {
    struct wf_engine *engine;
    char *machine, *name;    /* of the state machine, of the alias */
    char *arn;               /* of the alias */
    bool has_description;
    char *description;
    struct wf_route routes[WF_ROUTES_MAX];
    unsigned route_count;    /* 0: not given */
    wf_alias_fn *reply;      /* or */
    wf_done_fn *done;
    void *arg;
    struct wf_alias answer;  /* its texts borrowed from the next two */
    char *answer_description;
    char *version_arns[WF_ROUTES_MAX];
};

static void drop(void *memory) {
    struct alias_call *call = memory;
    free(call->machine);
    free(call->name);
    free(call->arn);
    free(call->description);
    free(call->answer_description);
    for (int i = 0; i < WF_ROUTES_MAX; i++)
        free(call->version_arns[i]);
}

static char *copy_text(struct wf_str text) {
    return text.data ? wf_strndup(text.data, text.len) : NULL;
}

/* ---- answers ---- */

static void send_refusal(struct alias_call *call,
                         const struct wf_refusal *refusal) {
    if (call->done)
        call->done(call->arg, refusal);
    else if (call->reply)
        call->reply(call->arg, refusal, NULL);
    wf_call_free(call);
}

static void refuse(struct alias_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    wf_refusal_make(&text, exception, format, subject);
    if (strcmp(exception, "ResourceNotFound") == 0)
        text.refusal.resource = WF_STR_NULL;
    send_refusal(call, &text.refusal);
    wf_refusal_free(&text);
}

static void is_missing(void *arg) {
    refuse(arg, "ResourceNotFound", NO_SUCH_RESOURCE, WF_STR_NULL);
}

static void is_deleting(void *arg) {
    struct alias_call *call = arg;
    char *arn = wf_machine_arn(call->engine, "stateMachine",
                               wf_str(call->machine), "");
    refuse(call, "StateMachineDeleting", "State Machine Deleting: '%s'",
           wf_str(arn));
    free(arn);
}

static void is_another(void *arg) {
    refuse(arg, "ConflictException",
           "Failed to create alias because an alias with the same name and a "
           "different routing configuration already exists.",
           WF_STR_NULL);
}

static void are_too_many(void *arg) {
    refuse(arg, "ServiceQuotaExceededException",
           "The maximum number of aliases of the state machine has been "
           "reached",
           WF_STR_NULL);
}

static void answer(void *arg) {
    struct alias_call *call = arg;
    const struct wf_alias *alias = &call->answer;
    struct wf_route_ask routes[WF_ROUTES_MAX];
    for (unsigned i = 0; i < alias->route_count; i++)
        routes[i] = (struct wf_route_ask){wf_str(call->version_arns[i]),
                                          alias->routes[i].weight};
    const struct wf_alias_reply reply = {
        .arn = wf_str(call->arn),
        .name = wf_str(call->name),
        .description = wf_str(call->answer_description),
        .routes = routes,
        .route_count = alias->route_count,
        .creation_ms = alias->creation_ms,
        .update_ms = alias->update_ms,
    };
    call->reply(call->arg, NULL, &reply);
    wf_call_free(call);
}

static void done(void *arg) {
    struct alias_call *call = arg;
    call->done(call->arg, NULL);
    wf_call_free(call);
}

static void answer_when_durable(struct alias_call *call,
                                const struct wf_alias *alias) {
    call->answer = *alias;
    call->answer_description = copy_text(wf_str(alias->description));
    for (unsigned i = 0; i < alias->route_count; i++)
        call->version_arns[i] = wf_version_arn(
            call->engine, wf_str(call->machine), alias->routes[i].version);
    if (!call->arn) {
        struct wf_buf end = {0};
        wf_buf_addf(&end, ":%s", call->name);
        wf_buf_u8(&end, 0);
        call->arn = wf_machine_arn(call->engine, "stateMachine",
                                   wf_str(call->machine), end.data);
        wf_buf_free(&end);
    }
    wf_engine_after(call->engine, answer, call);
}

/* ---- what is asked for ---- */

/* "Routing configuration must …. Received: [a, b]" */
static void refuse_routes(struct alias_call *call,
                          const struct wf_put_alias *ask, const char *must,
                          bool shows_weights) {
    struct wf_refusal_text text = {0};
    struct wf_buf shown = {0};
    for (size_t i = 0; i < ask->route_count; i++) {
        wf_buf_adds(&shown, i ? ", " : "");
        if (shows_weights)
            wf_buf_addf(&shown, "%u", ask->routes[i].weight);
        else
            wf_buf_addstr(&shown, ask->routes[i].version_arn);
    }
    wf_refusal_make(&text, "ValidationException", must,
                    (struct wf_str){shown.data, shown.len});
    text.refusal.reason = "INVALID_ROUTING_CONFIGURATION";
    send_refusal(call, &text.refusal);
    wf_buf_free(&shown);
    wf_refusal_free(&text);
}

/* NULL: they are as they should be. */
static const char *routes_fault(const struct wf_put_alias *ask,
                                const struct wf_arn *arns) {
    unsigned sum = 0;
    for (size_t i = 0; i < ask->route_count; i++) {
        sum += ask->routes[i].weight;
        if (!wf_arn_is_number(arns[i].rest))
            return "Routing configuration must contain state machine version "
                   "ARNs. Received: [%s]";
    }
    if (ask->route_count == 2 && !wf_str_eq(arns[0].name, arns[1].name))
        return "Routing configuration must contain versions of the same "
               "state machine. Received: [%s]";
    if (ask->route_count == 2 && wf_str_eq(arns[0].rest, arns[1].rest))
        return "Routing configuration must contain distinct state machine "
               "version ARNs. Received: [%s]";
    return sum == 100 ? NULL
                      : "Sum of routing configuration weights must equal "
                        "100. Received: [%s]";
}

/* False: they were refused. A name that is not known yet is that of the
 * routes' state machine. */
static bool take_routes(struct alias_call *call,
                        const struct wf_put_alias *ask) {
    struct wf_arn arns[WF_ROUTES_MAX];
    struct wf_buf why = {0};
    for (size_t i = 0; i < ask->route_count; i++) {
        if (!wf_arn_read(ask->routes[i].version_arn, "stateMachine", NULL,
                         &arns[i], &why)) {
            refuse(call, "InvalidArn", "%s",
                   (struct wf_str){why.data, why.len});
            wf_buf_free(&why);
            return false;
        }
    }
    const char *fault = routes_fault(ask, arns);
    if (!fault && call->machine && ask->route_count &&
        !wf_str_eq(arns[0].name, wf_str(call->machine)))
        fault = "Routing configuration must contain versions of the alias's "
                "state machine. Received: [%s]";
    if (ask->route_count && fault) {
        refuse_routes(call, ask, fault, fault[0] == 'S');
        return false;
    }
    for (size_t i = 0; i < ask->route_count; i++)
        call->routes[i] = (struct wf_route){wf_arn_version(arns[i].rest),
                                            ask->routes[i].weight};
    call->route_count = (unsigned)ask->route_count;
    if (!call->machine)
        call->machine = copy_text(arns[0].name);
    return true;
}

/* Takes the state machine's name and the alias's from its ARN. False: it was
 * refused. */
static bool take_arn(struct alias_call *call, struct wf_str text) {
    struct wf_refusal_text label = {0};
    struct wf_buf why = {0};
    struct wf_arn arn;
    bool good = false;
    call->arn = copy_text(text);
    if (!wf_arn_read(text, "stateMachine", NULL, &arn, &why)) {
        refuse(call, "InvalidArn", "%s", (struct wf_str){why.data, why.len});
    } else if (wf_refusal_label(&label, text)) {
        send_refusal(call, &label.refusal);
    } else if (!arn.rest.len || wf_arn_is_number(arn.rest)) {
        refuse(call, "ValidationException",
               "The ARN must be that of a state machine alias: '%s'", text);
    } else {
        call->machine = copy_text(arn.name);
        call->name = copy_text(arn.rest);
        good = true;
    }
    wf_refusal_free(&label);
    wf_buf_free(&why);
    return good;
}

static bool versions_exist(const struct alias_call *call,
                           const struct wf_machine_head *head) {
    for (unsigned i = 0; i < call->route_count; i++)
        if (!wf_version_find(head, call->routes[i].version))
            return false;
    return true;
}

/* The same versions by the same weights, in any order. */
static bool has_routes(const struct alias_call *call,
                       const struct wf_alias *alias) {
    unsigned found = 0;
    for (unsigned i = 0; i < call->route_count; i++)
        for (unsigned k = 0; k < alias->route_count; k++)
            found += call->routes[i].version == alias->routes[k].version &&
                     call->routes[i].weight == alias->routes[k].weight;
    return found == call->route_count && found == alias->route_count;
}

static bool has_description(const struct alias_call *call,
                            const struct wf_alias *alias) {
    return wf_str_eq(wf_str(call->description), wf_str(alias->description));
}

static struct alias_call *new_call(struct wf_engine *engine,
                                   wf_alias_fn *reply, wf_done_fn *is_done,
                                   void *arg) {
    struct alias_call *call = wf_call_new(engine, sizeof(*call), drop);
    call->engine = engine;
    call->reply = reply;
    call->done = is_done;
    call->arg = arg;
    return call;
}

static void take_description(struct alias_call *call, struct wf_str text) {
    call->has_description = text.data != NULL;
    call->description = text.len ? copy_text(text) : NULL;
}

/* ---- CreateStateMachineAlias ---- */

static void create(struct alias_call *call, struct wf_machine_head *head) {
    struct wf_alias *alias = wf_alias_add(head, wf_str(call->name));
    alias->creation_ms = wf_clock_now_ms(call->engine->clock);
    alias->update_ms = alias->creation_ms;
    alias->description = copy_text(wf_str(call->description));
    memcpy(alias->routes, call->routes, sizeof(alias->routes));
    alias->route_count = call->route_count;
    wf_alias_put(call->engine, head, alias);
    answer_when_durable(call, alias);
}

static void create_found(void *arg, struct wf_machine_head *head) {
    struct alias_call *call = arg;
    const struct wf_alias *alias =
        head ? wf_alias_find(head, wf_str(call->name)) : NULL;
    if (!head)
        wf_engine_after(call->engine, is_missing, call);
    else if (head->status != WF_STATE_MACHINE_ACTIVE)
        wf_engine_after(call->engine, is_deleting, call);
    else if (!versions_exist(call, head))
        wf_engine_after(call->engine, is_missing, call);
    else if (alias && has_routes(call, alias) && has_description(call, alias))
        answer_when_durable(call, alias);
    else if (alias)
        wf_engine_after(call->engine, is_another, call);
    else if (!wf_alias_has_room(call->engine, head))
        wf_engine_after(call->engine, are_too_many, call);
    else
        create(call, head);
}

/* AWS's pattern: letters, digits, '_', '-' and '.', not digits alone. */
static bool is_alias_name(struct wf_str name) {
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] == '\0' ||
            (!strchr("_-.", name.data[i]) &&
             !(name.data[i] >= '0' && name.data[i] <= '9') &&
             !((name.data[i] | 32) >= 'a' && (name.data[i] | 32) <= 'z')))
            return false;
    return name.len > 0 && name.len <= 80 && !wf_arn_is_number(name);
}

void wf_engine_create_alias(struct wf_engine *engine,
                            const struct wf_put_alias *ask,
                            wf_alias_fn *reply, void *arg) {
    struct alias_call *call = new_call(engine, reply, NULL, arg);
    take_description(call, ask->description);
    call->name = copy_text(ask->name);
    if (!is_alias_name(ask->name))
        refuse(call, "InvalidName", "Invalid Name: '%s'", ask->name);
    else if (engine->stalled)
        refuse(call, "ThrottlingException", WF_NO_ROOM, WF_STR_NULL);
    else if (take_routes(call, ask))
        wf_qualifiers_by_name(engine, wf_str(call->machine), create_found,
                              call);
}

/* ---- UpdateStateMachineAlias ---- */

static void update(struct alias_call *call, struct wf_machine_head *head,
                   struct wf_alias *alias) {
    bool is_other = call->route_count && !has_routes(call, alias);
    if (call->has_description && !has_description(call, alias)) {
        free(alias->description);
        alias->description = copy_text(wf_str(call->description));
        is_other = true;
    }
    if (call->route_count) {
        memcpy(alias->routes, call->routes, sizeof(alias->routes));
        alias->route_count = call->route_count;
    }
    if (is_other) {
        alias->update_ms = wf_clock_now_ms(call->engine->clock);
        wf_alias_put(call->engine, head, alias);
    }
    answer_when_durable(call, alias);
}

static void update_found(void *arg, struct wf_machine_head *head) {
    struct alias_call *call = arg;
    struct wf_alias *alias =
        head ? wf_alias_find(head, wf_str(call->name)) : NULL;
    if (head && head->status != WF_STATE_MACHINE_ACTIVE)
        wf_engine_after(call->engine, is_deleting, call);
    else if (!alias || !versions_exist(call, head))
        wf_engine_after(call->engine, is_missing, call);
    else
        update(call, head, alias);
}

static void refuse_nothing(struct alias_call *call) {
    struct wf_refusal_text text = {0};
    wf_refusal_make(&text, "ValidationException",
                    "Either the description or the routing configuration "
                    "must be specified",
                    WF_STR_NULL);
    text.refusal.reason = "MISSING_REQUIRED_PARAMETER";
    send_refusal(call, &text.refusal);
    wf_refusal_free(&text);
}

void wf_engine_update_alias(struct wf_engine *engine,
                            const struct wf_put_alias *ask,
                            wf_alias_fn *reply, void *arg) {
    struct alias_call *call = new_call(engine, reply, NULL, arg);
    take_description(call, ask->description);
    if (!take_arn(call, ask->arn))
        return;
    if (!ask->description.data && !ask->route_count)
        refuse_nothing(call);
    else if (engine->stalled)
        refuse(call, "ThrottlingException", WF_NO_ROOM, WF_STR_NULL);
    else if (take_routes(call, ask))
        wf_qualifiers_by_name(engine, wf_str(call->machine), update_found,
                              call);
}

/* ---- DescribeStateMachineAlias, DeleteStateMachineAlias ---- */

static void describe_found(void *arg, struct wf_machine_head *head) {
    struct alias_call *call = arg;
    const struct wf_alias *alias =
        head ? wf_alias_find(head, wf_str(call->name)) : NULL;
    if (alias)
        answer_when_durable(call, alias);
    else
        wf_engine_after(call->engine, is_missing, call);
}

void wf_engine_describe_alias(struct wf_engine *engine, struct wf_str arn,
                              wf_alias_fn *reply, void *arg) {
    struct alias_call *call = new_call(engine, reply, NULL, arg);
    if (take_arn(call, arn))
        wf_qualifiers_by_name(engine, wf_str(call->machine), describe_found,
                              call);
}

static void delete_found(void *arg, struct wf_machine_head *head) {
    struct alias_call *call = arg;
    if (head)
        wf_alias_remove(call->engine, head, wf_str(call->name));
    wf_engine_after(call->engine, done, call);
}

void wf_engine_delete_alias(struct wf_engine *engine, struct wf_str arn,
                            wf_done_fn *reply, void *arg) {
    struct alias_call *call = new_call(engine, NULL, reply, arg);
    if (take_arn(call, arn))
        wf_qualifiers_by_name(engine, wf_str(call->machine), delete_found,
                              call);
}
