/// One life from one seed: a phone, a person, a mailbox on a server and everything between, on a virtual clock. The
/// same seed gives the same life, byte for byte. Who adds a command to the engine adds rows: an act of the user
/// (user.cpp), what it must come to (a judge in oracle.cpp), and the Statuses the server may refuse it with
/// (trouble.cpp).
#pragma once
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/sync/mailbox_view.h"
#include "sim/phone.h"
#include "sim/tls_wire.h"

namespace sim {

using namespace handsync;
using namespace handsync::test;

inline constexpr const char* kEmail = "demo@example.test";
inline constexpr std::uint64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

/// Bounded: the faults end, and then everything must come to rest with both sides equal. Unbounded: they never do, and
/// nothing may be lost meanwhile.
enum class Mode : std::uint8_t { kBounded, kUnbounded };

inline constexpr std::uint64_t kEditsMin = 200, kFaultsMin = 30;  ///< of a life, else it says little

struct Outcome {
  std::string wrong;  ///< empty: all is well; else what is not, as a sentence
  std::uint64_t digest = 0;
  double days = 0;
  std::uint64_t edits = 0, requests = 0, hanging = 0;
  bool real = false;  ///< TLS, and a PIN whose key is derived
  FaultCounts faults{};
  std::uint64_t fault_count() const {
    std::uint64_t sum = 0;
    for (std::uint64_t count : faults) sum += count;
    return sum;
  }
};

class History {
 public:
  History(std::uint64_t seed, Mode mode, bool tell);
  Outcome run();

  // -- what acts and judges work with
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + random_.below(high - low + 1); }
  bool chance(unsigned per_cent) { return random_.chance(per_cent); }
  template <class Array>
  const auto& pick(const Array& array) {
    return random_.pick(array);
  }
  template <class... Parts>
  void say(const Parts&... parts) {
    if (!tell_) return;
    std::string line;
    ((line += parts), ...);
    tell(line);
  }
  World& world() { return *world_; }
  SimPhone& phone() { return phone_; }
  AccountId account() const { return id_; }
  void edited() { ++outcome_.edits; }
  void strike(FaultKind kind);

  /// What the user wanted of one property of one item, the last time.
  struct Wish {
    std::string value;  ///< "0" or "1" of Read; "", "1", "2" of Flag
    std::uint64_t change = 0;
    ItemId item{};
  };
  enum class Field : std::uint8_t { kRead, kFlag };
  std::map<std::pair<std::string, Field>, Wish> wishes;  ///< by server id
  std::set<std::string> edited_there;  ///< the server changed it since both sides were last seen equal: it may win

  // user.cpp
  void act_of_user();
  void act_of_server();
  void busy_hour();
  void use_pin();
  // trouble.cpp
  void trouble();
  void meet_request();
  // oracle.cpp
  std::string always();        ///< what holds at every moment
  std::string nothing_lost();  ///< every wish is kept: waiting, made, parked or overtaken
  std::string at_rest();       ///< both sides equal

 private:
  friend struct Judges;
  friend struct Troubles;
  void tell(const std::string& line);
  void learn(std::string_view bytes);
  exchange::Options options();
  exchange::Policy policy() const;
  AccountSettings settings();
  void wire();  ///< joins the world's hooks to this history
  void pass_time();
  std::string come_back();  ///< after a loss of power
  void end_trouble();
  std::string rest();
  std::string own_words(const Error&) const;

  exchange::Random random_;
  Mode mode_;
  bool tell_;
  Outcome outcome_;
  SimPhone phone_;
  AccountSettings settings_;
  std::string first_version_;
  bool real_;  ///< TLS, the PIN and how its key is derived are the product's own
  std::unique_ptr<TlsWire> wire_;
  std::string pin_ = "1379", pin_in_doubt_;  ///< the second may be in force instead: its change broke off
  std::unique_ptr<World> world_;
  AccountId id_{};

  // what is true of this life
  bool rough_ = false;  ///< answers get lost and the power goes: then no server forgets what it did
  bool has_policy_ = false;
  bool alone_;  ///< the Inbox is all that is synced, and at times mails come one after the other: push waits in a Sync
  bool pushing_ = false, learned_version_ = false, malformed_ = false;
  bool bodies_whole_ = false;

  // what goes wrong at present
  std::array<unsigned, kFaultKinds> per_mille_{};  ///< of each request
  std::uint64_t portal_until_ms_ = 0, offline_until_ms_ = 0, no_name_until_ms_ = 0;
  bool troubled_ = false;
  Fate fate(const Sent&);
  void answered(const Sent&, exchange::HttpResponse&);

  // what explains a complaint of the server or a refusal
  bool forgotten_ = false, withdrawn_ = false;
  std::vector<std::uint64_t> acts_ms_;  ///< when something happened that requests may follow
  std::size_t budget_seen_ = 0, complaints_ = 0;
  std::string misdeed_;  ///< the first thing a request did that none may do
  void judge_request(const Sent&);
  std::uint64_t sent_away_until_ms_ = 0, sent_away_ms_ = 0;  ///< by Retry-After
  std::uint64_t failed_ms_ = 0;                              ///< when the last request failed; 0 = it did not
  unsigned pauses_ = 0, round_pauses_ = 0;                   ///< after failures; those of whole seconds
};

}  // namespace sim
