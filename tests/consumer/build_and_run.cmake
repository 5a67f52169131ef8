# Run by ctest (register.cmake) with BUILD_DIR, SOURCE_DIR, VECTORS_DIR, GENERATOR, CXX, SANITIZE.
set(work ${BUILD_DIR}/consumer)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}: ${result}\n${output}")
  endif()
endfunction()

set(flags "")
if(SANITIZE)
  set(flags "-fsanitize=${SANITIZE}")
endif()
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --component client --prefix ${work}/prefix)
# The package must not need the tree that it was built from.
file(STRINGS ${work}/prefix/lib/cmake/causeway/CausewayTargets.cmake leaks
     REGEX "${BUILD_DIR}|${SOURCE_DIR}")
if(leaks)
  message(FATAL_ERROR "the installed package names the build tree: ${leaks}")
endif()
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE_DIR} -B ${work}/build
    -DCMAKE_PREFIX_PATH=${work}/prefix -DCMAKE_CXX_COMPILER=${CXX} "-DCMAKE_CXX_FLAGS=${flags}")
run(${CMAKE_COMMAND} --build ${work}/build)
file(READ ${VECTORS_DIR}/entry.json entry_vector)
string(JSON genesis_hash GET "${entry_vector}" genesis_hash)
run(${work}/build/consumer ${VECTORS_DIR}/receipt-file.json ${genesis_hash})
file(REMOVE_RECURSE ${work})
