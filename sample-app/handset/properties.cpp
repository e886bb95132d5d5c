#include "handset/properties.h"

#include <cjson/cJSON.h>

#include <algorithm>
#include <memory>

#include "handset/text.h"
#include "wbxml/code_pages.h"
#include "wbxml/reader.h"
#include "wbxml/writer.h"

namespace handset {
namespace {

namespace wbxml = handsync::wbxml;

constexpr std::size_t kNameColumns = 26;

class Tree final : public wbxml::Sink {
 public:
  explicit Tree(Element& root) { path_.push_back(&root); }
  handsync::Status open(wbxml::Tag tag) override {
    Element& element = path_.back()->children.emplace_back();
    element.name = wbxml::tag_name(tag);
    if (element.name.empty()) element.name = "Unknown" + std::to_string(tag);
    path_.push_back(&element);
    return handsync::Done{};
  }
  handsync::Status text(handsync::Bytes piece, bool) override {
    path_.back()->text += handsync::text_of(piece);
    return handsync::Done{};
  }
  handsync::Status close(wbxml::Tag) override {
    path_.pop_back();
    return handsync::Done{};
  }

 private:
  std::vector<Element*> path_;  // stays valid: only the innermost open element gets children
};

std::vector<std::string> entries_of(std::string_view list) {
  std::vector<std::string> entries;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(handsync::kListSeparator), list.size());
    entries.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return entries;
}

Json object_of(const Element& element) {
  Json json;
  std::vector<std::string> done;
  for (const Element& child : element.children) {
    if (std::find(done.begin(), done.end(), child.name) != done.end()) continue;
    done.push_back(child.name);
    std::vector<const Element*> same;
    bool plain = true;
    for (const Element& other : element.children) {
      if (other.name != child.name) continue;
      same.push_back(&other);
      plain = plain && other.children.empty();
    }
    const char* name = child.name.c_str();
    if (plain && same.size() == 1) {
      json.set(name, child.text);
    } else if (plain) {
      std::vector<std::string> texts;
      for (const Element* each : same) texts.push_back(each->text);
      json.set(name, texts);
    } else if (same.size() == 1) {
      json.set(name, object_of(child));
    } else {
      std::vector<Json> objects;
      for (const Element* each : same) objects.push_back(object_of(*each));
      json.set(name, std::move(objects));
    }
  }
  return json;
}

/// The element that a JSON name means: of its parent's code page, or of those that others share.
wbxml::Tag tag_named(const std::string& name, std::uint8_t page) {
  for (const std::uint8_t candidate :
       {page, wbxml::page_of(wbxml::air_sync_base::kBody), wbxml::page_of(wbxml::meeting_response::kRequest)}) {
    if (const wbxml::Tag tag = wbxml::find_tag(candidate, name); tag != 0) return tag;
  }
  throw usage("`" + name + "` is no element of ActiveSync", "take the names that `show --json` prints");
}

void put_json(wbxml::Writer& writer, wbxml::Tag tag, const cJSON* value, std::uint8_t page) {
  if (cJSON_IsArray(value) != 0) {
    const cJSON* each = nullptr;
    cJSON_ArrayForEach(each, value) put_json(writer, tag, each, page);
    return;
  }
  if (cJSON_IsObject(value) == 0) {
    writer.element(tag, cJSON_IsString(value) != 0 ? std::string_view(value->valuestring) : std::string_view());
    return;
  }
  if (value->child == nullptr) {
    writer.empty(tag);
    return;
  }
  writer.open(tag);
  const cJSON* child = nullptr;
  cJSON_ArrayForEach(child, value) put_json(writer, tag_named(child->string, page), child, page);
  writer.close();
}

std::string line_of(const Element& element) {
  if (element.children.empty()) return element.text;
  std::string line;
  for (const Element& child : element.children) {
    if (!line.empty()) line += ", ";
    line += child.children.empty() ? child.name + " " + child.text : child.name + " (" + line_of(child) + ")";
  }
  return line;
}

}  // namespace

std::vector<Element> elements_of(std::string_view fragment) {
  // A root of our own around them: the reader wants one document.
  std::string document("\x03\x01\x6A\x00\x00\x00", 6);
  document += static_cast<char>(wbxml::token_of(wbxml::air_sync::kApplicationData) | 0x40);
  document += fragment;
  document += '\x01';
  Element root;
  Tree tree(root);
  wbxml::Reader reader(tree);
  static_cast<void>(reader.feed(handsync::bytes_of(document)));
  return root.children.empty() ? std::vector<Element>{} : std::move(root.children.front().children);
}

std::vector<ItemProperty> properties_of(Session& session, const Numbered& at) {
  const OpenReader reader(session, at.account);
  const auto item = static_cast<handsync::ItemId>(at.own);
  std::vector<ItemProperty> all;
  each_row<handsync::PropertyRow>(reader->properties(item), [&](const handsync::PropertyRow& row) {
    all.push_back({row.id, std::string(row.name), std::string(row.value), row.structured, row.list});
    if (row.bytes > row.value.size()) all.back().value.clear();
    return true;
  });
  for (ItemProperty& property : all) {
    if (!property.value.empty() || property.id == 1) continue;
    std::byte room[16384];
    for (;;) {
      const auto bytes = reader->property(item, property.id, property.value.size(), room);
      if (!bytes.ok()) throw failure_of(bytes.error());
      if (bytes.value() == 0) break;
      property.value += handsync::text_of({room, bytes.value()});
    }
  }
  return all;
}

Json properties_json(const std::vector<ItemProperty>& properties) {
  Json json;
  for (const ItemProperty& property : properties) {
    if (property.list) {
      json.set(property.name.c_str(), entries_of(property.value));
    } else if (!property.structured) {
      json.set(property.name.c_str(), property.value);
    } else {
      for (const Element& element : elements_of(property.value)) {
        if (json.has(element.name.c_str())) continue;
        if (element.children.empty()) {
          json.set(element.name.c_str(), element.text);
        } else {
          json.set(element.name.c_str(), object_of(element));
        }
      }
    }
  }
  return json;
}

std::optional<std::string> property_of_json(const Json& json, const handsync::items::Property& row) {
  const std::string text = json.text();
  const std::unique_ptr<cJSON, decltype(&cJSON_Delete)> root(cJSON_Parse(text.c_str()), cJSON_Delete);
  const std::string name(wbxml::tag_name(row.tag));
  const cJSON* value =
      cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root.get(), "properties"), name.c_str());
  if (value == nullptr) return {};
  if (row.kind == handsync::items::Kind::kRaw) {
    // A place is a word up to 14.1 and a structure from 16.0 on: each is another property.
    if (cJSON_IsObject(value) == 0) return {};
    std::string document(256 * 1024, '\0');
    wbxml::Writer writer{std::as_writable_bytes(std::span(document))};
    put_json(writer, row.tag, value, wbxml::page_of(row.tag));
    if (!writer.status().ok()) throw usage("`" + name + "` is too long, or not UTF-8", "shorten it");
    document.resize(writer.size());
    return document.substr(4);
  }
  if (row.kind == handsync::items::Kind::kList) {
    if (cJSON_IsArray(value) == 0) throw usage("`" + name + "` is a list of texts", "write it as [\"one\",\"two\"]");
    std::string list;
    const cJSON* each = nullptr;
    cJSON_ArrayForEach(each, value) {
      if (cJSON_IsString(each) == 0) continue;
      if (!list.empty()) list += handsync::kListSeparator;
      list += each->valuestring;
    }
    return list;
  }
  if (cJSON_IsString(value) == 0) return {};
  return std::string(value->valuestring);
}

void say_properties(Session& session, const std::vector<ItemProperty>& properties) {
  for (const ItemProperty& property : properties) {
    std::vector<std::pair<std::string, std::string>> lines;
    if (property.list) {
      std::string joined;
      for (const std::string& entry : entries_of(property.value)) joined += (joined.empty() ? "" : ", ") + entry;
      lines.emplace_back(property.name, joined);
    } else if (property.structured) {
      for (const Element& element : elements_of(property.value)) lines.emplace_back(element.name, line_of(element));
    } else {
      lines.emplace_back(property.name, property.value);
    }
    for (const auto& [name, text] : lines) {
      const bool long_text = property.name == "Picture" || property.name == "Timezone";
      const std::string shown = long_text ? std::to_string(text.size()) + " bytes" : printable(text);
      if (!shown.empty()) session.say(padded(name + ":", kNameColumns) + shown);
    }
  }
}

}  // namespace handset
