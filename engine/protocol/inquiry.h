/// Search, ResolveRecipients and Settings Oof: one table says which elements of their answers are which field of a row.
#pragma once
#include "handsync/inquiry.h"
#include "protocol/request.h"
#include "protocol/response.h"

namespace handsync::protocol {

Command command_of(Inquiry::What);
Version first_version_of(Inquiry::What);

/// `collection_id`: of the folder to search, "" = everywhere.
Result<std::size_t> write_inquiry(Room, const Inquiry&, Text collection_id);
/// Room that write_inquiry needs at the most.
std::size_t inquiry_bytes_max(const Inquiry&);

struct InquiryShape;

/// Rows go to the sink as they are parsed. Feed it through a wbxml::Reader; refusal() and total() are valid after the
/// reader's finish().
class InquiryAnswer final : public ResponseReader {
 public:
  InquiryAnswer(Inquiry::What, InquirySink&);
  Error refusal() const;  ///< kNone: answered
  std::uint32_t total() const { return total_; }

 private:
  /// What is kept of one row; of a message what fits.
  static constexpr std::size_t kRowBytesMax = kAbsenceMessageBytesMax + 1024;
  Status on_open(Path) override;
  Status on_value(Path, Text value) override;
  Status on_close(Path) override;
  Result<bool> on_piece(Path, Bytes, bool) override;
  int field_of(Path) const;
  void keep(int field, Text value);
  void emit();

  const InquiryShape& shape_;
  InquirySink& sink_;
  std::uint32_t inner_status_ = 0, total_ = 0;
  std::uint32_t given_ = 0;  ///< rows: never more than were asked for at the most, whatever the server sends
  bool in_record_ = false, cut_ = false, any_ = false;
  std::uint16_t used_ = 0, before_record_ = 0;
  struct Piece {
    std::uint16_t at = 0, size = 0;
    bool of_record = false;
  };
  Piece fields_[InquiryRow::kFields]{};
  char text_[kRowBytesMax];
};

}  // namespace handsync::protocol
