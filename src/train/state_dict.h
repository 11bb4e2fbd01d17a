// A network's tensors by the names and in the shapes and order that PyTorch's state_dict has.
#pragma once

#include <string_view>

#include "io/safetensors.h"
#include "train/trainer.h"

namespace reluscope {

// Of the weights that are scored; layer by layer, each one's parameters first.
std::vector<NamedTensor> state_dict(const Trainer& trainer);

// Takes parameters and running statistics from a file that has just these, of the same shapes, as
// finite float32. Throws Error that lists every difference, and changes nothing then. architecture:
// for the message.
void load_state_dict(Model& model, const SafetensorsFile& file, std::string_view architecture);

}  // namespace reluscope
