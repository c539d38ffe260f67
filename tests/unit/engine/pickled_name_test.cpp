// SPDX-License-Identifier: BSD-3-Clause
// Pickles as ipyparallel's clients make them.
#include "libipc/engine/pickled_name.hpp"

#include <gtest/gtest.h>

namespace ipc::engine {
namespace {

using namespace std::string_literals;

// `def fun(x, name=3): return 1` of Python 3.11, as it is canned: its name stands first in its
// code, and `__name__` refers to that.
const std::string kFun =
    "\x80\x04\x95&\x01\x00\x00\x00\x00\x00\x00\x8c\x1dipyparallel.serialize.canning\x94\x8c\x0e"
    "CannedFunction\x94\x93\x94)\x81\x94}\x94(\x8c\x04"
    "code\x94\x8c\x1eipyparallel.serialize.codeutil\x94\x8c\x09"
    "code_ctor\x94\x93\x94(K\x02K\x00K\x00K\x02K\x01K\x03"
    "C\x06\x97\x00"
    "d\x01S\x00\x94NK\x01\x86\x94)\x8c\x01x\x94\x8c\x04name\x94\x86\x94\x8c\x07<stdin>\x94\x8c\x03"
    "fun\x94h\x0fK\x02"
    "C\x06\x80\x00\x98"
    "1\x98"
    "1\x94"
    "C\x00\x94))t\x94R\x94\x8c\x08"
    "defaults\x94]\x94K\x03"
    "a\x8c\nkwdefaults\x94N\x8c\x0b"
    "annotations\x94N\x8c\x07"
    "closure\x94N\x8c\x06module\x94\x8c\x08__main__\x94\x8c\x08__name__\x94h\x0f\x8c\x07"
    "buffers\x94]\x94ub."s;

const std::string kOld =
    "\x80\x02"
    "cipyparallel.serialize.canning\nCannedFunction\nq\x00)\x81q\x01}q\x02(X\x04\x00\x00\x00"
    "codeq\x03X\x03\x00\x00\x00oldq\x0bX\x08\x00\x00\x00__name__q\x1eh\x0bX\x07\x00\x00\x00"
    "buffersq\x1f]q ub."s;

TEST(PickledName, OfAFunction) {
  EXPECT_EQ(pickled_name(kFun), "fun");
  EXPECT_EQ(pickled_name(kOld), "old");
}

TEST(PickledName, OfAReferenceAndOfWhatHasAName) {
  EXPECT_EQ(pickled_name("\x80\x04\x95P\x00\x00\x00\x00\x00\x00\x00\x8c\x1dipyparallel.serialize."
                         "canning\x94\x8c\tReference\x94\x93\x94)\x81\x94}\x94(\x8c\x04name\x94"
                         "\x8c\x03"
                         "a.b\x94\x8c\x07"
                         "buffers\x94]\x94ub."s),
            "a.b");
  EXPECT_EQ(pickled_name("\x80\x04\x95\x14\x00\x00\x00\x00\x00\x00\x00\x8c\x08"
                         "builtins\x94\x8c\x03len\x94\x93\x94."s),
            "len");
  EXPECT_EQ(pickled_name("\x80\x02"
                         "cnumpy\ndot\nq\x00."s),
            "dot");
}

TEST(PickledName, OfWhatIsNoneOrCutOff) {
  EXPECT_EQ(pickled_name(""), "");
  EXPECT_EQ(pickled_name("garbage"), "");
  EXPECT_EQ(pickled_name("\x80\x04\x8c\x08__name__\x94h\x63."s), "");
  EXPECT_EQ(pickled_name("\x80\x04\x8c\x08__name__\x94\x8c\x01\xff."s), "");
  for (size_t size = 0; size < kFun.size() - 15; ++size) {
    const std::string part = pickled_name(kFun.substr(0, size));
    EXPECT_TRUE(part.empty() || part == "fun") << size << ": " << part;
  }
}

}  // namespace
}  // namespace ipc::engine
