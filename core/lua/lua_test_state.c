/* lua_test_state.c - compiles what TestState is asked to test (script.h). */
#include <lauxlib.h>
#include <stdlib.h>

#include "lua_doc.h"
#include "lua_script.h"

/* [-0, +0] into the table on top. */
static void set_text(lua_State *L, const char *name, struct wf_str text) {
    if (!text.data)
        return;
    lua_pushlstring(L, text.data, text.len);
    lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, int64_t number) {
    if (number < 0)
        return;
    lua_pushnumber(L, (lua_Number)number);
    lua_setfield(L, -2, name);
}

static void set_mock(lua_State *L, const struct wf_script_tested *tested) {
    if (!tested->has_mock)
        return;
    lua_newtable(L);
    set_text(L, "result", tested->mock_result);
    set_text(L, "error", tested->mock_error);
    set_text(L, "mode", tested->mock_mode);
    lua_pushboolean(L, tested->mock_fails);
    lua_setfield(L, -2, "fails");
    lua_setfield(L, -2, "mock");
}

/* machine.load_tested(definition, asked). As wf_lua_call(). */
static int call_load(struct wf_script *script,
                     const struct wf_script_tested *tested,
                     const struct wf_profile *profile) {
    lua_State *L = script->L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->load_tested_ref);
    lua_pushlstring(L, tested->definition.data, tested->definition.len);
    lua_newtable(L);
    lua_pushstring(L, profile->name);
    lua_setfield(L, -2, "profile");
    set_text(L, "state_name", tested->state_name);
    set_text(L, "context", tested->context);
    set_text(L, "caused_by", tested->caused_by);
    set_text(L, "reader_data", tested->reader_data);
    set_number(L, "retries", tested->retries);
    set_number(L, "failures", tested->failures);
    set_mock(L, tested);
    lua_pushboolean(L, tested->reveals_secrets);
    lua_setfield(L, -2, "reveals_secrets");
    return wf_lua_call(script, 2, 4);
}

static const char INVALID_DEFINITION[] = "InvalidDefinition";

/* stack: exception, message. [-0, +0] */
static const char *read_refusal(lua_State *L, struct wf_buf *message) {
    const char *exception = lua_tostring(L, -2);
    bool is_list = lua_istable(L, -1);
    if (is_list)
        wf_buf_adds(message, "Invalid State Machine Definition: '");
    wf_lua_read_diagnostics(L, message);
    if (is_list)
        wf_buf_u8(message, '\'');
    return exception && strcmp(exception, INVALID_DEFINITION) == 0
               ? INVALID_DEFINITION
               : "ValidationException";
}

/* In AWS's words; false: it is JSON. */
static bool is_no_json(struct wf_script *script,
                       const struct wf_script_tested *tested,
                       const struct wf_profile *profile,
                       struct wf_buf *message) {
    struct wf_doc_limits limits = {.max_bytes = (size_t)1 << 30};
    struct wf_error err;
    struct wf_doc *doc = wf_doc_parse(tested->definition, &limits, &err);
    if (doc) {
        wf_doc_unref(doc);
        return false;
    }
    wf_buf_adds(message, "Invalid State Machine Definition: '");
    wf_script_check(script, tested->definition, profile, false, message);
    wf_buf_u8(message, '\'');
    return true;
}

int wf_script_load_tested(struct wf_script *script,
                          const struct wf_script_tested *tested,
                          const struct wf_profile *profile,
                          struct wf_script_subject *subject,
                          const char **exception, struct wf_buf *message) {
    lua_State *L = script->L;
    int top = lua_gettop(L);
    *exception = INVALID_DEFINITION;
    if (is_no_json(script, tested, profile, message))
        return -1;
    wf_lua_unlimited(script);
    if (call_load(script, tested, profile) != 0) {
        const char *text = lua_tostring(L, -1);
        wf_buf_adds(message, text ? text : "error in a script");
        lua_settop(L, top);
        return -1;
    }
    /* stack: machine, number, retriers, is_jsonpath; or nil, why */
    if (lua_isnil(L, top + 1)) {
        lua_settop(L, top + 3);
        *exception = read_refusal(L, message);
        lua_settop(L, top);
        return -1;
    }
    struct wf_script_summary summary;
    *subject = (struct wf_script_subject){
        .machine = wf_calloc(1, sizeof(*subject->machine)),
        .state = (uint32_t)lua_tointeger(L, top + 2) - 1,
        .retrier_count = (uint32_t)lua_tointeger(L, top + 3),
        .is_jsonpath = lua_toboolean(L, top + 4),
    };
    lua_settop(L, top + 1);
    wf_lua_read_machine(L, subject->machine, &summary);
    subject->states = summary.states;
    subject->state_count = summary.state_count;
    return 0;
}
