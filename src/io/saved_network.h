// A trained network, as input to the writers of other programs' formats.
#pragma once

#include <string>
#include <vector>

#include "io/safetensors.h"
#include "nn/model.h"

namespace reluscope {

struct SavedNetwork {
  const Model& model;
  std::string architecture;          // canonical spelling
  std::vector<NamedTensor> tensors;  // the state_dict, in its order
  Shape input;                       // of one sample, (C, H, W)
  std::vector<std::string> classes;  // their names
  double mean, std;                  // normalisation of pixels scaled to 0..1
};

}  // namespace reluscope
