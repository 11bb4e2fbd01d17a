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
  std::string data = "mnist";
  std::string model = "dense 512 | relu | dense 10";
  std::string init = "he_normal";
  double init_value = 0.01;
  std::string optimizer = "adam";
  double lr = 0.001;
  double momentum = 0.0;
  bool nesterov = false;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double label_smoothing = 0.0;
  std::vector<double> class_weights;
  double l1 = 0.0;
  double l2 = 0.0;
  double dampening = 0.0;
  double alpha = 0.99;
  bool centered = false;
  double momentum_decay = 0.004;
  double lr_decay = 0.0;
  double initial_accumulator = 0.0;
  double muon_momentum = 0.95;
  double muon_scale = 20.0;
  double weight_decay = 0.0;
  double clip_norm = 0.0;
  double clip_value = 0.0;
  int accumulate = 1;
  double ema = 0.0;
  std::string schedule = "constant";
  int lr_warmup = 0;
  int lr_step = 5;
  std::string lr_milestones = "5,8";
  double lr_gamma = 0.1;
  double lr_min = 0.0;
  int lr_period = 0;
  int lr_restart = 5;
  int lr_restart_factor = 1;
  double lr_rise = 0.3;
  double lr_div = 25.0;
  double lr_final_div = 1e4;
  bool cycle_momentum = true;
  double momentum_min = 0.85;
  double momentum_max = 0.95;
  int lr_patience = 2;
  double lr_threshold = 1e-4;
  int lr_cooldown = 0;
  int train_samples = 0;
  int epochs = 10;
  int batch = 64;
  int test_batch = 1000;
  std::int64_t seed = 1;
  // auto: for mnist the customary kMnistMean and kMnistStd; for other data as computed from the
  // samples that are trained on.
  AutoNumber mean;
  AutoNumber std;
  int validation = 0;  // but see validation_size() in train/trainer.h
  int early_stopping = 0;
  double augment_rotate = 0.0;  // see data/augment.h
  double augment_translate = 0.0;
  double augment_scale = 0.0;
  double augment_shear = 0.0;
  double augment_elastic = 0.0;
  double augment_elastic_sigma = 4.0;
  double augment_noise = 0.0;
  double augment_erase = 0.0;
  std::vector<Event> events;
  int log_every = 100;
  int probe = 0;
  int threads = 0;
  std::string input = "auto";
  std::string device = "auto";
  std::string precision = "fp32";
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
  std::string section;  // of the page's panel: Data, Augmentation, Model, Optimizer, ...
  std::string help;
  std::variant<double Config::*, int Config::*, std::int64_t Config::*, bool Config::*,
               std::string Config::*, std::vector<Event> Config::*, std::vector<double> Config::*,
               AutoNumber Config::*>
      member;
  double min = 0.0, max = 0.0;       // of numbers, alone or in a list, both allowed ...
  bool below_max = false;            // ... unless this is set
  std::vector<FieldChoice> choices;  // of texts that are one of a few
  bool live = false;                 // may change while training
  // "optimizer: sgd rmsprop": only with one of these values of that setting. Filled in from the
  // tables of optimizers and schedules.
  std::string used_by;
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
