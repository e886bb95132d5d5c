/// How every writer of a request body ends: the bytes written, or why it could not be written.
#pragma once
#include "wbxml/writer.h"

namespace handsync::protocol {

inline Result<std::size_t> written(const wbxml::Writer& writer) {
  HANDSYNC_TRY(writer.status());
  return writer.size();
}

}  // namespace handsync::protocol
