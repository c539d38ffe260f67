// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: values and templates of the command line. Pieces: a template, an item, columns.
#include "libipc/cli/placeholders.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/util/text.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  using namespace ipc::cli;
  const auto parts = ipkit_fuzz::pieces(input);
  if (parts.empty()) return;
  std::vector<std::string> columns;
  for (size_t i = 2; i < parts.size(); ++i) columns.emplace_back(parts[i]);
  const std::vector<std::string> words{std::string(parts[0])};
  if (const auto command = CommandTemplate::parse(words, !columns.empty()))
    (void)command->fill(parts.size() > 1 ? parts[1] : "", 1, columns);
  (void)is_json_number(parts[0]);
  // Files of that name are not what is tested.
  if (words[0].find('@') == std::string::npos) (void)parse_assignment(words[0], false);
  ipkit_fuzz::require(ipc::is_utf8(ipc::json_quote(parts[0])));
}

const ipkit_fuzz::Registered registered("words", run);

}  // namespace
