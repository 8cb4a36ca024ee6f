# What makes a fault in the programs hard to use by others, in the build that is shipped (Release). Sanitizers bring their
# own checks and don't get along with some of these. tests/e2e/test_hardening.py looks at the programs that come out.
option(FERRY_HARDENING "Release builds: PIE, full RELRO, stack protector, _FORTIFY_SOURCE, branch protection" ON)

include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C CXX)  # with it, CMAKE_POSITION_INDEPENDENT_CODE links executables with -pie

set(FERRY_HARDENING_COMPILE "")
set(FERRY_HARDENING_LINK -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

function(ferry_harden_if_known flag)
  string(MAKE_C_IDENTIFIER "FERRY_HAS${flag}" known)
  check_cxx_compiler_flag(${flag} ${known})
  if(${known})
    list(APPEND FERRY_HARDENING_COMPILE ${flag})
    set(FERRY_HARDENING_COMPILE ${FERRY_HARDENING_COMPILE} PARENT_SCOPE)
  endif()
endfunction()

ferry_harden_if_known(-fstack-protector-strong)
ferry_harden_if_known(-fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  ferry_harden_if_known(-fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  ferry_harden_if_known(-mbranch-protection=standard)
endif()

# Level 3 also knows sizes that are computed at run time: GCC 12, clang 15, glibc 2.34. Asked for elsewhere, it warns or
# means 2; -U because some distributions' compilers define it by themselves.
if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12) OR
   (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 15))
  list(APPEND FERRY_HARDENING_COMPILE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
else()
  list(APPEND FERRY_HARDENING_COMPILE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

# ferry_harden(target): nothing but in Release, and nothing with sanitizers.
function(ferry_harden target)
  if(NOT FERRY_HARDENING OR FERRY_SANITIZE)
    return()
  endif()
  target_compile_options(${target} PRIVATE "$<$<CONFIG:Release,MinSizeRel>:${FERRY_HARDENING_COMPILE}>")
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    target_link_options(${target} PRIVATE "$<$<CONFIG:Release,MinSizeRel>:${FERRY_HARDENING_LINK}>")
  endif()
endfunction()
