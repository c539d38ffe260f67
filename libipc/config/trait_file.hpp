// SPDX-License-Identifier: BSD-3-Clause
// ipyparallel's own configuration files: Python programs, of which the plain assignments are read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libipc/config/paths.hpp"
#include "libipc/util/result.hpp"

namespace ipc::config {

/// `c.Class.trait = value` of a file.
struct TraitLine {
  std::string name;    ///< Class.trait
  std::string value;   ///< as it would be written on a command line
  std::string origin;  ///< FILE:LINE
};

struct TraitFile {
  std::vector<TraitLine> lines;
  std::vector<std::string> not_understood;  ///< FILE:LINE of every other statement
};

/// Reads a file of such lines: strings, numbers, True, False, None, lists and tuples as values. The
/// rest of Python is not understood. Code::no_input if it cannot be read.
Result<TraitFile> read_trait_file(const std::string& path);
/// The same for text; `name` is what the file is called in origins.
TraitFile parse_trait_file(std::string_view text, const std::string& name);

/// The files named `name` that there are, for all and in the profile, then `more` if that is not
/// empty: later ones count more.
std::vector<std::string> trait_files(const ClusterName& cluster, const std::string& name,
                                     const std::string& more);

/// The value of a Python string literal ('x', "x", b'x', r'x'), or `text` if it is none.
std::string unquoted(std::string_view text);

}  // namespace ipc::config
