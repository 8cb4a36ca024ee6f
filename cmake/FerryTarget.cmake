# How every target of the project is built: warnings are errors, sources are listed, includes start at the repository's root.

set(FERRY_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
                   -Wnon-virtual-dtor -Woverloaded-virtual -Werror
                   -Wno-missing-field-initializers)  # designated initializers leave defaults out on purpose

if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND FERRY_WARNINGS -Wno-subobject-linkage)  # takes a source that is included for a header
endif()

function(ferry_configure target)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${target} PRIVATE ${FERRY_WARNINGS})
  ferry_harden(${target})
  if(FERRY_BUILD_FUZZERS)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(FERRY_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${FERRY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${FERRY_SANITIZE})
  endif()
endfunction()

# ferry_library(net SOURCES a.cpp b.cpp LINK ferry_base PkgConfig::uv)  ->  target ferry_net
function(ferry_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;LINK_PRIVATE" ${ARGN})
  add_library(ferry_${name} STATIC ${ARG_SOURCES})
  ferry_configure(ferry_${name})
  target_link_libraries(ferry_${name} PUBLIC ${ARG_LINK} PRIVATE ${ARG_LINK_PRIVATE})
  ferry_use_precompiled(ferry_${name} ferry_library_headers)
endfunction()

# ferry_executable(ferryd SOURCES main.cpp LINK ferry_daemon)
function(ferry_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  ferry_configure(${name})
  if(FERRY_SANITIZE AND NOT FERRY_BUILD_FUZZERS)
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/sanitizer_options.cpp)
    set_source_files_properties(${PROJECT_SOURCE_DIR}/cmake/sanitizer_options.cpp
                                PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)  # clang-tidy looks at our sources
    target_compile_definitions(${name} PRIVATE "FERRY_SANITIZER_REPORTS=\"${CMAKE_BINARY_DIR}/sanitizer-reports\"")
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/sanitizer-reports)
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
endfunction()

# How tests are compiled, and what they are linked with.
function(ferry_configure_test target)
  ferry_configure(${target})
  if(FERRY_SANITIZE)
    # A third of the time to compile. What is tested keeps its -O and all sanitizers.
    target_compile_options(${target} PRIVATE -O0 -fno-sanitize=undefined)
  endif()
  target_link_libraries(${target} PRIVATE ${ARGN} GTest::gmock GTest::gtest GTest::gtest_main)
endfunction()

# ferry_test(net SOURCES a_test.cpp LINK ferry_net)  ->  executable ferry_net_test, one ctest entry a TEST();
# tests run in the repository's root, so that "tests/fixtures/..." is a path
function(ferry_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(ferry_${name}_test ${ARG_SOURCES})
  ferry_configure_test(ferry_${name}_test ${ARG_LINK})
  ferry_use_precompiled(ferry_${name}_test ferry_test_headers)
  gtest_discover_tests(ferry_${name}_test NO_PRETTY_VALUES WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
                       DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 LABELS unit)
endfunction()

if(FERRY_PRECOMPILE)
  ferry_precompile(ferry_library_headers ${FERRY_LIBRARY_HEADERS})
  ferry_configure(ferry_library_headers)
  target_link_libraries(ferry_library_headers PRIVATE nlohmann_json::nlohmann_json spdlog::spdlog tl::expected)
  if(FERRY_BUILD_TESTS)
    ferry_precompile(ferry_test_headers ${FERRY_TEST_HEADERS})
    ferry_configure_test(ferry_test_headers nlohmann_json::nlohmann_json spdlog::spdlog tl::expected)
    set_target_properties(ferry_test_headers PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(ferry_test_headers PRIVATE ${CMAKE_CXX_COMPILE_OPTIONS_PIE})  # programs, they are
  endif()
endif()
