#include "sync/account_record.h"

#include <cstring>

#include "sync/schedule.h"

namespace handsync::sync {
namespace {

constexpr std::uint8_t kFormat = 1;

/// Writes and reads the few fields in order; the first thing that does not fit is remembered.
struct Packer {
  std::byte bytes[1024]{};
  std::size_t size = 0;
  void number(std::uint64_t value, int count) {
    for (int i = 0; i < count && size < sizeof bytes; ++i) bytes[size++] = static_cast<std::byte>(value >> (8 * i));
  }
  void text(Text value) {
    number(value.size(), 2);
    for (char c : value)
      if (size < sizeof bytes) bytes[size++] = static_cast<std::byte>(c);
  }
};
struct Unpacker {
  Bytes bytes;
  std::size_t at = 0;
  bool sound = true;
  std::uint64_t number(int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) {
      if (at >= bytes.size()) {
        sound = false;
        return 0;
      }
      value |= std::to_integer<std::uint64_t>(bytes[at++]) << (8 * i);
    }
    return value;
  }
  template <std::size_t kMax>
  void text(FixedText<kMax>& value) {
    std::size_t length = number(2);
    if (at + length > bytes.size() || !value.assign(text_of(bytes.subspan(at, length)))) {
      sound = false;
      return;
    }
    at += length;
  }
};
static_assert(sizeof(Packer::bytes) >= 1 + 3 * (2 + 254) + 16, "every text of an account fits its record");

bool has_control_characters(Text text) {
  for (char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  return false;
}

}  // namespace

Status AccountRecord::take(const AccountSettings& settings) {
  constexpr Error kInvalid = engine_fault(EngineFault::kInvalidSettings);
  std::size_t at = settings.email.find('@');
  if (at == Text::npos || at == 0 || at + 1 == settings.email.size()) return kInvalid;
  for (Text text : {settings.email, settings.user, settings.server})
    if (has_control_characters(text)) return kInvalid;
  if (!email.assign(settings.email) || !user.assign(settings.user) || !server.assign(settings.server)) return kInvalid;
  days = settings.days;
  window_max = settings.window_max == 0 || settings.window_max > 512 ? std::uint16_t{512} : settings.window_max;
  body_bytes_max = settings.body_bytes_max;
  tls_level = settings.tls_level;
  return Done{};
}

Status store_record(hal::Records& records, hal::KeySlot slot, const AccountRecord& record) {
  Packer packer;
  packer.number(kFormat, 1);
  packer.number(record.complete, 1);
  packer.text(record.email.view());
  packer.text(record.user.view());
  packer.text(record.server.view());
  packer.number(record.days, 2);
  packer.number(record.window_max, 2);
  packer.number(record.body_bytes_max, 4);
  packer.number(static_cast<std::uint8_t>(record.tls_level), 1);
  const Schedule& schedule = record.schedule;
  packer.number(schedule.peak_mode, 2);
  packer.number(schedule.off_peak_mode, 2);
  packer.number(schedule.peak_from_h, 1);
  packer.number(schedule.peak_to_h, 1);
  packer.number(schedule.manual_when_roaming, 1);
  return records.put(hal::account_record(slot), Bytes(packer.bytes, packer.size));
}

Result<bool> load_record(hal::Records& records, hal::KeySlot slot, AccountRecord& record) {
  std::byte room[1024];
  auto got = records.get(hal::account_record(slot), room);
  if (!got.ok()) return got.error();
  if (got.value() == 0) return false;
  Unpacker unpacker{Bytes(room, got.value())};
  bool known = unpacker.number(1) == kFormat;
  record.complete = unpacker.number(1) != 0;
  unpacker.text(record.email);
  unpacker.text(record.user);
  unpacker.text(record.server);
  record.days = static_cast<std::uint16_t>(unpacker.number(2));
  record.window_max = static_cast<std::uint16_t>(unpacker.number(2));
  record.body_bytes_max = static_cast<std::uint32_t>(unpacker.number(4));
  record.tls_level = unpacker.number(1) ? TlsLevel::kLegacy : TlsLevel::kModern;
  record.schedule = Schedule{};
  if (unpacker.at < got.value()) {  // a version before wrote none
    record.schedule.peak_mode = static_cast<std::uint16_t>(unpacker.number(2));
    record.schedule.off_peak_mode = static_cast<std::uint16_t>(unpacker.number(2));
    record.schedule.peak_from_h = static_cast<std::uint8_t>(unpacker.number(1));
    record.schedule.peak_to_h = static_cast<std::uint8_t>(unpacker.number(1));
    record.schedule.manual_when_roaming = unpacker.number(1) != 0;
    unpacker.sound = unpacker.sound && check(record.schedule).ok();
  }
  if (!known || !unpacker.sound) return hal::fault(hal::Fault::kDamaged, slot);
  return true;
}

std::uint8_t filter_for_days(std::uint16_t days) {
  struct Step {
    std::uint16_t days;
    std::uint8_t filter;
  };
  constexpr Step kSteps[] = {{1, 1}, {3, 2}, {7, 3}, {14, 4}, {31, 5}};
  if (days == 0) return 0;
  for (Step step : kSteps)
    if (days <= step.days) return step.filter;
  return 0;
}

}  // namespace handsync::sync
