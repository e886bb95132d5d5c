/// An errand from its beginning to its end: it ends with its work, or with whatever ends the visit it is part of.
#include "sync/core.h"

namespace handsync::sync {

Status Account::begin_errand(Errand* errand) {
  errand_ = errand;
  needs_ |= kNeedErrand;
  try_afresh();
  return Done{};
}

Status Account::start_errand() {
  if (errand_) return (this->*errand_->start)();
  needs_ &= static_cast<std::uint16_t>(~kNeedErrand);
  return Done{};
}

void Account::end_errand(Error error) {
  needs_ &= static_cast<std::uint16_t>(~kNeedErrand);
  if (work_ && work_->for_errand) cancel(work_);  // a Ping may have stopped the account meanwhile
  Errand* errand = errand_;
  errand_ = nullptr;
  if (errand) errand->done(*errand, core_.memory(), error);
}

void Account::drop_errand(Error error) {
  if (!errand_) return;
  end_errand(error);
  advance();
}

}  // namespace handsync::sync
