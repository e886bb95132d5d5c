// Any bytes as an Autodiscover answer, and as a world that the machine walks through: it must end, and never want a
// credential sent without TLS.
#include <cstdint>
#include <cstdlib>

#include "../engine/autodiscover/plain_memory.h"
#include "autodiscover/discovery.h"

using namespace handsync;
using namespace handsync::autodiscover;

namespace {

/// Takes the next line of the input as one answer: its first byte says what kind.
class World {
 public:
  explicit World(Text input) : rest_(input) {}
  Text line() {
    const std::size_t end = rest_.find('\n');
    const Text one = rest_.substr(0, end);
    rest_ = end == Text::npos ? Text{} : rest_.substr(end + 1);
    return one;
  }

 private:
  Text rest_;
};

void walk(Text input) {
  World world(input);
  static Discovery discovery;
  const Text email = world.line();
  if (!discovery.begin(email, {}).ok() && !discovery.begin("ann@example.com", {}).ok()) std::abort();
  for (int steps = 0; discovery.step() != Step::kFound && discovery.step() != Step::kFailed; ++steps) {
    if (steps > 400) std::abort();
    const bool credentials = discovery.step() == Step::kPost || discovery.step() == Step::kOptions;
    if (credentials && !discovery.url().tls) std::abort();
    const Text line = world.line();
    const char kind = line.empty() ? 'f' : line[0];
    const Text value = line.empty() ? Text{} : line.substr(1);
    if (discovery.step() == Step::kConsent) {
      discovery.consent(kind != 'n');
    } else if (discovery.step() == Step::kLookUp) {
      discovery.looked_up(value, 443);
    } else if (kind == 'r') {
      discovery.answered(302, value, {}, kMemory);
    } else if (kind == 'u') {
      discovery.answered(401, {}, {}, kMemory);
    } else if (kind == 'b') {
      discovery.answered(200, {}, value, kMemory);
    } else {
      discovery.failed(Error{Domain::kDns, 1, 0});
    }
  }
  if (discovery.step() == Step::kFound && !discovery.url().tls) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Text input(reinterpret_cast<const char*>(data), size);
  // What the check lets through must not hurt the parser; what it refuses the parser never sees.
  if (!check(input).ok() && parse(input, kMemory).ok()) std::abort();
  (void)parse(input, kMemory);
  (void)parse_url(input, true, true);
  walk(input);
  return 0;
}
