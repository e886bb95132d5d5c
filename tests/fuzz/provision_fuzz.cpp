// Any bytes as the answer to Provision or Settings: what goes on to the reader of the policy is balanced, and a wipe is
// never read out of a policy.
#include <cstdint>
#include <cstdlib>

#include "policy/document.h"
#include "protocol/provision.h"

using namespace handsync;

namespace {

/// Passes on to the reader of policies, and looks at the nesting.
class Balanced final : public wbxml::Sink {
 public:
  Status open(wbxml::Tag tag) override {
    ++depth_;
    return document_.open(tag);
  }
  Status text(Bytes piece, bool opaque) override {
    return document_.text(piece, opaque);  // also outside of every element: the policy of 2.5
  }
  Status close(wbxml::Tag tag) override {
    if (depth_-- == 0) std::abort();
    return document_.close(tag);
  }
  std::size_t depth() const { return depth_; }

 private:
  policy::DocumentReader document_;
  std::size_t depth_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  Balanced document;
  protocol::ProvisionResponse provision(&document);
  wbxml::Reader reader(provision);
  bool sound = true;
  for (std::size_t i = 0; i < input.size() && sound; ++i) sound = reader.feed(input.subspan(i, 1)).ok();
  if (sound && reader.finish().ok() && document.depth() != 0) std::abort();

  protocol::SettingsResponse settings;
  wbxml::Reader other(settings);
  (void)other.feed(input);
  return 0;
}
