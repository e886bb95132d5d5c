#include "exchange/faults.h"

#include <array>
#include <stdexcept>

#include "exchange/gzip.h"
#include "exchange/node.h"
#include "exchange/text.h"

namespace exchange {
namespace {

struct KindRow {
  const char* name;
  FaultKind kind;
  bool takes_number;
};
constexpr std::array<KindRow, 13> kKinds = {{{"delay", FaultKind::kDelay, true},
                                             {"cut", FaultKind::kCut, true},
                                             {"status", FaultKind::kStatus, true},
                                             {"http", FaultKind::kHttp, true},
                                             {"lose-answer", FaultKind::kLoseAnswer, false},
                                             {"html", FaultKind::kHtml, false},
                                             {"garbage", FaultKind::kGarbage, false},
                                             {"gzip-bomb", FaultKind::kGzipBomb, false},
                                             {"unknown-page", FaultKind::kUnknownPage, false},
                                             {"no-status", FaultKind::kNoStatus, false},
                                             {"no-range", FaultKind::kNoRange, false},
                                             {"no-multipart", FaultKind::kNoMultipart, false},
                                             {"always-changed", FaultKind::kAlwaysChanged, false}}};

constexpr std::array<const char*, 24> kCommands = {"any",
                                                   "Sync",
                                                   "SendMail",
                                                   "SmartForward",
                                                   "SmartReply",
                                                   "GetAttachment",
                                                   "FolderSync",
                                                   "FolderCreate",
                                                   "FolderDelete",
                                                   "FolderUpdate",
                                                   "MoveItems",
                                                   "GetItemEstimate",
                                                   "Search",
                                                   "MeetingResponse",
                                                   "Settings",
                                                   "Ping",
                                                   "ItemOperations",
                                                   "Provision",
                                                   "ResolveRecipients",
                                                   "ValidateCert",
                                                   "Find",
                                                   "GetHierarchy",
                                                   "OPTIONS",
                                                   "Autodiscover"};

[[noreturn]] void refuse(std::string_view spec, const std::string& why) {
  throw std::invalid_argument("the fault \"" + std::string(spec) + "\" is not understood: " + why +
                              "; write WHEN:WHAT[:ARG], for instance Sync@3:status:3");
}

std::int64_t positive(std::string_view spec, std::string_view text, const std::string& what) {
  const auto number = parse_number(text);
  if (!number || *number < 0) refuse(spec, what + " must be a number");
  return *number;
}

}  // namespace

bool Fault::strikes(std::string_view of_command, Random& random) {
  if (command != "any" && !same_without_case(command, of_command)) return false;
  ++seen;
  if (nth != 0) return seen == nth;
  return per_cent >= 100 || random.chance(per_cent);
}

Fault parse_fault(std::string_view spec) {
  const std::size_t colon = spec.find(':');
  if (colon == std::string_view::npos) refuse(spec, "there is no colon");
  std::string_view when = trim(spec.substr(0, colon));
  const std::string_view what = trim(spec.substr(colon + 1));
  Fault fault;
  if (const std::size_t mark = when.find_first_of("@%"); mark != std::string_view::npos) {
    const std::int64_t number = positive(spec, when.substr(mark + 1), "what follows @ or %");
    if (when[mark] == '@') {
      if (number == 0) refuse(spec, "@ counts from 1");
      fault.nth = static_cast<std::uint64_t>(number);
    } else {
      if (number > 100) refuse(spec, "per cent end at 100");
      fault.per_cent = static_cast<unsigned>(number);
    }
    when = when.substr(0, mark);
  }
  for (const char* const command : kCommands) {
    if (same_without_case(command, when)) fault.command = command;
  }
  if (fault.command.empty()) refuse(spec, "no command is called \"" + std::string(when) + "\"");
  const std::size_t separator = what.find(':');
  const std::string_view name = what.substr(0, separator);
  std::string_view argument = separator == std::string_view::npos ? std::string_view() : what.substr(separator + 1);
  for (const KindRow& row : kKinds) {
    if (!same_without_case(row.name, name)) continue;
    fault.kind = row.kind;
    if (row.takes_number) {
      if (row.kind == FaultKind::kHttp && argument.find(':') != std::string_view::npos) {
        fault.text = argument.substr(argument.find(':') + 1);
        argument = argument.substr(0, argument.find(':'));
      }
      fault.number = positive(spec, argument, std::string(name) + ":");
    } else if (!argument.empty()) {
      refuse(spec, std::string(name) + " takes no argument");
    }
    return fault;
  }
  refuse(spec, "no fault is called \"" + std::string(name) + "\"");
}

std::string login_page() {
  return "<!DOCTYPE html>\n<html><head><title>Log on</title></head><body><form method=\"post\"><p>Please log on to use "
         "the "
         "network.</p><input name=\"user\"><input name=\"password\" type=\"password\"></form></body></html>\n";
}

std::string garbage_bytes(Random& random) {
  std::string bytes = "\x03\x01\x6A";
  bytes += '\0';
  for (int i = 0; i < 400; ++i) bytes += static_cast<char>(random.below(256));
  return bytes;
}

const std::string& gzip_bomb() {
  static const std::string bomb = [] {
    // A Sync answer whose first text never seems to end.
    std::string head("\x03\x01\x6A\x00\x45\x4E\x03", 7);
    return gzip_repeated(head, 'A', 128u << 20);
  }();
  return bomb;
}

}  // namespace exchange
