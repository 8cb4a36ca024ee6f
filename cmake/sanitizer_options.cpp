// Linked into the programs of a build with sanitizers: what these find goes into files under
// build/PRESET/sanitizer-reports, since a daemon's or a container's stderr is read by nobody. The
// end-to-end tests fail if there is one.

#define FERRY_REPORTS "log_path=" FERRY_SANITIZER_REPORTS "/report:log_exe_name=1"

// The sanitizers' own names.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" {
const char* __asan_default_options();
const char* __ubsan_default_options();
const char* __tsan_default_options();

const char* __asan_default_options() { return FERRY_REPORTS; }
const char* __ubsan_default_options() { return FERRY_REPORTS ":print_stacktrace=1"; }
const char* __tsan_default_options() { return FERRY_REPORTS; }
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
