// Makes batches: the seeded order of an epoch, and the pixels as a matrix, or as sparse lists of
// the pixels that differ from the background.
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
  const std::uint8_t* gathered_labels = nullptr;  // in device memory, see SoftmaxLoss
};

struct BatcherOptions {
  int pixels;
  int train_rows;     // size of the largest training batch
  int evaluate_rows;  // size of the largest scored batch
  PixelTable table;
  bool sparse;     // lists instead of a matrix: needs a table whose background is 0
  int background;  // the pixel value that lists omit
  const Augmenter* augmenter = nullptr;  // for training batches; null: none
};

class Batcher {
 public:
  // The backend's threads make the batches.
  Batcher(const BatcherOptions& options, Backend& backend);
  ~Batcher() { backend_.finish_chores(); }
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  std::size_t memory_bytes() const;

  // Sets the order in which epoch `epoch` (from 1) visits `count` samples: sorted by one random
  // word for each, so that any device can compute the same order. samples: null: 0, 1, ...
  void shuffle(std::uint64_t seed, int epoch, int count, const int* samples = nullptr);
  int sample_at(int place) const {  // the sample at `place` of the last shuffle
    return static_cast<int>(static_cast<std::uint32_t>(order_[place]));
  }
  // The samples at places first, first + 1, ... of the last shuffle, augmented for its epoch. Valid
  // until the next call.
  Batch shuffled(const ImageSet& set, int first, int rows);
  // Starts to make that batch on idle threads, while the previous batch is in use.
  void prepare(const ImageSet& set, int first, int rows);
  // Samples first, first + 1, ... for scoring: without lists by feature.
  Batch in_order(const ImageSet& set, int first, int rows);
  // The given samples for scoring; at most evaluate_rows.
  Batch chosen(const ImageSet& set, std::span<const int> samples);
  // One image, of a set or not.
  Batch single(std::span<const std::uint8_t> pixels);

 private:
  struct Slot {  // one batch, in the making or in use
    Buffer values;
    std::vector<SparseEntry> row_entries, column_entries;
    // Each list has its full capacity, so that threads need no synchronisation.
    std::vector<std::uint32_t> row_begin, row_end, column_begin, column_end;
    std::vector<int> samples;
    std::vector<std::uint8_t> labels;
    Buffer gathered_labels;  // labels that the backend gathers; empty without Backend::memory()
    const ImageSet* set = nullptr;
    int first = -1, rows = 0;
    int epoch = 0;          // of the augmentation; 0: none
    bool gathered = false;  // by the backend
  };
  // The buffers that augment one image. There is one desk for each thread; a thread takes any free
  // one.
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
  Batch score_samples(const ImageSet& set, int rows);  // a batch of scored_.samples
  void add_augmented(Slot& slot, int sample, int row);
  void sort_order();
  void do_piece(int piece);  // makes one piece of the batch in making_
  void begin(Slot& slot, bool columns);
  // Lets the backend make the batch; false if it cannot. order: the places of its samples in the
  // backend's memory, or null.
  bool gather_on_device(Slot& slot, const std::uint64_t* order);
  Batch batch_of(const Slot& slot) const;

  BatcherOptions options_;
  Backend& backend_;
  std::vector<std::uint64_t> order_;  // random word << 32 | sample
  std::vector<std::uint64_t> sorting_;
  int epoch_ = 0;       // of the order
  Buffer order_there_;  // the backend's copy of the order, two floats for each place
  const int* ordered_samples_ = nullptr;  // the set of samples in that copy
  bool order_is_there_ = false;           // whether the backend made the last order
  bool by_device_ = true;                 // whether the backend may gather
  std::unique_ptr<Desk[]> desks_;
  int piece_rows_;
  Slot ahead_, present_, scored_;
  Slot* making_ = nullptr;
};

}  // namespace reluscope
