// Makes batches: the seeded order of an epoch, and pixels gathered into a matrix or into lists of
// those that differ from the background.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.h"
#include "core/tensor.h"
#include "data/dataset.h"

namespace reluscope {

struct Batch {
  Signal input;                // (N, H * W)
  const std::uint8_t* labels;  // (N)
};

struct BatcherOptions {
  int pixels;
  int train_rows;     // largest batch that is trained on
  int evaluate_rows;  // largest batch that is scored
  PixelTable table;
  bool sparse;     // lists, not a matrix: only with a table whose background is 0
  int background;  // the pixel value that lists leave out
};

class Batcher {
 public:
  // Work is shared among the backend's threads.
  Batcher(const BatcherOptions& options, Backend& backend);

  std::size_t memory_bytes() const;

  // The order in which epoch `epoch` (from 1) visits `count` samples: sorted by a random word
  // each, so that any device can make the same one.
  void shuffle(std::uint64_t seed, int epoch, int count);
  // Samples order[first], order[first + 1], ... of the last shuffle. Good until the next call.
  Batch shuffled(const ImageSet& set, int first, int rows);
  // Samples first, first + 1, ..., to be scored: without lists by feature.
  Batch in_order(const ImageSet& set, int first, int rows);
  // One image that need not belong to a set.
  Batch single(std::span<const std::uint8_t> pixels);

 private:
  void add(std::span<const std::uint8_t> pixels, int row, int rows);
  void gather(std::span<const std::uint8_t> pixels, int row, const Layout& layout);
  void list(std::span<const std::uint8_t> pixels, int row);
  void list_columns(int rows, int first, int end);
  void add_all(const ImageSet& set, int rows);  // the samples_ of the batch
  Batch finish(int rows);

  BatcherOptions options_;
  Backend& backend_;
  std::vector<std::uint64_t> order_;  // random word << 32 | sample
  Buffer values_;
  std::vector<SparseEntry> row_entries_, column_entries_;
  // Each list has room for all it could hold, so that threads need not wait for one another.
  std::vector<std::uint32_t> row_begin_, row_end_, column_begin_, column_end_;
  std::vector<int> samples_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace reluscope
