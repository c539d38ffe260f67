// SPDX-License-Identifier: BSD-3-Clause
// libssh, loaded when the first connection needs it: a program that needs none starts as fast as
// one that knows nothing of ssh.
#pragma once

#include <libssh/libssh.h>

#include "libipc/util/result.hpp"

namespace ipc::net {

// clang-format takes the list for one nested call.
// clang-format off
#define IPC_LIBSSH_FUNCTIONS(X) \
  X(ssh_new) X(ssh_free) X(ssh_connect) X(ssh_disconnect) X(ssh_get_error) X(ssh_get_error_code) \
  X(ssh_options_set) X(ssh_options_get) X(ssh_options_get_port) X(ssh_options_parse_config) \
  X(ssh_session_is_known_server) X(ssh_get_server_publickey) X(ssh_get_publickey_hash) \
  X(ssh_get_fingerprint_hash) X(ssh_clean_pubkey_hash) X(ssh_string_free_char) X(ssh_key_free) \
  X(ssh_key_type) X(ssh_key_type_to_char) X(ssh_userauth_none) X(ssh_userauth_list) \
  X(ssh_userauth_publickey_auto) X(ssh_userauth_gssapi) X(ssh_channel_new)\
  X(ssh_channel_free) X(ssh_channel_open_session) \
  X(ssh_channel_open_forward) X(ssh_channel_request_exec) X(ssh_channel_write) \
  X(ssh_channel_send_eof) X(ssh_channel_read_nonblocking) X(ssh_channel_poll_timeout) \
  X(ssh_channel_is_eof) X(ssh_channel_is_open) X(ssh_channel_close) X(ssh_channel_window_size) \
  X(ssh_channel_get_exit_status) X(ssh_set_blocking) X(ssh_get_fd) X(ssh_get_poll_flags) \
  X(ssh_blocking_flush) X(ssh_is_connected) X(ssh_event_new) X(ssh_event_free) \
  X(ssh_event_add_session) X(ssh_event_remove_session) X(ssh_event_dopoll)
// clang-format on

/// Its functions, by their own names.
struct LibSsh {
#define IPC_LIBSSH_MEMBER(name) decltype(&::name) name = nullptr;
  IPC_LIBSSH_FUNCTIONS(IPC_LIBSSH_MEMBER)
#undef IPC_LIBSSH_MEMBER
};

/// Loads the library at the first call, and never unloads it. Code::no_input in the loader's words
/// if it is not installed. From any thread.
Result<const LibSsh*> libssh();

}  // namespace ipc::net
