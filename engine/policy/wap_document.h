/// The policy of version 2.5: the text of a wap-provisioningdoc (policy type MS-WAP-Provisioning-XML, MS-ASPROV
/// 2.2.2.44) inside Data. It knows the password and the idle lock and nothing else; what else stands in it is skipped.
#pragma once
#include "policy/settings.h"

namespace handsync::policy {

class Document;

/// Takes the text in pieces of any size; nothing of it is kept but the tag that is being read, cut where it is longer
/// than all that is known.
class WapReader {
 public:
  void take(Bytes piece);
  bool complete() const { return complete_; }  ///< its outermost element has closed
  /// What it asks for. Error{kPolicy, kBadValue, setting} for a value that is no number.
  Status finish(Document&) const;

 private:
  enum class At : std::uint8_t { kOutside, kTag, kAttribute, kBeforeValue, kValue };
  enum Parameter : std::uint8_t { kPassword, kIdleKind, kIdleMinutes, kWipeAfter, kLength, kComplexity, kCount };
  void put(char);
  void close_tag();
  void end_attribute();
  FixedText<24> tag_, attribute_;
  char value_[24]{};
  std::uint8_t value_bytes_ = 0;
  At at_ = At::kOutside;
  char quote_ = 0;
  bool ends_ = false;  ///< the tag closes itself
  std::uint8_t parameter_ = kCount;
  bool has_value_ = false, complete_ = false;
  std::int64_t parameter_value_ = 0;
  bool bad_ = false;
  std::uint8_t seen_ = 0, bad_seen_ = 0;
  std::int64_t values_[kCount]{};
};

}  // namespace handsync::policy
