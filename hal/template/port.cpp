#include "template/port.h"

namespace handsync::hal::template_port {
namespace {

constexpr Error not_done() { return fault(Fault::kNotDone); }

}  // namespace

// Write: the name that an administrator sees in the list of devices. Printable, at most 64 bytes, a literal will do.
Text Port::model() const { return "Handsync Template"; }

// -- Entropy: mandatory
// ------------------------------------------------------------------------------------------------

// Write: fill all of `room` from the hardware generator, or from a DRBG that it seeds. Not seeded yet:
// fault(kNotSeeded). An empty room is ok. Never a clock, a serial number or a constant: two devices from one image must
// differ.
Status Port::fill(Room) { return not_done(); }

// -- Records: mandatory
// ------------------------------------------------------------------------------------------------

// Write: copy the record into the room and return its size; 0 = not there; kTooLarge when the room is too small,
// without copying a part; kDamaged when its checksum does not fit.
Result<std::size_t> Port::get(Record, Room) { return not_done(); }

// Write: 1 to 4096 bytes, kTooLarge otherwise. The old or the new value after a power cut at any instruction: two
// copies with sequence number and checksum on raw flash; new file, sync, rename, sync of the directory on a file
// system. Record::kWipe must go in on full flash: keep a page for it.
Status Port::put(Record, Bytes) { return not_done(); }

// Write: ok also when it was not there.
Status Port::remove(Record) { return not_done(); }

// Write: true only where an old image of the storage cannot be played back (RPMB, a secure element, a counter in OTP).
bool Port::replay_protected() const { return false; }

// -- Keys: mandatory
// ---------------------------------------------------------------------------------------------------

// Write: 32 bytes of fill(), kept in the key store of the hardware, or sealed under the device's secret in a block that
// can be erased. Whole or not at all after a power cut. kExists when the slot has one, kNoSpace beyond the last slot.
Status Port::create(KeySlot) { return not_done(); }

// Write: true when create() is through for this slot and destroy() is not.
bool Port::exists(KeySlot) const { return false; }

// Write: HMAC-SHA-256 of the slot's key over "storage". The key itself never leaves the port. kNotThere without one.
Status Port::unlock(KeySlot, Room) { return not_done(); }

// Write: HMAC-SHA-256 over `in` under a key of the slot that serves nothing else (HMAC of its key over "mac").
Status Port::mac(KeySlot, Bytes, Room) { return not_done(); }

// Write: PBKDF2-HMAC-SHA-256 of `in` and `salt` with `rounds`, then HMAC of that under a key of the slot for this
// purpose alone. Call progress.step() every 50 ms or sooner; when it says false, clear `out32` and return kGivenUp.
Status Port::stretch(KeySlot, Bytes, Bytes, std::uint32_t, Room, Progress&) { return not_done(); }

// Write: at most 2048 bytes, sealed under a key of the slot (AES-256-GCM with a fresh nonce), atomic. Empty = remove
// it.
Status Port::put_secret(KeySlot, Bytes) { return not_done(); }

// Write: the secret's size, 0 = none; kTooLarge when the room is too small; kNotThere without a key.
Result<std::size_t> Port::get_secret(KeySlot, Room) { return not_done(); }

// Write: erase key and secret, every copy that wear levelling has made of them. Ok when there was none; after a power
// cut it is called again. At most two seconds. This is what a wipe relies on.
Status Port::destroy(KeySlot, Progress&) { return not_done(); }

// Write: kEnforced when no old copy of a key can be read from the raw flash, kPartial when a controller may keep one.
Force Port::destroys_for_good() const { return Force::kAbsent; }

// -- Erase: mandatory
// --------------------------------------------------------------------------------------------------

// Write: remove the slot's replica (account-N.db and what SQLite puts beside it), caches, logs, notifications; for
// kEverySlot those of all, and the storage card. Goes on after a part that fails and returns the first error.
Status Port::files(KeySlot, Progress&) { return not_done(); }

// Write: the state a new device has, but Record::kWipe stays. May end in a restart instead of returning.
Status Port::factory_reset(Progress&) { return not_done(); }

// -- Gates: optional
// ---------------------------------------------------------------------------------------------------

// Write: one answer a gate. kNotFitted when the device does not have the feature, kEnforced when set() is below every
// menu and holds before drivers start, kPartial with a known gap, kAbsent when it is there and cannot be controlled.
Force Port::force(Gate) const { return Force::kAbsent; }

// Write: close (0), restrict (1) or open (2), durably. kRefused where force() is kAbsent or kNotFitted, and above 2.
// Opening only undoes a close: what the user has switched off himself stays off.
Status Port::set(Gate, std::uint8_t) { return not_done(); }

// Write: read the hardware, not the last request.
Result<std::uint8_t> Port::level(Gate) const { return not_done(); }

// -- Storage: optional
// -------------------------------------------------------------------------------------------------

// Write: kEnforced only when everything the device writes is encrypted: caches, temporary files, logs and swap too.
Force Port::device_encryption() const { return Force::kAbsent; }

// Write: kNotFitted without a card slot.
Force Port::card_encryption() const { return Force::kAbsent; }

// -- Lock: optional
// ----------------------------------------------------------------------------------------------------

// Write: lock the screen; emergency calls stay possible. With Record::kPin there, the device starts locked.
Status Port::now() { return not_done(); }

// Write: unlock it. The engine calls this after the right PIN only.
Status Port::release() { return not_done(); }

// Write: read the screen, not the last request.
bool Port::locked() const { return false; }

// Write: keep the limit durably and let the shorter of it and the user's own wish count. 0 = no limit.
Status Port::after_idle_s(std::uint32_t) { return not_done(); }

// Write: the limit that counts now.
Result<std::uint32_t> Port::idle_limit_s() const { return not_done(); }

// Write: kEnforced when only the engine's PIN opens the screen.
Force Port::holds() const { return Force::kAbsent; }

// -- Trust: optional
// ---------------------------------------------------------------------------------------------------

// Write: the trusted root certificates as one PEM text, from `offset` on as far as the room goes; 0 = end.
Result<std::size_t> Port::roots_pem(std::size_t, Room) { return not_done(); }

// -- Messaging: optional
// -----------------------------------------------------------------------------------------------

// Write: kEnforced when send() and every program of the device's own heed Gate::kSms.
Force Port::can_gate() const { return Force::kAbsent; }

// Write: MSISDN as the card has it; 0 when it does not, which is common.
Result<std::size_t> Port::own_number(Room) const { return not_done(); }

// Write: the oldest text that done() was not called for, from the modem's store or the card's. The id must grow over
// restarts: a counter in flash, not the slot of the card, which is used again. Have the host call Engine::texts when
// one comes.
Result<bool> Port::oldest(TextRecord&, Room) { return not_done(); }

// Write: remove it from that store, or remember durably that it was told.
Status Port::done(std::uint64_t) { return not_done(); }

// Write: put it into the modem's own durable queue, all numbers or none, and return; what does not go out at once is
// the modem's to try again. Where the modem has no such queue, keep one in flash: take the text off it before it goes
// on air, so that a power cut loses it rather than sending it twice. kRefused while Gate::kSms is closed.
Status Port::send(std::span<const Text>, Text) { return not_done(); }

}  // namespace handsync::hal::template_port
