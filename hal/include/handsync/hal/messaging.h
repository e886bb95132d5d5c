/// Text messages (SMS). Optional: without it the engine asks no server for texts, tells it that this device sends none,
/// and refuses to send one. All functions are FAST: engine thread, back within 50 ms; none waits for the network.
///
/// What arrives is pulled. The host calls Engine::texts when the modem has something, or can send again; the engine
/// asks oldest() until there is none, commits each to the replica with a sync of the flash, and then calls done(). A
/// text survives a power cut at any moment: until done() has returned it is told again under the same id, which is how
/// the engine knows it. What is sent goes the other way round: the engine commits that it is handing the text over,
/// calls send(), and never hands over the same one again. If the power goes between the two, a person is asked (MS-ASMS
/// 3.1.4.4: a text of the server's Outbox is sent through one device, once).
///
/// While Gate::kSms is closed (AllowTextMessaging 0) nothing is sent, and what the modem receives is kept back or
/// thrown away, as the device's maker decides. Emergency messages are exempt and never pass here.
#pragma once
#include <span>

#include "handsync/hal/progress.h"

namespace handsync::hal {

inline constexpr std::size_t kPhoneNumberBytesMax = 32;  ///< "+491701234567", or a name that a network may send instead
inline constexpr std::size_t kTextBytesMax = 4096;       ///< UTF-8, after the parts of a long text were joined
inline constexpr std::size_t kTextRecipientsMax = 8;

/// A text that was received, or sent by a program of the device that is not the engine.
struct TextRecord {
  std::uint64_t id =
      0;  ///< from 1; above every one before it, over restarts too. Begins anew after a factory reset only
  bool sent = false;
  std::int64_t wall_ms = 0;                ///< when; of a received one as the network says
  FixedText<kPhoneNumberBytesMax> number;  ///< the other end's
  std::size_t bytes = 0;                   ///< of the text, UTF-8, in the room that was given
};

struct Messaging {
  /// What closing Gate::kSms is worth: kEnforced when send() and the device's own programs heed it, kPartial when a way
  /// past it is known, kAbsent when nothing does.
  virtual Force can_gate() const = 0;
  /// This device's own number; 0 = the network has not told it.
  virtual Result<std::size_t> own_number(Room) const = 0;
  /// The oldest that done() has not been called for; false = there is none. `text` has room for kTextBytesMax: a longer
  /// one is cut at a character. A port keeps as many as it can and drops the oldest when its store is full.
  virtual Result<bool> oldest(TextRecord&, Room text) = 0;
  /// Durable: the engine has it, and all before it. An id that is not there is ok.
  virtual Status done(std::uint64_t id) = 0;
  /// Takes a text for all of these numbers: durable when it returns ok, and sent then, at most once to each, as soon as
  /// there is a network; the engine does not ask what becomes of it. An error: nothing of it will be sent. kRefused:
  /// the gate is closed, or the text or a number cannot be sent by this modem, and trying again is no use; kTooLarge
  /// likewise; kNoSpace and a driver's own number: perhaps later.
  virtual Status send(std::span<const Text> numbers, Text text) = 0;

 protected:
  ~Messaging() = default;
};

}  // namespace handsync::hal
