// ItemOperations (MS-ASCMD 2.2.1.10) and GetAttachment: items with their bodies, attachments, emptying a folder.
#include "exchange/item_view.h"
#include "exchange/mail_generator.h"
#include "exchange/state.h"
#include "exchange/sync_filter.h"
#include "exchange/text.h"

namespace exchange {
namespace {

namespace as = wbxml::air_sync;
namespace asb = wbxml::air_sync_base;
namespace io = wbxml::item_operations;

constexpr std::size_t kOperationsMax = 100;
enum Status : int {
  kSuccess = 1,
  kProtocol = 2,
  kNotFound = 6,
  kBadRange = 8,
  kUnknownStore = 9,
  kTooMany = 11,
  kBadAttachment = 15,
  kMissingMoveAlways = 155,
  kBadDestination = 156,
};

struct Found {
  const Item* item = nullptr;
  const Attachment* attachment = nullptr;
};

// "5%3a12%3a0" or "5:12:0": folder, item, number.
Found find_attachment(const Account& account, std::string_view reference) {
  const std::string plain = from_percent(reference);
  const std::size_t colon = plain.rfind(':');
  if (colon == std::string::npos) return {};
  const Item* const item = visible_item(account, std::string_view(plain).substr(0, colon));
  if (item == nullptr) return {};
  for (std::size_t i = 0; i < item->attachments.size(); ++i) {
    if (from_percent(file_reference(*item, i)) == plain) return {item, &item->attachments[i]};
  }
  return {};
}

using Parts = std::vector<std::string>;

bool in_parts(const Call& call) { return call.query.accept_multipart && !call.no_multipart; }

void fetch_attachment(Call& call, const Node& fetch, Node& answer, Parts& parts) {
  const std::string_view reference = fetch.value(asb::kFileReference);
  const Node* const options = fetch.find(io::kOptions);
  bool only_range = true;
  for (const Node& child : options == nullptr ? std::vector<Node>() : options->children)
    only_range = only_range && child.tag == io::kRange;
  if (!only_range) {
    call.violation("asks for an attachment with Options other than Range");
    answer.add(io::kStatus, kProtocol);
    answer.add(asb::kFileReference, reference);
    return;
  }
  const Attachment* const attachment = find_attachment(*call.account, reference).attachment;
  if (attachment == nullptr) {
    answer.add(io::kStatus, kBadAttachment);
    answer.add(asb::kFileReference, reference);
    return;
  }
  std::string bytes = bytes_of(*attachment);
  const std::size_t total = bytes.size();
  std::string range;
  if (options != nullptr && options->has(io::kRange) && !call.no_range) {
    const std::vector<std::string> ends = split(options->value(io::kRange), '-');
    const std::int64_t first = ends.size() == 2 ? parse_number(ends[0]).value_or(-1) : -1;
    const std::int64_t last = ends.size() == 2 ? parse_number(ends[1]).value_or(-1) : -1;
    if (first < 0 || last < first || static_cast<std::size_t>(first) >= total) {
      answer.add(io::kStatus, kBadRange);
      answer.add(asb::kFileReference, reference);
      return;
    }
    bytes = bytes.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first + 1));
    range = ends[0] + "-" + std::to_string(static_cast<std::size_t>(first) + bytes.size() - 1);
  }
  answer.add(io::kStatus, kSuccess);
  answer.add(asb::kFileReference, reference);
  Node& properties = answer.add(io::kProperties);
  if (!range.empty()) {
    properties.add(io::kRange, range);
    properties.add(io::kTotal, static_cast<std::int64_t>(total));
  }
  properties.add(asb::kContentType, attachment->content_type);
  if (in_parts(call)) {
    parts.push_back(std::move(bytes));
    properties.add(io::kPart, static_cast<std::int64_t>(parts.size()));
  } else {
    properties.add(io::kData, to_base64(bytes));
  }
}

void fetch_item(Call& call, const Node& fetch, Node& answer, Parts& parts) {
  const std::string_view id = fetch.value(as::kServerId), collection = fetch.value(as::kCollectionId);
  const Item* const item = visible_item(*call.account, id);
  if (collection == kRecipientsId) call.violation("fetches from the recipient information cache");
  const bool found = item != nullptr && item->folder == collection && collection != kRecipientsId;
  answer.add(io::kStatus, found ? kSuccess : kNotFound);
  answer.add(as::kCollectionId, collection);
  answer.add(as::kServerId, id);
  if (!found) return;
  answer.add(as::kClass, item->class_name);
  ViewOptions view;
  if (const Node* const options = fetch.find(io::kOptions)) view = read_options({*options}).front().view;
  view.whole_without_preference = true;
  Node& properties = answer.add(item_properties(*item, io::kProperties, view, call.version));
  if (!in_parts(call)) return;
  for (Node& property : properties.children) {
    if (property.tag != asb::kBody) continue;
    for (Node& child : property.children) {
      if (child.tag != asb::kData) continue;
      parts.push_back(std::move(child.text));
      child = Node(io::kPart, static_cast<std::int64_t>(parts.size()));
    }
  }
}

void fetch(Call& call, const Node& fetch, Node& response, Parts& parts) {
  Node& answer = response.add(io::kFetch);
  if (!same_without_case(fetch.value(io::kStore), "Mailbox")) {
    call.violation("fetches from the store \"" + std::string(fetch.value(io::kStore)) + "\"");
    answer.add(io::kStatus, kUnknownStore);
  } else if (fetch.has(asb::kFileReference)) {
    fetch_attachment(call, fetch, answer, parts);
  } else if (fetch.has(as::kServerId) && fetch.has(as::kCollectionId)) {
    fetch_item(call, fetch, answer, parts);
  } else {
    call.violation("fetches without FileReference or ServerId with CollectionId");
    answer.add(io::kStatus, kProtocol);
  }
}

void empty_folder(Call& call, const Node& request, Node& response) {
  const std::string id(request.value(as::kCollectionId));
  Mailbox& mailbox = call.account->mailbox;
  Folder* folder = mailbox.folder(id);
  if (folder != nullptr && folder->is_recipients()) {
    call.violation("empties the recipient information cache");
    folder = nullptr;
  }
  Node& answer = response.add(io::kEmptyFolderContents);
  answer.add(io::kStatus, folder == nullptr ? kNotFound : kSuccess);
  answer.add(as::kCollectionId, id);
  if (folder == nullptr) return;
  std::vector<std::string> ids;
  for (const auto& [number, item] : folder->items) ids.push_back(item.id);
  for (const std::string& item : ids) mailbox.remove(item);
  const Node* const options = request.find(io::kOptions);
  if (options == nullptr || !options->has(io::kDeleteSubFolders)) return;
  std::vector<std::string> below;
  for (const auto& [child, candidate] : mailbox.folders()) {
    if (candidate.parent == id) below.push_back(child);
  }
  for (const std::string& child : below) mailbox.remove_folder(child);
}

void move_conversation(Call& call, const Node& request, Node& response) {
  Mailbox& mailbox = call.account->mailbox;
  const std::string_view conversation = request.value(io::kConversationId);
  Node& answer = response.add(io::kMove);
  answer.add_opaque(io::kConversationId, conversation);
  const Node* const options = request.find(io::kOptions);
  Folder* const destination = mailbox.folder(request.value(io::kDstFldId));
  if (options == nullptr || !options->has(io::kMoveAlways)) {
    call.violation("moves a conversation without MoveAlways");
    answer.add(io::kStatus, kMissingMoveAlways);
    return;
  }
  if (!request.find(io::kConversationId)->opaque) call.violation("names a conversation otherwise than by its bytes");
  if (destination == nullptr || destination->class_name() != "Email") {
    answer.add(io::kStatus, kBadDestination);
    return;
  }
  std::vector<std::string> ids;
  bool known = false;
  for (const auto& [id, folder] : mailbox.folders()) {
    for (const auto& [number, item] : folder.items) {
      if (item.value(wbxml::email2::kConversationId) != conversation) continue;
      known = true;
      const bool stays = folder.type == FolderType::kSent || folder.type == FolderType::kDrafts;
      if (id != destination->id && !stays) ids.push_back(item.id);
    }
  }
  if (known) call.account->always_moved[std::string(conversation)] = destination->id;
  for (const std::string& id : ids) mailbox.move(id, *destination);
  answer.add(io::kStatus, known ? kSuccess : kNotFound);
}

}  // namespace

Outcome run_item_operations(Call& call) {
  Node answer(io::kItemOperations);
  const Node& request = *call.document;
  if (request.children.empty() || request.children.size() > kOperationsMax) {
    call.violation("has " + std::to_string(request.children.size()) + " operations; 1 to " +
                   std::to_string(kOperationsMax) + " are allowed");
    answer.add(io::kStatus, request.children.empty() ? kProtocol : kTooMany);
    return Outcome::answer(std::move(answer));
  }
  Node response(io::kResponse);
  Parts parts;
  for (const Node& operation : request.children) {
    if (operation.tag == io::kFetch) {
      fetch(call, operation, response, parts);
    } else if (operation.tag == io::kEmptyFolderContents) {
      empty_folder(call, operation, response);
    } else if (operation.tag == io::kMove && call.version >= 140) {
      move_conversation(call, operation, response);
    } else {
      call.violation("has " + tag_text(operation.tag) + " in ItemOperations");
      answer.add(io::kStatus, kProtocol);
      return Outcome::answer(std::move(answer));
    }
  }
  answer.add(io::kStatus, kSuccess);
  answer.add(std::move(response));
  if (in_parts(call)) return Outcome::multipart(std::move(answer), std::move(parts));
  return Outcome::answer(std::move(answer));
}

Outcome run_get_attachment(Call& call) {
  const Attachment* const attachment = find_attachment(*call.account, call.query.attachment_name).attachment;
  if (attachment == nullptr) return Outcome::refuse(500);
  return Outcome::bytes(attachment->content_type, bytes_of(*attachment));
}

}  // namespace exchange
