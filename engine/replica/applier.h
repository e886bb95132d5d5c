/// One commit of what has arrived. Private to arrival_*.cpp.
#pragma once
#include "replica/arrival_state.h"
#include "replica/edits.h"
#include "replica/item_edits.h"

namespace handsync::replica {

/// What one commit needs beside the store: a record, its rest, and what is known of the folder. Its members stand in
/// arrival_apply.cpp (the commit from its first look at the folder to its last row), arrival_items.cpp (what arrives
/// becomes rows) and arrival_twins.cpp (which row is meant).
class Applier {
 public:
  Applier(StoreState& store, ArrivalState& arrival) : store_(store), arrival_(arrival) {}
  Result<Applied> run(Text new_sync_key, bool more, std::int64_t wall_ms, ItemRecord& record, Room rest);

 private:
  std::uint32_t folder() const { return static_cast<std::uint32_t>(arrival_.folder.id); }
  FolderType folder_type() const { return arrival_.folder.type; }
  Status look_at_folder(Text new_sync_key);
  Result<bool> any(const char* sql);
  template <class Each>
  Status each_record(ItemRecord& record, Room rest, Each each);
  void goes_again(std::uint32_t status);
  Status answer(const ItemRecord&);
  Status command(ItemRecord&);
  Status upsert(ItemRecord&, bool whole);
  Status insert(ItemRecord&);
  Status replace(ItemRecord&, const ItemNow&, bool whole);
  Status delete_item(std::uint64_t item, std::uint32_t shown, bool read, bool gone);
  Status remove(const ItemRecord&);
  Status discard(const ItemRecord&);
  Status park_item(const ItemRecord&);
  Status write_extras(const ItemRecord&, std::uint64_t item);
  Result<bool> has_extras(std::uint64_t item);
  Status replace_body(ItemRecord&, const ItemNow&, ItemColumns&);
  Status replace_columns(const ItemRecord&, const ItemNow&, bool whole, const ItemColumns&, ChangedParts&);
  Status judge_edits(const ItemRecord&, const ItemNow&, bool whole, const ChangedParts&);
  Result<bool> find(Text server_id, ItemNow&);
  Result<bool> find_twin(const ItemRecord&, ItemNow&);
  Result<bool> find_personal_twin(const ItemRecord&, ItemNow&);
  Result<bool> find_sent_draft(const ItemRecord&, ItemNow&);
  Status adopt(std::uint64_t item, Text server_id);
  Result<bool> only_row(Statement&, ItemNow&);
  Result<bool> same_beginning(std::uint64_t part, std::uint64_t part_bytes, std::uint64_t whole);
  Status judge(const ItemRecord&, const ItemNow&, bool whole, ItemColumns&);
  Status count_unread(const ItemNow&, std::int64_t delta);
  Status unlist(std::uint64_t item, std::uint32_t shown, bool read);
  Status remove_unconfirmed();
  Status finish(Text new_sync_key, bool more, std::int64_t wall_ms);
  /// Recipients are no news to anybody and are not searched: the log of commits does not have them.
  Status told(std::uint64_t item) {
    return folder_type() == FolderType::kRecipients ? Status(Done{}) : store_.log.changed(store_, item);
  }
  Status changed(std::uint64_t item, std::uint64_t generation_before) {
    if (generation_before == store_.log.generation()) return Done{};  // already listed by this commit
    return told(item);
  }

  StoreState& store_;
  ArrivalState& arrival_;
  Applied applied_;
  std::uint64_t epoch_ = 0, next_item_ = 0;
  std::int64_t items_delta_ = 0, unread_delta_ = 0;
  bool rekeying_ = false, edits_ = false, parked_ = false;
};

}  // namespace handsync::replica
