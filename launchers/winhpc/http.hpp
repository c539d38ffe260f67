// SPDX-License-Identifier: BSD-3-Clause
// Requests over HTTPS. The one place that knows libcurl.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "launchers/winhpc/site.hpp"

namespace ipc::winhpc {

struct Reply {
  long status = 0;
  std::string body;
};

/// A connection to one server, kept for the requests to come. The server's certificate is checked,
/// always; a redirection is not followed.
class Http {
 public:
  /// Reads the password. Headers go with every request: "Accept: application/xml".
  static Result<Http> open(const Site& site, const std::vector<std::string>& headers);

  Result<Reply> get(const std::string& url);
  Result<Reply> post(const std::string& url, const std::string& body);

  const std::string& password() const { return password_; }

 private:
  struct Curl;
  struct Free {
    void operator()(Curl* curl) const;
  };
  Result<Reply> perform(const std::string& url);

  std::unique_ptr<Curl, Free> curl_;
  std::string password_;
};

}  // namespace ipc::winhpc
