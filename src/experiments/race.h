// A race: several configs on one data set, side by side with the same seed. They get the same
// batches and, where layers have the same shapes, the same initial weights. Then the next seed.
#pragma once

#include "experiments/plan.h"

namespace reluscope {

// Flags:
//   entry        "lr=0.1; optimizer=sgd": a racer's changes to the base config; its name is that
//                text, or the text before a colon: "fast: lr=0.1"
//   activations  "relu,elu": one racer for each, which replaces all activations of the base model
//   seeds        number of seeds, from the config's on; default 1
//   from         a checkpoint's bytes; base is its config, or resumed_config() of it. All racers
//                are forks of that run (run/checkpoint.h); the first is the run itself, "unchanged"
// Without an entry or a checkpoint: the activations relu, leaky_relu, prelu, elu and swish.
// Throws Error for a flag or a config that cannot be run.
Plan plan_race(const Dataset& data, const Config& base, const FlagValues& flags);

// The architecture with all its activations replaced. Throws Error if it has none.
std::string with_activation(const std::string& architecture, const std::string& activation);

}  // namespace reluscope
