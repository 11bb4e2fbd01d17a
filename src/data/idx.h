// The IDX format of MNIST: 00 00 type ndim, big-endian u32 sizes, then the data. Only unsigned
// bytes (type 0x08), images (3 dimensions) and labels (1 dimension).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace reluscope {

// What images of any format may be.
inline constexpr std::uint64_t kMaxSide = 4096;          // pixels
inline constexpr std::uint64_t kMaxCount = 100'000'000;  // samples

struct IdxImages {
  int count, height, width;
  std::size_t header;  // bytes before the first pixel
};

struct IdxLabels {
  int count;
  std::size_t header;
};

// Each reads the header of a whole file's bytes and checks that exactly the announced data
// follows. `what` names the file in messages ("training images"). Throws Error.
IdxImages read_idx_images(std::span<const std::uint8_t> bytes, std::string_view what);
IdxLabels read_idx_labels(std::span<const std::uint8_t> bytes, std::string_view what);

}  // namespace reluscope
