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
  // The backend's threads make the batches.
  Batcher(const BatcherOptions& options, Backend& backend);
  ~Batcher() { backend_.finish_chores(); }
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  std::size_t memory_bytes() const;

  // The order in which epoch `epoch` (from 1) visits `count` samples: sorted by a random word
  // each, so that any device can make the same one.
  void shuffle(std::uint64_t seed, int epoch, int count);
  // Samples order[first], order[first + 1], ... of the last shuffle. Good until the next call.
  Batch shuffled(const ImageSet& set, int first, int rows);
  // Has threads that would idle make that batch while the last one is being used.
  void prepare(const ImageSet& set, int first, int rows);
  // Samples first, first + 1, ..., to be scored: without lists by feature.
  Batch in_order(const ImageSet& set, int first, int rows);
  // Samples of a set in this order, to be scored; as many as are scored at a time at most.
  Batch chosen(const ImageSet& set, std::span<const int> samples);
  // One image that need not belong to a set.
  Batch single(std::span<const std::uint8_t> pixels);

 private:
  struct Slot {  // one batch, being made or being used
    Buffer values;
    std::vector<SparseEntry> row_entries, column_entries;
    // Each list has room for all it could hold, so that threads need not wait for one another.
    std::vector<std::uint32_t> row_begin, row_end, column_begin, column_end;
    std::vector<int> samples;
    std::vector<std::uint8_t> labels;
    const ImageSet* set = nullptr;
    int first = -1, rows = 0;
  };

  Slot make_slot(int rows, bool columns) const;
  void add(Slot& slot, std::span<const std::uint8_t> pixels, int row) const;
  void gather(Slot& slot, std::span<const std::uint8_t> pixels, int row) const;
  void list(Slot& slot, std::span<const std::uint8_t> pixels, int row) const;
  void list_columns(Slot& slot, int first, int end) const;
  void do_piece(int piece);  // of making the batch that making_ is to hold
  void begin(Slot& slot, bool columns);
  Batch batch_of(const Slot& slot) const;

  BatcherOptions options_;
  Backend& backend_;
  std::vector<std::uint64_t> order_;  // random word << 32 | sample
  std::vector<std::uint64_t> sorting_;
  Slot ahead_, present_, scored_;
  Slot* making_ = nullptr;
};

}  // namespace reluscope
