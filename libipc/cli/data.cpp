// SPDX-License-Identifier: BSD-3-Clause
// What the programs that move values have in common.
#include "libipc/cli/data.hpp"

#include "libipc/cli/errors.hpp"
#include "libipc/cli/values.hpp"

namespace ipc::cli {

Result<DataSession> open_data_session(const Arguments& arguments,
                                      const std::vector<std::string>& jobs) {
  DataSession session;
  session.kernel = chosen_kernel(arguments);
  IPC_TRY_ASSIGN(session.connection, connect(arguments));
  session.guard = std::make_unique<SignalGuard>(*session.connection);
  IPC_TRY(await_jobs(*session.connection, jobs));
  IPC_TRY_ASSIGN(session.engines, choose_kernels(*session.connection, arguments));
  return session;
}

int report_failures(const Arguments& arguments, const std::vector<client::Failure>& failures) {
  ErrorReport report({arguments.has("verbose"), false});
  bool no_kernel = false;
  for (const auto& failure : failures) {
    client::RemoteError error = failure.error;
    no_kernel = no_kernel || error.ename == "NoSuchKernel";
    if (error.ename == "NameError" && is_identifier(error.name)) {
      error = {};
      error.evalue = "no '" + failure.error.name + "'";
    }
    report.add(failure.engine, error);
  }
  report.print();
  return no_kernel ? static_cast<int>(Code::no_engine) : report.status(false);
}

}  // namespace ipc::cli
