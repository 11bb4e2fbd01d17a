// A network's tensors with the names, shapes and order of PyTorch's state_dict.
#pragma once

#include <string_view>

#include "io/safetensors.h"
#include "train/trainer.h"

namespace reluscope {

// The scored weights, layer by layer, each layer's parameters first.
std::vector<NamedTensor> state_dict(const Trainer& trainer);

// Loads parameters and running statistics from a file. The file must hold exactly these, with the
// same shapes, as finite float32. Otherwise throws Error listing every difference and changes
// nothing. architecture: for the message.
void load_state_dict(Model& model, const SafetensorsFile& file, std::string_view architecture);

}  // namespace reluscope
