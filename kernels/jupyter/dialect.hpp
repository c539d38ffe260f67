// SPDX-License-Identifier: BSD-3-Clause
// Requests about values, as code in the kernel's own language.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/result.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::jupyter {

/// What a helper in the kernel answered, as the contract has it.
struct Answer {
  wire::Json content;
  std::vector<std::string> buffers;
};

/// Jupyter has messages for running code, none for values. For languages known here a helper of
/// ours is loaded into the kernel, outside of the user's namespace; a request then is a call of it
/// with the request's text, and its answer comes back as a value of a MIME type of our own.
class Dialect {
 public:
  /// `language` as kernel_info has it; an unknown one has no helper. Large buffers travel as files
  /// in `directory`, which the kernel sees too; empty: there is none, and all are text.
  Dialect(const std::string& language, std::string directory);

  /// Code that loads the helper; empty: there is none. `own_output`: we read the kernel's pipes.
  Result<std::string> loader(bool own_output) const;
  bool known() const { return language_ != Language::other; }
  /// Requests it serves once it is loaded.
  bool serves(std::string_view type) const;
  /// The execute_request's content that serves such a request.
  wire::Json call(std::string_view type, std::string_view content,
                  const std::vector<std::string>& buffers) const;
  /// What to put into an execute_request's user_expressions to get the value of its last
  /// expression; null: ask with call("value_request") when it is over.
  wire::Json value_expressions() const;
  /// The answer in a reply to call(), or in something displayed meanwhile.
  std::optional<Answer> answer_in_reply(const wire::Json& content) const;
  std::optional<Answer> answer_in_display(const wire::Json& content) const;
  /// True if `display_data` is how this kernel shows the value of an expression.
  bool displays_values() const { return language_ == Language::r; }

 private:
  std::string call_text(std::string_view type, std::string_view content,
                        const std::vector<std::string>& buffers) const;
  std::string word_for(const std::string& buffer) const;
  std::optional<std::string> bytes_of(const std::string& word) const;
  std::optional<Answer> parse_answer(const wire::Json& bundle) const;

  enum class Language { other, python, r };
  const std::string directory_;
  mutable unsigned long long files_ = 0;
  Language language_ = Language::other;
};

}  // namespace ipc::jupyter
