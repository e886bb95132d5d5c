/// The smallest client that does a phone's work: adds an account, accepts its policy, syncs, stays in push and obeys a
/// wipe, and says each step on one line. Shows in one place how a host without an operating system runs the engine;
/// main_bare.cpp (lwIP) and main_linux.cpp (sockets of POSIX) are the two hosts.
#pragma once
#include "firmware/counted_heap.h"
#include "firmware/settings.h"
#include "pump/pump.h"

namespace firmware {

class Client final : handsync::Ui, handsync::Jobs, handsync::Trace {
 public:
  using Print = void (*)(handsync::Text line);

  Client(const Settings&, handsync::hal::Device&, handsync::Sockets&, handsync::hal::Trust& roots,
         const handsync::Options&, Print);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void turn();  ///< after every batch of events, and when wakes_at_ms() has come
  std::uint64_t wakes_at_ms() const;
  bool finished() const { return phase_ == Phase::kFinished; }
  bool failed() const { return failed_; }

 private:
  enum class Phase : std::uint8_t { kStart, kAdding, kSyncing, kPush, kWiping, kFinished };

  void ask(const handsync::Ask&) override;
  void withdraw(handsync::QuestionId) override {}
  void tell(const handsync::Tell&) override;
  void post(handsync::JobId, handsync::Job&) override;
  void request_head(handsync::RequestId, handsync::AccountId, handsync::Text label, handsync::Text host,
                    handsync::Text head) override;
  void request_body(handsync::RequestId, handsync::Bytes) override {}
  void response_head(handsync::RequestId, int http_status, std::span<const handsync::Header>) override;
  void response_body(handsync::RequestId, handsync::Bytes) override {}
  void ended(handsync::RequestId, handsync::Error) override {}

  void say(handsync::Text what, std::uint64_t number, handsync::Text unit);
  void say_heap(handsync::Text what, const std::int32_t (&bytes)[kOwners]);
  void fail(handsync::Text what, handsync::Error);
  handsync::Error report_account(handsync::Text what);
  void next_step();
  std::uint32_t mails();
  handsync::Instant now() const { return sockets_.now(); }

  const Settings& settings_;
  handsync::hal::Device& device_;
  handsync::Sockets& sockets_;
  Print print_;
  handsync::Engine* engine_ = nullptr;
  handsync::EngineListener* listener_ = nullptr;
  handsync::Carrier* carrier_ = nullptr;
  handsync::AccountId account_{};
  Phase phase_ = Phase::kStart;
  bool failed_ = false, idle_ = false, changed_ = false, waiting_ = false, waited_ = false;
  std::uint32_t mails_ = 0;
  std::uint64_t rest_at_ms_ = 0;  ///< when it says what it takes at rest; 0: not yet in push, UINT64_MAX: it has
  handsync::QuestionId question_id_{};
  handsync::Question question_{};
  handsync::JobId done_{};  ///< ran inline; to be reported when the engine is not at work
  handsync::FixedText<24> label_;
  alignas(8) std::byte listener_room_[2 * sizeof(void*)];
};

}  // namespace firmware
