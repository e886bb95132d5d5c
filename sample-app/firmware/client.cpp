#include "firmware/client.h"

#include <algorithm>
#include <cstdio>
#include <new>

namespace firmware {

using handsync::Engine;
using handsync::Error;
using handsync::Notice;
using handsync::Text;

namespace {

/// In push for so long, the engine has closed the replica (kStoreIdleMs of engine/sync/limits.h).
constexpr std::uint64_t kRestMs = 62'000;

struct Patience final : handsync::hal::Progress {
  bool step() override { return true; }
};

handsync::Memory counted_memory() {
  handsync::Memory memory;
  memory.take = [](void*, std::size_t bytes) { return take(Owner::kEngine, bytes); };
  memory.give = [](void*, void* block) { give(block); };
  memory.lend = lend;
  return memory;
}

}  // namespace

Client::Client(const Settings& settings, handsync::hal::Device& device, handsync::Sockets& sockets,
               handsync::hal::Trust& roots, const handsync::Options& options, Print print)
    : settings_(settings), device_(device), sockets_(sockets), print_(print) {
  auto opened = Engine::open(device, counted_memory(), options, now());
  if (!opened.ok()) {
    fail("engine", opened.error());
    return;
  }
  engine_ = opened.value();
  static_assert(sizeof(handsync::EngineListener) <= sizeof listener_room_);
  listener_ = new (listener_room_) handsync::EngineListener(*engine_);
  carrier_ = new (std::nothrow) handsync::Carrier(sockets, *listener_, device.entropy(), &roots);
  if (carrier_ == nullptr) {
    fail("carrier", handsync::out_of_memory(sizeof(handsync::Carrier)));
    return;
  }
  carrier_->set_trace(this);
  if (!settings.connect.empty()) {
    if (const auto known = carrier_->connect_to(settings.connect); !known.ok()) fail("connect", known.error());
  }
  engine_->network(handsync::Network{}, now());
}

Client::~Client() {
  delete carrier_;
  if (engine_ != nullptr) engine_->close();
}

std::uint64_t Client::wakes_at_ms() const {
  if (engine_ == nullptr) return UINT64_MAX;
  // What was told while the last turn ended is acted on in the next one.
  return idle_ || changed_ || waiting_ || done_ != handsync::JobId{} || question_id_ != handsync::QuestionId{}
             ? 0
             : std::min(engine_->wake().at_ms, rest_at_ms_ != 0 ? rest_at_ms_ : UINT64_MAX);
}

void Client::say(Text what, std::uint64_t number, Text unit) {
  char line[96];
  const int size = std::snprintf(line, sizeof line, "%.*s %lu%s%.*s\n", static_cast<int>(what.size()), what.data(),
                                 static_cast<unsigned long>(number), unit.empty() ? "" : " ",
                                 static_cast<int>(unit.size()), unit.data());
  print_(Text(line, static_cast<std::size_t>(size)));
}

void Client::say_heap(Text what, const std::int32_t (&bytes)[kOwners]) {
  for (std::size_t i = 0; i < kOwners; ++i) say(what, static_cast<std::uint64_t>(bytes[i]), kOwnerNames[i]);
}

void Client::fail(Text what, Error error) {
  char line[96];
  const int size = std::snprintf(line, sizeof line, "FAIL %.*s: domain %d code %ld where %lu\n",
                                 static_cast<int>(what.size()), what.data(), static_cast<int>(error.domain),
                                 static_cast<long>(error.code), static_cast<unsigned long>(error.where));
  print_(Text(line, static_cast<std::size_t>(size)));
  failed_ = true;
  phase_ = Phase::kFinished;
}

// -- what the engine wants
// ----------------------------------------------------------------------------------------------

void Client::ask(const handsync::Ask& ask) {
  question_id_ = ask.id;
  question_ = ask.question;
}

void Client::tell(const handsync::Tell& tell) {
  if (tell.notice == Notice::kIdle) idle_ = true;
  if (tell.notice == Notice::kItemsChanged) changed_ = true;
  if (tell.notice == Notice::kPushWaiting) waiting_ = true;
}

void Client::post(handsync::JobId id, handsync::Job& job) {
  Patience patience;
  job.run(device_, patience);
  done_ = id;
}

void Client::request_head(handsync::RequestId, handsync::AccountId, Text label, Text, Text) {
  if (!label_.assign(label.substr(0, 24))) label_.clear();
}

void Client::response_head(handsync::RequestId, int http_status, std::span<const handsync::Header>) {
  say(label_.view(), static_cast<std::uint64_t>(http_status), "");
}

// -- the run
// ------------------------------------------------------------------------------------------------------------

std::uint32_t Client::mails() {
  std::uint32_t count = 0;
  auto reader = engine_->reader(account_);
  if (!reader.ok()) return count;
  if (auto rows = reader.value()->folders(); rows.ok()) {
    handsync::FolderRow row;
    for (auto more = rows.value()->step(row); more.ok() && more.value(); more = rows.value()->step(row)) {
      if (row.type == handsync::FolderType::kInbox) count = row.items;
    }
    rows.value()->close();
  }
  reader.value()->close();
  return count;
}

/// The account's last failure. An AccountView is a kilobyte that must not stay on the stack while the engine works.
__attribute__((noinline)) Error Client::report_account(Text what) {
  const auto view = engine_->account(account_);
  if (!view.ok()) return view.error();
  if (!what.empty() && !view.value().error) say(what, view.value().version, "");
  return view.value().error;
}

void Client::next_step() {
  switch (phase_) {
    case Phase::kStart: {
      handsync::AccountSettings account;
      account.email = settings_.email;
      account.server = settings_.server;
      account.days = 0;
      const auto added = engine_->add_account(account, handsync::bytes_of(settings_.password), now());
      if (!added.ok()) return fail("account", added.error());
      account_ = added.value();
      phase_ = Phase::kAdding;
      break;
    }
    case Phase::kAdding:
      if (!idle_) break;
      idle_ = false;
      if (const Error error = report_account("step account: protocol")) return fail("account", error);
      if (const auto begun = engine_->sync(account_, handsync::FolderId{}, now()); !begun.ok()) {
        return fail("sync", begun.error());
      }
      phase_ = Phase::kSyncing;
      break;
    case Phase::kSyncing:
      if (!idle_) break;
      idle_ = false;
      if (const Error error = report_account({})) return fail("sync", error);
      // Before anything is read: a second connection of SQLite takes 30 KB.
      say_heap("heap of a first sync:", heap().peak);
      mails_ = mails();
      say("step first sync:", mails_, "mails");
      if (!settings_.push) {
        phase_ = Phase::kFinished;
        break;
      }
      if (const auto on = engine_->push(account_, true, now()); !on.ok()) return fail("push", on.error());
      changed_ = waiting_ = false;
      phase_ = Phase::kPush;
      break;
    case Phase::kPush:
      if (engine_->device().wiping || engine_->device().wiped) {
        phase_ = Phase::kWiping;
        break;
      }
      if (waiting_ && !waited_) {
        waited_ = true;
        print_("step push: waiting\n");
      }
      waiting_ = false;
      if (waited_ && rest_at_ms_ == 0) rest_at_ms_ = now().mono_ms + kRestMs;
      if (rest_at_ms_ != 0 && rest_at_ms_ <= now().mono_ms && rest_at_ms_ != UINT64_MAX) {
        rest_at_ms_ = UINT64_MAX;
        say_heap("heap at rest:", heap().now);
      }
      if (changed_) {
        changed_ = false;
        if (const std::uint32_t count = mails(); count > mails_) {
          mails_ = count;
          say("step push:", count, "mails");
        }
      }
      break;
    case Phase::kWiping:
      if (!engine_->device().wiped) break;
      print_("step wiped\n");
      phase_ = Phase::kFinished;
      break;
    case Phase::kFinished:
      break;
  }
}

void Client::turn() {
  if (engine_ == nullptr || finished()) return;
  if (engine_->wake().at_ms <= now().mono_ms) engine_->tick(now());
  handsync::pump(*engine_, *carrier_, *this, *this);
  if (done_ != handsync::JobId{}) {
    const handsync::JobId id = done_;
    done_ = {};
    engine_->job_done(id, now());
  }
  if (question_id_ != handsync::QuestionId{}) {
    // A person is not here: the policy is accepted, a PIN is the one that was given, everything else is declined.
    const handsync::QuestionId id = question_id_;
    question_id_ = {};
    const bool yes = question_ == handsync::Question::kAcceptPolicy || question_ == handsync::Question::kNewPin;
    engine_->answered(id, yes ? 1 : 0,
                      question_ == handsync::Question::kNewPin ? handsync::bytes_of(settings_.pin) : handsync::Bytes(),
                      now());
  }
  next_step();
  handsync::pump(*engine_, *carrier_, *this, *this);
}

}  // namespace firmware
