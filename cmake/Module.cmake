# causeway_options: what every target of ours is compiled with. Generated code is not held to it.
add_library(causeway_options INTERFACE)
target_include_directories(causeway_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(causeway_options INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Abseil and gRPC headers of Debian 12 are read as system headers; this one leaks through macros.
  target_compile_options(causeway_options INTERFACE -Wno-unused-command-line-argument)
endif()

if(CAUSEWAY_SANITIZE)
  add_compile_options(-fsanitize=${CAUSEWAY_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CAUSEWAY_SANITIZE})
  if(CAUSEWAY_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

# causeway_library(NAME DEPS lib...) makes a static library of the *.cc in the current folder
# (a module is a folder), except main.cc and what EXCLUDE names.
function(causeway_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;EXCLUDE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  foreach(pattern IN LISTS ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${pattern}")
  endforeach()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PRIVATE causeway_options PUBLIC ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
endfunction()

# causeway_program(NAME DEPS lib...) makes a program of main.cc in the current folder.
function(causeway_program name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  add_executable(${name} ${CMAKE_CURRENT_SOURCE_DIR}/main.cc)
  target_link_libraries(${name} PRIVATE causeway_options ${ARG_DEPS})
endfunction()
