// SPDX-License-Identifier: BSD-3-Clause
// Values to engines, large ones in pieces.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libipc/client/connection.hpp"
#include "libipc/client/slices.hpp"

namespace ipc::client {

/// Bytes of the largest piece of a value on the wire.
inline constexpr size_t kPiece = 2u << 20;

/// What failed on one engine.
struct Failure {
  int engine = -1;
  RemoteError error;
};

/// What one engine gets of a source.
struct Delivery {
  int engine = -1;
  Slice slice;
  std::string type = {};  ///< if it is not that of the others
};

/// A value of a push: `type` as in kernels/README.md. Its bytes, or where they are read from.
struct PushValue {
  std::string name, type, bytes;
  std::shared_ptr<const Source> source = nullptr;
  uint64_t size() const { return source ? source->size() : bytes.size(); }
};

/// Binds all values on each engine with one request; for values that are small together (kPiece)
/// and have no source.
Result<std::vector<Failure>> push_values(Connection& connection, const std::vector<int>& engines,
                                         const std::string& kernel,
                                         const std::vector<PushValue>& values);

/// Unbinds names, existing or not.
Result<std::vector<Failure>> unbind(Connection& connection, const std::vector<int>& engines,
                                    const std::string& kernel,
                                    const std::vector<std::string>& names);

/// Binds `name` on each engine to its slice of `source`, in pieces; at most 32 MB are on their way.
/// A name is bound when all of the engine's part is there. `on_bytes`, if there is one, hears how
/// many more an engine has.
Result<std::vector<Failure>> push_slices(Connection& connection, const std::string& kernel,
                                         const std::string& name, const std::string& type,
                                         const Source& source,
                                         const std::vector<Delivery>& deliveries,
                                         const std::function<void(uint64_t)>& on_bytes = {});

}  // namespace ipc::client
