# The module "wf.doc" for specs that run in luajit, not in the engine: a
# library of its own, in lua_modules/wf/doc.so. Not under sanitizers, which a
# foreign process cannot load.
if(NOT MOONSTEP_SANITIZE)
  file(GLOB doc_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/core/doc_*.c
       ${CMAKE_SOURCE_DIR}/core/lua_doc*.c ${CMAKE_SOURCE_DIR}/core/lua_json*.c)
  add_library(wf_doc_module MODULE tests/support/wf_doc_module.c
              ${doc_sources} core/lua_regex.c core/doc.c core/base.c core/clock.c
              core/json_write.c core/regex.c core/service_models.c
              core/lua_service_models.c core/embedded.c ${EMBEDDED_SOURCE})
  target_include_directories(wf_doc_module PRIVATE core)
  target_link_libraries(wf_doc_module PRIVATE PkgConfig::CRYPTO
                        PkgConfig::PCRE2 PkgConfig::ZLIB m)
  target_compile_options(wf_doc_module PRIVATE ${LUAJIT_CFLAGS})
  set_target_properties(wf_doc_module PROPERTIES PREFIX "" OUTPUT_NAME doc
    INTERPROCEDURAL_OPTIMIZATION OFF
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lua_modules/wf)
endif()
