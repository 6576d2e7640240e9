# embed_lua(VAR): builds the Lua sources and the service models into the
# binary.
#
# Writes an assembler file that includes the bytes of every lua/**/*.lua and
# states/**/*.lua (without *.stub.lua) and of models/*.json.gz, and the table
# of core/base/embedded.h; VAR receives its name. A changed file assembles
# again, an added or removed one configures again.
enable_language(ASM)

function(embed_lua var)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS
       RELATIVE ${CMAKE_SOURCE_DIR}
       ${CMAKE_SOURCE_DIR}/lua/*.lua ${CMAKE_SOURCE_DIR}/states/*.lua
       ${CMAKE_SOURCE_DIR}/models/*.json.gz)
  list(FILTER files EXCLUDE REGEX "\\.stub\\.lua$")
  list(SORT files) # by bytes, as strcmp() does: wf_embedded_find() relies on it
  set(bytes "")
  set(rows "")
  set(depends "")
  set(number 0)
  foreach(file IN LISTS files)
    string(APPEND bytes
           ".Lpath_${number}: .asciz \"${file}\"\n"
           ".Lbytes_${number}: .incbin \"${CMAKE_SOURCE_DIR}/${file}\"\n"
           ".Lend_${number}: .byte 0\n")
    string(APPEND rows # .dc.a is as wide as a pointer, which size_t is too
           "    .dc.a .Lpath_${number}, .Lbytes_${number},"
           " .Lend_${number} - .Lbytes_${number}\n")
    list(APPEND depends ${CMAKE_SOURCE_DIR}/${file})
    math(EXPR number "${number} + 1")
  endforeach()
  set(output ${CMAKE_BINARY_DIR}/embedded_files.S)
  file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"/* Made by cmake/embed.cmake. */
    .section .note.GNU-stack,\"\",%progbits
    .section .rodata
${bytes}
    .balign 16
    .global wf_embedded_count
    .type wf_embedded_count, %object
    .size wf_embedded_count, 8
wf_embedded_count: .dc.a ${number}
    .section .data.rel.ro.local,\"aw\",%progbits
    .balign 16
    .global wf_embedded_files
    .type wf_embedded_files, %object
wf_embedded_files:
${rows}    .size wf_embedded_files, . - wf_embedded_files
")
  set_source_files_properties(${output} PROPERTIES
                              OBJECT_DEPENDS "${depends}")
  set(${var} ${output} PARENT_SCOPE)
endfunction()
