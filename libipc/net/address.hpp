// SPDX-License-Identifier: BSD-3-Clause
// Which address to listen on, from the words a user has for it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/result.hpp"

namespace ipc::net {

/// An IPv4 address of this machine and the interface that has it ("eth0").
struct OwnAddress {
  std::string interface, address;
  bool operator==(const OwnAddress&) const = default;
};

/// Those of the interfaces that are up, in the kernel's order.
std::vector<OwnAddress> own_addresses();

/// The address that `word` names: `*` and IPv4 addresses as they are, an interface, or a host name,
/// `resolved` to addresses. hosts(5) often gives a machine's own name 127.0.1.1, where nobody else
/// reaches it: then it is the first own address that is not loopback. Code::usage if it is none of
/// these, or not of this machine.
Result<std::string> choose_address(std::string_view word, std::span<const OwnAddress> own,
                                   std::span<const std::string> resolved);

/// True if only this machine reaches what listens on `interface` ("tcp://127.0.0.1", "ipc://…").
bool is_local_interface(std::string_view interface);

/// choose_address() for this machine; asks the resolver if need be, which may take seconds.
Result<std::string> listen_address(const std::string& word);

}  // namespace ipc::net
