/// The simulated phone's storage card: a directory that can be pulled out. What is written while the policy asks for
/// encryption is sealed under the device's secret, and what lay there openly is sealed when the policy comes, and when
/// a card is put in. Not locked: the handset does that.
#pragma once
#include <string>
#include <vector>

#include "posix/vault.h"

namespace handsync::hal::simulated {

class Card {
 public:
  Card(posix::Durable& durable, posix::Vault& vault, const std::string& home, std::string state)
      : durable_(durable), vault_(vault), in_(home + "/card"), out_(home + "/card-outside"), state_(std::move(state)) {}

  Status open();  ///< goes on with sealing where a power cut stopped it
  void begin_anew();
  bool inserted() const;
  Status insert();  ///< an empty one, or the one that was taken out
  Status pull();
  Status encrypt(bool);
  bool encrypts() const { return encrypts_ && !any_open(); }

  Status write(const std::string& name, Bytes);
  Status read(const std::string& name, posix::Contents&) const;
  std::vector<std::string> names() const;
  Status erase();  ///< everything on the card that is in

 private:
  std::string open_path(const std::string& name) const { return in_ + "/" + name; }
  std::string sealed_path(const std::string& name) const { return in_ + "/" + name + kSealed; }
  static constexpr const char* kSealed = ".sealed";
  Status store(bool encrypts);
  Status seal_what_is_open();
  bool any_open() const;
  std::vector<std::string> files() const;
  Status checked(const std::string& name) const;

  posix::Durable& durable_;
  posix::Vault& vault_;
  std::string in_, out_, state_;
  bool encrypts_ = false;
};

}  // namespace handsync::hal::simulated
