#include "sync/account_record.h"

#include "policy/sealed.h"
#include "sync/schedule.h"

namespace handsync::sync {
namespace {

constexpr char kMagic[] = "HSA2";
constexpr std::size_t kBodyBytesMax = 4 + 1 + 3 * (2 + 254) + 18;

void put_text(policy::Packer& out, Text text) {
  out.fixed(text.size(), 2);
  out.raw(bytes_of(text));
}

template <std::size_t kMax>
bool take_text(policy::Unpacker& in, FixedText<kMax>& text) {
  char room[kMax];
  const auto bytes = static_cast<std::size_t>(in.fixed(2));
  if (bytes > kMax) return false;
  in.raw(std::as_writable_bytes(std::span(room).first(bytes)));
  return text.assign(Text(room, bytes));
}

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
  texts = settings.texts;
  client_wins = settings.client_wins;
  return Done{};
}

Status store_record(hal::Device& device, hal::KeySlot slot, const AccountRecord& record) {
  std::byte room[kBodyBytesMax + policy::kTagBytes];
  policy::Packer out{room};
  out.raw(bytes_of(kMagic));
  out.byte(record.complete ? 1 : 0);
  put_text(out, record.email.view());
  put_text(out, record.user.view());
  put_text(out, record.server.view());
  out.fixed(record.days, 2);
  out.fixed(record.window_max, 2);
  out.fixed(record.body_bytes_max, 4);
  out.byte(static_cast<std::uint8_t>(record.tls_level));
  const Schedule& schedule = record.schedule;
  out.fixed(schedule.peak_mode, 2);
  out.fixed(schedule.off_peak_mode, 2);
  out.byte(schedule.peak_from_h);
  out.byte(schedule.peak_to_h);
  out.byte(schedule.manual_when_roaming ? 1 : 0);
  out.byte(static_cast<std::uint8_t>(record.texts));
  out.byte(record.client_wins ? 1 : 0);
  return policy::put_sealed(device, hal::account_record(slot), room, out.size);
}

Result<bool> load_record(hal::Device& device, hal::KeySlot slot, AccountRecord& record) {
  std::byte room[kBodyBytesMax + policy::kTagBytes];
  const auto body = policy::get_sealed(device, hal::account_record(slot), bytes_of(kMagic), room);
  const Error damaged = hal::fault(hal::Fault::kDamaged, slot);
  if (!body.ok()) return policy::damage(body.error()) ? damaged : body.error();
  if (body.value() == 0) return false;
  policy::Unpacker in{Bytes(room, body.value()), sizeof kMagic - 1};
  record.complete = in.byte() != 0;
  const bool texts = take_text(in, record.email) && take_text(in, record.user) && take_text(in, record.server);
  record.days = static_cast<std::uint16_t>(in.fixed(2));
  record.window_max = static_cast<std::uint16_t>(in.fixed(2));
  record.body_bytes_max = static_cast<std::uint32_t>(in.fixed(4));
  record.tls_level = in.byte() != 0 ? TlsLevel::kLegacy : TlsLevel::kModern;
  record.schedule.peak_mode = static_cast<std::uint16_t>(in.fixed(2));
  record.schedule.off_peak_mode = static_cast<std::uint16_t>(in.fixed(2));
  record.schedule.peak_from_h = static_cast<std::uint8_t>(in.byte());
  record.schedule.peak_to_h = static_cast<std::uint8_t>(in.byte());
  record.schedule.manual_when_roaming = in.byte() != 0;
  // A version before wrote none.
  const std::uint64_t mode = in.at < body.value() ? in.byte() : static_cast<std::uint64_t>(TextMode::kSync);
  if (mode > static_cast<std::uint64_t>(TextMode::kSyncAndSend)) return damaged;
  record.texts = static_cast<TextMode>(mode);
  record.client_wins = in.at < body.value() && in.byte() != 0;
  if (!texts || in.short_of || !check(record.schedule).ok()) return damaged;
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
