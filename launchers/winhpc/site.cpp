// SPDX-License-Identifier: BSD-3-Clause
// How an HPC Pack is reached.
#include "launchers/winhpc/site.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "libipc/config/paths.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/text.hpp"

namespace ipc::winhpc {
namespace {

/// Fields of a site, by their names in the record.
constexpr std::pair<const char*, std::string Site::*> kFields[] = {
    {"scheduler", &Site::scheduler},
    {"command", &Site::command},
    {"url", &Site::url},
    {"api_version", &Site::api_version},
    {"user", &Site::user},
    {"password_file", &Site::password_file},
    {"auth", &Site::auth},
    {"ca_file", &Site::ca_file}};

Error wrong(const std::string& key, const std::string& what, const std::string& hint = "") {
  return {Code::bad_profile, "winhpc." + key + what, hint};
}

std::string full_path(const std::string& path, const std::string& profile_dir) {
  if (path.empty()) return "";
  if (path.starts_with("~/")) return config::home_directory() + path.substr(1);
  return std::filesystem::path(profile_dir) / path;
}

}  // namespace

Result<Site> read_site(const Settings& settings, const std::string& profile_dir) {
  Site site;
  for (const auto& [name, field] : kFields) site.*field = text_of(settings, name);
  if (site.command.empty()) site.command = "job";
  if (site.auth.empty()) site.auth = "basic";
  site.password_file = full_path(site.password_file, profile_dir);
  site.ca_file = full_path(site.ca_file, profile_dir);
  if (site.url.empty()) {
    if (site.scheduler.empty())
      return wrong("scheduler", " is not set",
                   "the name of the head node, also as $CCP_SCHEDULER; or winhpc.url");
    return site;
  }
  // What goes over it are passwords.
  if (!site.url.starts_with("https://"))
    return wrong("url", ": '" + site.url + "' does not begin with https://");
  while (site.url.ends_with('/')) site.url.pop_back();
  if (site.auth != "basic" && site.auth != "ntlm" && site.auth != "negotiate")
    return wrong("auth", ": '" + site.auth + "' is neither basic, ntlm nor negotiate");
  if (site.auth == "negotiate") return site;
  if (site.user.empty()) return wrong("user", " is not set", "'DOMAIN\\name'");
  if (site.password_file.empty())
    return wrong("password_file", " is not set",
                 "a file with the password, which only you can read");
  return site;
}

std::map<std::string, std::string> fields_of(const Site& site) {
  std::map<std::string, std::string> fields;
  for (const auto& [name, field] : kFields)
    if (!(site.*field).empty()) fields[name] = site.*field;
  return fields;
}

Site site_of(const std::map<std::string, std::string>& fields) {
  Site site;
  for (const auto& [name, field] : kFields)
    if (const auto found = fields.find(name); found != fields.end()) site.*field = found->second;
  return site;
}

Result<std::string> read_password(const Site& site) {
  const std::string& path = site.password_file;
  if (path.empty()) return std::string();
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (!fd || ::fstat(fd.get(), &status) != 0)
    return system_error(Code::bad_profile, "winhpc.password_file: " + path);
  if ((status.st_uid != ::geteuid() && status.st_uid != 0) || (status.st_mode & 077) != 0)
    return Error{Code::refused, "winhpc.password_file: " + path + ": others can read it",
                 "chmod 600"};
  IPC_TRY_ASSIGN(const std::string text, read_all(fd.get(), 4096));
  std::string password = text.substr(0, text.find('\n'));
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty()) return wrong("password_file", ": " + path + " has no password in it");
  return password;
}

}  // namespace ipc::winhpc
