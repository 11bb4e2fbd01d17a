// The fields of a checkpoint's JSON. One list of them serves both directions: it writes the values,
// or reads them and checks each, because a file may be invalid.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "core/text.h"
#include "io/json_text.h"

namespace reluscope {

// An object, whose keys are names, or a list, whose keys are places.
class StateFields {
 public:
  struct Key {
    const char* name = nullptr;
    std::size_t place = 0;

    Key(const char* name) : name(name) {}
    template <std::integral Place>
    Key(Place place) : place(static_cast<std::size_t>(place)) {}
    std::string text() const { return name ? name : "entry " + std::to_string(place); }
  };

  explicit StateFields(Json& written) : written_(&written) {}
  // what: names `read` in messages. size: of a list; -1: any.
  static StateFields of_object(const Json& read, const std::string& what) {
    if (!read.is_object()) throw Error("checkpoint: its " + what + " is not an object");
    return {read, what};
  }
  static StateFields of_list(const Json& read, const std::string& what, std::int64_t size) {
    if (!read.is_array()) throw Error("checkpoint: its " + what + " is not a list");
    if (size >= 0 && std::ssize(read) != size) {
      throw Error("checkpoint: its " + what + " has " + std::to_string(read.size()) +
                  " entries, but it must have " + std::to_string(size));
    }
    return {read, what};
  }

  bool reads() const { return read_ != nullptr; }

  template <std::integral Whole>
  void whole(Key key, Whole& value, std::int64_t low, std::int64_t high) const {
    if (!reads()) {
      slot(key) = value;
      return;
    }
    const Json& found = at(key);
    const bool fits = found.is_number_integer() &&
                      (!found.is_number_unsigned() || found.get<std::uint64_t>() <= INT64_MAX);
    if (!fits || found.get<std::int64_t>() < low || found.get<std::int64_t>() > high) {
      refuse_value(key,
                   "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    }
    value = static_cast<Whole>(found.get<std::int64_t>());
  }
  // JSON has no infinities and no NaN, so they are stored as texts.
  void number(Key key, double& value) const {
    if (!reads()) {
      slot(key) = std::isfinite(value) ? Json(value) : Json(number_text(value));
      return;
    }
    const Json& found = at(key);
    const auto parsed = found.is_number()   ? found.get<double>()
                        : found.is_string() ? parse_number(found.get<std::string>())
                                            : std::nullopt;
    if (!parsed) refuse_value(key, "a number");
    value = *parsed;
  }
  void truth(Key key, bool& value) const { plain(key, value, &Json::is_boolean, "true or false"); }
  void text(Key key, std::string& value) const { plain(key, value, &Json::is_string, "a text"); }

  // Whether the field is not null. exists: whether it will be, when this writes.
  bool has(Key key, bool exists) const {
    if (reads()) return !at(key).is_null();
    if (!exists) slot(key) = nullptr;
    return exists;
  }
  // The same for a field that older files lack: then it counts as null.
  bool has_now(const char* key, bool exists) const {
    return !(reads() && !read_->contains(key)) && has(key, exists);
  }
  StateFields object(Key key, const std::string& what) const {
    return reads() ? of_object(at(key), what) : StateFields(slot(key));
  }
  StateFields list(Key key, const std::string& what, std::int64_t size) const {
    return reads() ? of_list(at(key), what, size) : StateFields(slot(key) = Json::array());
  }
  // Calls each(fields, place, item) with the fields of a list, for each of its items. Reads as many
  // as there are, or `size` if that is not -1.
  template <class Item, class Each>
  void items(const char* key, std::vector<Item>& items, std::int64_t size, const Each& each) const {
    const StateFields all = list(key, key, size);
    if (reads()) items.resize(all.read_->size());
    for (std::size_t i = 0; i < items.size(); ++i) each(all, i, items[i]);
  }

  [[noreturn]] void refuse(Key key, const std::string& reason) const {
    throw Error("checkpoint: " + key.text() + " of its " + what_ + " " + reason);
  }

 private:
  StateFields(const Json& read, std::string what) : read_(&read), what_(std::move(what)) {}

  template <class T>
  void plain(Key key, T& value, bool (Json::*fits)() const noexcept, const char* wanted) const {
    if (!reads()) {
      slot(key) = value;
      return;
    }
    if (!(at(key).*fits)()) refuse_value(key, wanted);
    at(key).get_to(value);
  }
  Json& slot(Key key) const { return key.name ? (*written_)[key.name] : (*written_)[key.place]; }
  const Json& at(Key key) const {
    if (key.name && !read_->contains(key.name)) refuse(key, "is missing");
    return key.name ? read_->at(key.name) : read_->at(key.place);
  }
  [[noreturn]] void refuse_value(Key key, const std::string& wanted) const {
    refuse(key, "is " + value_text(at(key)) + ", but it must be " + wanted);
  }

  Json* written_ = nullptr;
  const Json* read_ = nullptr;
  std::string what_;
};

}  // namespace reluscope
