// Everything that makes a run, in one struct with one table of fields. Command-line flags, config
// JSON, URL hash and the page's controls all go through the functions here, so they mean the
// same and refuse the same.
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

struct Config {
  std::string data = "mnist";
  std::string model = "dense 512 | relu | dense 10";
  std::string init = "he_normal";
  std::string optimizer = "adam";
  double lr = 0.001;
  double momentum = 0.0;
  bool nesterov = false;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  int train_samples = 0;
  int epochs = 10;
  int batch = 64;
  int test_batch = 1000;
  std::int64_t seed = 1;
  double mean = 0.1307;
  double std = 0.3081;
  std::vector<Event> events;
  int log_every = 100;
  int threads = 0;
  std::string input = "auto";
  std::string device = "auto";
  std::string simd = "auto";
  bool fused = false;
  bool operator==(const Config&) const = default;
};

struct FieldChoice {
  std::string name, label, about;
};

struct Field {
  std::string name;
  std::string label;
  std::string section;  // of the page's panel: Data, Model, Optimizer, Regularisation, Run
  std::string help;
  std::variant<double Config::*, int Config::*, std::int64_t Config::*, bool Config::*,
               std::string Config::*, std::vector<Event> Config::*>
      member;
  double min = 0.0, max = 0.0;  // of numbers, both allowed ...
  bool below_max = false;       // ... unless this is set
  std::vector<FieldChoice> choices;  // of texts that are one of a few
  bool live = false;                 // may change while training
  std::string used_by;               // only with this optimizer
};

const std::vector<Field>& config_fields();
Json fields_json();  // the table, for menus and flags

// Each throws Error for an unknown field (naming the nearest known one) or a value that is not
// allowed, and leaves its input as it was.
Config config_from_json(std::string_view text, const Config& base = {});
Config config_from_fields(const std::vector<std::pair<std::string, std::string>>& fields,
                          const Config& base = {});

Json config_to_json(const Config& config);
// Names and texts of what differs from the defaults: a URL hash.
std::vector<std::pair<std::string, std::string>> config_to_fields(const Config& config);

// Sets one live field; anything else, or a bad value, throws Error.
void set_live(Config& config, const std::string& field, double value);

}  // namespace reluscope
