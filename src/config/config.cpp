#include "config/config.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/bytes.h"
#include "core/error.h"
#include "core/sha256.h"
#include "core/text.h"
#include "io/json_object.h"
#include "io/json_text.h"
#include "nn/init.h"

namespace reluscope {
namespace {

using Numbers = std::vector<double>;
using Events = std::vector<Event>;

template <class T>
bool is(const Field& field) {
  return std::holds_alternative<T Config::*>(field.member);
}

template <class T>
T& value_of(Config& config, const Field& field) {
  return config.*std::get<T Config::*>(field.member);
}

bool is_whole(const Field& field) {
  return is<int>(field) || is<std::int64_t>(field) || is<AutoWhole>(field);
}
bool may_be_auto(const Field& field) { return is<AutoNumber>(field) || is<AutoWhole>(field); }

void set_auto(Config& config, const Field& field) {
  if (is<AutoWhole>(field)) {
    value_of<AutoWhole>(config, field).reset();
  } else {
    value_of<AutoNumber>(config, field).reset();
  }
}

std::string allowed_text(const Field& field) {
  if (is<bool>(field)) return "true or false";
  if (is<Events>(field)) return "a list of {step, field, value}, steps ascending";
  if (is<std::string>(field)) {
    std::vector<std::string> names;
    for (const FieldChoice& c : field.choices) names.push_back(c.name);
    return names.empty() ? "a text" : join_or(names);
  }
  return (is<AutoWhole>(field)    ? "auto or a whole number from "
          : is<AutoNumber>(field) ? "auto or a number from "
          : is<Numbers>(field)    ? "a list of numbers from "
          : is_whole(field)       ? "a whole number from "
                                  : "a number from ") +
         number_text(field.min) + (field.below_max ? " to below " : " to ") +
         number_text(field.max);
}

[[noreturn]] void refuse(const Field& field, const std::string& found) {
  throw Error(field.name + " is " + found + ", but it must be " + allowed_text(field));
}

// Training computes in single precision.
[[noreturn]] void refuse_vanishing(const Field& field, const std::string& found) {
  throw Error(field.name + " is " + found + ", which is nearer to 0 than " +
              format("%.2g", static_cast<double>(std::numeric_limits<float>::min())) +
              " and would act as 0: give 0 or more");
}

double number_of(const Field& field, std::string_view text, const std::string& found) {
  const auto value = parse_number(text);
  if (value) return *value;
  if (vanishes(text)) refuse_vanishing(field, found);
  refuse(field, found);
}

double checked(const Field& field, double value, const std::string& found) {
  const bool in_range =
      value >= field.min && (field.below_max ? value < field.max : value <= field.max);
  if (!in_range || (is_whole(field) && value != std::floor(value))) refuse(field, found);
  if (value != 0.0 && std::fabs(value) < std::numeric_limits<float>::min())
    refuse_vanishing(field, found);
  return value;
}

void set_number(Config& config, const Field& field, double value, const std::string& found) {
  checked(field, value, found);
  const auto set = [&](auto member) {
    using Value = std::decay_t<decltype(config.*member)>;
    if constexpr (std::is_same_v<Value, AutoWhole>) {
      config.*member = static_cast<int>(value);
    } else if constexpr (std::is_convertible_v<double, Value>) {
      config.*member = static_cast<Value>(value);
    }
  };
  std::visit(set, field.member);
}

void set_string(Config& config, const Field& field, std::string value) {
  const InitScheme* const scheme = field.name == "init" ? find_init_scheme(value) : nullptr;
  if (scheme != nullptr) value = scheme->name;  // an alias becomes the name
  const auto is_it = [&value](const FieldChoice& c) { return c.name == value; };
  if (!field.choices.empty() && std::none_of(field.choices.begin(), field.choices.end(), is_it))
    refuse(field, in_quotes(value));
  value_of<std::string>(config, field) = std::move(value);
}

void add_event(Config& config, const Field& field, double step, const std::string& name,
               double value, const std::string& found) {
  if (!(step >= 0 && step <= kMaxJsonWhole) || step != std::floor(step)) refuse(field, found);
  if (!config.events.empty() && config.events.back().step > step) refuse(field, found);
  Config scratch;
  set_live(scratch, name, value);
  config.events.push_back({static_cast<std::int64_t>(step), name, value});
}

bool is_event(const Json& json) {
  return json.is_object() && json.size() == 3 && json.value("step", Json()).is_number() &&
         json.value("field", Json()).is_string() && json.value("value", Json()).is_number();
}

void set_from_json(Config& config, const Field& field, const Json& value) {
  const std::string found = value_text(value);
  const auto need = [&](bool right_kind) {
    if (!right_kind) refuse(field, found);
  };
  if (is<bool>(field)) {
    need(value.is_boolean());
    value_of<bool>(config, field) = value.get<bool>();
  } else if (is<std::string>(field)) {
    need(value.is_string());
    set_string(config, field, value.get<std::string>());
  } else if (is<Events>(field)) {
    need(value.is_array());
    config.events.clear();
    for (const Json& event : value) {
      if (!is_event(event)) refuse(field, "a list with an entry that is not such an object");
      add_event(config, field, event["step"].get<double>(), event["field"].get<std::string>(),
                event["value"].get<double>(), "a list with steps out of order or range");
    }
  } else if (is<Numbers>(field)) {
    need(value.is_array());
    Numbers& numbers = value_of<Numbers>(config, field);
    numbers.clear();
    for (const Json& item : value) {
      const std::string item_found = "a list with " + value_text(item);
      if (!item.is_number()) refuse(field, item_found);
      numbers.push_back(checked(field, item.get<double>(), item_found));
    }
  } else if (may_be_auto(field) && value == "auto") {
    set_auto(config, field);
  } else {
    need(value.is_number());
    set_number(config, field, value.get<double>(), found);
  }
}

// A comma at the end adds no entry, and an empty text has none.
std::vector<std::string_view> list_items(std::string_view text) {
  std::vector<std::string_view> items = split(text, ',');
  if (items.back().empty()) items.pop_back();
  return items;
}

void set_from_text(Config& config, const Field& field, const std::string& text) {
  if (is<Events>(field)) {
    config.events.clear();
    for (const std::string_view item : list_items(text)) {
      const std::string found = in_quotes(item);
      const std::size_t first = item.find(':'), second = item.find(':', first + 1);
      if (first == std::string::npos || second == std::string::npos) refuse(field, found);
      const double step = number_of(field, item.substr(0, first), found);
      const double value = number_of(field, item.substr(second + 1), found);
      add_event(config, field, step, std::string(item.substr(first + 1, second - first - 1)), value,
                found);
    }
  } else if (is<Numbers>(field)) {
    Numbers& numbers = value_of<Numbers>(config, field);
    numbers.clear();
    for (const std::string_view item : list_items(text)) {
      const double number = number_of(field, trim(item), in_quotes(text));
      numbers.push_back(checked(field, number, in_quotes(text)));
    }
  } else if (is<bool>(field) && (text == "true" || text == "false")) {
    value_of<bool>(config, field) = text == "true";
  } else if (!is<bool>(field) && !is<std::string>(field) &&
             (parse_number(text) || vanishes(text))) {
    set_number(config, field, number_of(field, text, text), text);
  } else {
    set_from_json(config, field, text);
  }
}

Json value_json(const Config& config, const Field& field) {
  return std::visit(
      [&config](auto member) -> Json {
        const auto& value = config.*member;
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, AutoNumber> || std::is_same_v<Value, AutoWhole>) {
          return value ? Json(*value) : Json("auto");
        } else {
          return value;
        }
      },
      field.member);
}

// The text of a value_json().
std::string text_of(const Json& value) {
  std::string text;
  if (value.is_array()) {
    for (const Json& item : value) text += (text.empty() ? "" : ",") + text_of(item);
    return text;
  }
  if (value.is_object()) {
    return value["step"].dump() + ":" + text_of(value["field"]) + ":" + text_of(value["value"]);
  }
  if (value.is_string()) return value.get<std::string>();
  return value.is_boolean() ? value.dump() : number_text(value.get<double>());
}

}  // namespace

const Field& find_field(const std::string& name) {
  for (const Field& field : config_fields()) {
    if (field.name == name) return field;
  }
  const auto known = field_names([](const Field&) { return true; });
  const auto plain_ones = field_names([](const Field& field) {
    return field.used_by.empty() && field.name.find('_') == std::string::npos;
  });
  std::string plain = small_letters(name);
  // A letter that is not ASCII counts as one.
  std::erase_if(plain, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; });
  const std::string nearest = nearest_name(plain, known);
  throw Error("unknown setting " + in_quotes(name) +
              (nearest.empty() ? ": none of the " + std::to_string(known.size()) +
                                     " is named like it; the plainest are " + join_or(plain_ones)
                               : ": the nearest known one is \"" + nearest + "\""));
}

std::vector<std::string> field_names(bool (*has)(const Field&)) {
  std::vector<std::string> names;
  for (const Field& field : config_fields()) {
    if (has(field)) names.push_back(field.name);
  }
  return names;
}

std::vector<const Field*> differing_fields(const Config& a, const Config& b) {
  std::vector<const Field*> differing;
  for (const Field& field : config_fields()) {
    const auto equal = [&](auto member) { return a.*member == b.*member; };
    if (!std::visit(equal, field.member)) differing.push_back(&field);
  }
  return differing;
}

Config config_from_json(std::string_view text, const Config& base) {
  const Json json = parse_json(text, "config", "an object such as {\"lr\": 0.01}");
  if (!json.is_object()) {
    throw Error("config: " + value_text(json) +
                " was given, but an object such as {\"lr\": 0.01} was expected");
  }
  Config config = base;
  for (const auto& [name, value] : json.items()) set_from_json(config, find_field(name), value);
  return config;
}

Config config_from_fields(const NamedTexts& fields, const Config& base) {
  Config config = base;
  for (const auto& [name, text] : fields) set_from_text(config, find_field(name), text);
  return config;
}

Json config_to_json(const Config& config) {
  Json json = Json::object();
  for (const Field& field : config_fields()) json[field.name] = value_json(config, field);
  return json;
}

NamedTexts config_to_fields(const Config& config) {
  NamedTexts fields;
  const Config defaults;
  for (const Field& field : config_fields()) {
    const std::string text = field_text(config, field);
    if (text != field_text(defaults, field)) fields.emplace_back(field.name, text);
  }
  return fields;
}

std::string field_text(const Config& config, const Field& field) {
  return text_of(value_json(config, field));
}

std::string run_id(const Config& config) {
  Json fields = Json::array();
  for (const auto& [name, text] : config_to_fields(config)) {
    if (find_field(name).bits) fields.push_back({name, text});
  }
  Sha256 hash;
  hash.add(bytes_of(json_line(fields)));
  return hash.hex().substr(0, 16);
}

Json changed_fields(const Config& config) {
  const Json all = config_to_json(config);
  Json changed = Json::object();
  for (const auto& [name, text] : config_to_fields(config)) changed[name] = all[name];
  return changed;
}

Config with_changes(const std::string& text, const Config& base) {
  NamedTexts fields;
  for (const std::string_view untrimmed : split(text, ';')) {
    const std::string_view part = trim(untrimmed);
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      throw Error(in_quotes(part) + " is not a setting: FIELD=VALUE was expected, such as lr=0.1");
    }
    fields.emplace_back(trim(part.substr(0, equals)), trim(part.substr(equals + 1)));
  }
  return config_from_fields(fields, base);
}

void set_live(Config& config, const std::string& name, double value) {
  const Field& field = find_field(name);
  if (!field.live) {
    throw Error(in_quotes(name) + " cannot change while training; " +
                join_or(field_names([](const Field& f) { return f.live; })) + " can");
  }
  set_number(config, field, value, number_text(value));
}

Json fields_json() {
  Json rows = Json::array();
  const Config defaults;
  for (const Field& field : config_fields()) {
    Json row = json_object("name", field.name, "label", field.label, "section", field.section,
                           "help", field.help, "live", field.live, "rare", field.rare, "default",
                           value_json(defaults, field));
    row["type"] = is<bool>(field)          ? "boolean"
                  : is<Events>(field)      ? "events"
                  : !field.choices.empty() ? "choice"
                  : is<std::string>(field) ? "text"
                  : is<Numbers>(field)     ? "numbers"
                  : is_whole(field)        ? "integer"
                                           : "number";
    for (const FieldChoice& c : field.choices) {
      row["choices"].push_back(json_object("name", c.name, "label", c.label, "about", c.about));
    }
    if (may_be_auto(field)) row["auto"] = true;
    if (field.max > field.min) {
      row["min"] = field.min;
      row["max"] = field.max;
      row["below_max"] = field.below_max;
    }
    if (!field.used_by.empty()) row["used_when"] = field.used_by;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace reluscope
