// SPDX-License-Identifier: BSD-3-Clause
// server.hpp: the native kernel: names, and functions of shared objects to call with them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernels/common/server.hpp"
#include "kernels/native/code.hpp"
#include "kernels/native/library.hpp"

namespace ipkit::kernel::native {

/// The native kernel's answers. Not thread safe; one per process, whose directory is its own.
class NativeServer final : public Server {
 public:
  /// The channel must outlive the server.
  explicit NativeServer(Channel& channel);

 private:
  using Names = std::map<std::string, Value>;

  Names names_;
  Libraries libraries_;
  std::string home_;  ///< where it was started

  Answer execute(const Json& content, Buffers& buffers) override;
  Answer map(const Json& content, Buffers& buffers) override;
  Answer list() override;
  void clear() override;
  Answer kernel_info() override;
  void bind(const std::vector<std::string>& names, const Json& types, Buffers& data) override;
  void unbind(const std::vector<std::string>& names) override;
  Pulled pull_value(const std::string& name, const std::string& form, bool elements,
                    char sep) override;

  Answer run(const std::string& code, bool want_value, bool silent);
  void run_statement(const Statement& statement, Value& last);
  Value evaluate(const Expression& expression, const Names& local);
  Expression item_call(const std::string& code);
};

}  // namespace ipkit::kernel::native
