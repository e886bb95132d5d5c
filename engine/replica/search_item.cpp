/// What of an item is searched.
#include <cstring>

#include "replica/search_index.h"
#include "wbxml/reader.h"

namespace handsync::replica {
namespace {

constexpr std::uint8_t kPlainText = 1, kHtml = 2;
constexpr std::size_t kTitleBytes = 2048, kPeopleBytes = 2048;

/// FNV-1a, with the length before each piece.
class Signature {
 public:
  void add(Bytes data) {
    add(data.size());
    for (const std::byte byte : data) step(static_cast<std::uint8_t>(byte));
  }
  void add(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) step(static_cast<std::uint8_t>(number >> shift));
  }
  std::uint64_t value() const { return value_; }

 private:
  void step(std::uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001B3u; }
  std::uint64_t value_ = 0xCBF29CE484222325u;
};

/// The texts of a structured value.
class Texts final : public wbxml::Sink {
 public:
  explicit Texts(items::SearchText& out) : out_(out) {}
  Status open(wbxml::Tag) override {
    out_.gap();
    return Done{};
  }
  Status text(Bytes piece, bool opaque) override {
    if (!opaque) out_.feed(text_of(piece));
    return Done{};
  }
  Status close(wbxml::Tag) override { return Done{}; }

 private:
  items::SearchText& out_;
};

constexpr char kItemSql[] =
    "SELECT class,subject,author,recipients,cc,categories,received,body_blob,body_here,body_type FROM item WHERE id=?1";
constexpr char kChunksSql[] = "SELECT data FROM body_chunk WHERE id>=?1 AND id<?2 ORDER BY id";
constexpr char kExtraSql[] = "SELECT property,data,blob,size FROM extra WHERE item=?1 ORDER BY property,n";

bool is_searched(Class kind, items::PropertyId id) {
  const items::Property* row = items::find_property(kind, id);
  return row != nullptr && (row->traits & items::kSearched) != 0;
}

}  // namespace

Status ItemTexts::open(sqlite3* database) {
  struct {
    Statement& statement;
    const char* sql;
  } const all[] = {{item_, kItemSql}, {extras_, kExtraSql}, {chunks_, kChunksSql}};
  for (const auto& each : all) {
    Statement prepared = prepare(database, each.sql);
    each.statement = std::move(prepared);
  }
  return Done{};
}

/// Runs `take` for each piece of a blob; it returns false when it has enough.
template <class Take>
Status ItemTexts::each_chunk(std::uint64_t blob, Take take) {
  chunks_.rewind();
  chunks_.number(1, blob << kChunkBits).number(2, (blob + 1) << kChunkBits);
  for (;;) {
    const Result<bool> row = chunks_.step();
    if (!row.ok()) return row.error();
    if (!row.value() || !take(chunks_.blob(0))) return Done{};
  }
}

Status ItemTexts::add_body(std::uint64_t blob, std::uint8_t type, items::SearchText& out) {
  if (type > kHtml) return Done{};  // RTF and MIME: no words as they stand
  items::HtmlWords html(out);
  return each_chunk(blob, [&](Bytes data) {
    if (type == kHtml) {
      html.feed(text_of(data));
    } else {
      out.feed(text_of(data));
    }
    return !out.full();
  });
}

/// The texts of elements with children, whole or in chunks.
Status ItemTexts::add_structured(Bytes data, std::uint64_t blob, items::SearchText& out) {
  constexpr std::uint8_t kHead[] = {0x03, 0x01, 0x6A, 0x00};
  Texts texts(out);
  wbxml::Reader reader(texts);
  HANDSYNC_TRY(reader.feed(std::as_bytes(std::span(kHead))));
  const auto take = [&](Bytes piece) { return reader.feed(piece).ok() && !out.full(); };
  if (blob != 0) return each_chunk(blob, take);
  static_cast<void>(take(data));
  return Done{};
}

Result<bool> ItemTexts::signature(std::uint64_t item, std::uint64_t& signature, std::int64_t& date_ms,
                                  std::uint64_t& body_bytes) {
  item_.rewind();
  const Result<bool> found = item_.number(1, item).step();
  if (!found.ok() || !found.value()) return found;
  const Statement& row = item_;
  Signature sum;
  for (int column = 0; column < 10; ++column) sum.add(bytes_of(row.text(column)));
  date_ms = row.number(6);
  body_bytes = static_cast<std::uint64_t>(row.number(8));
  const auto kind = static_cast<Class>(row.number(0));
  // A draft written here keeps its place when it is written anew.
  const std::int64_t body = row.number(7);
  if (body < 0) {
    HANDSYNC_TRY(each_chunk(static_cast<std::uint64_t>(body), [&](Bytes data) {
      sum.add(data);
      return true;
    }));
  }
  extras_.rewind();
  extras_.number(1, item);
  for (;;) {
    const Result<bool> more = extras_.step();
    if (!more.ok()) return more.error();
    if (!more.value()) break;
    const auto id = static_cast<items::PropertyId>(extras_.number(0));
    if (id != items::kBodyData && !is_searched(kind, id)) continue;
    sum.add(id);
    sum.add(extras_.blob(1));
    sum.add(static_cast<std::uint64_t>(extras_.number(2)));
  }
  signature = sum.value();
  return true;
}

Status ItemTexts::texts(std::uint64_t item, Room room, ItemText& text) {
  item_.rewind();
  const Result<bool> found = item_.number(1, item).step();
  if (!found.ok()) return found.error();
  text = {};
  if (!found.value()) return Done{};
  const Statement& row = item_;
  const std::span<char> all(reinterpret_cast<char*>(room.data()), room.size());
  items::SearchText title(all.first(kTitleBytes)), people(all.subspan(kTitleBytes, kPeopleBytes)),
      body(all.subspan(kTitleBytes + kPeopleBytes));
  const auto kind = static_cast<Class>(row.number(0));
  title.feed(row.text(1));
  for (const int column : {2, 3, 4}) {
    people.feed(row.text(column));
    people.gap();
  }
  title.gap();
  title.feed(row.text(5));
  if (row.number(7) != 0) {
    HANDSYNC_TRY(add_body(static_cast<std::uint64_t>(row.number(7)), static_cast<std::uint8_t>(row.number(9)), body));
  }
  extras_.rewind();
  extras_.number(1, item);
  for (;;) {
    const Result<bool> more = extras_.step();
    if (!more.ok()) return more.error();
    if (!more.value()) break;
    const Statement& extra = extras_;
    const auto id = static_cast<items::PropertyId>(extra.number(0));
    const auto blob = static_cast<std::uint64_t>(extra.number(2));
    if (id == items::kBodyData) {  // written here
      body.gap();
      if (blob != 0) {
        HANDSYNC_TRY(add_body(blob, kPlainText, body));
      } else {
        body.feed(text_of(extra.blob(1)));
      }
    } else if (is_searched(kind, id)) {
      people.gap();
      if (items::find_property(kind, id)->kind != items::Kind::kRaw) {
        people.feed(text_of(extra.blob(1)));
      } else {
        HANDSYNC_TRY(add_structured(extra.blob(1), blob, people));
      }
    }
  }
  text.title = title.view();
  text.people = people.view();
  text.body = body.view();
  return Done{};
}

}  // namespace handsync::replica
