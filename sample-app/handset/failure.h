/// How a command fails: one sentence of what happened, one of what to do, and the exit status of the contract.
#pragma once
#include <string>
#include <string_view>

#include "handsync/base.h"

namespace handset {

/// The exit statuses of the command line's contract.
enum Exit : int {
  kDone = 0,
  kBug = 1,
  kUsage = 2,
  kCredentials = 3,
  kServer = 4,
  kBlocked = 5,
  kRefused = 6,
  kWiped = 7,
  kParked = 8,
  kMachine = 9,
  kInterrupted = 130
};

/// Thrown by commands; reported once, by the one who runs them.
struct Failure {
  int exit = kBug;
  std::string domain = "handset";
  int code = 0;
  std::string message;  ///< what happened, without a full stop
  std::string advice;   ///< what to do
};

Failure usage(std::string message, std::string advice);
Failure machine(std::string message, std::string advice);

/// The sentence of an engine's error. `detail` is what only the moment knows: a host, a setting's name.
Failure failure_of(handsync::Error error, std::string_view detail = {});

/// Of two exit statuses the one that a script has to know about first.
int graver(int, int);

/// "handset: WHAT HAPPENED; WHAT TO DO", one line, without control characters.
std::string sentence(const Failure&);
/// The object {"error":{...}} of --json, without a line end.
std::string error_json(const Failure&);

}  // namespace handset
