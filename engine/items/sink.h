/// How an item travels from the wire to the replica: as a list of properties, each in any number of pieces. No whole
/// item in RAM.
#pragma once
#include "handsync/base.h"

namespace handsync::items {

/// Number of a row of the property table (items/properties.h). 0 = none. Stable: it is stored.
using PropertyId = std::uint16_t;

/// Receives the properties of one item. Pieces of one property arrive in order and are never interleaved with
/// another's.
struct PropertySink {
  virtual Status begin(PropertyId) = 0;
  virtual Status piece(Bytes) = 0;
  virtual Status end() = 0;

 protected:
  ~PropertySink() = default;
};

/// What a Sync response says about one item (MS-ASCMD 2.2.3.32 Commands, 2.2.3.152 Responses).
enum class Operation : std::uint8_t {
  kAdd = 1,
  kChange,
  kDelete,
  kSoftDelete,  ///< the server's commands
  kAnswerAdd,
  kAnswerChange,
  kAnswerDelete,
  kAnswerFetch,  ///< answers to ours, with a status
};

/// Receives the items of one Sync response as they are parsed: item, then server_id, client_id, item_status and
/// properties in any order, then item_end. Implemented by replica/arrival.h.
struct ItemSink : PropertySink {
  virtual Status item(Operation) = 0;
  virtual Status server_id(Text) = 0;
  virtual Status client_id(Text) = 0;
  virtual Status item_status(std::uint32_t) = 0;    ///< of an answer
  virtual Status item_is_text() { return Done{}; }  ///< in a folder of mails: it is an SMS
  /// The item is whole. `fault` set: it could not be understood; it is parked instead of stalling its folder.
  virtual Status item_end(Error fault) = 0;

 protected:
  ~ItemSink() = default;
};

}  // namespace handsync::items
