#!/usr/bin/env bash
# Runs specs with busted on LuaJIT, the engine's modules on the path.
#
#   tests/lua/run.sh SPEC...
#
# The module wf.doc is the one of build/release, or of $LUA_MODULES.
set -eu
cd "$(dirname "$(realpath "$0")")/../.."
exec busted --lua="$(command -v luajit)" --output=plainTerminal \
  --lpath='lua/?.lua;?.lua;tests/support/?.lua' \
  --cpath="${LUA_MODULES:-build/release/lua_modules}/?.so" "$@"
