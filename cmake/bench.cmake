# Benchmarks: `./dev bench` runs tests/bench/*.sh, which find these programs.
add_library(bench_util STATIC tests/bench/bench_util.c)
target_include_directories(bench_util PUBLIC tests/bench)
target_link_libraries(bench_util PUBLIC wf_base)

function(benchmark name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(bench_${name} tests/bench/bench_${name}.c)
  target_link_libraries(bench_${name} PRIVATE bench_util ${ARG_LINK})
endfunction()

benchmark(store LINK wf_store)
benchmark(pool LINK wf_pool wf_worker)
benchmark(doc LINK wf_lua_doc)
benchmark(items LINK wf_items)
benchmark(states LINK wf_script)
benchmark(engine LINK wf_engine wf_worker wf_lua_stdlib)
target_sources(bench_engine PRIVATE tests/bench/bench_rig.c
               tests/bench/bench_bare.c)
target_link_libraries(bench_engine PRIVATE PkgConfig::LMDB)
benchmark(map LINK wf_engine wf_worker wf_lua_stdlib)
target_sources(bench_map PRIVATE tests/bench/bench_rig.c)
benchmark(large LINK wf_engine wf_worker wf_lua_stdlib)
target_sources(bench_large PRIVATE tests/bench/bench_rig.c)
