/* api_rest.c - requests of a REST API. See api_rest.h. */
#include "api_rest.h"

#include "json_write.h"

#define PARAMETERS_MAX 256 /* of a query */

/* The braces are the last part of a template, and take the rest: an ARN has
 * a slash. */
bool wf_api_rest_path(const char *path, struct wf_str text,
                      struct wf_str *part) {
    const char *brace = strchr(path, '{');
    size_t len = brace ? (size_t)(brace - path) : strlen(path);
    *part = WF_STR_NULL;
    if (text.len < len || memcmp(text.data, path, len) != 0)
        return false;
    *part = (struct wf_str){text.data + len, text.len - len};
    return brace ? part->len > 0 : part->len == 0;
}

const struct wf_api_route *
wf_api_rest_route(const struct wf_http_request *request) {
    const struct wf_api_route *route = wf_api_scheduler_routes;
    struct wf_str part;
    while (route->method &&
           (!wf_str_eq(wf_http_method(request), wf_str(route->method)) ||
            !wf_api_rest_path(route->path, wf_http_path(request), &part)))
        route++;
    return route->method ? route : NULL;
}

/* ---- the body ---- */

struct query {
    const struct wf_api_route *route;
    const char *member; /* that is being collected */
    const char *name;   /* of its parameter */
    enum wf_api_kind kind;
    struct wf_buf *out;
    unsigned count;
};

static enum wf_api_kind kind_of(const struct wf_api_shape *shape,
                                const char *name) {
    const struct wf_api_member *member = shape->members;
    while (strcmp(member->name, name) != 0)
        member++;
    return member->shape->kind;
}

/* A number as it is; what is none will be of the wrong type. */
static bool is_number(const char *text) {
    size_t len = strspn(text, "0123456789");
    return len > 0 && len < 10 && !text[len] && (text[0] != '0' || len == 1);
}

static void add_value(struct query *query, const char *value) {
    if (query->kind == WF_API_INTEGER && is_number(value))
        wf_buf_adds(query->out, value);
    else
        wf_buf_json(query->out, wf_str(value));
}

static void add_parameter(void *arg, const char *name, const char *value) {
    struct query *query = arg;
    if (strcmp(name, query->name) != 0 || query->count >= PARAMETERS_MAX)
        return;
    if (query->kind != WF_API_LIST && query->count > 0)
        return; /* the first one counts */
    if (query->count++ == 0) {
        wf_json_key(query->out, query->member);
        wf_buf_adds(query->out, query->kind == WF_API_LIST ? "[" : "");
    } else {
        wf_buf_u8(query->out, ',');
    }
    add_value(query, value ? value : "");
}

static void add_locations(const struct wf_api_route *route,
                          struct wf_http_request *request,
                          struct wf_buf *out) {
    struct wf_str part;
    wf_api_rest_path(route->path, wf_http_path(request), &part);
    for (const struct wf_api_location *at = route->locations; at->member;
         at++) {
        struct query query = {
            .route = route,
            .member = at->member,
            .name = at->query,
            .kind = kind_of(route->shape, at->member),
            .out = out,
        };
        if (!at->query) {
            wf_json_text(out, at->member, part);
            continue;
        }
        wf_http_query(request, add_parameter, &query);
        if (query.kind == WF_API_LIST && query.count > 0)
            wf_buf_u8(out, ']');
    }
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What stands between the braces of the body; data NULL: it has none. */
static struct wf_str inside(struct wf_str body) {
    while (body.len && is_blank(body.data[body.len - 1]))
        body.len--;
    while (body.len && is_blank(body.data[0])) {
        body.data++;
        body.len--;
    }
    if (body.len == 0)
        return WF_STR("");
    if (body.len < 2 || body.data[0] != '{' ||
        body.data[body.len - 1] != '}')
        return WF_STR_NULL;
    body = (struct wf_str){body.data + 1, body.len - 2};
    while (body.len && is_blank(body.data[0])) {
        body.data++;
        body.len--;
    }
    return body;
}

/* Members of path and query come last: of two of a name, the last counts. */
bool wf_api_rest_body(const struct wf_api_route *route,
                      struct wf_http_request *request, struct wf_buf *out) {
    struct wf_str members = inside(wf_http_body(request));
    struct wf_buf others = {0};
    if (!members.data)
        return false;
    wf_buf_u8(&others, '{'); /* so that commas are right */
    add_locations(route, request, &others);
    wf_buf_u8(out, '{');
    wf_buf_addstr(out, members);
    if (others.len > 1) {
        wf_buf_adds(out, members.len ? "," : "");
        wf_buf_add(out, others.data + 1, others.len - 1);
    }
    wf_buf_u8(out, '}');
    wf_buf_free(&others);
    return true;
}
