// SPDX-License-Identifier: BSD-3-Clause
// requests.hpp: the requests the sh kernel serves.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernels/common/server.hpp"
#include "kernels/sh/plain.hpp"
#include "kernels/sh/shell.hpp"

namespace ipkit::kernel::sh {

/// The shell kernel's answers. Not thread safe.
class ShellServer final : public Server {
 public:
  /// Both must outlive the server.
  ShellServer(Channel& channel, Shell& shell);

 private:
  Shell& shell_;
  std::map<std::string, bool> initial_;
  PlainCommands plain_;

  Answer execute(const Json& content, Buffers& buffers) override;
  Answer map(const Json& content, Buffers& buffers) override;
  Answer list() override;
  void clear() override;
  Answer kernel_info() override;
  Answer complete(const Json& content) override;
  void bind(const std::vector<std::string>& names, const Json& types, Buffers& data) override;
  void unbind(const std::vector<std::string>& names) override;
  bool has_sources() const override { return true; }
  Pulled pull_value(const std::string& name, const std::string& form, bool elements,
                    char sep) override;

  struct Results {
    Json sizes = Json::array();
    Json failed = Json::array();
    std::string text;
  };
  void run_items(const std::vector<std::string_view>& items, size_t first, const InputFile& input,
                 Results& results);
  void run_plain(const std::vector<std::string_view>& items, const InputFile& input,
                 Results& results);
  static void take_item(const Ended& ended, int file, Results& results);
  static Answer answer_of(Results& results);
  Json names();
};

/// The error fields for a command that ended so; `status` must not be 0.
Refused exit_error(const Ended& ended);

}  // namespace ipkit::kernel::sh
