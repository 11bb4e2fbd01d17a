#include "train/config.h"

#include <cmath>

#include "core/error.h"
#include "core/text.h"
#include "nn/init.h"
#include "optim/optimizer.h"

namespace reluscope {
namespace {

constexpr double kMaxSeed = 9007199254740991.0;  // 2^53 - 1, the largest whole number of JSON

std::vector<FieldChoice> init_choices() {
  std::vector<FieldChoice> choices;
  for (const InitScheme& s : init_schemes()) choices.push_back({s.name, s.label, s.about});
  return choices;
}

std::vector<FieldChoice> optimizer_choices() {
  std::vector<FieldChoice> choices;
  for (const OptimizerRow& row : optimizer_rows()) {
    choices.push_back({row.name, row.label, row.about});
  }
  return choices;
}

// The table. Adding a field adds a member to Config and a row here.
std::vector<Field> make_fields() {
  std::vector<Field> fields;
  const auto add = [&fields](Field field) -> Field& {
    fields.push_back(std::move(field));
    return fields.back();
  };
  const auto number = [&](const char* name, const char* label, const char* section,
                          const char* help, auto member, double min, double max) -> Field& {
    return add({name, label, section, help, member, min, max, false, {}, false, ""});
  };
  const auto choice = [&](const char* name, const char* label, const char* section,
                          const char* help, std::string Config::*member,
                          std::vector<FieldChoice> choices) {
    add({name, label, section, help, member, 0, 0, false, std::move(choices), false, ""});
  };
  const auto text = [&](const char* name, const char* label, const char* section,
                        const char* help, std::string Config::*member) {
    add({name, label, section, help, member, 0, 0, false, {}, false, ""});
  };

  text("data", "Data set", "Data", "mnist, fashion-mnist, or a folder of IDX files",
       &Config::data);
  number("mean", "Pixel mean", "Data", "subtracted from pixels scaled to 0..1", &Config::mean,
         -10, 10);
  number("std", "Pixel deviation", "Data", "what they are then divided by", &Config::std, 1e-6,
         1e6);
  number("train_samples", "Training samples", "Data",
         "how many of the training set to train on, from its beginning; 0: all",
         &Config::train_samples, 0, 1e9);
  text("model", "Architecture", "Model", "layers from input to output, separated by |",
       &Config::model);
  choice("init", "Initialisation", "Model", "how weights begin", &Config::init, init_choices());
  choice("optimizer", "Optimizer", "Optimizer", "how gradients become updates",
         &Config::optimizer, optimizer_choices());
  number("lr", "Learning rate", "Optimizer", "size of an update; may change while training",
         &Config::lr, 0, 1e6)
      .live = true;
  Field& momentum = number("momentum", "Momentum", "Optimizer",
                           "share of the last update that is kept", &Config::momentum, 0, 1);
  momentum.below_max = true;
  momentum.used_by = "sgd";
  add({"nesterov", "Nesterov", "Optimizer", "look ahead along the momentum", &Config::nesterov, 0,
       0, false, {}, false, "sgd"});
  Field& beta1 = number("beta1", "Beta 1", "Optimizer", "decay of the mean of gradients",
                        &Config::beta1, 0, 1);
  beta1.below_max = true;
  beta1.used_by = "adam";
  Field& beta2 = number("beta2", "Beta 2", "Optimizer", "decay of the mean of squared gradients",
                        &Config::beta2, 0, 1);
  beta2.below_max = true;
  beta2.used_by = "adam";
  number("epsilon", "Epsilon", "Optimizer", "keeps the division finite", &Config::epsilon, 1e-20,
         1)
      .used_by = "adam";
  number("epochs", "Epochs", "Run", "passes over the training data", &Config::epochs, 1, 100000);
  number("batch", "Batch size", "Run", "samples in a step", &Config::batch, 1, 65536);
  number("test_batch", "Test batch size", "Run", "samples scored at a time", &Config::test_batch,
         1, 65536);
  number("seed", "Seed", "Run", "the same seed gives the same bits everywhere", &Config::seed, 0,
         kMaxSeed);
  add({"events", "Live changes", "Run",
       "changes made while training, as STEP:FIELD:VALUE separated by commas", &Config::events, 0,
       0, false, {}, false, ""});
  number("log_every", "Log interval", "Run", "batches between two printed lines",
         &Config::log_every, 1, 1e9);
  number("threads", "Threads", "Run",
         "threads to train with, at most one a core; 0: automatic; changes the speed, not a bit",
         &Config::threads, 0, 256);
  choice("input", "First layer", "Run", "how it reads the image; changes the speed, not a bit",
         &Config::input,
         {{"auto", "Automatic", "sparse where most pixels are background"},
          {"dense", "Dense", "every pixel"},
          {"sparse", "Sparse", "only pixels that differ from the background"}});
  choice("device", "Device", "Run", "where to train", &Config::device,
         {{"auto", "Automatic", "a GPU if there is one, else the CPU"},
          {"cpu", "CPU", "the processor"},
          {"cuda", "CUDA", "an NVIDIA GPU"}});
  text("simd", "SIMD", "Run", "instruction set to use; auto is the widest there is",
       &Config::simd);
  add({"fused", "Fused multiply-add", "Run",
       "faster on some processors, natively only, and other bits than everywhere else",
       &Config::fused, 0, 0, false, {}, false, ""});
  return fields;
}

const Field& find_field(const std::string& name) {
  std::vector<std::string> known;
  for (const Field& field : config_fields()) {
    if (field.name == name) return field;
    known.push_back(field.name);
  }
  const std::string nearest = nearest_name(name, known);
  throw Error("unknown setting " + in_quotes(name) +
              (nearest.empty() ? ": known are " + join_or(known)
                               : ": the nearest known one is \"" + nearest + "\""));
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
  return (is_whole(field) ? "a whole number from " : "a number from ") + number_text(field.min) +
         (field.below_max ? " to below " : " to ") + number_text(field.max);
}

[[noreturn]] void refuse(const Field& field, const std::string& found) {
  throw Error(field.name + " is " + found + ", but it must be " + allowed_text(field));
}

void set_number(Config& config, const Field& field, double value, const std::string& found) {
  const bool in_range =
      value >= field.min && (field.below_max ? value < field.max : value <= field.max);
  if (!in_range || (is_whole(field) && value != std::floor(value))) refuse(field, found);
  if (const auto* d = std::get_if<double Config::*>(&field.member)) {
    config.*(*d) = value;
  } else if (const auto* i = std::get_if<int Config::*>(&field.member)) {
    config.*(*i) = static_cast<int>(value);
  } else {
    config.*std::get<std::int64_t Config::*>(field.member) = static_cast<std::int64_t>(value);
  }
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
  if (!(step >= 0 && step <= kMaxSeed) || step != std::floor(step)) refuse(field, found);
  if (!config.events.empty() && config.events.back().step > step) refuse(field, found);
  Config scratch;
  set_live(scratch, name, value);
  config.events.push_back({static_cast<std::int64_t>(step), name, value});
}

// A JSON value as it stands in a message; a nested one only by its kind, however deep it is.
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
  } else {
    if (!value.is_number()) refuse(field, found);
    set_number(config, field, value.get<double>(), found);
  }
}

void set_from_text(Config& config, const Field& field, const std::string& text) {
  if (std::holds_alternative<bool Config::*>(field.member)) {
    if (text != "true" && text != "false") refuse(field, in_quotes(text));
    config.*std::get<bool Config::*>(field.member) = text == "true";
  } else if (std::holds_alternative<std::string Config::*>(field.member)) {
    set_string(config, field, text);
  } else if (std::holds_alternative<std::vector<Event> Config::*>(field.member)) {
    config.events.clear();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(',', at), text.size());
      const std::string item = text.substr(at, end - at);
      const std::size_t first = item.find(':'), second = item.find(':', first + 1);
      if (first == std::string::npos || second == std::string::npos) refuse(field, in_quotes(item));
      const auto step = parse_number(item.substr(0, first));
      const auto value = parse_number(item.substr(second + 1));
      if (!step || !value) refuse(field, in_quotes(item));
      add_event(config, field, *step, item.substr(first + 1, second - first - 1), *value,
                in_quotes(item));
      at = end + 1;
    }
  } else {
    const auto value = parse_number(text);
    if (!value) refuse(field, in_quotes(text));
    set_number(config, field, *value, text);
  }
}

Json value_json(const Config& config, const Field& field) {
  return std::visit(
      [&config](auto member) -> Json {
        const auto& value = config.*member;
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::vector<Event>>) {
          Json events = Json::array();
          for (const Event& e : value) {
            events.push_back({{"step", e.step}, {"field", e.field}, {"value", e.value}});
          }
          return events;
        } else {
          return value;
        }
      },
      field.member);
}

std::string value_text(const Config& config, const Field& field) {
  std::string text;
  if (std::holds_alternative<std::vector<Event> Config::*>(field.member)) {
    for (const Event& e : config.events) {
      text += (text.empty() ? "" : ",") + std::to_string(e.step) + ":" + e.field + ":" +
              number_text(e.value);
    }
    return text;
  }
  const Json value = value_json(config, field);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  return number_text(value.get<double>());
}

}  // namespace

const std::vector<Field>& config_fields() {
  static const std::vector<Field> fields = make_fields();
  return fields;
}

Config config_from_json(std::string_view text, const Config& base) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error("config: not JSON at byte " + std::to_string(error.byte) +
                "; an object such as {\"lr\": 0.01} was expected");
  } catch (const Json::exception&) {
    throw Error("config: a number in it is larger than a double can hold");
  }
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
    const std::string text = value_text(config, field);
    if (text != value_text(defaults, field)) fields.emplace_back(field.name, text);
  }
  return fields;
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
    Json row = {{"name", field.name}, {"label", field.label}, {"section", field.section},
                {"help", field.help}, {"live", field.live},
                {"default", value_json(defaults, field)}};
    if (std::holds_alternative<bool Config::*>(field.member)) {
      row["type"] = "boolean";
    } else if (std::holds_alternative<std::vector<Event> Config::*>(field.member)) {
      row["type"] = "events";
    } else if (!field.choices.empty()) {
      row["type"] = "choice";
      for (const FieldChoice& c : field.choices) {
        row["choices"].push_back({{"name", c.name}, {"label", c.label}, {"about", c.about}});
      }
    } else if (std::holds_alternative<std::string Config::*>(field.member)) {
      row["type"] = "text";
    } else {
      row["type"] = is_whole(field) ? "integer" : "number";
      row["min"] = field.min;
      row["max"] = field.max;
      row["below_max"] = field.below_max;
    }
    if (!field.used_by.empty()) row["used_when"] = {{"optimizer", {field.used_by}}};
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace reluscope
