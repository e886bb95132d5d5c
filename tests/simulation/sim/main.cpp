/// simulation [--from SEED] [--seeds N] [--stride N] [--tell] [--planted BUG | --list-planted]
/// A line for each seed: `seed N digest HEX days D faults F`, and a line for each kind of fault at the end:
/// `fault NAME COUNT`. tests/simulation/run starts it, once per processor.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "replica/planted.h"
#include "sim/history.h"

namespace {

constexpr const char* kBugs[] = {"none",
                                 "commit-without-key",
                                 "key-without-commit",
                                 "edits-lost-at-rekey",
                                 "edit-overwritten",
                                 "edit-not-synced",
                                 "sent-is-forgotten",
                                 "refusal-dropped",
                                 "ping-before-commit",
                                 "retry-after-ignored",
                                 "no-jitter",
                                 "no-pause"};
static_assert(std::size(kBugs) == static_cast<std::size_t>(handsync::planted::Bug::kCount));

bool plant([[maybe_unused]] const std::string& name) {
#ifdef HANDSYNC_PLANTED
  for (std::size_t i = 1; i < std::size(kBugs); ++i) {
    if (name != kBugs[i]) continue;
    handsync::planted::planted_bug = static_cast<handsync::planted::Bug>(i);
    return true;
  }
#endif
  return false;
}

sim::Outcome live(std::uint64_t seed, bool tell) {
  // Every fourth life is one in which the trouble never ends.
  const auto mode = seed % 4 == 0 ? sim::Mode::kUnbounded : sim::Mode::kBounded;
  sim::Outcome outcome;
  try {
    sim::History history(seed, mode, tell);
    outcome = history.run();
    if (outcome.wrong.empty() && (outcome.edits < sim::kEditsMin || outcome.fault_count() < sim::kFaultsMin))
      outcome.wrong = "too little happened";
  } catch (const std::exception& fault) {
    outcome.wrong = fault.what();
  }
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t from = 1, seeds = 1, stride = 1;
  bool tell = false, until_found = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0; };
    if (word == "--from")
      from = number();
    else if (word == "--seeds")
      seeds = number();
    else if (word == "--stride")
      stride = number();
    else if (word == "--tell")
      tell = true;
    else if (word == "--list-planted") {
      for (std::size_t bug = 1; bug < std::size(kBugs); ++bug) std::printf("%s\n", kBugs[bug]);
      return 0;
    } else if (word == "--planted" && i + 1 < argc && plant(argv[i + 1])) {
      ++i;
      until_found = true;
    } else
      return std::fprintf(stderr, "simulation: %s is not known; --from SEED, --seeds N, --stride N, --tell\n", argv[i]),
             2;
  }
  sim::FaultCounts faults{};
  std::uint64_t failures = 0, edits = 0, requests = 0, hanging = 0, real = 0;
  double days = 0;
  for (std::uint64_t i = 0; i < seeds; ++i) {
    const std::uint64_t seed = from + i * stride;
    const sim::Outcome outcome = live(seed, tell);
    std::printf("seed %llu digest %016llx days %.1f faults %llu\n", static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(outcome.digest), outcome.days,
                static_cast<unsigned long long>(outcome.fault_count()));
    if (!outcome.wrong.empty()) {
      ++failures;
      std::printf("FAIL seed %llu: %s; again: tests/simulation/run --seed %llu\n",
                  static_cast<unsigned long long>(seed), outcome.wrong.c_str(), static_cast<unsigned long long>(seed));
    }
    for (std::size_t kind = 0; kind < sim::kFaultKinds; ++kind) faults[kind] += outcome.faults[kind];
    edits += outcome.edits;
    requests += outcome.requests;
    hanging += outcome.hanging;
    real += outcome.real;
    days += outcome.days;
    std::fflush(stdout);
    if (until_found && failures) break;
  }
  for (std::size_t kind = 0; kind < sim::kFaultKinds; ++kind)
    std::printf("fault %s %llu\n", sim::kFaultNames[kind], static_cast<unsigned long long>(faults[kind]));
  std::printf("total edits %llu requests %llu days %.0f hanging %llu real %llu\n",
              static_cast<unsigned long long>(edits), static_cast<unsigned long long>(requests), days,
              static_cast<unsigned long long>(hanging), static_cast<unsigned long long>(real));
  return failures ? 1 : 0;
}
