// SPDX-License-Identifier: BSD-3-Clause
// One login at an ssh server.
#include "libipc/net/ssh_session.hpp"

#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "libipc/util/text.hpp"

namespace ipc::net {
namespace {

constexpr size_t kMostOutput = 4 << 20;

/// A channel for one command.
class Channel {
 public:
  explicit Channel(const SshSession& session)
      : lib_(session.lib()), raw_(lib_.ssh_channel_new(session.raw())) {}
  ~Channel() {
    if (raw_ != nullptr) lib_.ssh_channel_free(raw_);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  ssh_channel get() const { return raw_; }
  /// Takes what there is; false if there is nothing now.
  bool read(bool of_stderr, std::string& into) const {
    char bytes[16384];
    const int n = lib_.ssh_channel_read_nonblocking(raw_, bytes, sizeof bytes, of_stderr);
    if (n > 0) into.append(bytes, static_cast<size_t>(n));
    return n > 0;
  }

 private:
  const LibSsh& lib_;
  ssh_channel raw_;
};

std::string home() {
  const char* text = std::getenv("HOME");
  return text != nullptr && *text == '/' ? text : "";
}

/// The configuration that ssh(1) is to read as we do; "": the one that it reads anyway.
std::string config_for_ssh(const std::string& config) {
  if (!config.empty()) return config;
  const passwd* user = ::getpwuid(::getuid());
  const std::string usual = home() + "/.ssh/config";
  const bool is_its_own = home().empty() || (user != nullptr && home() == user->pw_dir);
  return is_its_own || ::access(usual.c_str(), R_OK) != 0 ? "" : usual;
}

}  // namespace

std::string SshHost::text() const {
  return (user.empty() ? "" : user + "@") + name + (port ? ":" + std::to_string(port) : "");
}

Result<SshHost> parse_ssh_host(std::string_view text) {
  SshHost host;
  std::string_view rest = text;
  if (const size_t at = rest.rfind('@'); at != rest.npos) {
    host.user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    if (host.user.empty()) rest = "";
  }
  // More than one colon is an IPv6 address without a port.
  if (const size_t colon = rest.find(':'); colon != rest.npos && colon == rest.rfind(':')) {
    const auto digits = rest.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), host.port);
    if (error != std::errc() || end != digits.data() + digits.size() || host.port < 1 ||
        host.port > 65535)
      rest = "";
    rest = rest.substr(0, std::min(colon, rest.size()));
  }
  host.name = rest;
  // A dash would be an option to the programs that ssh_config may name (ProxyCommand %h).
  const bool plain = host.text().find_first_of(" \t\n'\"\\$`;&|<>()") == std::string::npos;
  if (host.name.empty() || host.name[0] == '-' || (!host.user.empty() && host.user[0] == '-') ||
      !plain)
    return Error{Code::usage, "'" + std::string(text) + "' is not [user@]host[:port]", ""};
  return host;
}

Result<SshSession> SshSession::open(const SshHost& host, const SshSettings& settings) {
  IPC_TRY_ASSIGN(const LibSsh* lib, libssh());
  SshSession session(host, lib);
  if (session.raw_ == nullptr) return Error{Code::internal, host.name + ": no memory", ""};
  IPC_TRY(session.configure(settings));
  if (lib->ssh_connect(session.raw_) != SSH_OK) {
    const std::string jump = session.option(SSH_OPTIONS_PROXYCOMMAND);
    if (jump.empty()) return session.error(Code::no_controller);
    const std::string file = config_for_ssh(settings.config);
    return session.error(Code::no_controller,
                         "it is reached by " + jump.substr(jump.starts_with("exec ") ? 5 : 0) +
                             "; see what that says: ssh -o BatchMode=yes " +
                             (file.empty() ? "" : "-F " + shell_quote(file) + " ") + host.name +
                             " true");
  }
  IPC_TRY(session.verify());
  IPC_TRY(session.log_in());
  return session;
}

SshSession::~SshSession() {
  if (raw_ == nullptr) return;
  lib_->ssh_disconnect(raw_);
  lib_->ssh_free(raw_);
}

Error SshSession::error(Code code, const std::string& hint) const {
  return {code, host_.text() + ": " + lib_->ssh_get_error(raw_), hint};
}

Status SshSession::configure(const SshSettings& settings) {
  const long limit = std::max<long>(
      1, static_cast<long>(std::chrono::duration_cast<seconds>(settings.timeout).count()));
  lib_->ssh_options_set(raw_, SSH_OPTIONS_TIMEOUT, &limit);
  if (!home().empty()) lib_->ssh_options_set(raw_, SSH_OPTIONS_SSH_DIR, (home() + "/.ssh").c_str());
  bool good = lib_->ssh_options_set(raw_, SSH_OPTIONS_HOST, host_.name.c_str()) == SSH_OK;
  // What is written with the host is set first: in ssh_config the first value counts.
  if (!host_.user.empty())
    good = good && lib_->ssh_options_set(raw_, SSH_OPTIONS_USER, host_.user.c_str()) == SSH_OK;
  if (host_.port)
    good = good && lib_->ssh_options_set(raw_, SSH_OPTIONS_PORT, &host_.port) == SSH_OK;
  if (!settings.key.empty())
    lib_->ssh_options_set(raw_, SSH_OPTIONS_ADD_IDENTITY, settings.key.c_str());
  const char* file = settings.config.empty() ? nullptr : settings.config.c_str();
  good = good && lib_->ssh_options_parse_config(raw_, file) == SSH_OK;
  if (!host_.user.empty()) lib_->ssh_options_set(raw_, SSH_OPTIONS_USER, host_.user.c_str());
  if (host_.port) lib_->ssh_options_set(raw_, SSH_OPTIONS_PORT, &host_.port);
  jump_by_same_config(settings.config);
  // A configuration without checks is for people who look at what they type to.
  const int strict = 1;
  lib_->ssh_options_set(raw_, SSH_OPTIONS_STRICTHOSTKEYCHECK, &strict);
  // LogLevel of the file would have libssh write to standard error.
  const int silent = SSH_LOG_NOLOG;
  lib_->ssh_options_set(raw_, SSH_OPTIONS_LOG_VERBOSITY, &silent);
  if (good) return {};
  return error(Code::usage);
}

/// ProxyJump is an ssh(1) to libssh, which would go by its own configuration, and might ask.
void SshSession::jump_by_same_config(const std::string& config) const {
  const std::string jump = option(SSH_OPTIONS_PROXYCOMMAND);
  if (!jump.starts_with("ssh ") || jump.find(" -W '[%h]:%p' ") == std::string::npos) return;
  const std::string file = config_for_ssh(config);
  const std::string ours = "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes" +
                           (file.empty() ? "" : " -F " + shell_quote(file)) + jump.substr(3);
  lib_->ssh_options_set(raw_, SSH_OPTIONS_PROXYCOMMAND, ours.c_str());
}

std::string SshSession::option(ssh_options_e which) const {
  char* value = nullptr;
  if (lib_->ssh_options_get(raw_, which, &value) != SSH_OK || value == nullptr) return "";
  std::string text = value;
  lib_->ssh_string_free_char(value);
  return text;
}

std::string SshSession::fingerprint() const {
  ssh_key key = nullptr;
  if (lib_->ssh_get_server_publickey(raw_, &key) != SSH_OK) return "of unknown kind";
  std::string text = lib_->ssh_key_type_to_char(lib_->ssh_key_type(key));
  unsigned char* hash = nullptr;
  size_t size = 0;
  if (lib_->ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &size) == SSH_OK) {
    if (char* hex = lib_->ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size)) {
      text += std::string(" ") + hex;
      lib_->ssh_string_free_char(hex);
    }
    lib_->ssh_clean_pubkey_hash(&hash);
  }
  lib_->ssh_key_free(key);
  return text;
}

Status SshSession::verify() const {
  unsigned int port = 22;
  lib_->ssh_options_get_port(raw_, &port);
  std::string name = option(SSH_OPTIONS_HOST);
  if (name.empty()) name = host_.name;
  if (port != 22) name = "[" + name + "]:" + std::to_string(port);
  std::string file = option(SSH_OPTIONS_KNOWNHOSTS);
  if (file.empty()) file = "~/.ssh/known_hosts";
  const std::string host = host_.text() + ": ";
  switch (lib_->ssh_session_is_known_server(raw_)) {
    case SSH_KNOWN_HOSTS_OK:
      return {};
    case SSH_KNOWN_HOSTS_CHANGED:
    case SSH_KNOWN_HOSTS_OTHER:
      return Error{Code::refused,
                   host + "its key is not the one in " + file + " (for " + name + "): it shows " +
                       fingerprint() + ", and may be another machine that listens in",
                   "if it was set up anew: ssh-keygen -f " + file + " -R '" + name + "'"};
    case SSH_KNOWN_HOSTS_UNKNOWN:
    case SSH_KNOWN_HOSTS_NOT_FOUND:
      return Error{Code::refused,
                   host + name + " is not in " + file + "; its key is " + fingerprint(),
                   "connect once by hand and compare: ssh " + host_.name};
    case SSH_KNOWN_HOSTS_ERROR:
      break;
  }
  return error(Code::refused);
}

Status SshSession::log_in() const {
  int outcome = lib_->ssh_userauth_none(raw_, nullptr);
  if (outcome == SSH_AUTH_SUCCESS) return {};
  const int methods = lib_->ssh_userauth_list(raw_, nullptr);
  if (outcome != SSH_AUTH_ERROR && (methods & SSH_AUTH_METHOD_PUBLICKEY) != 0)
    outcome = lib_->ssh_userauth_publickey_auto(raw_, nullptr, nullptr);
  if (outcome != SSH_AUTH_SUCCESS && outcome != SSH_AUTH_ERROR &&
      (methods & SSH_AUTH_METHOD_GSSAPI_MIC) != 0)
    outcome = lib_->ssh_userauth_gssapi(raw_);
  if (outcome == SSH_AUTH_SUCCESS) return {};
  return error(Code::refused,
               "keys come from ~/.ssh/config, the usual files and the agent; try: "
               "ssh -o BatchMode=yes " +
                   host_.name + " true");
}

Result<SshCompleted> SshSession::run(const std::string& command, std::string_view input,
                                     TimePoint deadline) {
  Channel channel(*this);
  if (channel.get() == nullptr || lib_->ssh_channel_open_session(channel.get()) != SSH_OK ||
      lib_->ssh_channel_request_exec(channel.get(), command.c_str()) != SSH_OK)
    return error(Code::no_controller);
  while (!input.empty()) {
    const auto part = static_cast<uint32_t>(std::min<size_t>(input.size(), 32768));
    const int n = lib_->ssh_channel_write(channel.get(), input.data(), part);
    if (n <= 0) break;  // it does not want to know; its words and its status say why
    input.remove_prefix(static_cast<size_t>(n));
  }
  lib_->ssh_channel_send_eof(channel.get());
  SshCompleted done;
  for (;;) {
    const bool some = channel.read(false, done.output);
    if (channel.read(true, done.errors) || some) {
      if (done.output.size() + done.errors.size() > kMostOutput)
        return Error{Code::bad_input, host_.text() + ": more than 4 MB of output", ""};
      continue;
    }
    if (lib_->ssh_channel_is_eof(channel.get())) break;
    if (!lib_->ssh_is_connected(raw_)) return error(Code::no_controller);
    if (Clock::now() >= deadline)
      return Error{Code::timed_out, host_.text() + ": no answer in time", ""};
    // Returns when the first stream has something; the other one is looked at soon, too.
    lib_->ssh_channel_poll_timeout(channel.get(), 100, 0);
  }
  done.status = lib_->ssh_channel_get_exit_status(channel.get());
  return done;
}

}  // namespace ipc::net
