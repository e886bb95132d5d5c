/// `watch --service`: run by systemd. Says when push is on, and writes lines that name no address, sender or subject.
#pragma once
#include <string>
#include <string_view>

#include "handset/failure.h"

namespace handset {

/// Sends a state ("READY=1") to the service manager that $NOTIFY_SOCKET names (sd_notify(3)); nothing without one.
void notify_manager(std::string_view state);

/// A failure by its numbers.
std::string service_line(const Failure&);

}  // namespace handset
