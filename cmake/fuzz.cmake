# Fuzz targets (libFuzzer, so clang): one for each tests/fuzz/fuzz_NAME.c, in
# the build that -DMOONSTEP_FUZZ=ON makes. Corpora: tests/fuzz/corpus/NAME.
option(MOONSTEP_FUZZ "Build the fuzz targets (needs clang)" OFF)

add_custom_target(fuzz_all) # what ./dev builds

# fuzz_target(NAME LINK LAYER...)
function(fuzz_target name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  if(NOT MOONSTEP_FUZZ)
    return()
  endif()
  add_executable(fuzz_${name} tests/fuzz/fuzz_${name}.c ${ARG_SOURCES})
  target_include_directories(fuzz_${name} PRIVATE tests/support)
  target_link_libraries(fuzz_${name} PRIVATE ${ARG_LINK})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzz_all fuzz_${name})
endfunction()
fuzz_target(http SOURCES tests/support/fake_engine.c
            tests/support/fake_engine_tasks.c
            tests/support/fake_engine_versions.c LINK wf_api)
fuzz_target(validate LINK wf_api)
fuzz_target(doc LINK wf_doc)
fuzz_target(json LINK wf_lua_json)
fuzz_target(definition LINK wf_script)
fuzz_target(items LINK wf_items)
fuzz_target(item_settings LINK wf_items)
fuzz_target(jsonata LINK wf_script)
fuzz_target(schedule LINK wf_schedule)
fuzz_target(sigv4 LINK wf_auth)
fuzz_target(triggers SOURCES tests/support/fake_engine.c
            tests/support/fake_engine_tasks.c
            tests/support/fake_engine_versions.c LINK wf_api)
