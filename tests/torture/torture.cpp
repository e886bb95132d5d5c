/// torture [--sites] [--every N] [--from N] [--tell]
/// Lives a scenario once for each allocation in it and lets that one fail, then once more with every allocation from
/// there on failing until the program starts again: Autodiscover, account, sync, edits, push, another policy, a
/// restart. With --sites one allocation stands for all that are made by the same callers. The engine's memory, SQLite,
/// mbedTLS, zlib, the block that tinyxml2's operator new takes from and what the carrier takes are one row of numbers
/// here. After it everything has to come right by itself: nothing lost, nothing twice, nothing leaked.
#include <execinfo.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <unordered_map>

#include "autodiscover/pox.h"
#include "engine/sync/mailbox_view.h"
#include "platform/pump/day.h"

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void __libc_free(void*);
}

namespace {

bool armed = false, for_ever = false;
long taken = 0, fail_at = 0;  // 0: only counted

/// Who allocates: the chain of callers. Lives differ by some hundred allocations, as numbers in a handshake are longer
/// or shorter, so that a site is looked for around the place where it was met before.
using Site = std::uint64_t;
constexpr long kAround = 1000;
Site wanted = 0;  // 0: whichever comes at fail_at
std::vector<Site>* met = nullptr;
long elsewhere = 0;         // it was not met again
void* outermost = nullptr;  // whoever has a life lived is no part of it
bool ours() { return armed && net::inside; }
Site site() {
  armed = false;
  void* callers[40];
  const int count = backtrace(callers, std::size(callers));
  Site site = 0xCBF29CE484222325U;
  for (int i = 0; i < count && callers[i] != outermost; ++i)
    site = (site ^ reinterpret_cast<std::uintptr_t>(callers[i])) * 0x100000001B3U;
  armed = true;
  return site;
}
bool refuses() {
  if (!ours()) return false;
  ++taken;
  const bool around = wanted != 0 && fail_at != 0 && taken >= fail_at - kAround;
  const Site here = met != nullptr || around ? site() : 0;
  if (met != nullptr) {
    armed = false;
    met->push_back(here);
    armed = true;
  }
  if (wanted != 0 && fail_at != 0) {
    if (!around || (taken < fail_at + kAround && here != wanted)) return false;
    elsewhere += taken >= fail_at + kAround;
    wanted = 0;
    fail_at = taken;
  }
  return fail_at != 0 && (for_ever ? taken >= fail_at : taken == fail_at);
}

/// Blocks that the product has taken and not given back: open addressing, so that counting takes no memory itself.
class Held {
 public:
  void add(void* block) {
    if (block == nullptr) return;
    std::size_t at = home(block);
    while (slots_[at] != nullptr) at = next(at);
    slots_[at] = block;
    ++count;
  }
  void remove(void* block) {
    if (block == nullptr) return;
    std::size_t at = home(block);
    for (; slots_[at] != block; at = next(at))
      if (slots_[at] == nullptr) return;
    slots_[at] = nullptr;
    --count;
    for (at = next(at); slots_[at] != nullptr; at = next(at)) {  // those behind it stay within reach
      void* moved = std::exchange(slots_[at], nullptr);
      std::size_t to = home(moved);
      while (slots_[to] != nullptr) to = next(to);
      slots_[to] = moved;
    }
  }
  long count = 0;

 private:
  static constexpr std::size_t kSlots = 1 << 17;
  static std::size_t home(void* block) {
    return (reinterpret_cast<std::uintptr_t>(block) >> 4) * 0x9E3779B97F4A7C15u >> 47;
  }
  static std::size_t next(std::size_t at) { return (at + 1) % kSlots; }
  void* slots_[kSlots] = {};
} held;

void* given(void* block) {
  if (ours()) held.add(block);
  return block;
}

}  // namespace

extern "C" {
void* malloc(std::size_t bytes) { return refuses() ? nullptr : given(__libc_malloc(bytes)); }
void* calloc(std::size_t count, std::size_t bytes) { return refuses() ? nullptr : given(__libc_calloc(count, bytes)); }
void* realloc(void* block, std::size_t bytes) {
  if (refuses()) return nullptr;
  held.remove(block);
  return given(__libc_realloc(block, bytes));
}
void free(void* block) {
  held.remove(block);
  __libc_free(block);
}
}
namespace {

/// What the engine lends to operator new while tinyxml2 parses.
handsync::Room lent;
std::size_t lent_used = 0;
void lend_room(void*, handsync::Room room) {
  lent = room;
  if (!room.empty()) lent_used = 0;
}
bool is_lent(void* block) { return !lent.empty() && block >= lent.data() && block < lent.data() + lent.size(); }
void* from_lent(std::size_t bytes) {
  bytes = (bytes + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);
  if (bytes > lent.size() - lent_used) {
    std::puts("FAIL tinyxml2 takes more than tree_bytes_max() says");
    std::abort();
  }
  return lent.data() + std::exchange(lent_used, lent_used + bytes);
}

}  // namespace

// The product takes memory that may be refused; what throws is the test's own.
void* operator new(std::size_t bytes) { return lent.empty() ? __libc_malloc(bytes) : from_lent(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return refuses() ? nullptr : given(__libc_malloc(bytes));
}
void operator delete(void* block) noexcept {
  if (!is_lent(block)) free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

using namespace day;

namespace {

exchange::Options options() {
  exchange::Options options;
  options.mails = 5;
  options.body_bytes = 3000;
  options.policy = handsync::test::mild_policy();
  return options;
}

std::string difference(Day& day) {
  const auto theirs = handsync::test::server_mails(day.server());
  std::map<std::string, std::pair<bool, bool>> ours;
  std::string wrong;
  day.each([&](const ItemRow& row) {
    if (!ours.emplace(std::string(row.server_id), std::pair(row.read, row.flagged)).second)
      wrong = std::string(row.server_id) + " is here twice";
  });
  if (!wrong.empty()) return wrong;
  for (const auto& [id, mail] : theirs) {
    const auto found = ours.find(id);
    if (found == ours.end()) return id + " is not here";
    if (found->second != std::pair(mail.read, mail.flagged)) return id + " is marked otherwise here";
  }
  return ours.size() == theirs.size() ? "" : "something is here that the server has not";
}

/// tree_bytes_max() holds for any answer, sound or not, and most where little else would fit.
void parse_all_kinds() {
  const auto many = [](const std::string& what, std::size_t bytes) {
    std::string text;
    while (text.size() + what.size() <= bytes) text += what;
    return text;
  };
  const Memory memory{take, give, nullptr, lend_room};
  std::size_t parsed = 0;
  for (const char* what :
       {"<b/>", "<b></b>", "x<b/>", "<b>x</b>", "<b c='d'/>", "<b c='1' d='2' e='3' f='4'/>", "<!--x-->", "<?x?>",
        "<![CDATA[x]]>x", "&amp;", "<b>&#65;<!--x-->y</b>", "<b", "<b c=", "=<b/>="})
    for (const std::size_t bytes : {0, 10, 100, 1000, 4000, 10'000, 32'000}) {
      const std::string inside = many(what, bytes);
      for (const std::string& text : {"<a>" + inside + "</a>", inside, "<a>" + inside})
        parsed += autodiscover::parse(text, memory).ok() || lent_used > 0;
    }
  std::string deep;
  for (std::size_t i = 0; i < autodiscover::kAnswerDepthMax; ++i) deep = "<a>" + deep + "<b/></a>";
  parsed += autodiscover::parse(deep, memory).ok() || lent_used > 0;
  std::printf("%zu documents within what was lent\n", parsed);
}

/// Empty: all is well.
[[gnu::noinline]] std::string live_once(long at, bool ever, long& sites) {
  outermost = __builtin_return_address(0);
  for_ever = ever;
  taken = 0;
  fail_at = at;
  armed = true;
  std::set<std::string> flagged;
  std::string wrong;
  {
    Day day(options(), false);
    const auto mend = [&] {
      if (!ever || fail_at == 0 || taken < fail_at) return;
      fail_at = 0;  // for ever ends when the program does
      if (!day.on() || day.has_account()) static_cast<void>(day.try_restart());
    };
    const auto insist = [&](const std::function<bool()>& wish, const char* what) {
      for (int tries = 0; tries < 6; ++tries) {
        if (wish()) return;
        mend();
      }
      if (wrong.empty()) wrong = std::string("refused again and again: ") + what;
      if (!day.on()) throw std::runtime_error(wrong);
    };
    // What is refused may be asked for again: every wish is one until it has been taken.
    insist([&] { return day.on() || day.try_start(); }, "the start");
    insist([&] { return day.try_add(true); }, "the account");
    insist([&] { return day.try_sync(); }, "the first sync");
    insist([&] { return day.try_push(); }, "push");
    day.run(kMinute);
    for (const std::size_t index : {std::size_t{0}, std::size_t{2}}) {
      insist([&] { return day.try_flag(index, flagged); }, "a mark");
      day.run(kMinute);
    }
    day.server().deliver(kEmail, "News");
    day.run(kMinute);
    day.server().policy(kEmail, exchange::Policy{{"AttachmentsEnabled", "0", {}}});
    // What the server changes itself may win there.
    for (const std::string& id : day.server().edit(kEmail, 1)) flagged.erase(id);
    day.run(20 * kMinute);
    mend();
    insist([&] { return day.try_restart(); }, "a restart");
    mend();
    day.run(kHour);
    sites = taken;
    fail_at = 0;  // from here on all is well
    insist([&] { return day.try_sync(); }, "the last sync");
    insist([&] { return day.try_sync(); }, "the last sync");
    if (wrong.empty()) wrong = difference(day);
    const auto theirs = handsync::test::server_mails(day.server());
    for (const std::string& id : flagged) {
      const auto found = theirs.find(id);
      if (wrong.empty() && found != theirs.end() && !found->second.flagged) wrong = "the flag of " + id + " is lost";
    }
    if (wrong.empty() && !day.sound()) wrong = "the replica is not sound";
    for (const std::string& violation : day.server().violations())
      if (wrong.empty()) wrong = "violation: " + violation;
  }
  armed = false;
  return wrong;
}

}  // namespace

int main(int argc, char** argv) {
  long every = 1, from = 1;
  bool tell = false, by_site = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::strtol(argv[++i], nullptr, 10) : 0; };
    if (word == "--every") every = number();
    if (word == "--from") from = number();
    if (word == "--sites") by_site = true;
    if (word == "--tell") tell = true;
  }
  if (every < 1) every = 1;
  day::lend = lend_room;
  parse_all_kinds();
  // What allocates there is known by the callers, which are the same in every life of this process.
  std::vector<Site> sites;
  void* first[1];
  backtrace(first, 1);  // what it takes itself it takes here
  met = by_site ? &sites : nullptr;
  long allocations = 0;
  std::string wrong = live_once(0, false, allocations);
  met = nullptr;
  std::vector<long> places;
  if (by_site) {
    std::unordered_map<Site, std::vector<long>> of_site;
    std::vector<Site> in_order;
    for (std::size_t i = 0; i < sites.size(); ++i) {
      auto& there = of_site[sites[i]];
      if (there.empty()) in_order.push_back(sites[i]);
      there.push_back(static_cast<long>(i) + 1);
    }
    for (const Site each : in_order) {
      const auto& there = of_site[each];
      places.push_back(there[places.size() * 7919 % there.size()]);
    }
  } else {
    for (long at = 1; at <= allocations; ++at) places.push_back(at);
  }
  const char* what = by_site ? "sites" : "allocations";
  const auto count = static_cast<long>(places.size());
  std::printf("%ld allocations in a life without failures, %ld %s%s%s\n", allocations, count, what,
              wrong.empty() ? "" : ": ", wrong.c_str());
  if (!wrong.empty()) return 1;
  long base = 0;  // after the first two lives: whatever is made once is there then
  long lives = 0, failures = 0, last = 0;
  for (long number = from; number <= count; number += every) {
    const long at = places[static_cast<std::size_t>(number) - 1];
    for (const bool ever : {false, true}) {
      long more = 0;
      wanted = by_site ? sites[static_cast<std::size_t>(at) - 1] : 0;
      try {
        wrong = live_once(at, ever, more);
      } catch (const std::exception& fault) {
        wrong = fault.what();
      }
      armed = false;
      if (lives == 1) base = held.count;
      if (const long left = held.count - base; wrong.empty() && lives > 1 && left > 0)
        wrong = "leaves " + std::to_string(left) + " blocks behind";
      ++lives;
      if (tell) std::printf("allocation %ld %s: %s\n", at, ever ? "and all after it" : "once", wrong.c_str());
      if (wrong.empty()) continue;
      ++failures;
      std::printf("FAIL allocation %ld %s: %s; again: torture%s --from %ld --every 1000000\n", at,
                  ever ? "and all after it" : "once", wrong.c_str(), by_site ? " --sites" : "", number);
      std::fflush(stdout);
    }
    last = number;
  }
  std::printf("%ld lives, every %ldth of %s %ld to %ld of %ld, once and for ever, %ld elsewhere: %ld failures\n", lives,
              every, what, from, last, count, elsewhere, failures);
  return failures != 0;
}
