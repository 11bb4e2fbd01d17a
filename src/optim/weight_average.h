// An exponential moving average of all weights, which is scored and saved in their place (after
// Polyak and Juditsky, 1992). Like torch.optim.swa_utils.AveragedModel with this avg_fn: the first
// update copies the weights.
#pragma once

#include <cstdint>
#include <span>

#include "backend/backend.h"
#include "core/tensor.h"
#include "optim/optimizer.h"

namespace reluscope {

class WeightAverage {
 public:
  // decay: share of the average that an update keeps, in [0, 1); 0: no average.
  WeightAverage(double decay, std::size_t floats, Memory* memory = nullptr)
      : decay_(decay), average_(decay > 0.0 ? floats : 0, memory) {}

  bool on() const { return decay_ > 0.0; }
  // average = decay average + (1 - decay) weights
  void update(Backend& backend, std::span<float> weights) {
    if (!on()) return;
    const double keep = updates_++ == 0 ? 0.0 : decay_;
    ParameterUpdate step = descent(keep - 1.0);  // by -(1 - decay) along the weights
    step.gradient = weights.data();
    step.weights = average_.data();
    step.keep = static_cast<float>(keep);
    backend.update(step, weights.size());
  }
  bool ready() const { return updates_ > 0; }
  std::int64_t updates() const { return updates_; }
  void restore(std::int64_t updates) { updates_ = updates; }  // the caller writes values()
  std::span<float> values() { return {average_.data(), average_.size()}; }
  std::span<const float> values() const { return {average_.data(), average_.size()}; }

 private:
  double decay_;
  Buffer average_;
  std::int64_t updates_ = 0;
};

}  // namespace reluscope
