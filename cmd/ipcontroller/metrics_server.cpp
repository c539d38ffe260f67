// SPDX-License-Identifier: BSD-3-Clause
// GET /metrics: what `ipstat --prometheus` prints, over HTTP.
#include "cmd/ipcontroller/metrics_server.hpp"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "cmd/ipcontroller/traits.hpp"
#include "libipc/net/address.hpp"
#include "libipc/util/process.hpp"

namespace ipc {

namespace {

// More at a time wait; who is silent is closed.
constexpr unsigned kConnections = 8, kSilence = 5;
constexpr size_t kMemory = 16384;  // for each, its headers included
// A question more often than that gets the answer to the one before.
constexpr Duration kFresh = seconds(1);
constexpr int kBacklog = 16;

struct Answer {
  unsigned status = MHD_HTTP_OK;
  std::string text;
};

MHD_Result send_answer(MHD_Connection* connection, const Answer& answer) {
  MHD_Response* const response = MHD_create_response_from_buffer(
      answer.text.size(), const_cast<char*>(answer.text.data()),  // it is copied
      MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                          answer.status == MHD_HTTP_OK ? "text/plain; version=0.0.4; charset=utf-8"
                                                       : "text/plain; charset=utf-8");
  if (answer.status == MHD_HTTP_METHOD_NOT_ALLOWED)
    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  const MHD_Result queued = MHD_queue_response(connection, answer.status, response);
  MHD_destroy_response(response);
  return queued;
}

Result<Fd> listen_on(const MetricsAddress& where) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return system_error(Code::internal, "metrics: a socket");
  const int yes = 1;
  // The port of a controller that has just ended.
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(where.port));
  const std::string text = where.address + ":" + std::to_string(where.port);
  if (::inet_pton(AF_INET, where.address.c_str(), &address.sin_addr) != 1)
    return Error{Code::usage, "--metrics: '" + text + "' is no address", ""};
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EADDRINUSE)
      return Error{Code::exists, "--metrics: somebody else listens on " + text,
                   "give another port; 0 takes any, and the log says which"};
    return system_error(Code::usage, "--metrics: cannot listen on " + text);
  }
  if (::listen(fd.get(), kBacklog) != 0) return system_error(Code::internal, "metrics: listen");
  return fd;
}

int port_of(const Fd& fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.sin_port);
}

}  // namespace

struct MetricsServer::Http {
  Http(Fd socket, std::function<std::string()> source)
      : listening(std::move(socket)), text(std::move(source)) {}

  bool begin(net::Loop& loop);
  void turn();
  void end();
  Answer answer(std::string_view method, std::string_view path);
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* path,
                               const char* method, const char* version, const char* data,
                               size_t* size, void** state);

  Fd listening;
  std::function<std::string()> text;
  MHD_Daemon* daemon = nullptr;
  std::string latest;
  TimePoint asked{};
};

Answer MetricsServer::Http::answer(std::string_view method, std::string_view path) {
  if (path != "/metrics") return {MHD_HTTP_NOT_FOUND, "there is only /metrics\n"};
  if (method != MHD_HTTP_METHOD_GET && method != MHD_HTTP_METHOD_HEAD)
    return {MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n"};
  if (const TimePoint now = Clock::now(); latest.empty() || now - asked >= kFresh) {
    latest = text();
    asked = now;
  }
  return {MHD_HTTP_OK, latest};
}

// Called once with the headers; what else may follow them is not read.
MHD_Result MetricsServer::Http::on_request(void* self, MHD_Connection* connection, const char* path,
                                           const char* method, const char*, const char*, size_t*,
                                           void**) {
  return send_answer(connection, static_cast<Http*>(self)->answer(method, path));
}

bool MetricsServer::Http::begin(net::Loop& loop) {
  daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, nullptr, nullptr, &Http::on_request, this,
                            MHD_OPTION_LISTEN_SOCKET, listening.get(), MHD_OPTION_CONNECTION_LIMIT,
                            kConnections, MHD_OPTION_CONNECTION_TIMEOUT, kSilence,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMemory, MHD_OPTION_END);
  if (daemon == nullptr) return false;
  (void)listening.release();  // it is the daemon's to close
  const auto* info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (info == nullptr) return false;
  loop.on_fd(info->epoll_fd, POLLIN, [this](short) { turn(); });
  loop.every(seconds(1), [this] { turn(); });  // closes those that are silent
  return true;
}

// What is in its buffers makes no descriptor readable: it says so by a time of 0.
void MetricsServer::Http::turn() {
  MHD_UNSIGNED_LONG_LONG left = 0;
  for (unsigned i = 0; i < 4 * kConnections && left == 0; ++i) {
    MHD_run(daemon);
    if (MHD_get_timeout(daemon, &left) != MHD_YES) return;
  }
}

void MetricsServer::Http::end() {
  if (daemon != nullptr) MHD_stop_daemon(daemon);
  daemon = nullptr;
}

Result<MetricsAddress> parse_metrics_address(const std::string& text) {
  const Error wrong{Code::usage, "--metrics: '" + text + "' is not [ADDR:]PORT",
                    "9817, or eth0:9817 for others than this machine"};
  MetricsAddress where;
  const size_t colon = text.rfind(':');
  const auto port =
      parse_number("--metrics", text.substr(colon == std::string::npos ? 0 : colon + 1), 0, 65535);
  if (!port || colon == 0) return wrong;
  where.port = static_cast<int>(*port);
  if (colon == std::string::npos) return where;
  IPC_TRY_ASSIGN(where.address, net::listen_address(text.substr(0, colon)));
  if (where.address == "*") where.address = "0.0.0.0";
  return where;
}

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const MetricsAddress& where,
                                                            std::function<std::string()> text) {
  IPC_TRY_ASSIGN(Fd socket, listen_on(where));
  std::unique_ptr<MetricsServer> server(new MetricsServer);
  server->url_ = "http://" + where.address + ":" + std::to_string(port_of(socket)) + "/metrics";
  server->http_ = std::make_shared<Http>(std::move(socket), std::move(text));
  bool begun = false;
  const auto http = server->http_;
  server->actor_ = std::make_unique<net::Actor>(
      [&](net::Loop& loop) {
        name_thread("metrics");
        begun = http->begin(loop);
      },
      [http] { http->end(); });
  if (!begun) return Error{Code::internal, "--metrics: libmicrohttpd cannot start", ""};
  return server;
}

MetricsServer::~MetricsServer() = default;

}  // namespace ipc
