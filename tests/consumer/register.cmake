# consumer.build_and_run: installs the client library, builds a program outside the tree against
# it, and runs that.
add_test(NAME consumer.build_and_run
         COMMAND ${CMAKE_COMMAND} -DBUILD_DIR=${PROJECT_BINARY_DIR}
                 -DSOURCE_DIR=${CMAKE_CURRENT_LIST_DIR} -DVECTORS_DIR=${CMAKE_CURRENT_LIST_DIR}/../vectors
                 -DGENERATOR=${CMAKE_GENERATOR} -DCXX=${CMAKE_CXX_COMPILER}
                 "-DSANITIZE=${CAUSEWAY_SANITIZE}" -P ${CMAKE_CURRENT_LIST_DIR}/build_and_run.cmake)
set_tests_properties(consumer.build_and_run PROPERTIES TIMEOUT 180)
