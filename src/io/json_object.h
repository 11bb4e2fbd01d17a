// Builds a JSON object field by field. Written as nested lists, objects make many times the code.
#pragma once

#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

namespace reluscope {

class JsonObject {
 public:
  using Json = nlohmann::ordered_json;

  JsonObject& add(const char* key, Json value);
  JsonObject& add(const char* key, double value);
  JsonObject& add(const char* key, std::int64_t value);
  JsonObject& add(const char* key, bool value);
  JsonObject& add(const char* key, const std::string& value);
  JsonObject& add(const char* key, const char* value);
  JsonObject& add(const char* key, const std::optional<double>& value);  // null without one
  template <std::integral T>
  JsonObject& add(const char* key, T value) {
    return add(key, static_cast<std::int64_t>(value));
  }
  operator Json() { return std::move(json_); }

 private:
  Json json_ = Json::object();
};

}  // namespace reluscope
