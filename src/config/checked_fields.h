// Reads fields of a checkpoint's JSON and checks each, because a file may be invalid.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "config/config.h"
#include "core/error.h"
#include "core/text.h"

namespace reluscope {

// JSON has no infinities and no NaN, so they are stored as texts.
inline Json number_json(double value) {
  return std::isfinite(value) ? Json(value) : Json(number_text(value));
}

// Reads the members of one object.
class CheckedFields {
 public:
  CheckedFields(const Json& json, std::string what) : json_(json), what_(std::move(what)) {
    if (!json_.is_object()) throw Error("checkpoint: its " + what_ + " is not an object");
  }

  const Json& at(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) refuse(key, "is missing");
    return *found;
  }
  bool has(const char* key) const { return json_.contains(key); }

  std::int64_t whole(const char* key, std::int64_t low, std::int64_t high) const {
    return whole(at(key), key, low, high);
  }
  int count(const char* key, std::int64_t low, std::int64_t high) const {
    return static_cast<int>(whole(key, low, high));
  }
  std::int64_t whole(const Json& value, const char* key, std::int64_t low,
                     std::int64_t high) const {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
    if (!fits || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high) {
      refuse(key, "is " + shown(value) + ", but it must be a whole number from " +
                      std::to_string(low) + " to " + std::to_string(high));
    }
    return value.get<std::int64_t>();
  }

  double number(const char* key) const { return number(at(key), key); }
  double number(const Json& value, const char* key) const {
    if (value.is_number()) return value.get<double>();
    const auto parsed = value.is_string() ? parse_number(value.get<std::string>()) : std::nullopt;
    if (!parsed) refuse(key, "is " + shown(value) + ", but it must be a number");
    return *parsed;
  }

  bool truth(const char* key) const {
    if (!at(key).is_boolean())
      refuse(key, "is " + shown(at(key)) + ", but it must be true or false");
    return at(key).get<bool>();
  }
  std::string text(const char* key) const {
    if (!at(key).is_string()) refuse(key, "is " + shown(at(key)) + ", but it must be a text");
    return at(key).get<std::string>();
  }
  // size: the required length; -1: any.
  const Json& list(const char* key, std::int64_t size = -1) const {
    return list(at(key), key, size);
  }
  const Json& list(const Json& value, const char* key, std::int64_t size) const {
    if (!value.is_array()) refuse(key, "is " + shown(value) + ", but it must be a list");
    if (size >= 0 && value.size() != static_cast<std::size_t>(size)) {
      refuse(key, "has " + std::to_string(value.size()) + " entries, but it must have " +
                      std::to_string(size));
    }
    return value;
  }

  [[noreturn]] void refuse(const char* key, const std::string& reason) const {
    throw Error("checkpoint: " + std::string(key) + " of its " + what_ + " " + reason);
  }

 private:
  static std::string shown(const Json& value) {
    if (value.is_structured()) return value.is_array() ? "a list" : "an object";
    return value.is_string() ? in_quotes(value.get<std::string>()) : value.dump();
  }

  const Json& json_;
  std::string what_;
};

}  // namespace reluscope
