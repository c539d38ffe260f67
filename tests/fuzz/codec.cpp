// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: frames as they come from a socket.
#include "libipc/wire/codec.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  static auto signer = ipc::wire::Signer::create("hmac-sha256", "key");
  static ipc::wire::DigestHistory history;
  const auto frames = ipkit_fuzz::pieces(input);
  const auto view = ipc::wire::locate(frames, {.frames = 64, .json_bytes = 4096});
  if (!view) return;
  ipkit_fuzz::require(view->identities.size() + 6 + view->buffers.size() == frames.size());
  ipc::wire::View ours = *view;
  ours.signature = signer->sign(view->header, view->parent, view->metadata, view->content);
  const bool is_signed = view->signature == ours.signature;
  ipkit_fuzz::require(signer->verify(*view) == is_signed);
  history.add(view->signature);
  ipkit_fuzz::require(!history.add(view->signature));
}

const ipkit_fuzz::Registered registered("codec", run);

}  // namespace
