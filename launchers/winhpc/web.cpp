// SPDX-License-Identifier: BSD-3-Clause
// HPC Pack by its web service: the first one, in XML (…/WindowsHPC), and that of 2016 and later, in
// JSON (…/hpc). A job is created, its id put on record, and only then is it submitted: one whose
// launcher was killed in between does nothing.
#include <pugixml.hpp>
#include <sstream>

#include "launchers/common/command.hpp"
#include "launchers/winhpc/http.hpp"
#include "launchers/winhpc/scheduler.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::winhpc {
namespace {

constexpr const char* kMessage = "ipcluster stop";
constexpr const char* kCommon = "http://schemas.microsoft.com/HPCS2008R2/common";
constexpr const char* kSerialization = "http://schemas.microsoft.com/2003/10/Serialization/";

/// How one of the two services writes and reads.
class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual std::vector<std::string> headers(const Site& site) const = 0;
  /// Below the service's own address.
  virtual std::string create_path() const = 0;
  virtual std::string path(const Target& target) const = 0;
  virtual std::string submit_path(const std::string& number) const = 0;
  virtual std::string cancel_path(const Target& target, bool force) const = 0;
  virtual std::string job_body(const std::string& xml) const = 0;
  virtual std::string submit_body(const Properties& properties) const = 0;
  virtual std::string text_body(const std::string& text) const = 0;
  /// "" if it is none.
  virtual std::string read_number(const std::string& body) const = 0;
  virtual Properties read_properties(const std::string& body) const = 0;
  /// The message in the body of an error; "" if there is none.
  virtual std::string read_fault(const std::string& body) const = 0;
};

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

class XmlDialect : public Dialect {
 public:
  std::vector<std::string> headers(const Site& site) const override {
    // Without a version errors are bare texts; this one is known since HPC Pack 2012.
    return {"Content-Type: application/xml; charset=utf-8", "Accept: application/xml", "Expect:",
            "api-version: " + (site.api_version.empty() ? "2012-11-01.4.0" : site.api_version)};
  }
  std::string create_path() const override { return "/Jobs/JobFile"; }
  std::string path(const Target& target) const override {
    return "/Job/" + target.number + (target.task ? "/Task/" + std::to_string(target.task) : "");
  }
  std::string submit_path(const std::string& number) const override {
    return "/Job/" + number + "/Submit";
  }
  std::string cancel_path(const Target& target, bool force) const override {
    return path(target) + "/Cancel?Forced=" + (force ? "true" : "false");
  }
  std::string job_body(const std::string& xml) const override { return xml; }
  std::string submit_body(const Properties& properties) const override {
    pugi::xml_document document;
    pugi::xml_node root = start(document, "ArrayOfProperty", kCommon);
    for (const auto& [name, value] : properties) {
      pugi::xml_node property = root.append_child("Property");
      property.append_child("Name").text() = name.c_str();
      property.append_child("Value").text() = value.c_str();
    }
    return text_of_document(document);
  }
  std::string text_body(const std::string& text) const override {
    pugi::xml_document document;
    start(document, "string", kSerialization).text() = text.c_str();
    return text_of_document(document);
  }
  std::string read_number(const std::string& body) const override {
    pugi::xml_document document;
    document.load_buffer(body.data(), body.size());
    return document.child("int").child_value();
  }
  Properties read_properties(const std::string& body) const override {
    pugi::xml_document document;
    document.load_buffer(body.data(), body.size());
    Properties properties;
    for (const auto& property : document.child("ArrayOfProperty").children("Property"))
      properties[property_name(property.child_value("Name"))] = property.child_value("Value");
    return properties;
  }
  std::string read_fault(const std::string& body) const override {
    pugi::xml_document document;
    document.load_buffer(body.data(), body.size());
    if (const auto fault = document.child("HpcWebServiceFault"))
      return fault.child_value("Message");
    return document.child("string").child_value();
  }

 private:
  static pugi::xml_node start(pugi::xml_document& document, const char* name, const char* space) {
    pugi::xml_node root = document.append_child(name);
    root.append_attribute("xmlns") = space;
    return root;
  }
  static std::string text_of_document(const pugi::xml_document& document) {
    std::ostringstream text;
    document.save(text, "", pugi::format_raw | pugi::format_no_declaration);
    return text.str();
  }
};

class JsonDialect : public Dialect {
 public:
  std::vector<std::string> headers(const Site& site) const override {
    std::vector<std::string> all{"Content-Type: application/json", "Accept: application/json",
                                 "Expect:"};
    if (!site.api_version.empty()) all.push_back("api-version: " + site.api_version);
    return all;
  }
  std::string create_path() const override { return "/jobs/jobFile"; }
  std::string path(const Target& target) const override {
    return "/jobs/" + target.number + (target.task ? "/tasks/" + std::to_string(target.task) : "");
  }
  std::string submit_path(const std::string& number) const override {
    return "/jobs/" + number + "/submit";
  }
  std::string cancel_path(const Target& target, bool force) const override {
    return path(target) + "/cancel?forced=" + (force ? "true" : "false");
  }
  std::string job_body(const std::string& xml) const override { return json_quote(xml); }
  std::string submit_body(const Properties& properties) const override {
    wire::Json list = wire::Json::array();
    for (const auto& [name, value] : properties) list.push_back({{"Name", name}, {"Value", value}});
    return wire::dump_json(list);
  }
  std::string text_body(const std::string& text) const override { return json_quote(text); }
  std::string read_number(const std::string& body) const override {
    return std::string(trim(body));
  }
  Properties read_properties(const std::string& body) const override {
    Properties properties;
    const auto list = wire::parse_json(body);
    if (!list || !list->is_array()) return properties;
    for (const auto& property : *list)
      properties[property_name(wire::string_or(property, "Name"))] =
          wire::string_or(property, "Value");
    return properties;
  }
  std::string read_fault(const std::string& body) const override {
    const auto fault = wire::parse_json(body);
    if (!fault) return "";
    return fault->is_string() ? fault->get<std::string>() : wire::string_or(*fault, "Message");
  }
};

Code code_of(long status, const std::string& said) {
  if (status == 401 || status == 403 || status == 407) return Code::refused;
  if (status >= 500 && code_for(said) != Code::refused) return Code::no_controller;
  return status >= 500 ? Code::refused : Code::bad_profile;
}

class Web : public Scheduler {
 public:
  Web(const Site& site, std::unique_ptr<Dialect> dialect)
      : site_(site), dialect_(std::move(dialect)) {}

  std::string way(const std::string&) const override {
    return "POST " + site_.url + dialect_->create_path() +
           (site_.user.empty() ? "" : " as " + site_.user);
  }

  Status submit(const Record& record, Submitted& entry, const std::string& xml) override {
    IPC_TRY_ASSIGN(const std::string body, post(dialect_->create_path(), dialect_->job_body(xml)));
    const std::string number = dialect_->read_number(body);
    if (!is_number(number))
      return Error{Code::bad_input,
                   site_.url + " answered without a job's id: " + launcher::one_line(body), ""};
    if (Status noted = record.note_number(entry, number); !noted) {
      // What is not on record is not to be.
      (void)cancel({number, 0}, true);
      entry.number.clear();
      return noted;
    }
    // Under whose name the tasks run, where HPC Pack has not kept it.
    Properties properties;
    if (!site_.user.empty()) properties["UserName"] = site_.user;
    if (!http_->password().empty()) properties["Password"] = http_->password();
    IPC_TRY(post(dialect_->submit_path(number), dialect_->submit_body(properties)));
    return {};
  }

  Result<JobState> ask(const Target& target) override {
    const std::string url = site_.url + dialect_->path(target);
    IPC_TRY(connect());
    IPC_TRY_ASSIGN(const Reply reply, http_->get(url));
    if (is_unknown(reply)) return JobState{"ended", "winhpc " + target.text() + " ended"};
    if (reply.status != 200) return explain("GET " + url, reply);
    const Properties properties = dialect_->read_properties(reply.body);
    if (properties.contains("state")) return state_of(target, properties);
    return Error{Code::bad_input, url + " named no state: " + launcher::one_line(reply.body), ""};
  }

  Status cancel(const Target& target, bool force) override {
    IPC_TRY(post(dialect_->cancel_path(target, force), dialect_->text_body(kMessage)));
    return {};
  }

 private:
  Result<std::string> post(const std::string& path, const std::string& body) {
    const std::string url = site_.url + path;
    IPC_TRY(connect());
    IPC_TRY_ASSIGN(const Reply reply, http_->post(url, body));
    if (reply.status < 200 || reply.status > 299) return explain("POST " + url, reply);
    return reply.body;
  }

  bool is_unknown(const Reply& reply) const {
    return reply.status == 404 ||
           (reply.status == 400 && says_unknown(dialect_->read_fault(reply.body)));
  }

  Error explain(const std::string& request, const Reply& reply) const {
    std::string said = launcher::one_line(dialect_->read_fault(reply.body));
    if (reply.status == 401 && said.empty())
      said = "user " + site_.user + " or the password is not accepted";
    if (said.empty()) said = "an answer without a message";
    return {code_of(reply.status, said), said + " (HTTP " + std::to_string(reply.status) + ")",
            "the request was: " + request};
  }

  /// The password is not read for a --dry-run.
  Status connect() {
    if (http_) return {};
    IPC_TRY_ASSIGN(http_, Http::open(site_, dialect_->headers(site_)));
    return {};
  }

  Site site_;
  std::optional<Http> http_;
  std::unique_ptr<Dialect> dialect_;
};

}  // namespace

std::unique_ptr<Scheduler> by_web(const Site& site) {
  if (site.url.ends_with("/hpc"))
    return std::make_unique<Web>(site, std::make_unique<JsonDialect>());
  return std::make_unique<Web>(site, std::make_unique<XmlDialect>());
}

}  // namespace ipc::winhpc
