// SPDX-License-Identifier: BSD-3-Clause
// What engines give for a cell, as messages of one kernel.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/client/error.hpp"
#include "libipc/console/cell.hpp"
#include "libipc/util/text_stream.hpp"

namespace ipkernel {

/// An error as a front end gets it.
struct CellError {
  std::string ename, evalue;
  std::vector<std::string> traceback;

  ipc::wire::Json content() const;
};

/// What is left to be told when a cell has run.
struct CellEnd {
  std::vector<CellError> errors;  ///< equal ones of several engines once
  /// user_expressions of the first engine that has some.
  ipc::wire::Json expressions = ipc::wire::Json::object();
  ipc::wire::Json pages = ipc::wire::Json::array();  ///< payload: what `name?` shows
};

/// Where it goes.
struct ShownHooks {
  std::function<void(std::string_view type, const ipc::wire::Json& content,
                     std::vector<ipc::net::Frame> buffers)>
      publish;
  /// The engine's number of this input; of one engine only.
  std::function<void(int number)> number;
  std::function<ipc::console::Answer(const ipc::console::Question&)> ask;
};

/// One engine's messages pass as they are. Of several, each line of output begins with
/// `[stdout:3] `, displays and results come behind a line with the engine's number, and the results
/// in the order of the engines when all have run. Make one for each run.
class Shown : public ipc::console::CellEvents {
 public:
  Shown(const std::vector<int>& engines, ShownHooks hooks);

  void stream(int engine, bool is_stderr, std::string_view bytes) override;
  void message(const ipc::client::Output& output, const ipc::wire::Json& content) override;
  void reply(const ipc::client::Reply& reply) override;
  void errors_gathered() override {}
  ipc::console::Answer ask(const ipc::console::Question& question) override;

  /// Nothing more comes: shows what was held back.
  CellEnd finish();

 private:
  struct Held {
    ipc::TextStream text[2];  // stdout, stderr
    std::string line[2];      // several engines: without its end
    ipc::wire::Json result;
  };
  void print(bool is_stderr, const std::string& text);
  void end_lines(int engine);
  void show(int engine, std::string_view type, ipc::wire::Json content,
            std::vector<ipc::net::Frame> buffers);
  void show_result(int engine, ipc::wire::Json content);
  void add_error(int engine, const ipc::client::RemoteError& error);

  const bool several_;
  ShownHooks hooks_;
  std::map<int, Held> held_;
  struct Group {
    CellError error;
    std::vector<int> engines;
  };
  std::vector<Group> groups_;
  CellEnd end_;
};

}  // namespace ipkernel
