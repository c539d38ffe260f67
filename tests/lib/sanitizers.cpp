// SPDX-License-Identifier: BSD-3-Clause
// In every sanitized program: what it does with a finding, whoever starts it.
//
// A daemon's standard error and status are read by nobody, and what comes over ssh or out of a job
// queue has nothing of the caller's environment. So findings are files in REPORTS, where
// scripts/check looks in the end. ASAN_OPTIONS and the like go before what stands here.

// libzmq asks for as much memory as a hostile peer announces, and copes with getting nothing.
#define OPTIONS "exitcode=99:log_exe_name=1:allocator_may_return_null=1:log_path=" REPORTS "/report"

extern "C" {

const char* __asan_default_options() {
  return OPTIONS ":detect_leaks=1";
}

const char* __ubsan_default_options() {
  return OPTIONS ":halt_on_error=1:print_stacktrace=1";
}

const char* __tsan_default_options() {
  return OPTIONS ":suppressions=" SUPPRESSIONS;
}
}
