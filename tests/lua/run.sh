#!/usr/bin/env bash
# Runs specs with busted on LuaJIT, the engine's modules on the path.
#
#   tests/lua/run.sh SPEC...
set -eu
cd "$(dirname "$(realpath "$0")")/../.."
exec busted --lua="$(command -v luajit)" --output=plainTerminal \
  --lpath='lua/?.lua;?.lua;tests/support/?.lua' "$@"
