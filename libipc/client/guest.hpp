// SPDX-License-Identifier: BSD-3-Clause
// Our requests in the words of ipyparallel, for engines that are not known as ours.
#pragma once

#include <string>
#include <string_view>

#include "libipc/client/message.hpp"
#include "libipc/util/result.hpp"

namespace ipc::client {

/// Engines of ipyparallel serve two requests: to run code, and to call a function that comes as a
/// pickle. A request of our own goes to them as the second: it calls kernels/python/guest.py, whose
/// text travels with it, so that nothing of ours has to be installed there and any engine can take
/// any request.
class Guest {
 public:
  /// Reads the modules. Code::internal if the installation lacks them.
  static Result<Guest> load();

  /// True for what such engines serve as it is: code from which no value is wanted, and questions
  /// of terminals.
  static bool serves(const Request& request);

  /// How a request becomes a call.
  struct Manner {
    bool raises = false;    ///< an error is to be the engine's, for whoever asks the hub later
    bool with_text = true;  ///< the modules travel along; else they have to be there
  };
  Request wrap(const Request& request, Manner manner) const;

 private:
  std::string package_;  // where they keep it, named after what it is
  std::string sources_;  // pickled
};

/// Puts the answer to a wrapped `type` in the place of the reply that brought it. What is an error
/// of the engine itself stays as it is. False: the engine has no modules, and nothing was done.
bool unwrap(Reply& reply, std::string_view type);

/// The same for a reply as the hub has kept it. False: it brought no answer to a wrapped request,
/// and nothing was done.
bool unwrap_kept(std::vector<std::string>& buffers, wire::Json& content);

}  // namespace ipc::client
