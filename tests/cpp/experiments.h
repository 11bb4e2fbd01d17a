// Shared by the tests of experiments: a small data set in memory, and an experiment run to its end.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "experiments/experiment.h"
#include "experiments/sweep.h"
#include "network.h"

namespace reluscope::test {

// Images of 4 x 5 pixels that contain their label, so that it can be learnt.
inline std::shared_ptr<const Dataset> small_data(std::uint32_t train = 96,
                                                 std::uint32_t test = 40) {
  TestRandom random(9);
  const auto part = [&](std::uint32_t count) {
    std::vector<std::uint8_t> pixels, labels;
    for (std::uint32_t k = 0; k < count; ++k) {
      const int label = random.below(10);
      labels.push_back(static_cast<std::uint8_t>(label));
      for (int at = 0; at < 20; ++at) {
        const int value = at / 2 == label ? 200 + random.below(56) : random.below(80);
        pixels.push_back(static_cast<std::uint8_t>(value < 40 ? 0 : value));
      }
    }
    return std::pair{idx_bytes({count, 4, 5}, pixels), idx_bytes({count}, labels)};
  };
  auto [train_images, train_labels] = part(train);
  auto [test_images, test_labels] = part(test);
  return std::make_shared<Dataset>(
      "small", Dataset::Files{train_images, train_labels, test_images, test_labels});
}

inline Config small_config() {
  return config_from_json(
      R"({"data": "small", "model": "dense 12 | relu | dense 10", "epochs": 2, "batch": 16,
          "test_batch": 16, "lr": 0.01})");
}

using Flags = std::vector<std::pair<std::string, std::string>>;

struct Outcome {
  std::vector<Json> rows;  // in the plan's order
  std::string csv, failure;
  std::vector<std::string> lines, json;
};

inline Outcome carry_out(const std::string& kind, const Config& base, const Flags& flags,
                         int jobs = 1, std::vector<Json> finished = {}) {
  const auto data = small_data();
  Experiment experiment(data, make_plan(kind, *data, base, FlagValues(flags)), jobs,
                        std::move(finished));
  Outcome outcome;
  for (;;) {
    const Reported progress = experiment.advance();
    outcome.lines.insert(outcome.lines.end(), progress.lines.begin(), progress.lines.end());
    outcome.json.insert(outcome.json.end(), progress.json.begin(), progress.json.end());
    if (progress.event() != "done") continue;
    outcome.csv = progress.values["csv"];
    outcome.failure = progress.values.value("failure", "");
    outcome.rows = read_rows(progress.values["rows"], "rows");
    return outcome;
  }
}

inline std::vector<std::string> names(const Plan& plan) {
  std::vector<std::string> found;
  for (const PlannedRun& run : plan.runs) found.push_back(run.name);
  return found;
}

}  // namespace reluscope::test
