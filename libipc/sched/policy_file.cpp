// SPDX-License-Identifier: BSD-3-Clause
// A scheduling scheme from a shared object (include/ipkit/scheme.h).
#include "libipc/sched/policy_file.hpp"

#include <dlfcn.h>

#include <cerrno>
#include <filesystem>

#include "include/ipkit/scheme.h"
#include "libipc/util/file.hpp"
#include "libipc/util/log.hpp"

namespace ipc::sched {
namespace {

struct Close {
  void operator()(void* library) const { ::dlclose(library); }
};
using Library = std::unique_ptr<void, Close>;

class FilePolicy : public Policy {
 public:
  FilePolicy(std::string path, Library library, const struct ipkit_scheme& scheme)
      : path_(std::move(path)), library_(std::move(library)), scheme_(scheme) {
    if (scheme_.start != nullptr) state_ = scheme_.start();
  }
  ~FilePolicy() override {
    if (scheme_.stop != nullptr) scheme_.stop(state_);
  }
  FilePolicy(const FilePolicy&) = delete;
  FilePolicy& operator=(const FilePolicy&) = delete;

  std::size_t choose(std::span<const unsigned> loads) override {
    try {
      const std::size_t index = scheme_.choose(state_, loads.data(), loads.size());
      if (index < loads.size()) return index;
      complaints_.warning("scheme " + path_ + " chose engine " + std::to_string(index) + " of " +
                          std::to_string(loads.size()) + "; the first one gets the task");
    } catch (...) {
      complaints_.warning("scheme " + path_ + " threw; the first engine gets the task");
    }
    return 0;
  }

 private:
  std::string path_;
  Library library_;  // closed last
  const struct ipkit_scheme& scheme_;
  void* state_ = nullptr;
  log::Throttle complaints_;
};

}  // namespace

Result<std::unique_ptr<Policy>> load_policy(const std::string& path) {
  std::error_code error;
  const std::string file = std::filesystem::canonical(path, error).string();
  if (error) return Error{Code::no_input, "scheme " + path + ": " + error.message(), ""};
  if (!is_trusted(file))
    return Error{Code::refused, "scheme " + file + ": others than you and root can write it",
                 "chmod go-w it and its directory"};
  Library library(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (library == nullptr) {
    const char* const why = ::dlerror();
    return Error{Code::bad_input, "scheme: " + std::string(why != nullptr ? why : file),
                 "docs/schemes.md has one that works"};
  }
  const auto* scheme =
      static_cast<const struct ipkit_scheme*>(::dlsym(library.get(), "ipkit_scheme"));
  if (scheme == nullptr)
    return Error{Code::bad_input, "scheme " + file + ": it has no 'ipkit_scheme'",
                 "docs/schemes.md has one that works"};
  if (scheme->abi != IPKIT_SCHEME_ABI)
    return Error{Code::bad_input,
                 "scheme " + file + ": made for version " + std::to_string(scheme->abi) +
                     " of the interface, this is " + std::to_string(IPKIT_SCHEME_ABI),
                 "compile it anew"};
  if (scheme->choose == nullptr)
    return Error{Code::bad_input, "scheme " + file + ": its 'choose' is null", ""};
  return std::unique_ptr<Policy>(std::make_unique<FilePolicy>(file, std::move(library), *scheme));
}

}  // namespace ipc::sched
