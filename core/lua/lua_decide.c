/*
 * lua_decide.c - compiles definitions and asks Lua for decisions (script.h).
 *
 * The multiple returns of machine.enter and machine.resume are documented in
 * lua/core.stub.lua; this file is the other half of that contract.
 */
#include <lauxlib.h>
#include <stdlib.h>

#include "clock.h"
#include "lua_doc.h"
#include "lua_script.h"
#include "severity.h"

/* ---- budgets ---- */

static void set_budget(struct wf_script *script, const atomic_bool *stop,
                       bool is_limited) {
    const struct wf_script_limits *limits = &script->options.limits;
    script->heap.refused = false;
    *script->budget = (struct wf_lua_budget){
        .steps = INT64_MAX, .bytes = SIZE_MAX, .stop = stop};
    if (!is_limited)
        return;
    if (limits->steps) {
        bool is_small = limits->steps <= WF_BUDGET_SLICE;
        script->budget->steps = is_small ? (int64_t)limits->steps : 0;
        script->budget->more = is_small ? 0 : limits->steps;
    }
    if (limits->doc_bytes)
        script->budget->bytes = limits->doc_bytes;
    if (limits->time_ms)
        script->budget->deadline_ns =
            wf_clock_mono_ns() + limits->time_ms * UINT64_C(1000000);
}

void wf_lua_unlimited(struct wf_script *script) {
    set_budget(script, NULL, false);
}

/* ---- definitions ---- */

/* The event types of a state type; user types show as Pass. */
static void type_events(struct wf_state_info *info, const char *type) {
    static const struct {
        const char *type;
        enum wf_event_type entered, exited;
    } table[] = {
        {"Pass", WF_EVENT_PASS_STATE_ENTERED, WF_EVENT_PASS_STATE_EXITED},
        {"Task", WF_EVENT_TASK_STATE_ENTERED, WF_EVENT_TASK_STATE_EXITED},
        {"Choice", WF_EVENT_CHOICE_STATE_ENTERED,
         WF_EVENT_CHOICE_STATE_EXITED},
        {"Wait", WF_EVENT_WAIT_STATE_ENTERED, WF_EVENT_WAIT_STATE_EXITED},
        {"Succeed", WF_EVENT_SUCCEED_STATE_ENTERED,
         WF_EVENT_SUCCEED_STATE_EXITED},
        {"Fail", WF_EVENT_FAIL_STATE_ENTERED, WF_EVENT_NONE},
        {"Parallel", WF_EVENT_PARALLEL_STATE_ENTERED,
         WF_EVENT_PARALLEL_STATE_EXITED},
        {"Map", WF_EVENT_MAP_STATE_ENTERED, WF_EVENT_MAP_STATE_EXITED},
    };
    info->entered = WF_EVENT_PASS_STATE_ENTERED;
    info->exited = WF_EVENT_PASS_STATE_EXITED;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(table[i].type, type) == 0) {
            info->entered = table[i].entered;
            info->exited = table[i].exited;
        }
}

static enum wf_event_type family_event(const char *family) {
    if (strcmp(family, "LambdaFunction") == 0)
        return WF_EVENT_LAMBDA_FUNCTION_SCHEDULED;
    if (strcmp(family, "Activity") == 0)
        return WF_EVENT_ACTIVITY_SCHEDULED;
    return WF_EVENT_TASK_SCHEDULED;
}

/* Appends a string member of the table on top of the stack to `names`; gives
 * its length only, since the buffer may still move. [-0, +0] */
static struct wf_str text_member(lua_State *L, const char *member,
                                 struct wf_buf *names) {
    struct wf_str text = {NULL, 0};
    lua_getfield(L, -1, member);
    size_t len = 0;
    const char *data = lua_tolstring(L, -1, &len);
    if (data) {
        wf_buf_add(names, data, len);
        text.len = len;
    }
    lua_pop(L, 1);
    return text;
}

/* Whether the table on top of the stack has something there. [-0, +0] */
static bool flag_member(lua_State *L, const char *member) {
    lua_getfield(L, -1, member);
    bool flag = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

static uint32_t number_member(lua_State *L, const char *member) {
    lua_getfield(L, -1, member);
    uint32_t number = (uint32_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number;
}

/* stack: a state on top. Returns how many numbers it adds to `branches`: the
 * list of a Parallel, the processor of a Map. [-0, +0] */
static uint32_t read_branches(lua_State *L, struct wf_buf *branches) {
    uint32_t count = 0;
    lua_getfield(L, -1, "branches");
    lua_getfield(L, -2, "processor");
    if (lua_isnumber(L, -1)) {
        uint32_t start = (uint32_t)lua_tointeger(L, -1) - 1;
        wf_buf_add(branches, &start, sizeof(start));
        count = 1;
    } else if (lua_istable(L, -2)) {
        count = (uint32_t)lua_objlen(L, -2);
    }
    for (uint32_t i = 1; lua_istable(L, -2) && i <= count; i++) {
        lua_rawgeti(L, -2, (int)i);
        uint32_t start = (uint32_t)lua_tointeger(L, -1) - 1;
        wf_buf_add(branches, &start, sizeof(start));
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
    return count;
}

/* stack: states on top; reads entry i + 1. [-0, +0] */
static void read_state(lua_State *L, struct wf_script_machine *machine,
                       uint32_t i, struct wf_buf *branches) {
    struct wf_state_info *info = &machine->states[i];
    lua_rawgeti(L, -1, (int)i + 1);
    info->name = text_member(L, "name", &machine->names);
    info->resource_type = text_member(L, "resource_type", &machine->names);
    info->resource = text_member(L, "resource", &machine->names);
    info->processor = text_member(L, "processor_text", &machine->names);
    lua_getfield(L, -1, "type");
    const char *type = lua_tostring(L, -1);
    type_events(info, type ? type : "");
    lua_getfield(L, -2, "family");
    const char *family = lua_tostring(L, -1);
    info->scheduled = family_event(family ? family : "");
    lua_pop(L, 2);
    info->branch_count = read_branches(L, branches);
    info->has_selector = flag_member(L, "ItemSelector");
    info->is_distributed = flag_member(L, "distributed");
    info->has_token = flag_member(L, "has_token");
    info->waits_for_token = flag_member(L, "waits_for_token");
    info->can_end = flag_member(L, "can_end");
    info->inside = number_member(L, "inside") - 1;
    info->scope = number_member(L, "scope");
    lua_pop(L, 1);
}

/* Texts and branches stand in the order in which they were read. */
static void fix_pointers(struct wf_script_machine *machine) {
    const char *at = machine->names.data;
    const uint32_t *branches = machine->branches;
    for (uint32_t i = 0; i < machine->state_count; i++) {
        struct wf_state_info *info = &machine->states[i];
        struct wf_str *const texts[] = {&info->name, &info->resource_type,
                                        &info->resource, &info->processor};
        for (size_t t = 0; t < 4; t++) {
            texts[t]->data = at;
            at += texts[t]->len;
        }
        if (info->branch_count == 0)
            continue;
        info->branches = branches;
        branches += info->branch_count;
    }
}

void wf_lua_read_machine(lua_State *L, struct wf_script_machine *machine,
                         struct wf_script_summary *summary) {
    struct wf_buf branches = {0};
    lua_getfield(L, -1, "variable_references");
    if (lua_isstring(L, -1))
        wf_buf_adds(&machine->variable_references, lua_tostring(L, -1));
    lua_pop(L, 1);
    lua_getfield(L, -1, "states");
    machine->state_count = (uint32_t)lua_objlen(L, -1);
    machine->states = wf_calloc(machine->state_count,
                                sizeof(*machine->states));
    for (uint32_t i = 0; i < machine->state_count; i++)
        read_state(L, machine, i, &branches);
    lua_pop(L, 1);
    machine->branches = (uint32_t *)(void *)branches.data;
    fix_pointers(machine);
    lua_getfield(L, -1, "start");
    lua_getfield(L, -2, "timeout_s");
    *summary = (struct wf_script_summary){
        .states = machine->states,
        .state_count = machine->state_count,
        .start = (uint32_t)lua_tointeger(L, -2) - 1,
        .timeout_s = (int64_t)lua_tonumber(L, -1),
        .variable_references = {machine->variable_references.data,
                                machine->variable_references.len},
    };
    lua_pop(L, 2);
    machine->ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void add_field(lua_State *L, struct wf_buf *out, const char *before,
                      const char *member) {
    lua_getfield(L, -1, member);
    wf_buf_addf(out, "%s%s", before, /* a missing location as AWS writes it */
                lua_isstring(L, -1) ? lua_tostring(L, -1) : "null");
    lua_pop(L, 1);
}

void wf_lua_read_diagnostics(lua_State *L, struct wf_buf *out) {
    if (lua_isstring(L, -1)) {
        wf_buf_adds(out, lua_tostring(L, -1));
        return;
    }
    size_t count = lua_istable(L, -1) ? lua_objlen(L, -1) : 0;
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, (int)i);
        wf_buf_adds(out, i > 1 ? ", " : "");
        add_field(L, out, "", "code");
        add_field(L, out, ": ", "message");
        add_field(L, out, " at ", "location");
        lua_pop(L, 1);
    }
}

int wf_script_compile(struct wf_script *script, struct wf_doc *definition,
                      struct wf_script_machine **out,
                      struct wf_script_summary *summary,
                      struct wf_buf *diagnostics, struct wf_error *err) {
    lua_State *L = script->L;
    int top = lua_gettop(L);

    set_budget(script, NULL, false);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->load_ref);
    wf_lua_push_value(L, (struct wf_value){definition, 0});
    if (wf_lua_call(script, 1, 2) != 0) {
        const char *text = lua_tostring(L, -1);
        wf_error_set(err, WF_E_INTERNAL, "the loader failed: %s",
                     text ? text : "error in a script");
        lua_settop(L, top);
        return -1;
    }
    if (lua_isnil(L, -2)) {
        size_t from = diagnostics->len;
        wf_lua_read_diagnostics(L, diagnostics);
        wf_error_set(err, WF_E_INVALID, "%.*s",
                     (int)(diagnostics->len - from),
                     diagnostics->data ? diagnostics->data + from : "");
        lua_settop(L, top);
        return -1;
    }
    lua_pop(L, 1);
    *out = wf_calloc(1, sizeof(**out));
    wf_lua_read_machine(L, *out, summary);
    return 0;
}

void wf_script_machine_free(struct wf_script *script,
                            struct wf_script_machine *machine) {
    if (!machine)
        return;
    luaL_unref(script->L, LUA_REGISTRYINDEX, machine->ref);
    wf_buf_free(&machine->names);
    wf_buf_free(&machine->variable_references);
    free(machine->branches);
    free(machine->states);
    free(machine);
}

/* ---- decisions ---- */

static void keep_failure(struct wf_decision *decision, const char *error,
                         size_t error_len, const char *cause,
                         size_t cause_len) {
    decision->kind = WF_DECISION_FAIL;
    decision->texts.len = 0;
    wf_buf_add(&decision->texts, error, error_len);
    wf_buf_add(&decision->texts, cause, cause_len);
    wf_buf_u8(&decision->texts, 0);
    decision->failure.error = (struct wf_str){decision->texts.data, error_len};
    decision->failure.cause =
        (struct wf_str){decision->texts.data + error_len, cause_len};
}

static void drop_and_fail(struct wf_decision *decision, const char *error,
                          const char *cause) {
    wf_doc_unref(decision->output);
    wf_doc_unref(decision->items.doc);
    wf_doc_unref(decision->assigned);
    wf_doc_unref(decision->run);
    decision->output = decision->items.doc = decision->assigned = NULL;
    decision->run = NULL;
    keep_failure(decision, error, strlen(error), cause, strlen(cause));
}

static void runtime_failure(struct wf_decision *decision, const char *cause) {
    drop_and_fail(decision, "States.Runtime", cause);
}

/* A member of the table at `index` (negative), past any metatable: nothing
 * here may raise. [-0, +1] */
static void raw_member(lua_State *L, int index, const char *name) {
    lua_pushstring(L, name);
    lua_rawget(L, index - 1);
}

/* An error value on top of the stack: { Error, Cause } or a traceback. */
static void read_error(struct wf_script *script,
                       struct wf_decision *decision) {
    lua_State *L = script->L;
    if (lua_istable(L, -1)) {
        size_t error_len = 0, cause_len = 0;
        raw_member(L, -1, "Error");
        raw_member(L, -2, "Cause");
        const char *error = lua_tolstring(L, -2, &error_len);
        const char *cause = lua_tolstring(L, -1, &cause_len);
        if (error) {
            keep_failure(decision, error, error_len, cause, cause_len);
            return;
        }
        lua_pop(L, 2);
    }
    const char *text = lua_tostring(L, -1);
    if (!text)
        text = "error in a state script";
    if (script->options.notice) {
        struct wf_buf notice = {0};
        wf_buf_addf(&notice, WF_ERROR "%s", text);
        script->options.notice(script->options.arg, notice.data);
        wf_buf_free(&notice);
    }
    /* The user gets the first line; the traceback is for the operator. */
    char line[512];
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
    runtime_failure(decision, line);
}

/* The budget was used up, or memory: what that is called if it has to be the
 * state's end. stack: an error value, { Error } if it has a name; [-0, +1] */
static void read_limit(struct wf_script *script,
                       struct wf_decision *decision) {
    const struct wf_script_limits *limits = &script->options.limits;
    const char *error = NULL;
    char cause[128];

    if (script->budget->spent == WF_SPENT_TIME)
        snprintf(cause, sizeof(cause), "Evaluating the state took longer "
                 "than %g s", limits->time_ms / 1000.0);
    else if (script->heap.refused)
        snprintf(cause, sizeof(cause), "Evaluating the state takes more "
                 "than %zu MiB of memory", limits->lua_bytes >> 20);
    else if (script->budget->spent == WF_SPENT_BYTES)
        snprintf(cause, sizeof(cause), "Evaluating the state makes "
                 "documents of more than %zu MiB", limits->doc_bytes >> 20);
    else
        snprintf(cause, sizeof(cause), "Evaluating the state takes more "
                 "than %llu steps", (unsigned long long)limits->steps);
    if (lua_istable(script->L, -1)) {
        raw_member(script->L, -1, "Error");
        error = lua_tostring(script->L, -1);
    }
    drop_and_fail(decision, error ? error : "States.Runtime", cause);
    decision->kind = WF_DECISION_TOO_LONG;
}

static bool take_output(lua_State *L, int index,
                        struct wf_decision *decision) {
    struct wf_value value;
    if (!wf_lua_to_value(L, index, &value))
        return false;
    decision->output = wf_value_doc(value);
    return true;
}

static int64_t seconds(lua_State *L, int index) {
    double number = lua_tonumber(L, index);
    return number > 0 ? (int64_t)number : 0;
}

static void keep_role(lua_State *L, int index, struct wf_decision *decision) {
    size_t len = 0;
    const char *role = lua_tolstring(L, index, &len);

    if (role)
        wf_buf_add(&decision->texts, role, len);
    decision->role_arn = (struct wf_str){decision->texts.data, len};
}

static bool take_assigned(lua_State *L, int index,
                          struct wf_decision *decision) {
    struct wf_value value;
    if (lua_isnil(L, index))
        return true;
    if (!wf_lua_to_value(L, index, &value) ||
        wf_value_type(value) != WF_JSON_OBJECT)
        return false;
    decision->assigned = wf_value_doc(value);
    return true;
}

static bool take_exit(lua_State *L, int at, struct wf_decision *decision) {
    lua_Integer next = lua_tointeger(L, at + 2);
    decision->kind = WF_DECISION_EXIT;
    decision->is_end = next == 0;
    decision->next = next == 0 ? 0 : (uint32_t)(next - 1);
    return take_assigned(L, at + 3, decision) &&
           take_output(L, at + 1, decision);
}

static bool take_failure(lua_State *L, int at,
                         struct wf_decision *decision) {
    size_t error_len = 0, cause_len = 0;
    const char *error = lua_tolstring(L, at + 1, &error_len);
    const char *cause = lua_tolstring(L, at + 2, &cause_len);
    keep_failure(decision, error, error_len, cause, cause_len);
    if (!error)
        decision->failure.error = WF_STR_NULL;
    if (!cause)
        decision->failure.cause = WF_STR_NULL;
    return true;
}

static bool take_schedule(lua_State *L, int at,
                          struct wf_decision *decision) {
    decision->kind = WF_DECISION_SCHEDULE;
    decision->timeout_s = seconds(L, at + 2);
    decision->heartbeat_s = seconds(L, at + 3);
    decision->at_most_once = lua_toboolean(L, at + 4);
    keep_role(L, at + 5, decision);
    return take_output(L, at + 1, decision);
}

static bool take_wait(lua_State *L, int at, struct wf_decision *decision) {
    decision->kind = WF_DECISION_WAIT;
    decision->due_ms = (int64_t)lua_tonumber(L, at + 1);
    return lua_isnumber(L, at + 1);
}

static bool take_retry(lua_State *L, int at, struct wf_decision *decision) {
    decision->kind = WF_DECISION_RETRY;
    decision->due_ms = (int64_t)lua_tonumber(L, at + 1);
    decision->retrier = (uint32_t)lua_tointeger(L, at + 2) - 1;
    return lua_isnumber(L, at + 1) && decision->retrier < 10000;
}

static bool take_parallel(lua_State *L, int at,
                          struct wf_decision *decision) {
    decision->kind = WF_DECISION_PARALLEL;
    return take_output(L, at + 1, decision);
}

/* The settings of a distributed Map's run. */
static bool take_run(lua_State *L, int index, struct wf_decision *decision) {
    struct wf_value run;
    if (lua_isnil(L, index))
        return true;
    if (!wf_lua_to_value(L, index, &run) ||
        wf_value_type(run) != WF_JSON_OBJECT)
        return false;
    decision->run = wf_value_doc(run);
    return true;
}

static bool take_map(lua_State *L, int at, struct wf_decision *decision) {
    double limit = lua_tonumber(L, at + 2);
    struct wf_value items = {NULL, 0};
    if (!take_run(L, at + 3, decision))
        return false;
    bool has_items = wf_lua_to_value(L, at + 1, &items);
    if (!has_items && !decision->run)
        return false;
    enum wf_json_type type =
        has_items ? wf_value_type(items) : WF_JSON_ARRAY;
    if (type != WF_JSON_ARRAY && type != WF_JSON_OBJECT)
        return false;
    decision->kind = WF_DECISION_MAP;
    if (has_items)
        decision->items =
            (struct wf_value){wf_doc_ref(items.doc), items.node};
    decision->limit = limit < 1 ? 0 : limit > 1e9 ? 0 : (uint32_t)limit;
    return true;
}

static bool take_item(lua_State *L, int at, struct wf_decision *decision) {
    decision->kind = WF_DECISION_ITEM;
    return take_output(L, at + 1, decision);
}

/* Reads the returns that start at `at`. False: not a decision. */
static bool read_decision(lua_State *L, int at,
                          struct wf_decision *decision) {
    static const struct {
        const char *kind;
        bool (*take)(lua_State *L, int at, struct wf_decision *decision);
    } kinds[] = {
        {"exit", take_exit},         {"fail", take_failure},
        {"schedule", take_schedule}, {"wait", take_wait},
        {"retry", take_retry},       {"item", take_item},
        {"map", take_map},           {"parallel", take_parallel},
    };
    const char *kind = lua_tostring(L, at);
    for (size_t i = 0; kind && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kind, kinds[i].kind) == 0)
            return kinds[i].take(L, at, decision);
    return false;
}

static const char *const EVENT_NAMES[] = {
    [WF_SCRIPT_ENTER] = "enter",
    [WF_SCRIPT_TIMER_FIRED] = "timer_fired",
    [WF_SCRIPT_RETRY] = "retry",
    [WF_SCRIPT_TASK_SUCCEEDED] = "task_succeeded",
    [WF_SCRIPT_TASK_FAILED] = "task_failed",
    [WF_SCRIPT_JOINED] = "joined",
    [WF_SCRIPT_BRANCH_FAILED] = "branch_failed",
};

static int function_of(const struct wf_script *script,
                       enum wf_script_event event) {
    if (event == WF_SCRIPT_ENTER)
        return script->enter_ref;
    return event == WF_SCRIPT_ITEM ? script->item_ref : script->resume_ref;
}

/* Pushes function and arguments; returns the number of arguments. */
static int push_call(struct wf_script *script,
                     const struct wf_script_call *call) {
    lua_State *L = script->L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, function_of(script, call->event));
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->machine->ref);
    lua_pushinteger(L, (lua_Integer)call->state + 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->ctx_ref);
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->input_ref);
    switch (call->event) {
    case WF_SCRIPT_ENTER:
        return 4;
    case WF_SCRIPT_ITEM:
        lua_pushnumber(L, call->context->map_index);
        wf_lua_push_value(L, call->context->map_item);
        return 6;
    case WF_SCRIPT_TASK_SUCCEEDED:
    case WF_SCRIPT_JOINED:
        lua_pushstring(L, EVENT_NAMES[call->event]);
        wf_lua_push_value(L, (struct wf_value){call->output, 0});
        return 6;
    case WF_SCRIPT_TASK_FAILED:
    case WF_SCRIPT_BRANCH_FAILED:
        lua_pushstring(L, EVENT_NAMES[call->event]);
        lua_pushlstring(L, call->failure.error.data, call->failure.error.len);
        lua_pushlstring(L, call->failure.cause.data, call->failure.cause.len);
        return 7;
    default:
        lua_pushstring(L, EVENT_NAMES[call->event]);
        return 5;
    }
}

/* As recorded at AWS: the context object of a Pass has no RetryCount. */
static bool may_retry(const struct wf_state_info *info) {
    return info->entered == WF_EVENT_TASK_STATE_ENTERED ||
           info->entered == WF_EVENT_PARALLEL_STATE_ENTERED ||
           info->entered == WF_EVENT_MAP_STATE_ENTERED;
}

void wf_script_decide(struct wf_script *script,
                      const struct wf_script_call *call,
                      struct wf_decision *decision) {
    lua_State *L = script->L;
    int top = lua_gettop(L);

    *decision = (struct wf_decision){0};
    script->ctx->now = call->context;
    script->ctx->decision = decision;
    script->ctx->inspection = call->inspection;
    script->ctx->may_retry = may_retry(&call->machine->states[call->state]);
    wf_lua_docs_begin(script->docs);
    wf_lua_open_value(script->input, call->input);
    set_budget(script, call->stop, true);
    int nargs = push_call(script, call);
    bool is_made = wf_lua_call(script, nargs, 6) == 0;
    if (!is_made && (script->budget->spent || script->heap.refused))
        read_limit(script, decision);
    else if (!is_made)
        read_error(script, decision);
    else if (!read_decision(L, top + 1, decision))
        runtime_failure(decision, "the state's script returned no decision");
    wf_lua_docs_recycle(L, script->docs, top + 2);
    wf_lua_docs_end(script->docs);
    wf_lua_ctx_end(script->ctx);
    wf_lua_close_value(script->input);
    set_budget(script, NULL, false); /* nothing but decisions is limited */
    lua_settop(L, top);
}

void wf_decision_free(struct wf_decision *decision) {
    wf_doc_unref(decision->output);
    wf_doc_unref(decision->items.doc);
    wf_doc_unref(decision->assigned);
    wf_doc_unref(decision->run);
    free(decision->failed_location);
    free(decision->failed_cause);
    wf_buf_free(&decision->texts);
}
