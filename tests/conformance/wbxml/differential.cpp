// The two ends of the differential test (tests/conformance/wbxml/run): documents out of a seed, and documents as XML.
//
//     differential generate NAMES SEED COUNT FOLDER
//         writes FOLDER/N.wbxml and FOLDER/N.xml; prints how many elements it used and how many there are
//     differential render FILE...
//         writes FILE.xml for each FILE, or the fault if it cannot be read
//
// Every fifth document is unusual on purpose: text as OPAQUE, in several strings, empty strings. It is another sequence
// of bytes for the same XML, so its name is N.odd.wbxml: what comes back from XML cannot be the same bytes.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "bench/mail_generator.h"
#include "wbxml/code_pages.h"
#include "wbxml/writer.h"
#include "wbxml/xml.h"

namespace handsync::wbxml {
namespace {

struct StringOut final : TextOut {
  Status put(Text piece) override {
    text += piece;
    return Done{};
  }
  std::string text;
};

// The XML of a document, read in pieces of a length that differs from document to document.
std::string rendered(const std::string& document) {
  StringOut out;
  XmlSink sink(out, {.masked = nullptr});
  Reader reader(sink);
  const std::size_t chunk_bytes = 1 + document.size() % 61;
  for (std::size_t at = 0; at < document.size(); at += chunk_bytes) {
    if (!reader.feed(bytes_of(Text(document).substr(at, chunk_bytes))).ok()) break;
  }
  const Status status = reader.finish();
  if (status.ok()) return out.text;
  return "fault " + std::to_string(status.error().code) + " at " + std::to_string(status.error().where);
}

void store(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

class Generator {
 public:
  Generator(std::vector<Tag> tags, std::uint64_t seed) : tags_(std::move(tags)), random_(seed) {}

  std::string document(bool odd) {
    odd_ = odd;
    std::vector<std::byte> room(1 << 20);
    Writer writer(room);
    writer_ = &writer;
    element(0);
    if (!writer.status().ok()) return {};
    return std::string(text_of(writer.document()));
  }
  std::size_t used() const { return used_.size(); }

 private:
  // Each tag has its turn: a shuffled deck, dealt again when it is empty.
  Tag next_tag() {
    if (deck_.empty()) {
      deck_ = tags_;
      for (std::size_t i = deck_.size(); i > 1; --i) {
        std::swap(deck_[i - 1], deck_[random_.below(static_cast<std::uint32_t>(i))]);
      }
    }
    const Tag tag = deck_.back();
    deck_.pop_back();
    used_.insert(tag);
    return tag;
  }

  void element(int depth, Tag parent = 0, Tag grandparent = 0) {
    const Tag tag = next_tag();
    const std::uint32_t children = depth == 0 ? 2 + random_.below(8) : depth < 20 ? random_.below(5) : 0;
    if (children != 0 && (depth == 0 || random_.below(2) != 0) && !is_opaque_tag(tag)) {
      writer_->open(tag);
      for (std::uint32_t i = 0; i < children; ++i) element(depth + 1, tag, parent);
      writer_->close();
    } else if (random_.below(6) == 0 || mistaken(tag, grandparent)) {
      if (odd_ && random_.below(2) != 0) {
        writer_->open(tag).close();
      } else {
        writer_->empty(tag);
      }
    } else {
      writer_->open(tag);
      content(tag);
      writer_->close();
    }
  }

  // What libwbxml2 treats as another language's: any Data in a child of an Add is the vCard of a SyncML document to it
  // and becomes CDATA, and it writes some values of the Data of a policy as OPAQUE. Such elements stay empty.
  bool mistaken(Tag tag, Tag grandparent) const {
    if (tag_name(tag) != "Data") return false;
    return tag_name(grandparent) == "Add" || (tag == provision::kData && !odd_);
  }

  void content(Tag tag) {
    if (is_opaque_tag(tag)) {
      std::string bytes;
      const std::uint32_t length = 1 + random_.below(random_.below(8) == 0 ? 20000 : 200);
      while (bytes.size() < length) bytes += static_cast<char>(random_.next());
      writer_->opaque(bytes_of(bytes));
      return;
    }
    const std::string value = text();
    if (!odd_) {
      writer_->text(value);
    } else if (random_.below(2) != 0) {
      writer_->opaque(bytes_of(value));
    } else {  // strings that end where no character is cut
      std::size_t cut = random_.below(static_cast<std::uint32_t>(value.size()) + 1);
      while (cut < value.size() && (static_cast<unsigned char>(value[cut]) & 0xC0) == 0x80) ++cut;
      writer_->text(Text(value).substr(0, cut)).text("").text(Text(value).substr(cut));
    }
  }

  std::string text() {
    switch (random_.below(6)) {
      case 0:
        return std::to_string(random_.next());
      case 1:
        return "<p class=\"x\">" + bench::sentence(random_, 3) + " &amp; 'more'</p>";
      case 2:
        return "\xE2\x82\xAC" + bench::sentence(random_, 2) + "\xF0\x9F\x93\xB1";
      case 3:
        return bench::sentence(random_, 1 + random_.below(random_.below(8) == 0 ? 2000 : 40));
      case 4:
        return bench::sentence(random_, 2) + "\n\t" + bench::sentence(random_, 2) + "]]>";
      default:
        return "5:" + std::to_string(random_.below(1000));
    }
  }

  std::vector<Tag> tags_, deck_;
  std::set<Tag> used_;
  bench::Random random_;
  Writer* writer_ = nullptr;
  bool odd_ = false;
};

std::vector<Tag> tags_known_to_both(const std::string& names_path) {
  std::set<Tag> unknown;
  std::ifstream names(names_path);
  std::string space, ours, theirs;
  while (names >> space) {
    if (space == "#") {
      std::getline(names, space);
    } else if (names >> ours >> theirs && theirs == "-") {
      unknown.insert(find_tag(find_page(space), ours));
    }
  }
  std::vector<Tag> tags;
  for (unsigned tag = 0; tag < kPages << 8; ++tag) {
    const Tag candidate = static_cast<Tag>(tag);
    if (!tag_name(candidate).empty() && !unknown.contains(candidate)) tags.push_back(candidate);
  }
  return tags;
}

int generate(const std::string& names, std::uint64_t seed, int count, const std::string& folder) {
  const std::vector<Tag> tags = tags_known_to_both(names);
  Generator generator(tags, seed);
  for (int i = 0; i < count; ++i) {
    const bool odd = i % 5 == 4;
    const std::string document = generator.document(odd);
    if (document.empty()) return 1;
    const std::string path = folder + "/" + std::to_string(i) + (odd ? ".odd" : "");
    store(path + ".wbxml", document);
    store(path + ".xml", rendered(document));
  }
  std::printf("%zu %zu\n", generator.used(), tags.size());
  return 0;
}

}  // namespace
}  // namespace handsync::wbxml

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.size() == 5 && words[0] == "generate") {
    return handsync::wbxml::generate(words[1], std::stoull(words[2]), std::stoi(words[3]), words[4]);
  }
  if (words.size() < 2 || words[0] != "render") {
    std::fprintf(stderr, "differential generate NAMES SEED COUNT FOLDER | render FILE...\n");
    return 2;
  }
  for (std::size_t i = 1; i < words.size(); ++i) {
    std::ifstream file(words[i], std::ios::binary);
    const std::string document{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    handsync::wbxml::store(words[i] + ".xml", handsync::wbxml::rendered(document));
  }
  return 0;
}
