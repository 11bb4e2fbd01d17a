// The IDX format of MNIST: 00 00 type ndim, big-endian u32 sizes, then the data. Only unsigned
// bytes (type 0x08), images (3 dimensions) and labels (1 dimension).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reluscope {

// Limits for images of any format.
inline constexpr std::uint64_t kMaxSide = 4096;          // pixels
inline constexpr std::uint64_t kMaxCount = 100'000'000;  // samples

// Throws Error naming `what` if the count (dimension 0), height (1) or width (2) is out of range.
void check_image_size(std::size_t dimension, std::uint64_t size, const std::string& what);

struct IdxImages {
  int count, height, width;
  std::size_t header;  // bytes before the first pixel
};

struct IdxLabels {
  int count;
  std::size_t header;
};

// Both read the header of a whole file and check that exactly the announced data follows. `what`
// names the file in messages ("training images"). Throw Error for an invalid file.
IdxImages read_idx_images(std::span<const std::uint8_t> bytes, std::string_view what);
IdxLabels read_idx_labels(std::span<const std::uint8_t> bytes, std::string_view what);

}  // namespace reluscope
