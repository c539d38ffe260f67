// SPDX-License-Identifier: BSD-3-Clause
// Where code comes from: an operand, a file, standard input.
#include "libipc/cli/code.hpp"

#include <unistd.h>

#include "libipc/cli/connect.hpp"
#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cli {

// It is one message to each engine: here, in the controller, the engine and its kernel it is in
// memory at once.
constexpr size_t kMostInput = size_t{512} << 20;

bool is_shell(const Arguments& arguments) {
  return arguments.has("sh") || chosen_kernel(arguments) == "sh";
}

static Error usage(const std::string& what, const std::string& hint) {
  return {Code::usage, what, hint};
}

static Result<RemoteCode> code_of_operands(const Arguments& arguments) {
  RemoteCode code;
  const auto& words = arguments.operands;
  if (words.size() == 1) {
    // `fit.py` as code would be the attribute py of fit.
    const bool is_name = words[0].find_first_of(" \t\n()=;") == std::string::npos;
    if (!is_shell(arguments) && is_name && words[0].ends_with(".py") &&
        ::access(words[0].c_str(), R_OK) == 0)
      return usage("'" + words[0] + "' is a file, and code is wanted",
                   "-f " + words[0] + " runs it");
    code.text = words[0];
    return code;
  }
  if (!is_shell(arguments))
    return usage(
        "code is one operand: quote it ('" + words[0] + "' and '" + words[1] + "' are two)",
        "--sh runs a command with its arguments");
  for (const auto& word : words) code.text += (code.text.empty() ? "" : " ") + shell_quote(word);
  return code;
}

static Result<RemoteCode> code_of_file(const std::string& path, const Arguments& arguments) {
  RemoteCode code;
  IPC_TRY_ASSIGN(code.text, read_file(path));
  code.file = path;
  code.argv = {path};
  code.argv.insert(code.argv.end(), arguments.operands.begin(), arguments.operands.end());
  return code;
}

Result<RemoteCode> find_code(const Arguments& arguments) {
  const auto file = arguments.get("file");
  const auto text = arguments.get("code");
  if (file && text) return usage("-c and -f are both given", "give one");
  if (is_shell(arguments) && arguments.has("print"))
    return usage("-p prints the value of an expression; a command prints by itself",
                 "leave out -p");
  if (file && *file != "-") return code_of_file(*file, arguments);
  if (text && !arguments.operands.empty())
    return usage("-c has the code, '" + arguments.operands[0] + "' is too much", "quote the code");
  RemoteCode code;
  if (text)
    code.text = *text;
  else if (!file && !arguments.operands.empty())
    return code_of_operands(arguments);
  else if (arguments.has("stdin"))
    return usage("no code: -i gives standard input to the code", "give CODE");
  else if (arguments.has("no-stdin"))
    return usage("no code: -n leaves standard input alone", "give CODE");
  else
    code.from_stdin = true;
  if (file) {
    code.argv = {"-"};
    code.argv.insert(code.argv.end(), arguments.operands.begin(), arguments.operands.end());
  }
  return code;
}

Result<std::string> read_stdin(const std::string& what) {
  if (::isatty(STDIN_FILENO) == 1) complain("reading " + what + " from the terminal, Ctrl-D ends");
  auto bytes = read_all(STDIN_FILENO, kMostInput);
  if (!bytes)
    return Error{bytes.error().code, "standard input: " + bytes.error().what,
                 bytes.error().code == Code::bad_input
                     ? "larger values go in pieces: ippush x=@FILE"
                     : ""};
  IPC_TRY(check_writer("not run"));
  return bytes;
}

Result<std::string> execute_content(const RemoteCode& code, const Arguments& arguments,
                                    std::string_view more) {
  if (!is_utf8(code.text))
    return Error{Code::bad_input, "the code is not UTF-8", "give other bytes as data (-i)"};
  std::string content = R"({"code":)" + json_quote(code.text) +
                        // What code displays is published only if it is not silent.
                        R"(,"silent":)" + (arguments.has("display") ? "false" : "true") +
                        R"(,"store_history":false,"user_expressions":{},)"
                        R"("allow_stdin":false,"stop_on_error":false)";
  if (arguments.has("print")) content += R"(,"value":true)";
  if (arguments.has("stdin")) content += R"(,"stdin":true)";
  if (!code.file.empty()) content += R"(,"file":)" + json_quote(code.file);
  if (!code.argv.empty()) {
    content += R"(,"argv":[)";
    for (const auto& word : code.argv)
      content += (&word == code.argv.data() ? "" : ",") + json_quote(word);
    content += "]";
  }
  return content.append(more) + "}";
}

}  // namespace ipc::cli
