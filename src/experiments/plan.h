// The plan of an experiment: an ordered list of runs, and a report on their results. Races, sweeps
// and lessons are plans; experiments/experiment.h carries them out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "data/dataset.h"
#include "experiments/statistics.h"
#include "run/report.h"

namespace reluscope {

// A run before it begins.
struct PlannedRun {
  int index = 0;  // in the whole experiment, even if only a part of it runs here
  std::string name;
  Config config;
  bool gradients = false;  // whether gradient_ratio() is measured before the first step
  // The checkpoint that it is forked from; none: it starts at step 0.
  std::shared_ptr<const std::vector<std::uint8_t>> from = {};
};

// Flags of a command line or the page besides the config: names and texts, in the given order.
class FlagValues {
 public:
  explicit FlagValues(NamedTexts values) : values_(std::move(values)) {}

  bool has(const std::string& name) const { return first(name).has_value(); }
  std::optional<std::string> first(const std::string& name) const;
  std::vector<std::string> all(const std::string& name) const;
  // Throws Error unless it is a whole number from min to max.
  int whole(const std::string& name, int otherwise, int min, int max) const;

 private:
  NamedTexts values_;
};

struct RunResult {
  Json row = {};         // see experiments/recorded_run.h
  double seconds = 0.0;  // of training
  bool done = false, reported = false;
};

struct Report {
  std::vector<std::string> lines;  // text for the user
  // One line each, after the rows of the runs. "step_seconds" stays out of files, which must not
  // depend on the clock; NaN: unknown.
  std::vector<Json> json;
  std::string csv;
};

struct Plan {
  std::vector<PlannedRun> runs;
  // Number of consecutive runs that advance side by side, a step each in turn, before the next
  // group begins. 0: every run is independent.
  int side_by_side = 0;
  std::vector<std::string> start_lines;
  // results: of all runs, in their order.
  std::function<Report(const std::vector<RunResult>& results)> report;
};

// The last of `count` seeds that start at the config's. Throws Error if it is too large.
std::int64_t last_seed(const Config& config, int count);

// Throws Error if the model cannot be built for this data.
void check_model(const Config& config, const Dataset& data);

// The command that trains a config: reluscope train --lr 0.1 ...
std::string train_command(const Config& config);

// The last epoch of a row, or an empty object if it has none.
const Json& last_epoch(const Json& row);

// A value of an epoch as a number; NaN if it is missing.
double number_at(const Json& epoch, const std::string& name);

// What reports show of the last epochs of runs.
inline constexpr const char* kReported[] = {"test_accuracy", "test_loss", "train_loss", "silent",
                                            "output_mean"};

// Several rows of one configuration, such as those of its seeds.
struct RowGroup {
  std::string name;
  std::vector<const Json*> rows = {};

  // Of a number in the last epochs. Ignores rows that lack it.
  Summary summary(const char* measure) const;
  // How many have this key: "diverged" or "refused".
  int count(const char* key) const;
};

// {"count", "mean", "deviation"}; numbers that are not finite, or not defined, are null.
Json summary_json(const Summary& summary);

// Appends the object's names that are not in the list yet.
void add_names(std::vector<std::string>& names, const Json& object);

// The objects as CSV: these columns, then one for each other name, in the order of their first use.
std::string objects_csv(std::vector<std::string> columns, const std::vector<Json>& objects);

}  // namespace reluscope
