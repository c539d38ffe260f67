// SPDX-License-Identifier: BSD-3-Clause
// Items as a map_request, and its results.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cmd/ipmap/settings.hpp"
#include "libipc/client/message.hpp"

namespace ipmap {

/// Items in a row, as they were read, and how often they were tried.
struct Chunk {
  std::uint64_t first = 1;  ///< number of the first item
  size_t count = 0;
  std::string bytes;  ///< each ended by the input's separator
  unsigned tries = 0;
  int engine = -1;     ///< the one it is for; -1: whichever is free
  bool teach = false;  ///< the text of the code's file goes along
};

/// True if the kernel or the engine is gone: the items are not to blame, or only one of them is.
bool is_loss(const ipc::client::RemoteError& error);

/// An answer that does not fit its request. Code::bad_input.
ipc::Error misfit();

/// The request for a chunk. Code::bad_input names an item that cannot be sent.
ipc::Result<ipc::client::Request> make_request(const Chunk& chunk, char separator,
                                               const Settings& settings);

/// One item's result.
struct ItemResult {
  std::string_view text;
  bool failed = false;
  ipc::client::RemoteError error;  ///< if it failed
};

/// Takes a reply of form `sized` or `lines`, each ended by `end`, apart. The texts are views into
/// the reply.
/// Code::bad_input for a reply that does not fit the chunk.
ipc::Result<std::vector<ItemResult>> parse_results(const ipc::client::Reply& reply,
                                                   const ipc::wire::Json& content, size_t count,
                                                   char end);

/// Index and error of each failed item.
using Failures = std::vector<std::pair<size_t, ipc::client::RemoteError>>;
/// Those of a reply to `count` items. Code::bad_input as above.
ipc::Result<Failures> parse_failures(const ipc::wire::Json& content, size_t count);

/// The two halves of a chunk of several items.
std::pair<Chunk, Chunk> halve(const Chunk& chunk, char separator);
/// Item `index` as a chunk of its own.
Chunk single(const Chunk& chunk, char separator, size_t index);

/// The items of a chunk; views into it.
std::vector<std::string_view> items_of(const Chunk& chunk, char separator);
/// An item as it was read; of several sources what they gave, with blanks between.
std::string whole_item(std::string_view item, const Settings& settings);
/// What is done with an item, for people: the command, or the expression and the item.
std::string command_of(std::string_view item, std::uint64_t number, const Settings& settings);

/// An item for a message: quoted, short, without control characters.
std::string shown(std::string_view item);

}  // namespace ipmap
