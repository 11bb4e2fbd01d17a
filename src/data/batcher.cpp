#include "data/batcher.h"

#include <algorithm>
#include <cstring>

#include "core/rng.h"

namespace reluscope {

Batcher::Batcher(const BatcherOptions& options, Backend& backend)
    : options_(options), backend_(backend) {
  const auto pixels = static_cast<std::size_t>(options.pixels);
  const auto train_rows = static_cast<std::size_t>(options.train_rows);
  const std::size_t rows = std::max(train_rows, static_cast<std::size_t>(options.evaluate_rows));
  samples_.resize(rows);
  labels_.resize(rows);
  if (options.sparse) {
    row_entries_.resize(rows * (pixels + 1));  // one more each: list() may write and not count it
    row_begin_.resize(rows);
    row_end_.resize(rows);
    column_entries_.resize(train_rows * pixels);
    column_begin_.resize(pixels);
    column_end_.resize(pixels);
  } else {
    values_ = Buffer(Layout{static_cast<int>(rows), options.pixels}.size());
  }
}

std::size_t Batcher::memory_bytes() const {
  const std::size_t begins = row_begin_.capacity() + row_end_.capacity() +
                             column_begin_.capacity() + column_end_.capacity();
  return order_.capacity() * sizeof(std::uint64_t) + values_.size() * sizeof(float) +
         (row_entries_.capacity() + column_entries_.capacity()) * sizeof(SparseEntry) +
         begins * sizeof(std::uint32_t) + samples_.capacity() * sizeof(int) + labels_.capacity();
}

void Batcher::shuffle(std::uint64_t seed, int epoch, int count) {
  const Rng rng(seed, Purpose::kShuffle, static_cast<std::uint32_t>(epoch));
  order_.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < order_.size(); ++i) {
    order_[i] = (std::uint64_t{rng.bits(i)[0]} << 32) | i;  // the sample number breaks ties
  }
  std::sort(order_.begin(), order_.end());
}

void Batcher::gather(std::span<const std::uint8_t> pixels, int row, const Layout& layout) {
  const std::uint8_t* from = pixels.data();
  for (int p = 0; p < layout.panels(); ++p) {
    const int cols = layout.panel_cols(p);
    float* const to =
        values_.data() + layout.panel_offset(p) +
        static_cast<std::size_t>(row) * static_cast<std::size_t>(layout.panel_width(p));
    for (int c = 0; c < cols; ++c) to[c] = options_.table.values[*from++];
    for (int c = cols; c < layout.panel_width(p); ++c) to[c] = 0.0f;
  }
}

// Eight pixels of background are passed over at once; among others every pixel is written and
// only those that are not background are counted, without a branch on each.
void Batcher::list(std::span<const std::uint8_t> pixels, int row) {
  const auto at_row = static_cast<std::size_t>(row);
  row_begin_[at_row] = static_cast<std::uint32_t>(at_row * (pixels.size() + 1));
  SparseEntry* to = row_entries_.data() + row_begin_[at_row];
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
  row_end_[at_row] = static_cast<std::uint32_t>(to - row_entries_.data());
}

// The rows' entries of features [first, end) by feature; samples stay in ascending order.
void Batcher::list_columns(int rows, int first, int end) {
  for (int k = first; k < end; ++k) {
    const auto begin = static_cast<std::uint32_t>(k * rows);
    column_begin_[static_cast<std::size_t>(k)] = begin;
    column_end_[static_cast<std::size_t>(k)] = begin;
  }
  const auto first_offset = static_cast<std::uint32_t>(first * kPanel);
  const auto end_offset = static_cast<std::uint32_t>(end * kPanel);
  for (int row = 0; row < rows; ++row) {
    const auto at = static_cast<std::size_t>(row);
    const SparseEntry* const last = row_entries_.data() + row_end_[at];
    const SparseEntry* entry = std::lower_bound(
        static_cast<const SparseEntry*>(row_entries_.data()) + row_begin_[at], last, first_offset,
        [](const SparseEntry& e, std::uint32_t offset) { return e.offset < offset; });
    for (; entry != last && entry->offset < end_offset; ++entry) {
      column_entries_[column_end_[entry->offset / kPanel]++] = {
          static_cast<std::uint32_t>(row * kPanel), entry->value};
    }
  }
}

void Batcher::add(std::span<const std::uint8_t> pixels, int row, int rows) {
  if (options_.sparse) {
    list(pixels, row);
  } else {
    gather(pixels, row, {rows, options_.pixels});
  }
}

namespace {

void prefetch(std::span<const std::uint8_t> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += 64) __builtin_prefetch(bytes.data() + at);
}

}  // namespace

void Batcher::add_all(const ImageSet& set, int rows) {
  backend_.run_parts([&](int part, int parts) {
    const int end = ThreadPool::share_begin(rows, part + 1, parts, 1);
    for (int row = ThreadPool::share_begin(rows, part, parts, 1); row < end; ++row) {
      const int sample = samples_[static_cast<std::size_t>(row)];
      // Samples are far apart in memory: ask for one while the one before is being read.
      if (row + 1 < end) prefetch(set.image(samples_[static_cast<std::size_t>(row) + 1]));
      add(set.image(sample), row, rows);
      labels_[static_cast<std::size_t>(row)] = set.label(sample);
    }
  });
}

Batch Batcher::finish(int rows) {
  Signal input{{values_.data(), {rows, options_.pixels}}, options_.table.offset};
  if (options_.sparse) {
    input.rows = {row_entries_.data(), row_begin_.data(), row_end_.data(), rows};
    input.columns = {column_entries_.data(), column_begin_.data(), column_end_.data(),
                     options_.pixels};
  }
  return {input, labels_.data()};
}

Batch Batcher::shuffled(const ImageSet& set, int first, int rows) {
  for (int row = 0; row < rows; ++row) {
    const std::uint64_t place = order_[static_cast<std::size_t>(first + row)];
    samples_[static_cast<std::size_t>(row)] = static_cast<int>(static_cast<std::uint32_t>(place));
  }
  add_all(set, rows);
  if (options_.sparse) {
    backend_.run_parts([&](int part, int parts) {
      list_columns(rows, ThreadPool::share_begin(options_.pixels, part, parts, 1),
                   ThreadPool::share_begin(options_.pixels, part + 1, parts, 1));
    });
  }
  return finish(rows);
}

Batch Batcher::in_order(const ImageSet& set, int first, int rows) {
  for (int row = 0; row < rows; ++row) samples_[static_cast<std::size_t>(row)] = first + row;
  add_all(set, rows);
  Batch batch = finish(rows);
  batch.input.columns = {};  // those of an earlier batch
  return batch;
}

Batch Batcher::single(std::span<const std::uint8_t> pixels) {
  add(pixels, 0, 1);
  labels_[0] = 0;
  return finish(1);
}

}  // namespace reluscope
