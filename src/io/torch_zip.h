// Writes a state_dict as torch.save does: an uncompressed ZIP of tensor data and a pickle that
// describes it. There is no reader, because a pickle is a program that a reader would have to run.
#pragma once

#include "core/bytes.h"
#include "io/safetensors.h"

namespace reluscope {

// tensors: in the order of the state_dict. torch.load(..., weights_only=True) reads the result.
Bytes write_torch(const std::vector<NamedTensor>& tensors);

}  // namespace reluscope
