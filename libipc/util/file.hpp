// SPDX-License-Identifier: BSD-3-Clause
// Whole files, written so that a reader never sees a part.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "libipc/util/result.hpp"

namespace ipc {

/// Reads a regular file of at most `limit` bytes. Code::no_input if it cannot be opened.
Result<std::string> read_file(const std::string& path, size_t limit = 64 << 20);

/// Writes a temporary file in the same directory with mode `mode`, syncs it and renames it to
/// `path`.
Status write_file_atomically(const std::string& path, std::string_view text, mode_t mode = 0600);

/// Removes the temporary files of writers of `path` that were killed. Nobody may be writing it.
void remove_remains(const std::string& path);

/// mkdir -p; the last component gets `mode`. Existing directories are left as they are.
Status make_directories(const std::string& path, mode_t mode = 0700);

/// The same of a file that holds a secret. Code::refused, with what mends it, if others can read or
/// write it, or if it belongs to neither us nor root nor a user named in $IPKIT_TRUST.
Result<std::string> read_secret(const std::string& path, size_t limit = 1 << 20);

/// Code::refused, with what mends it, if a stranger can write `path` or put something else in its
/// place: it and every directory above it, links followed, belong to us, root or a user named in
/// $IPKIT_TRUST (names with commas); nobody else can write it (a group of the owner's own is
/// nobody else), and no directory above is open to everyone but such as /tmp. Fine if there is no
/// `path`. Slow where users are looked up in a network; not for every start of a client.
Status check_ours(const std::string& path);

/// True if check_ours() holds for `path` and its directory, and `path` is there.
bool is_trusted(const std::string& path);

/// Directory of the running program's file, symbolic links resolved.
std::string program_directory();

/// A program of ours: beside the running one, else in ../libexec/ipkit of it. Never by PATH, where
/// the reference's programs of the same names may stand. Code::internal names both places.
Result<std::string> find_program(std::string_view name);

}  // namespace ipc
