// SPDX-License-Identifier: BSD-3-Clause
// HTCondor: what is submitted is a description, the script another file.
#include "launchers/batch/systems.hpp"

namespace ipc::batch {

System condor() {
  System s;
  s.name = "condor";
  s.summary = "jobs of HTCondor";
  s.submit = {"condor_submit", "-batch-name", "{name}", "{script}"};
  s.id_pattern = R"(submitted to cluster (\d+))";
  s.status = {"condor_q", "{ids}",     "-af:t",      "ClusterId",
              "ProcId",   "JobStatus", "RemoteHost", "HoldReason"};
  s.reading = {"\n",
               R"(^(\d+)\t)",
               R"(^\d+\t(\d+))",
               R"(^\d+\t\d+\t(\d))",
               R"(^(?:[^\t]*\t){4}([^\t]*))",
               R"(^(?:[^\t]*\t){3}(?:slot[^@\t]*@)?([^\t]*))"};
  s.states = {{"1", {"pending", "IDLE"}},     {"2", {"running", "RUNNING"}},
              {"3", {"running", "REMOVED"}},  {"4", {"ended", "COMPLETED"}},
              {"5", {"pending", "HELD"}},     {"6", {"running", "TRANSFERRING"}},
              {"7", {"running", "SUSPENDED"}}};
  // With their names, as a value alone would not say what it is.
  s.history = {
      {"condor_history", "{ids}", "-af:lt", "ClusterId", "ProcId", "JobStatus", "ExitSignal",
       "RemoveReason", "ExitCode"},
      {"\n", R"(ClusterId\s*=\s*(\d+))", R"(ProcId\s*=\s*(\d+))", R"(JobStatus\s*=\s*(\d))",
       R"(((?:ExitSignal|RemoveReason|ExitCode)\s*=(?!\s*undefined)\s*[^\t]+))", ""}};
  s.first = 0;
  s.cancel = {"condor_rm", "{ids}"};
  s.kill = {"condor_rm", "-forcex", "{ids}"};
  s.element = "{job}.{task}";
  s.unknown = "not found|Couldn't find|no jobs? match";
  s.silent =
      "Failed to connect|Can't find address|Can't connect|Failed to fetch ads|"
      "unable to contact|AUTHENTICATE";
  s.refused = "[Pp]ermission denied|not authorized|DENIED";
  s.description =
      "universe = vanilla\n"
      "executable = {script}\n"
      "transfer_executable = false\n"
      "should_transfer_files = if_needed\n"
      "initialdir = {directory}\n"
      "environment = \"IPKIT_TASK=$(Process)\"\n";
  s.rows = {{"output", "output = {output}"},
            {"output", "error = {output}"},
            {"slots", "request_cpus = {slots}"},
            {"account", "accounting_group = {account}"},
            {"walltime",
             "periodic_remove = JobStatus == 2 && time() - EnteredCurrentStatus > "
             "{walltime_seconds}"},
            {"environment", "getenv = true"}};
  s.task = "$((${IPKIT_TASK:-0} + 1))";
  s.index = "$(Process)";
  s.array_line = R"((^|\n)\s*[Qq]ueue\s+([2-9]|\d\d))";
  s.redirects = true;
  s.describes = true;
  return s;
}

}  // namespace ipc::batch
