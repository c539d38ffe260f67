// SPDX-License-Identifier: BSD-3-Clause
// libssh, loaded when the first connection needs it.
#include "libipc/net/libssh.hpp"

#include <dlfcn.h>

namespace ipc::net {
namespace {

// The name of the interface that the header describes.
constexpr const char* kLibrary = "libssh.so.4";

Result<LibSsh> load() {
  const auto failed = [] {
    return Error{Code::no_input, std::string("ssh: ") + ::dlerror(),
                 "install libssh (0.9 or later)"};
  };
  void* library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return failed();
  LibSsh functions;
#define IPC_LIBSSH_LOAD(name)                                                    \
  functions.name = reinterpret_cast<decltype(&::name)>(::dlsym(library, #name)); \
  if (functions.name == nullptr) return failed();
  IPC_LIBSSH_FUNCTIONS(IPC_LIBSSH_LOAD)
#undef IPC_LIBSSH_LOAD
  return functions;
}

}  // namespace

Result<const LibSsh*> libssh() {
  static const Result<LibSsh> loaded = load();
  if (!loaded) return loaded.error();
  return &*loaded;
}

}  // namespace ipc::net
