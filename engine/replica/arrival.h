/// Staging of a folder's part of a Sync response. While it arrives, body bytes go into chunk rows that nothing refers
/// to yet; everything else is appended to the arrival log (RAM, spilled to rows when full). After all of it has parsed,
/// commit() applies the log in ONE short transaction (FULL, one sync) that also stores the new SyncKey. A broken
/// response is drop()ped and leaves nothing visible.
#pragma once
#include "items/sink.h"
#include "replica/store.h"

namespace handsync::replica {

using items::Operation;

class Arrival final : public items::ItemSink {
 public:
  explicit Arrival(Store& store) : store_(store) {}
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;
  ~Arrival() { drop(); }

  /// A response for `folder` begins. `request` is the id given to freeze_outgoing. Opens nothing that another writer
  /// would wait for.
  Status begin(const SyncFolder& folder, std::uint32_t request, std::uint64_t mono_ms);

  // -- one command or answer at a time, as parsed
  // --------------------------------------------------------------------------------
  Status item(Operation) override;
  Status server_id(Text) override;  ///< may come before or after the properties
  Status client_id(Text) override;
  Status item_status(std::uint32_t) override;  ///< of an answer
  Status item_is_text() override;
  Status begin(items::PropertyId) override;
  Status piece(Bytes) override;
  Status end() override;
  /// The item is whole. `fault` set: it could not be understood; it is parked by commit() instead of stalling the
  /// folder.
  Status item_end(Error fault) override;

  /// Everything so far becomes true at once: items, answers to our own changes (unanswered changes of this request
  /// succeeded), conflicts against edits made meanwhile, the new SyncKey, `more`. During a re-key rows are matched by
  /// ServerId, then by content; with more = false those not confirmed are removed and the resync is over. The answer to
  /// key 0 brings no items and always counts as more. An empty key: this was not a Sync (ItemOperations Fetch as
  /// kAnswerFetch); key, `more` and changes are left as they are. After an error nothing has happened: commit again or
  /// drop.
  Result<Applied> commit(Text new_sync_key, bool more, std::int64_t wall_ms);
  void drop();  ///< the response broke or was cancelled: nothing of it is seen; changes stay frozen to be sent again
  Status tick(std::uint64_t mono_ms);  ///< closes a stage transaction that is older than 250 ms
  std::uint32_t items() const { return items_; }
  /// It names a ClientId of this request: it is the answer to it and to no other.
  bool answers_an_add() const { return answers_an_add_; }

 private:
  Store& store_;
  std::uint32_t items_ = 0;
  bool answers_an_add_ = false;
  void* state_ = nullptr;
};

}  // namespace handsync::replica
