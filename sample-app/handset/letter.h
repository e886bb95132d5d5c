/// A message or a draft that is written into the engine, piece by piece.
#pragma once
#include <mutex>
#include <string>

#include "handset/session.h"

namespace handset {

/// One on its way. One at a time: the engine writes one for an account.
class Letter {
 public:
  Letter(Session& session, handsync::AccountId account);
  ~Letter();
  Letter(const Letter&) = delete;
  Letter& operator=(const Letter&) = delete;

  void begin(const handsync::MessageHead&);
  void begin(const handsync::DraftHead&);
  void part(handsync::MessagePart::Kind, const std::string& file);  ///< - = standard input
  void detach(std::uint16_t number);
  handsync::ChangeId send();
  handsync::ItemId keep();

 private:
  void check(const handsync::Status&);
  void data(std::string_view bytes);

  Session& session_;
  handsync::AccountId account_;
  std::unique_lock<std::mutex> alone_;
  bool open_ = false;
};

/// Lists of addresses as one.
std::string joined(const std::vector<std::string>& lists);

}  // namespace handset
