// Kernels that add up: columns, the statistics of normalisation, penalties. Every sum has one
// order, whatever the device: a thread adds in ascending order, and threads' sums are added by
// their number.
#include "cuda/kernels/kernel.h"  // first

#include "backend/normalisation.h"

namespace reluscope::cuda {
namespace {

// Where a block's strip of columns lies: block = part * strips + strip.
struct Strip {
  std::size_t at;  // of this thread's column in row 0
  int width;       // floats from row to row
  int column, lane, first, end;
  int part;

  RELUSCOPE_DEVICE Strip(const Layout& layout, int rows_at_once) {
    const auto strips = static_cast<unsigned>(layout.padded_cols() / kStrip);
    part = static_cast<int>(block_index() / strips);
    column = static_cast<int>(block_index() % strips) * kStrip +
             static_cast<int>(thread_index() % kStrip);
    lane = static_cast<int>(thread_index() / kStrip);
    width = layout.panel_width(column / kPanel);
    at = layout.index(0, column);
    first = part * rows_at_once;
    end = first + rows_at_once < layout.rows ? first + rows_at_once : layout.rows;
  }
  RELUSCOPE_DEVICE std::size_t place(int row) const {
    return at + static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
  }
};

// The sum over the lanes of a column, for all of its threads. lanes: kStrip * kStripLanes floats.
RELUSCOPE_DEVICE float add_lanes(float* lanes, float mine) {
  RELUSCOPE_BARRIER();  // what lanes held may be in use
  lanes[thread_index()] = mine;
  RELUSCOPE_BARRIER();
  float sum = 0.0f;
  for (int lane = 0; lane < kStripLanes; ++lane) {
    sum += lanes[static_cast<unsigned>(lane * kStrip) + thread_index() % kStrip];
  }
  return sum;
}

// The sum over all threads of a block, for all of them, in double.
RELUSCOPE_DEVICE double add_threads(float* each, float mine) {
  RELUSCOPE_BARRIER();
  each[thread_index()] = mine;
  RELUSCOPE_BARRIER();
  double sum = 0.0;
  for (unsigned t = 0; t < block_size(); ++t) sum += static_cast<double>(each[t]);
  return sum;
}

}  // namespace

RELUSCOPE_DEVICE void run(const ColumnSums& k) {
  RELUSCOPE_SHARED(float, lanes, kStrip* kStripLanes);
  const Strip s(k.layout, k.rows_at_once);
  float sum = 0.0f;
  for (int row = s.first + s.lane; row < s.end; row += kStripLanes) sum += k.x[s.place(row)];
  sum = add_lanes(lanes, sum);
  if (s.lane == 0) k.sums[s.part * k.layout.padded_cols() + s.column] = sum;
}
RELUSCOPE_KERNEL(ColumnSums, "column_sums")

RELUSCOPE_DEVICE void run(const BlockMoments& k) {
  RELUSCOPE_SHARED(float, lanes, kStrip* kStripLanes);
  const Strip s(k.layout, kSumRows);
  const auto count = static_cast<float>(s.end - s.first);
  float sum = 0.0f;
  for (int row = s.first + s.lane; row < s.end; row += kStripLanes) sum += k.x[s.place(row)];
  float mean = add_lanes(lanes, sum) / count;
  float deviations = 0.0f, squares = 0.0f;
  for (int row = s.first + s.lane; row < s.end; row += kStripLanes) {
    const float deviation = k.x[s.place(row)] - mean;
    deviations += deviation;
    squares += deviation * deviation;
  }
  deviations = add_lanes(lanes, deviations);
  squares = add_lanes(lanes, squares);
  if (s.lane != 0) return;
  scalar::correct_moments(count, deviations, mean, squares);
  const int to = s.part * k.layout.padded_cols() + s.column;
  k.means[to] = mean;
  k.squares[to] = squares;
}
RELUSCOPE_KERNEL(BlockMoments, "block_moments")

RELUSCOPE_DEVICE void run(const BlockProducts& k) {
  RELUSCOPE_SHARED(float, lanes, kStrip* kStripLanes);
  const Strip s(k.layout, kSumRows);
  float sum = 0.0f, products = 0.0f;
  for (int row = s.first + s.lane; row < s.end; row += kStripLanes) {
    const std::size_t at = s.place(row);
    sum += k.dy[at];
    products += k.dy[at] * scalar::normal(k.x[at], k.mean[s.column], k.inverse[s.column]);
  }
  sum = add_lanes(lanes, sum);
  products = add_lanes(lanes, products);
  if (s.lane != 0) return;
  const int to = s.part * k.layout.padded_cols() + s.column;
  k.sums[to] = sum;
  k.products[to] = products;
}
RELUSCOPE_KERNEL(BlockProducts, "block_products")

RELUSCOPE_DEVICE void run(const TotalSums& k) {
  for_each(static_cast<unsigned>(k.columns), [&](unsigned c) {
    k.to[c] = static_cast<float>(
        scalar::over_blocks(k.sums + c, k.blocks, static_cast<std::size_t>(k.columns)));
  });
}
RELUSCOPE_KERNEL(TotalSums, "total_sums")

RELUSCOPE_DEVICE void run(const TotalMoments& k) {
  const BatchNormalisation& norm = k.norm;
  const scalar::ColumnMoments moments{.means = k.means,
                                      .squares = k.squares,
                                      .stride = static_cast<std::size_t>(k.padded),
                                      .blocks = k.blocks,
                                      .rows = static_cast<double>(k.rows),
                                      .block_rows = kSumRows};
  for_each(static_cast<unsigned>(k.padded), [&](unsigned c) {
    if (c == 0 && norm.train) *norm.batches += 1.0f;
    if (c < static_cast<unsigned>(k.columns)) {
      scalar::column_moments(norm, moments, c);
    } else {
      norm.mean[c] = norm.inverse_deviation[c] = 0.0f;  // so that y is 0 there
    }
  });
}
RELUSCOPE_KERNEL(TotalMoments, "total_moments")

RELUSCOPE_DEVICE void run(const TotalProducts& k) {
  for_each(static_cast<unsigned>(k.columns), [&](unsigned c) {
    const auto stride = static_cast<std::size_t>(k.columns);
    const double sum = scalar::over_blocks(k.sums + c, k.blocks, stride);
    const double products = scalar::over_blocks(k.products + c, k.blocks, stride);
    k.dbias[c] = static_cast<float>(sum);
    k.dweight[c] = static_cast<float>(products);
    k.dbias_share[c] = static_cast<float>(sum * k.share);
    k.dweight_share[c] = static_cast<float>(products * k.share);
  });
}
RELUSCOPE_KERNEL(TotalProducts, "total_products")

RELUSCOPE_DEVICE void run(const NormaliseColumns& k) {
  for_each(static_cast<unsigned>(k.layout.size()), [&](unsigned i) {
    const int c = column_of(i, k.layout);
    const float scale = k.norm.weight[c] * k.norm.inverse_deviation[c];
    k.y[i] = scalar::normalised(k.x[i], k.norm.mean[c], scale, k.norm.bias[c]);
  });
}
RELUSCOPE_KERNEL(NormaliseColumns, "normalise_columns")

RELUSCOPE_DEVICE void run(const NormaliseColumnsBackward& k) {
  for_each(static_cast<unsigned>(k.layout.size()), [&](unsigned i) {
    const int c = column_of(i, k.layout);
    const float inverse = k.norm.inverse_deviation[c];
    k.dx[i] = scalar::column_slope(k.x[i], k.dy[i], k.norm.mean[c], k.norm.weight[c] * inverse,
                                   k.norm.dbias_share[c], k.norm.dweight_share[c] * inverse);
  });
}
RELUSCOPE_KERNEL(NormaliseColumnsBackward, "normalise_columns_backward")

// --- Layer normalisation ---------------------------------------------------------------------

// Calls work(at, place) for this thread's elements of a sample: where they lie in x and in weights.
template <class Work>
RELUSCOPE_DEVICE void for_sample(const Layout& x, const Layout& weights, int sample,
                                 const Work& work) {
  const auto columns = static_cast<unsigned>(weights.cols);
  const unsigned count = static_cast<unsigned>(weights.rows) * columns;
  for (unsigned i = thread_index(); i < count; i += block_size()) {
    const int row = static_cast<int>(i / columns), c = static_cast<int>(i % columns);
    work(x.index(sample * weights.rows + row, c), weights.index(row, c));
  }
}

struct SampleMoments {
  float mean, inverse;

  RELUSCOPE_DEVICE SampleMoments(const LayerNormalisation& norm, const ConstMatrixView& x,
                                 int sample, float* each) {
    const Layout& weights = norm.weight.layout;
    const double count = static_cast<double>(weights.rows) * weights.cols;
    float sum = 0.0f, squares = 0.0f;
    for_sample(x.layout, weights, sample, [&](std::size_t at, std::size_t) { sum += x.data[at]; });
    mean = static_cast<float>(add_threads(each, sum) / count);
    for_sample(x.layout, weights, sample, [&](std::size_t at, std::size_t) {
      const float deviation = x.data[at] - mean;
      squares += deviation * deviation;
    });
    inverse = scalar::inverse_deviation(add_threads(each, squares) / count, norm.epsilon);
  }
};

// Padding of a sample becomes 0.
RELUSCOPE_DEVICE void clear_padding(const Layout& layout, const Layout& weights, int sample,
                                    float* to) {
  const int padding = layout.padded_cols() - layout.cols;
  for (int i = static_cast<int>(thread_index()); i < weights.rows * padding;
       i += static_cast<int>(block_size())) {
    to[layout.index(sample * weights.rows + i / padding, layout.cols + i % padding)] = 0.0f;
  }
}

template <>
RELUSCOPE_DEVICE void run(const LayerNormForward& k) {
  RELUSCOPE_SHARED(float, each, kThreads);
  const auto sample = static_cast<int>(block_index());
  const Layout& weights = k.norm.weight.layout;
  const SampleMoments moments(k.norm, k.x, sample, each);
  for_sample(k.x.layout, weights, sample, [&](std::size_t at, std::size_t place) {
    const float z = scalar::normal(k.x.data[at], moments.mean, moments.inverse);
    k.y.data[at] = scalar::mad(z, k.norm.weight.data[place], k.norm.bias.data[place]);
  });
  clear_padding(k.x.layout, weights, sample, k.y.data);
}
RELUSCOPE_KERNEL(LayerNormForward, "layer_norm")

template <>
RELUSCOPE_DEVICE void run(const LayerNormBackward& k) {
  RELUSCOPE_SHARED(float, each, kThreads);
  const auto sample = static_cast<int>(block_index());
  const Layout& weights = k.norm.weight.layout;
  const SampleMoments moments(k.norm, k.x, sample, each);
  if (thread_index() == 0) {
    k.norm.moments[2 * sample] = moments.mean;
    k.norm.moments[2 * sample + 1] = moments.inverse;
  }
  if (k.dx == nullptr) return;
  const double count = static_cast<double>(weights.rows) * weights.cols;
  float slopes = 0.0f, products = 0.0f;
  for_sample(k.x.layout, weights, sample, [&](std::size_t at, std::size_t place) {
    const float slope = k.dy.data[at] * k.norm.weight.data[place];
    slopes += slope;
    products += slope * scalar::normal(k.x.data[at], moments.mean, moments.inverse);
  });
  const auto slope_mean = static_cast<float>(add_threads(each, slopes) / count);
  const auto product_mean = static_cast<float>(add_threads(each, products) / count);
  for_sample(k.x.layout, weights, sample, [&](std::size_t at, std::size_t place) {
    const float slope = k.dy.data[at] * k.norm.weight.data[place];
    const float z = scalar::normal(k.x.data[at], moments.mean, moments.inverse);
    k.dx[at] = scalar::sample_slope(slope, z, slope_mean, product_mean, moments.inverse);
  });
  clear_padding(k.x.layout, weights, sample, k.dx);
}
RELUSCOPE_KERNEL(LayerNormBackward, "layer_norm_backward")

template <>
RELUSCOPE_DEVICE void run(const LayerNormParameters& k) {
  const Layout& weights = k.norm.weight.layout;
  const int samples = k.x.layout.rows / weights.rows;
  for_each(static_cast<unsigned>(weights.size()), [&](unsigned i) {
    const int row = row_of(i, weights), c = column_of(i, weights);
    float products = 0.0f, sum = 0.0f;
    if (c < weights.cols) {
      for (int n = 0; n < samples; ++n) {
        const std::size_t at = k.x.layout.index(n * weights.rows + row, c);
        const float z =
            scalar::normal(k.x.data[at], k.norm.moments[2 * n], k.norm.moments[2 * n + 1]);
        products = scalar::mad(k.dy.data[at], z, products);
        sum += k.dy.data[at];
      }
    }
    k.dweight[i] = products;
    k.dbias[i] = sum;
  });
}
RELUSCOPE_KERNEL(LayerNormParameters, "layer_norm_parameters")

// --- Group normalisation ---------------------------------------------------------------------

// A block has a group of a sample: these rows and columns.
struct ColumnGroup {
  int sample, row, rows, first, width;
  double count;

  RELUSCOPE_DEVICE ColumnGroup(const GroupNormalisation& norm, const Layout& layout) {
    const auto part = static_cast<int>(block_index());
    sample = part / norm.groups;
    row = sample * norm.pixels;
    rows = norm.pixels;
    width = layout.cols / norm.groups;
    first = part % norm.groups * width;
    count = static_cast<double>(rows) * width;
  }
  // work(offset, column) for this thread's elements.
  template <class Work>
  RELUSCOPE_DEVICE void for_elements(const Layout& layout, const Work& work) const {
    const auto columns = static_cast<unsigned>(width);
    const unsigned all = static_cast<unsigned>(rows) * columns;
    for (unsigned i = thread_index(); i < all; i += block_size()) {
      const int c = first + static_cast<int>(i % columns);
      work(layout.index(row + static_cast<int>(i / columns), c), c);
    }
  }
  // The last group clears the padding of its sample's rows.
  RELUSCOPE_DEVICE void clear(const Layout& layout, float* to) const {
    const int padding = first + width == layout.cols ? layout.padded_cols() - layout.cols : 0;
    for (int i = static_cast<int>(thread_index()); i < rows * padding;
         i += static_cast<int>(block_size())) {
      to[layout.index(row + i / padding, layout.cols + i % padding)] = 0.0f;
    }
  }
};

struct GroupMoments {
  float mean, inverse;

  RELUSCOPE_DEVICE GroupMoments(const GroupNormalisation& norm, const ConstMatrixView& x,
                                const ColumnGroup& group, float* each) {
    float sum = 0.0f, squares = 0.0f;
    group.for_elements(x.layout, [&](std::size_t at, int) { sum += x.data[at]; });
    mean = static_cast<float>(add_threads(each, sum) / group.count);
    group.for_elements(x.layout, [&](std::size_t at, int) {
      const float deviation = x.data[at] - mean;
      squares += deviation * deviation;
    });
    inverse = scalar::inverse_deviation(add_threads(each, squares) / group.count, norm.epsilon);
  }
};

template <>
RELUSCOPE_DEVICE void run(const GroupNormForward& k) {
  RELUSCOPE_SHARED(float, each, kThreads);
  const ColumnGroup group(k.norm, k.x.layout);
  const GroupMoments moments(k.norm, k.x, group, each);
  group.for_elements(k.x.layout, [&](std::size_t at, int c) {
    const float z = scalar::normal(k.x.data[at], moments.mean, moments.inverse);
    k.y.data[at] = scalar::mad(z, k.norm.weight[c], k.norm.bias[c]);
  });
  group.clear(k.x.layout, k.y.data);
}
RELUSCOPE_KERNEL(GroupNormForward, "group_norm")

// Threads share the rows of as many columns as there are threads for.
template <>
RELUSCOPE_DEVICE void run(const GroupNormBackward& k) {
  RELUSCOPE_SHARED(float, each, kThreads);
  const Layout& layout = k.x.layout;
  const ColumnGroup group(k.norm, layout);
  const GroupMoments moments(k.norm, k.x, group, each);
  const auto thread = static_cast<int>(thread_index()), threads = static_cast<int>(block_size());
  const int across = group.width < threads ? group.width : threads, lanes = threads / across;
  float g = 0.0f, gz = 0.0f;
  for (int base = 0; base < group.width; base += across) {
    const int c = group.first + base + thread % across, lane = thread / across;
    const bool works = lane < lanes && c < group.first + group.width;
    float sums[2] = {0.0f, 0.0f};  // of dy z and of dy
    for (int row = lane; works && row < group.rows; row += lanes) {
      const std::size_t at = layout.index(group.row + row, c);
      const float z = scalar::normal(k.x.data[at], moments.mean, moments.inverse);
      sums[0] = scalar::mad(k.dy.data[at], z, sums[0]);
      sums[1] += k.dy.data[at];
    }
    for (int which = 0; which < 2; ++which) {
      RELUSCOPE_BARRIER();  // what `each` held may be in use
      each[thread] = sums[which];
      RELUSCOPE_BARRIER();
      if (!works || lane > 0) continue;
      float sum = 0.0f;
      for (int l = 0; l < lanes; ++l) sum += each[l * across + thread];
      k.sums.at(2 * group.sample + which, c) = sum;
      (which == 0 ? gz : g) += sum * k.norm.weight[c];
    }
  }
  if (k.dx == nullptr) return;
  const auto g_mean = static_cast<float>(add_threads(each, g) / group.count);
  const auto gz_mean = static_cast<float>(add_threads(each, gz) / group.count);
  group.for_elements(layout, [&](std::size_t at, int c) {
    const float z = scalar::normal(k.x.data[at], moments.mean, moments.inverse);
    k.dx[at] =
        scalar::sample_slope(k.dy.data[at] * k.norm.weight[c], z, g_mean, gz_mean, moments.inverse);
  });
  group.clear(layout, k.dx);
}
RELUSCOPE_KERNEL(GroupNormBackward, "group_norm_backward")

template <>
RELUSCOPE_DEVICE void run(const GroupNormParameters& k) {
  const Layout& layout = k.sums.layout;
  for_each(static_cast<unsigned>(layout.padded_cols()), [&](unsigned i) {
    const auto c = static_cast<int>(i);
    double products = 0.0, sums = 0.0;
    for (int row = 0; c < layout.cols && row < layout.rows; row += 2) {
      products += static_cast<double>(k.sums.at(row, c));
      sums += static_cast<double>(k.sums.at(row + 1, c));
    }
    k.dweight[c] = static_cast<float>(products);
    k.dbias[c] = static_cast<float>(sums);
  });
}
RELUSCOPE_KERNEL(GroupNormParameters, "group_norm_parameters")

// --- Norms ----------------------------------------------------------------------------------

RELUSCOPE_DEVICE void run(const SumOfSquares& k) {
  RELUSCOPE_SHARED(double, each, kThreads);
  double mine = 0.0;
  for_each(k.n, [&](unsigned i) {
    const double x = static_cast<double>(k.x[i]);
    mine += x * x;
  });
  each[thread_index()] = mine;
  RELUSCOPE_BARRIER();
  if (thread_index() != 0) return;
  double sum = 0.0;
  for (unsigned t = 0; t < block_size(); ++t) sum += each[t];
  k.sums[block_index()] = sum;
}
RELUSCOPE_KERNEL(SumOfSquares, "sum_of_squares")

RELUSCOPE_DEVICE void run(const AddPenalty& k) {
  RELUSCOPE_SHARED(float, lanes, kStrip* kStripLanes);
  const PenaltyGradient& p = k.penalty;
  const Strip s(p.weights.layout, p.weights.layout.rows);
  constexpr float kLeast = 1e-18f;  // weights below count as 0, so that nothing of them is denormal
  float sum = 0.0f;
  for (int row = s.lane; row < s.end; row += kStripLanes) {
    const std::size_t at = s.place(row);
    float w = p.weights.data[at];
    if (w < kLeast && w > -kLeast) w = 0.0f;
    const float size = w < 0.0f ? -w : w;
    const float sign = w > 0.0f ? 1.0f : (w < 0.0f ? -1.0f : w);
    sum = scalar::mad(scalar::mad(p.l2, size, p.l1), size, sum);
    p.gradient.data[at] += scalar::mad(2.0f * p.l2, w, p.l1 * sign);
  }
  sum = add_lanes(lanes, sum);
  if (s.lane == 0) p.values[s.column] = sum;
}
RELUSCOPE_KERNEL(AddPenalty, "add_penalty")

}  // namespace reluscope::cuda
