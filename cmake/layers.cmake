# The layers of the engine, lowest first. A file belongs to one layer.
layer(wf_base SOURCES core/base.c core/clock.c core/profile.c)
# When schedules fire: time zones and expressions.
layer(wf_schedule SOURCES core/calendar.c core/time_zone.c
      core/time_zone_rule.c core/time_zone_file.c core/schedule_cron.c
      core/schedule_cron_parse.c core/schedule_expression.c
      core/schedule_policy.c
      LINK wf_base)
layer(wf_doc SOURCES core/doc.c core/doc_scan.c core/doc_value.c
      core/doc_equal.c core/doc_path.c core/json_complaint.c
      LINK wf_base m)
layer(wf_regex SOURCES core/regex.c LINK wf_base PkgConfig::PCRE2)
layer(wf_lua_json SOURCES core/lua_json.c core/lua_json_encode.c
      core/lua_json_merge.c LINK wf_doc PkgConfig::LUAJIT)
layer(wf_lua_doc SOURCES core/lua_doc.c core/lua_doc_budget.c core/lua_doc_from.c
      core/lua_doc_template.c core/lua_doc_hash.c core/lua_doc_regex.c
      LINK wf_lua_json wf_regex PkgConfig::CRYPTO)

layer(wf_lua_jsonata SOURCES core/lua_jsonata.c core/lua_jsonata_decode.c
      core/lua_jsonata_encode.c core/lua_jsonata_merge.c
      core/lua_jsonata_columns.c core/lua_jsonata_recent.c core/lua_regex.c
      LINK wf_lua_doc wf_regex)

include(cmake/embed.cmake)
embed_lua(EMBEDDED_SOURCE)
layer(wf_embedded SOURCES core/embedded.c ${EMBEDDED_SOURCE} LINK wf_base)
layer(wf_service_models SOURCES core/service_models.c
      core/lua_service_models.c
      LINK wf_lua_doc wf_embedded PkgConfig::ZLIB)
layer(wf_event SOURCES core/json_write.c core/event.c core/event_json.c
      core/event_level.c
      core/inspection.c
      LINK wf_base)

layer(wf_options SOURCES core/options.c core/options_table.c
      core/options_help.c core/options_man.c core/suggest.c LINK wf_base)
layer(wf_progress SOURCES core/progress.c core/progress_draw.c
      core/progress_lines.c core/progress_runs.c core/progress_tree.c
      core/term.c LINK wf_event)
layer(wf_http SOURCES core/http.c core/http_access.c core/http_guard.c
                      core/http_listen.c core/http_request.c core/http_tls.c
                      core/http_connection.c core/peer.c
      LINK wf_base PkgConfig::MHD PkgConfig::CRYPTO ev)
layer(wf_private_file SOURCES core/private_file.c LINK wf_base)
# Who may do what: keys, roles, signatures.
layer(wf_auth SOURCES core/role.c core/credentials.c
      core/sigv4.c core/sigv4_verify.c
      LINK wf_schedule wf_private_file PkgConfig::CRYPTO)

# Fault points are part of debug builds only.
layer(wf_store SOURCES core/batch.c core/store.c core/store_lmdb.c
      core/store_env.c core/store_lock.c core/store_walk.c core/store_write.c
      core/store_committer.c core/store_reader.c core/store_version.c
      core/store_open.c core/store_txn.c core/store_wal.c core/store_crc.c
      core/store_touched.c
      LINK wf_base ev PkgConfig::LMDB Threads::Threads)
target_compile_definitions(wf_store PUBLIC $<$<CONFIG:Debug>:WF_FAULTS>)
layer(wf_backup SOURCES core/backup.c core/backup_writer.c
      LINK wf_store wf_stdlib)
layer(wf_audit SOURCES core/audit.c core/audit_verify.c
      LINK wf_auth wf_offload wf_stdlib)
# Lines of logs, on their way to a file.
layer(wf_log SOURCES core/execution_log.c LINK wf_offload)
layer(wf_api SOURCES core/api.c core/api_call.c core/api_trail.c core/api_validate.c
      core/api_model.c core/api_own.c core/api_executions.c
      core/api_state_machines.c core/api_settings.c core/api_tags.c
      core/api_events.c core/api_map_runs.c core/api_tasks.c
      core/api_activities.c core/api_graph.c core/api_search.c
      core/api_versions.c core/metrics.c core/api_backup.c core/api_test_state.c
      core/api_rest.c core/api_schedules.c core/api_scheduler_model.c
      LINK wf_audit wf_offload wf_http wf_doc wf_regex wf_event wf_schedule)

# Task handlers: the engine's side of the worker processes, and the worker.
layer(wf_wire SOURCES core/wire.c core/pool_reap.c LINK wf_base)
layer(wf_pool SOURCES core/pool.c core/pool_message.c core/pool_process.c
      core/reaper.c
      LINK wf_wire wf_offload ev)
layer(wf_worker SOURCES core/worker.c core/worker_task.c core/worker_child.c
      core/worker_log.c core/lua_worker.c core/lua_coroutine.c
      core/lua_failure.c core/lua_bundle.c core/lua_handle.c
      core/lua_lambda.c core/lua_http_task.c core/lua_aws.c
      LINK wf_wire wf_service_models wf_lua_doc wf_embedded wf_private_file ev
      PkgConfig::LUAJIT PkgConfig::CRYPTO
      cjson)

# The standard library of handlers: C without Lua, and its Lua modules. The
# program links wf_lua_stdlib and, for worker.h, wf_worker.
layer(wf_offload SOURCES core/offload.c LINK wf_base ev Threads::Threads)
layer(wf_stdlib SOURCES core/clip.c core/file.c
      core/file_tree.c core/file_copy.c core/fetch.c core/fetch_request.c
      core/fetch_response.c core/fetch_multi.c core/fetch_guard.c
      LINK wf_offload PkgConfig::CURL PkgConfig::CRYPTO)
# Readers of a distributed Map's items, writers of its results; no engine,
# no Lua.
layer(wf_items SOURCES core/item_source.c core/item_gunzip.c
      core/item_bucket.c core/item_directory.c core/item_folder.c
      core/item_window.c core/item_parser.c core/item_csv.c core/item_json.c
      core/item_jsonl.c core/item_list.c core/item_manifest.c
      core/item_reader.c core/item_reader_async.c core/item_writer.c
      core/item_writer_async.c core/item_result.c core/item_settings.c
      core/item_batcher.c
      core/item_s3.c core/item_s3_request.c core/item_s3_xml.c
      core/item_s3_list.c core/item_s3_folder.c
      LINK wf_doc wf_offload PkgConfig::ZLIB PkgConfig::CURL
           PkgConfig::CRYPTO PkgConfig::EXPAT)
layer(wf_lua_stdlib SOURCES core/lua_stdlib.c core/lua_task.c
      core/lua_exec.c core/lua_fs.c core/lua_http.c
      LINK wf_stdlib wf_lua_json wf_embedded PkgConfig::LUAJIT)

layer(wf_script SOURCES core/lua_script.c core/lua_ctx.c core/lua_decide.c
      core/lua_graph.c core/lua_eval.c
      core/lua_check.c core/lua_help.c core/lua_test_state.c
      LINK wf_lua_doc wf_lua_jsonata wf_service_models wf_embedded wf_event
      PkgConfig::LUAJIT)
# Histories for people.
layer(wf_event_lines SOURCES core/event_lines.c core/event_scopes.c
      LINK wf_progress wf_doc)
# What is wrong with a definition, for people.
layer(wf_findings SOURCES core/findings.c core/locate.c core/hint.c
      LINK wf_script wf_options wf_progress)
layer(wf_engine SOURCES core/engine.c core/commit.c core/table.c core/keys.c
      core/tail.c core/execution.c core/caller.c core/frame.c core/fork.c core/children.c
      core/results.c core/map_run.c core/map_turn.c core/map_items.c
      core/map_children.c core/map_results.c core/map_stop.c
      core/map_redrive.c
      core/sweep.c core/rebuild.c core/redrive.c core/redrive_read.c
      core/redrive_frames.c core/docs.c core/transition.c core/ask.c
      core/end.c core/task.c core/task_news.c
      core/task_ask.c core/task_table.c core/survivors.c core/token.c
      core/activity.c core/activity_make.c core/poll.c
      core/nested.c core/nested_end.c core/nested_text.c core/timer.c
      core/park.c core/load.c
      core/load_docs.c core/recover.c
      core/machine.c core/machine_rows.c core/machine_make.c
      core/label_refusal.c
      core/definition.c core/test_state.c core/test_run.c core/test_map.c
      core/machine_read.c core/machine_list.c core/machine_delete.c
      core/machine_tags.c core/machine_old.c core/stop.c
      core/qualifiers.c core/qualify.c core/version.c core/alias.c
      core/alias_list.c core/name_token.c
      core/arn.c core/call.c core/ended.c core/refusal.c core/bundle.c
      core/bundles.c
      core/start.c core/find.c core/read.c core/lister.c
      core/listed.c core/listing.c
      core/search.c core/search_merge.c core/search_where.c
      core/map_find.c core/map_read.c core/map_update.c core/wait.c core/follow.c
      core/history.c core/observe.c core/observe_docs.c core/logging.c
      core/recent.c core/evaluate.c
      core/decider.c core/deciding.c core/engine_backup.c core/retention.c
      core/schedules.c core/schedule_image.c core/schedule_turn.c
      core/schedule_plan.c core/schedule_make.c core/schedule_list.c
      core/schedule_groups.c core/schedule_fire.c core/schedule_start.c
      core/schedule_target.c
      LINK wf_schedule wf_private_file wf_offload wf_log wf_items wf_script
      wf_store wf_backup wf_pool wf_event
      PkgConfig::CRYPTO)

# The commands; the program itself is this and main.c.
layer(wf_cli SOURCES core/cli.c core/cli_client.c core/cli_http.c
      core/cli_follow.c core/cli_machines.c core/cli_map_runs.c core/cli_pages.c
      core/cli_stats.c core/cli_backup.c core/cli_redrive.c core/cli_search.c core/cli_send.c
      core/cli_session.c core/cli_stop.c core/cli_schedule.c core/cli_versions.c
      core/cli_run.c core/cli_run_maps.c core/cli_run_steps.c core/cli_run_store.c
      core/cli_eval.c core/cli_test_state.c core/cli_test_engine.c
      core/cli_graph.c core/cli_serve.c core/cli_security.c
      core/cli_verify.c core/cli_validate.c core/cli_version.c
      core/cli_worker.c core/cli_worker_call.c core/cli_worker_poll.c
      core/cli_worker_task.c
      core/cli_help_asl.c core/cli_files.c core/notify.c
      core/lua_version.c
      LINK wf_findings wf_event_lines wf_options wf_progress wf_api wf_engine
      wf_log
      wf_doc wf_store wf_stdlib wf_items
      PkgConfig::CURL PkgConfig::CRYPTO PkgConfig::LUAJIT PkgConfig::PCRE2
      PkgConfig::ZLIB PkgConfig::EXPAT)
target_compile_definitions(wf_cli PRIVATE
                           MOONSTEP_VERSION="${PROJECT_VERSION}")
add_executable(moonstep core/main.c)
target_compile_definitions(moonstep PRIVATE
                           MOONSTEP_VERSION="${PROJECT_VERSION}")
target_link_libraries(moonstep wf_cli wf_worker wf_lua_stdlib)
