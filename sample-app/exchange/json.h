/// cJSON with an owner.
#pragma once
#include <cjson/cJSON.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace exchange {

class Json {
 public:
  static Json object() { return Json(cJSON_CreateObject()); }
  static Json array() { return Json(cJSON_CreateArray()); }
  /// Null inside when the text is no JSON.
  static Json parse(std::string_view text) { return Json(cJSON_ParseWithLength(text.data(), text.size())); }

  void set(const std::string& name, Json value) {
    cJSON_AddItemToObject(node_.get(), name.c_str(), value.node_.release());
  }
  void set(const std::string& name, const std::string& value) {
    cJSON_AddStringToObject(node_.get(), name.c_str(), value.c_str());
  }
  void set(const std::string& name, const char* value) { cJSON_AddStringToObject(node_.get(), name.c_str(), value); }
  void set(const std::string& name, std::uint64_t value) {
    cJSON_AddNumberToObject(node_.get(), name.c_str(), static_cast<double>(value));
  }
  void set(const std::string& name, bool value) { cJSON_AddBoolToObject(node_.get(), name.c_str(), value ? 1 : 0); }
  void push(Json value) { cJSON_AddItemToArray(node_.get(), value.node_.release()); }
  void push(const std::string& value) { cJSON_AddItemToArray(node_.get(), cJSON_CreateString(value.c_str())); }

  const cJSON* get() const { return node_.get(); }
  std::string text() const {
    const std::unique_ptr<char, decltype(&cJSON_free)> printed(cJSON_PrintUnformatted(node_.get()), cJSON_free);
    return printed ? printed.get() : "";
  }

 private:
  explicit Json(cJSON* node) : node_(node, cJSON_Delete) {}
  std::unique_ptr<cJSON, decltype(&cJSON_Delete)> node_;
};

}  // namespace exchange
