// The safetensors format: the size of the header (u64, little-endian), a JSON header, tensor data.
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
  std::vector<std::uint8_t> bytes = {};  // replaces values in a tensor of dtype U8
  bool whole = false;                    // values are integers, stored as int64
};

// The elements as in a file.
std::vector<std::uint8_t> little_endian(const NamedTensor& tensor);

using Metadata = std::vector<std::pair<std::string, std::string>>;

// The bytes of a whole file. Tensors are sorted by decreasing element size, then by name, and the
// header is padded with spaces to a multiple of 8: equal tensors and metadata give equal bytes.
std::vector<std::uint8_t> write_safetensors(std::vector<NamedTensor> tensors,
                                            const Metadata& metadata);

// A non-owning view of a tensor in a file.
struct StoredTensor {
  std::string name;
  std::string dtype;  // "F32"
  Shape shape;
  std::span<const std::uint8_t> bytes;
};

struct SafetensorsFile {
  Metadata metadata;                  // in the file's order
  std::vector<StoredTensor> tensors;  // by the offset of their data
};

// Reads the header; the tensors refer to `file`. Throws Error for any violation of the format.
// Allocates at most a small multiple of the header, which has at most kMaxHeader bytes.
SafetensorsFile read_safetensors(std::span<const std::uint8_t> file);
inline constexpr std::uint64_t kMaxHeader = std::uint64_t{1} << 20;

// The values of an F32 tensor, or if `whole` of an I64 tensor; integers up to 2^24 convert exactly.
// Throws Error for another dtype.
std::vector<float> float_values(const StoredTensor& tensor, bool whole = false);

// A SHA-256 in the metadata, as "sha256": the hash of the file with the 64 digits replaced by
// zeros. It detects any damaged bit. write_checksum() fills in the entry checksum_entry().
std::pair<std::string, std::string> checksum_entry();
void write_checksum(std::span<std::uint8_t> file);
enum class Checksum { kNone, kRight, kWrong };
Checksum check_checksum(std::span<const std::uint8_t> file);

}  // namespace reluscope
