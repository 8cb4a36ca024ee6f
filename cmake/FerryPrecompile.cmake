# The headers of others that most sources include, parsed once for all libraries and once for all tests. It makes clang's
# build from nothing take two thirds of the time; GCC gains little. Sources include what they use all the same: the builds
# without it (dev, release) see to that.
option(FERRY_PRECOMPILE "Precompile the headers of others (with ccache: CCACHE_SLOPPINESS=pch_defines,time_macros)" OFF)

set(FERRY_LIBRARY_HEADERS
  <algorithm> <array> <charconv> <chrono> <cstdint> <deque> <filesystem> <fstream> <functional> <map> <memory> <mutex>
  <optional> <set> <span> <sstream> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector>
  <nlohmann/json.hpp> <spdlog/spdlog.h> <tl/expected.hpp>)
set(FERRY_TEST_HEADERS ${FERRY_LIBRARY_HEADERS} <atomic> <future> <random> <gmock/gmock.h> <gtest/gtest.h>)

# ferry_precompile(NAME HEADERS...): a target that holds them, for ferry_use_precompiled(). It is to be compiled exactly as
# its users are.
function(ferry_precompile name)
  set(empty ${PROJECT_BINARY_DIR}/${name}.cpp)
  file(TOUCH ${empty})
  add_library(${name} OBJECT ${empty})
  target_precompile_headers(${name} PRIVATE ${ARGN})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # What a cache of the compiler's gives back is as good as new.
    target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

function(ferry_use_precompiled target name)
  if(FERRY_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()
