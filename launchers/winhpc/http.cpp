// SPDX-License-Identifier: BSD-3-Clause
// Requests over HTTPS.
#include "launchers/winhpc/http.hpp"

#include <curl/curl.h>

namespace ipc::winhpc {
namespace {

constexpr long kConnectSeconds = 10, kSeconds = 25;
constexpr size_t kMostBytes = 4 << 20;

size_t take(char* bytes, size_t size, size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + size * count > kMostBytes) return 0;
  body.append(bytes, size * count);
  return size * count;
}

unsigned long auth_of(const Site& site) {
  if (site.auth == "ntlm") return CURLAUTH_NTLM;
  if (site.auth == "negotiate") return CURLAUTH_NEGOTIATE;
  return CURLAUTH_BASIC;
}

Error explain(CURLcode code, const std::string& url, const std::string& said) {
  const std::string what = url + ": " + (said.empty() ? curl_easy_strerror(code) : said);
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return {Code::refused, what, "winhpc.ca_file names certificates to trust"};
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
      return {Code::bad_profile, what, "see winhpc.ca_file and winhpc.url"};
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
      return {Code::internal, what, ""};
    default:
      return {Code::no_controller, what, "is winhpc.url right, and the head node up?"};
  }
}

}  // namespace

struct Http::Curl {
  CURL* handle = nullptr;
  curl_slist* headers = nullptr;
  char said[CURL_ERROR_SIZE] = "";
};

void Http::Free::operator()(Curl* curl) const {
  curl_easy_cleanup(curl->handle);
  curl_slist_free_all(curl->headers);
  delete curl;
}

Result<Http> Http::open(const Site& site, const std::vector<std::string>& headers) {
  Http http;
  IPC_TRY_ASSIGN(http.password_, read_password(site));
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  http.curl_.reset(new Curl);
  Curl& curl = *http.curl_;
  curl.handle = ready == CURLE_OK ? curl_easy_init() : nullptr;
  if (!curl.handle) return explain(CURLE_FAILED_INIT, site.url, "");
  for (const auto& header : headers) curl.headers = curl_slist_append(curl.headers, header.c_str());
  CURL* const h = curl.handle;
  curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(h, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!site.ca_file.empty()) curl_easy_setopt(h, CURLOPT_CAINFO, site.ca_file.c_str());
  curl_easy_setopt(h, CURLOPT_HTTPAUTH, auth_of(site));
  curl_easy_setopt(h, CURLOPT_USERNAME, site.user.c_str());
  curl_easy_setopt(h, CURLOPT_PASSWORD, http.password_.c_str());
  curl_easy_setopt(h, CURLOPT_HTTPHEADER, curl.headers);
  curl_easy_setopt(h, CURLOPT_ERRORBUFFER, curl.said);
  curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(h, CURLOPT_TIMEOUT, kSeconds);
  curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
  return http;
}

Result<Reply> Http::get(const std::string& url) {
  curl_easy_setopt(curl_->handle, CURLOPT_HTTPGET, 1L);
  return perform(url);
}

Result<Reply> Http::post(const std::string& url, const std::string& body) {
  curl_easy_setopt(curl_->handle, CURLOPT_POST, 1L);
  curl_easy_setopt(curl_->handle, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl_->handle, CURLOPT_COPYPOSTFIELDS, body.c_str());
  return perform(url);
}

Result<Reply> Http::perform(const std::string& url) {
  Reply reply;
  curl_->said[0] = '\0';
  curl_easy_setopt(curl_->handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl_->handle, CURLOPT_WRITEDATA, &reply.body);
  if (const CURLcode code = curl_easy_perform(curl_->handle); code != CURLE_OK)
    return explain(code, url, curl_->said);
  curl_easy_getinfo(curl_->handle, CURLINFO_RESPONSE_CODE, &reply.status);
  return reply;
}

}  // namespace ipc::winhpc
