// Everything that makes a run, in one struct with one table of fields (fields.inc). Command-line
// flags, config JSON, URL hash and the page's controls all go through the functions here, so they
// mean the same and refuse the same.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace reluscope {

using Json = nlohmann::ordered_json;

// A change made while training, before the step after `step` (steps done by then).
struct Event {
  std::int64_t step;
  std::string field;
  double value;
  bool operator==(const Event&) const = default;
};

// A number, or "auto".
class AutoNumber {
 public:
  AutoNumber() = default;  // auto
  AutoNumber(double number) : automatic_(false), number_(number) {}
  bool automatic() const { return automatic_; }
  double or_else(double automatic) const { return automatic_ ? automatic : number_; }
  bool operator==(const AutoNumber&) const = default;

 private:
  bool automatic_ = true;
  double number_ = 0.0;
};

struct Config {
#define FIELD(type, name, initial, ...) type name = initial;
#include "config/fields.inc"
#undef FIELD
  bool operator==(const Config&) const = default;
};

struct FieldChoice {
  std::string name, label, about;
};

// What another value of a field makes of a run.
enum class Effect {
  kBits,     // other weights, scores or records
  kSpeed,    // the same sooner or later
  kDisplay,  // the same, said in other words or at other times
};

// A row of fields.inc. A row that says nothing of resume and fork lets neither change the field.
// What a row of fields.inc says of a setting.
struct FieldRow {
  std::string_view key;
  std::variant<double Config::*, int Config::*, std::int64_t Config::*, bool Config::*,
               std::string Config::*, std::vector<Event> Config::*, std::vector<double> Config::*,
               AutoNumber Config::*>
      member;
  std::string_view label;
  std::string_view section;  // of the page's panel: Data, Augmentation, Model, Optimizer, ...
  std::string_view help;
  double min = 0.0, max = 0.0;  // of numbers, alone or in a list, both allowed ...
  bool below_max = false;       // ... unless this is set
  std::vector<FieldChoice> (*make_choices)() = nullptr;  // of texts that are one of a few
  Effect effect = Effect::kBits;
  bool resumable = false;  // may differ when a run goes on, although it changes bits
  bool forkable = false;   // may differ in a fork
  bool rare = false;       // few people change it: the page has it under "More"
  bool live = false;       // may change while training

  bool may_differ_on_resume() const { return effect != Effect::kBits || resumable; }
};

struct Field : FieldRow {
  std::string name;
  std::vector<FieldChoice> choices;
  // "optimizer: sgd rmsprop": only with one of these values of that setting. Filled in from the
  // tables of optimizers and schedules.
  std::string used_by;
};

const std::vector<Field>& config_fields();
// Throws Error, naming the nearest known one, for an unknown field.
const Field& find_field(const std::string& name);
// Sets a field to what it is in another config.
void copy_field(Config& to, const Config& from, const Field& field);
Json fields_json();  // the table, for menus and flags

// Each throws Error for an unknown field (naming the nearest known one) or a value that is not
// allowed, and leaves its input as it was.
Config config_from_json(std::string_view text, const Config& base = {});
Config config_from_fields(const std::vector<std::pair<std::string, std::string>>& fields,
                          const Config& base = {});

Json config_to_json(const Config& config);
// Names and texts of what differs from the defaults: a URL hash.
std::vector<std::pair<std::string, std::string>> config_to_fields(const Config& config);
// The same with their values as JSON.
Json changed_fields(const Config& config);
// Sets fields as flags would: "lr=0.1; model=dense 10". Throws Error naming the part that is wrong.
Config with_changes(const std::string& text, const Config& base);

// Sets one live field; anything else, or a bad value, throws Error.
void set_live(Config& config, const std::string& field, double value);

}  // namespace reluscope
