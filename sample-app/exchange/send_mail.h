/// Handing a mail over: into Sent, and to the mailboxes that live here.
#pragma once
#include "exchange/state.h"

namespace exchange {

/// `mail` has To, Cc, Bcc as properties. Returns how many local mailboxes received it.
std::size_t submit(State& state, Account& from, Item mail, bool save_in_sent);

}  // namespace exchange
