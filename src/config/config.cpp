#include "config/config.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/text.h"
#include "io/json_object.h"
#include "io/json_text.h"
#include "nn/init.h"

namespace reluscope {
namespace {

bool is_list(const Field& field) {
  return std::holds_alternative<std::vector<double> Config::*>(field.member);
}

bool may_be_automatic(const Field& field) {
  return std::holds_alternative<AutoNumber Config::*>(field.member);
}

bool is_whole(const Field& field) {
  return std::holds_alternative<int Config::*>(field.member) ||
         std::holds_alternative<std::int64_t Config::*>(field.member);
}

std::string allowed_text(const Field& field) {
  if (std::holds_alternative<bool Config::*>(field.member)) return "true or false";
  if (std::holds_alternative<std::vector<Event> Config::*>(field.member)) {
    return "a list of {step, field, value}, steps ascending";
  }
  if (std::holds_alternative<std::string Config::*>(field.member)) {
    if (field.choices.empty()) return "a text";
    std::vector<std::string> names;
    for (const FieldChoice& c : field.choices) names.push_back(c.name);
    return join_or(names);
  }
  return (may_be_automatic(field) ? "auto or " : "") +
         ((is_list(field)    ? "a list of numbers from "
           : is_whole(field) ? "a whole number from "
                             : "a number from ") +
          number_text(field.min)) +
         (field.below_max ? " to below " : " to ") + number_text(field.max);
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

void check_not_vanishing(const Field& field, double value, const std::string& found) {
  if (value != 0.0 && std::fabs(value) < std::numeric_limits<float>::min())
    refuse_vanishing(field, found);
}

double number_of(const Field& field, std::string_view text, const std::string& found) {
  const auto value = parse_number(text);
  if (value) return *value;
  if (vanishes(text)) refuse_vanishing(field, found);
  refuse(field, found);
}

void set_number(Config& config, const Field& field, double value, const std::string& found) {
  const bool in_range =
      value >= field.min && (field.below_max ? value < field.max : value <= field.max);
  if (!in_range || (is_whole(field) && value != std::floor(value))) refuse(field, found);
  check_not_vanishing(field, value, found);
  if (const auto* d = std::get_if<double Config::*>(&field.member)) {
    config.*(*d) = value;
  } else if (const auto* a = std::get_if<AutoNumber Config::*>(&field.member)) {
    config.*(*a) = value;
  } else if (const auto* i = std::get_if<int Config::*>(&field.member)) {
    config.*(*i) = static_cast<int>(value);
  } else {
    config.*std::get<std::int64_t Config::*>(field.member) = static_cast<std::int64_t>(value);
  }
}

void add_to_list(Config& config, const Field& field, double value, const std::string& found) {
  if (!(value >= field.min && value <= field.max)) refuse(field, found);
  check_not_vanishing(field, value, found);
  (config.*std::get<std::vector<double> Config::*>(field.member)).push_back(value);
}

void set_string(Config& config, const Field& field, const std::string& value) {
  if (field.name == "init") {
    const InitScheme* const scheme = find_init_scheme(value);
    if (scheme == nullptr) refuse(field, in_quotes(value));
    config.init = scheme->name;  // an alias becomes the name
    return;
  }
  bool known = field.choices.empty();
  for (const FieldChoice& c : field.choices) known = known || c.name == value;
  if (!known) refuse(field, in_quotes(value));
  config.*std::get<std::string Config::*>(field.member) = value;
}

void add_event(Config& config, const Field& field, double step, const std::string& name,
               double value, const std::string& found) {
  if (!(step >= 0 && step <= kMaxJsonWhole) || step != std::floor(step)) refuse(field, found);
  if (!config.events.empty() && config.events.back().step > step) refuse(field, found);
  Config scratch;
  set_live(scratch, name, value);
  config.events.push_back({static_cast<std::int64_t>(step), name, value});
}

// A JSON value for a message. An object or a list is named by its kind, so depth does not matter.
std::string value_found(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return in_quotes(value.get<std::string>());
  return value.dump();
}

void set_from_json(Config& config, const Field& field, const Json& value) {
  const std::string found = value_found(value);
  if (std::holds_alternative<bool Config::*>(field.member)) {
    if (!value.is_boolean()) refuse(field, found);
    config.*std::get<bool Config::*>(field.member) = value.get<bool>();
  } else if (std::holds_alternative<std::string Config::*>(field.member)) {
    if (!value.is_string()) refuse(field, found);
    set_string(config, field, value.get<std::string>());
  } else if (std::holds_alternative<std::vector<Event> Config::*>(field.member)) {
    if (!value.is_array()) refuse(field, found);
    config.events.clear();
    for (const Json& event : value) {
      if (!event.is_object() || event.size() != 3 || !event.contains("step") ||
          !event.contains("field") || !event.contains("value") || !event["step"].is_number() ||
          !event["field"].is_string() || !event["value"].is_number()) {
        refuse(field, "a list with an entry that is not such an object");
      }
      add_event(config, field, event["step"].get<double>(), event["field"].get<std::string>(),
                event["value"].get<double>(), "a list with steps out of order or range");
    }
  } else if (is_list(field)) {
    if (!value.is_array()) refuse(field, found);
    (config.*std::get<std::vector<double> Config::*>(field.member)).clear();
    for (const Json& item : value) {
      const std::string item_found = "a list with " + value_found(item);
      if (!item.is_number()) refuse(field, item_found);
      add_to_list(config, field, item.get<double>(), item_found);
    }
  } else if (may_be_automatic(field) && value == "auto") {
    config.*std::get<AutoNumber Config::*>(field.member) = {};
  } else {
    if (!value.is_number()) refuse(field, found);
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
  if (std::holds_alternative<bool Config::*>(field.member)) {
    if (text != "true" && text != "false") refuse(field, in_quotes(text));
    config.*std::get<bool Config::*>(field.member) = text == "true";
  } else if (std::holds_alternative<std::string Config::*>(field.member)) {
    set_string(config, field, text);
  } else if (std::holds_alternative<std::vector<Event> Config::*>(field.member)) {
    config.events.clear();
    for (const std::string_view item : list_items(text)) {
      const std::size_t first = item.find(':'), second = item.find(':', first + 1);
      if (first == std::string::npos || second == std::string::npos) refuse(field, in_quotes(item));
      const double step = number_of(field, item.substr(0, first), in_quotes(item));
      const double value = number_of(field, item.substr(second + 1), in_quotes(item));
      add_event(config, field, step, std::string(item.substr(first + 1, second - first - 1)), value,
                in_quotes(item));
    }
  } else if (is_list(field)) {
    (config.*std::get<std::vector<double> Config::*>(field.member)).clear();
    for (const std::string_view item : list_items(text)) {
      add_to_list(config, field, number_of(field, trim(item), in_quotes(text)), in_quotes(text));
    }
  } else if (may_be_automatic(field) && text == "auto") {
    config.*std::get<AutoNumber Config::*>(field.member) = {};
  } else {
    const bool is_number = parse_number(text) || vanishes(text);
    set_number(config, field, number_of(field, text, is_number ? text : in_quotes(text)), text);
  }
}

Json value_json(const Config& config, const Field& field) {
  return std::visit(
      [&config](auto member) -> Json {
        const auto& value = config.*member;
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::vector<Event>>) {
          Json events = Json::array();
          for (const Event& e : value) {
            events.push_back(json_object("step", e.step, "field", e.field, "value", e.value));
          }
          return events;
        } else if constexpr (std::is_same_v<std::decay_t<decltype(value)>, AutoNumber>) {
          return value.automatic() ? Json("auto") : Json(value.or_else(0.0));
        } else {
          return value;
        }
      },
      field.member);
}

std::string field_text(const Config& config, const Field& field) {
  std::string text;
  if (std::holds_alternative<std::vector<Event> Config::*>(field.member)) {
    for (const Event& e : config.events) {
      text += (text.empty() ? "" : ",") + std::to_string(e.step) + ":" + e.field + ":" +
              number_text(e.value);
    }
    return text;
  }
  if (is_list(field)) {
    for (const double value : config.*std::get<std::vector<double> Config::*>(field.member)) {
      text += (text.empty() ? "" : ",") + number_text(value);
    }
    return text;
  }
  const Json value = value_json(config, field);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  return number_text(value.get<double>());
}

}  // namespace

const Field& find_field(const std::string& name) {
  std::vector<std::string> known, plain_ones;
  for (const Field& field : config_fields()) {
    if (field.name == name) return field;
    known.push_back(field.name);
    const bool plain = field.used_by.empty() && field.name.find('_') == std::string::npos;
    if (plain) plain_ones.push_back(field.name);
  }
  std::string plain;  // in small letters, as settings are; a non-ASCII letter counts as one
  for (const char c : name) {
    const bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (!continues) plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const std::string nearest = nearest_name(plain, known);
  throw Error("unknown setting " + in_quotes(name) +
              (nearest.empty() ? ": none of the " + std::to_string(known.size()) +
                                     " is named like it; the plainest are " + join_or(plain_ones)
                               : ": the nearest known one is \"" + nearest + "\""));
}

void copy_field(Config& to, const Config& from, const Field& field) {
  std::visit([&](auto member) { to.*member = from.*member; }, field.member);
}

Config config_from_json(std::string_view text, const Config& base) {
  const Json json = parse_json(text, "config", "an object such as {\"lr\": 0.01}");
  if (!json.is_object()) {
    throw Error("config: " + value_found(json) +
                " was given, but an object such as {\"lr\": 0.01} was expected");
  }
  Config config = base;
  for (const auto& [name, value] : json.items()) set_from_json(config, find_field(name), value);
  return config;
}

Config config_from_fields(const std::vector<std::pair<std::string, std::string>>& fields,
                          const Config& base) {
  Config config = base;
  for (const auto& [name, text] : fields) set_from_text(config, find_field(name), text);
  return config;
}

Json config_to_json(const Config& config) {
  Json json = Json::object();
  for (const Field& field : config_fields()) json[field.name] = value_json(config, field);
  return json;
}

std::vector<std::pair<std::string, std::string>> config_to_fields(const Config& config) {
  std::vector<std::pair<std::string, std::string>> fields;
  const Config defaults;
  for (const Field& field : config_fields()) {
    const std::string text = field_text(config, field);
    if (text != field_text(defaults, field)) fields.emplace_back(field.name, text);
  }
  return fields;
}

Json changed_fields(const Config& config) {
  const Json all = config_to_json(config);
  Json changed = Json::object();
  for (const auto& [name, text] : config_to_fields(config)) changed[name] = all[name];
  return changed;
}

Config with_changes(const std::string& text, const Config& base) {
  std::vector<std::pair<std::string, std::string>> fields;
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
    std::vector<std::string> live;
    for (const Field& f : config_fields()) {
      if (f.live) live.push_back(f.name);
    }
    throw Error(in_quotes(name) + " cannot change while training; " + join_or(live) + " can");
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
    if (std::holds_alternative<bool Config::*>(field.member)) {
      row["type"] = "boolean";
    } else if (std::holds_alternative<std::vector<Event> Config::*>(field.member)) {
      row["type"] = "events";
    } else if (!field.choices.empty()) {
      row["type"] = "choice";
      for (const FieldChoice& c : field.choices) {
        row["choices"].push_back(json_object("name", c.name, "label", c.label, "about", c.about));
      }
    } else if (std::holds_alternative<std::string Config::*>(field.member)) {
      row["type"] = "text";
    } else {
      row["type"] = is_list(field) ? "numbers" : is_whole(field) ? "integer" : "number";
      if (may_be_automatic(field)) row["auto"] = true;
      row["min"] = field.min;
      row["max"] = field.max;
      row["below_max"] = field.below_max;
    }
    if (!field.used_by.empty()) {
      const std::size_t colon = field.used_by.find(':');
      row["used_when"][field.used_by.substr(0, colon)] = words(field.used_by.substr(colon + 1));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace reluscope
