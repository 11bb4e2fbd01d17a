// A state_dict as torch.save writes it: a stored ZIP of a pickle that names the tensors, and their
// data. Only written: to read one is to run the program that a pickle is.
#pragma once

#include "core/bytes.h"
#include "io/safetensors.h"

namespace reluscope {

// tensors: in the order of the state_dict. torch.load(..., weights_only=True) opens it.
Bytes write_torch(const std::vector<NamedTensor>& tensors);

}  // namespace reluscope
