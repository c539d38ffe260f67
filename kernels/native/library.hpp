// SPDX-License-Identifier: BSD-3-Clause
// library.hpp: shared objects and the functions in them.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "kernels/native/value.hpp"

namespace ipkit::kernel::native {

using Function = int (*)(ipkit_call*);

/// The shared objects that are loaded. Not thread safe.
class Libraries {
 public:
  /// Loads a file (relative to the directory we are in); one that is loaded is taken anew.
  void load(const std::string& path);

  /// A function by name, of the object loaded last that has it; null if none has.
  Function find(const std::string& name) const;

  void clear();

 private:
  struct Loaded {
    std::string path;
    void* handle;
    std::string version;  ///< tells one file at the path from the next
  };
  std::vector<Loaded> loaded_;
};

/// Not 0 after a SIGINT, until it is set back. Functions look at it as a plain int.
extern std::atomic<int> interrupted;
static_assert(sizeof interrupted == sizeof(int) && std::atomic<int>::is_always_lock_free);

/// Calls it. Throws Refused if it fails, or was interrupted.
Value call_function(Function function, const std::string& name,
                    const std::vector<Value>& arguments);

}  // namespace ipkit::kernel::native
