// SPDX-License-Identifier: BSD-3-Clause
// Grid Engine: Sun's, Univa's, Son of.
#include "launchers/batch/systems.hpp"

namespace ipc::batch {

System sge() {
  System s;
  s.name = "sge";
  s.summary = "jobs of Grid Engine";
  s.submit = {"qsub", "-N", "{name}", "{script}"};
  s.id_pattern = R"(^Your job(?:-array)? (\d+))";
  // All of the user's: asked for single jobs it says nothing of their tasks' states.
  s.status = {"qstat", "-xml", "-u", "{user}"};
  s.reading = {"</job_list>",
               R"(<JB_job_number>(\d+))",
               R"(<tasks>([^<]+))",
               R"(<state>(\w+))",
               "",
               R"(<queue_name>[^@<]*@([^<]+))"};
  for (const char* word : {"qw", "hqw", "hRqw", "hRwq", "Rqw", "Eqw", "Ehqw", "EhRqw"})
    s.states[word] = {"pending", ""};
  s.waits = {
      {"qstat", "-j", "{ids,}"},
      {"==============================================================\n", R"(job_number:\s+(\d+))",
       "", "", R"((?:error reason\s+\d+:\s+(?:\S+ \S+ \[[^\]]*\]: )?|scheduling info:\s+)([^\n]+))",
       ""}};
  // Which may take minutes, and does not know of the last seconds.
  s.tells = "qacct -j {job}";
  // r, t, s, Rr, dr, and whatever letters come together: as long as it is listed it is there.
  s.other = "running";
  // It kills what does not end.
  s.cancel = {"qdel", "{ids}"};
  s.strike = {"qdel", "-f", "{ids}"};
  s.element = "{job}.{task}";
  s.unknown = "does not exist|already in deletion";
  s.silent =
      "unable to (send message to|contact) qmaster|commlib error|can't connect|"
      "got no connection|cell directory";
  s.refused = "not allowed|no permission|has no access";
  s.prefix = "#$ ";
  // It kills at once, but for a warning that was asked for.
  s.rows = {{"", "-S /bin/sh"},
            {"", "-notify"},
            {"", "-j y"},
            {"tasks", "-t 1-{tasks}"},
            {"output", "-o {output}"},
            {"queue", "-q {queue}"},
            {"account", "-A {account}"},
            {"walltime", "-l h_rt={walltime}"},
            {"environment", "-V"}};
  s.slots = "-pe";
  s.task = "${SGE_TASK_ID:-1}";
  s.index = "$TASK_ID";
  s.array_line = R"((^|\n)#\$\s([^\n]*\s)?-t\s)";
  s.relays = true;
  return s;
}

}  // namespace ipc::batch
