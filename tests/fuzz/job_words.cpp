// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: job words, lists of them, and job logs.
#include "libipc/cli/jobs.hpp"

#include "libipc/cli/joblog.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  using namespace ipc::cli;
  if (const auto ids = parse_job_list(input))
    for (const auto& id : *ids) {
      const auto again = parse_job_list(job_word(id));
      ipkit_fuzz::require(again && again->size() == 1 && again->front() == id);
    }
  (void)parse_job_lines(input);
  if (const auto record = parse_joblog_line(input))
    ipkit_fuzz::require(static_cast<bool>(parse_joblog_line(joblog_line(*record))));
}

const ipkit_fuzz::Registered registered("job_words", run);

}  // namespace
