// SPDX-License-Identifier: BSD-3-Clause
// GET /metrics: what `ipstat --prometheus` prints, over HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libipc/net/actor.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc {

/// Where the metrics are given out.
struct MetricsAddress {
  std::string address = "127.0.0.1";  ///< IPv4; 0.0.0.0: on every interface
  int port = 0;                       ///< 0: any free one
};

/// From "9817", "ADDR:9817" or "*:9817", ADDR being an address, interface or host name of this
/// machine. May ask the resolver. Code::usage: what is wrong with it.
Result<MetricsAddress> parse_metrics_address(const std::string& text);

/// A server with a thread of its own, which asks the controller as any client does, at most once a
/// second. Few connections, none for long. Made and ended by one thread, before its controller.
class MetricsServer {
 public:
  /// `text` is called in that thread for what is given out; it has to have a limit. An address that
  /// cannot be had: Code::exists or usage.
  static Result<std::unique_ptr<MetricsServer>> start(const MetricsAddress& where,
                                                      std::function<std::string()> text);
  ~MetricsServer();

  /// "http://127.0.0.1:9817/metrics"
  const std::string& url() const { return url_; }

 private:
  struct Http;

  MetricsServer() = default;

  std::string url_;
  std::shared_ptr<Http> http_;  // used in the actor's thread only
  std::unique_ptr<net::Actor> actor_;
};

}  // namespace ipc
