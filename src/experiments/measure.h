// Measures of a network's hidden activations during training. They support or contradict claims
// about ReLU. Measuring does not change the run.
#pragma once

#include <span>
#include <string_view>

#include "config/config.h"
#include "train/trainer.h"

namespace reluscope {

struct Measure {
  const char* name;   // in rows and files: "silent"
  const char* label;  // for display
  bool percent;       // a share, shown as a percentage
};

// All numbers that a row may hold for an epoch: those of the session and those of measure().
std::span<const Measure> measures();
const Measure& find_measure(std::string_view name);  // the name must exist

inline constexpr int kMeasuredSamples = 1000;

// Measures all hidden activation layers (neither the first layer nor the last) on the first
// kMeasuredSamples training samples, in evaluation mode. Null if the network has none. By name:
//   silent       share of units that are silent on these samples; see probe/activity.h
//   negative     share of units whose input is at most 0 for every sample
//   zeros        share of outputs that are exactly 0
//   output_mean  mean output, averaged over the layers
//   input_shift  mean over units of |mean input| / deviation of the input
//   signal       root mean square output of the last such layer divided by that of the first
//   slope_move   mean |value - initial value| of learnt parameters; null if there are none
Json measure(Trainer& trainer);

// Root mean square gradient of the first weights divided by that of the last weights, on the first
// batch of the started epoch, in training mode. 1: the gradient neither fades nor grows.
double gradient_ratio(Trainer& trainer);

}  // namespace reluscope
