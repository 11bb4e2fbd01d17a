// The fields of a checkpoint's JSON. One list of them serves both directions: it writes the values,
// or reads them and checks each, because a file may be invalid.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "core/text.h"

namespace reluscope {

// An object, whose keys are names, or a list, whose keys are places.
class StateFields {
 public:
  explicit StateFields(Json& written) : written_(&written) {}
  // what: names `read` in messages. size: of a list; -1: any.
  static StateFields of_object(const Json& read, const std::string& what) {
    if (!read.is_object()) throw Error("checkpoint: its " + what + " is not an object");
    return {read, what};
  }
  static StateFields of_list(const Json& read, const std::string& what, std::int64_t size = -1) {
    if (!read.is_array()) throw Error("checkpoint: its " + what + " is not a list");
    if (size >= 0 && std::ssize(read) != size) {
      throw Error("checkpoint: its " + what + " has " + std::to_string(read.size()) +
                  " entries, but it must have " + std::to_string(size));
    }
    return {read, what};
  }

  bool reads() const { return read_ != nullptr; }

  template <class Key, class Whole>
  void whole(Key key, Whole& value, std::int64_t low, std::int64_t high) const {
    if (reads()) {
      value = static_cast<Whole>(whole_of(at(key), text_of(key), low, high));
    } else {
      (*written_)[key] = value;
    }
  }
  // JSON has no infinities and no NaN, so they are stored as texts.
  template <class Key>
  void number(Key key, double& value) const {
    if (reads()) {
      value = number_of(at(key), text_of(key));
    } else {
      (*written_)[key] = std::isfinite(value) ? Json(value) : Json(number_text(value));
    }
  }
  template <class Key>
  void truth(Key key, bool& value) const {
    if (!reads()) {
      (*written_)[key] = value;
      return;
    }
    if (!at(key).is_boolean()) refuse(key, must_be(at(key), "true or false"));
    value = at(key).template get<bool>();
  }
  template <class Key>
  void text(Key key, std::string& value) const {
    if (!reads()) {
      (*written_)[key] = value;
      return;
    }
    if (!at(key).is_string()) refuse(key, must_be(at(key), "a text"));
    value = at(key).template get<std::string>();
  }

  // Whether the field is not null. exists: whether it will be, when this writes.
  bool has(const char* key, bool exists) const {
    if (reads()) return !at(key).is_null();
    if (!exists) (*written_)[key] = nullptr;
    return exists;
  }
  template <class Key>
  StateFields object(Key key, const std::string& what) const {
    return reads() ? of_object(at(key), what) : StateFields((*written_)[key]);
  }
  template <class Key>
  StateFields list(Key key, const std::string& what, std::int64_t size) const {
    return reads() ? of_list(at(key), what, size) : StateFields((*written_)[key] = Json::array());
  }
  // Calls each(fields, place, item) with the fields of a list, for each of its items. Reads as many
  // as there are, or `size` if that is not -1.
  template <class Item, class Each>
  void items(const char* key, std::vector<Item>& items, std::int64_t size, const Each& each) const {
    const StateFields all = list(key, key, size);
    if (reads()) items.resize(all.read_->size());
    for (std::size_t i = 0; i < items.size(); ++i) each(all, i, items[i]);
  }

  template <class Key>
  [[noreturn]] void refuse(Key key, const std::string& reason) const {
    throw Error("checkpoint: " + text_of(key) + " of its " + what_ + " " + reason);
  }

 private:
  StateFields(const Json& read, std::string what) : read_(&read), what_(std::move(what)) {}

  static std::string text_of(const char* key) { return key; }
  static std::string text_of(std::size_t place) { return "entry " + std::to_string(place); }

  const Json& at(const char* key) const {
    const auto found = read_->find(key);
    if (found == read_->end()) refuse(key, "is missing");
    return *found;
  }
  const Json& at(std::size_t place) const { return read_->at(place); }

  static std::string must_be(const Json& value, const std::string& wanted) {
    const std::string shown = value.is_array()    ? "a list"
                              : value.is_object() ? "an object"
                              : value.is_string() ? in_quotes(value.get<std::string>())
                                                  : value.dump();
    return "is " + shown + ", but it must be " + wanted;
  }
  std::int64_t whole_of(const Json& value, const std::string& key, std::int64_t low,
                        std::int64_t high) const {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
    if (!fits || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high) {
      refuse(key.c_str(), must_be(value, "a whole number from " + std::to_string(low) + " to " +
                                             std::to_string(high)));
    }
    return value.get<std::int64_t>();
  }
  double number_of(const Json& value, const std::string& key) const {
    if (value.is_number()) return value.get<double>();
    const auto parsed = value.is_string() ? parse_number(value.get<std::string>()) : std::nullopt;
    if (!parsed) refuse(key.c_str(), must_be(value, "a number"));
    return *parsed;
  }

  Json* written_ = nullptr;
  const Json* read_ = nullptr;
  std::string what_;
};

}  // namespace reluscope
