# Unit tests: one program for each tests/core/test_NAME.c.
if(CMOCKA_FOUND)
  function(unit_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_executable(test_${name} tests/core/test_${name}.c ${ARG_SOURCES})
    target_include_directories(test_${name} PRIVATE tests/support)
    target_link_libraries(test_${name} PRIVATE ${ARG_LINK} PkgConfig::CMOCKA)
    add_test(NAME core/${name} COMMAND test_${name})
    if(CMAKE_INTERPROCEDURAL_OPTIMIZATION) # they run where sanitizers are
      set_target_properties(test_${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
  endfunction()
  unit_test(embedded LINK wf_embedded)
  target_compile_definitions(test_embedded PRIVATE
                             MOONSTEP_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  unit_test(options LINK wf_options)
  foreach(name progress progress_runs)
    unit_test(${name} SOURCES tests/support/progress_screen.c
              LINK wf_progress)
  endforeach()
  unit_test(event_lines LINK wf_event_lines)
  unit_test(findings LINK wf_findings)
  set(STORE_FIXTURE tests/support/store_fixture.c
      tests/support/store_memory.c)
  unit_test(store SOURCES ${STORE_FIXTURE} LINK wf_store)
  unit_test(store_lmdb SOURCES ${STORE_FIXTURE} tests/support/fault_io.c
            LINK wf_store)
  unit_test(store_wal LINK wf_store)
  unit_test(store_crash SOURCES ${STORE_FIXTURE} LINK wf_store)
  unit_test(backup SOURCES ${STORE_FIXTURE} LINK wf_backup)
  unit_test(event LINK wf_event)
  unit_test(event_pattern LINK wf_event_pattern)
  unit_test(time_zone LINK wf_schedule)
  unit_test(schedule_expression LINK wf_schedule)
  unit_test(doc LINK wf_doc)
  unit_test(lua_doc LINK wf_lua_doc)
  unit_test(lua_json LINK wf_lua_json)
  unit_test(service_models LINK wf_service_models)
  unit_test(script LINK wf_script)
  unit_test(http SOURCES tests/support/http_client.c LINK wf_http)
  unit_test(http_guard LINK wf_http)
  unit_test(credentials LINK wf_auth)
  unit_test(sigv4 LINK wf_auth)
  unit_test(audit LINK wf_audit)
  unit_test(triggers SOURCES tests/support/fake_engine.c
            tests/support/fake_engine_tasks.c
            tests/support/fake_engine_versions.c LINK wf_api)
  unit_test(execution_log LINK wf_log)
  unit_test(execution_log_http LINK wf_log)
  foreach(name api api_access api_machines api_map_runs api_schedules api_tasks api_test_state
          api_search api_validate api_versions)
    unit_test(${name} SOURCES tests/support/api_fixture.c
              tests/support/http_client.c tests/support/fake_engine.c
              tests/support/fake_engine_tasks.c
              tests/support/fake_engine_versions.c LINK wf_api)
  endforeach()
  unit_test(json_complaint LINK wf_doc)
  unit_test(ended LINK wf_engine)
  unit_test(stdlib_parts LINK wf_stdlib)
  unit_test(stdlib SOURCES tests/support/mini_worker.c
            tests/support/web.c tests/support/web_certificate.c
            LINK wf_lua_stdlib PkgConfig::MHD)
  target_compile_definitions(test_stdlib PRIVATE
                             MOONSTEP_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  unit_test(stdlib_worker SOURCES tests/support/web.c
            LINK wf_pool wf_worker wf_lua_stdlib PkgConfig::MHD)
  target_compile_definitions(test_stdlib_worker PRIVATE
                             MOONSTEP_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  unit_test(items LINK wf_items)
  foreach(name item_files item_settings item_writer)
    unit_test(${name} SOURCES tests/support/item_files.c LINK wf_items)
  endforeach()
  target_link_options(test_item_files PRIVATE -Wl,--wrap=syscall)
  unit_test(item_s3 SOURCES tests/support/item_files.c
            tests/support/s3_server.c LINK wf_items)
  target_compile_definitions(test_item_s3 PRIVATE
                             MOONSTEP_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  set_tests_properties(core/item_s3 PROPERTIES SKIP_RETURN_CODE 77)
  unit_test(recent LINK wf_engine)
  unit_test(reaper LINK wf_pool ${CMAKE_DL_LIBS})
  unit_test(pool SOURCES tests/support/pool_fixture.c
            LINK wf_pool wf_worker)
  unit_test(pool_faults SOURCES tests/support/pool_fixture.c
            LINK wf_pool wf_worker)
  set(ENGINE_FIXTURE tests/support/engine_fixture.c
      tests/support/engine_requests.c tests/support/store_gate.c
      tests/support/store_memory.c)
  foreach(name engine engine_revisions engine_names
          engine_park engine_tasks engine_recover engine_payloads
          engine_follow engine_hostile engine_lambda engine_search engine_bulk engine_logging
          engine_notifications
          engine_test_state
          map_api)
    unit_test(${name} SOURCES ${ENGINE_FIXTURE} LINK wf_engine wf_worker
              wf_lua_stdlib)
  endforeach()
  foreach(name engine_schedules engine_schedule_letters)
    unit_test(${name} SOURCES ${ENGINE_FIXTURE}
              tests/support/schedules.c LINK wf_engine wf_worker wf_lua_stdlib)
  endforeach()
  foreach(name engine_machines engine_tags engine_tokens
          engine_activities engine_nested engine_pause
          engine_signals engine_inspect)
    unit_test(${name} SOURCES ${ENGINE_FIXTURE}
              tests/support/machine_answers.c LINK wf_engine wf_worker
              wf_lua_stdlib)
  endforeach()
  foreach(name engine_versions engine_aliases)
    unit_test(${name} SOURCES ${ENGINE_FIXTURE}
              tests/support/machine_answers.c tests/support/version_answers.c
              LINK wf_engine wf_worker wf_lua_stdlib)
  endforeach()
  foreach(name engine_profile engine_branches engine_branches_fail
          engine_branches_park)
    unit_test(${name} SOURCES ${ENGINE_FIXTURE}
              tests/support/branches.c LINK wf_engine wf_worker
              wf_lua_stdlib)
  endforeach()
  unit_test(check SOURCES ${ENGINE_FIXTURE} tests/support/branches.c
            tests/support/checks.c tests/support/store_rows.c
            tests/support/item_files.c tests/support/map_runs.c
            tests/support/machine_answers.c tests/support/version_answers.c
            tests/support/schedules.c
            LINK wf_engine wf_worker wf_lua_stdlib)
  foreach(name engine_redrive engine_redrive_branches engine_redrive_fix
          engine_fork)
    unit_test(${name} SOURCES ${ENGINE_FIXTURE} tests/support/branches.c
              tests/support/redrives.c LINK wf_engine wf_worker
              wf_lua_stdlib)
  endforeach()
  unit_test(check_chain SOURCES ${ENGINE_FIXTURE} tests/support/branches.c
            tests/support/checks.c tests/support/store_rows.c tests/support/item_files.c
            tests/support/map_runs.c
            LINK wf_engine wf_worker wf_lua_stdlib)
  foreach(name engine_branches_recover engine_map_run engine_map_recover
          engine_map_files engine_map_park engine_map_stop
          engine_map_redrive engine_retention)
    unit_test(${name} SOURCES ${ENGINE_FIXTURE} tests/support/branches.c
              tests/support/item_files.c tests/support/map_runs.c
              LINK wf_engine wf_worker wf_lua_stdlib)
  endforeach()
  # --wrap does not reach calls that link-time optimisation has resolved.
  if(NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)
    unit_test(engine_large SOURCES ${ENGINE_FIXTURE} LINK wf_engine wf_worker
              wf_lua_stdlib)
    target_link_options(test_engine_large PRIVATE
                        -Wl,--wrap=wf_doc_scan,--wrap=wf_script_decide)
    unit_test(engine_definitions SOURCES ${ENGINE_FIXTURE} LINK wf_engine
              wf_worker wf_lua_stdlib)
    target_link_options(test_engine_definitions PRIVATE
                        -Wl,--wrap=wf_definition_check
                        -Wl,--wrap=wf_script_diagnose,--wrap=wf_graph_draw)
  endif()
endif()

# The table of the API's model is what its generator writes.
add_test(NAME core/api_model
         COMMAND ${CMAKE_SOURCE_DIR}/tests/core/test_api_model.sh)
set_tests_properties(core/api_model PROPERTIES SKIP_RETURN_CODE 77)

include(cmake/crash.cmake)
include(cmake/lua_tests.cmake)
