/// What the engine does once at a time for an account, and tells an object of the command's own of: files, questions.
#pragma once
#include <functional>

#include "handset/session.h"

namespace handset {

struct ErrandWork {
  std::function<handsync::Status(handsync::Engine&, handsync::Instant)> begin;
  std::function<bool()> ended;          ///< any thread
  std::string doing;                    ///< for the progress line
  std::function<std::string()> detail;  ///< likewise; none = the account's counts
};

/// Begins it, after waiting for that of another command, and waits for its end; whatever ends this command before
/// abandons it, so that the engine does not tell an object that has gone. Throws Failure where it cannot begin.
void run_errand(Session&, handsync::AccountId, Answers&, const ErrandWork&);

}  // namespace handset
