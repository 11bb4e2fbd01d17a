#include "data/batcher.h"

#include <algorithm>

#include "core/rng.h"

namespace reluscope {

Batcher::Batcher(int pixels, int max_rows, const PixelTable& table)
    : pixels_(pixels),
      table_(table),
      values_(Layout{max_rows, pixels}.size()),
      labels_(static_cast<std::size_t>(max_rows)) {}

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
    float* const to = values_.data() + layout.panel_offset(p) +
                      static_cast<std::size_t>(row) * static_cast<std::size_t>(layout.panel_width(p));
    for (int c = 0; c < cols; ++c) to[c] = table_.values[*from++];
    for (int c = cols; c < layout.panel_width(p); ++c) to[c] = 0.0f;
  }
}

Batch Batcher::finish(int rows) {
  return {{{values_.data(), {rows, pixels_}}, table_.offset}, labels_.data()};
}

Batch Batcher::shuffled(const ImageSet& set, int first, int rows) {
  for (int row = 0; row < rows; ++row) {
    const auto sample = static_cast<std::uint32_t>(order_[static_cast<std::size_t>(first + row)]);
    gather(set.image(static_cast<int>(sample)), row, {rows, pixels_});
    labels_[static_cast<std::size_t>(row)] = set.label(static_cast<int>(sample));
  }
  return finish(rows);
}

Batch Batcher::in_order(const ImageSet& set, int first, int rows) {
  for (int row = 0; row < rows; ++row) {
    gather(set.image(first + row), row, {rows, pixels_});
    labels_[static_cast<std::size_t>(row)] = set.label(first + row);
  }
  return finish(rows);
}

Batch Batcher::single(std::span<const std::uint8_t> pixels) {
  gather(pixels, 0, {1, pixels_});
  labels_[0] = 0;
  return finish(1);
}

}  // namespace reluscope
