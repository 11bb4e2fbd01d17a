// Kernels that make batches from images that stay on the device as bytes: the order of an epoch,
// and pixels converted to floats, with the same augmentation as on the CPU.
#include "cuda/kernels/kernel.h"  // first

#include "backend/augment_draws.h"

namespace reluscope::cuda {

// --- The order of an epoch ---------------------------------------------------------------------

RELUSCOPE_KERNEL(MakeKeys, "make_keys") {
  for_each(k.n, [&](unsigned i) {
    const std::uint64_t sample = k.keys[i] & 0xFFFFFFFFu;
    k.keys[i] = (std::uint64_t{k.rng.bits(sample)[0]} << 32) | sample;
  });
}

namespace {

// The two places that comparison t of a pass of the bitonic sort compares: low < high.
struct Comparison {
  unsigned low, high;

  RELUSCOPE_DEVICE Comparison(unsigned t, unsigned size, unsigned stride) {
    const unsigned half = stride == 0 ? size / 2 : stride;
    const unsigned run = t / half * 2 * half, at = t % half;
    low = run + at;
    high = stride == 0 ? run + size - 1 - at : low + stride;
  }
};

RELUSCOPE_DEVICE void order(std::uint64_t* keys, const Comparison& c) {
  const std::uint64_t low = keys[c.low], high = keys[c.high];
  if (high >= low) return;
  keys[c.low] = high;
  keys[c.high] = low;
}

}  // namespace

// Keys beyond n count as larger than all others, so they never move.
RELUSCOPE_KERNEL(SortPass, "sort_pass") {
  const unsigned half = k.stride == 0 ? k.size / 2 : k.stride;
  for_each((k.n + 2 * half - 1) / (2 * half) * half, [&](unsigned t) {
    const Comparison c(t, k.size, k.stride);
    if (c.high < k.n) order(k.keys, c);
  });
}

RELUSCOPE_KERNEL(SortBlocks, "sort_blocks") {
  RELUSCOPE_SHARED(std::uint64_t, keys, kSortKeys);
  const unsigned begin = block_index() * kSortKeys;
  for (unsigned i = thread_index(); i < kSortKeys; i += block_size()) {
    keys[i] = begin + i < k.n ? k.keys[begin + i] : ~std::uint64_t{0};
  }
  RELUSCOPE_BARRIER();
  for (unsigned size = k.first; size <= k.last; size *= 2) {
    // Of a merge wider than a block, only the strides within the block run here.
    unsigned stride = size > kSortKeys ? kSortKeys / 2 : 0;
    for (;;) {
      for (unsigned t = thread_index(); t < kSortKeys / 2; t += block_size()) {
        order(keys, Comparison(t, size, stride));
      }
      RELUSCOPE_BARRIER();
      if (stride == 1 || size == 2) break;
      stride = stride == 0 ? size / 4 : stride / 2;
    }
  }
  for (unsigned i = thread_index(); i < kSortKeys && begin + i < k.n; i += block_size()) {
    k.keys[begin + i] = keys[i];
  }
}

// --- Pixels ------------------------------------------------------------------------------------

namespace {

RELUSCOPE_DEVICE int sample_of(const Gathering& g, int row) {
  return g.samples != nullptr ? g.samples[row] : static_cast<int>(g.order[row] & 0xFFFFFFFFu);
}

RELUSCOPE_DEVICE const std::uint8_t* image_of(const Gathering& g, int sample) {
  return g.images + static_cast<std::size_t>(sample) * static_cast<std::size_t>(g.pixels);
}

// words[i] for an i known only at run time, without moving the words from registers to memory.
RELUSCOPE_DEVICE std::uint32_t word_of(const Philox4& words, unsigned i) {
  return i == 0 ? words[0] : (i == 1 ? words[1] : (i == 2 ? words[2] : words[3]));
}

// Converts the pixels value_of(row, column) of the batch to floats, and copies the labels.
template <class ValueOf>
RELUSCOPE_DEVICE void gather_by(const Gathering& g, const ValueOf& value_of) {
  for_each(g.to.layout, [&](unsigned i, int row, int col) {
    g.to.data[i] = col < g.pixels ? g.table[value_of(row, col)] : 0.0f;
    if (col == 0 && g.to_labels != nullptr) g.to_labels[row] = g.labels[sample_of(g, row)];
  });
}

}  // namespace

// The threads of a panel's row read 32 contiguous bytes.
RELUSCOPE_KERNEL(Gather, "gather") {
  const Gathering& g = k.gathering;
  gather_by(g, [&](int row, int col) { return image_of(g, sample_of(g, row))[col]; });
}

RELUSCOPE_KERNEL(DrawChanges, "draw_changes") {
  for_each(static_cast<unsigned>(k.rows), [&](unsigned row) {
    const int sample = sample_of(k.gathering, static_cast<int>(row));
    const AugmentPlan& p = k.plan;
    k.changes[row].affine = draw_affine(p.options, p.height, p.width, k.rng, sample);
    k.changes[row].erased = draw_erased(p.options, p.height, p.width, k.rng, sample);
  });
}

// Each thread draws the numbers that it needs, four for each draw, so that the unsmoothed field is
// never stored.
RELUSCOPE_KERNEL(SmoothRows, "smooth_rows") {
  const auto width = static_cast<unsigned>(k.plan.width),
             pixels = static_cast<unsigned>(k.gathering.pixels);
  for_each(static_cast<unsigned>(k.rows) * 2 * pixels, [&](unsigned i) {
    const unsigned field = i / pixels, pixel = i % pixels;
    const int x = static_cast<int>(pixel % width);
    const std::uint64_t element =
        sample_element(sample_of(k.gathering, static_cast<int>(field / 2))) +
        (field % 2 == 0 ? AugmentElements::kFieldX : AugmentElements::kFieldY);
    const int first = x < k.radius ? -x : -k.radius;
    const int last = x + k.radius < k.plan.width ? k.radius : k.plan.width - 1 - x;
    Philox4 words{};
    unsigned drawn = ~0u;
    float sum = 0.0f;
    for (int t = first; t <= last; ++t) {
      const unsigned at = pixel + static_cast<unsigned>(t);
      if (at / 4 != drawn) {
        drawn = at / 4;
        words = k.rng.bits(element + drawn);
      }
      sum += k.gaussian[t + k.radius] * field_value(word_of(words, at % 4));
    }
    k.fields[i] = sum;
  });
}

namespace {

// The displacement of pixel (y, x) of a sample by one field, in pixels.
RELUSCOPE_DEVICE float displacement(const GatherAugmented& k, int row, int field, int y, int x) {
  const int first = y < k.radius ? -y : -k.radius;
  const int last = y + k.radius < k.plan.height ? k.radius : k.plan.height - 1 - y;
  const float* const from =
      k.fields +
      static_cast<std::size_t>(2 * row + field) * static_cast<std::size_t>(k.gathering.pixels) +
      static_cast<std::size_t>((y + first) * k.plan.width + x);
  float sum = 0.0f;
  for (int t = first; t <= last; ++t)
    sum += k.gaussian[t + k.radius] * from[(t - first) * k.plan.width];
  return sum * static_cast<float>(k.plan.options.elastic);
}

// Pixel (y, x) of the warped image, as in Augmenter::warp().
RELUSCOPE_DEVICE std::uint8_t warped(const GatherAugmented& k, const std::uint8_t* image, int row,
                                     int y, int x) {
  const Affine& a = k.changes[row].affine;
  // Coordinates whose origin is one pixel above and left of the image.
  const std::int64_t corner = position(-1.0);
  auto at_x = static_cast<std::uint64_t>(position(a.xy * y + a.x) - corner) +
              static_cast<std::uint64_t>(x) * static_cast<std::uint64_t>(position(a.xx));
  auto at_y = static_cast<std::uint64_t>(position(a.yy * y + a.y) - corner) +
              static_cast<std::uint64_t>(x) * static_cast<std::uint64_t>(position(a.yx));
  const auto moved = [&](int field) {
    return static_cast<std::uint64_t>(
        position(static_cast<double>(displacement(k, row, field, y, x))));
  };
  if (k.fields != nullptr) {
    at_x += moved(0);
    at_y += moved(1);
  }
  // One more than the coordinates of the upper left pixel.
  const std::uint64_t right = at_x >> kPositionBits, below = at_y >> kPositionBits;
  if (right > static_cast<std::uint64_t>(k.plan.width) ||
      below > static_cast<std::uint64_t>(k.plan.height))
    return k.plan.background;
  const int left = static_cast<int>(right) - 1, top = static_cast<int>(below) - 1;
  const auto pixel = [&](int r, int c) {
    const bool inside = r >= 0 && c >= 0 && r < k.plan.height && c < k.plan.width;
    return inside ? image[r * k.plan.width + c] : k.plan.background;
  };
  return mixed(pixel(top, left), pixel(top, left + 1), pixel(top + 1, left),
               pixel(top + 1, left + 1), at_x, at_y);
}

}  // namespace

RELUSCOPE_KERNEL(GatherAugmented, "gather_augmented") {
  const Gathering& g = k.gathering;
  const AugmentPlan& plan = k.plan;
  const bool moves = plan.options.moves();
  gather_by(g, [&](int row, int col) {
    const int sample = sample_of(g, row), y = col / plan.width, x = col % plan.width;
    if (k.changes[row].erased.has(y, x)) return plan.background;
    const std::uint8_t* const image = image_of(g, sample);
    const std::uint8_t value = moves ? warped(k, image, row, y, x) : image[col];
    if (plan.options.noise == 0.0 || value == plan.background) return value;
    return noisy(
        value, plan.options.noise, k.rng,
        sample_element(sample) + AugmentElements::kNoise + static_cast<std::uint64_t>(col));
  });
}

}  // namespace reluscope::cuda
