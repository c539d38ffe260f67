// SPDX-License-Identifier: BSD-3-Clause
// The engines there are, and those there were.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "libipc/util/result.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::client {

/// One registered engine. Of one that is not known as ours there is only what every engine of
/// ipyparallel has: id, uuid, and Python.
struct EngineInfo {
  int id = -1;
  std::string uuid;
  std::string host, language, language_version, kernel, cwd, started, version;
  std::string launch_id;  ///< what its launcher calls it, where that told it
  pid_t pid = 0, kernel_pid = 0;
  int prefetch = 1;  ///< tasks it takes at a time
  /// True if its controller says it is ours: it serves push, pull, map, list, clear and other
  /// kernels by themselves (others by guest.hpp).
  bool is_ipkit() const { return !version.empty(); }
};

/// One that left.
struct GoneEngine {
  int id = -1;
  std::string uuid, when, why;
};

struct EngineTable {
  std::map<int, EngineInfo> engines;
  std::vector<GoneEngine> gone;

  std::vector<int> ids() const;
  const EngineInfo* find(int id) const;
  /// Id of a uuid, -1 if it is not there.
  int id_of(std::string_view uuid) const;
};

/// From a connection_reply's content; entries of the wrong form are left out.
EngineTable parse_engine_table(const wire::Json& content);

/// Code::no_engine: "no engine 7: there are 0-3 (gone: 4-7 since 10:02, died); see ipls". `wanted`
/// as the user wrote it.
Error no_such_engine(const EngineTable& table, const std::string& wanted);

/// Code::no_engine, naming them, if some of `ids` cannot have kernel `name` ("": the main one):
/// engines that are not known as ours have one, for Python.
Status require_kernel(const EngineTable& table, const std::vector<int>& ids,
                      const std::string& name);

/// Code::no_engine if `ids` are not all fit for the same balanced requests: engines of another
/// language with some that are not known as ours.
Status require_one_form(const EngineTable& table, const std::vector<int>& ids);

/// `09:12` of an ISO 8601 time, in local time; with the date if it is not today's. Text that is not
/// a time stays as it is.
std::string short_time(const std::string& iso);

}  // namespace ipc::client
