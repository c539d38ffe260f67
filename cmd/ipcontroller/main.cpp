// SPDX-License-Identifier: BSD-3-Clause
// ipcontroller: engines register with it, clients reach them through it.
#include <unistd.h>

#include "cmd/ipcontroller/service.hpp"
#include "cmd/ipcontroller/traits.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/memory.hpp"

namespace {

ipc::Result<int> run(int argc, char* const* argv) {
  const auto& command = ipc::controller_command();
  IPC_TRY_ASSIGN(auto arguments, ipc::cli::parse(command, ipc::controller_words(argc, argv)));
  if (arguments.has("help-all")) arguments.answer = ipc::help_all();
  if (!arguments.answer.empty()) {
    IPC_TRY(ipc::write_all(STDOUT_FILENO, arguments.answer));
    return 0;
  }
  IPC_TRY_ASSIGN(auto settings, ipc::read_settings(arguments));
  if (settings.show_config || settings.show_config_json) {
    const auto text = settings.show_config_json ? ipc::config_json(settings.given)
                                                : ipc::config_text(settings.given);
    IPC_TRY(ipc::write_all(STDOUT_FILENO, text));
    return 0;
  }
  return ipc::serve(std::move(settings));
}

}  // namespace

int main(int argc, char** argv) {
  ipc::keep_freed_memory();
  const auto status = run(argc, argv);
  if (status) return *status;
  (void)ipc::write_all(STDERR_FILENO, "ipcontroller: " + status.error().text() + "\n");
  return static_cast<int>(status.error().code);
}
