/* api_versions.c - the operations on versions and aliases of state machines.
 * See api_call.h. */
#include "api_call.h"
#include "json_write.h"
#include "versions.h"

/* ---- versions ---- */

static void on_published(void *arg, const struct wf_refusal *refusal,
                         const struct wf_version_reply *version) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    wf_json_time(call->out, "creationDate", version->creation_ms);
    wf_json_text(call->out, "stateMachineVersionArn", version->arn);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void publish(struct wf_api_call *call,
                    struct wf_api_request *request) {
    const struct wf_publish_version ask = {
        .state_machine_arn = wf_api_text(request, "stateMachineArn"),
        .revision_id = wf_api_text(request, "revisionId"),
        .description = wf_api_text(request, "description"),
    };
    wf_engine_publish_version(call->engine, &ask, on_published, call);
}

static void delete_version(struct wf_api_call *call,
                           struct wf_api_request *request) {
    wf_engine_delete_version(call->engine,
                             wf_api_text(request, "stateMachineVersionArn"),
                             wf_api_answer_done, call);
}

static void on_versions(void *arg, const struct wf_refusal *refusal,
                        const struct wf_version_reply *versions, size_t count,
                        struct wf_str next_token) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(out, "{\"stateMachineVersions\":[");
    for (size_t i = 0; i < count; i++) {
        wf_json_comma(out);
        wf_buf_u8(out, '{');
        wf_json_time(out, "creationDate", versions[i].creation_ms);
        wf_json_text(out, "stateMachineVersionArn", versions[i].arn);
        wf_buf_u8(out, '}');
    }
    wf_api_done_list(call, next_token);
}

static struct wf_list_qualifiers list_of(struct wf_api_request *request) {
    return (struct wf_list_qualifiers){
        .state_machine_arn = wf_api_text(request, "stateMachineArn"),
        .max_results = (unsigned)wf_api_integer(request, "maxResults", 0),
        .next_token = wf_api_text(request, "nextToken"),
    };
}

static void list_versions(struct wf_api_call *call,
                          struct wf_api_request *request) {
    struct wf_list_qualifiers ask = list_of(request);
    wf_engine_list_versions(call->engine, &ask, on_versions, call);
}

/* ---- aliases ---- */

/* The model has checked how many there are, and what they are made of. */
static size_t read_routes(struct wf_api_request *request,
                          struct wf_route_ask *routes) {
    struct wf_value list, route = {0}, member;
    size_t count = 0;
    int64_t weight = 0;

    if (!wf_api_value(request, "routingConfiguration", &list))
        return 0;
    while (count < WF_ROUTES_MAX && wf_value_next_element(list, &route)) {
        if (!wf_value_member(route, WF_STR("stateMachineVersionArn"),
                             &member))
            continue;
        routes[count].version_arn = wf_api_characters(request, member);
        if (wf_value_member(route, WF_STR("weight"), &member))
            wf_value_integer(member, &weight);
        routes[count++].weight = (unsigned)weight;
    }
    return count;
}

static void on_created(void *arg, const struct wf_refusal *refusal,
                       const struct wf_alias_reply *alias) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    wf_json_time(call->out, "creationDate", alias->creation_ms);
    wf_json_text(call->out, "stateMachineAliasArn", alias->arn);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static struct wf_put_alias alias_of(struct wf_api_request *request,
                                    struct wf_route_ask *routes) {
    return (struct wf_put_alias){
        .name = wf_api_text(request, "name"),
        .arn = wf_api_text(request, "stateMachineAliasArn"),
        .description = wf_api_text(request, "description"),
        .routes = routes,
        .route_count = read_routes(request, routes),
    };
}

static void create(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_route_ask routes[WF_ROUTES_MAX];
    struct wf_put_alias ask = alias_of(request, routes);
    wf_engine_create_alias(call->engine, &ask, on_created, call);
}

static void on_updated(void *arg, const struct wf_refusal *refusal,
                       const struct wf_alias_reply *alias) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    wf_json_time(call->out, "updateDate", alias->update_ms);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void update(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_route_ask routes[WF_ROUTES_MAX];
    struct wf_put_alias ask = alias_of(request, routes);
    wf_engine_update_alias(call->engine, &ask, on_updated, call);
}

static void put_routes(struct wf_buf *out,
                       const struct wf_alias_reply *alias) {
    wf_json_key(out, "routingConfiguration");
    wf_buf_u8(out, '[');
    for (size_t i = 0; i < alias->route_count; i++) {
        wf_json_comma(out);
        wf_buf_u8(out, '{');
        wf_json_text(out, "stateMachineVersionArn",
                     alias->routes[i].version_arn);
        wf_json_integer(out, "weight", alias->routes[i].weight);
        wf_buf_u8(out, '}');
    }
    wf_buf_u8(out, ']');
}

static void on_described(void *arg, const struct wf_refusal *refusal,
                         const struct wf_alias_reply *alias) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    wf_json_time(out, "creationDate", alias->creation_ms);
    wf_json_text_if(out, "description", alias->description);
    wf_json_text(out, "name", alias->name);
    put_routes(out, alias);
    wf_json_text(out, "stateMachineAliasArn", alias->arn);
    wf_json_time(out, "updateDate", alias->update_ms);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void describe(struct wf_api_call *call,
                     struct wf_api_request *request) {
    wf_engine_describe_alias(call->engine,
                             wf_api_text(request, "stateMachineAliasArn"),
                             on_described, call);
}

static void delete_alias(struct wf_api_call *call,
                         struct wf_api_request *request) {
    wf_engine_delete_alias(call->engine,
                           wf_api_text(request, "stateMachineAliasArn"),
                           wf_api_answer_done, call);
}

static void on_aliases(void *arg, const struct wf_refusal *refusal,
                       const struct wf_alias_reply *aliases, size_t count,
                       struct wf_str next_token) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(out, "{\"stateMachineAliases\":[");
    for (size_t i = 0; i < count; i++) {
        wf_json_comma(out);
        wf_buf_u8(out, '{');
        wf_json_time(out, "creationDate", aliases[i].creation_ms);
        wf_json_text(out, "stateMachineAliasArn", aliases[i].arn);
        wf_buf_u8(out, '}');
    }
    wf_api_done_list(call, next_token);
}

static void list_aliases(struct wf_api_call *call,
                         struct wf_api_request *request) {
    struct wf_list_qualifiers ask = list_of(request);
    wf_engine_list_aliases(call->engine, &ask, on_aliases, call);
}

const struct wf_api_operation wf_api_versions[] = {
    {"PublishStateMachineVersion", publish, WF_RIGHT_ADMINISTER},
    {"ListStateMachineVersions", list_versions, WF_RIGHT_VIEW},
    {"DeleteStateMachineVersion", delete_version, WF_RIGHT_ADMINISTER},
    {"CreateStateMachineAlias", create, WF_RIGHT_ADMINISTER},
    {"UpdateStateMachineAlias", update, WF_RIGHT_ADMINISTER},
    {"DescribeStateMachineAlias", describe, WF_RIGHT_VIEW},
    {"DeleteStateMachineAlias", delete_alias, WF_RIGHT_ADMINISTER},
    {"ListStateMachineAliases", list_aliases, WF_RIGHT_VIEW},
    {0},
};
