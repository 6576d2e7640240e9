# What `cmake --install` and `cpack` take: the program, its manual page, its
# configuration with every setting as a comment, the systemd unit.
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY TRUE) # not the tests and benchmarks
set(PACKAGED ${CMAKE_BINARY_DIR}/packaged)
add_custom_command(
  OUTPUT ${PACKAGED}/moonstep.1.gz ${PACKAGED}/moonstep.conf
  COMMAND ${CMAKE_COMMAND} -E make_directory ${PACKAGED}
  COMMAND sh -c "\"$0\" help man | gzip -9n >\"$1\"/moonstep.1.gz"
          $<TARGET_FILE:moonstep> ${PACKAGED}
  COMMAND sh -c "\"$0\" help config >\"$1\"/moonstep.conf"
          $<TARGET_FILE:moonstep> ${PACKAGED}
  DEPENDS moonstep VERBATIM)
add_custom_target(packaged DEPENDS ${PACKAGED}/moonstep.1.gz
                  ${PACKAGED}/moonstep.conf)

install(TARGETS moonstep RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PACKAGED}/moonstep.1.gz
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PACKAGED}/moonstep.conf DESTINATION /etc/moonstep)
install(FILES packaging/moonstep.service packaging/moonstep.socket
        DESTINATION /lib/systemd/system)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME moonstep)
set(CPACK_PACKAGE_VENDOR Moonstep)
set(CPACK_PACKAGE_CONTACT "Moonstep <moonstep@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
    "durable, Lua-scriptable workflow engine with the Step Functions API")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/packaging/postinst
    ${CMAKE_SOURCE_DIR}/packaging/prerm
    ${CMAKE_BINARY_DIR}/packaged/conffiles)
file(WRITE ${CMAKE_BINARY_DIR}/packaged/conffiles
     "/etc/moonstep/moonstep.conf\n")
include(CPack)
