#include "handset/phone.h"

#include <mbedtls/platform_util.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <vector>

#include "absent/handset.h"
#include "asio/loop.h"
#include "asio/worker.h"
#include "handset/client_identity.h"
#include "handset/failure.h"
#include "handset/layout.h"
#include "handset/traffic.h"
#include "linux/handset.h"
#include "simulated/handset.h"

namespace handset {
namespace {

using handsync::AccountId;
using handsync::Engine;
using handsync::Error;
using handsync::Instant;
using handsync::storage::Blob;

constexpr std::chrono::seconds kRemovalPatience(15);
constexpr std::uint64_t kWorkPatience_ms = 5'000, kWipePatience_ms = 60'000;

template <class Handset, class Options>
std::unique_ptr<handsync::hal::posix::HostedDevice> open_on(const Home& home) {
  Options options;
  options.home = home.directory();
  options.keep = foreign_names(home.directory());
  for (const std::string& own : Home::own_names()) options.keep.push_back(own);
  try {
    return std::make_unique<Handset>(std::move(options));
  } catch (const std::runtime_error& error) {
    throw machine(error.what(), "give another directory with --home, or repair its permissions");
  }
}

std::unique_ptr<handsync::hal::posix::HostedDevice> open_device(const Home& home, const std::string& hal) {
  namespace ports = handsync::hal;
  if (hal == "linux") return open_on<ports::linux_port::Handset, ports::linux_port::Options>(home);
  if (hal == "absent") return open_on<ports::absent::Handset, ports::posix::CoreOptions>(home);
  return open_on<ports::simulated::Handset, ports::simulated::Options>(home);
}

}  // namespace

handsync::Memory heap() {
  handsync::Memory memory;
  memory.take = [](void*, std::size_t bytes) { return std::malloc(bytes); };
  memory.give = [](void*, void* block) { std::free(block); };
  return memory;
}

void Inbox::put(const Event& event) {
  const std::scoped_lock lock(mutex_);
  events_.push_back(event);
  filled_.notify_all();
}

void Inbox::wake() {
  const std::scoped_lock lock(mutex_);
  woken_ = true;
  filled_.notify_all();
}

std::optional<Event> Inbox::next(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  filled_.wait_for(lock, patience, [&] { return woken_ || !events_.empty(); });
  woken_ = false;
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

Phone::Phone(Home& home, const std::string& hal) : home_(home), device_(open_device(home, hal)) {
  replica_directory_ = device_->replica_directory();
  replicas_ = std::make_unique<Replicas>(*device_, replica_directory_);
  if (const auto sealed = replicas_->open(); !sealed.ok()) throw failure_of(sealed.error());
  traces_ = std::make_unique<TraceHub>([this](AccountId id) -> std::string {
    if (engine_ == nullptr || id == AccountId{}) return {};
    const auto view = engine_->account(id);
    return view.ok() ? std::string(view.value().email.view()) : std::string();
  });
  std::promise<Error> ready;
  std::future<Error> outcome = ready.get_future();
  thread_ = std::thread([this, &ready] { run(ready); });
  if (const Error error = outcome.get()) {
    thread_.join();
    throw failure_of(error);
  }
  settle_accounts();
}

Phone::~Phone() {
  post([this] { stopping_ = true; });
  thread_.join();
}

void Phone::post(std::function<void()> work) { loop_->post(std::move(work)); }

void Phone::run(std::promise<Error>& ready) {
  handsync::Loop loop;
  loop_ = &loop;
  handsync::Options options;
  options.directory = replica_directory_;
  options.vfs = replicas_->vfs();
  options.replica_sealed = true;
  auto opened = Engine::open(*device_, heap(), options, device_->now());
  if (!opened.ok()) {
    ready.set_value(opened.error());
    return;
  }
  engine_ = opened.value();
  {
    handsync::Carrier carrier(loop.sockets(), *this, device_->entropy(), &roots_);
    carrier_ = &carrier;
    carrier.set_trace(traces_.get());
    trust_accounts();
    handsync::Worker worker(loop, *device_, [this](handsync::JobId id) { engine_->job_done(id, device_->now()); });
    worker_ = &worker;
    loop.each_turn([&] {
      // The phone's clock runs on over processes and starts with its boot; the loop's is the system's.
      const Instant now = device_->now();
      tell_zone();
      if (engine_->wake().at_ms <= now.mono_ms) engine_->tick(now);
      handsync::pump(*engine_, carrier, *this, worker);
      const std::uint64_t at = engine_->wake().at_ms;
      if (at == UINT64_MAX) {
        loop.wake_at(UINT64_MAX);
      } else {
        const std::uint64_t phone = device_->now().mono_ms;
        loop.wake_at(loop.now().mono_ms + (at > phone ? at - phone : 0));
      }
    });
    engine_->network(network(), device_->now());
    engine_->power({static_cast<std::uint8_t>(home_.battery()), false}, device_->now());
    ready.set_value(Error{});
    loop.run_until([&] { return stopping_; });
    const bool wiping = engine_->device().wiping;
    loop.run_until([&] { return !worker.busy() && !(wiping && engine_->device().wiping); },
                   loop.now().mono_ms + (wiping ? kWipePatience_ms : kWorkPatience_ms));
    save_tickets();
    carrier.close_idle();
    handsync::report_carried(*engine_, carrier);
    save_traffic();
    loop.each_turn([] {});
  }
  carrier_ = nullptr;
  worker_ = nullptr;
  engine_->close();
  engine_ = nullptr;
}

void Phone::user_active() {
  call([&](Engine& engine, Instant now) { engine.user_active(now); });
  device_->touched();
}

/// Before anything is sent: whom each account trusts, and what it shows of itself. A copy that has been damaged trusts
/// nobody, so nothing is sent on it; without its certificate the account is refused by the server that wants one.
void Phone::trust_accounts() {
  AccountId ids[16];
  const std::size_t count = std::min<std::size_t>(engine_->accounts(ids), std::size(ids));
  for (std::size_t i = 0; i < count; ++i) {
    const auto slot = static_cast<std::uint16_t>(ids[i]);
    if (const auto trusted = home_.trust(slot)) {
      std::string pem;
      if (!open_file(*device_, slot, Blob::kTrust, *trusted, pem).ok()) pem = "damaged";
      (void)carrier_->set_trust(ids[i], handsync::bytes_of(pem));
    }
    const std::string sealed = home_.identity(slot);
    std::string certificate, key;
    if (!sealed.empty() && open_identity(*device_, slot, sealed, certificate, key).ok()) {
      (void)carrier_->set_identity(ids[i], handsync::bytes_of(certificate), handsync::bytes_of(key));
      mbedtls_platform_zeroize(key.data(), key.size());
    }
    const std::string kept = home_.take_tickets(slot);
    std::string tickets;
    if (!kept.empty() && open_file(*device_, slot, Blob::kTickets, kept, tickets).ok()) {
      carrier_->load_tickets(ids[i], handsync::bytes_of(tickets));
      mbedtls_platform_zeroize(tickets.data(), tickets.size());
    }
  }
}

/// So that the next run of the program needs no full handshake.
void Phone::save_tickets() {
  if (engine_->device().wiped || engine_->device().wiping) return;
  std::vector<std::byte> room(48 * 1024);
  AccountId ids[16];
  const std::size_t count = std::min<std::size_t>(engine_->accounts(ids), std::size(ids));
  for (std::size_t i = 0; i < count; ++i) {
    const auto view = engine_->account(ids[i]);
    if (!view.ok() || view.value().state == handsync::AccountState::kWiped) continue;
    const auto slot = static_cast<std::uint16_t>(ids[i]);
    const std::size_t size = carrier_->save_tickets(ids[i], room);
    std::string sealed;
    if (size == 0 || !seal_file(*device_, slot, Blob::kTickets, handsync::Bytes(room).first(size), sealed).ok())
      continue;
    try {
      home_.keep_tickets(slot, sealed);
    } catch (const Failure&) {
      // A full disk: the next handshake is a full one.
    }
  }
  mbedtls_platform_zeroize(room.data(), room.size());
}

void Phone::save_traffic() {
  AccountId ids[16];
  const std::size_t count = std::min<std::size_t>(engine_->accounts(ids), std::size(ids));
  std::map<std::uint16_t, Home::Traffic> traffic;
  for (std::size_t i = 0; i < count; ++i) {
    const auto view = engine_->account(ids[i]);
    if (!view.ok() || view.value().requests == 0 || engine_->device().wiped) continue;
    traffic[static_cast<std::uint16_t>(ids[i])] = traffic_of(view.value());
  }
  try {
    home_.add_traffic(traffic);
  } catch (const Failure&) {
    // A full disk: the counters stay behind, nothing else.
  }
}

/// A half-added account of an `account add` that was killed goes.
void Phone::settle_accounts() {
  const std::uint16_t half = home_.adding();
  if (half == 0) return;
  (void)remove_account(static_cast<AccountId>(half));
}

handsync::Result<AccountId> Phone::add_account(const handsync::AccountSettings& settings, const std::string& password,
                                               const TlsFiles& files) {
  return call([&](Engine& engine, Instant now) -> handsync::Result<AccountId> {
    const auto added = engine.add_account(settings, handsync::bytes_of(password), now);
    if (!added.ok()) return added.error();
    home_.set_adding(static_cast<std::uint16_t>(added.value()));
    if (const auto kept = keep(added.value(), files); !kept.ok()) {
      (void)engine.remove_account(added.value(), now);
      home_.set_adding(0);
      return kept.error();
    }
    return added.value();
  });
}

handsync::Status Phone::keep(AccountId id, const TlsFiles& files) {
  const auto slot = static_cast<std::uint16_t>(id);
  if (!files.ca.empty()) {
    HANDSYNC_TRY(carrier_->set_trust(id, handsync::bytes_of(files.ca)));
    std::string sealed;
    HANDSYNC_TRY(seal_file(*device_, slot, Blob::kTrust, handsync::bytes_of(files.ca), sealed));
    home_.keep_trust(slot, sealed);
  }
  if (!files.certificate.empty()) {
    HANDSYNC_TRY(carrier_->set_identity(id, handsync::bytes_of(files.certificate), handsync::bytes_of(files.key)));
    std::string sealed;
    HANDSYNC_TRY(seal_identity(*device_, slot, files.certificate, files.key, sealed));
    home_.keep_identity(slot, sealed);
  }
  return handsync::Done{};
}

handsync::Status Phone::remove_account(AccountId id) {
  const std::shared_ptr<Inbox> inbox = subscribe();
  const auto removed = call([id](Engine& engine, Instant now) { return engine.remove_account(id, now); });
  const auto give_up = std::chrono::steady_clock::now() + kRemovalPatience;
  while (removed.ok() && std::chrono::steady_clock::now() < give_up) {
    const std::optional<Event> event = inbox->next(std::chrono::milliseconds(200));
    const bool done = event && event->kind == Event::Kind::kTell && event->account == id &&
                      (event->notice == handsync::Notice::kIdle || event->notice == handsync::Notice::kWiped);
    if (done && !call([id](Engine& engine, Instant) { return engine.account(id).ok(); })) break;
  }
  if (removed.ok() && call([id](Engine& engine, Instant) { return engine.account(id).ok(); })) {
    return handsync::Error{handsync::Domain::kEngine, 0, 0};
  }
  forget(id);
  if (home_.adding() == static_cast<std::uint16_t>(id)) home_.set_adding(0);
  return removed;
}

std::shared_ptr<Inbox> Phone::subscribe() {
  auto inbox = std::make_shared<Inbox>();
  const std::scoped_lock lock(mutex_);
  std::erase_if(inboxes_, [](const std::weak_ptr<Inbox>& each) { return each.expired(); });
  inboxes_.push_back(inbox);
  for (const auto& [id, event] : open_) inbox->put(event);
  return inbox;
}

void Phone::broadcast(const Event& event) {
  for (const std::weak_ptr<Inbox>& each : inboxes_) {
    if (const std::shared_ptr<Inbox> inbox = each.lock()) inbox->put(event);
  }
}

bool Phone::answer(handsync::QuestionId id, std::uint16_t choice, const std::string& secret) {
  {
    const std::scoped_lock lock(mutex_);
    if (open_.erase(id) == 0) return false;
  }
  call([&](Engine& engine, Instant now) { engine.answered(id, choice, handsync::bytes_of(secret), now); });
  return true;
}

bool Phone::connect_to(const std::string& rule) {
  return call([&](Engine&, Instant) { return carrier_->connect_to(rule).ok(); });
}

handsync::Network Phone::network() const {
  handsync::Network network;
  network.roaming = home_.roaming();
  return network;
}

void Phone::set_roaming(bool roaming) {
  call([&](Engine& engine, Instant now) {
    home_.set_roaming(roaming);
    engine.network(network(), now);
  });
}

void Phone::set_battery(unsigned percent) {
  call([&](Engine& engine, Instant now) {
    home_.set_battery(percent);
    engine.power({static_cast<std::uint8_t>(percent), false}, now);
  });
}

/// Schedules are in local time, which is not the same all year.
void Phone::tell_zone() {
  const std::time_t now_s = device_->now().wall_ms / 1000;
  std::tm local{};
  if (now_s / 60 == zone_told_min_ || ::localtime_r(&now_s, &local) == nullptr) return;
  zone_told_min_ = now_s / 60;
  engine_->zone(static_cast<std::int32_t>(local.tm_gmtoff), device_->now());
}

void Phone::forget(AccountId id) {
  call([&](Engine&, Instant) { carrier_->forget(id); });
  home_.forget_account(static_cast<std::uint16_t>(id));
}

handsync::Counters Phone::counters() {
  return call([&](Engine&, Instant) { return carrier_->counters(); });
}

handsync::Status Phone::watch(AccountId id) {
  return call([&](Engine& engine, Instant now) -> handsync::Status {
    if (watchers_[id] == 0) HANDSYNC_TRY(engine.push(id, true, now));
    ++watchers_[id];
    return handsync::Done{};
  });
}

void Phone::unwatch(AccountId id) {
  call([&](Engine& engine, Instant now) {
    // An account that has been removed meanwhile has nothing to switch off.
    if (watchers_[id] > 0 && --watchers_[id] == 0) (void)engine.push(id, false, now);
  });
}

void Phone::ask(const handsync::Ask& ask) {
  Event event;
  event.kind = Event::Kind::kAsk;
  event.account = ask.account;
  event.question_id = ask.id;
  event.question = ask.question;
  event.detail = std::string(ask.detail);
  const std::scoped_lock lock(mutex_);
  open_[ask.id] = event;
  broadcast(event);
}

void Phone::withdraw(handsync::QuestionId id) {
  Event event;
  event.kind = Event::Kind::kWithdraw;
  event.question_id = id;
  const std::scoped_lock lock(mutex_);
  open_.erase(id);
  broadcast(event);
}

void Phone::tell(const handsync::Tell& tell) {
  Event event;
  event.account = tell.account;
  event.notice = tell.notice;
  event.folder = tell.folder;
  event.count = tell.count;
  event.generation = tell.generation;
  if (tell.notice == handsync::Notice::kWiped) {
    replicas_->forget(tell.account);
    if (tell.account == AccountId{}) {
      traces_->close_all();
      home_.forget_everything();
    } else {
      carrier_->forget(tell.account);
      home_.forget_account(static_cast<std::uint16_t>(tell.account));
      // What the next start would do: it is no account of this phone any more.
      post([this, id = tell.account] { (void)engine_->remove_account(id, device_->now()); });
    }
  }
  const std::scoped_lock lock(mutex_);
  broadcast(event);
}

handsync::Result<std::size_t> Phone::read_body(handsync::RequestId id, handsync::Room room) {
  return engine_->read_body(id, room);
}
handsync::Status Phone::rewind_body(handsync::RequestId id) { return engine_->rewind_body(id); }
void Phone::response_head(handsync::RequestId id, int status, std::span<const handsync::Header> headers,
                          const handsync::Channel& channel, Instant) {
  engine_->response_head(id, status, headers, channel, device_->now());
}
void Phone::response_body(handsync::RequestId id, handsync::Bytes bytes, Instant) {
  engine_->response_body(id, bytes, device_->now());
}
void Phone::response_end(handsync::RequestId id, Instant) { engine_->response_end(id, device_->now()); }
void Phone::failed(handsync::RequestId id, Error error, Instant) { engine_->failed(id, error, device_->now()); }
void Phone::looked_up(handsync::RequestId id, std::span<const handsync::Text> hosts, Instant) {
  engine_->looked_up(id, hosts, device_->now());
}

}  // namespace handset
