#include "handset/failure.h"

#include <cerrno>

#include "handset/json.h"
#include "handset/text.h"
#include "policy/fault.h"
#include "policy/remedies.h"
#include "protocol/command.h"

namespace handset {

Failure usage(std::string message, std::string advice) {
  return {kUsage, "usage", kUsage, std::move(message), std::move(advice)};
}

Failure machine(std::string message, std::string advice) {
  return {kMachine, "machine", errno, std::move(message), std::move(advice)};
}

Failure failure_of(handsync::Error error, std::string_view detail) {
  const handsync::policy::Advice& advice = handsync::policy::advice_for(error);
  std::byte room[1024];
  std::string number;
  // What a PIN lacks is a number that the error itself carries; nobody else's detail fits there.
  const bool about_pin = error.domain == handsync::Domain::kPolicy &&
                         error.code >= static_cast<std::int32_t>(handsync::policy::Fault::kPinNotSet) &&
                         error.code <= static_cast<std::int32_t>(handsync::policy::Fault::kPinCheckFailed);
  if (about_pin) {
    number = error.where == 0 ? "" : std::to_string(error.where);
    detail = number;
  }
  const auto filled = [&](handsync::Text text) {
    const std::size_t bytes = handsync::policy::fill_in(text, detail, room);
    std::string result(handsync::text_of({room, bytes}));
    while (!result.empty() && result.back() == '.') result.pop_back();
    return result;
  };
  Failure failure;
  failure.exit = static_cast<int>(advice.exit);
  if (failure.exit == kDone) failure.exit = kBug;
  failure.domain = std::string(handsync::policy::domain_name(error.domain));
  failure.message = filled(advice.happened);
  failure.advice = filled(advice.todo);
  failure.code = error.code;
  if (error.domain == handsync::Domain::kEas) {
    // The engine's number says which command, and for a policy at which level; a person looks up the Status alone.
    failure.code = error.code % 1000;
    if (failure.code >= handsync::policy::kPolicyLevel && failure.code < 100)
      failure.code -= handsync::policy::kPolicyLevel;
    // What a server may say of a whole folder and does not fit there is treated as another: it is named as it came.
    constexpr int kNoStatus = static_cast<int>(handsync::protocol::AnswerFault::kNoStatus), kOwnFrom = 900;
    const bool of_sync = error.code == 5 || error.code == 12 || error.code == kNoStatus;
    if (of_sync && error.where != 0) failure.code = static_cast<int>(error.where);
    const std::string status = std::to_string(failure.code);
    const bool named = failure.code >= kOwnFrom || failure.message.find(status) != std::string::npos;
    if (!named) failure.message += " (status " + status + ")";
  }
  return failure;
}

int graver(int one, int other) {
  static constexpr int kOrder[] = {kDone,        kParked,  kServer, kRefused, kCredentials, kBlocked,
                                   kInterrupted, kMachine, kUsage,  kBug,     kWiped};
  const auto rank = [](int exit) {
    int place = 0;
    for (const int known : kOrder) {
      if (known == exit) return place;
      ++place;
    }
    return place;
  };
  return rank(one) >= rank(other) ? one : other;
}

std::string sentence(const Failure& failure) {
  std::string line = "handset: " + failure.message;
  if (!failure.advice.empty()) line += "; " + failure.advice;
  return printable(line);
}

std::string error_json(const Failure& failure) {
  Json inner;
  inner.set("domain", failure.domain)
      .set("code", failure.code)
      .set("message", failure.message)
      .set("advice", failure.advice);
  Json outer;
  outer.set("error", std::move(inner));
  return outer.text();
}

}  // namespace handset
