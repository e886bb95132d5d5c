/// One property of an event, contact, task or note, wherever it stands: a column of the item, a side row, chunks. All
/// inside a transaction of the caller.
#pragma once
#include "replica/item_row.h"

namespace handsync::replica {

/// What is said of a body beside its bytes.
struct BodyFacts {
  std::int64_t size = 0;
  std::uint8_t type = 0;
  bool truncated = false;
};

/// A value as it is shown now. The statement keeps `data` alive.
struct ShownValue {
  Statement statement;
  bool there = false;
  Bytes data{};  ///< of a value in chunks: nothing
  std::uint64_t blob = 0, size = 0;
  BodyFacts body;
};
Status read_shown(StoreState&, std::uint64_t item, const items::Property&, ShownValue&);

/// Shows a value; `there` false: the item has it not. What was shown before is only forgotten: chunks of it are the
/// caller's to keep or to sweep. A body given as `data` is plain text and whole.
struct NewValue {
  bool there = false;
  Bytes data{};
  std::uint64_t blob = 0, size = 0;  ///< instead of data
  BodyFacts body;
};
Status write_shown(StoreState&, std::uint64_t item, const items::Property&, const NewValue&);

Status read_chunks(StoreState&, std::uint64_t blob, Room);
/// A value whole, wherever it stands. Empty: it is not there.
Status load_value(StoreState&, Bytes data, std::uint64_t blob, std::uint64_t size, Block&);
Status load_shown(StoreState&, std::uint64_t item, const items::Property&, Block&);

/// Chunks that nobody refers to any more.
Status sweep_blob(StoreState&, std::uint64_t blob);

/// The row of a property, for the class of an item; null = none of its own.
Result<const items::Property*> property_row(StoreState&, std::uint64_t item, items::PropertyId);
/// What can be edited: a value of the item itself, or its body.
bool is_editable(const items::Property&);

}  // namespace handsync::replica
