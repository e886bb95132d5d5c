/// The commands that the program reads from its standard input, one a line, each answered with one line of JSON.
#pragma once
#include <string>

#include "exchange/server.h"

namespace exchange {

/// Runs one line. The answer is {"ok":true,...}, the object that `stats` and `contents` promise, or {"error":"..."}.
/// `quit` answers and sets `quit`.
std::string run_console_line(Server& server, const std::string& line, bool& quit);

}  // namespace exchange
