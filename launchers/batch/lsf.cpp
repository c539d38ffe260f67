// SPDX-License-Identifier: BSD-3-Clause
// LSF.
#include "launchers/batch/systems.hpp"

namespace ipc::batch {

System lsf() {
  System s;
  s.name = "lsf";
  s.summary = "jobs of LSF";
  // The array is part of the name.
  s.submit = {"bsub", "-J", "{name}{array}"};
  s.on_stdin = true;
  s.id_pattern = R"(^Job <(\d+)>)";
  s.status = {"bjobs",
              "-a",
              "-noheader",
              "-o",
              "jobid jobindex stat exec_host pend_reason exit_reason delimiter='|'",
              "{ids}"};
  s.reading = {"\n",
               R"(^(\d+)\|)",
               R"(^\d+\|([1-9]\d*)\|)",
               R"(^\d+\|\d*\|(\w+))",
               R"(^(?:[^|]*\|){4}(?:-?\|)?([^|]*))",
               R"(^(?:[^|]*\|){3}(?:\d+\*)?([^|:]*))"};
  for (const char* word : {"PEND", "PSUSP", "WAIT", "PROV"}) s.states[word] = {"pending", ""};
  for (const char* word : {"RUN", "USUSP", "SSUSP", "UNKWN"}) s.states[word] = {"running", ""};
  for (const char* word : {"DONE", "EXIT", "ZOMBI"}) s.states[word] = {"ended", ""};
  s.cancel = {"bkill", "{ids}"};
  s.kill = {"bkill", "-r", "{ids}"};
  s.signal = {"bkill", "-s", "{signal}", "{ids}"};
  s.element = "{job}[{task}]";
  s.unknown = "is not found|No matching job found|Job has already finished|No unfinished job found";
  s.silent = "Failed in an LSF library call|LSF is down|not responding|LIM is down|Cannot connect";
  s.refused = "[Pp]ermission denied|not authorized|cannot use the queue";
  s.prefix = "#BSUB ";
  s.rows = {{"output", "-o {output}"},
            {"slots", "-n {slots} -R \"span[hosts=1]\""},
            {"queue", "-q {queue}"},
            {"account", "-P {account}"},
            {"walltime", "-W {walltime_minutes}"},
            {"environment", "-env all"},
            {"no_environment", "-env none"}};
  s.task = "${LSB_JOBINDEX:-1}";
  s.index = "%I";
  s.array_line = R"re((^|\n)#BSUB\s([^\n]*\s)?-J\s*"?[^\s"\[]+\[)re";
  // Its own output comes when the job is over.
  s.redirects = true;
  return s;
}

}  // namespace ipc::batch
