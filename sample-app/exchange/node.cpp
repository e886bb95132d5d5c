#include "exchange/node.h"

#include <algorithm>
#include <charconv>

#include "exchange/text.h"
#include "wbxml/reader.h"
#include "wbxml/writer.h"

namespace exchange {
namespace {

class TreeBuilder final : public wbxml::Sink {
 public:
  handsync::Status open(Tag tag) override {
    Node& node = path_.empty() ? root_ : path_.back()->children.emplace_back();
    node.tag = tag;
    path_.push_back(&node);
    return handsync::Done{};
  }
  handsync::Status text(handsync::Bytes piece, bool opaque) override {
    path_.back()->text += handsync::text_of(piece);
    path_.back()->opaque = path_.back()->opaque || opaque;
    return handsync::Done{};
  }
  handsync::Status close(Tag) override {
    path_.pop_back();
    return handsync::Done{};
  }
  Node take() { return std::move(root_); }

 private:
  Node root_;
  std::vector<Node*> path_;  // stays valid: only the innermost open element gets children
};

void write(wbxml::Writer& writer, const Node& node) {
  if (node.text.empty() && node.children.empty()) {
    writer.empty(node.tag);
    return;
  }
  writer.open(node.tag);
  if (!node.text.empty()) {
    if (node.opaque) {
      writer.opaque(handsync::bytes_of(node.text));
    } else {
      writer.text(node.text);
    }
  }
  for (const Node& child : node.children) write(writer, child);
  writer.close();
}

bool is_secret(Tag tag) { return tag == wbxml::settings::kPassword || tag == wbxml::item_operations::kPassword; }

void print(std::string& out, const Node& node, int depth, std::uint8_t page) {
  const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
  const std::uint8_t own_page = wbxml::page_of(node.tag);
  const std::string name = tag_text(node.tag).substr(tag_text(node.tag).find(':') + 1);
  out += indent + "<" + name;
  if (own_page != page || depth == 0) out += " xmlns=\"" + std::string(wbxml::page_name(own_page)) + "\"";
  if (node.text.empty() && node.children.empty()) {
    out += "/>\n";
    return;
  }
  out += ">";
  if (is_secret(node.tag)) {
    out += "***";
  } else if (node.opaque) {
    out += "<!-- " + std::to_string(node.text.size()) + " bytes -->";
  } else {
    out += escape_xml(node.text);
  }
  if (!node.children.empty()) {
    out += "\n";
    for (const Node& child : node.children) print(out, child, depth + 1, own_page);
    out += indent;
  }
  out += "</" + name + ">\n";
}

}  // namespace

Node& Node::add_opaque(Tag name, std::string_view value) {
  Node& node = add(name, value);
  node.opaque = true;
  return node;
}

const Node* Node::find(Tag name) const {
  for (const Node& child : children) {
    if (child.tag == name) return &child;
  }
  return nullptr;
}

Node* Node::find(Tag name) { return const_cast<Node*>(std::as_const(*this).find(name)); }

std::string_view Node::value(Tag name) const {
  const Node* child = find(name);
  return child == nullptr ? std::string_view() : std::string_view(child->text);
}

std::optional<std::int64_t> Node::number(Tag name) const {
  const Node* child = find(name);
  return child == nullptr ? std::nullopt : parse_number(child->text);
}

std::size_t Node::count(Tag name) const {
  return static_cast<std::size_t>(
      std::count_if(children.begin(), children.end(), [name](const Node& child) { return child.tag == name; }));
}

void Node::remove(Tag name) {
  std::erase_if(children, [name](const Node& child) { return child.tag == name; });
}

Node parse_wbxml(std::string_view document) {
  TreeBuilder builder;
  wbxml::Reader reader(builder);
  handsync::Status status = reader.feed(handsync::bytes_of(document));
  if (status.ok()) status = reader.finish();
  if (!status.ok()) {
    throw BadDocument("WBXML fault " + std::to_string(status.error().code) + " at byte " +
                      std::to_string(status.error().where));
  }
  return builder.take();
}

std::string to_wbxml(const Node& root) {
  wbxml::Writer measure{handsync::Room()};
  write(measure, root);
  std::string document(measure.size(), '\0');
  wbxml::Writer writer{std::as_writable_bytes(std::span(document))};
  write(writer, root);
  if (!writer.status().ok()) {
    throw std::logic_error("an answer could not be written as WBXML: fault " +
                           std::to_string(writer.status().error().code));
  }
  return document;
}

std::string to_xml(const Node& root) {
  std::string out;
  print(out, root, 0, 0);
  return out;
}

std::string tag_text(Tag tag) {
  const std::string_view page = wbxml::page_name(wbxml::page_of(tag));
  const std::string_view name = wbxml::tag_name(tag);
  if (name.empty()) return std::string(page) + ":unknown" + std::to_string(tag);
  return std::string(page) + ":" + std::string(name);
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace exchange
