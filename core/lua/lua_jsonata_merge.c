/* lua_jsonata_merge.c - the module "wf.jsonata": $merge(). */
#include "lua_jsonata_priv.h"

/* Pushes the keys of the object at `index`, filling it if it is a stub.
 * Returns how many that are. [-0, +1] */
static int push_keys(lua_State *L, int index) {
    lua_pushinteger(L, 0);
    lua_gettable(L, index);
    lua_rawgeti(L, -1, 0);
    int count = (int)lua_tonumber(L, -1);
    lua_pop(L, 1);
    return count;
}

/* How many members the objects have together, at most. [-0, +0] */
static int room_for(lua_State *L, int count) {
    int room = 0;
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        room += push_keys(L, lua_gettop(L));
        lua_pop(L, 2);
    }
    return room;
}

/* Adds the members of the object at index 4. stack: list, result, keys,
 * object, its keys; [-0, +0] */
static int add_members(lua_State *L, int members, int found) {
    for (int i = 1; i <= members; i++) {
        lua_rawgeti(L, 5, i);
        lua_pushvalue(L, -1);
        lua_rawget(L, 2);
        if (lua_isnil(L, -1)) {
            lua_pushvalue(L, -2);
            lua_rawseti(L, 3, ++found);
        }
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawget(L, 4);
        lua_rawset(L, 2);
    }
    return found;
}

/* merge(list) -> an object with the members of all objects of an array; the
 * last one wins */
int wf_jsonata_merge(lua_State *L) {
    int found = 0;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_rawgeti(L, 1, 0);
    int count = (int)lua_tonumber(L, -1);
    lua_settop(L, 1);
    int room = room_for(L, count);
    lua_createtable(L, 1, room);
    lua_createtable(L, room, 0); /* stack: list, result, keys */
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        int members = push_keys(L, 4);
        found = add_members(L, members, found);
        lua_settop(L, 3);
    }
    lua_pushinteger(L, found);
    lua_rawseti(L, 3, 0);
    lua_rawseti(L, 2, 0); /* takes the keys */
    lua_pushinteger(L, room);
    return 2;
}
