// Makes batches: the seeded order of an epoch, and pixels gathered into a matrix or into lists of
// those that differ from the background.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backend/backend.h"
#include "core/tensor.h"
#include "data/augment.h"
#include "data/dataset.h"

namespace reluscope {

struct Batch {
  Signal input;                                   // (N, H * W)
  const std::uint8_t* labels;                     // (N)
  const std::uint8_t* gathered_labels = nullptr;  // see SoftmaxLoss
};

struct BatcherOptions {
  int pixels;
  int train_rows;     // largest batch that is trained on
  int evaluate_rows;  // largest batch that is scored
  PixelTable table;
  bool sparse;     // lists, not a matrix: only with a table whose background is 0
  int background;  // the pixel value that lists leave out
  const Augmenter* augmenter = nullptr;  // for batches that are trained on; null: none
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
  // The same of some samples.
  void shuffle(std::uint64_t seed, int epoch, std::span<const int> samples);
  int sample_at(int place) const {  // of that order
    return static_cast<int>(static_cast<std::uint32_t>(order_[static_cast<std::size_t>(place)]));
  }
  // Samples order[first], order[first + 1], ... of the last shuffle, augmented for its epoch. Good
  // until the next call.
  Batch shuffled(const ImageSet& set, int first, int rows);
  // Has threads that would idle make that batch while the last one is being used.
  void prepare(const ImageSet& set, int first, int rows);
  // Samples first, first + 1, ..., to be scored: without lists by feature.
  Batch in_order(const ImageSet& set, int first, int rows);
  // These samples, to be scored; no more than evaluate_rows.
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
    Buffer gathered_labels;  // the same by the backend, as bytes; empty where it has no memory of
                             // its own
    const ImageSet* set = nullptr;
    int first = -1, rows = 0;
    int epoch = 0;          // to augment for; 0: not
    bool gathered = false;  // by the backend
  };
  // What augmenting takes, for whichever thread comes by: as many as there are threads.
  struct Desk {
    std::atomic<bool> taken{false};
    Augmenter::Workspace workspace;
    std::vector<std::uint8_t> pixels;
  };

  Slot make_slot(int rows, bool columns) const;
  void add(Slot& slot, std::span<const std::uint8_t> pixels, int row) const;
  void gather(Slot& slot, std::span<const std::uint8_t> pixels, int row) const;
  void list(Slot& slot, std::span<const std::uint8_t> pixels, int row) const;
  void list_columns(Slot& slot, int first, int end) const;
  Batch score_samples(const ImageSet& set, int rows);  // those in scored_.samples
  void add_augmented(Slot& slot, int sample, int row);
  template <class SampleAt>
  void shuffle_by(std::uint64_t seed, int epoch, std::size_t count, const void* samples,
                  const SampleAt& sample_at);
  void sort_order();
  void do_piece(int piece);  // of making the batch that making_ is to hold
  void begin(Slot& slot, bool columns);
  // Has the backend make the batch, if it can; order: of its samples, where the backend has it.
  bool gather_on_device(Slot& slot, const std::uint64_t* order);
  Batch batch_of(const Slot& slot) const;

  BatcherOptions options_;
  Backend& backend_;
  std::vector<std::uint64_t> order_;  // random word << 32 | sample
  std::vector<std::uint64_t> sorting_;
  int epoch_ = 0;  // of the order
  // The backend's copy of the order, two floats a place, and what it is of; whether it made the
  // last one.
  Buffer order_there_;
  const void* ordered_samples_ = nullptr;
  bool order_is_there_ = false;
  bool by_device_ = true;  // until the backend says that it does not gather
  std::unique_ptr<Desk[]> desks_;
  int piece_rows_;
  Slot ahead_, present_, scored_;
  Slot* making_ = nullptr;
};

}  // namespace reluscope
