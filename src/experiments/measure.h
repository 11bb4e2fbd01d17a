// What is measured about a network's hidden activations while it trains: numbers that support or
// contradict the claims about ReLU. Measuring does not change the run.
#pragma once

#include <string_view>

#include "config/config.h"
#include "train/trainer.h"

namespace reluscope {

struct Measure {
  const char* name;   // in rows and files: "dead"
  const char* label;  // for people
  bool percent;       // a share, shown as one
  const char* about;
};

// Every number that a row of results may hold for an epoch: a session's own and those of measure().
const Measure& find_measure(std::string_view name);  // the name must exist

inline constexpr int kMeasuredSamples = 1000;

// On the first kMeasuredSamples samples that are trained on, in evaluation mode; of all hidden
// activation layers (those that are neither the first layer nor the last). Null where the network
// has none. By name:
//   dead         share of units that are dead over these samples; see probe/silence.h
//   negative     share of units whose input is at most 0 for every sample
//   zeros        share of outputs that are exactly 0
//   output_mean  mean output; of several layers the mean over the layers
//   input_shift  mean over units of |mean input| / deviation of the input
//   signal       root mean square output of the last such layer over that of the first
//   slope_move   mean |value - initial value| of learnt parameters; null where there are none
Json measure(Trainer& trainer);

// Root mean square gradient of the first weights over that of the last weights, on the first batch
// of the started epoch in training mode: 1 is a gradient that neither fades nor grows.
double gradient_ratio(Trainer& trainer);

}  // namespace reluscope
