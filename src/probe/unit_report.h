// One unit from all sides: the weights that feed it, those it feeds, and the images that drive it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "train/trainer.h"

namespace reluscope {

struct UnitReport {
  struct Weights {
    std::string name;  // of the parameter: "fc1.weight"; empty if there is none
    Shape shape;       // of the values
    std::vector<double> values;
    double largest = 0.0;  // size of any weight of that parameter, for scales
  };
  struct Sample {
    int index, label;
    double value;  // the unit's output, of a channel the largest
  };

  int layer, unit;  // from 0
  std::string name;
  // This unit's weights in the last layer with weights before it: (I) of a dense one, (C, R, S) of
  // a convolution.
  Weights incoming;
  // Its weights in the next layer with weights, (O), one a unit there: summed over the positions of
  // a channel, or the taps of a kernel.
  Weights outgoing;
  std::vector<Sample> strongest;  // of the probe set, best first, ties in their order
  // (H, W): where images that drive it differ from all: sum of v (x - mean x) over sum of |v|, with
  // the unit's mean output v of each image and pixels x from 0 to 1.
  std::vector<double> response;
  double largest = 0.0;  // size of any weight of the network
};

// samples: of the probe set. most: of the strongest. Throws Error for a layer that is no activation
// or a unit that it does not have.
UnitReport report_unit(Trainer& trainer, std::span<const int> samples, int layer, int unit,
                       int most);

Json to_json(const UnitReport& report);

// Throws Error unless these are units of an activation.
void check_units(const Model& model, int layer, std::span<const int> units);

}  // namespace reluscope
