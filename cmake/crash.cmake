# Programs of tests/crash: built with everything else, run by its scripts.
foreach(preloaded powerloss_record write_faults)
  add_library(${preloaded} MODULE tests/crash/${preloaded}.c)
  target_link_libraries(${preloaded} PRIVATE ${CMAKE_DL_LIBS})
  set_target_properties(${preloaded} PROPERTIES
                        C_VISIBILITY_PRESET hidden
                        INTERPROCEDURAL_OPTIMIZATION OFF)
endforeach()
add_executable(powerloss_check tests/crash/powerloss_check.c
               tests/crash/powerloss_disk.c)
if(TARGET wf_store)
  add_executable(powerloss_store tests/crash/powerloss_store.c)
  target_link_libraries(powerloss_store PRIVATE wf_store ${CMAKE_DL_LIBS})
  add_executable(leftovers tests/crash/leftovers.c core/engine/keys.c)
  target_link_libraries(leftovers PRIVATE wf_store)
endif()
