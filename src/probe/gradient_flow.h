// How gradients flow back through a network in one training step, and how the optimizer uses
// them: norms, update-to-weight ratios, and the share that passes where an activation's input is
// negative. Sums in double, in fixed order: the same bits everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/primitives.h"
#include "nn/model.h"
#include "train/trainer.h"

namespace reluscope {

struct ParameterFlow {
  std::string name;  // "fc1.weight"
  bool weight;       // false: a bias or a slope
  std::int64_t count;
  // Euclidean norms over its elements: before the step, of the gradient, of the update.
  double weight_norm = 0.0, gradient_norm = 0.0, update_norm = 0.0;

  double gradient_rms() const { return gradient_norm / scalar::sqrt(static_cast<double>(count)); }
  std::optional<double> update_ratio() const {  // update / weight; none where all weights are 0
    return weight_norm > 0.0 ? std::optional(update_norm / weight_norm) : std::nullopt;
  }
};

struct ActivationFlow {
  int layer;
  // sum of |dL/dz| over z < 0, divided by that over all z; none where the gradient is zero.
  std::optional<double> negative_share;
  std::vector<std::uint8_t> silent_on_batch;  // by unit, on the step's batch: probe/activity.h
};

struct GradientFlow {
  std::int64_t step = 0;  // steps done, this one included
  double lr = 0.0;
  double norm = 0.0;  // over all parameters
  std::vector<ParameterFlow> parameters;
  std::vector<ActivationFlow> activations;
};

// Gives a flow the rows of a network, with nothing measured.
void set_rows(GradientFlow& flow, const Model& model);

// Measures the observed training step.
class GradientMeter final : public StepObserver {
 public:
  GradientFlow flow;

  void before_update(const Model& model) override;
  void after_update(const Model& model) override;

 private:
  std::vector<float> before_;  // the weights
};

}  // namespace reluscope
