/// A WBXML document as a tree. A server may hold whole documents; the engine never does.
#pragma once
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "wbxml/code_pages.h"
#include "wbxml/tag.h"

namespace exchange {

namespace wbxml = handsync::wbxml;
using wbxml::Tag;

struct Node {
  Tag tag = 0;
  bool opaque = false;  ///< text travels as OPAQUE
  std::string text;
  std::vector<Node> children;

  Node() = default;
  explicit Node(Tag name) : tag(name) {}
  Node(Tag name, std::string_view value) : tag(name), text(value) {}
  Node(Tag name, std::int64_t value) : tag(name), text(std::to_string(value)) {}

  Node& add(Tag name) { return children.emplace_back(name); }
  Node& add(Tag name, std::string_view value) { return children.emplace_back(name, value); }
  Node& add(Tag name, std::int64_t value) { return children.emplace_back(name, value); }
  Node& add(Node child) { return children.emplace_back(std::move(child)); }
  Node& add_opaque(Tag name, std::string_view value);

  const Node* find(Tag name) const;  ///< first child of that name, or null
  Node* find(Tag name);
  bool has(Tag name) const { return find(name) != nullptr; }
  std::string_view value(Tag name) const;              ///< text of that child, "" when absent
  std::optional<std::int64_t> number(Tag name) const;  ///< nothing when absent or no number
  std::size_t count(Tag name) const;
  void remove(Tag name);  ///< every child of that name
  bool operator==(const Node&) const = default;
};

/// A document that is not WBXML; what() says where.
class BadDocument : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

Node parse_wbxml(std::string_view document);
std::string to_wbxml(const Node& root);
/// Indented XML for people. Text of elements that hold secrets is masked; opaque data is shown by its size.
std::string to_xml(const Node& root);
/// The element's name with its page where that helps: "AirSync:Sync".
std::string tag_text(Tag tag);

std::optional<std::int64_t> parse_number(std::string_view text);

}  // namespace exchange
