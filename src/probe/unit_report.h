// A report on one unit: its incoming weights, its outgoing weights, and the images that excite it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "train/trainer.h"

namespace reluscope {

struct UnitReport {
  struct Weights {
    std::string name;  // the parameter's, "fc1.weight"; empty if there is none
    Shape shape;       // of the values
    std::vector<double> values;
    double largest = 0.0;  // largest magnitude in that parameter, for scales
  };
  struct Sample {
    int index, label;
    double value;  // the unit's output; of a channel, its largest
  };

  int layer, unit;  // from 0
  std::string name;
  // This unit's weights in the last layer with weights before it: (I) of a dense one, (C, R, S) of
  // a convolution.
  Weights incoming;
  // Its weights in the next layer with weights, (O), one per unit there, summed over the positions
  // of a channel or the taps of a kernel.
  Weights outgoing;
  std::vector<Sample> strongest;  // of the probe set, best first, ties in their order
  // (H, W): where the images that excite it differ from the mean image: sum of v (x - mean x) over
  // sum of |v|, with the unit's mean output v of each image and pixels x from 0 to 1.
  std::vector<double> response;
  double largest = 0.0;  // largest magnitude of any weight of the network
};

// samples: the probe set. most: the maximum number of strongest images. Throws Error for a layer
// that is not an activation, or a unit that does not exist.
UnitReport report_unit(Trainer& trainer, std::span<const int> samples, int layer, int unit,
                       int most);

Json to_json(const UnitReport& report);

// Throws Error unless these are units of an activation layer.
void check_units(const Model& model, int layer, std::span<const int> units);

}  // namespace reluscope
