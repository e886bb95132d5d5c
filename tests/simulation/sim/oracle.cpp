/// What must be true: at every moment, and at rest.
#include <sqlite3.h>

#include <algorithm>

#include "replica/store.h"
#include "sim/history.h"

namespace sim {

namespace {

/// Requests of an hour in which nothing happens, and how many more each thing that happens may cause.
constexpr std::size_t kQuietHourMax = 60, kPerActMax = 40;

/// A look into the replica beside the engine: SyncKeys, and the items the server has named.
struct KeyView {
  std::string collection, key;
  std::set<std::string> items;
};
std::vector<KeyView> keys_of(const std::string& path) {
  std::vector<KeyView> found;
  sqlite3* database = nullptr;
  if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, "flash") == SQLITE_OK) {
    sqlite3_stmt* rows = nullptr;
    sqlite3_prepare_v2(
        database,
        "SELECT f.server_id,f.sync_key,i.server_id FROM folder f LEFT JOIN item i ON i.folder=f.id "
        "WHERE f.gone=0 AND f.selected=1 AND f.rekeying=0 AND f.emptying=0 AND f.sync_key NOT IN ('','0') "
        "ORDER BY f.id",
        -1, &rows, nullptr);
    const auto text = [&](int column) {
      const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(rows, column));
      return std::string(value ? value : "");
    };
    while (sqlite3_step(rows) == SQLITE_ROW) {
      if (found.empty() || found.back().collection != text(0)) found.push_back({text(0), text(1), {}});
      if (!text(2).empty()) found.back().items.insert(text(2));
    }
    sqlite3_finalize(rows);
  }
  sqlite3_close(database);
  return found;
}

}  // namespace

struct Judges {
  /// A mark that waits is shown, whatever has come from the server.
  static std::string waiting_is_shown(History& h) {
    std::map<std::pair<ItemId, bool>, bool> waiting;
    for (const auto& row : h.world_->queue(h.id_))
      if (!row.parked) waiting[{row.item, row.what == "read" || row.what == "unread"}] = true;
    if (waiting.empty()) return {};
    const Mails mails = handset_mails(*h.world_, h.id_);
    for (const auto& [key, wish] : h.wishes) {
      const bool is_read = key.second == History::Field::kRead;
      const auto mail = mails.find(key.first);
      if (mail == mails.end() || !waiting.contains({mail->second.id, is_read})) continue;
      const bool shown =
          is_read ? mail->second.read == (wish.value == "1") : mail->second.flagged == (wish.value == "2");
      if (!shown)
        return std::string("the mark ") + (is_read ? "read " : "flag ") + wish.value + " of " + key.first +
               " waits and is not shown (change " + std::to_string(wish.change) + ")";
    }
    return {};
  }

  /// The rows of a folder are those that its SyncKey stands for.
  static std::string key_and_rows(History& h) {
    for (const KeyView& view : keys_of("phone/account-1.db")) {
      const auto known = h.world_->server().known(kEmail, view.collection, view.key);
      if (!known) continue;
      for (const std::string& id : *known)
        if (!view.items.contains(id)) return "the key " + view.key + " stands for " + id + ", which is not here";
      for (const std::string& id : view.items)
        if (!known->contains(id)) return id + " is here, and the key " + view.key + " does not stand for it";
    }
    return {};
  }

  /// However much goes wrong, requests follow from what happens.
  static std::string budget(History& h) {
    const auto& sent = h.world_->sent;
    for (; h.budget_seen_ < sent.size(); ++h.budget_seen_) {
      const std::uint64_t to = sent[h.budget_seen_].at_ms, from = to > kHour ? to - kHour : 0;
      std::size_t requests = 0;
      for (std::size_t i = h.budget_seen_ + 1; i-- > 0 && sent[i].at_ms >= from;) ++requests;
      if (requests <= kQuietHourMax) continue;
      std::size_t acts = 0;
      const std::uint64_t since = from > kHour ? from - kHour : 0;
      for (std::size_t i = h.acts_ms_.size(); i-- > 0 && h.acts_ms_[i] >= since;) acts += h.acts_ms_[i] <= to;
      if (requests > kQuietHourMax + kPerActMax * acts)
        return std::to_string(requests) + " requests in an hour in which " + std::to_string(acts) + " things happened";
    }
    return {};
  }

  /// What the server has to complain about, but for what the faults explain.
  static std::string complaints(History& h) {
    for (const std::string& violation : h.world_->server().violations()) {
      const auto says = [&](const char* words) { return violation.find(words) != std::string::npos; };
      if (h.forgotten_ && says("neither the last nor the one before")) continue;
      if (h.withdrawn_ && says("which is not offered")) continue;
      if ((h.forgotten_ || h.learned_version_) && says("leaves out what the server")) continue;
      const auto met = [&](FaultKind kind) { return h.outcome_.faults[static_cast<std::size_t>(kind)] != 0; };
      // It is done already, or the key came with an answer of before.
      if ((met(FaultKind::kTwice) || met(FaultKind::kOldAnswer)) && says("acknowledges the policy key")) continue;
      // The second of a request that came twice waits still, and there is nothing to repeat before its answer.
      const bool unknown = met(FaultKind::kTwice) || met(FaultKind::kOldAnswer) || h.forgotten_;
      if (unknown && says("there is no request to repeat")) continue;
      // What had been carried out when its answer was not kept is called malformed here: parked, it is not repeated.
      if (h.malformed_ && says("with other Commands")) continue;
      // A commit that was said to have failed may be there after a restart: then the key is one of before.
      const bool storage = met(FaultKind::kDiskFull) || met(FaultKind::kDiskError);
      if (storage && says("neither the last nor the one before")) continue;
      // An empty answer of before, given once more, cannot be told from "nothing new".
      if (met(FaultKind::kOldAnswer) && says("with other Commands")) continue;
      return "violation: " + violation;
    }
    return {};
  }
};

/// What may be told from a request alone, as it goes out.
void History::judge_request(const Sent& sent) {
  const std::uint64_t now = world_->now_ms();
  const auto complain = [&](const std::string& what) {
    if (misdeed_.empty()) misdeed_ = what;
  };
  if (sent.label == "Ping" && world_->open_requests() > 0)
    complain("a Ping goes out while another request is on its way");
  const bool acted = !acts_ms_.empty() && acts_ms_.back() >= sent_away_ms_;
  if (now < sent_away_until_ms_ && now > sent_away_ms_ && !acted)
    complain("a " + sent.label + " goes out " + std::to_string((sent_away_until_ms_ - now) / 1000) +
             " s before Retry-After is over");
  if (failed_ms_ && now >= failed_ms_ + 15 * kSecond && (acts_ms_.empty() || acts_ms_.back() < failed_ms_)) {
    ++pauses_;
    if ((now - failed_ms_) % 1000 == 0) ++round_pauses_;
    if (round_pauses_ >= 6 && round_pauses_ * 4 > pauses_ * 3) complain("the pauses after failures have no jitter");
  }
  failed_ms_ = world_->online ? 0 : now + world_->latency_ms;
}

std::string History::always() {
  if (!misdeed_.empty()) return misdeed_;
  using Judge = std::string (*)(History&);
  const SimPhone::Pause pause(phone_);
  for (const Judge judge : {Judges::waiting_is_shown, Judges::key_and_rows, Judges::budget, Judges::complaints})
    if (std::string wrong = judge(*this); !wrong.empty()) return wrong;
  return {};
}

std::string History::nothing_lost() {
  const SimPhone::Pause pause(phone_);
  if (Status sound = world_->engine().integrity(id_); !sound.ok())
    return "the replica is not sound: " + own_words(sound.error());
  std::set<std::uint64_t> queued;
  std::set<std::pair<ItemId, bool>> kept;
  for (const auto& row : world_->queue(id_)) {
    queued.insert(row.id);
    kept.insert({row.item, row.what == "read" || row.what == "unread"});
  }
  const Mails theirs = server_mails(world_->server());
  for (const auto& [key, wish] : wishes) {
    const auto mail = theirs.find(key.first);
    if (mail == theirs.end() || edited_there.contains(key.first)) continue;  // removed, or the server had its own say
    const bool is_read = key.second == Field::kRead;
    const std::string& flag = mail->second.flag;
    const bool made = is_read ? mail->second.read == (wish.value == "1") : (flag == "0" ? "" : flag) == wish.value;
    if (!made && !queued.contains(wish.change) && !kept.contains({wish.item, is_read}))
      return std::string("the mark ") + (is_read ? "read " : "flag ") + wish.value + " of " + key.first + " is lost";
  }
  return {};
}

std::string History::at_rest() {
  std::set<std::uint64_t> parked;
  for (const auto& row : world_->queue(id_)) {
    if (!row.parked) return "a change of item " + std::to_string(static_cast<std::uint64_t>(row.item)) + " still waits";
    parked.insert(row.id);
  }
  if (std::string wrong = nothing_lost(); !wrong.empty()) return wrong;
  // What was refused is still shown as the user wanted it. Wanted again, it goes, unless its item has gone.
  // One of the same kind that went out just now comes before another.
  constexpr Error kOtherFirst{Domain::kSqlite, replica::kInFlight, 0};
  for (int again = 0; again < 3; ++again) {
    std::erase_if(parked, [&](std::uint64_t change) {
      const Error refused = world_->engine().changes(id_).retry(ChangeId{change}).error();
      return refused.domain != kOtherFirst.domain || refused.code != kOtherFirst.code;
    });
    acts_ms_.push_back(world_->now_ms());
    if (failed(world_->sync(id_))) return "the changes that were parked cannot be sent";
  }
  const Mails ours = handset_mails(*world_, id_);
  for (const auto& row : world_->queue(id_)) {
    if (!row.parked) return "a change that was parked still waits";
    for (const auto& [server_id, mail] : ours)
      if (mail.id == row.item) return "a change of " + server_id + " is refused again and again";
  }
  if (std::string wrong = difference(*world_, id_, bodies_whole_); !wrong.empty()) return wrong;
  return always();
}

}  // namespace sim
