#include "policy/document.h"

#include "policy/sealed.h"
#include "wbxml/code_pages.h"

namespace handsync::policy {
namespace {

inline constexpr std::uint64_t kFnvBasis = 0xCBF29CE484222325ULL, kFnvPrime = 0x100000001B3ULL;
inline constexpr std::int32_t kIdleUnlimited_s = 9999;  // this and more is no limit (MS-ASPROV 2.2.2.33)

std::uint64_t fnv(std::uint64_t hash, Bytes bytes) {
  for (const std::byte b : bytes) hash = (hash ^ static_cast<std::uint64_t>(b)) * kFnvPrime;
  return hash;
}

bool is_stricter(const SettingRow& row, std::int32_t a, std::int32_t b) {
  switch (row.stricter) {
    case Stricter::kHigher:
      return a > b;
    case Stricter::kLower:
      return a < b;
    case Stricter::kLowerButNone:
      return a != row.normal && (b == row.normal || a < b);
  }
  return true;
}

std::int32_t in_range(Setting setting, std::int64_t value) {
  const SettingRow& row = row_of(setting);
  if (setting == Setting::kMaxInactivityTimeDeviceLock && value >= kIdleUnlimited_s) return row.normal;
  if (setting == Setting::kMaxCalendarAgeFilter && value > 0 && value < 4) return 4;  // calendars know 4..7 only
  if (value < row.min) return row.min;
  if (value > row.max) return row.max;
  return static_cast<std::int32_t>(value);
}

constexpr std::uint64_t zigzag(std::int32_t value) {
  return (static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

}  // namespace

std::int32_t Document::value(Setting setting) const {
  return has(setting) ? value_[index(setting)] : row_of(setting).normal;
}

bool Document::demands(Setting setting) const {
  const SettingRow& row = row_of(setting);
  if (!has(setting) || !is_stricter(row, value_[index(setting)], row.normal)) return false;
  if (row.needs_password && value(Setting::kDevicePasswordEnabled) == 0) return false;
  return setting != Setting::kMinDevicePasswordComplexCharacters ||
         value(Setting::kAlphanumericDevicePasswordRequired) != 0;
}

void Document::set(Setting setting, std::int64_t value) {
  present_ |= std::uint64_t{1} << index(setting);
  value_[index(setting)] = in_range(setting, value);
}

void Document::clear(Setting setting) {
  present_ &= ~(std::uint64_t{1} << index(setting));
  value_[index(setting)] = 0;
  if (row_of(setting).kind == Kind::kList) digest_[app_list_index(setting)] = 0;
}

std::uint64_t Document::list_digest(Setting setting) const {
  return row_of(setting).kind == Kind::kList ? digest_[app_list_index(setting)] : 0;
}

void Document::set_list(Setting setting, std::uint32_t entries, std::uint64_t digest) {
  set(setting, entries);
  digest_[app_list_index(setting)] = digest;
}

bool Document::demands_nothing() const {
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    if (demands(static_cast<Setting>(i))) return false;
  }
  return true;
}

Document normalised(const Document& document) {
  Document result = document;
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    const auto setting = static_cast<Setting>(i);
    if (row_of(setting).needs_password && !document.enabled(Setting::kDevicePasswordEnabled)) result.clear(setting);
  }
  if (!result.enabled(Setting::kAlphanumericDevicePasswordRequired)) {
    result.clear(Setting::kMinDevicePasswordComplexCharacters);
  }
  return result;
}

Document merge_strictest(const Document& first, const Document& second) {
  const Document a = normalised(first), b = normalised(second);
  Document result;
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    const auto setting = static_cast<Setting>(i);
    const SettingRow& row = row_of(setting);
    if (!a.has(setting) && !b.has(setting)) continue;
    const bool a_wins = is_stricter(row, a.value(setting), b.value(setting));
    if (row.kind == Kind::kList) {
      const std::uint64_t da = a.list_digest(setting), db = b.list_digest(setting);
      const bool both = da != db && da != 0 && db != 0;
      result.set_list(setting, static_cast<std::uint32_t>((a_wins ? a : b).value(setting)),
                      both ? da + db : (a_wins ? da : db));
    } else {
      result.set(setting, (a_wins ? a : b).value(setting));
    }
  }
  // A permission that only one of two policies with a password gives is not given; one without a password has no say in
  // it.
  const auto recovery = Setting::kPasswordRecoveryEnabled, password = Setting::kDevicePasswordEnabled;
  if (a.enabled(password) != b.enabled(password)) {
    const Document& sole = a.enabled(password) ? a : b;
    if (sole.has(recovery)) result.set(recovery, sole.value(recovery));
  }
  return result;
}

bool loosens(const Document& before, const Document& next) {
  const Document a = normalised(before), b = normalised(next);
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    const auto setting = static_cast<Setting>(i);
    if (is_stricter(row_of(setting), a.value(setting), b.value(setting))) return true;
    if (a.list_digest(setting) != 0 && a.list_digest(setting) != b.list_digest(setting)) return true;
  }
  return false;
}

Result<std::size_t> write_document(const Document& document, Room room) {
  Packer out{room};
  std::uint64_t present = 0;
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    if (document.has(static_cast<Setting>(i))) present |= std::uint64_t{1} << i;
  }
  out.fixed(present, 8);
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    const auto setting = static_cast<Setting>(i);
    if (!document.has(setting)) continue;
    out.varint(zigzag(document.value(setting)));
    if (row_of(setting).kind == Kind::kList) out.fixed(document.list_digest(setting), 8);
  }
  if (!out.fits()) return out_of_memory(out.size);
  return out.size;
}

Result<Document> read_document(Bytes bytes, std::size_t& used) {
  Unpacker in{bytes};
  Document document;
  const std::uint64_t present = in.fixed(8);
  if ((present >> kSettingCount) != 0) return fault(Fault::kRecordDamaged);
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    if ((present >> i & 1U) == 0) continue;
    const auto setting = static_cast<Setting>(i);
    const std::int64_t value = unzigzag(in.varint());
    if (row_of(setting).kind == Kind::kList) {
      document.set_list(setting, static_cast<std::uint32_t>(value), in.fixed(8));
    } else {
      document.set(setting, value);
    }
  }
  if (in.short_of) return fault(Fault::kRecordDamaged);
  used = in.at;
  return document;
}

Status DocumentReader::open(wbxml::Tag tag) {
  ++depth_;
  digit_count_ = 0;
  too_long_ = false;
  if (depth_ == 1) {
    in_document_ = tag == wbxml::provision::kEASProvisionDoc;
  } else if (depth_ == 2 && in_document_) {
    const Setting setting = setting_of(tag);
    list_ = setting != Setting::kCount && row_of(setting).kind == Kind::kList ? setting : Setting::kCount;
    entries_ = 0;
    list_hash_ = 0;
    list_whole_ = list_ != Setting::kCount && apps_ != nullptr &&
                  apps_->begin(slot_, static_cast<hal::AppList>(app_list_index(list_))).ok();
  } else if (depth_ == 3) {
    entry_hash_ = kFnvBasis;
    entry_has_text_ = false;
    entry_bytes_ = 0;
  }
  return Done{};
}

Status DocumentReader::text(Bytes piece, bool) {
  if (profile::kVersionMin < 120 && depth_ == 0 && !complete_) {
    wap_.take(piece);
    complete_ = wap_.complete();
    return complete_ ? wap_.finish(document_) : Status(Done{});
  }
  if (!in_document_) return Done{};
  if (depth_ == 3) {
    entry_hash_ = fnv(entry_hash_, piece);
    entry_has_text_ = entry_has_text_ || !piece.empty();
    for (const std::byte b : piece) {
      if (entry_bytes_ < kEntryBytesMax) entry_[entry_bytes_] = static_cast<char>(b);
      ++entry_bytes_;
    }
  }
  if (depth_ != 2) return Done{};
  for (const std::byte b : piece) {
    const char c = static_cast<char>(b);
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (digit_count_ == sizeof digits_) {
      too_long_ = true;
    } else {
      digits_[digit_count_++] = c;
    }
  }
  return Done{};
}

Status DocumentReader::close(wbxml::Tag tag) {
  const std::uint8_t depth = depth_--;
  if (!in_document_) return Done{};
  if (depth == 1) {
    complete_ = true;
    in_document_ = false;
  } else if (depth == 2) {
    const Setting setting = setting_of(tag);
    if (setting != Setting::kCount) return take(setting);
  } else if (depth == 3 && list_ != Setting::kCount && entry_has_text_) {
    ++entries_;
    list_hash_ += entry_hash_;  // a sum: the order of the entries says nothing
    list_whole_ = list_whole_ && entry_bytes_ <= kEntryBytesMax && apps_->add(slot_, Text(entry_, entry_bytes_)).ok();
  }
  return Done{};
}

Status DocumentReader::take(Setting setting) {
  const SettingRow& row = row_of(setting);
  if (row.kind == Kind::kList) {
    // An empty list is how a withdrawn one arrives: no restriction.
    if (entries_ == 0) {
      document_.clear(setting);
    } else {
      if (list_hash_ == 0) list_hash_ = 1;  // 0 says that there is none
      document_.set_list(setting, entries_, list_hash_);
      if (list_whole_) list_whole_ = apps_->name(slot_, list_hash_).ok();
    }
    return Done{};
  }
  if (digit_count_ == 0) {
    document_.clear(setting);
    return Done{};
  }
  const Error bad = fault(Fault::kBadValue, static_cast<std::uint32_t>(setting));
  const bool negative = digits_[0] == '-' && row.min < 0;
  std::int64_t value = 0;
  for (std::size_t i = negative ? 1 : 0; i < digit_count_; ++i) {
    if (digits_[i] < '0' || digits_[i] > '9') return bad;
    if (value < INT32_MAX) value = value * 10 + (digits_[i] - '0');  // what is larger still ends at the row's end
  }
  if (too_long_ || (negative && digit_count_ == 1)) return bad;
  if (row.kind == Kind::kBoolean && value > 1) return bad;
  document_.set(setting, negative ? -value : value);
  return Done{};
}

}  // namespace handsync::policy
