/// Questions to a server whose answers are shown and not kept: who is in its address list, which mails it finds, who is
/// free when, what it answers while somebody is away (MS-ASCMD 2.2.1.16 Search, 2.2.1.15 ResolveRecipients, 2.2.1.18
/// Settings: Oof).
#pragma once
#include "handsync/replica.h"

namespace handsync {

/// One line of an answer: what the server said of it, "" where it said nothing. Valid during the call.
class InquiryRow {
 public:
  enum Field : std::uint8_t {
    // kPeople
    kName,  ///< kFreeBusy too
    kEmail,
    kPhone,
    kMobile,
    kOffice,
    kTitle,
    kCompany,
    kAlias,
    // kMails
    kSubject,
    kFrom,
    kTo,
    kReceived,  ///< as the protocol writes times: 2026-03-01T09:30:00.000Z
    kRead,      ///< "1" or "0"
    kPreview,   ///< the first bytes of the text
    kFolder,    ///< server id of the folder
    kLongId,
    // kFreeBusy
    kSlots,  ///< a digit for each 30 minutes from the start: 0 free, 1 tentative, 2 busy, 3 away, 4 not known
    // kAbsence: a row for each audience, and one without any that has the state
    kState,  ///< "0" off, "1" on, "2" from kStart to kEnd
    kStart,
    kEnd,
    kAudience,  ///< "internal", "known" (senders outside who are in the contacts), "unknown" (anybody else)
    kEnabled,   ///< "1": senders of this audience are answered
    kMessage,
    kFields
  };
  Text operator[](Field field) const { return texts_[field]; }
  bool cut() const { return cut_; }  ///< more was said than there was room for

 private:
  friend struct InquiryRowAccess;
  Text texts_[kFields]{};
  bool cut_ = false;
};

/// Where the answer goes. The host's own; called on the engine thread from inside the calls that bring an answer, and
/// it must not call the engine. Lives until end() has been called.
class InquirySink {
 public:
  virtual void begin() = 0;  ///< an answer begins: rows of one before it, which broke, are void
  virtual void row(const InquiryRow&) = 0;
  /// The last call. No error: that was all. `total`: how many the server has, 0 = it did not say.
  virtual void end(Error, std::uint32_t total) = 0;

 protected:
  ~InquirySink() = default;
};

inline constexpr std::size_t kInquiryWordsBytesMax = 256;
inline constexpr std::size_t kAbsenceMessageBytesMax = 8 * 1024;
inline constexpr std::uint32_t kInquiryRowsMax = 100;  ///< of one answer (MS-ASCMD 2.2.3.143 Range)

/// Borrowed until InquirySink::end.
struct Inquiry {
  enum class What : std::uint8_t {
    kPeople,      ///< of the organization's address list, by the beginnings of their names
    kMails,       ///< from 12.0 on
    kFreeBusy,    ///< from 14.0 on; of `words`, a name or an address, from start_ms to end_ms (42 days at most)
    kAbsence,     ///< from 12.0 on
    kSetAbsence,  ///< likewise; no rows
  };
  What what = What::kPeople;
  Text words;
  FolderId folder{};         ///< kMails: it and those below it; 0 = everywhere
  std::uint32_t count = 50;  ///< rows at the most, 1..kInquiryRowsMax
  std::int64_t start_ms = 0, end_ms = 0;
  // kSetAbsence
  std::uint8_t state = 0;   ///< as InquiryRow::kState; 2 takes place from start_ms to end_ms
  Text message;             ///< to the organization, kAbsenceMessageBytesMax; plain text
  Text outside;             ///< to others; "" = they are not answered
  bool known_only = false;  ///< of others only who is in the contacts
  InquirySink* sink = nullptr;
};

}  // namespace handsync
