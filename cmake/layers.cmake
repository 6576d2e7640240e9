# The layers of the engine, lowest first. A file belongs to one layer.
layer(wf_base SOURCES core/base/base.c core/base/arn.c core/base/clock.c
      core/base/profile.c)
# When schedules fire: time zones and expressions.
layer(wf_schedule SOURCES core/calendar/calendar.c core/calendar/time_zone.c
      core/calendar/time_zone_rule.c core/calendar/time_zone_file.c
      core/calendar/schedule_cron.c core/calendar/schedule_cron_parse.c
      core/calendar/schedule_expression.c core/calendar/schedule_policy.c
      LINK wf_base)
layer(wf_doc SOURCES core/base/doc.c core/base/doc_scan.c core/base/doc_value.c
      core/base/doc_equal.c core/base/doc_path.c core/base/json_complaint.c
      LINK wf_base m)
layer(wf_regex SOURCES core/base/regex.c
      LINK wf_base PkgConfig::PCRE2)
layer(wf_lua_json SOURCES core/lua/lua_json.c core/lua/lua_json_encode.c
      core/lua/lua_json_merge.c
      LINK wf_doc PkgConfig::LUAJIT)
layer(wf_lua_doc SOURCES core/lua/lua_doc.c core/lua/lua_doc_budget.c
      core/lua/lua_doc_from.c core/lua/lua_doc_template.c
      core/lua/lua_doc_hash.c core/lua/lua_doc_regex.c
      LINK wf_lua_json wf_regex PkgConfig::CRYPTO)

layer(wf_lua_jsonata SOURCES core/lua/lua_jsonata.c
      core/lua/lua_jsonata_decode.c core/lua/lua_jsonata_encode.c
      core/lua/lua_jsonata_merge.c core/lua/lua_jsonata_columns.c
      core/lua/lua_jsonata_recent.c core/lua/lua_regex.c
      LINK wf_lua_doc wf_regex)

include(cmake/embed.cmake)
embed_lua(EMBEDDED_SOURCE)
layer(wf_embedded SOURCES core/base/embedded.c ${EMBEDDED_SOURCE}
      LINK wf_base)
layer(wf_service_models SOURCES core/base/service_models.c
      core/lua/lua_service_models.c
      LINK wf_lua_doc wf_embedded PkgConfig::ZLIB)
layer(wf_event SOURCES core/base/json_write.c core/event/event.c
      core/event/event_json.c core/event/event_level.c core/event/inspection.c
      LINK wf_base)

layer(wf_event_pattern SOURCES core/event/event_pattern.c
      LINK wf_doc)

layer(wf_options SOURCES core/cli/options.c core/cli/options_commands.c
      core/cli/options_table.c
      core/cli/options_help.c core/cli/options_man.c core/base/suggest.c
      LINK wf_base)
layer(wf_progress SOURCES core/cli/progress.c core/cli/progress_draw.c
      core/cli/progress_lines.c core/cli/progress_runs.c
      core/cli/progress_tree.c core/cli/term.c
      LINK wf_event)
layer(wf_http SOURCES core/http/http.c core/http/http_access.c
      core/http/http_guard.c core/http/http_listen.c core/http/http_request.c
      core/http/http_tls.c core/http/http_connection.c core/http/peer.c
      LINK wf_base PkgConfig::MHD PkgConfig::CRYPTO ev)
layer(wf_private_file SOURCES core/base/private_file.c
      LINK wf_base)
# Who may do what: keys, roles, signatures.
layer(wf_auth SOURCES core/auth/role.c core/auth/credentials.c
      core/auth/sigv4.c core/auth/sigv4_verify.c
      LINK wf_schedule wf_private_file PkgConfig::CRYPTO)

# Fault points are part of debug builds only.
layer(wf_store SOURCES core/store/batch.c core/store/store.c
      core/store/store_lmdb.c core/store/store_env.c core/store/store_lock.c
      core/store/store_walk.c core/store/store_write.c
      core/store/store_committer.c core/store/store_reader.c
      core/store/store_version.c core/store/store_open.c core/store/store_txn.c
      core/store/store_wal.c core/store/store_crc.c core/store/store_touched.c
      core/store/store_view.c
      LINK wf_base ev PkgConfig::LMDB Threads::Threads)
target_compile_definitions(wf_store PUBLIC $<$<CONFIG:Debug>:WF_FAULTS>)
layer(wf_backup SOURCES core/store/backup.c core/store/backup_writer.c
      LINK wf_store wf_stdlib)
layer(wf_audit SOURCES core/auth/audit.c core/auth/audit_verify.c
      LINK wf_auth wf_offload wf_stdlib)
# Lines of logs, on their way out.
layer(wf_log SOURCES core/log/execution_log.c core/log/log_file.c
      core/log/log_directory.c core/log/log_http.c core/log/log_headers.c
      LINK wf_stdlib wf_private_file PkgConfig::CRYPTO)
# What starts executions beside calls: webhooks, watched directories.
layer(wf_triggers SOURCES core/triggers/hook_auth.c
      core/triggers/hook_event.c core/triggers/hooks.c
      core/triggers/trigger_file.c core/triggers/trigger_list.c
      core/triggers/trigger_read.c core/triggers/trigger_reader.c
      core/triggers/triggers.c core/triggers/watch.c
      core/triggers/watch_files.c core/triggers/watch_jobs.c
      core/triggers/watch_start.c
      LINK wf_audit wf_offload wf_http wf_doc wf_event wf_private_file
      PkgConfig::CRYPTO m)
layer(wf_api SOURCES core/api/api.c core/api/api_call.c core/api/api_trail.c
      core/api/api_validate.c core/api/api_model.c core/api/api_own.c
      core/api/api_executions.c core/api/api_state_machines.c
      core/api/api_settings.c core/api/api_tags.c core/api/api_events.c
      core/api/api_map_runs.c core/api/api_tasks.c core/api/api_activities.c
      core/api/api_graph.c core/api/api_search.c core/api/api_pause.c
      core/api/api_redrive.c core/api/api_bulk.c core/api/api_inspect.c
      core/api/api_triggers.c core/api/api_versions.c
      core/api/metrics.c core/api/api_backup.c core/api/api_notifications.c
      core/api/api_test_state.c
      core/api/api_rest.c core/api/api_schedules.c
      core/api/api_scheduler_model.c
      LINK wf_triggers wf_audit wf_offload wf_http wf_doc wf_regex wf_event wf_schedule)

# Task handlers: the engine's side of the worker processes, and the worker.
layer(wf_wire SOURCES core/pool/wire.c core/pool/pool_reap.c
      LINK wf_base)
layer(wf_pool SOURCES core/pool/pool.c core/pool/pool_message.c
      core/pool/pool_process.c core/pool/reaper.c
      LINK wf_wire wf_offload ev)
layer(wf_worker SOURCES core/worker/worker.c core/worker/worker_task.c
      core/worker/worker_child.c core/worker/worker_log.c
      core/worker/lua_worker.c core/worker/lua_coroutine.c
      core/worker/lua_failure.c core/worker/lua_bundle.c
      core/worker/lua_handle.c core/worker/lua_lambda.c
      core/worker/lua_http_task.c core/worker/lua_aws.c
      LINK wf_wire wf_service_models wf_lua_doc wf_embedded wf_private_file ev
      PkgConfig::LUAJIT PkgConfig::CRYPTO cjson)

# The standard library of handlers: C without Lua, and its Lua modules. The
# program links wf_lua_stdlib and, for worker.h, wf_worker.
layer(wf_offload SOURCES core/base/offload.c
      LINK wf_base ev Threads::Threads)
layer(wf_stdlib SOURCES core/base/clip.c core/base/file.c core/base/file_tree.c
      core/base/file_copy.c core/http/fetch.c core/http/fetch_request.c
      core/http/fetch_response.c core/http/fetch_multi.c
      core/http/fetch_guard.c core/http/sender.c core/http/secret_key.c
      LINK wf_offload PkgConfig::CURL PkgConfig::CRYPTO)
# Readers of a distributed Map's items, writers of its results; no engine,
# no Lua.
layer(wf_items SOURCES core/items/item_source.c core/items/item_gunzip.c
      core/items/item_bucket.c core/items/item_directory.c
      core/items/item_folder.c core/items/item_window.c
      core/items/item_parser.c core/items/item_csv.c core/items/item_json.c
      core/items/item_jsonl.c core/items/item_list.c core/items/item_manifest.c
      core/items/item_reader.c core/items/item_reader_async.c
      core/items/item_writer.c core/items/item_writer_async.c
      core/items/item_result.c core/items/item_settings.c
      core/items/item_batcher.c core/items/item_s3.c
      core/items/item_s3_request.c core/items/item_s3_xml.c
      core/items/item_s3_list.c core/items/item_s3_folder.c
      LINK wf_doc wf_offload PkgConfig::ZLIB PkgConfig::CURL PkgConfig::CRYPTO
      PkgConfig::EXPAT)
layer(wf_lua_stdlib SOURCES core/worker/lua_stdlib.c core/worker/lua_task.c
      core/worker/lua_exec.c core/worker/lua_fs.c core/worker/lua_http.c
      LINK wf_stdlib wf_lua_json wf_embedded PkgConfig::LUAJIT)

layer(wf_script SOURCES core/lua/lua_script.c core/lua/lua_ctx.c
      core/lua/lua_decide.c core/lua/lua_graph.c core/lua/lua_eval.c
      core/lua/lua_check.c core/lua/lua_help.c core/lua/lua_test_state.c
      LINK wf_lua_doc wf_lua_jsonata wf_service_models wf_embedded wf_event
      PkgConfig::LUAJIT)
# Histories for people.
layer(wf_event_lines SOURCES core/cli/event_lines.c core/cli/event_scopes.c
      LINK wf_progress wf_doc)
# What is wrong with a definition, for people.
layer(wf_findings SOURCES core/cli/findings.c core/cli/locate.c core/cli/hint.c
      LINK wf_script wf_options wf_progress)
layer(wf_engine SOURCES core/engine/engine.c core/engine/commit.c
      core/engine/table.c core/engine/keys.c core/engine/tail.c
      core/engine/chain.c
      core/engine/execution.c core/engine/caller.c core/engine/frame.c
      core/engine/fork.c core/engine/children.c core/engine/results.c
      core/engine/maps/map_run.c core/engine/maps/map_turn.c
      core/engine/maps/map_items.c core/engine/maps/map_children.c
      core/engine/maps/map_results.c core/engine/maps/map_stop.c
      core/engine/maps/map_redrive.c core/engine/sweep.c core/engine/rebuild.c
      core/engine/rebuild_fix.c core/engine/rebuild_frames.c
      core/engine/past.c core/engine/redrive_fix.c
      core/engine/redrive.c core/engine/redrive_read.c
      core/engine/redrive_frames.c core/engine/fork_execution.c
      core/engine/fork_history.c core/engine/pause.c core/engine/signals.c core/engine/signal.c
      core/engine/inspect.c
      core/engine/machines/machine_pause.c core/engine/docs.c core/engine/transition.c
      core/engine/ask.c core/engine/end.c core/engine/task.c
      core/engine/task_news.c core/engine/task_ask.c core/engine/task_table.c
      core/engine/survivors.c core/engine/token.c core/engine/activity.c
      core/engine/activity_make.c core/engine/poll.c core/engine/nested.c
      core/engine/nested_end.c core/engine/nested_text.c core/engine/timer.c
      core/engine/park.c core/engine/load.c core/engine/load_docs.c
      core/engine/recover.c core/engine/machines/machine.c
      core/engine/machines/machine_rows.c core/engine/machines/machine_make.c
      core/engine/machines/label_refusal.c core/engine/machines/definition.c
      core/engine/test_state.c core/engine/test_run.c core/engine/test_map.c
      core/engine/machines/machine_read.c core/engine/machines/machine_list.c
      core/engine/machines/machine_delete.c core/engine/machines/machine_tags.c
      core/engine/machines/machine_old.c core/engine/stop.c
      core/engine/machines/qualifiers.c core/engine/machines/qualify.c
      core/engine/machines/version.c core/engine/machines/alias.c
      core/engine/machines/alias_list.c core/engine/machines/name_token.c
      core/engine/call.c core/engine/ended.c
      core/engine/refusal.c core/engine/bundle.c core/engine/bundles.c
      core/engine/begin.c core/engine/start.c core/engine/start_name.c
      core/engine/shape.c core/engine/find.c core/engine/read.c
      core/engine/lister.c core/engine/listed.c core/engine/listing.c
      core/engine/search.c core/engine/bulk.c core/engine/search_merge.c
      core/engine/search_where.c core/engine/maps/map_find.c
      core/engine/maps/map_read.c core/engine/maps/map_update.c
      core/engine/wait.c core/engine/follow.c core/engine/history.c
      core/engine/observe.c core/engine/observe_docs.c core/engine/logging.c
      core/engine/recent.c core/engine/evaluate.c core/engine/decider.c
      core/engine/deciding.c core/engine/engine_backup.c
      core/engine/retention.c core/engine/schedules/schedules.c
      core/engine/schedules/schedule_image.c
      core/engine/schedules/schedule_turn.c
      core/engine/schedules/schedule_plan.c
      core/engine/schedules/schedule_make.c
      core/engine/schedules/schedule_list.c
      core/engine/schedules/schedule_groups.c
      core/engine/schedules/schedule_fire.c
      core/engine/schedules/schedule_start.c
      core/engine/schedules/schedule_target.c
      core/engine/schedules/schedule_letter.c
      core/engine/schedules/schedule_letters.c
      core/engine/schedules/schedule_express.c
      core/engine/check/check.c core/engine/check/check_tables.c
      core/engine/check/check_executions.c core/engine/check/check_history.c
      core/engine/check/check_chain.c core/engine/check/check_frames.c
      core/engine/check/check_lists.c
      core/engine/notifications/notifications.c
      core/engine/notifications/notification_targets.c
      core/engine/notifications/notification_event.c
      core/engine/notifications/notification_queue.c
      core/engine/notifications/notification_entry.c
      core/engine/notifications/notification_prepare.c
      core/engine/notifications/notification_send.c
      core/engine/notifications/notification_dead.c
      LINK wf_schedule wf_event_pattern wf_stdlib wf_private_file wf_offload
      wf_log wf_items wf_script
      wf_store wf_backup wf_pool wf_event PkgConfig::CRYPTO)

# The commands; the program itself is this and main.c.
layer(wf_cli SOURCES core/cli/cli.c core/cli/cli_client.c core/cli/cli_http.c
      core/cli/cli_follow.c core/cli/cli_machines.c core/cli/cli_map_runs.c
      core/cli/cli_pages.c core/cli/cli_stats.c core/cli/cli_top.c core/cli/cli_backup.c
      core/cli/cli_check.c core/cli/cli_notifications.c core/cli/cli_pause.c
      core/cli/cli_signal.c core/cli/cli_vars.c
      core/cli/cli_redrive.c core/cli/cli_fork.c core/cli/cli_search.c core/cli/cli_send.c
      core/cli/cli_session.c core/cli/cli_stop.c core/cli/cli_schedule.c
      core/cli/cli_versions.c core/cli/cli_run.c core/cli/cli_run_maps.c
      core/cli/cli_run_steps.c core/cli/cli_run_store.c core/cli/cli_eval.c
      core/cli/cli_test_state.c core/cli/cli_test_engine.c core/cli/cli_graph.c
      core/cli/cli_serve.c core/cli/cli_serve_log.c
      core/cli/cli_serve_triggers.c
      core/cli/cli_serve_workflows.c
      core/cli/cli_triggers.c core/cli/cli_security.c core/cli/cli_verify.c
      core/cli/cli_verify_store.c
      core/cli/cli_validate.c core/cli/cli_version.c core/cli/cli_worker.c
      core/cli/cli_worker_call.c core/cli/cli_worker_poll.c
      core/cli/cli_worker_task.c core/cli/cli_help_asl.c core/cli/cli_files.c
      core/cli/lua_workflow.c core/cli/cli_new.c
      core/cli/notify.c core/cli/lua_version.c
      LINK wf_findings wf_event_lines wf_options wf_progress wf_api wf_engine
      wf_log wf_doc wf_store wf_stdlib wf_items PkgConfig::CURL
      PkgConfig::CRYPTO PkgConfig::LUAJIT PkgConfig::PCRE2 PkgConfig::ZLIB
      PkgConfig::EXPAT)
target_compile_definitions(wf_cli PRIVATE
                           MOONSTEP_VERSION="${PROJECT_VERSION}")
add_executable(moonstep core/cli/main.c)
target_compile_definitions(moonstep PRIVATE
                           MOONSTEP_VERSION="${PROJECT_VERSION}")
target_link_libraries(moonstep wf_cli wf_worker wf_lua_stdlib)
