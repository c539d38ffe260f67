// SPDX-License-Identifier: BSD-3-Clause
// PBS Pro and OpenPBS, and Torque, which went its own way with arrays and nodes.
#include "launchers/batch/systems.hpp"

namespace ipc::batch {

System pbs() {
  System s;
  s.name = "pbs";
  s.summary = "jobs of PBS";
  s.submit = {"qsub", "-N", "{name}", "{script}"};
  // 12.host, of an array 12[].host: the brackets belong to it.
  s.id_pattern = R"(^(\d+(?:\[\])?\S*))";
  s.status = {"qstat", "-t", "-f", "{ids}"};
  s.reading = {"Job Id: ",
               R"(^(\d+))",
               R"(^\d+\[(\d+)\])",
               R"(\n\s+job_state = (\w))",
               R"(\n\s+comment = ([^\n]+))",
               R"(\n\s+exec_host = ([^/\n]+))"};
  for (const char* word : {"Q", "H", "W", "T"}) s.states[word] = {"pending", ""};
  for (const char* word : {"R", "E", "S", "U"}) s.states[word] = {"running", ""};
  // B, a begun array, says nothing that its tasks do not.
  for (const char* word : {"F", "X", "C", "M"}) s.states[word] = {"ended", ""};
  s.cancel = {"qdel", "{ids}"};
  s.kill = {"qdel", "-W", "force", "{ids}"};
  s.signal = {"qsig", "-s", "{signal}", "{ids}"};
  s.unknown = "Unknown Job|has finished|Request invalid for state of job";
  s.silent = "cannot connect to server|Connection refused|No route to host|server is not running";
  s.refused = "Unauthorized Request|not authorized|Access.*denied|Bad UID";
  s.prefix = "#PBS ";
  s.rows = {{"", "-j oe"},
            {"tasks", "-J 1-{tasks}"},
            {"output", "-o {output}"},
            {"slots", "-l select=1:ncpus={slots}"},
            {"queue", "-q {queue}"},
            {"account", "-A {account}"},
            {"walltime", "-l walltime={walltime}"},
            {"environment", "-V"}};
  s.task = "${PBS_ARRAY_INDEX:-1}";
  s.index = "^array_index^";
  s.array_line = R"((^|\n)#PBS\s([^\n]*\s)?-J\s)";
  // Its own output comes when the job is over.
  s.redirects = true;
  return s;
}

System torque() {
  System s = pbs();
  s.kill = {};
  s.rows = {{"", "-j oe"},
            {"tasks", "-t 1-{tasks}"},
            {"output", "-o {output}"},
            {"slots", "-l nodes=1:ppn={slots}"},
            {"queue", "-q {queue}"},
            {"account", "-A {account}"},
            {"qos", "-l qos={qos}"},
            {"walltime", "-l walltime={walltime}"},
            {"environment", "-V"}};
  s.task = "${PBS_ARRAYID:-1}";
  // It adds the number to the name by itself.
  s.index = "array";
  s.array_line = R"((^|\n)#PBS\s([^\n]*\s)?-t\s)";
  return s;
}

}  // namespace ipc::batch
