/*
 * lua_ctx.c - ctx, the first argument of every function of a state script:
 * what such a script may know beside state and input.
 *
 * There is one userdata for an engine, bound to the transition being decided;
 * kept by a script beyond that, its methods refuse.
 */
#include <lauxlib.h>
#include <stdlib.h>

#include "json_write.h"
#include "lua_doc.h"
#include "lua_script.h"

static struct wf_lua_ctx *check_ctx(lua_State *L) {
    struct wf_lua_ctx *ctx = luaL_checkudata(L, 1, "wf.ctx");
    if (!ctx->now)
        luaL_error(L, "ctx is only valid during the call");
    return ctx;
}

/* ctx:now_ms() -> number */
static int l_now_ms(lua_State *L) {
    lua_pushnumber(L, (lua_Number)check_ctx(L)->now->now_ms);
    return 1;
}

/* ctx:entered_event_id() -> number */
static int l_entered_event_id(lua_State *L) {
    lua_pushnumber(L, (lua_Number)check_ctx(L)->now->entered_event);
    return 1;
}

/* ctx:retrier_count(index) -> number; index is 1-based */
static int l_retrier_count(lua_State *L) {
    struct wf_lua_ctx *ctx = check_ctx(L);
    lua_Integer index = luaL_checkinteger(L, 2);
    bool used = index >= 1 && index <= (lua_Integer)ctx->now->retrier_count;
    lua_pushinteger(L, used ? ctx->now->retriers[index - 1] : 0);
    return 1;
}

/* ctx:random() -> number in [0, 1) */
static int l_random(lua_State *L) {
    struct wf_lua_ctx *ctx = check_ctx(L);
    uint64_t bits = wf_clock_random(ctx->clock) >> 11;
    lua_pushnumber(L, (lua_Number)bits / 9007199254740992.0);
    return 1;
}

/* ctx:uuid() -> string */
static int l_uuid(lua_State *L) {
    char text[37];
    wf_clock_uuid4(check_ctx(L)->clock, text);
    lua_pushlstring(L, text, 36);
    return 1;
}

/* ctx:variables() -> value (an object) or nil */
static int l_variables(lua_State *L) {
    struct wf_lua_ctx *ctx = check_ctx(L);
    if (!ctx->now->variables)
        return 0;
    wf_lua_push_value(L, (struct wf_value){ctx->now->variables, 0});
    return 1;
}

/* ctx:evaluation_failed(location, cause) */
static int l_evaluation_failed(lua_State *L) {
    struct wf_lua_ctx *ctx = check_ctx(L);
    size_t location_len, cause_len;
    const char *location = luaL_checklstring(L, 2, &location_len);
    const char *cause = luaL_checklstring(L, 3, &cause_len);
    free(ctx->decision->failed_location);
    free(ctx->decision->failed_cause);
    ctx->decision->failed_location = wf_strndup(location, location_len);
    ctx->decision->failed_cause = wf_strndup(cause, cause_len);
    return 0;
}

/* ctx:map_started(length) */
static int l_map_started(lua_State *L) {
    struct wf_lua_ctx *ctx = check_ctx(L);
    double length = luaL_checknumber(L, 2);
    ctx->decision->map_started = true;
    ctx->decision->map_length = length > 0 ? (uint64_t)length : 0;
    return 0;
}

/* ctx:inspect(name, value or number); nil: nothing */
static int l_inspect(lua_State *L) {
    struct wf_lua_ctx *ctx = check_ctx(L);
    enum wf_stage stage = wf_stage_find(luaL_checkstring(L, 2));
    struct wf_value value;
    if (!ctx->inspection || stage == WF_STAGES) {
        return 0;
    } else if (lua_type(L, 3) == LUA_TNUMBER) {
        wf_inspection_number(ctx->inspection, stage, lua_tonumber(L, 3));
    } else if (wf_lua_to_value(L, 3, &value)) {
        struct wf_str text = wf_value_text(value);
        wf_lua_spend_bytes(L, ctx->budget, text.len);
        wf_inspection_show(ctx->inspection, stage, text);
    }
    return 0;
}

static bool keep_text(lua_State *L, int index, struct wf_buf *out) {
    size_t len = 0;
    const char *text = lua_tolstring(L, index, &len);
    out->len = 0;
    wf_buf_add(out, text, len);
    return text != NULL;
}

/* ctx:handled(error, cause, retrier, catcher); all may be nil */
static int l_handled(lua_State *L) {
    struct wf_inspection *inspection = check_ctx(L)->inspection;
    lua_settop(L, 5);
    if (!inspection)
        return 0;
    inspection->is_handled = true;
    inspection->has_error = keep_text(L, 2, &inspection->error);
    inspection->has_cause = keep_text(L, 3, &inspection->cause);
    inspection->retrier = (unsigned)lua_tointeger(L, 4);
    inspection->catcher = (unsigned)lua_tointeger(L, 5);
    return 0;
}

/* Absent: null. */
static void member(struct wf_buf *out, const char *name, struct wf_str text) {
    wf_buf_u8(out, '"');
    wf_buf_adds(out, name);
    wf_buf_adds(out, "\":");
    if (text.data)
        wf_buf_json(out, text);
    else
        wf_buf_adds(out, "null");
}

static void time_member(struct wf_buf *out, const char *name, int64_t ms) {
    char text[25];
    wf_clock_iso(ms, text);
    member(out, name, wf_str(text));
}

/* EXPRESS executions are NAME:UUID in ARNs, NAME to everybody else. */
static struct wf_str caller_name(struct wf_str name) {
    const char *colon = memchr(name.data, ':', name.len);
    if (colon)
        name.len = (size_t)(colon - name.data);
    return name;
}

/* Map.Item of the innermost iteration; with a source of a Map Run's child. A
 * key stands before its value. */
static void map_member(struct wf_buf *out,
                       const struct wf_script_context *now, bool brief) {
    struct wf_value item = now->map_item;
    wf_json_key(out, "Map");
    wf_buf_addf(out, "{\"Item\":{\"Index\":%u", now->map_index);
    if (item.doc && now->map_key) {
        struct wf_value key = {item.doc, item.node - 1};
        wf_buf_adds(out, ",\"Key\":");
        wf_buf_addstr(out, wf_value_text(key));
    }
    if (item.doc && !brief) {
        wf_buf_adds(out, ",\"Value\":");
        wf_buf_addstr(out, wf_value_text(item));
    }
    if (now->map_source.len) {
        wf_buf_adds(out, ",");
        member(out, "Source", now->map_source);
    }
    wf_buf_adds(out, "}}");
}

/* The one that is given in its place; it has no Map of its own. */
static struct wf_doc *mocked_context(const struct wf_script_context *now) {
    struct wf_str text = wf_doc_text(now->mocked);
    struct wf_buf out = {0};
    if (!now->in_map)
        return wf_doc_ref(now->mocked);
    while (text.data[text.len - 1] != '}')
        text.len--;
    for (text.len--; strchr(" \t\r\n", text.data[text.len - 1]);)
        text.len--;
    wf_buf_addstr(&out, text);
    map_member(&out, now, false);
    wf_buf_u8(&out, '}');
    return wf_doc_trusted_buf(&out);
}

/* The context object, as documented for Step Functions; a brief one without
 * Execution.Input and Map.Item.Value, which ctx gives apart. */
static struct wf_doc *context_document(const struct wf_lua_ctx *ctx,
                                       bool brief) {
    const struct wf_script_context *now = ctx->now;
    struct wf_buf out = {0};
    struct wf_buf arn = {0};
    if (now->mocked)
        return mocked_context(now);
    wf_buf_reserve(&out, (brief ? 0 : now->execution_input->len) + 1024);
    wf_buf_addstr(&arn, now->execution_arn_prefix);
    wf_buf_addstr(&arn, now->execution_name);
    wf_buf_adds(&out, "{\"Execution\":{");
    member(&out, "Id", (struct wf_str){arn.data, arn.len});
    wf_buf_free(&arn);
    if (!brief) {
        wf_buf_adds(&out, ",\"Input\":");
        wf_buf_addstr(&out, wf_doc_text(now->execution_input));
    }
    wf_buf_adds(&out, ",");
    time_member(&out, "StartTime", now->start_ms);
    wf_buf_adds(&out, ",");
    member(&out, "Name", caller_name(now->execution_name));
    wf_buf_adds(&out, ",");
    member(&out, "RoleArn", now->role_arn);
    wf_buf_addf(&out, ",\"RedriveCount\":%u", now->redrive_count);
    if (now->redrive_count) {
        wf_buf_adds(&out, ",");
        time_member(&out, "RedriveTime", now->redrive_ms);
    }
    wf_buf_adds(&out, "},\"StateMachine\":{");
    member(&out, "Id", now->state_machine_arn);
    wf_buf_adds(&out, ",");
    member(&out, "Name", now->state_machine_name);
    wf_buf_adds(&out, "},\"State\":{");
    member(&out, "Name", now->state_name);
    wf_buf_adds(&out, ",");
    time_member(&out, "EnteredTime", now->entered_ms);
    if (ctx->may_retry)
        wf_buf_addf(&out, ",\"RetryCount\":%u", now->retry_count);
    wf_buf_adds(&out, "}");
    if (now->task_token.len) {
        wf_buf_adds(&out, ",\"Task\":{");
        member(&out, "Token", now->task_token);
        wf_buf_adds(&out, "}");
    }
    if (now->in_map)
        map_member(&out, now, brief);
    wf_buf_adds(&out, "}");
    return wf_doc_trusted_buf(&out);
}

/* About: what may be large. */
static size_t context_bytes(const struct wf_script_context *now, bool brief) {
    size_t bytes = 1024;
    if (brief && !now->mocked)
        return bytes;
    if (now->in_map && now->map_item.doc)
        bytes += wf_value_text(now->map_item).len;
    return bytes + (now->mocked ? now->mocked : now->execution_input)->len;
}

static int push_context(lua_State *L, struct wf_lua_ctx *ctx,
                        struct wf_doc **document, bool brief) {
    if (!*document) {
        wf_lua_spend_bytes(L, ctx->budget, context_bytes(ctx->now, brief));
        *document = context_document(ctx, brief);
    }
    wf_lua_push_value(L, (struct wf_value){*document, 0});
    return 1;
}

/* ctx:context() -> value */
static int l_context(lua_State *L) {
    struct wf_lua_ctx *ctx = check_ctx(L);
    return push_context(L, ctx, &ctx->document, false);
}

/* ctx:brief_context() -> value */
static int l_brief_context(lua_State *L) {
    struct wf_lua_ctx *ctx = check_ctx(L);
    return push_context(L, ctx, &ctx->brief, true);
}

/* ctx:execution_input() -> value; nil: it is mocked without */
static int l_execution_input(lua_State *L) {
    struct wf_lua_ctx *ctx = check_ctx(L);
    struct wf_value found = {ctx->now->mocked, 0};
    if (found.doc) {
        if (!wf_value_member(found, WF_STR("Execution"), &found) ||
            !wf_value_member(found, WF_STR("Input"), &found))
            return 0;
        wf_lua_push_value(L, found);
        return 1;
    }
    wf_lua_push_value(L, (struct wf_value){ctx->now->execution_input, 0});
    return 1;
}

/* ctx:map_item() -> value, or nil: not in a Map */
static int l_map_item(lua_State *L) {
    struct wf_lua_ctx *ctx = check_ctx(L);
    if (!ctx->now->in_map || !ctx->now->map_item.doc)
        return 0;
    wf_lua_push_value(L, ctx->now->map_item);
    return 1;
}

void wf_lua_ctx_end(struct wf_lua_ctx *ctx) {
    ctx->now = NULL;
    wf_doc_unref(ctx->document);
    wf_doc_unref(ctx->brief);
    ctx->document = ctx->brief = NULL;
}

static int l_tostring(lua_State *L) {
    lua_pushliteral(L, "ctx");
    return 1;
}

static const luaL_Reg METHODS[] = {
    {"now_ms", l_now_ms},
    {"retrier_count", l_retrier_count},
    {"random", l_random},
    {"uuid", l_uuid},
    {"context", l_context},
    {"brief_context", l_brief_context},
    {"execution_input", l_execution_input},
    {"map_item", l_map_item},
    {"entered_event_id", l_entered_event_id},
    {"variables", l_variables},
    {"evaluation_failed", l_evaluation_failed},
    {"map_started", l_map_started},
    {"inspect", l_inspect},
    {"handled", l_handled},
    {NULL, NULL},
};

void wf_lua_open_ctx(struct wf_script *script) {
    lua_State *L = script->L;
    script->ctx = lua_newuserdata(L, sizeof(*script->ctx));
    *script->ctx = (struct wf_lua_ctx){.clock = script->options.clock,
                                       .budget = script->budget};
    luaL_newmetatable(L, "wf.ctx");
    lua_newtable(L);
    luaL_register(L, NULL, METHODS);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "wf.ctx");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    script->ctx_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    script->docs = wf_lua_docs_of(L);
    script->input = wf_lua_push_closed(L);
    script->input_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}
