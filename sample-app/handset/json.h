/// One JSON object that is put together key by key and printed on one line (cJSON).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct cJSON;

namespace handset {

class Json {
 public:
  Json();                                ///< {}
  explicit Json(std::string_view text);  ///< parses; valid() is false when it is not an object
  Json(Json&& other) noexcept;
  Json& operator=(Json&& other) noexcept;
  ~Json();

  /// Texts that are not UTF-8 are repaired: a line of output is always valid JSON.
  Json& set(const char* key, std::string_view text);
  Json& set(const char* key, const char* text) { return set(key, std::string_view(text)); }
  Json& set(const char* key, const std::string& text) { return set(key, std::string_view(text)); }
  Json& set(const char* key, bool value);
  Json& set(const char* key, std::int64_t number);
  Json& set(const char* key, std::uint64_t number);
  Json& set(const char* key, int number) { return set(key, static_cast<std::int64_t>(number)); }
  Json& set(const char* key, unsigned number) { return set(key, static_cast<std::uint64_t>(number)); }
  Json& set(const char* key, Json&& object);
  Json& set(const char* key, const std::vector<std::string>& texts);
  Json& set(const char* key, std::vector<Json>&& objects);

  bool valid() const { return node_ != nullptr; }
  bool has(const char* key) const;
  std::string get(const char* key) const;  ///< "" when it is not there or no text
  std::int64_t number(const char* key, std::int64_t otherwise = 0) const;
  bool flag(const char* key) const;
  std::vector<std::string> texts(const char* key) const;
  std::vector<std::pair<std::string, std::string>> pairs(const char* key) const;  ///< members of an object of texts

  std::string text() const;

 private:
  cJSON* node_ = nullptr;
};

}  // namespace handset
