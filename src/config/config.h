// All settings of a run, in one struct with one table of fields (fields.inc). Command-line flags,
// config JSON, the URL hash and the page's controls all use the functions here, so they have the
// same meaning and reject the same values.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace reluscope {

using Json = nlohmann::ordered_json;
using NamedTexts = std::vector<std::pair<std::string, std::string>>;  // such as flags

// A change made while training, before the step after `step` (steps done by then).
struct Event {
  std::int64_t step;
  std::string field;
  double value;
  bool operator==(const Event&) const = default;
};
inline void to_json(Json& json, const Event& e) {
  json = {{"step", e.step}, {"field", e.field}, {"value", e.value}};
}

using AutoNumber = std::optional<double>;  // none: "auto"
using AutoWhole = std::optional<int>;

struct Config {
#define SECTION(name)
#define FIELD(type, name, initial, ...) type name = initial;
#include "config/fields.inc"
#undef FIELD
#undef SECTION
  bool operator==(const Config&) const = default;
};

struct FieldChoice {
  std::string name, label, about;
};

// A row of fields.inc. Without a key: the section of the rows that follow.
struct FieldRow {
  std::string_view key = {};
  std::variant<double Config::*, int Config::*, std::int64_t Config::*, bool Config::*,
               std::string Config::*, std::vector<Event> Config::*, std::vector<double> Config::*,
               AutoNumber Config::*, AutoWhole Config::*>
      member = {};
  std::string_view label = {};
  std::string_view section = {};  // of the page's panel: Data, Augmentation, Model, Optimizer, ...
  std::string_view help = {};
  double min = 0.0, max = 0.0;  // of a number or of each number of a list, both included
  bool below_max = false;       // max is excluded
  std::vector<FieldChoice> (*make_choices)() = nullptr;  // the texts allowed; null: any
  bool bits = true;        // changes weights, scores or records, not only speed or display
  bool resumable = false;  // may change when a run is resumed, although it changes bits
  bool rare = false;       // seldom changed: the page shows it under "More"
  bool live = false;       // may change while training
  bool forkable = false;   // may change in a fork

  bool may_differ_on_resume() const { return !bits || resumable; }
};

struct Field : FieldRow {
  std::string name;
  std::vector<FieldChoice> choices;
  // {"optimizer": ["sgd", "rmsprop"]}: used only with one of these values of that setting. Filled
  // in from the tables of optimizers and schedules. Null: always used.
  Json used_by;
};

const std::vector<Field>& config_fields();
// Throws Error for an unknown field, naming the nearest known one.
const Field& find_field(const std::string& name);
// The names of the fields with this property, and the fields in which two configs differ, both in
// the table's order.
std::vector<std::string> field_names(bool (*has)(const Field&));
std::vector<const Field*> differing_fields(const Config& a, const Config& b);
Json fields_json();  // the table, for menus and flags

// Each throws Error for an unknown field (naming the nearest known one) or a value that is not
// allowed, and leaves its input as it was.
Config config_from_json(std::string_view text, const Config& base = {});
Config config_from_fields(const NamedTexts& fields, const Config& base = {});

Json config_to_json(const Config& config);
// A field's value as the text of a flag.
std::string field_text(const Config& config, const Field& field);
// Names and texts of the fields that differ from their defaults, for a URL hash.
NamedTexts config_to_fields(const Config& config);
// The same with their values as JSON.
Json changed_fields(const Config& config);
// The id that identifies the result of a run: the first 16 hexadecimal digits of a SHA-256 over the
// fields that differ from their defaults, without those that change no bit (threads, log_every,
// ...). Fields added by later versions do not change it.
std::string run_id(const Config& config);
// Sets fields from a text such as "lr=0.1; model=dense 10". Throws Error naming the invalid part.
Config with_changes(const std::string& text, const Config& base);

struct OptimizerOptions;  // optim/rule.h
struct ScheduleOptions;   // optim/schedule.h
class Memory;             // core/tensor.h
OptimizerOptions optimizer_options(const Config& config, Memory* memory = nullptr);
ScheduleOptions schedule_options(const Config& config, std::int64_t updates_per_epoch);

// Sets a live field. Throws Error for any other field or an invalid value.
void set_live(Config& config, const std::string& field, double value);

}  // namespace reluscope
