#include "exchange/sync_changes.h"

#include <algorithm>
#include <array>

#include "exchange/item_view.h"
#include "exchange/occurrences.h"
#include "exchange/old_form.h"
#include "exchange/send_mail.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace as = wbxml::air_sync;
namespace asb = wbxml::air_sync_base;
namespace cal = wbxml::calendar;
namespace em = wbxml::email;
namespace em2 = wbxml::email2;

enum Status : int { kSuccess = 1, kProtocol = 4, kConversion = 6, kConflict = 7, kNotFound = 8 };

bool is_flag(Tag tag) { return tag == em::kRead || tag == em::kFlag || tag == em::kCategories; }
bool is_draft_property(Tag tag) {
  static constexpr std::array<Tag, 9> kAllowed = {em::kTo,      em::kCc,           em2::kBcc,
                                                  em::kSubject, em::kImportance,   em::kReplyTo,
                                                  asb::kBody,   asb::kAttachments, em::kMessageClass};
  return is_flag(tag) || std::find(kAllowed.begin(), kAllowed.end(), tag) != kAllowed.end();
}

// What is wrong with a Flag; "" = nothing.
std::string flag_fault(const Node& flag) {
  if (flag.children.empty()) return {};
  const auto status = flag.number(em::kStatus);
  if (!status || *status < 0 || *status > 2) return "has a Flag whose Status is not 0, 1 or 2";
  if (*status == 2 && flag.value(em::kFlagType).empty()) return "sets a Flag without FlagType";
  if (*status == 1 && (!flag.has(em::kCompleteTime) || !flag.has(wbxml::tasks::kDateCompleted))) {
    return "completes a Flag without CompleteTime and DateCompleted";
  }
  const bool start = flag.has(wbxml::tasks::kStartDate), utc_start = flag.has(wbxml::tasks::kUtcStartDate);
  const bool due = flag.has(wbxml::tasks::kDueDate), utc_due = flag.has(wbxml::tasks::kUtcDueDate);
  if (start != utc_start || due != utc_due || start != due) return "gives a Flag some of its four dates but not all";
  return {};
}

std::string mail_fault(const Node& data, int version, bool draft) {
  for (const Node& child : data.children) {
    if (child.tag == em::kRead && child.text != "0" && child.text != "1") return "has Read \"" + child.text + "\"";
    if (child.tag == em::kFlag) {
      if (std::string fault = flag_fault(child); !fault.empty()) return fault;
    }
    if (child.tag == em::kFlag && version < 120) return "changes Flag at " + version_text(version);
    if (child.tag == em::kCategories && version < 140) return "changes Categories at " + version_text(version);
    if (!is_flag(child.tag) && !(draft && version >= 160 && is_draft_property(child.tag))) {
      return "changes " + tag_text(child.tag) + " of a mail";
    }
  }
  return {};
}

void take_body(Item& item, const Node& body) {
  item.body_type = static_cast<int>(body.number(asb::kType).value_or(1));
  item.body = Content{std::string(body.value(asb::kData)), 0, 0};
}

void take_attachments(Item& item, const Node& changes) {
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < item.attachments.size(); ++i) {
    Attachment& attachment = item.attachments[i];
    if (attachment.number == 0) attachment.number = i + 1;
    last = std::max(last, attachment.number);
  }
  for (const Node& change : changes.children) {
    if (change.tag == asb::kDelete) {
      for (std::size_t i = 0; i < item.attachments.size(); ++i) {
        if (file_reference(item, i) != change.value(asb::kFileReference)) continue;
        item.attachments.erase(item.attachments.begin() + static_cast<std::ptrdiff_t>(i));
        break;
      }
      continue;
    }
    Attachment added;
    added.number = ++last;
    added.client_id = change.value(asb::kClientId);
    added.name = change.value(asb::kDisplayName);
    added.content_type = change.value(asb::kContentType);
    added.content.data = change.value(asb::kContent);
    item.attachments.push_back(std::move(added));
  }
}

// What an answer says of attachments that were added: what they are called by from now on.
void name_attachments(Node& entry, const Item& item, const Node& data) {
  const Node* const changes = data.find(asb::kAttachments);
  if (changes == nullptr || !changes->has(asb::kAdd)) return;
  Node& list = entry.add(as::kApplicationData).add(asb::kAttachments);
  for (const Node& change : changes->children) {
    if (change.tag != asb::kAdd) continue;
    for (std::size_t i = item.attachments.size(); i > 0; --i) {
      if (item.attachments[i - 1].client_id != change.value(asb::kClientId)) continue;
      Node& named = list.add(asb::kAttachment);
      named.add(asb::kClientId, change.value(asb::kClientId));
      named.add(asb::kFileReference, file_reference(item, i - 1));
      break;
    }
  }
}

// An event has one place, whatever version it was said in. One that says what is known already takes nothing away.
void take_place(Item& item, const Node& place) {
  const Tag other = place.tag == cal::kLocation ? Tag{asb::kLocation} : Tag{cal::kLocation};
  for (const Node& property : item.properties)
    if (property.tag == asb::kLocation && other == asb::kLocation && property.value(asb::kDisplayName) == place.text)
      return;
  std::erase_if(item.properties, [&](const Node& property) { return property.tag == other; });
  item.set(place);
}

void take_properties(Item& item, const Node& data) {
  for (const Node& child : data.children) {
    if (child.tag == asb::kBody) {
      take_body(item, child);
    } else if (child.tag == asb::kAttachments) {
      take_attachments(item, child);
    } else if (child.tag == cal::kExceptions) {
      merge_exceptions(item, child);  // those that are left out stay
    } else if (child.tag == cal::kLocation || child.tag == asb::kLocation) {
      take_place(item, child);
    } else {
      item.set(child);
    }
  }
}

// Elements a client leaves out of a Change are gone, unless they are ghosted or the class keeps what is left out.
void drop_left_out(Item& item, const Node& data, const CollectionState& state, int version) {
  const bool by_support = item.class_name == "Contacts" || item.class_name == "Calendar";
  if (item.class_name == "Calendar" && version >= 160) return;
  if (item.class_name == "Tasks" && version < 120 && !data.has(asb::kBody)) item.body = {};
  std::erase_if(item.properties, [&](const Node& property) {
    const Tag tag = property.tag == asb::kLocation ? Tag{cal::kLocation} : property.tag;
    if (data.has(tag)) return false;
    if (property.tag == wbxml::contacts::kPicture || property.tag == cal::kExceptions || property.tag == cal::kUID ||
        property.tag == cal::kDtStamp || property.tag == cal::kTimezone) {
      return false;
    }
    if (!by_support || !state.supported) return true;
    return std::find(state.supported->begin(), state.supported->end(), tag) != state.supported->end();
  });
}

// An element, however deep, that this version does not know; "" = none.
std::string of_another_version(const Node& data, int version) {
  for (const Node& child : data.children) {
    if (first_version_of(child.tag) > version || (version >= 160 && child.tag == cal::kLocation))
      return "has " + tag_text(child.tag) + " at " + version_text(version);
    if (std::string deeper = of_another_version(child, version); !deeper.empty()) return deeper;
  }
  return {};
}

class Applier {
 public:
  Applier(Call& call, const SyncCollection& collection, Folder& folder, CollectionState& state, bool retry,
          const std::vector<SyncOptions>& options)
      : call_(call),
        collection_(collection),
        folder_(folder),
        state_(state),
        options_(options),
        earlier_adds_(retry ? state.last_adds : std::map<std::string, std::string>()),
        earlier_deletes_(retry ? state.last_deletes : std::set<std::string>()),
        earlier_changes_(retry ? state.last_changes : std::map<std::string, std::uint64_t>()) {
    state_.last_adds.clear();
    state_.last_deletes.clear();
    state_.last_changes.clear();
  }

  Node run(const Node& commands) {
    for (const Node& command : commands.children) {
      if (command.tag == as::kChange) change(command);
      if (command.tag == as::kDelete) remove(command);
      if (command.tag == as::kAdd) add(command);
      if (command.tag == as::kFetch) fetch(command);
    }
    return std::move(responses_);
  }

 private:
  Mailbox& mailbox() { return call_.account->mailbox; }

  void refuse(Tag what, std::string_view id, int status, const std::string& why = {}) {
    if (!why.empty()) call_.violation(why);
    Node& entry = responses_.add(what);
    entry.add(as::kServerId, id);
    entry.add(as::kStatus, status);
  }

  Node data_of(const Node& command) const {
    const Node& data = *command.find(as::kApplicationData);
    return call_.version < 120 ? from_old_form(data) : data;
  }

  Item* own_item(std::string_view id) {
    if (visible_item(*call_.account, id) == nullptr) return nullptr;
    Item* const item = mailbox().item(id);
    return item != nullptr && item->folder == folder_.id ? item : nullptr;
  }

  void change(const Node& command) {
    const std::string id(command.value(as::kServerId));
    Item* const item = own_item(id);
    if (item == nullptr) return refuse(as::kChange, id, kNotFound);
    const Node data = data_of(command);
    if (command.has(asb::kInstanceId)) return change_one(command, *item);
    if (const std::string fault = event_fault(*item, data); !fault.empty())
      return refuse(as::kChange, id, kConversion, fault);
    const bool is_mail = item->class_name == "Email" || item->class_name == "SMS";
    if (is_mail) {
      if (const std::string fault = mail_fault(data, call_.version, item->draft); !fault.empty()) {
        return refuse(as::kChange, id, kConversion, fault);
      }
    }
    const std::uint64_t seen = seen_of(id);
    const bool differs = std::any_of(data.children.begin(), data.children.end(), [&](const Node& child) {
      return std::find(item->properties.begin(), item->properties.end(), child) == item->properties.end();
    });
    const std::uint64_t theirs = is_mail && !item->draft ? item->flags_revision : item->revision;
    if (differs && theirs > seen && conflict_of(*item) == 1) return refuse(as::kChange, id, kConflict);
    const bool saw_all = seen >= item->revision;
    if (call_.version >= 160 && item->class_name == "Calendar" && moves_series(*item, data))
      item->remove(cal::kExceptions);
    if (!is_mail) drop_left_out(*item, data, state_, call_.version);
    const auto made = earlier_changes_.find(id);
    const bool again = item->draft && made != earlier_changes_.end() && made->second == item->revision;
    if (again) {  // the very command whose answer was lost
      state_.known.learn(id, item->revision);
      state_.last_changes[id] = item->revision;
      return answer_draft(*item, data);
    }
    if (!call_.state->options.exceptions_stay && item->class_name == "Calendar" && call_.version < 160) {
      replace_exceptions(*item, data.find(cal::kExceptions));
      Node rest = data;
      rest.remove(cal::kExceptions);
      take_properties(*item, rest);
    } else {
      take_properties(*item, data);
    }
    const bool content =
        std::any_of(data.children.begin(), data.children.end(), [](const Node& child) { return !is_flag(child.tag); });
    if (content) {
      mailbox().touch_content(*item);
    } else if (differs) {
      mailbox().touch_flags(*item);
    }
    // What of the server's the client has not seen yet still comes down to it.
    if (saw_all || content) state_.known.learn(id, item->revision);
    state_.last_changes[id] = item->revision;
    if (command.has(em2::kSend) && item->draft) return send_draft(id);
    if (item->draft) answer_draft(*item, data);
  }

  void answer_draft(const Item& item, const Node& data) {
    const Node* const changes = data.find(asb::kAttachments);
    if (changes == nullptr || !changes->has(asb::kAdd)) return;
    Node& entry = responses_.add(as::kChange);
    entry.add(as::kServerId, item.id);
    entry.add(as::kStatus, kSuccess);
    name_attachments(entry, item, data);
  }

  /// The item's last revision that this client knows.
  std::uint64_t seen_of(const std::string& id) const {
    const std::uint64_t* const known = state_.known.revision(id);
    const std::uint64_t seen = known == nullptr ? 0 : *known;
    const auto own = earlier_changes_.find(id);
    return own == earlier_changes_.end() ? seen : std::max(seen, own->second);
  }

  // What is wrong with a Change of a whole event; "" = nothing.
  std::string event_fault(const Item& item, const Node& data) const {
    if (item.class_name != "Calendar") return {};
    if (std::string other = of_another_version(data, call_.version); !other.empty()) return other;
    const Node* const exceptions = data.find(cal::kExceptions);
    if (exceptions == nullptr) return {};
    if (call_.version >= 160) return "changes Exceptions at " + version_text(call_.version);
    Item copy = item;
    return merge_exceptions(copy, *exceptions);
  }

  // One occurrence, as Exchange Online takes it: alone, without Options and without Timezone.
  bool refused_one(const Node& command, const Item& item) {
    const std::string id(command.value(as::kServerId));
    const auto refuse_one = [&](int status, const std::string& why) {
      refuse(command.tag, id, status, why);
      responses_.children.back().children.emplace(responses_.children.back().children.begin() + 1, asb::kInstanceId,
                                                  command.value(asb::kInstanceId));
      return true;
    };
    if (collection_.commands()->children.size() > 1)
      return refuse_one(kConversion, "has a command for one occurrence beside others");
    if (!collection_.options.empty()) return refuse_one(kConflict, "has Options beside a command for one occurrence");
    if (const std::string fault = instance_fault(item, command.value(asb::kInstanceId)); !fault.empty())
      return refuse_one(kConversion, fault);
    const Node* const data = command.find(as::kApplicationData);
    if (data != nullptr && (data->has(cal::kTimezone) || data->has(cal::kRecurrence) || data->has(cal::kExceptions)))
      return refuse_one(kConversion, "has Timezone, Recurrence or Exceptions of one occurrence");
    if (const std::string other = data == nullptr ? "" : of_another_version(*data, call_.version); !other.empty())
      return refuse_one(kConversion, other);
    if (data != nullptr && data->has(cal::kStartTime) != data->has(cal::kEndTime))
      return refuse_one(kConversion, "has one end of an occurrence without the other");
    if (item.revision > seen_of(id) && conflict_of(item) == 1) return refuse_one(kConflict, {});
    return false;
  }

  void change_one(const Node& command, Item& item) {
    if (refused_one(command, item)) return;
    change_occurrence(item, command.value(asb::kInstanceId), *command.find(as::kApplicationData));
    applied(item);
  }

  void applied(Item& item) {
    mailbox().touch_content(item);
    state_.known.learn(item.id, item.revision);
    state_.last_changes[item.id] = item.revision;
  }

  int conflict_of(const Item& item) const {
    for (const SyncOptions& block : options_) {
      if (block.class_name.empty() || block.class_name == item.class_name) return block.conflict;
    }
    return 1;
  }

  void remove(const Node& command) {
    const std::string id(command.value(as::kServerId));
    Item* const item = own_item(id);
    if (item != nullptr && command.has(asb::kInstanceId)) {
      if (refused_one(command, *item)) return;
      cancel_occurrence(*item, command.value(asb::kInstanceId));
      return applied(*item);
    }
    if (item == nullptr) {
      if (earlier_deletes_.contains(id)) {
        state_.last_deletes.insert(id);
        state_.known.forget(id);
        return;
      }
      return refuse(as::kDelete, id, kNotFound);
    }
    if (collection_.deletes_as_moves && folder_.type != FolderType::kDeleted) {
      mailbox().move(id, mailbox().default_folder(FolderType::kDeleted));
    } else {
      mailbox().remove(id);
    }
    state_.known.forget(id);
    state_.last_deletes.insert(id);
  }

  // What is wrong with a text that the client received or sent; "" = nothing.
  std::string text_fault(const Node& data) const {
    static constexpr std::array<Tag, 11> kAllowed = {
        em::kTo,         em::kFrom,         em::kDateReceived,    em::kImportance,         em::kRead, em::kFlag,
        em::kCategories, em::kInternetCPID, em2::kConversationId, em2::kConversationIndex, asb::kBody};
    if (!holds_texts(folder_, call_.version))
      return "adds an SMS to the folder " + folder_.name + " at " + version_text(call_.version);
    if (std::none_of(options_.begin(), options_.end(),
                     [](const SyncOptions& block) { return block.class_name == "SMS"; }))
      return "adds an SMS without Options for SMS";
    for (const Node& child : data.children) {
      if (std::find(kAllowed.begin(), kAllowed.end(), child.tag) == kAllowed.end())
        return "adds an SMS with " + tag_text(child.tag);
    }
    const Node* const body = data.find(asb::kBody);
    if (body == nullptr || body->number(asb::kType) != 1) return "adds an SMS without a Body of plain text";
    if (!time_of(data.value(em::kDateReceived))) return "adds an SMS without DateReceived";
    // A name and a number, as Exchange writes participants that are no mailboxes.
    const auto is_phone = [&](Tag tag) {
      const std::string_view value = data.value(tag);
      return value.find("[MOBILE:") != std::string_view::npos && value.ends_with("]");
    };
    if (!is_phone(folder_.type == FolderType::kSent ? em::kTo : em::kFrom)) return "adds an SMS of nobody's number";
    return {};
  }

  // What is wrong with a new item; "" = nothing.
  std::string add_fault(const Node& data, const std::string& class_name) const {
    if (class_name == "SMS") return text_fault(data);
    if (class_name != folder_.class_name()) return "adds an item of class " + class_name + " to a folder of another";
    if (class_name == "Email") {
      if (call_.version < 160 || folder_.type != FolderType::kDrafts)
        return "adds a mail that is neither SMS nor draft";
      for (const Node& child : data.children) {
        if (!is_draft_property(child.tag)) return "adds a draft with " + tag_text(child.tag);
      }
    }
    if (class_name == "Calendar") {
      if (!data.has(cal::kStartTime) || !data.has(cal::kEndTime)) return "adds an event without StartTime and EndTime";
      if (call_.version >= 160 && (data.has(cal::kUID) || data.has(cal::kDtStamp)))
        return "adds an event with UID or DtStamp at " + version_text(call_.version);
      return of_another_version(data, call_.version);
    }
    if (class_name == "Notes" && !data.value(wbxml::notes::kMessageClass).starts_with("IPM.StickyNote")) {
      return "adds a note without MessageClass";
    }
    return {};
  }

  void add(const Node& command) {
    const std::string client_id(command.value(as::kClientId));
    const std::string given(command.value(as::kClass));
    const std::string class_name = given.empty() ? std::string(folder_.class_name()) : given;
    const Node data = data_of(command);
    Node& entry = responses_.add(as::kAdd);
    if (!given.empty()) entry.add(as::kClass, given);
    entry.add(as::kClientId, client_id);
    if (const std::string fault = add_fault(data, class_name); !fault.empty()) {
      call_.violation(fault);
      entry.add(as::kStatus, kConversion);
      return;
    }
    if (state_.last_adds.contains(client_id)) {
      call_.violation("uses the ClientId \"" + client_id + "\" twice");
      entry.add(as::kStatus, kProtocol);
      return;
    }
    std::string id = earlier(client_id, data);
    if (id.empty()) {
      Item item;
      item.class_name = class_name;
      item.received_ms = call_.state->now_ms;
      take_properties(item, data);
      if (class_name == "SMS") item.received_ms = *time_of(data.value(em::kDateReceived));
      if (class_name == "Calendar" && call_.version >= 160) {
        const std::string_view uid = data.value(cal::kClientUid);
        item.set(Node(cal::kUID, uid.empty() ? "uid-" + std::to_string(call_.state->random.next()) : std::string(uid)));
        item.set(Node(cal::kDtStamp, compact_time(call_.state->now_ms)));
      }
      if (class_name == "Email") {
        item.draft = true;
        item.set(Node(em::kDateReceived, iso_time(call_.state->now_ms)));
        item.set(Node(em::kFrom, call_.account->user.email));
        if (item.value(em::kRead).empty()) item.set(Node(em::kRead, 1));
      }
      id = mailbox().add(folder_, std::move(item)).id;
    }
    if (const Item* const item = mailbox().item(id)) state_.known.learn(id, item->revision);
    state_.last_adds[client_id] = id;
    entry.add(as::kServerId, id);
    entry.add(as::kStatus, kSuccess);
    if (const Item* const item = mailbox().item(id); item != nullptr && item->draft)
      name_attachments(entry, *item, data);
    if (command.has(em2::kSend)) send_draft(id);
  }

  // The item a repeated Add has made already.
  std::string earlier(const std::string& client_id, const Node& data) {
    if (const auto found = earlier_adds_.find(client_id); found != earlier_adds_.end()) {
      if (mailbox().item(found->second) != nullptr) return found->second;
    }
    const std::string_view client_uid = data.value(cal::kClientUid);
    if (client_uid.empty()) return {};
    for (const auto& [number, item] : folder_.items) {
      if (item.value(cal::kClientUid) == client_uid) return item.id;
    }
    return {};
  }

  void send_draft(const std::string& id) {
    Item* const item = mailbox().item(id);
    if (item == nullptr) return;
    Item mail = *item;
    mail.draft = false;
    mailbox().remove(id);
    submit(*call_.state, *call_.account, std::move(mail), true);
    ++call_.account->sent_client_ids["draft " + id];
  }

  void fetch(const Node& command) {
    const std::string id(command.value(as::kServerId));
    Node& entry = responses_.add(as::kFetch);
    entry.add(as::kServerId, id);
    const Item* const item = visible_item(*call_.account, id);
    if (item == nullptr || item->folder != folder_.id) {
      entry.add(as::kStatus, kNotFound);
    } else if (item->class_name != "Email") {
      call_.violation("fetches an item of class " + item->class_name + " with Sync");
      entry.add(as::kStatus, kProtocol);
    } else {
      entry.add(as::kStatus, kSuccess);
      ViewOptions view = options_.front().view;
      for (BodyPreference& preference : view.bodies) preference.truncation_bytes.reset();
      view.whole_without_preference = true;
      entry.add(item_properties(*item, as::kApplicationData, view, call_.version));
    }
  }

  Call& call_;
  const SyncCollection& collection_;
  Folder& folder_;
  CollectionState& state_;
  const std::vector<SyncOptions>& options_;
  std::map<std::string, std::string> earlier_adds_;
  std::set<std::string> earlier_deletes_;
  std::map<std::string, std::uint64_t> earlier_changes_;
  Node responses_{as::kResponses};
};

}  // namespace

Node apply_commands(Call& call, const SyncCollection& collection, Folder& folder, CollectionState& state, bool retry,
                    const std::vector<SyncOptions>& options) {
  Applier applier(call, collection, folder, state, retry, options);
  static const Node kNone(as::kCommands);
  const Node* const commands = collection.commands();
  return applier.run(commands == nullptr ? kNone : *commands);
}

}  // namespace exchange
