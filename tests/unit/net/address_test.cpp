// SPDX-License-Identifier: BSD-3-Clause
// From a user's word to the address to listen on.
#include "libipc/net/address.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ipc::net {
namespace {

const std::vector<OwnAddress> kOwn{
    {"lo", "127.0.0.1"}, {"eth0", "192.0.2.2"}, {"ib0", "198.51.100.7"}};
using Names = std::vector<std::string>;

std::string chosen(std::string_view word, const Names& resolved = {}) {
  const auto address = choose_address(word, kOwn, resolved);
  return address ? *address : "error: " + address.error().text();
}

TEST(Address, AnyAndAddressesStay) {
  EXPECT_EQ(chosen("*"), "*");
  EXPECT_EQ(chosen("0.0.0.0"), "0.0.0.0");
  EXPECT_EQ(chosen("127.0.0.2"), "127.0.0.2");
}

TEST(Address, AnInterfaceIsItsAddress) {
  EXPECT_EQ(chosen("eth0"), "192.0.2.2");
  EXPECT_EQ(chosen("lo"), "127.0.0.1");
}

TEST(Address, AHostNameIsTheAddressOfItThatIsOurs) {
  EXPECT_EQ(chosen("node7-ib", Names{"203.0.113.9", "198.51.100.7"}), "198.51.100.7");
}

TEST(Address, OurNameOnLoopbackIsWhereOthersReachUs) {
  EXPECT_EQ(chosen("node7", Names{"127.0.1.1"}), "192.0.2.2");
  EXPECT_EQ(chosen("node7", Names{"127.0.1.1", "198.51.100.7"}), "198.51.100.7");
  const std::vector<OwnAddress> alone{{"lo", "127.0.0.1"}};
  EXPECT_EQ(*choose_address("node7", alone, Names{"127.0.1.1"}), "127.0.0.1");
}

TEST(Address, LocalhostStaysLocal) {
  EXPECT_EQ(chosen("localhost", Names{"127.0.0.1"}), "127.0.0.1");
}

TEST(Address, WhatIsNotOursSaysWhatIs) {
  EXPECT_EQ(chosen("nosuch"),
            "error: cannot listen on 'nosuch': it is no address, interface or known host name; "
            "there are *, lo 127.0.0.1, eth0 192.0.2.2, ib0 198.51.100.7");
  EXPECT_NE(chosen("far", Names{"203.0.113.9"}).find("is 203.0.113.9, which is no address of this"),
            std::string::npos);
}

TEST(Address, LoopbackIsAmongThoseOfThisMachine) {
  const auto own = own_addresses();
  EXPECT_NE(std::ranges::find(own, OwnAddress{"lo", "127.0.0.1"}), own.end());
  EXPECT_EQ(*listen_address("localhost"), "127.0.0.1");
}

}  // namespace
}  // namespace ipc::net
