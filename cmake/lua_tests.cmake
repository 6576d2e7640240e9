# The module "wf.doc" for specs that run in luajit, not in the engine: a
# library of its own, in lua_modules/wf/doc.so. Not under sanitizers, which a
# foreign process cannot load.
if(NOT MOONSTEP_SANITIZE)
  set(core ${CMAKE_SOURCE_DIR}/core)
  file(GLOB doc_sources CONFIGURE_DEPENDS ${core}/base/doc_*.c
       ${core}/lua/lua_doc*.c ${core}/lua/lua_json*.c)
  add_library(wf_doc_module MODULE tests/support/wf_doc_module.c
              ${doc_sources} core/lua/lua_regex.c
              core/lua/lua_service_models.c core/base/base.c core/base/clock.c
              core/base/doc.c core/base/embedded.c core/base/json_write.c
              core/base/regex.c core/base/service_models.c ${EMBEDDED_SOURCE})
  target_include_directories(wf_doc_module PRIVATE ${CORE_FOLDERS})
  target_link_libraries(wf_doc_module PRIVATE PkgConfig::CRYPTO
                        PkgConfig::PCRE2 PkgConfig::ZLIB m)
  target_compile_options(wf_doc_module PRIVATE ${LUAJIT_CFLAGS})
  set_target_properties(wf_doc_module PROPERTIES PREFIX "" OUTPUT_NAME doc
    INTERPROCEDURAL_OPTIMIZATION OFF
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lua_modules/wf)
endif()
