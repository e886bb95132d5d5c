#include "exchange/occurrences.h"

#include <algorithm>

namespace exchange {
namespace {

namespace asb = wbxml::air_sync_base;
namespace cal = wbxml::calendar;

bool names_one(Tag tag) { return tag == cal::kExceptionStartTime || tag == asb::kInstanceId; }

std::string start_of(const Node& exception) {
  for (const Node& child : exception.children) {
    if (names_one(child.tag)) return child.text;
  }
  return {};
}

bool is_compact(std::string_view time) {
  if (time.size() != 16 || time[8] != 'T' || time[15] != 'Z') return false;
  for (std::size_t i = 0; i < 15; ++i) {
    if (i != 8 && (time[i] < '0' || time[i] > '9')) return false;
  }
  return true;
}

Node& list_of(Item& item) {
  for (Node& property : item.properties) {
    if (property.tag == cal::kExceptions) return property;
  }
  return item.properties.emplace_back(cal::kExceptions);
}

Node* find_one(Node& list, std::string_view start) {
  const auto found = std::find_if(list.children.begin(), list.children.end(),
                                  [&](const Node& exception) { return start_of(exception) == start; });
  return found == list.children.end() ? nullptr : &*found;
}

const Node* property_of(const Item& item, Tag tag) {
  const auto found = std::find_if(item.properties.begin(), item.properties.end(),
                                  [&](const Node& property) { return property.tag == tag; });
  return found == item.properties.end() ? nullptr : &*found;
}

}  // namespace

Node exceptions_for_version(const Node& exceptions, int version) {
  Node shaped = exceptions;
  for (Node& exception : shaped.children) {
    for (Node& child : exception.children) {
      if (names_one(child.tag)) child.tag = version >= 160 ? asb::kInstanceId : cal::kExceptionStartTime;
      if (version < 160 && child.tag == asb::kLocation) child = Node(cal::kLocation, child.value(asb::kDisplayName));
      if (version >= 160 && child.tag == cal::kLocation) {
        Node location(asb::kLocation);
        location.add(asb::kDisplayName, child.text);
        child = std::move(location);
      }
    }
  }
  return shaped;
}

std::string merge_exceptions(Item& item, const Node& given) {
  for (const Node& exception : given.children) {
    if (exception.tag != cal::kException || !is_compact(start_of(exception)))
      return "has an Exception without a start that names it";
  }
  Node& list = list_of(item);
  for (const Node& exception : given.children) {
    if (Node* const present = find_one(list, start_of(exception))) {
      *present = exception;
    } else {
      list.add(exception);
    }
  }
  return {};
}

void replace_exceptions(Item& item, const Node* given) {
  Node& list = list_of(item);
  std::erase_if(list.children, [&](const Node& exception) {
    return given == nullptr || std::none_of(given->children.begin(), given->children.end(),
                                            [&](const Node& other) { return start_of(other) == start_of(exception); });
  });
  for (std::size_t i = 0; given != nullptr && i < given->children.size(); ++i) {
    const Node& exception = given->children[i];
    Node* const present = find_one(list, start_of(exception));
    if (present == nullptr) {
      list.add(exception);
    } else if (exception.has(cal::kDeleted)) {
      *present = exception;
    } else {
      for (const Node& child : exception.children) {
        if (names_one(child.tag)) continue;
        if (Node* const old = present->find(child.tag)) {
          *old = child;
        } else {
          present->add(child);
        }
      }
    }
  }
  if (list.children.empty()) item.remove(cal::kExceptions);
}

std::string instance_fault(const Item& item, std::string_view instance) {
  const Node* const rule = property_of(item, cal::kRecurrence);
  if (item.class_name != "Calendar" || rule == nullptr || rule->children.empty())
    return "names an occurrence of what is no series";
  if (!is_compact(instance)) return "has the InstanceId \"" + std::string(instance) + "\", which is no time";
  if (instance < item.value(cal::kStartTime)) return "names an occurrence before the first one";
  return {};
}

void change_occurrence(Item& item, std::string_view instance, const Node& data) {
  Node& list = list_of(item);
  Node* one = find_one(list, instance);
  if (one == nullptr) {
    one = &list.add(cal::kException);
    one->add(asb::kInstanceId, instance);
  }
  one->remove(cal::kDeleted);
  for (const Node& child : data.children) {
    if (Node* const present = one->find(child.tag)) {
      *present = child;
    } else {
      one->add(child);
    }
  }
}

void cancel_occurrence(Item& item, std::string_view instance) {
  Node& list = list_of(item);
  Node* const present = find_one(list, instance);
  Node one(cal::kException);
  one.add(asb::kInstanceId, instance);
  one.add(cal::kDeleted, 1);
  if (present != nullptr) {
    *present = std::move(one);
  } else {
    list.add(std::move(one));
  }
}

bool moves_series(const Item& item, const Node& data) {
  for (const Tag tag : {cal::kStartTime, cal::kEndTime, cal::kRecurrence}) {
    const Node* const given = data.find(tag);
    const Node* const present = property_of(item, tag);
    if (given != nullptr && (present == nullptr || !(*given == *present))) return true;
  }
  return false;
}

}  // namespace exchange
