// A trained network as those see it who write it into a file of another program.
#pragma once

#include <string>
#include <vector>

#include "io/safetensors.h"
#include "nn/model.h"

namespace reluscope {

struct SavedNetwork {
  const Model& model;
  std::string architecture;          // in canonical spelling
  std::vector<NamedTensor> tensors;  // the state_dict, in its order
  Shape input;                       // of one sample, (C, H, W)
  std::vector<std::string> classes;  // their names
  double mean, std;                  // by which pixels scaled to 0..1 were normalised
};

}  // namespace reluscope
