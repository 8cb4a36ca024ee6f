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
const char* __tsan_default_suppressions();

const char* __asan_default_options() { return FERRY_REPORTS; }
const char* __ubsan_default_options() { return FERRY_REPORTS ":print_stacktrace=1"; }
const char* __tsan_default_options() { return FERRY_REPORTS; }
// Libraries that aren't built with the sanitizer: what cpp-httplib does among its own threads, and
// descriptors that libuv closes by a system call of its own, so that the next to get such a number
// seems to race for it.
const char* __tsan_default_suppressions() {
  return "race:libcpp-httplib.so\nrace:^__interceptor_closedir$\nrace:^__interceptor_close$\n"
         "race:^__interceptor_socket$\n";
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
