// SPDX-License-Identifier: BSD-3-Clause
// One input on its engines: requests out, everything in; questions, interrupts, leaving it.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/client/connection.hpp"

namespace ipc::console {

/// Code on an engine asks whoever sits here.
struct Question {
  int engine = -1;
  std::string id;  ///< of the request
  std::string prompt;
  bool hidden = false;  ///< the answer is not to be seen: a password
};

struct Answer {
  enum class Kind {
    text,
    end,        ///< end of file
    cancelled,  ///< whoever was asked wants the code interrupted
    none,       ///< something else has ended the question
  } kind = Kind::end;
  std::string text;
};

/// Gets what an input gives, in the thread of its run.
class CellEvents {
 public:
  virtual ~CellEvents() = default;
  /// Bytes an engine printed.
  virtual void stream(int engine, bool is_stderr, std::string_view bytes) = 0;
  /// Any other message but a question: results, displays. `content` is an object.
  virtual void message(const client::Output& output, const wire::Json& content) = 0;
  virtual void reply(const client::Reply& reply) = 0;
  /// Errors came, and others like them have had a moment to come too.
  virtual void errors_gathered() = 0;
  /// May turn the loop.
  virtual Answer ask(const Question& question) = 0;
  /// Asked after each turn; an error ends the run.
  virtual Status check() { return {}; }
};

/// What became of a run.
struct Ran {
  std::vector<std::string> ids;   ///< of the requests
  std::vector<std::string> left;  ///< of those that were left running
};

/// Make one for each input. Its methods may be called from handlers of the connection's loop. It is
/// the connection's on_output handler while it lives.
class Cell {
 public:
  Cell(client::Connection& connection, CellEvents& events);
  ~Cell();
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  /// Until all engines have answered, leave() or end(). An error: the controller is gone, or
  /// end() was called (Code::failed).
  Result<Ran> run(const std::vector<int>& engines,
                  const std::function<client::Request(int engine)>& request);
  /// Interrupts the code on all its engines, withdraws what has not begun.
  void interrupt();
  bool interrupted() const { return interrupted_; }
  /// run() returns, and what is open goes on without us.
  void leave() { leave_ = true; }
  /// This program has to end: what is open is interrupted, run() returns.
  void end() { ends_ = true; }
  /// The request still runs: an answer to its question is of use.
  bool is_open(const std::string& id) const { return open_.contains(id); }

 private:
  Error give_up(const Error& error);
  void take_output(const client::Output& output);
  void take(const client::Reply& reply);
  void ask();

  client::Connection& connection_;
  CellEvents& events_;
  std::set<std::string> open_;
  std::deque<Question> questions_;
  Ran ran_;
  bool interrupted_ = false, leave_ = false, ends_ = false;
  net::Loop::TimerId gathering_ = 0;
};

/// The text of a MIME bundle's member: a string, or in notebooks' form a list of lines; "" if there
/// is none.
std::string text_in(const wire::Json& data, const char* mime);

}  // namespace ipc::console
