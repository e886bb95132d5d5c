/// The simulated phone's text messages: what was received and not taken yet, and what went out, in one sealed file. Not
/// locked: the handset does that.
#pragma once
#include <string>
#include <vector>

#include "handsync/hal/messaging.h"
#include "posix/hosted.h"
#include "posix/vault.h"

namespace handsync::hal::simulated {

class Radio {
 public:
  Radio(posix::Durable& durable, posix::Vault& vault, std::string path)
      : durable_(durable), vault_(vault), path_(std::move(path)) {}

  /// kDamaged: nothing is known of any text. Their numbers go on from the time, which is above all that were given.
  Status open(std::int64_t wall_ms);
  void begin_anew();  ///< the file is gone

  Status arrive(bool sent, std::int64_t wall_ms, Text number, Text text);
  Result<bool> oldest(TextRecord&, Room text) const;
  Status done(std::uint64_t id);
  Status send(std::int64_t wall_ms, std::span<const Text> numbers, Text text);
  const std::vector<posix::TextOnAir>& on_air() const { return state_.on_air; }

 private:
  struct Waiting {
    std::uint64_t id = 0;
    bool sent = false;
    posix::TextOnAir text;
  };
  struct State {
    std::uint64_t next_id = 1;
    std::vector<Waiting> waiting;
    std::vector<posix::TextOnAir> on_air;
  };
  Status store(State);
  posix::Durable& durable_;
  posix::Vault& vault_;
  std::string path_;
  State state_;
};

}  // namespace handsync::hal::simulated
