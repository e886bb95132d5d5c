/// A file as an answer brings it: an attachment (MS-ASCMD 2.2.1.10 ItemOperations, 2.2.1.8 GetAttachment) or a mail as
/// it travelled. Inline in WBXML, as a part of a multipart answer (MS-ASCMD 2.2.1.10.1), or as the answer itself.
#pragma once
#include "items/base64.h"
#include "protocol/item_operations.h"

namespace handsync::protocol {

/// `range_bytes` 0: all of it; else so many from `first` on. The server may send fewer, or all (MS-ASCMD 2.2.3.143.2).
Result<std::size_t> write_fetch_attachment(Room, Text file_reference, std::uint64_t first, std::uint64_t range_bytes);

/// Who takes the file out of the answer.
class FileBytes {
 public:
  /// Before the first of bytes(): where they belong in the file. `total` 0: not said. Without a Range the answer holds
  /// the file from its beginning. `sure` is false while a Range might still follow.
  virtual Status at(std::uint64_t first, std::uint64_t total, bool sure) = 0;
  virtual Status bytes(Bytes) = 0;

 protected:
  ~FileBytes() = default;
};

class FileAnswer final : public FetchAnswer {
 public:
  enum class Form : std::uint8_t { kInline, kMultipart, kBare };
  FileAnswer(FileBytes& file, bool attachment) : file_(file), attachment_(attachment) {}
  FileAnswer(const FileAnswer&) = delete;
  FileAnswer& operator=(const FileAnswer&) = delete;

  void begin(Form form) { form_ = form; }  ///< known from the answer's Content-Type, before its first byte
  Status take(Bytes);
  Status finish();
  /// Valid after finish().
  bool ranged() const { return has_range_; }
  std::uint64_t first() const { return has_range_ ? first_ : 0; }
  std::uint64_t last() const { return last_; }    ///< of the Range
  std::uint64_t total() const { return total_; }  ///< 0 = not said
  bool has_file() const { return begun_; }
  bool truncated() const { return truncated_; }  ///< the server has cut the mail

 private:
  Status on_value(Path, Text value) override;
  Status on_close(Path) override;
  Result<bool> on_piece(Path, Bytes, bool) override;
  Status begin_file(bool sure);
  Status decode(Bytes);
  Status take_parts(Bytes);
  bool is_data(Path) const;

  static constexpr std::size_t kPartsMax = 4;  // one Fetch: its document and one part
  struct Part {
    std::uint32_t offset = 0, bytes = 0;
  };
  FileBytes& file_;
  wbxml::Reader reader_{*this};
  items::Base64Decoder decoder_;
  std::uint64_t first_ = 0, last_ = 0, total_ = 0;
  bool attachment_, begun_ = false, has_range_ = false, in_first_ = true, has_part_ = false, document_done_ = false,
                    truncated_ = false;
  Form form_ = Form::kInline;
  // multipart
  std::uint64_t offset_ = 0;
  std::uint32_t number_ = 0, parts_ = 0, part_ = 0;
  Part part_at_[kPartsMax]{};
};

}  // namespace handsync::protocol
