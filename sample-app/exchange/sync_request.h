/// The grammar of a Sync request (MS-ASCMD 2.2.1.21), as strict as Exchange reads it.
#pragma once
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "exchange/state.h"

namespace exchange {

struct SyncCollection {
  std::string key, id;
  std::optional<std::vector<Tag>> supported;
  bool deletes_as_moves = true;
  std::optional<bool> get_changes;
  std::int64_t window = kWindowDefault;
  std::vector<Node> options;
  Node whole;  ///< as it was sent
  const Node* commands() const { return whole.find(wbxml::air_sync::kCommands); }
};

struct SyncRequest {
  std::vector<SyncCollection> collections;
  std::optional<std::int64_t> wait_s;
  std::int64_t window = kWindowMax;
  bool has_commands() const;
};

/// The whole request is refused with this global Status.
class SyncRefused : public std::runtime_error {
 public:
  SyncRefused(int code, const std::string& sentence, std::optional<std::int64_t> limit_value = {})
      : std::runtime_error(sentence), status(code), limit(limit_value) {}
  int status;
  std::optional<std::int64_t> limit;
};

/// Throws SyncRefused; its sentence has no subject ("has Class in a Collection at 14.1").
SyncRequest read_sync(const Node& document, int version, const Options& options);
/// A Partial request completed with what the last one said; an empty one is the last one.
Node complete_sync(const std::optional<Node>& document, const std::optional<Node>& cached, bool empty_allowed);
/// What of a request is remembered for an empty or Partial one.
Node without_commands(Node document);

/// "14.1"
std::string version_text(int version);

}  // namespace exchange
