# The layers of the engine, lowest first. A file belongs to one layer.
layer(wf_base SOURCES core/base.c core/clock.c)
layer(wf_doc SOURCES core/doc.c core/doc_scan.c core/doc_value.c
      core/doc_equal.c core/doc_path.c
      LINK wf_base m)
layer(wf_lua_json SOURCES core/lua_json.c core/lua_json_encode.c
      core/lua_json_merge.c LINK wf_doc PkgConfig::LUAJIT)
layer(wf_lua_doc SOURCES core/lua_doc.c core/lua_doc_from.c
      core/lua_doc_template.c LINK wf_lua_json)

include(cmake/embed.cmake)
embed_lua(EMBEDDED_SOURCE)
layer(wf_embedded SOURCES core/embedded.c ${EMBEDDED_SOURCE} LINK wf_base)
layer(wf_event SOURCES core/json_write.c core/event.c core/event_json.c
      LINK wf_base)

layer(wf_options SOURCES core/options.c core/options_table.c
      core/options_help.c core/suggest.c LINK wf_base)
layer(wf_progress SOURCES core/progress.c core/progress_draw.c
      core/progress_lines.c core/term.c LINK wf_event)
layer(wf_http SOURCES core/http.c core/http_guard.c core/http_listen.c
                      core/peer.c
      LINK wf_base PkgConfig::MHD ev)

# Fault points are part of debug builds only.
layer(wf_store SOURCES core/batch.c core/store.c core/store_lmdb.c
      core/store_env.c core/store_lock.c core/store_walk.c core/store_write.c
      core/store_committer.c core/store_reader.c
      LINK wf_base ev PkgConfig::LMDB Threads::Threads)
target_compile_definitions(wf_store PUBLIC $<$<CONFIG:Debug>:WF_FAULTS>)
layer(wf_api SOURCES core/api.c core/api_call.c core/api_executions.c
                     core/api_state_machines.c
      LINK wf_http wf_doc wf_event)
