#include "exchange/sync_filter.h"

#include <algorithm>
#include <array>

namespace exchange {
namespace {

namespace as = wbxml::air_sync;
namespace asb = wbxml::air_sync_base;

constexpr std::array<std::size_t, 9> kTruncationBytes = {0, 512, 1024, 2048, 5120, 10240, 20480, 51200, 102400};
constexpr std::array<int, 8> kFilterDays = {0, 1, 3, 7, 14, 31, 92, 183};

bool passes(const Item& item, int filter_type, std::int64_t now_ms) {
  if (item.class_name == "Contacts" || item.class_name == "Notes") return true;
  if (item.class_name == "Tasks") return filter_type != 8 || item.value(wbxml::tasks::kComplete) != "1";
  if (filter_type <= 0 || filter_type >= static_cast<int>(kFilterDays.size())) return true;
  if (item.class_name == "Calendar") {
    for (const Node& property : item.properties) {
      if (property.tag == wbxml::calendar::kRecurrence && !property.children.empty()) return true;
    }
  }
  const std::int64_t days = kFilterDays[static_cast<std::size_t>(filter_type)];
  return item.received_ms >= now_ms - days * 86'400'000;
}

}  // namespace

std::vector<SyncOptions> read_options(const std::vector<Node>& blocks) {
  std::vector<SyncOptions> all;
  for (const Node& block : blocks) {
    SyncOptions options;
    options.class_name = block.value(as::kClass);
    options.filter_type = static_cast<int>(block.number(as::kFilterType).value_or(0));
    options.max_items = static_cast<std::size_t>(block.number(as::kMaxItems).value_or(0));
    options.conflict = static_cast<int>(block.number(as::kConflict).value_or(1));
    options.view.mime_support = static_cast<int>(block.number(as::kMIMESupport).value_or(0));
    if (const auto step = block.number(as::kTruncation)) {
      BodyPreference& text = options.view.bodies.emplace_back();
      if (*step < static_cast<std::int64_t>(kTruncationBytes.size()))
        text.truncation_bytes = kTruncationBytes[static_cast<std::size_t>(*step)];
    }
    for (const Node& child : block.children) {
      if (child.tag != asb::kBodyPreference) continue;
      BodyPreference preference;
      preference.type = static_cast<int>(child.number(asb::kType).value_or(1));
      if (const auto size = child.number(asb::kTruncationSize); size && *size >= 0) {
        preference.truncation_bytes = static_cast<std::size_t>(*size);
      }
      const Node* const all_or_none = child.find(asb::kAllOrNone);
      preference.all_or_none = all_or_none != nullptr && all_or_none->text != "0";
      preference.preview_characters = static_cast<std::size_t>(child.number(asb::kPreview).value_or(0));
      options.view.bodies.push_back(preference);
    }
    all.push_back(std::move(options));
  }
  if (all.empty()) all.emplace_back();
  return all;
}

std::vector<Match> matching_items(const Account& account, const Folder& folder, const std::vector<SyncOptions>& options,
                                  std::int64_t now_ms) {
  std::vector<Match> matches;
  for (const Item* const item : visible_items(account, folder)) {
    for (const SyncOptions& block : options) {
      const std::string_view class_name =
          block.class_name.empty() ? folder.class_name() : std::string_view(block.class_name);
      if (item->class_name == class_name && passes(*item, block.filter_type, now_ms)) {
        matches.push_back({item, &block});
        break;
      }
    }
  }
  if (folder.is_recipients()) {
    const auto rank = [](const Match& match) {
      return parse_number(match.item->value(wbxml::contacts::kWeightedRank)).value_or(0);
    };
    std::stable_sort(matches.begin(), matches.end(),
                     [&](const Match& left, const Match& right) { return rank(left) > rank(right); });
    const std::size_t most = options.front().max_items;
    if (most != 0 && matches.size() > most) matches.resize(most);
    return matches;
  }
  std::stable_sort(matches.begin(), matches.end(), [](const Match& left, const Match& right) {
    return left.item->received_ms > right.item->received_ms;
  });
  return matches;
}

bool has_additions(const Call& call, const std::string& collection_id, std::string_view class_name) {
  const Folder* const folder = call.account->mailbox.folder(collection_id);
  if (folder == nullptr) return false;
  const auto state = call.device->collections.find(collection_id);
  static const CollectionState kNothingKnown;
  const CollectionState& collection = state == call.device->collections.end() ? kNothingKnown : state->second;
  const std::vector<SyncOptions> options = read_options(collection.options);
  const auto matches = matching_items(*call.account, *folder, options, call.state->now_ms);
  return std::any_of(matches.begin(), matches.end(), [&](const Match& match) {
    return match.item->class_name == class_name && collection.known.revision(match.item->id) == nullptr;
  });
}

bool hierarchy_is_old(const Call& call) {
  const KnownSet& known = call.device->hierarchy.known;
  if (!known.primed()) return true;
  const auto& folders = call.account->mailbox.folders();
  std::size_t listed = 0;
  for (const auto& [id, folder] : folders) listed += folder.is_listed(call.version) ? 1 : 0;
  if (known.all().size() != listed) return true;
  return std::any_of(folders.begin(), folders.end(), [&](const auto& entry) {
    if (!entry.second.is_listed(call.version)) return false;
    const std::uint64_t* const revision = known.revision(entry.first);
    return revision == nullptr || *revision < entry.second.revision;
  });
}

}  // namespace exchange
