/// How an item travels from the wire to the replica: as a list of properties, each in any number of pieces. No whole item in RAM.
#pragma once
#include "handsync/base.h"

namespace handsync::items {

/// Number of a row of the property table (items/properties.h). 0 = none. Stable: it is stored.
using PropertyId = std::uint16_t;

/// Receives the properties of one item. Pieces of one property arrive in order and are never interleaved with another's.
struct PropertySink {
  virtual Status begin(PropertyId) = 0;
  virtual Status piece(Bytes) = 0;
  virtual Status end() = 0;

 protected:
  ~PropertySink() = default;
};

}  // namespace handsync::items
