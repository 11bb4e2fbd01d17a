// The safetensors format: u64 little-endian header size, JSON header, tensor data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace reluscope {

struct NamedTensor {
  std::string name;
  Shape shape;
  std::vector<float> values;
  std::vector<std::uint8_t> bytes = {};  // of a tensor of dtype U8, in the place of values
  bool whole = false;                    // the values are whole numbers, int64 in a file
};

// Its elements as they stand in a file.
std::vector<std::uint8_t> little_endian(const NamedTensor& tensor);

using Metadata = std::vector<std::pair<std::string, std::string>>;

// A whole file's bytes: tensors by falling size of an element, then by name, header padded with
// spaces to a multiple of 8, so the same tensors and metadata give the same bytes everywhere.
std::vector<std::uint8_t> write_safetensors(std::vector<NamedTensor> tensors,
                                            const Metadata& metadata);

// A tensor of a file that somebody holds.
struct StoredTensor {
  std::string name;
  std::string dtype;  // "F32"
  Shape shape;
  std::span<const std::uint8_t> bytes;
};

struct SafetensorsFile {
  Metadata metadata;                  // in the file's order
  std::vector<StoredTensor> tensors;  // by where their data lie
};

// Reads the header; the tensors stay where they are, in `file`. Throws Error for a file that breaks
// the format in any way, and allocates no more than a small multiple of the header, which is at
// most kMaxHeader bytes.
SafetensorsFile read_safetensors(std::span<const std::uint8_t> file);
inline constexpr std::uint64_t kMaxHeader = std::uint64_t{1} << 20;

// The values of a tensor of floats. Throws Error for another dtype.
std::vector<float> float_values(const StoredTensor& tensor);
// The same of one that may hold int64 instead, of which those up to 2^24 are floats exactly.
std::vector<float> whole_values(const StoredTensor& tensor);

}  // namespace reluscope
