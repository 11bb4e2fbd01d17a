// The safetensors format: u64 little-endian header size, JSON header, tensor data.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace reluscope {

struct NamedTensor {
  std::string name;
  Shape shape;
  std::vector<float> values;
};

// A whole file's bytes: float32 tensors sorted by name, header padded with spaces to a multiple
// of 8, so the same tensors and metadata give the same bytes everywhere.
std::vector<std::uint8_t> write_safetensors(
    std::vector<NamedTensor> tensors,
    const std::vector<std::pair<std::string, std::string>>& metadata);

}  // namespace reluscope
