// SPDX-License-Identifier: BSD-3-Clause
// The journal: what a task scheduler must not forget when its process is killed.
#include "libipc/sched/journal.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

namespace ipc::sched {
namespace {

// What an entry says of its task.
constexpr char kAccepted = 'a', kAssigned = 'g', kWaits = 'w', kEnded = 'e';
// What is not needed may take that much of the disk, and as much again as what is.
constexpr std::size_t kGarbage = 16 << 20, kEndBytes = 300;
constexpr std::size_t kMostFrames = 65536;

template <class Number>
void put(std::string& text, Number number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_text(std::string& text, std::string_view value) {
  put(text, static_cast<std::uint16_t>(value.size()));
  text += value;
}

std::string head_of(char kind, std::string_view id) {
  std::string head(1, kind);
  put_text(head, id);
  return head;
}

// Reads what put() wrote; false, and then always, when there is not enough.
struct Reader {
  std::string_view rest;
  bool good = true;

  std::string_view take(std::size_t size) {
    good = good && size <= rest.size();
    if (!good) return {};
    const auto taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return taken;
  }
  template <class Number>
  Number number() {
    Number value{};
    const auto bytes = take(sizeof value);
    if (good) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view text() { return take(number<std::uint16_t>()); }
};

// An entry, as far as it goes for its kind.
struct Entry {
  char kind = 0;
  bool ok = false, has_frames = false;
  std::uint64_t number = 0;
  std::string_view id, engine;
  std::string_view sizes, bytes;  // of the frames

  net::Frames frames() const {
    net::Frames result;
    Reader size{sizes}, byte{bytes};
    while (!size.rest.empty() && size.good && byte.good)
      result.emplace_back(byte.take(size.number<std::uint32_t>()));
    if (!size.good || !byte.good) result.clear();
    return result;
  }
};

std::optional<Entry> parse(std::string_view text) {
  Reader reader{text};
  Entry entry;
  entry.kind = reader.number<char>();
  entry.id = reader.text();
  switch (entry.kind) {
    case kAccepted:
      entry.number = reader.number<std::uint64_t>();
      entry.has_frames = true;
      break;
    case kAssigned:
      entry.number = reader.number<std::uint64_t>();
      entry.engine = reader.text();
      break;
    case kWaits:
      break;
    case kEnded:
      entry.ok = reader.number<char>() != 0;
      entry.engine = reader.text();
      entry.has_frames = reader.number<char>() != 0;
      break;
    default:
      return {};
  }
  if (entry.has_frames) {
    const auto count = reader.number<std::uint32_t>();
    if (count > kMostFrames) return {};
    entry.sizes = reader.take(count * sizeof(std::uint32_t));
    entry.bytes = reader.rest;
  }
  if (!reader.good || entry.id.empty()) return {};
  return entry;
}

std::string ended_head(std::string_view id, std::string_view engine, bool ok, bool has_reply) {
  std::string head = head_of(kEnded, id);
  put(head, static_cast<char>(ok));
  put_text(head, engine);
  put(head, static_cast<char>(has_reply));
  return head;
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(Options options) {
  IPC_TRY_ASSIGN(auto log, SegmentLog::open(options.directory, options.segment_bytes));
  std::unique_ptr<Journal> journal(new Journal(std::move(options), std::move(log)));
  IPC_TRY(journal->load());
  return journal;
}

Status Journal::load() {
  std::size_t entries = 0;
  IPC_TRY(log_->replay(
      [&](const Place& place, std::string_view entry) {
        ++entries;
        take(place, entry);
      },
      damage_));
  if (entries > 0 || damaged())
    report_ = std::to_string(live_.size()) + " tasks that have not ended, " +
              std::to_string(ended_.size()) + " that have";
  if (damaged())
    report_ += "; " + std::to_string(damage_.entries) + " damaged entries and a torn end of " +
               std::to_string(damage_.torn_bytes) + " bytes left out, the first in " +
               damage_.where;
  for (std::uint32_t last = 0; wants_cleaning() && log_->oldest() != last;) {
    last = log_->oldest();
    clean();
  }
  return {};
}

void Journal::count(const Place& place, bool used) {
  if (used)
    used_bytes_ += place.size;
  else
    used_bytes_ -= std::min<std::size_t>(used_bytes_, place.size);
}

// One entry that was read. The same may come twice: one that was moved when the process ended.
void Journal::take(const Place& place, std::string_view text) {
  const auto entry = parse(text);
  if (!entry) return void(++damage_.entries);
  if (entry->kind == kEnded) return end(entry->id, place, entry->has_frames);
  const auto known = live_.find(entry->id);
  if (entry->kind == kAccepted) {
    if (find_ended(entry->id) != nullptr) return;
    Live& live = known != live_.end() ? known->second : live_[std::string(entry->id)];
    if (live.order != 0) count(live.accepted, false);
    live.accepted = place;
    live.order = entry->number;
    next_order_ = std::max(next_order_, live.order + 1);
    return count(place, true);
  }
  if (known == live_.end()) return;  // it has ended, or its own entry is damaged
  Live& live = known->second;
  count(live.assigned, false);
  live.assigned = entry->kind == kAssigned ? place : Place{};
  live.engine = entry->engine;
  live.run = entry->number;
  next_run_ = std::max(next_run_, live.run + 1);
  count(live.assigned, true);
}

Journal::Ended* Journal::find_ended(std::string_view id) {
  const auto found = ended_by_id_.find(id);
  return found == ended_by_id_.end() ? nullptr : &ended_[found->second - first_ended_];
}

void Journal::end(std::string_view id, const Place& place, bool has_reply) {
  Place request;
  if (const auto live = live_.find(id); live != live_.end()) {
    request = live->second.accepted;
    count(request, false);
    count(live->second.assigned, false);
    live_.erase(live);
  }
  if (Ended* const known = find_ended(id)) {
    if (known->has_reply) strip(*known);
    known->place = place;
    if (has_reply) ++replies_, reply_bytes_ += place.size, count(place, true);
    known->has_reply = has_reply;
    return;
  }
  ended_by_id_.emplace(id, first_ended_ + ended_.size());
  ended_.push_back({std::string(id), place, request, has_reply});
  if (has_reply) ++replies_, reply_bytes_ += place.size, count(place, true);
  limit_ended();
}

// Its reply is not needed any more.
void Journal::strip(Ended& ended) {
  ended.has_reply = false;
  --replies_;
  reply_bytes_ -= ended.place.size;
  count(ended.place, false);
}

void Journal::limit_ended() {
  oldest_reply_ = std::max(oldest_reply_, first_ended_);
  while (replies_ > 1 && (replies_ > options_.replies || reply_bytes_ > options_.reply_bytes)) {
    if (oldest_reply_ >= first_ended_ + ended_.size()) oldest_reply_ = first_ended_;
    Ended& oldest = ended_[oldest_reply_++ - first_ended_];
    if (oldest.has_reply) strip(oldest);
  }
  while (ended_.size() > options_.ends) {
    if (ended_.front().has_reply) strip(ended_.front());
    ended_by_id_.erase(ended_.front().id);
    ended_.pop_front();
    ++first_ended_;
  }
}

void Journal::restore(const std::function<void(End&&)>& on_end,
                      const std::function<void(Task&&)>& on_task) {
  for (const auto& ended : ended_) {
    const auto text = log_->read(ended.place);
    const auto entry = text ? parse(*text) : std::nullopt;
    if (!entry) continue;
    End end{ended.id, std::string(entry->engine), entry->ok, {}, {}};
    if (ended.has_reply) {
      end.reply = entry->frames();
      if (ended.request.size > 0 && log_->has(ended.request.segment))
        if (const auto request = log_->read(ended.request); request)
          if (const auto accepted = parse(*request)) end.request = accepted->frames();
    }
    on_end(std::move(end));
  }
  std::vector<std::pair<const std::string, Live>*> tasks;
  for (auto& task : live_) tasks.push_back(&task);
  std::sort(tasks.begin(), tasks.end(), [](const auto* a, const auto* b) {
    const Live &x = a->second, &y = b->second;
    if (x.engine.empty() != y.engine.empty()) return y.engine.empty();
    return x.engine.empty() ? x.order < y.order : x.run < y.run;
  });
  for (const auto* task : tasks) {
    const auto text = log_->read(task->second.accepted);
    const auto entry = text ? parse(*text) : std::nullopt;
    net::Frames frames = entry ? entry->frames() : net::Frames();
    if (frames.empty())
      log::error("journal: task " + task->first + " cannot be read and is lost");
    else
      on_task({task->first, std::move(frames), task->second.engine});
  }
}

Journal::State Journal::state(std::string_view id) const {
  if (live_.find(id) != live_.end()) return State::live;
  return ended_by_id_.find(id) != ended_by_id_.end() ? State::ended : State::unknown;
}

net::Frames Journal::reply(std::string_view id) {
  const Ended* const ended = find_ended(id);
  if (ended == nullptr || !ended->has_reply) return {};
  const auto text = log_->read(ended->place);
  const auto entry = text ? parse(*text) : std::nullopt;
  return entry ? entry->frames() : net::Frames();
}

Status Journal::write(std::string_view head, const net::Frames* frames, bool vital, Place& place) {
  std::string whole(head);
  std::vector<std::string_view> pieces{whole};
  if (frames != nullptr) {
    put(whole, static_cast<std::uint32_t>(frames->size()));
    for (const auto& frame : *frames) {
      put(whole, static_cast<std::uint32_t>(frame.size()));
      pieces.push_back(frame.view());
    }
  }
  pieces[0] = whole;
  IPC_TRY_ASSIGN(place, log_->append(pieces, vital));
  return {};
}

// Something small that must not be refused.
void Journal::note(std::string_view head, Place& place) {
  if (const auto written = write(head, nullptr, true, place); !written)
    complain("not noted", written.error()), place = {};
}

void Journal::complain(const std::string& what, const Error& error) {
  complaints_.warning("journal: " + what + ": " + error.text());
}

Status Journal::accept(std::string_view id, const net::Frames& frames) {
  Live live;
  live.order = next_order_;
  std::string head = head_of(kAccepted, id);
  put(head, live.order);
  IPC_TRY(write(head, &frames, false, live.accepted));
  ++next_order_;
  count(live.accepted, true);
  live_.insert_or_assign(std::string(id), std::move(live));
  unsynced_ = options_.sync;
  return {};
}

void Journal::assign(std::string_view id, std::string_view engine) {
  const auto found = live_.find(id);
  if (found == live_.end()) return;
  Live& live = found->second;
  count(live.assigned, false);
  live.engine = engine;
  live.run = next_run_++;
  std::string head = head_of(kAssigned, id);
  put(head, live.run);
  put_text(head, engine);
  note(head, live.assigned);
  count(live.assigned, true);
}

void Journal::wait(std::string_view id) {
  const auto found = live_.find(id);
  if (found == live_.end() || found->second.engine.empty()) return;
  count(found->second.assigned, false);
  found->second.assigned = {};
  found->second.engine.clear();
  Place place;
  note(head_of(kWaits, id), place);
}

void Journal::finish(std::string_view id, std::string_view engine, bool ok,
                     const net::Frames& reply) {
  if (live_.find(id) == live_.end()) return;
  Place place;
  const auto written = write(ended_head(id, engine, ok, true), &reply, false, place);
  if (!written) {
    complain("a reply is not kept", written.error());
    note(ended_head(id, engine, ok, false), place);
  }
  end(id, place, static_cast<bool>(written));
  if (wants_cleaning()) clean();
}

void Journal::sync() {
  unsynced_ = false;
  if (const auto synced = log_->sync(); !synced)
    complain("what was accepted may be lost if the machine fails", synced.error());
}

bool Journal::wants_cleaning() const {
  return log_->bytes() > 2 * used_bytes_ + kGarbage + ended_.size() * kEndBytes;
}

// The oldest segment goes; what is still needed of it is written once more. Always the oldest:
// what says that a task has ended must not go before what says that it came.
void Journal::clean() {
  const std::uint32_t segment = log_->oldest();
  if (segment == log_->newest()) return;
  SegmentLog::Damage ignored;
  bool whole = true;
  const auto read = log_->replay(
      segment,
      [&](const Place& place, std::string_view entry) { whole = whole && move(place, entry); },
      ignored);
  if (!read || !whole) return;
  if (const auto synced = options_.sync ? log_->sync() : Status(); !synced)
    return complain("not tidied", synced.error());
  log_->drop_oldest();
}

// False if there is no room for it.
bool Journal::move(const Place& place, std::string_view text) {
  const auto entry = parse(text);
  if (!entry) return true;
  const auto again = [&](Place& where) {
    const auto moved = log_->append({&text, 1}, false);
    if (!moved) return complain("not tidied", moved.error()), false;
    where = *moved;
    return true;
  };
  if (entry->kind == kEnded) {
    Ended* const ended = find_ended(entry->id);
    if (ended == nullptr || ended->place != place) return true;
    if (ended->has_reply || !entry->has_frames) return again(ended->place);
    note(ended_head(entry->id, entry->engine, entry->ok, false), ended->place);
    return true;
  }
  const auto found = live_.find(entry->id);
  if (found == live_.end()) return true;
  if (entry->kind == kAccepted && found->second.accepted == place)
    return again(found->second.accepted);
  if (entry->kind == kAssigned && found->second.assigned == place)
    return again(found->second.assigned);
  return true;
}

}  // namespace ipc::sched
