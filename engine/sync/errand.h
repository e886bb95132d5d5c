/// Something a person waits for that not every product has: a block of its own while it runs. Its functions are named
/// by who begins it, so a program that never does links none of them.
#pragma once
#include "sync/call.h"

namespace handsync::sync {

class Account;

struct Errand {
  Status (Account::*start)() = nullptr;            ///< makes its request
  void (Account::*ended)(Call&, Error) = nullptr;  ///< which has ended; the errand may go on with another
  void (*done)(Errand&, Memory, Error) = nullptr;  ///< tells who waits, and gives the block back
};

}  // namespace handsync::sync
