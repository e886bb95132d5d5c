/// What a device is told when it is made: a page of text. `NAME=VALUE` lines (server, connect, email, password, pin,
/// seed, wall_ms, board), an empty line, then the trusted roots as PEM, ended by a NUL or the end of the page.
#pragma once
#include "handsync/base.h"

namespace firmware {

struct Settings {
  handsync::Text server;   ///< https URL of the account's server; Autodiscover is left out
  handsync::Text connect;  ///< HOST:PORT:ADDRESS:PORT, where that server is really reached; may be empty
  handsync::Text email, password, pin;
  handsync::Text seed;  ///< at least 32 bytes of randomness: stands for the board's generator
  std::int64_t wall_ms = 0;
  bool push = true;  ///< "push=no": the run ends after the first sync
  handsync::Text roots;
};

/// False: something that is needed is missing.
bool read_settings(handsync::Text page, Settings& out);

}  // namespace firmware
