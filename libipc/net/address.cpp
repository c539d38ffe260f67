// SPDX-License-Identifier: BSD-3-Clause
#include "libipc/net/address.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <memory>

namespace ipc::net {
namespace {

std::string text_of(const in_addr& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address, text.data(), text.size());
  return text.data();
}

bool is_numeric(const std::string& word) {
  in_addr address;
  return ::inet_pton(AF_INET, word.c_str(), &address) == 1;
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.");
}

std::vector<std::string> resolve(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next)
    addresses.push_back(text_of(reinterpret_cast<const sockaddr_in*>(one->ai_addr)->sin_addr));
  return addresses;
}

Error unknown(std::string_view word, std::span<const OwnAddress> own,
              std::span<const std::string> resolved) {
  std::string hint = "there are *";
  for (const auto& [interface, address] : own) hint += ", " + interface + " " + address;
  const std::string what = resolved.empty()
                               ? "is no address, interface or known host name"
                               : "is " + resolved.front() + ", which is no address of this machine";
  return Error{Code::usage, "cannot listen on '" + std::string(word) + "': it " + what, hint};
}

}  // namespace

std::vector<OwnAddress> own_addresses() {
  ifaddrs* found = nullptr;
  if (::getifaddrs(&found) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(found, ::freeifaddrs);
  std::vector<OwnAddress> addresses;
  for (const ifaddrs* one = found; one != nullptr; one = one->ifa_next)
    if (one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_INET &&
        (one->ifa_flags & IFF_UP) != 0)
      addresses.push_back(
          {one->ifa_name, text_of(reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr)});
  return addresses;
}

Result<std::string> choose_address(std::string_view word, std::span<const OwnAddress> own,
                                   std::span<const std::string> resolved) {
  const std::string text(word);
  if (text == "*" || is_numeric(text)) return text;
  const auto interface = std::ranges::find(own, text, &OwnAddress::interface);
  if (interface != own.end()) return interface->address;
  for (const auto& address : resolved)
    if (!is_loopback(address) && std::ranges::find(own, address, &OwnAddress::address) != own.end())
      return address;
  if (std::ranges::none_of(resolved, is_loopback)) return unknown(word, own, resolved);
  if (text == "localhost") return std::string("127.0.0.1");
  for (const auto& [_, address] : own)
    if (!is_loopback(address)) return address;
  return std::string("127.0.0.1");
}

bool is_local_interface(std::string_view interface) {
  constexpr std::string_view kTcp = "tcp://";
  return !interface.starts_with(kTcp) || is_loopback(interface.substr(kTcp.size()));
}

Result<std::string> listen_address(const std::string& word) {
  const auto own = own_addresses();
  if (auto found = choose_address(word, own, {})) return found;
  return choose_address(word, own, resolve(word));
}

}  // namespace ipc::net
