// Builds a JSON object from names and values. Written as nested lists of Json, objects make many
// times the code.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace reluscope {

using Json = nlohmann::ordered_json;

// A name or a value. Refers to texts and to Json, which it moves: they must outlive it, as
// temporaries of the same expression do.
class JsonPart {
 public:
  JsonPart(double value) : kind_(Kind::kNumber), number_(value) {}
  JsonPart(bool value) : kind_(Kind::kSwitch), whole_(value) {}
  template <std::integral T>
  JsonPart(T value) : kind_(Kind::kWhole), whole_(static_cast<std::int64_t>(value)) {}
  JsonPart(std::string_view value) : kind_(Kind::kText), text_(value) {}
  JsonPart(const char* value) : JsonPart(std::string_view(value)) {}
  JsonPart(const std::string& value) : JsonPart(std::string_view(value)) {}
  JsonPart(const std::optional<double>& value)  // null without one
      : kind_(value ? Kind::kNumber : Kind::kNull), number_(value.value_or(0.0)) {}
  JsonPart(Json&& value) : kind_(Kind::kJson), json_(&value) {}

  std::string name() const { return std::string(text_); }
  Json json() const;

 private:
  enum class Kind { kNull, kNumber, kSwitch, kWhole, kText, kJson } kind_;
  union {
    double number_;
    std::int64_t whole_;
    std::string_view text_;
    Json* json_;
  };
};

Json json_object_of(std::initializer_list<JsonPart> parts);

// json_object("step", 3, "loss", 0.5): names and values in turn, as in SQL.
template <class... Parts>
Json json_object(Parts&&... parts) {
  static_assert(sizeof...(Parts) % 2 == 0);
  return json_object_of({JsonPart(std::forward<Parts>(parts))...});
}

}  // namespace reluscope
