// SPDX-License-Identifier: BSD-3-Clause
// library.cpp: shared objects and the functions in them.
#include "kernels/native/library.hpp"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace ipkit::kernel::native {

namespace {

std::string real_path(const std::string& path) {
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) == nullptr)
    throw Refused{"OSError", path + ": " + strerror(errno), {}};
  return resolved;
}

std::string version_of(const std::string& path) {
  struct stat info {};
  stat(path.c_str(), &info);
  std::string out;
  for (const int64_t number : {static_cast<int64_t>(info.st_dev), static_cast<int64_t>(info.st_ino),
                               int64_t{info.st_mtim.tv_sec}, int64_t{info.st_mtim.tv_nsec}})
    out += std::to_string(number) + '.';
  return out;
}

}  // namespace

void Libraries::load(const std::string& path) {
  const std::string real = real_path(path);
  const std::string version = version_of(real);
  const auto old = std::find_if(loaded_.begin(), loaded_.end(),
                                [&](const Loaded& one) { return one.path == real; });
  if (old != loaded_.end()) {
    dlclose(old->handle);
    // dlopen would give the old one again, and no sign of it.
    void* kept = dlopen(real.c_str(), RTLD_LAZY | RTLD_NOLOAD);
    if (kept != nullptr && old->version != version) {
      old->handle = kept;
      throw Refused{"OSError",
                    path +
                        ": the one that is loaded cannot be taken out of memory "
                        "(restart the engine for the new one)",
                    {}};
    }
    if (kept != nullptr) dlclose(kept);
    loaded_.erase(old);
  }
  void* handle = dlopen(real.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw Refused{"OSError", dlerror(), {}};
  loaded_.push_back({real, handle, version});
}

Function Libraries::find(const std::string& name) const {
  const std::string symbol = "ipkit_native_1_" + name;
  for (auto one = loaded_.rbegin(); one != loaded_.rend(); ++one)
    if (void* found = dlsym(one->handle, symbol.c_str())) return reinterpret_cast<Function>(found);
  return nullptr;
}

void Libraries::clear() {
  for (const Loaded& one : loaded_) dlclose(one.handle);
  loaded_.clear();
}

}  // namespace ipkit::kernel::native
