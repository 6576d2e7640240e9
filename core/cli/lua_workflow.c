/* lua_workflow.c - runs lua/workflow/load.lua. See workflow_file.h. */
#include "workflow_file.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "embedded.h"
#include "findings.h"
#include "lua_doc.h"
#include "lua_stdlib.h"

bool wf_workflow_is_lua(const char *path) {
    size_t len = strlen(path);

    return len > 4 && strcmp(path + len - 4, ".lua") == 0;
}

/* ---- the Lua state ---- */

/* Not every command has every option. */
static bool has_option(const struct wf_options *options, const char *name) {
    return wf_option_find(wf_options_command(options), name) != NULL;
}

/* Upvalue: the directory of --lua-directory, or nil. Behind the libraries of
 * LuaJIT: lua/NAME.lua. */
static int l_search(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    struct wf_buf path = {0}, text = {0};
    struct wf_error err;
    int rc;

    wf_buf_adds(&path, "lua/");
    for (; *name; name++)
        wf_buf_u8(&path, *name == '.' ? '/' : (uint8_t)*name);
    wf_buf_add(&path, ".lua", 5);
    rc = wf_lua_source(path.data, lua_tostring(L, lua_upvalueindex(1)), &text,
                       &err);
    if (rc != 0)
        lua_pushstring(L, err.message);
    else
        rc = luaL_loadbuffer(L, text.data, text.len, path.data);
    wf_buf_free(&path);
    wf_buf_free(&text);
    return rc == LUA_ERRSYNTAX ? lua_error(L) : 1;
}

static int l_is_library(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    const luaL_Reg *module = wf_stdlib.c_modules;

    while (module->name && strcmp(module->name, name) != 0)
        module++;
    lua_pushboolean(L, module->name || wf_stdlib.source(name).data ||
                           strcmp(name, "json") == 0 ||
                           strcmp(name, "cjson") == 0);
    return 1;
}

static lua_State *state_new(const struct wf_options *options) {
    lua_State *L = luaL_newstate();

    if (!L)
        return NULL;
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "loaded");
    wf_lua_open_doc(L);
    lua_setfield(L, -2, "wf.doc");
    lua_pop(L, 1);
    lua_getfield(L, -1, "loaders"); /* ours alone: nothing from the disk */
    lua_pushstring(L, has_option(options, "lua-directory")
                          ? wf_option_text(options, "lua-directory")
                          : NULL);
    lua_pushcclosure(L, l_search, 1);
    lua_rawseti(L, -2, 2);
    for (int i = 3; i <= 4; i++) {
        lua_pushnil(L);
        lua_rawseti(L, -2, i);
    }
    lua_pop(L, 2);
    return L;
}

/* ---- its arguments ---- */

static void set_text(lua_State *L, const char *name, const char *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

/* Where modules of the file's own may be: stack: +1, a list. */
static void push_handlers(lua_State *L, const struct wf_options *options,
                          const char *directory) {
    const char *const *given = has_option(options, "handlers")
                                   ? wf_option_list(options, "handlers")
                                   : NULL;
    int count = 0;

    lua_newtable(L);
    for (; given && *given; given++) {
        lua_pushstring(L, *given);
        lua_rawseti(L, -2, ++count);
    }
    if (count == 0) {
        lua_pushfstring(L, "%shandlers", directory);
        lua_rawseti(L, -2, 1);
    }
}

static void push_options(lua_State *L, const struct wf_options *options,
                         const char *path) {
    const char *slash = strrchr(path, '/');

    lua_newtable(L);
    set_text(L, "path", path);
    set_text(L, "region", wf_option_text(options, "region"));
    set_text(L, "account", wf_option_text(options, "account"));
    lua_pushlstring(L, path, slash ? (size_t)(slash + 1 - path) : 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "directory");
    push_handlers(L, options, lua_tostring(L, -1));
    lua_setfield(L, -3, "handlers");
    lua_pop(L, 1);
    lua_pushcfunction(L, l_is_library);
    lua_setfield(L, -2, "is_library");
}

/* ---- its results ---- */

/* stack: the table of lines on top. [-0, +0] */
static void take_lines(lua_State *L, struct wf_workflow_file *file) {
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        file->lines = wf_realloc(file->lines, (file->line_count + 1) *
                                                  sizeof(*file->lines));
        file->lines[file->line_count++] = (struct wf_workflow_line){
            .state = wf_strndup(lua_tostring(L, -2), lua_objlen(L, -2)),
            .line = (size_t)lua_tointeger(L, -1),
        };
    }
}

/* stack: the list of paths on top. [-0, +0] */
static void take_members(lua_State *L, struct wf_workflow_file *file) {
    size_t count = lua_objlen(L, -1);

    file->members = wf_calloc(count + 1, sizeof(*file->members));
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        file->members[i] =
            wf_strndup(lua_tostring(L, -1), lua_objlen(L, -1));
        lua_pop(L, 1);
    }
}

struct compiling {
    const struct wf_options *options;
    const char *path;
    struct wf_workflow_file *file;
    struct wf_error *err;
};

/* Protected: what raises here is out of memory, or a defect of ours. */
static int l_compile(lua_State *L) {
    struct compiling *compiling = lua_touserdata(L, 1);

    lua_getglobal(L, "require");
    lua_pushliteral(L, "workflow.load");
    lua_call(L, 1, 1); /* protected by compile() */
    lua_getfield(L, -1, "compile");
    push_options(L, compiling->options, compiling->path);
    lua_call(L, 1, 3); /* protected; text, lines, members; or nil, why */
    if (lua_isnil(L, -3)) {
        wf_error_set(compiling->err, WF_E_INVALID, "%s", lua_tostring(L, -2));
        return 0;
    }
    wf_buf_add(&compiling->file->definition, lua_tostring(L, -3),
               lua_objlen(L, -3));
    take_members(L, compiling->file);
    lua_pop(L, 1);
    take_lines(L, compiling->file);
    lua_pushboolean(L, 1);
    return 1;
}

static int compile(const struct wf_options *options, const char *path,
                   struct wf_workflow_file *file, struct wf_error *err) {
    struct compiling compiling = {options, path, file, err};
    lua_State *L = state_new(options);
    int rc = -1;

    if (!L)
        return wf_error_set(err, WF_E_INTERNAL, "no memory for Lua");
    lua_pushcfunction(L, l_compile);
    lua_pushlightuserdata(L, &compiling);
    if (lua_pcall(L, 1, 1, 0) != 0)
        wf_error_set(err, WF_E_INTERNAL, "%s", lua_tostring(L, -1));
    else if (lua_toboolean(L, -1))
        rc = 0;
    lua_close(L);
    return rc;
}

/* ---- all ---- */

int wf_workflow_read(const struct wf_options *options, const char *path,
                     struct wf_workflow_file *file, struct wf_error *err) {
    if (strcmp(path, "-") == 0)
        return wf_cli_read_stream(stdin, "stdin", &file->definition, err);
    file->is_lua = wf_workflow_is_lua(path);
    if (wf_cli_read_file(path,
                         file->is_lua ? &file->source : &file->definition,
                         err) != 0)
        return -1;
    return file->is_lua ? compile(options, path, file, err) : 0;
}

int wf_workflow_definition(const struct wf_options *options, const char *path,
                           struct wf_buf *definition, struct wf_error *err) {
    struct wf_workflow_file file = {0};
    int rc = wf_workflow_read(options, path, &file, err);

    if (rc == 0)
        wf_buf_add(definition, file.definition.data, file.definition.len);
    wf_workflow_deinit(&file);
    return rc;
}

void wf_workflow_deinit(struct wf_workflow_file *file) {
    for (size_t i = 0; i < file->line_count; i++)
        free(file->lines[i].state);
    for (char **member = file->members; member && *member; member++)
        free(*member);
    free(file->lines);
    free(file->members);
    wf_buf_free(&file->definition);
    wf_buf_free(&file->source);
    *file = (struct wf_workflow_file){0};
}

/* ---- places ---- */

/* The line of the innermost state that a JSON pointer leads into: of
 * "/States/Each/ItemProcessor/States/One/Resource" that of One. 0: none. */
static size_t line_of(const struct wf_workflow_file *file,
                      const char *pointer) {
    size_t line = 0;

    for (const char *at = pointer; (at = strstr(at, "/States/")) != NULL;) {
        struct wf_buf name = {0};

        for (at += 8; *at && *at != '/'; at++)
            if (*at == '~' && (at[1] == '0' || at[1] == '1'))
                wf_buf_u8(&name, *++at == '0' ? '~' : '/');
            else
                wf_buf_u8(&name, (uint8_t)*at);
        wf_buf_u8(&name, 0);
        for (size_t i = 0; i < file->line_count; i++)
            if (strcmp(file->lines[i].state, name.data) == 0)
                line = file->lines[i].line;
        wf_buf_free(&name);
    }
    return line;
}

/* From the first to the last character of a line that is no blank. */
static void mark_line(struct wf_str text, struct wf_finding *finding) {
    size_t at = 0;

    for (size_t line = 1; line < finding->line && at < text.len; at++)
        line += text.data[at] == '\n';
    size_t end = at;
    while (end < text.len && text.data[end] != '\n')
        end++;
    finding->column = 1;
    for (; at < end && strchr(" \t", text.data[at]); at++)
        finding->column++;
    finding->offset = at;
    finding->end = end > at ? end : at + 1;
}

void wf_workflow_relocate(const struct wf_workflow_file *file,
                          struct wf_findings *findings) {
    if (!file->is_lua)
        return;
    findings->text = (struct wf_str){file->source.data, file->source.len};
    for (size_t i = 0; i < findings->count; i++) {
        struct wf_finding *finding = &findings->list[i];
        size_t line = line_of(file, finding->pointer);

        finding->line = line > 0 ? line : 1;
        mark_line(findings->text, finding);
    }
}
