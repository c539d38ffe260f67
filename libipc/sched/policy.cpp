// SPDX-License-Identifier: BSD-3-Clause
// Which of the engines that could run a task gets it.
#include "libipc/sched/policy.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "libipc/sched/policy_file.hpp"

namespace ipc::sched {
namespace {

class LeastLoad : public Policy {
 public:
  std::size_t choose(std::span<const unsigned> loads) override {
    return static_cast<std::size_t>(std::min_element(loads.begin(), loads.end()) - loads.begin());
  }
};

class LeastRecentlyUsed : public Policy {
 public:
  std::size_t choose(std::span<const unsigned>) override { return 0; }
};

class PlainRandom : public Policy {
 public:
  std::size_t choose(std::span<const unsigned> loads) override {
    return std::uniform_int_distribution<std::size_t>(0, loads.size() - 1)(random_);
  }

 protected:
  std::mt19937_64 random_{std::random_device{}()};
};

class TwoBin : public PlainRandom {
 public:
  std::size_t choose(std::span<const unsigned> loads) override {
    const std::size_t a = PlainRandom::choose(loads), b = PlainRandom::choose(loads);
    return loads[b] < loads[a] ? b : a;
  }
};

class Weighted : public PlainRandom {
 public:
  std::size_t choose(std::span<const unsigned> loads) override {
    std::vector<double> weights;
    for (const unsigned load : loads) weights.push_back(1.0 / (1e-6 + load));
    std::discrete_distribution<std::size_t> draw(weights.begin(), weights.end());
    const std::size_t a = draw(random_), b = draw(random_);
    return weights[b] > weights[a] ? b : a;
  }
};

}  // namespace

Result<std::unique_ptr<Policy>> make_policy(std::string_view name) {
  if (name.find('/') != std::string_view::npos) return load_policy(std::string(name));
  std::unique_ptr<Policy> policy;
  if (name == "leastload")
    policy = std::make_unique<LeastLoad>();
  else if (name == "lru" || name == "pure")
    policy = std::make_unique<LeastRecentlyUsed>();
  else if (name == "plainrandom")
    policy = std::make_unique<PlainRandom>();
  else if (name == "twobin")
    policy = std::make_unique<TwoBin>();
  else if (name == "weighted")
    policy = std::make_unique<Weighted>();
  else
    return Error{Code::usage, "unknown scheduling scheme '" + std::string(name) + "'",
                 name.ends_with(".so")
                     ? "a file is named with its directory: ./" + std::string(name)
                     : "leastload, lru, plainrandom, twobin, weighted, pure or a /path/FILE.so"};
  return policy;
}

}  // namespace ipc::sched
