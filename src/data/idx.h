// The IDX format of MNIST: 00 00 type ndim, big-endian u32 sizes, then the data. Only unsigned
// bytes (type 0x08), images (3 dimensions) and labels (1 dimension).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reluscope {

// Limits for images of any format.
inline constexpr std::uint64_t kMaxSide = 4096;          // pixels
inline constexpr std::uint64_t kMaxCount = 100'000'000;  // samples

// Throws Error naming `what` if the count (dimension 0), height (1) or width (2) is out of range.
void check_image_size(std::size_t dimension, std::uint64_t size, const std::string& what);

inline std::size_t idx_header(std::size_t dimensions) { return 4 + 4 * dimensions; }  // in bytes

// The size of a dimension by a header that is at least so long.
inline std::uint64_t idx_size(std::span<const std::uint8_t> bytes, std::size_t dimension) {
  std::uint64_t size = 0;
  for (const std::uint8_t byte : bytes.subspan(idx_header(dimension), 4)) size = size << 8 | byte;
  return size;
}

// The sizes of images (3) or labels (1 dimension). Reads the header of a whole file and
// checks that exactly the announced data follows. `what` names the file in messages ("training
// images"). Throws Error for an invalid file.
std::vector<int> read_idx(std::span<const std::uint8_t> bytes, std::size_t dimensions,
                          const std::string& what);

}  // namespace reluscope
