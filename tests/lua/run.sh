#!/usr/bin/env bash
# Runs specs with busted on LuaJIT, the engine's modules on the path.
#
#   tests/lua/run.sh SPEC...
#
# The module wf.doc is the one of build/release, or of $LUA_MODULES.
set -eu
cd "$(dirname "$(realpath "$0")")/../.."
export LUA_PATH="lua/?.lua;?.lua;tests/support/?.lua;;"
export LUA_CPATH="${LUA_MODULES:-build/release/lua_modules}/?.so;;"
exec luajit "$(command -v busted)" --output=plainTerminal "$@"
