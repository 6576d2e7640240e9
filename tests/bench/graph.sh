#!/bin/sh
# Layouts of 1,000 states: graph.sh BUILD_DIRECTORY [ROUNDS]
build=$(realpath "$1")
rounds=${2:-21}
cd "$(dirname "$(realpath "$0")")/../.."
export LUA_PATH="lua/?.lua;tests/support/?.lua;;"
export LUA_CPATH="$build/lua_modules/?.so;;"
luajit tests/bench/bench_graph.lua "$rounds" stages
exec luajit tests/bench/bench_graph.lua "$rounds" tangle
