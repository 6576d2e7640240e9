/*
 * wf_doc_module.c - the module "wf.doc" as a loadable library, so that specs
 * under busted run on the engine's own documents.
 */
#include "lua_doc.h"

int luaopen_wf_doc(lua_State *L);

int luaopen_wf_doc(lua_State *L) {
    return wf_lua_open_doc(L);
}
