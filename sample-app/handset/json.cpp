#include "handset/json.h"

#include <cjson/cJSON.h>

#include <new>
#include <utility>

#include "handset/escape.h"
#include "handset/text.h"

namespace handset {
namespace {

void add(cJSON* object, const char* key, cJSON* value) {
  if (value == nullptr || !cJSON_AddItemToObject(object, key, value)) throw std::bad_alloc();
}

}  // namespace

Json::Json() : node_(cJSON_CreateObject()) {
  if (node_ == nullptr) throw std::bad_alloc();
}

Json::Json(std::string_view text) : node_(cJSON_ParseWithLength(text.data(), text.size())) {
  if (node_ != nullptr && !cJSON_IsObject(node_)) {
    cJSON_Delete(node_);
    node_ = nullptr;
  }
}

Json::Json(Json&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}

Json& Json::operator=(Json&& other) noexcept {
  std::swap(node_, other.node_);
  return *this;
}

Json::~Json() { cJSON_Delete(node_); }

Json& Json::set(const char* key, std::string_view text) {
  add(node_, key, cJSON_CreateString(valid_utf8(text).c_str()));
  return *this;
}

Json& Json::set(const char* key, bool value) {
  add(node_, key, cJSON_CreateBool(value));
  return *this;
}

// As raw digits: a double would round beyond 2^53.
Json& Json::set(const char* key, std::int64_t number) {
  add(node_, key, cJSON_CreateRaw(std::to_string(number).c_str()));
  return *this;
}

Json& Json::set(const char* key, std::uint64_t number) {
  add(node_, key, cJSON_CreateRaw(std::to_string(number).c_str()));
  return *this;
}

Json& Json::set(const char* key, Json&& object) {
  add(node_, key, std::exchange(object.node_, nullptr));
  return *this;
}

Json& Json::set(const char* key, const std::vector<std::string>& texts) {
  cJSON* array = cJSON_CreateArray();
  for (const std::string& text : texts) cJSON_AddItemToArray(array, cJSON_CreateString(valid_utf8(text).c_str()));
  add(node_, key, array);
  return *this;
}

Json& Json::set(const char* key, std::vector<Json>&& objects) {
  cJSON* array = cJSON_CreateArray();
  for (Json& object : objects) cJSON_AddItemToArray(array, std::exchange(object.node_, nullptr));
  add(node_, key, array);
  return *this;
}

bool Json::has(const char* key) const { return cJSON_GetObjectItemCaseSensitive(node_, key) != nullptr; }

std::string Json::get(const char* key) const {
  const cJSON* item = cJSON_GetObjectItemCaseSensitive(node_, key);
  return cJSON_IsString(item) ? item->valuestring : "";
}

std::int64_t Json::number(const char* key, std::int64_t otherwise) const {
  const cJSON* item = cJSON_GetObjectItemCaseSensitive(node_, key);
  return cJSON_IsNumber(item) ? static_cast<std::int64_t>(item->valuedouble) : otherwise;
}

bool Json::flag(const char* key) const { return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(node_, key)); }

std::vector<std::string> Json::texts(const char* key) const {
  std::vector<std::string> result;
  const cJSON* item = nullptr;
  cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(node_, key)) {
    if (cJSON_IsString(item)) result.emplace_back(item->valuestring);
  }
  return result;
}

std::vector<std::pair<std::string, std::string>> Json::pairs(const char* key) const {
  std::vector<std::pair<std::string, std::string>> result;
  const cJSON* item = nullptr;
  cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(node_, key)) {
    if (cJSON_IsString(item)) result.emplace_back(item->string, item->valuestring);
  }
  return result;
}

std::string Json::text() const {
  char* printed = cJSON_PrintUnformatted(node_);
  if (printed == nullptr) throw std::bad_alloc();
  // Outside of texts there is nothing to escape.
  std::string result = escaped_controls(printed);
  cJSON_free(printed);
  return result;
}

}  // namespace handset
