/* lua_check.c - the findings about a definition. See script.h. */
#include <stdio.h>
#include <stdlib.h>

#include "json_complaint.h"
#include "lua_doc.h"
#include "lua_script.h"

/* [-0, +0] */
static struct wf_str text_field(lua_State *L, const char *name) {
    struct wf_str text = WF_STR_NULL;
    lua_getfield(L, -1, name);
    if (lua_type(L, -1) == LUA_TSTRING)
        text.data = lua_tolstring(L, -1, &text.len);
    lua_pop(L, 1); /* the table keeps the string */
    return text;
}

/* stack: list of diagnostics on top. [-0, +0] */
static struct wf_diagnostic *read_list(lua_State *L, size_t *count) {
    *count = lua_istable(L, -1) ? lua_objlen(L, -1) : 0;
    struct wf_diagnostic *list = wf_calloc(*count + 1, sizeof(*list));
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        struct wf_str severity = text_field(L, "severity");
        list[i] = (struct wf_diagnostic){
            .is_warning = wf_str_eq(severity, WF_STR("WARNING")),
            .is_info = wf_str_eq(severity, WF_STR("INFO")),
            .code = text_field(L, "code"),
            .message = text_field(L, "message"),
            .location = text_field(L, "location"),
        };
        lua_pop(L, 1);
    }
    return list;
}

static bool is_blank(struct wf_str text) {
    for (size_t i = 0; i < text.len; i++)
        if (!strchr(" \t\r\n", text.data[i]))
            return false;
    return true;
}

/* Text that is not JSON never gets to Lua. */
static bool report_json(struct wf_str text, wf_diagnostics_fn *report,
                        void *arg) {
    struct wf_json_complaint complaint;
    if (is_blank(text))
        return false;
    if (!wf_json_complain(text, &complaint)) {
        wf_json_complaint_free(&complaint);
        return false;
    }
    struct wf_diagnostic finding = {
        .code = WF_STR("INVALID_JSON_DESCRIPTION"),
        .location = {complaint.source.data, complaint.source.len},
    };
    struct wf_buf message = {0};
    wf_buf_add(&message, complaint.message.data, complaint.message.len);
    wf_buf_adds(&message, "\n at ");
    wf_buf_addstr(&message, finding.location);
    finding.message = (struct wf_str){message.data, message.len};
    report(arg, &finding, 1);
    wf_buf_free(&message);
    wf_json_complaint_free(&complaint);
    return true;
}

struct question {
    struct wf_str text;
    const struct wf_profile *profile;
    bool express, errors_only;
};

/* One that is too long does not, either. */
static bool report_length(const struct question *question,
                          wf_diagnostics_fn *report, void *arg) {
    size_t limit = question->profile->definition_bytes;
    char message[96];
    if (!limit || question->text.len <= limit)
        return false;
    snprintf(message, sizeof(message),
             "The definition has %zu bytes: AWS takes %zu at most",
             question->text.len, limit);
    struct wf_diagnostic finding = {
        .code = WF_STR("SCHEMA_VALIDATION_FAILED"),
        .message = wf_str(message),
        .location = WF_STR("/"),
    };
    report(arg, &finding, 1);
    return true;
}

/* machine.diagnose(text, options) is called. [-0, +1], also if it fails. */
static int call_diagnose(struct wf_script *script,
                         const struct question *question) {
    lua_State *L = script->L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->diagnose_ref);
    lua_pushlstring(L, question->text.data ? question->text.data : "",
                    question->text.len);
    lua_newtable(L);
    lua_pushstring(L, question->express ? "EXPRESS" : "STANDARD");
    lua_setfield(L, -2, "type");
    lua_pushstring(L, question->profile->name);
    lua_setfield(L, -2, "profile");
    lua_pushboolean(L, question->errors_only);
    lua_setfield(L, -2, "errors_only");
    return wf_lua_call(script, 2, 1);
}

static void diagnose(struct wf_script *script,
                     const struct question *question,
                     wf_diagnostics_fn *report, void *arg) {
    lua_State *L = script->L;
    int top = lua_gettop(L);
    if (report_json(question->text, report, arg) ||
        report_length(question, report, arg))
        return;
    if (call_diagnose(script, question) != 0) {
        struct wf_diagnostic failed = {
            .code = WF_STR("SCHEMA_VALIDATION_FAILED"),
            .message = wf_str(lua_tostring(L, -1)),
        };
        report(arg, &failed, 1);
    } else {
        size_t count;
        struct wf_diagnostic *list = read_list(L, &count);
        report(arg, list, count);
        free(list);
    }
    lua_settop(L, top);
}

void wf_script_diagnose(struct wf_script *script, struct wf_str text,
                        const struct wf_profile *profile, bool express,
                        wf_diagnostics_fn *report, void *arg) {
    struct question question = {
        .text = text,
        .profile = profile ? profile : &WF_PROFILE_NATIVE,
        .express = express,
    };
    diagnose(script, &question, report, arg);
}

struct check {
    struct wf_buf *out;
    int rc;
};

static void add_findings(void *arg, const struct wf_diagnostic *list,
                         size_t count) {
    struct check *check = arg;
    for (size_t i = 0; i < count; i++) {
        if (list[i].is_warning || list[i].is_info)
            continue;
        wf_buf_adds(check->out, check->rc == 0 ? "" : ", ");
        wf_buf_addstr(check->out, list[i].code);
        wf_buf_adds(check->out, ": ");
        wf_buf_addstr(check->out, list[i].message);
        if (!list[i].location.data) {
            wf_buf_adds(check->out, " at null"); /* as AWS writes it */
        } else if (list[i].location.data[0] == '/') {
            wf_buf_adds(check->out, " at ");
            wf_buf_addstr(check->out, list[i].location);
        }
        check->rc = -1;
    }
}

int wf_script_check(struct wf_script *script, struct wf_str text,
                    const struct wf_profile *profile, bool express,
                    struct wf_buf *diagnostics) {
    struct check check = {.out = diagnostics};
    struct question question = {
        .text = text,
        .profile = profile ? profile : &WF_PROFILE_NATIVE,
        .express = express,
        .errors_only = true,
    };
    diagnose(script, &question, add_findings, &check);
    return check.rc;
}
