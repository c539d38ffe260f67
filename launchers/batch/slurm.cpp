// SPDX-License-Identifier: BSD-3-Clause
// Slurm.
#include "launchers/batch/systems.hpp"

namespace ipc::batch {

System slurm() {
  System s;
  s.name = "slurm";
  s.summary = "jobs of Slurm";
  s.submit = {"sbatch", "--job-name={name}", "{script}"};
  s.id_pattern = "^Submitted batch job (\\d+)";
  // Of all states: what has ended says why for some minutes.
  s.status = {"squeue", "-h", "-r", "-t", "all", "-o", "%i|%T|%r|%B", "-j", "{ids,}"};
  s.reading = {
      "\n",           R"(^(\d+))", R"(^\d+_(\d+))", R"(^[^|]*\|(\w+))", R"(^[^|]*\|\w+\|([^|]*))",
      R"(\|([^|]+)$)"};
  for (const char* word : {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED",
                           "SPECIAL_EXIT", "RESV_DEL_HOLD"})
    s.states[word] = {"pending", ""};
  for (const char* word : {"RUNNING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING", "STAGE_OUT"})
    s.states[word] = {"running", ""};
  // What completes has no processes of ours any more.
  for (const char* word :
       {"COMPLETING", "COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED",
        "BOOT_FAIL", "DEADLINE", "OUT_OF_MEMORY", "REVOKED", "LAUNCH_FAILED", "RECONFIG_FAIL"})
    s.states[word] = {"ended", ""};
  s.cancel = {"scancel", "{ids}"};
  s.kill = {"scancel", "--signal=KILL", "--full", "{ids}"};
  s.signal = {"scancel", "--signal={signal}", "--full", "{ids}"};
  s.element = "{job}_{task}";
  s.unknown = "Invalid job id";
  s.silent =
      "Unable to contact slurm controller|Socket timed out|Connection refused|"
      "Zero Bytes were transmitted|Unable to establish|munge|authentication";
  s.refused = "[Pp]ermission denied|not permitted|not allowed";
  s.prefix = "#SBATCH ";
  s.rows = {{"tasks", "--array=1-{tasks}"},
            {"output", "--output={output} --open-mode=append"},
            {"slots", "--nodes=1 --ntasks-per-node={slots}"},
            {"queue", "--partition={queue}"},
            {"account", "--account={account}"},
            {"qos", "--qos={qos}"},
            {"walltime", "--time={walltime}"},
            {"environment", "--export=ALL"},
            {"no_environment", "--export=NIL"}};
  s.task = "${SLURM_ARRAY_TASK_ID:-1}";
  s.index = "%a";
  s.array_line = R"((^|\n)#SBATCH\s[^\n]*(--array|-a)\b)";
  return s;
}

}  // namespace ipc::batch
