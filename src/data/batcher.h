// Makes batches: the seeded order of an epoch, and pixels gathered into a matrix.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "data/dataset.h"
#include "nn/layer.h"

namespace reluscope {

struct Batch {
  Signal input;                // (N, H * W)
  const std::uint8_t* labels;  // (N)
};

class Batcher {
 public:
  Batcher(int pixels, int max_rows, const PixelTable& table);

  // The order in which epoch `epoch` (from 1) visits `count` samples: sorted by a random word
  // each, so that any device can make the same one.
  void shuffle(std::uint64_t seed, int epoch, int count);
  // Samples order[first], order[first + 1], ... of the last shuffle. Good until the next call.
  Batch shuffled(const ImageSet& set, int first, int rows);
  // Samples first, first + 1, ...
  Batch in_order(const ImageSet& set, int first, int rows);
  // One image that need not belong to a set.
  Batch single(std::span<const std::uint8_t> pixels);

 private:
  void gather(std::span<const std::uint8_t> pixels, int row, const Layout& layout);
  Batch finish(int rows);

  int pixels_;
  PixelTable table_;
  std::vector<std::uint64_t> order_;  // random word << 32 | sample
  Buffer values_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace reluscope
