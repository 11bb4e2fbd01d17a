// Shared by the tests of the monitors: a small data set in memory, and unit values by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/cpu/cpu_backend.h"
#include "network.h"
#include "run/session.h"

namespace reluscope::test {

// Images of 6 by 5 pixels, mostly background, whose label can be learnt.
inline std::shared_ptr<const Dataset> small_images(int train, int test) {
  TestRandom random(99);
  const auto files = [&](int count) {
    std::vector<std::uint8_t> pixels, labels;
    for (int k = 0; k < count; ++k) {
      labels.push_back(static_cast<std::uint8_t>(random.below(10)));
      for (int at = 0; at < 30; ++at) {
        const bool there = random.below(6) == 0 || at % 10 == labels.back();
        pixels.push_back(static_cast<std::uint8_t>(there ? 1 + random.below(255) : 0));
      }
    }
    const auto n = static_cast<std::uint32_t>(count);
    return std::pair{idx_bytes({n, 6, 5}, pixels), idx_bytes({n}, labels)};
  };
  const auto [train_images, train_labels] = files(train);
  const auto [test_images, test_labels] = files(test);
  return std::make_shared<const Dataset>(
      "made", Dataset::Files{train_images, train_labels, test_images, test_labels});
}

inline constexpr const char* kSmallModel =
    "dense 19 | relu | dense 33 | prelu | dense 17 | tanh | dense 10";

inline Config probe_config(const std::string& model = kSmallModel) {
  Config config;
  config.model = model;
  config.batch = 20;
  config.test_batch = 70;
  config.lr = 0.01;
  config.probe = 0;
  return config;
}

// Makes a step of a run that prints its looks, and returns the last of them.
inline ProbeSnapshot step_and_look(Session& session) {
  std::optional<ProbeSnapshot> last;
  for (const RunEvent& event : session.advance().events) {
    if (const auto* probe = std::get_if<ProbeEvent>(&event)) last = probe->snapshot;
  }
  REQUIRE(last);
  return *last;
}

// Element by element, row by row.
inline Values logical(ConstMatrixView m) {
  Values values;
  for (int r = 0; r < m.rows(); ++r) {
    for (int c = 0; c < m.cols(); ++c) values.push_back(static_cast<double>(m.at(r, c)));
  }
  return values;
}

// Sets one element, in PyTorch's order, of a parameter.
inline float set_parameter(Model& model, const std::string& name, std::size_t element,
                           float value) {
  for (const Model::Parameter& p : model.parameter_list()) {
    if (p.name != name) continue;
    std::vector<float> values = Model::gather(p, model.parameters());
    const float old = values.at(element);
    values.at(element) = value;
    Model::scatter(p, values, model.parameters());
    model.parameters_changed();
    return old;
  }
  FAIL("no parameter is called ", name);
  return 0.0f;
}

}  // namespace reluscope::test
