#include "simulated/programs.h"

#include <algorithm>

#include "simulated/packed.h"

namespace handsync::hal::simulated {
namespace {

constexpr std::size_t kListBytesMax = 256 * 1024;
constexpr std::size_t kNamedMax = 8;  // lists that arrived whole and were never put in force
constexpr Text kMagic = "HSL1";

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return text;
}

}  // namespace

Status Programs::open() {
  posix::Contents contents;
  lists_ = {};
  if (const auto there = posix::Durable::read(path_, contents); !there.ok())
    return there.error() == fault(Fault::kNotThere) ? Status(Done{}) : Status(there.error());
  PackedIn in{text_of(contents)};
  std::array<Lists, 2> read;
  bool sound = in.take(kMagic.size()) == kMagic;
  for (Lists& lists : read) {
    for (std::uint64_t left = in.number(); sound && in.good && left > 0; --left) {
      Entries& entries = lists[in.number()];
      for (std::uint64_t more = in.number(); in.good && more > 0; --more) entries.emplace(in.take(in.number()));
    }
  }
  if (!sound || !in.good) return fault(Fault::kDamaged);
  lists_ = std::move(read);
  return Done{};
}

void Programs::begin_anew() {
  lists_ = named_ = {};
  arriving_.clear();
}

Status Programs::begin(KeySlot slot, AppList list) {
  arriving_[slot] = Arriving{list, 0, {}};
  return Done{};
}

Status Programs::add(KeySlot slot, Text entry) {
  const auto found = arriving_.find(slot);
  if (found == arriving_.end()) return fault(Fault::kNotThere);
  found->second.bytes += entry.size();
  if (found->second.bytes > kListBytesMax) return fault(Fault::kTooLarge);
  found->second.entries.insert(lower_case(std::string(entry)));
  return Done{};
}

Status Programs::name(KeySlot slot, std::uint64_t id) {
  const auto found = arriving_.find(slot);
  if (found == arriving_.end()) return fault(Fault::kNotThere);
  Lists& lists = named(found->second.list);
  if (lists.size() >= kNamedMax && !lists.contains(id)) return fault(Fault::kNoSpace);
  lists[id] = std::move(found->second.entries);
  arriving_.erase(found);
  return Done{};
}

Status Programs::enforce(AppList list, std::span<const std::uint64_t> ids) {
  const auto index = static_cast<std::size_t>(list);
  std::array<Lists, 2> next = lists_;
  next[index].clear();
  for (const std::uint64_t id : ids) {
    if (const auto fresh = named_[index].find(id); fresh != named_[index].end()) {
      next[index][id] = fresh->second;
    } else if (const auto old = lists_[index].find(id); old != lists_[index].end()) {
      next[index][id] = old->second;
    } else {
      return fault(Fault::kNotThere);
    }
  }
  HANDSYNC_TRY(store(next));
  lists_ = std::move(next);
  for (const std::uint64_t id : ids) named_[index].erase(id);
  return Done{};
}

std::vector<std::uint64_t> Programs::in_force(AppList list) const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, entries] : lists_[static_cast<std::size_t>(list)]) ids.push_back(id);
  return ids;
}

Status Programs::store(const std::array<Lists, 2>& all) {
  if (all[0].empty() && all[1].empty()) return durable_.unlink(path_);
  std::string file(kMagic);
  for (const Lists& lists : all) {
    put_number(file, lists.size());
    for (const auto& [id, entries] : lists) {
      put_number(file, id);
      put_number(file, entries.size());
      for (const std::string& entry : entries) put_bytes(file, entry);
    }
  }
  return durable_.replace(path_, bytes_of(file));
}

bool Programs::may_run(const std::string& name, const std::string& sha1, bool preinstalled) const {
  const AppList list = preinstalled ? AppList::kUnapproved : AppList::kApproved;
  const std::string wanted = lower_case(preinstalled ? name : sha1);
  const Lists& lists = lists_[static_cast<std::size_t>(list)];
  return std::all_of(lists.begin(), lists.end(),
                     [&](const auto& each) { return each.second.contains(wanted) != preinstalled; });
}

}  // namespace handsync::hal::simulated
