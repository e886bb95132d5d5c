/// The pass that makes items findable.
#include "replica/search_index.h"

#include <algorithm>
#include <cstring>

#include "replica/state.h"
#include "replica/store.h"

namespace handsync::replica {
namespace {

constexpr std::uint64_t kDeadMin = 1000;  ///< documents that nobody has, before beginning anew is worth it

// hashsize: what FTS5 gathers in RAM before it writes. Its default of 1 MB is four times a phone's page cache.
constexpr char kWordsSql[] =
    "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(title, people, body, content='', columnsize=0,"
    " tokenize=\"unicode61 remove_diacritics 2\");";
// automerge: how many segments of a level are merged into one of the next.
constexpr char kHashSql[] =
    "INSERT INTO words(words, rank) VALUES('hashsize', 131072);INSERT INTO words(words, rank) VALUES('automerge', 16)";

struct Document {
  std::int64_t number = 0;
  std::uint64_t item = 0;
};

/// One step: which items, then their texts in the order of their documents. FTS5 writes out what it has gathered when a
/// number is not larger than the one before.
class Step {
 public:
  Step(StoreState& store, IndexMarker& marker, std::span<Document> documents)
      : store_(store), marker_(marker), documents_(documents) {}

  Status open();
  Result<bool> walk();
  Result<bool> follow_log();
  Status write(Room text);

 private:
  bool full() const { return count_ == documents_.size() || bytes_ >= kIndexBytes || looked_ >= 4 * kIndexItems; }
  Status consider(std::uint64_t item);
  Result<std::int64_t> free_number(std::int64_t first);

  StoreState& store_;
  IndexMarker& marker_;
  std::span<Document> documents_;
  std::size_t count_ = 0, looked_ = 0;
  std::uint64_t bytes_ = 0;
  ItemTexts texts_;
  Statement last_, before_, forget_, insert_;
};

Status Step::open() {
  struct {
    Statement& statement;
    const char* sql;
  } const all[] = {{last_, "SELECT max(doc) FROM indexed WHERE doc>=?1 AND doc<?2"},
                   {before_, "SELECT doc,signature FROM indexed WHERE item=?1 AND item<>0"},
                   {forget_, "UPDATE indexed SET item=0 WHERE doc=?1"},
                   {insert_, "INSERT INTO indexed VALUES(?1,?2,?3)"}};
  for (const auto& each : all) {
    Statement prepared = prepare(store_.database, each.sql);
    each.statement = std::move(prepared);
  }
  return texts_.open(store_.database);
}

/// A number that no document has, from `first` on and near it.
Result<std::int64_t> Step::free_number(std::int64_t first) {
  for (int bits = kDateBits;; bits += 4) {
    const std::int64_t end = first + (std::int64_t{1} << bits);
    const Result<std::int64_t> found = query_number(last_.number(1, first).number(2, end));
    if (!found.ok()) return found.error();
    if (found.value() == 0) return first;
    if (found.value() + 1 < end || bits >= 40) return found.value() + 1;
  }
}

Status Step::consider(std::uint64_t item) {
  ++looked_;
  std::uint64_t signature = 0, bytes = 0;
  std::int64_t date_ms = 0;
  const Result<bool> found = texts_.signature(item, signature, date_ms, bytes);
  if (!found.ok()) return found.error();
  if (!found.value()) return Done{};  // what was indexed of it went with it
  before_.rewind();
  const Result<bool> row = before_.number(1, item).step();
  if (!row.ok()) return row.error();
  if (row.value()) {
    const std::int64_t number = before_.number(0);
    if (static_cast<std::uint64_t>(before_.number(1)) == signature) return Done{};
    before_.rewind();
    HANDSYNC_TRY(forget_.number(1, number).run());
  }
  constexpr std::int64_t kDateMsMax = std::int64_t{1} << 53;
  const bool dated = date_ms >= 86'400'000 && date_ms < kDateMsMax;
  const Result<std::int64_t> number =
      free_number(dated ? (date_ms / 1000) << kDateBits : static_cast<std::int64_t>(item & 0xFFFFFF));
  if (!number.ok()) return number.error();
  HANDSYNC_TRY(insert_.number(1, number.value()).number(2, item).number(3, signature).run());
  documents_[count_++] = {number.value(), item};
  bytes_ += std::min<std::uint64_t>(bytes, profile::kSearchedBodyBytesMax);
  return Done{};
}

/// Through all items by their ids. False: at the end.
Result<bool> Step::walk() {
  Statement next = prepare(store_.database, "SELECT id FROM item WHERE id>?1 AND class<>6 ORDER BY id LIMIT 1"_sql);
  while (!full()) {
    const Result<std::int64_t> id = query_number(next.number(1, marker_.walked));
    if (!id.ok()) return id.error();
    if (id.value() == 0) {
      marker_.walked = IndexMarker::kWalked;
      return false;
    }
    HANDSYNC_TRY(consider(static_cast<std::uint64_t>(id.value())));
    marker_.walked = static_cast<std::uint64_t>(id.value());
  }
  return true;
}

/// Through the log of commits. False: at its end.
Result<bool> Step::follow_log() {
  Statement log = prepare(store_.database, "SELECT id,data FROM commit_log WHERE id>=?1 ORDER BY id LIMIT 1"_sql);
  while (!full()) {
    Statement& row = log;
    row.rewind();
    const Result<bool> more = row.number(1, marker_.row).step();
    if (!more.ok()) return more.error();
    if (!more.value()) {
      // All parts of a commit are there at once: the next row is of the next one.
      constexpr std::uint64_t kParts = std::uint64_t{1} << kPartBits;
      marker_.row = (marker_.row + kParts - 1) / kParts * kParts;
      return false;
    }
    if (static_cast<std::uint64_t>(row.number(0)) != marker_.row) marker_.at = 0;
    marker_.row = static_cast<std::uint64_t>(row.number(0));
    const Bytes data = row.blob(1);
    auto at = static_cast<std::size_t>(marker_.at);
    for (LogEntry entry; !full() && next_log_entry(data, at, entry);) HANDSYNC_TRY(consider(entry.item));
    marker_.at = at;
    if (at >= data.size()) {
      ++marker_.row;
      marker_.at = 0;
    }
  }
  return true;
}

Status Step::write(Room room) {
  std::sort(documents_.begin(), documents_.begin() + static_cast<std::ptrdiff_t>(count_),
            [](const Document& one, const Document& other) { return one.number < other.number; });
  if (count_ == 0) return Done{};
  Statement insert = prepare(store_.database, "INSERT INTO words(rowid,title,people,body) VALUES(?1,?2,?3,?4)"_sql);
  for (std::size_t i = 0; i < count_; ++i) {
    ItemText text;
    HANDSYNC_TRY(texts_.texts(documents_[i].item, room, text));
    HANDSYNC_TRY(
        insert.number(1, documents_[i].number).text(2, text.title).text(3, text.people).text(4, text.body).run());
  }
  marker_.documents += count_;
  return Done{};
}

Status write_marker(StoreState& store, const IndexMarker& marker) {
  std::uint64_t numbers[] = {marker.walked, marker.row, marker.at, marker.documents};
  std::byte data[sizeof numbers];
  for (std::size_t i = 0; i < sizeof data; ++i) data[i] = static_cast<std::byte>(numbers[i / 8] >> (i % 8 * 8));
  return store.kept_statement(Sql::kValuePut).number(1, kIndexMarker).blob(2, data).run();
}

/// All is indexed. Where most of what was is nobody's any more, it begins anew.
Result<bool> begin_anew(StoreState& store, const IndexMarker& marker) {
  // Hidden items are indexed too: what counts is who has words there. That is counted only where what the folders list
  // leaves it open.
  for (const char* sql : {"SELECT coalesce(sum(items),0) FROM folder", "SELECT count(*) FROM indexed WHERE item<>0"}) {
    const Result<std::int64_t> items = query_number(store.database, sql);
    if (!items.ok()) return items.error();
    if (marker.documents < 2 * static_cast<std::uint64_t>(items.value()) + kDeadMin) return false;
  }
  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin(false));
  char sql[160] = "INSERT INTO words(words) VALUES('delete-all');DELETE FROM indexed;DELETE FROM value WHERE key=1010";
  static_assert(kIndexMarker == 1010);
  HANDSYNC_TRY(execute(store.database, sql));
  HANDSYNC_TRY(transaction.commit());
  return true;
}

/// Where a pass begins: with all items that are there, and then with what happens from now on.
Status start(StoreState& store, IndexMarker& marker) {
  marker = {};
  const Result<std::uint64_t> now = store.generation();
  if (!now.ok()) return now.error();
  marker.row = (now.value() + 1) << kPartBits;
  if (sqlite3_exec(store.database, kWordsSql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    // Nothing else can be wrong with this SQL.
    const int code = sqlite3_errcode(store.database);
    return code == SQLITE_ERROR ? Error{Domain::kSqlite, kNoSearch, 0} : sql_error(store.database);
  }
  return execute(store.database, kHashSql);
}

}  // namespace

Result<bool> read_marker(sqlite3* database, IndexMarker& marker) {
  Statement get = prepare(database, "SELECT data FROM value WHERE key=?1"_sql);
  const Result<bool> row = get.number(1, kIndexMarker).step();
  if (!row.ok() || !row.value()) return row;
  const Bytes data = get.blob(0);
  std::uint64_t numbers[4]{};
  for (std::size_t i = 0; i < data.size() && i < sizeof numbers; ++i) {
    numbers[i / 8] |= std::to_integer<std::uint64_t>(data[i]) << (i % 8 * 8);
  }
  marker = {numbers[0], numbers[1], numbers[2], numbers[3]};
  return true;
}

Result<bool> Store::index_some() {
  if constexpr (!profile::kSearch) return false;
  if (state_ == nullptr) return kNotOpen;
  StoreState& store = state_of(state_);
  const Result<std::uint64_t> generation = store.generation();
  if (!generation.ok()) return generation.error();
  if (generation.value() == store.searchable_generation) return false;
  IndexMarker marker;
  const Result<bool> begun = read_marker(database_, marker);
  if (!begun.ok()) return begun.error();
  const std::uint64_t end = (generation.value() + 1) << kPartBits;
  if (begun.value() && marker.walked == IndexMarker::kWalked && marker.row >= end) {
    const Result<bool> anew = begin_anew(store, marker);
    if (anew.ok() && !anew.value()) store.searchable_generation = generation.value();
    return anew;
  }
  Block block(memory_);
  HANDSYNC_TRY(block.take(kIndexItems * sizeof(Document) + kItemTextBytes));
  auto* documents = static_cast<Document*>(static_cast<void*>(block.data()));

  Transaction transaction(store);
  HANDSYNC_TRY(transaction.begin(false));
  if (!begun.value()) HANDSYNC_TRY(start(store, marker));
  if (marker.walked == IndexMarker::kWalked) {
    const Result<std::int64_t> first = query_number(database_, "SELECT id FROM commit_log ORDER BY id LIMIT 1"_sql);
    if (!first.ok()) return first.error();
    if (marker.row >> kPartBits < static_cast<std::uint64_t>(first.value()) >> kPartBits) {
      // The log no longer reaches back to where the pass was: every item is looked at; what has not changed stays.
      const std::uint64_t indexed = marker.documents;
      HANDSYNC_TRY(start(store, marker));
      marker.documents = indexed;
    }
  }
  {
    Step step(store, marker, std::span(documents, kIndexItems));
    HANDSYNC_TRY(step.open());
    const Result<bool> more = marker.walked != IndexMarker::kWalked ? step.walk() : step.follow_log();
    if (!more.ok()) return more.error();
    HANDSYNC_TRY(step.write(block.room().subspan(kIndexItems * sizeof(Document))));
  }
  HANDSYNC_TRY(write_marker(store, marker));
  HANDSYNC_TRY(transaction.commit());
  HANDSYNC_TRY(store.checkpoint_if_large());
  return true;
}

}  // namespace handsync::replica
