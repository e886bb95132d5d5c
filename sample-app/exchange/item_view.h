/// How an item looks to one client: which properties its version knows, which body it prefers, how much of it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exchange/mailbox.h"

namespace exchange {

struct BodyPreference {
  int type = 1;
  std::optional<std::size_t> truncation_bytes;
  bool all_or_none = false;
  std::size_t preview_characters = 0;
};

struct ViewOptions {
  std::vector<BodyPreference> bodies;     ///< in the client's order
  int mime_support = 0;                   ///< 2: Type 4 is given when it is asked for
  bool whole_without_preference = false;  ///< ItemOperations: the native body when nothing was preferred
};

/// ApplicationData (or Properties: the caller gives the name) of an item for a client of `version` (141 = 14.1).
Node item_properties(const Item& item, Tag name, const ViewOptions& options, int version);
/// Only what may change without the item's content changing: Read, Flag, Categories.
Node item_flags(const Item& item, Tag name, int version);
/// The first version that has this property.
int first_version_of(Tag tag);
/// The body in the type it is stored in.
std::string native_body(const Item& item);
std::string file_reference(const Item& item, std::size_t index);

}  // namespace exchange
