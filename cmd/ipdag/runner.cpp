// SPDX-License-Identifier: BSD-3-Clause
// The run: nodes out to the controller, replies in.
#include "cmd/ipdag/runner.hpp"

#include <algorithm>

#include "cmd/ipdag/show.hpp"
#include "libipc/cli/errors.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/results.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/header.hpp"

namespace ipdag {

using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::TimePoint;
using ipc::client::Outcome;
using ipc::client::Reply;
using ipc::wire::Json;
using State = Schedule::State;

namespace {

// Tasks at the controller, and how many of them may wait for others there: the rest is for nodes
// that can run at once.
constexpr size_t kWindow = 4096, kAhead = 2048;
constexpr size_t kBytesInFlight = 64 << 20;
constexpr size_t kPiece = 1 << 20;
// Names shown of the nodes that one failure stopped.
constexpr size_t kNamed = 4;

Result<std::string> read_spool(ipc::client::Spool spool) {
  if (spool.size() == 0) return std::string();
  IPC_TRY_ASSIGN(const auto source, std::move(spool).finish());
  return source.read(0, source.size());
}

Status write_spool(ipc::client::Spool spool, ipc::cli::Writer& writer) {
  if (spool.size() == 0) return {};
  const bool ended = spool.last() == '\n';
  IPC_TRY_ASSIGN(const auto source, std::move(spool).finish());
  for (std::uint64_t at = 0; at < source.size(); at += kPiece) {
    IPC_TRY_ASSIGN(const std::string piece,
                   source.read(at, std::min<std::uint64_t>(kPiece, source.size() - at)));
    writer.write(piece);
  }
  if (!ended) writer.write("\n");
  return {};
}

std::string content_of(const Node& node, bool print) {
  return R"({"code":)" + ipc::json_quote(node.code) +
         R"(,"silent":true,"store_history":false,"user_expressions":{},)"
         R"("allow_stdin":false,"stop_on_error":false)" +
         (print ? R"(,"value":true})" : "}");
}

// Not with a limit of nodes at a time: those that wait would count. And a value asked of an engine
// of ipyparallel's comes in a call (client/guest.hpp) that ends well even if the code fails: the
// scheduler would start what comes after it.
bool may_go_ahead(ipc::client::Connection& connection, const Settings& settings) {
  if (settings.jobs != 0) return false;
  if (!settings.print) return true;
  const auto table = connection.engines();
  return connection.file().is_ipkit() && table &&
         std::all_of((*table)->engines.begin(), (*table)->engines.end(),
                     [](const auto& entry) { return entry.second.is_ipkit(); });
}

}  // namespace

Runner::Runner(ipc::client::Connection& connection, const Graph& graph, const Settings& settings,
               const Places& places, ipc::cli::Streams& streams, ipc::cli::Progress& progress,
               ipc::cli::JobLog* log)
    : connection_(connection),
      graph_(graph),
      settings_(settings),
      places_(places),
      streams_(streams),
      progress_(progress),
      log_(log),
      schedule_(graph),
      may_go_ahead_(may_go_ahead(connection, settings)),
      ids_(graph.nodes().size()),
      attempts_(graph.nodes().size()),
      total_(schedule_.open()) {
  connection_.on_output([this](const ipc::client::Output& output) { take_output(output); });
  if (log_ != nullptr) turn_end_ = connection_.loop().at_turn_end([this] { note(log_->flush()); });
  if (progress_.enabled())
    timer_ = connection_.loop().every(ipc::milliseconds(200), [this] { draw(); });
}

Runner::~Runner() {
  if (timer_ != 0) connection_.loop().cancel(timer_);
  if (log_ != nullptr) {
    connection_.loop().cancel_turn_end(turn_end_);
    (void)log_->flush();
  }
  connection_.on_output({});
  progress_.clear();
}

Result<int> Runner::run() {
  const auto deadline = settings_.timeout ? start_ + *settings_.timeout : TimePoint::max();
  fill();
  const auto waited = connection_.wait(
      [this] {
        return fatal_ || !streams_.out.status() || (schedule_.open() == 0 && in_flight_.empty());
      },
      deadline);
  progress_.clear();
  streams_.err.flush();
  streams_.out.flush();
  const bool unfinished = !waited || fatal_ || !streams_.out.status();
  if (unfinished && !connection_.interrupted()) connection_.cancel_all();
  if (fatal_) return *fatal_;
  if (!waited && waited.error().code == ipc::Code::timed_out) return timed_out();
  IPC_TRY(waited);
  report_skipped();
  if (log_ != nullptr) IPC_TRY(log_->flush());
  streams_.out.flush();
  IPC_TRY(streams_.out.status());
  return failed_ == 0 ? 0 : 1;
}

Error Runner::timed_out() const {
  return {ipc::Code::timed_out,
          "timed out after " + settings_.timeout_text + ": " + std::to_string(done_) + " of " +
              std::to_string(total_) + " nodes done, the rest is cancelled",
          ""};
}

void Runner::fill() {
  const size_t window = settings_.jobs != 0 ? settings_.jobs : kWindow;
  Index node = 0;
  while (!fatal_ && in_flight_.size() < window && bytes_in_flight_ < kBytesInFlight &&
         schedule_.next(may_go_ahead_ && in_flight_.size() < kAhead, node))
    send(node);
}

void Runner::send(Index index) {
  const Node& node = graph_[index];
  ipc::client::Request request;
  request.type = "execute_request";
  request.content = content_of(node, settings_.print);
  request.kernel = node.kernel;
  request.directed = true;
  request.metadata = metadata_of(index);
  bytes_in_flight_ += node.code.size();
  schedule_.sent(index, attempts_[index]++ >= node.retries.value_or(0));
  ids_[index] =
      connection_.submit(std::move(request), [this, index](Reply&& reply) { take(index, reply); });
  in_flight_.emplace(ids_[index], index);
}

Json Runner::metadata_of(Index index) const {
  const Node& node = graph_[index];
  Json metadata = {{"label", node.name}};
  Json after = Json::array(), follow = Json::array(), preceded = Json::array();
  // What is done already need not be waited for, but the records shall have the whole graph. One
  // with forms has waited here.
  for (const Index before : node.after)
    if (!node.has_forms() && schedule_.state(before) == State::sent)
      after.push_back(ids_[before]);
    else if (!ids_[before].empty())
      preceded.push_back(ids_[before]);
  for (const Index before : node.follow)
    if (!ids_[before].empty()) follow.push_back(ids_[before]);
  if (!after.empty()) metadata["after"] = std::move(after);
  if (!preceded.empty()) metadata["preceded"] = std::move(preceded);
  const Forms& forms = node.follow_forms;
  if (!follow.empty() && !forms.is_plain())
    metadata["follow"] = {{"dependencies", std::move(follow)},
                          {"all", forms.all},
                          {"success", forms.success},
                          {"failure", forms.failure}};
  else if (!follow.empty())
    metadata["follow"] = std::move(follow);
  if (const auto& targets = places_.at(node.targets); !targets.empty())
    metadata["targets"] = targets;
  if (node.timeout.count() > 0)
    metadata["timeout"] = std::chrono::duration<double>(node.timeout).count();
  return metadata;
}

void Runner::take_output(const ipc::client::Output& output) {
  if (output.type != "stream") return;
  const auto found = in_flight_.find(std::string(output.id));
  if (found == in_flight_.end()) return;
  Printed& printed = printed_[found->second];
  note((output.is_stderr() ? printed.err : printed.out).append(output.data()));
}

void Runner::take(Index index, const Reply& reply) {
  in_flight_.erase(reply.id);
  bytes_in_flight_ -= graph_[index].code.size();
  Printed printed;
  if (const auto found = printed_.find(index); found != printed_.end()) {
    printed = std::move(found->second);
    printed_.erase(found);
  }
  // The scheduler has taken back what can no longer run.
  if (schedule_.state(index) == State::sent) end(index, reply, std::move(printed));
  fill();
}

void Runner::end(Index index, const Reply& reply, Printed printed) {
  write_log(index, reply, printed.out.size() + printed.err.size());
  const bool ok = reply.outcome == Outcome::ok;
  if (!ok && attempts_[index] <= graph_[index].retries.value_or(0) &&
      reply.outcome != Outcome::aborted)
    return schedule_.again(index);
  ++(ok ? done_ : failed_);
  progress_.clear();
  if (settings_.json) {
    const auto out = read_spool(std::move(printed.out)), err = read_spool(std::move(printed.err));
    if (out && err)
      streams_.out.write(row(index, reply, *out, *err));
    else
      note(out ? err.error() : out.error());
  } else {
    note(show(std::move(printed), reply));
  }
  if (ok) return schedule_.done(index);
  report(index, reply);
  schedule_.failed(index);
}

Status Runner::show(Printed printed, const Reply& reply) {
  IPC_TRY(write_spool(std::move(printed.out), streams_.out));
  IPC_TRY(write_spool(std::move(printed.err), streams_.err));
  if (!settings_.print || reply.outcome != Outcome::ok || reply.buffer_count() == 0) return {};
  const auto content = reply.content();
  const auto value = content.find("value");
  if (value == content.end()) return {};
  streams_.out.write(reply.buffer(0));
  if (ipc::wire::string_or(*value, "type") != "bytes") streams_.out.write("\n");
  return {};
}

void Runner::write_log(Index index, const Reply& reply, std::uint64_t printed) {
  if (log_ == nullptr) return;
  const Node& node = graph_[index];
  ipc::cli::JobRecord record;
  record.seq = index + 1;
  record.sent = node.code.size();
  record.received = printed;
  for (size_t i = 0; i < reply.buffer_count(); ++i) record.received += reply.buffer(i).size();
  record.command = log_text(node);
  record.engine = reply.engine;
  record.attempt = attempts_[index];
  record.key = key_of(node);
  if (const auto table = connection_.engines())
    if (const auto* engine = (*table)->find(reply.engine)) record.host = engine->host;
  const auto start = ipc::parse_iso8601(ipc::wire::string_or(reply.metadata(), "started"));
  record.start = static_cast<double>(start ? *start : ipc::unix_now()) / 1e6;
  ipc::wire::FieldParser parser;
  const auto header = parser.header(reply.message.view.header);
  const auto end = header ? ipc::parse_iso8601(header->date) : start;
  if (start && end && *end > *start) record.runtime = static_cast<double>(*end - *start) / 1e6;
  if (reply.outcome != Outcome::ok) ipc::cli::set_failure(record, reply.error());
  log_->add(record);
}

std::string Runner::row(Index index, const Reply& reply, const std::string& out,
                        const std::string& err) const {
  std::string line = R"({"id":)" + ipc::json_quote(ipc::cli::job_word(reply.id)) + R"(,"name":)" +
                     ipc::json_quote(graph_[index].name) + R"(,"engine":)" +
                     (reply.engine < 0 ? "null" : std::to_string(reply.engine)) + R"(,"attempt":)" +
                     std::to_string(attempts_[index]);
  if (reply.outcome == Outcome::ok) {
    line += R"(,"status":"ok")";
    const auto content = reply.content();
    const auto value = content.find("value");
    if (value != content.end() && reply.buffer_count() > 0)
      line += R"(,"value":)" +
              ipc::cli::json_value(ipc::wire::string_or(*value, "type"), reply.buffer(0));
  } else {
    line += reply.outcome == Outcome::aborted ? R"(,"status":"aborted")" : R"(,"status":"error")";
    line += R"(,"error":)" + ipc::cli::json_error(reply.error());
  }
  if (!out.empty()) line += R"(,"stdout":)" + ipc::json_quote(out);
  if (!err.empty()) line += R"(,"stderr":)" + ipc::json_quote(err);
  return line + "}\n";
}

void Runner::report(Index index, const Reply& reply) {
  const auto error = reply.error();
  if (settings_.quiet && error.ename == "ExitStatus") return;
  const std::string tries =
      attempts_[index] > 1 ? "; tried " + std::to_string(attempts_[index]) + " times" : "";
  std::string text = graph_[index].name + ": ";
  if (reply.engine >= 0) text += "engine " + std::to_string(reply.engine) + ": ";
  if (reply.outcome == Outcome::aborted)
    text += "cancelled";
  else
    text += ipc::cli::error_text(error, {settings_.verbose, settings_.quiet, tries});
  streams_.err.write(std::string(ipc::cli::program_name()) + ": " + text + "\n");
}

// One line for each failure: who did not run because of it.
void Runner::report_skipped() {
  std::map<Index, std::vector<Index>> skipped;
  for (const Index index : graph_.order()) {
    if (schedule_.state(index) != State::skipped) continue;
    const Index cause = schedule_.cause(index);
    skipped[cause].push_back(index);
    if (settings_.json)
      streams_.out.write(R"({"name":)" + ipc::json_quote(graph_[index].name) +
                         R"(,"status":"skipped","cause":)" + ipc::json_quote(graph_[cause].name) +
                         "}\n");
  }
  for (const auto& [cause, nodes] : skipped) {
    // Not needed, such as what is for the case of a failure.
    if (schedule_.state(cause) != State::failed) continue;
    std::string text = "not run because " + graph_[cause].name + " failed: ";
    // "and 1 more" would be no shorter than its name.
    const size_t named = nodes.size() <= kNamed + 1 ? nodes.size() : kNamed;
    for (size_t i = 0; i < named; ++i) text += (i > 0 ? ", " : "") + graph_[nodes[i]].name;
    if (named < nodes.size()) text += " and " + std::to_string(nodes.size() - named) + " more";
    ipc::cli::complain(text);
  }
}

void Runner::note(const Status& status) {
  if (!status && !fatal_) fatal_ = status.error();
}

void Runner::draw() {
  streams_.out.flush();
  streams_.err.flush();
  progress_.draw({done_, failed_, total_, ipc::Clock::now() - start_});
}

}  // namespace ipdag
