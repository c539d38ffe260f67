// SPDX-License-Identifier: BSD-3-Clause
// One request to the control channel of several engines.
#include "libipc/cli/control.hpp"

#include "libipc/cli/errors.hpp"
#include "libipc/cli/program.hpp"

namespace ipc::cli {
namespace {

// After this long whoever waits should know for what.
constexpr auto kRemark = seconds(2);

}  // namespace

Result<std::vector<client::Failure>> control_each(client::Connection& connection,
                                                  const Arguments& arguments,
                                                  const std::vector<int>& engines,
                                                  const ControlRequest& request) {
  IPC_TRY_ASSIGN(const auto limit, arguments.duration("timeout"));
  std::vector<client::Failure> failures;
  std::vector<int> open = engines;
  for (const int engine : engines) {
    client::Request one;
    one.type = request.type;
    one.content = request.content;
    one.kernel = request.kernel;
    IPC_TRY(connection.control(engine, std::move(one), [&, engine](client::Reply&& reply) {
      std::erase(open, engine);
      if (reply.outcome != client::Outcome::ok) failures.push_back({engine, reply.error()});
    }));
  }
  const auto remark = connection.loop().after(kRemark, [&] {
    if (!arguments.has("quiet")) complain("waiting for " + engines_text(open) + ": busy");
  });
  const auto waited = connection.wait_all(limit ? Clock::now() + *limit : TimePoint::max());
  connection.loop().cancel(remark);
  if (waited) return failures;
  // What is not done by now shall not be done later, when nobody expects it.
  if (waited.error().code == Code::timed_out) connection.cancel_all();
  connection.forget_all();
  if (waited.error().code != Code::timed_out) return waited.error();
  return Error{Code::timed_out,
               "timed out after " + duration_text(arguments, "timeout") + ": " +
                   engines_text(open) + " " + request.undone,
               "stop what they do: ipcancel -t SET"};
}

}  // namespace ipc::cli
