#include "simulated/radio.h"

#include "simulated/packed.h"

namespace handsync::hal::simulated {
namespace {

constexpr Text kMagic = "HST1";
constexpr Text kSealName = "texts";

void put_text(std::string& to, const posix::TextOnAir& text) {
  put_number(to, static_cast<std::uint64_t>(text.wall_ms));
  put_bytes(to, text.number);
  put_bytes(to, text.text);
}
posix::TextOnAir take_text(PackedIn& in) {
  posix::TextOnAir text;
  text.wall_ms = static_cast<std::int64_t>(in.number());
  text.number = in.take(in.number());
  text.text = in.take(in.number());
  return text;
}

bool fits_a_modem(Text number) {
  if (number.empty() || number.size() > kPhoneNumberBytesMax) return false;
  for (const char c : number)
    if (static_cast<unsigned char>(c) < 0x20) return false;
  return true;
}

/// As far as a room of kTextBytesMax goes, not in the middle of a character.
Text cut_to(Text text, std::size_t room) {
  if (text.size() <= room) return text;
  std::size_t end = room;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

Status Radio::open(std::int64_t wall_ms) {
  state_ = {};
  posix::Contents sealed, plain;
  if (const auto there = posix::Durable::read(path_, sealed); !there.ok())
    return there.error() == fault(Fault::kNotThere) ? Status(Done{}) : Status(there.error());
  state_.next_id = wall_ms > 0 ? static_cast<std::uint64_t>(wall_ms) : 1;
  HANDSYNC_TRY(vault_.unseal(kSealName, sealed, plain));
  PackedIn in{text_of(plain)};
  State read;
  if (in.take(kMagic.size()) != kMagic) return fault(Fault::kDamaged);
  read.next_id = in.number();
  for (std::uint64_t left = in.number(); in.good && left > 0; --left) {
    Waiting waiting;
    waiting.id = in.number();
    waiting.sent = in.number() != 0;
    waiting.text = take_text(in);
    read.waiting.push_back(std::move(waiting));
  }
  for (std::uint64_t left = in.number(); in.good && left > 0; --left) read.on_air.push_back(take_text(in));
  if (!in.good) return fault(Fault::kDamaged);
  state_ = std::move(read);
  return Done{};
}

void Radio::begin_anew() { state_ = {}; }

/// True once it is whole on the flash, and not before.
Status Radio::store(State state) {
  std::string plain(kMagic);
  put_number(plain, state.next_id);
  put_number(plain, state.waiting.size());
  for (const Waiting& waiting : state.waiting) {
    put_number(plain, waiting.id);
    put_number(plain, waiting.sent ? 1 : 0);
    put_text(plain, waiting.text);
  }
  put_number(plain, state.on_air.size());
  for (const posix::TextOnAir& text : state.on_air) put_text(plain, text);
  posix::Contents sealed;
  HANDSYNC_TRY(vault_.seal(kSealName, bytes_of(plain), sealed));
  HANDSYNC_TRY(durable_.replace(path_, sealed));
  state_ = std::move(state);
  return Done{};
}

Status Radio::arrive(bool sent, std::int64_t wall_ms, Text number, Text text) {
  if (!fits_a_modem(number)) return fault(Fault::kRefused);
  State state = state_;
  state.waiting.push_back({state.next_id++, sent, {wall_ms, std::string(number), std::string(text)}});
  return store(std::move(state));
}

Result<bool> Radio::oldest(TextRecord& record, Room room) const {
  if (state_.waiting.empty()) return false;
  const Waiting& first = state_.waiting.front();
  const Text text = cut_to(first.text.text, room.size() < kTextBytesMax ? room.size() : kTextBytesMax);
  record = {};
  record.id = first.id;
  record.sent = first.sent;
  record.wall_ms = first.text.wall_ms;
  if (!record.number.assign(first.text.number)) return fault(Fault::kDamaged);
  for (std::size_t i = 0; i < text.size(); ++i) room[i] = static_cast<std::byte>(text[i]);
  record.bytes = text.size();
  return true;
}

Status Radio::done(std::uint64_t id) {
  State state = state_;
  std::erase_if(state.waiting, [id](const Waiting& waiting) { return waiting.id <= id; });
  return state.waiting.size() == state_.waiting.size() ? Status(Done{}) : store(std::move(state));
}

Status Radio::send(std::int64_t wall_ms, std::span<const Text> numbers, Text text) {
  if (text.size() > kTextBytesMax || numbers.size() > kTextRecipientsMax) return fault(Fault::kTooLarge);
  if (numbers.empty() || text.empty()) return fault(Fault::kRefused);
  State state = state_;
  for (const Text number : numbers) {
    if (!fits_a_modem(number)) return fault(Fault::kRefused);
    state.on_air.push_back({wall_ms, std::string(number), std::string(text)});
  }
  return store(std::move(state));
}

}  // namespace handsync::hal::simulated
