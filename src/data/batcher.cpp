#include "data/batcher.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/bytes.h"
#include "core/rng.h"

namespace reluscope {

namespace {

// A batch is made in pieces: kPieceRows rows, or one row if it is augmented; then kColumnPieces
// pieces of the lists by feature.
constexpr int kPieceRows = 8, kColumnPieces = 4;

std::uint64_t* as_order(Buffer& buffer) { return reinterpret_cast<std::uint64_t*>(buffer.data()); }

void prefetch(std::span<const std::uint8_t> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += 64) __builtin_prefetch(bytes.data() + at);
}

}  // namespace

Batcher::Batcher(const BatcherOptions& options, Backend& backend)
    : options_(options),
      backend_(backend),
      piece_rows_(options.augmenter == nullptr ? kPieceRows : 1),
      ahead_(make_slot(options.train_rows, true)),
      present_(make_slot(options.train_rows, true)),
      scored_(make_slot(options.evaluate_rows, false)) {
  if (options.augmenter == nullptr) return;
  desks_ = std::make_unique<Desk[]>(backend.threads());
  for (int i = 0; i < backend.threads(); ++i) {
    desks_[i].workspace = options.augmenter->make_workspace();
    desks_[i].pixels.resize(options.pixels);
  }
}

Batcher::Slot Batcher::make_slot(int rows, bool columns) const {
  Slot slot;
  const std::size_t pixels = options_.pixels, count = rows;
  slot.samples.resize(count);
  slot.labels.resize(count);
  if (backend_.memory() != nullptr) {
    slot.gathered_labels = Buffer((count + sizeof(float) - 1) / sizeof(float), backend_.memory());
  }
  if (!options_.sparse) {
    slot.values = Buffer(Layout{rows, options_.pixels}.size(), backend_.memory());
    return slot;
  }
  slot.row_entries.resize(count * (pixels + 1));  // list() may write one entry that it drops
  slot.row_begin.resize(count);
  slot.row_end.resize(count);
  if (columns) {
    slot.column_entries.resize(count * pixels);
    slot.column_begin.resize(pixels);
    slot.column_end.resize(pixels);
  }
  return slot;
}

std::size_t Batcher::memory_bytes() const {
  std::size_t bytes = allocated_bytes(order_, sorting_) + order_there_.size() * sizeof(float);
  for (const Slot* slot : {&ahead_, &present_, &scored_}) {
    bytes +=
        allocated_bytes(slot->row_entries, slot->column_entries, slot->row_begin, slot->row_end,
                        slot->column_begin, slot->column_end, slot->samples, slot->labels) +
        (slot->values.size() + slot->gathered_labels.size()) * sizeof(float);
  }
  for (int i = 0; desks_ && i < backend_.threads(); ++i) {
    const auto& [taken, work, pixels] = desks_[i];
    bytes += allocated_bytes(work.padded, work.random, work.smooth_rows, work.dx, work.dy, pixels);
  }
  return bytes;
}

void Batcher::shuffle(std::uint64_t seed, int epoch, int count, const int* samples) {
  const auto sample_at = [samples](std::size_t i) {
    return samples == nullptr ? std::uint64_t{i} : static_cast<std::uint64_t>(samples[i]);
  };
  const auto size = static_cast<std::size_t>(count);
  backend_.finish_chores();
  const Rng rng(seed, Purpose::kShuffle, static_cast<std::uint32_t>(epoch));
  epoch_ = epoch;
  ahead_.first = -1;
  const bool same = order_.size() == size && ordered_samples_ == samples;
  order_.resize(size);
  if (backend_.memory() != nullptr && !options_.sparse) {
    if (!same || order_there_.size() == 0) {
      backend_.finish();
      order_there_ = Buffer(align_up(2 * size), backend_.memory());
      for (std::size_t i = 0; i < size; ++i) as_order(order_there_)[i] = sample_at(i);
      ordered_samples_ = samples;
    }
    order_is_there_ = backend_.shuffle(rng, as_order(order_there_), count, order_.data());
    if (order_is_there_) {
      backend_.finish();
      return;
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t sample = sample_at(i);
    order_[i] = (std::uint64_t{rng.bits(sample)[0]} << 32) | sample;
  }
  sort_order();
}

// Sorts by random word, then by sample: a radix sort is stable.
void Batcher::sort_order() {
  sorting_.resize(order_.size());
  constexpr int kDigits = 4, kDigitBits = 8, kValues = 1 << kDigitBits;
  for (int digit = 0; digit < kDigits; ++digit) {
    const auto value_of = [digit](std::uint64_t place) {
      return static_cast<std::size_t>(place >> (32 + digit * kDigitBits)) % kValues;
    };
    std::uint32_t starts[kValues + 1] = {};
    for (const std::uint64_t place : order_) ++starts[value_of(place) + 1];
    for (int v = 0; v < kValues; ++v) starts[v + 1] += starts[v];
    for (const std::uint64_t place : order_) sorting_[starts[value_of(place)]++] = place;
    std::swap(order_, sorting_);
  }
}

void Batcher::gather(Slot& slot, std::span<const std::uint8_t> pixels, int row) const {
  const Layout layout{slot.rows, options_.pixels};
  const std::uint8_t* from = pixels.data();
  for (int p = 0; p < layout.panels(); ++p) {
    const int cols = layout.panel_cols(p);
    float* const to = slot.values.data() + layout.index(row, p * kPanel);
    for (int c = 0; c < cols; ++c) to[c] = options_.table.values[*from++];
    for (int c = cols; c < layout.panel_width(p); ++c) to[c] = 0.0f;
  }
}

// Skips eight pixels of background at once. Writes an entry for every other pixel, and keeps it
// without a branch if it is not background.
void Batcher::list(Slot& slot, std::span<const std::uint8_t> pixels, int row) const {
  slot.row_begin[row] = static_cast<std::uint32_t>(row * (pixels.size() + 1));
  SparseEntry* to = slot.row_entries.data() + slot.row_begin[row];
  const auto background = static_cast<std::uint8_t>(options_.background);
  std::uint64_t eight = 0;
  std::memset(&eight, background, sizeof eight);
  for (std::size_t at = 0; at < pixels.size(); at += 8) {
    const std::size_t end = std::min(at + 8, pixels.size());
    if (end == at + 8) {
      std::uint64_t word;
      std::memcpy(&word, pixels.data() + at, sizeof word);
      if (word == eight) continue;
    }
    for (std::size_t i = at; i < end; ++i) {
      *to = {static_cast<std::uint32_t>(i * kPanel), options_.table.values[pixels[i]]};
      to += pixels[i] != background;
    }
  }
  slot.row_end[row] = static_cast<std::uint32_t>(to - slot.row_entries.data());
}

// Lists the entries of features [first, end) by feature, with samples in ascending order.
void Batcher::list_columns(Slot& slot, int first, int end) const {
  const int rows = slot.rows;
  for (int k = first; k < end; ++k) {
    slot.column_begin[k] = slot.column_end[k] = static_cast<std::uint32_t>(k * rows);
  }
  const auto first_offset = static_cast<std::uint32_t>(first * kPanel);
  const auto end_offset = static_cast<std::uint32_t>(end * kPanel);
  for (int row = 0; row < rows; ++row) {
    const SparseEntry* const entries = slot.row_entries.data();
    const SparseEntry* const last = entries + slot.row_end[row];
    const SparseEntry* entry = std::lower_bound(
        entries + slot.row_begin[row], last, first_offset,
        [](const SparseEntry& e, std::uint32_t offset) { return e.offset < offset; });
    for (; entry != last && entry->offset < end_offset; ++entry) {
      slot.column_entries[slot.column_end[entry->offset / kPanel]++] = {
          static_cast<std::uint32_t>(row * kPanel), entry->value};
    }
  }
}

void Batcher::add(Slot& slot, std::span<const std::uint8_t> pixels, int row) const {
  if (options_.sparse) {
    list(slot, pixels, row);
  } else {
    gather(slot, pixels, row);
  }
}

// The search ends: there are as many desks as threads.
void Batcher::add_augmented(Slot& slot, int sample, int row) {
  int at = 0;
  while (desks_[at].taken.exchange(true, std::memory_order_acquire)) {
    at = (at + 1) % backend_.threads();
  }
  Desk& desk = desks_[at];
  options_.augmenter->apply(slot.set->image(sample), slot.epoch, sample, desk.workspace,
                            desk.pixels);
  add(slot, desk.pixels, row);
  desk.taken.store(false, std::memory_order_release);
}

void Batcher::do_piece(int piece) {
  Slot& slot = *making_;
  const int row_pieces = (slot.rows + piece_rows_ - 1) / piece_rows_;
  if (piece >= row_pieces) {
    const int part = piece - row_pieces;
    list_columns(slot, ThreadPool::share_begin(options_.pixels, part, kColumnPieces, 1),
                 ThreadPool::share_begin(options_.pixels, part + 1, kColumnPieces, 1));
    return;
  }
  const int end = std::min((piece + 1) * piece_rows_, slot.rows);
  for (int row = piece * piece_rows_; row < end; ++row) {
    const int sample = slot.samples[row];
    // Samples are far apart in memory: prefetch the next one.
    if (row + 1 < end) prefetch(slot.set->image(slot.samples[row + 1]));
    if (slot.epoch != 0) {
      add_augmented(slot, sample, row);
    } else {
      add(slot, slot.set->image(sample), row);
    }
    slot.labels[row] = slot.set->label(sample);
  }
}

void Batcher::begin(Slot& slot, bool columns) {
  if (backend_.memory() != nullptr) backend_.finish();  // a step may still read the slot
  backend_.finish_chores();
  making_ = &slot;
  const int row_pieces = (slot.rows + piece_rows_ - 1) / piece_rows_;
  backend_.offer(
      {.call = [](void* self, int piece) { static_cast<Batcher*>(self)->do_piece(piece); },
       .context = this,
       .pieces = row_pieces + (columns && options_.sparse ? kColumnPieces : 0),
       .second = row_pieces});
}

// The device queues this like the other work of a step, so nothing has to run ahead.
bool Batcher::gather_on_device(Slot& slot, const std::uint64_t* order) {
  slot.gathered = false;
  if (!by_device_ || options_.sparse) return false;
  for (int row = 0; row < slot.rows; ++row) {
    slot.labels[row] = slot.set->label(slot.samples[row]);
  }
  Gathering gathering{.images = slot.set->image(0).data(),
                      .count = slot.set->count(),
                      .pixels = options_.pixels,
                      .samples = order == nullptr ? slot.samples.data() : nullptr,
                      .table = options_.table.values.data(),
                      .to = {slot.values.data(), {slot.rows, options_.pixels}},
                      .order = order};
  if (slot.gathered_labels.size() > 0) {
    gathering.labels = slot.set->labels().data();
    gathering.to_labels = reinterpret_cast<std::uint8_t*>(slot.gathered_labels.data());
  }
  if (slot.epoch != 0) gathering.changes = &options_.augmenter->plan();
  gathering.epoch = slot.epoch;
  by_device_ = slot.gathered = backend_.gather(gathering);
  return by_device_;
}

Batch Batcher::batch_of(const Slot& slot) const {
  Signal input{{slot.values.data(), {slot.rows, options_.pixels}}, options_.table.offset};
  if (options_.sparse) {
    input.rows = {slot.row_entries.data(), slot.row_begin.data(), slot.row_end.data(), slot.rows};
    if (!slot.column_entries.empty()) {
      input.columns = {slot.column_entries.data(), slot.column_begin.data(), slot.column_end.data(),
                       options_.pixels};
    }
  }
  const bool there = slot.gathered && slot.gathered_labels.size() > 0;
  return {input, slot.labels.data(),
          there ? reinterpret_cast<const std::uint8_t*>(slot.gathered_labels.data()) : nullptr};
}

void Batcher::prepare(const ImageSet& set, int first, int rows) {
  backend_.finish_chores();
  ahead_.set = &set;
  ahead_.first = first;
  ahead_.rows = rows;
  ahead_.epoch = options_.augmenter == nullptr ? 0 : epoch_;
  for (int row = 0; row < rows; ++row) ahead_.samples[row] = sample_at(first + row);
  const std::uint64_t* const order = order_is_there_ ? as_order(order_there_) + first : nullptr;
  if (!gather_on_device(ahead_, order)) begin(ahead_, true);
}

Batch Batcher::shuffled(const ImageSet& set, int first, int rows) {
  if (ahead_.set != &set || ahead_.first != first || ahead_.rows != rows) prepare(set, first, rows);
  backend_.finish_chores();
  std::swap(ahead_, present_);
  ahead_.first = -1;
  return batch_of(present_);
}

Batch Batcher::in_order(const ImageSet& set, int first, int rows) {
  backend_.finish_chores();
  std::iota(scored_.samples.begin(), scored_.samples.begin() + rows, first);
  return score_samples(set, rows);
}

Batch Batcher::chosen(const ImageSet& set, std::span<const int> samples) {
  backend_.finish_chores();
  std::copy(samples.begin(), samples.end(), scored_.samples.begin());
  return score_samples(set, static_cast<int>(samples.size()));
}

Batch Batcher::score_samples(const ImageSet& set, int rows) {
  scored_.set = &set;
  scored_.rows = rows;
  if (gather_on_device(scored_, nullptr)) return batch_of(scored_);
  begin(scored_, false);
  backend_.finish_chores();
  return batch_of(scored_);
}

Batch Batcher::single(std::span<const std::uint8_t> pixels) {
  backend_.finish();
  scored_.gathered = false;
  scored_.rows = 1;
  add(scored_, pixels, 0);
  scored_.labels[0] = 0;
  return batch_of(scored_);
}

}  // namespace reluscope
