// SPDX-License-Identifier: BSD-3-Clause
// `--Class.trait=value` of the reference: those that mean something here.
#include <algorithm>
#include <array>
#include <charconv>

#include "cmd/ipcontroller/options.hpp"
#include "libipc/sched/policy.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc {
namespace {

Error wrong(const std::string& name, const std::string& value, const std::string& wanted) {
  return {Code::usage, name + ": '" + value + "' is not " + wanted, ""};
}

Result<bool> parse_bool(const std::string& name, const std::string& value) {
  if (value == "True" || value == "true" || value == "1") return true;
  if (value == "False" || value == "false" || value == "0") return false;
  return wrong(name, value, "True or False");
}

// tcp://ADDR or ipc://PREFIX.
void set_ip(std::string& interface, const std::string& ip) {
  interface = interface.substr(0, interface.find("://") + 3) + ip;
}

Status set_transport(const std::string& name, const std::string& value, std::string& interface) {
  if (value != "tcp" && value != "ipc") return wrong(name, value, "tcp or ipc");
  interface = value + interface.substr(interface.find("://"));
  return {};
}

using Apply = Status (*)(const std::string& name, const std::string& value, Settings& s);

struct Trait {
  std::string_view name;
  Apply apply;
};

template <std::string Settings::*Member>
Status set_text(const std::string&, const std::string& value, Settings& s) {
  s.*Member = value;
  return {};
}

template <bool Settings::*Member>
Status set_flag(const std::string& name, const std::string& value, Settings& s) {
  IPC_TRY_ASSIGN(s.*Member, parse_bool(name, value));
  return {};
}

template <std::vector<int> ControllerOptions::*Member>
Status set_ports(const std::string& name, const std::string& value, Settings& s) {
  auto ports = parse_ports(value);
  if (!ports) return wrong(name, value, "a list of ports (10101-10120 or 1,2,3)");
  s.controller.*Member = *std::move(ports);
  return {};
}

template <auto Member, long Least, long Most>
Status set_number(const std::string& name, const std::string& value, Settings& s) {
  IPC_TRY_ASSIGN(const long number, parse_number(name, value, Least, Most));
  using Target = std::remove_reference_t<decltype(s.controller.*Member)>;
  s.controller.*Member = static_cast<Target>(number);
  return {};
}

Status set_records(const std::string& name, const std::string& value, Settings& s) {
  const std::string kind = value.substr(value.rfind('.') + 1);
  if (kind == "DictDB")
    s.controller.records = ControllerOptions::Records::memory;
  else if (kind == "NoDB")
    s.controller.records = ControllerOptions::Records::none;
  else
    return Error{Code::usage, name + ": '" + value + "' is not in this release", "DictDB or NoDB"};
  return {};
}

Status set_key_file(const std::string&, const std::string& value, Settings& s) {
  IPC_TRY_ASSIGN(const std::string text, read_file(value, 1 << 16));
  s.key = std::string(trim(text));
  return {};
}

constexpr auto kPorts = set_ports<&ControllerOptions::shared_ports>;

const std::array kTraits{
    Trait{"IPController.ip",
          [](const std::string&, const std::string& v, Settings& s) -> Status {
            set_ip(s.controller.client_interface, v);
            set_ip(s.controller.engine_interface, v);
            return {};
          }},
    Trait{"IPController.client_ip",
          [](const std::string&, const std::string& v, Settings& s) -> Status {
            set_ip(s.controller.client_interface, v);
            return {};
          }},
    Trait{"IPController.engine_ip",
          [](const std::string&, const std::string& v, Settings& s) -> Status {
            set_ip(s.controller.engine_interface, v);
            return {};
          }},
    Trait{"IPController.transport",
          [](const std::string& n, const std::string& v, Settings& s) -> Status {
            IPC_TRY(set_transport(n, v, s.controller.client_interface));
            return set_transport(n, v, s.controller.engine_interface);
          }},
    Trait{"IPController.client_transport",
          [](const std::string& n, const std::string& v, Settings& s) -> Status {
            return set_transport(n, v, s.controller.client_interface);
          }},
    Trait{"IPController.engine_transport",
          [](const std::string& n, const std::string& v, Settings& s) -> Status {
            return set_transport(n, v, s.controller.engine_interface);
          }},
    Trait{"IPController.ports", kPorts},
    Trait{"IPController.client_ports", set_ports<&ControllerOptions::client_ports>},
    Trait{"IPController.engine_ports", set_ports<&ControllerOptions::engine_ports>},
    Trait{"IPController.location", set_text<&Settings::location>},
    Trait{"IPController.ssh_server", set_text<&Settings::ssh>},
    Trait{"IPController.engine_ssh_server", set_text<&Settings::engine_ssh>},
    Trait{"IPController.work_dir", set_text<&Settings::work_dir>},
    Trait{"IPController.client_json_file", set_text<&Settings::client_file>},
    Trait{"IPController.engine_json_file", set_text<&Settings::engine_file>},
    Trait{"IPController.reuse_files", set_flag<&Settings::reuse>},
    Trait{"IPController.enable_curve", set_flag<&Settings::enable_curve>},
    Trait{"IPController.log_to_file", set_flag<&Settings::log_to_file>},
    Trait{"IPController.clean_logs", set_flag<&Settings::clean_logs>},
    Trait{"IPController.restore_engines",
          [](const std::string& n, const std::string& v, Settings& s) -> Status {
            IPC_TRY_ASSIGN(s.controller.restore, parse_bool(n, v));
            return {};
          }},
    Trait{"IPController.curve_secretkey",
          [](const std::string&, const std::string& v, Settings& s) -> Status {
            s.controller.curve.secret_key = v;
            return {};
          }},
    Trait{"IPController.curve_publickey",
          [](const std::string&, const std::string& v, Settings& s) -> Status {
            s.controller.curve.public_key = v;
            return {};
          }},
    Trait{"IPController.cluster_id",
          [](const std::string&, const std::string& v, Settings& s) -> Status {
            s.cluster_options.cluster_id = v;
            return {};
          }},
    Trait{"IPController.log_level",
          [](const std::string&, const std::string& v, Settings& s) -> Status {
            IPC_TRY_ASSIGN(s.log_level, log::parse_level(v));
            return {};
          }},
    Trait{"IPController.registration_timeout",
          [](const std::string& n, const std::string& v, Settings& s) -> Status {
            IPC_TRY_ASSIGN(const long number, parse_number(n, v, 1, 1000000));
            s.controller.registration_timeout = seconds(number);
            return {};
          }},
    Trait{"IPController.broadcast_scheduler_depth",
          set_number<&ControllerOptions::broadcast_depth, 1, 10>},
    Trait{"IPController.db_class", set_records},
    Trait{"HeartMonitor.max_heartmonitor_misses",
          set_number<&ControllerOptions::max_heart_misses, 1, 1000000>},
    Trait{"HeartMonitor.period",
          [](const std::string& n, const std::string& v, Settings& s) -> Status {
            IPC_TRY_ASSIGN(const long number, parse_number(n, v, 10, 86400000));
            s.controller.heart_period = milliseconds(number);
            return {};
          }},
    Trait{"TaskScheduler.hwm", set_number<&ControllerOptions::task_limit, 0, 1000000>},
    Trait{"TaskScheduler.scheme_name",
          [](const std::string&, const std::string& v, Settings& s) -> Status {
            if (const auto policy = sched::make_policy(v); !policy) return policy.error();
            s.controller.scheme = v;
            return {};
          }},
    Trait{"Session.key",
          [](const std::string&, const std::string& v, Settings& s) -> Status {
            s.key = v;
            return {};
          }},
    Trait{"Session.keyfile", set_key_file},
    Trait{"Session.username", set_text<&Settings::user>},
    Trait{"Session.session",
          [](const std::string&, const std::string& v, Settings& s) -> Status {
            s.controller.session = v;
            return {};
          }},
    Trait{"Session.signature_scheme",
          [](const std::string&, const std::string& v, Settings& s) -> Status {
            if (const auto signer = wire::Signer::create(v, "k"); !signer) return signer.error();
            s.controller.signature_scheme = v;
            return {};
          }},
    Trait{"DictDB.record_limit", set_number<&ControllerOptions::record_limit, 1, 1L << 40>},
    Trait{"DictDB.size_limit", set_number<&ControllerOptions::record_bytes, 1, 1L << 50>},
};

constexpr std::string_view kClasses[] = {"IPController",
                                         "HeartMonitor",
                                         "TaskScheduler",
                                         "Session",
                                         "DictDB",
                                         "NoDB",
                                         "SQLiteDB",
                                         "MongoDB",
                                         "ProfileDir",
                                         "BaseParallelApplication",
                                         "BaseIPythonApplication",
                                         "Application",
                                         "JSONFileDB"};

}  // namespace

Result<long> parse_number(const std::string& what, const std::string& text, long least, long most) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return wrong(what, text,
                 "a number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

Result<std::vector<int>> parse_ports(const std::string& text) {
  std::string list = text;
  // The reference also takes Python lists.
  std::erase_if(list,
                [](char c) { return c == '[' || c == ']' || c == ' ' || c == '(' || c == ')'; });
  std::vector<int> ports;
  for (const auto& part : split(list, ',')) {
    const size_t dash = part.find('-');
    IPC_TRY_ASSIGN(const long first, parse_number("ports", part.substr(0, dash), 1, 65535));
    long last = first;
    if (dash != std::string::npos) {
      IPC_TRY_ASSIGN(last, parse_number("ports", part.substr(dash + 1), first, 65535));
    }
    for (long port = first; port <= last; ++port) ports.push_back(static_cast<int>(port));
  }
  if (ports.empty()) return wrong("ports", text, "a list of ports");
  return ports;
}

Status apply_trait(const std::string& name, const std::string& value, Settings& settings) {
  std::string own = name;
  // Names of earlier versions.
  for (const char* old : {"HubFactory.", "IPControllerApp.", "Hub."})
    if (own.starts_with(old)) own = "IPController." + own.substr(std::string_view(old).size());
  const auto trait =
      std::find_if(kTraits.begin(), kTraits.end(), [&](const Trait& t) { return t.name == own; });
  if (trait != kTraits.end()) return trait->apply(name, value, settings);
  const std::string class_name = own.substr(0, own.find('.'));
  if (std::find(std::begin(kClasses), std::end(kClasses), class_name) == std::end(kClasses)) {
    const std::vector<std::string> known(std::begin(kClasses), std::end(kClasses));
    const std::string near = nearest(class_name, known);
    return Error{Code::usage, "unknown class in --" + name,
                 near.empty() ? "" : "did you mean " + near + "?"};
  }
  settings.remarks.push_back("--" + name + " changes nothing here");
  return {};
}

}  // namespace ipc
