/* lua_service_models.c - see lua_service_models.h. */
#include "lua_service_models.h"

#include <lauxlib.h>

#include "lua_doc.h"
#include "service_models.h"

#define METATABLE "wf.service_models"

static int l_close(lua_State *L) {
    struct wf_service_models **models = lua_touserdata(L, 1);

    wf_service_models_free(*models);
    *models = NULL;
    return 0;
}

/* get(service): the model, a value; or nil and what is wrong. */
static int l_get(lua_State *L) {
    struct wf_service_models **models = lua_touserdata(L, lua_upvalueindex(1));
    struct wf_str service;
    struct wf_error err;

    service.data = luaL_checklstring(L, 1, &service.len);
    struct wf_doc *doc = wf_service_models_get(*models, service, &err);
    if (!doc) {
        lua_pushnil(L);
        lua_pushstring(L, err.message);
        return 2;
    }
    wf_lua_push_value(L, (struct wf_value){doc, 0});
    return 1;
}

void wf_lua_open_service_models(lua_State *L, const char *directory) {
    lua_newtable(L);
    struct wf_service_models **models = lua_newuserdata(L, sizeof(*models));
    *models = NULL;
    if (luaL_newmetatable(L, METATABLE)) {
        lua_pushcfunction(L, l_close);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    *models = wf_service_models_new(directory);
    lua_pushcclosure(L, l_get, 1);
    lua_setfield(L, -2, "get");
}
