/// What the files of drafts share (drafts.cpp says what a draft is): its rows in the outbox and in the queue.
#pragma once
#include "items/draft_stream.h"
#include "replica/edits.h"
#include "replica/item_edits.h"

namespace handsync::replica::drafts {

using Kind = items::MimePart::Kind;

enum DraftBit : int {
  kSends = 1,   ///< the server is to send it
  kHanded = 2,  ///< it has been in a request: the server may have it
  kAgain = 4,   ///< in more than one
};

inline constexpr int kPartShift = 16, kPieceShift = 20;
inline constexpr std::uint16_t kHtmlPart = 2;

struct Draft {
  std::uint64_t item = 0;
  std::uint32_t folder = 0;
  bool local = false;
  // The newest change of it that waits, else, of one that the server does not have, the one that was refused: nothing
  // else has its body and attachments. 0 = none.
  std::uint64_t change = 0, message = 0;
  bool sends = false;
  bool open = false;  ///< nothing of that change has been handed to the server
};
Status find_draft(StoreState&, ItemId, Draft&);

/// A part and its pieces become another one, of the same message or another.
Status move_part(StoreState&, std::uint64_t from, std::uint64_t to);
Status delete_part(StoreState&, std::uint64_t part);
/// The part after `last`, of that kind or, with kText, of any; 0 = none.
Result<std::uint64_t> next_part(StoreState&, std::uint64_t message, std::uint64_t last, Kind&);
template <class Each>
Status each_part(StoreState& store, std::uint64_t message, Each each) {
  std::uint64_t last = 0;
  for (;;) {
    Kind kind{};
    const Result<std::uint64_t> part = next_part(store, message, last, kind);
    if (!part.ok()) return part.error();
    if (part.value() == 0) return Done{};
    last = part.value();
    HANDSYNC_TRY(each(last, kind));
  }
}
/// What an older wish of the draft holds that nobody has been told of goes on in the newer one.
Status inherit(StoreState&, std::uint64_t older, std::uint64_t newer, bool has_body);
/// The body part that a draft shows: the HTML, if it has one; 0 = it changes nothing of the body.
Result<std::uint64_t> body_part(StoreState&, std::uint64_t message);
/// The item shows what the message says, in place of what one before it said (0 = none).
Status show_message(StoreState&, std::uint64_t item, std::uint64_t message, std::uint64_t replaced);

/// What the server says of a draft, as far as its row tells: another text, and somebody has changed it.
#define HANDSYNC_SAYS                                                                                               \
  "(SELECT coalesce(subject,'')||char(31)||coalesce(recipients,'')||char(31)||coalesce(cc,'')||char(31)||coalesce(" \
  "importance,1)||char(31)||body_size||char(31)||attachment_count||char(31)||coalesce((SELECT "                     \
  "CAST(substr(data,1,1024)"                                                                                        \
  " AS TEXT) FROM body_chunk WHERE id=i.body_blob<<16),'') FROM item i WHERE id=?1)"

}  // namespace handsync::replica::drafts
