// Kernels that compute sums: columns, statistics of normalisation, penalties. The order of every
// sum is the same on all devices: a thread adds in ascending order, and the sums of threads are
// added in the order of their indices.
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
  RELUSCOPE_BARRIER();  // other threads may still read `lanes`
  lanes[thread_index()] = mine;
  RELUSCOPE_BARRIER();
  float sum = 0.0f;
  for (int lane = 0; lane < kStripLanes; ++lane) {
    sum += lanes[static_cast<unsigned>(lane * kStrip) + thread_index() % kStrip];
  }
  return sum;
}

// The sum over all threads of a block, for all of them, in double.
template <class T>
RELUSCOPE_DEVICE double add_threads(T* each, T mine) {
  RELUSCOPE_BARRIER();
  each[thread_index()] = mine;
  RELUSCOPE_BARRIER();
  double sum = 0.0;
  for (unsigned t = 0; t < block_size(); ++t) sum += static_cast<double>(each[t]);
  return sum;
}

}  // namespace

RELUSCOPE_KERNEL(ColumnSums, "column_sums") {
  RELUSCOPE_SHARED(float, lanes, kStrip* kStripLanes);
  const Strip s(k.x.layout, k.rows_at_once);
  float sum = 0.0f;
  for (int row = s.first + s.lane; row < s.end; row += kStripLanes) sum += k.x.data[s.place(row)];
  sum = add_lanes(lanes, sum);
  if (s.lane == 0) k.sums[s.part * k.x.layout.padded_cols() + s.column] = sum;
}

RELUSCOPE_KERNEL(BlockMoments, "block_moments") {
  RELUSCOPE_SHARED(float, lanes, kStrip* kStripLanes);
  const Strip s(k.x.layout, kSumRows);
  const auto count = static_cast<float>(s.end - s.first);
  float sum = 0.0f;
  for (int row = s.first + s.lane; row < s.end; row += kStripLanes) sum += k.x.data[s.place(row)];
  float mean = add_lanes(lanes, sum) / count;
  float deviations = 0.0f, squares = 0.0f;
  for (int row = s.first + s.lane; row < s.end; row += kStripLanes) {
    const float deviation = k.x.data[s.place(row)] - mean;
    deviations += deviation;
    squares += deviation * deviation;
  }
  deviations = add_lanes(lanes, deviations);
  squares = add_lanes(lanes, squares);
  if (s.lane != 0) return;
  scalar::correct_moments(count, deviations, mean, squares);
  const int to = s.part * k.x.layout.padded_cols() + s.column;
  k.means[to] = mean;
  k.squares[to] = squares;
}

RELUSCOPE_KERNEL(BlockProducts, "block_products") {
  RELUSCOPE_SHARED(float, lanes, kStrip* kStripLanes);
  const Strip s(k.x.layout, kSumRows);
  float sum = 0.0f, products = 0.0f;
  for (int row = s.first + s.lane; row < s.end; row += kStripLanes) {
    const std::size_t at = s.place(row);
    sum += k.dy.data[at];
    products += k.dy.data[at] * scalar::normal(k.x.data[at], k.mean[s.column], k.inverse[s.column]);
  }
  sum = add_lanes(lanes, sum);
  products = add_lanes(lanes, products);
  if (s.lane != 0) return;
  const int to = s.part * k.x.layout.padded_cols() + s.column;
  k.sums[to] = sum;
  k.products[to] = products;
}

RELUSCOPE_KERNEL(TotalSums, "total_sums") {
  for_each(static_cast<unsigned>(k.columns), [&](unsigned c) {
    k.to[c] = static_cast<float>(
        scalar::over_blocks(k.sums + c, k.blocks, static_cast<std::size_t>(k.columns)));
  });
}

RELUSCOPE_KERNEL(TotalMoments, "total_moments") {
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

RELUSCOPE_KERNEL(TotalProducts, "total_products") {
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

RELUSCOPE_KERNEL(NormaliseColumns, "normalise_columns") {
  for_each(k.x.layout, [&](unsigned i, int, int c) {
    const float scale = k.norm.weight[c] * k.norm.inverse_deviation[c];
    k.y.data[i] = scalar::normalised(k.x.data[i], k.norm.mean[c], scale, k.norm.bias[c]);
  });
}

RELUSCOPE_KERNEL(NormaliseColumnsBackward, "normalise_columns_backward") {
  for_each(k.x.layout, [&](unsigned i, int, int c) {
    const float inverse = k.norm.inverse_deviation[c];
    k.dx.data[i] =
        scalar::column_slope(k.x.data[i], k.dy.data[i], k.norm.mean[c], k.norm.weight[c] * inverse,
                             k.dbias_share[c], k.dweight_share[c] * inverse);
  });
}

// --- Layer and group normalisation -----------------------------------------------------------

// What a block normalises: rows and columns of a sample. All columns, or one group of them.
struct Group {
  int sample, row, rows, first, width;
  double count;

  RELUSCOPE_DEVICE Group(const LayerNormalisation& norm, const Layout& layout)
      : Group(layout, norm.weight.rows(), 1) {}
  RELUSCOPE_DEVICE Group(const GroupNormalisation& norm, const Layout& layout)
      : Group(layout, norm.pixels, norm.groups) {}
  RELUSCOPE_DEVICE Group(const Layout& layout, int of_rows, int groups)
      : sample(static_cast<int>(block_index()) / groups),
        row(sample * of_rows),
        rows(of_rows),
        first(static_cast<int>(block_index()) % groups * (layout.cols / groups)),
        width(layout.cols / groups),
        count(static_cast<double>(rows) * width) {}

  // work(offset, row of the sample, column) for this thread's elements.
  template <class Work>
  RELUSCOPE_DEVICE void for_elements(const Layout& layout, const Work& work) const {
    const auto columns = static_cast<unsigned>(width);
    const unsigned all = static_cast<unsigned>(rows) * columns;
    for (unsigned i = thread_index(); i < all; i += block_size()) {
      const int r = static_cast<int>(i / columns), c = first + static_cast<int>(i % columns);
      work(layout.index(row + r, c), r, c);
    }
  }
  // The last group clears the padding of its sample's rows.
  RELUSCOPE_DEVICE void clear_padding(const Layout& layout, float* to) const {
    const int padding = first + width == layout.cols ? layout.padded_cols() - layout.cols : 0;
    for (int i = static_cast<int>(thread_index()); i < rows * padding;
         i += static_cast<int>(block_size())) {
      to[layout.index(row + i / padding, layout.cols + i % padding)] = 0.0f;
    }
  }
};

struct Moments {
  float mean, inverse;

  RELUSCOPE_DEVICE Moments(double epsilon, const ConstMatrixView& x, const Group& group,
                           float* each) {
    float sum = 0.0f, squares = 0.0f;
    group.for_elements(x.layout, [&](std::size_t at, int, int) { sum += x.data[at]; });
    mean = static_cast<float>(add_threads(each, sum) / group.count);
    group.for_elements(x.layout, [&](std::size_t at, int, int) {
      const float deviation = x.data[at] - mean;
      squares += deviation * deviation;
    });
    inverse = scalar::inverse_deviation(add_threads(each, squares) / group.count, epsilon);
  }
  RELUSCOPE_DEVICE float normal(float x) const { return scalar::normal(x, mean, inverse); }
};

// The weight or the bias of an element of a sample.
RELUSCOPE_DEVICE float element(const ConstMatrixView& m, int row, int c) { return m.at(row, c); }
RELUSCOPE_DEVICE float element(const float* m, int, int c) { return m[c]; }

template <class K>
RELUSCOPE_DEVICE void normalise(const K& k, float* each) {
  const Group group(k.norm, k.x.layout);
  const Moments moments(k.norm.epsilon, k.x, group, each);
  group.for_elements(k.x.layout, [&](std::size_t at, int row, int c) {
    k.y.data[at] = scalar::mad(moments.normal(k.x.data[at]), element(k.norm.weight, row, c),
                               element(k.norm.bias, row, c));
  });
  group.clear_padding(k.x.layout, k.y.data);
}

// dx, given this thread's sums of dy weight and of that times the normal.
template <class K>
RELUSCOPE_DEVICE void write_slopes(const K& k, const Group& group, const Moments& moments,
                                   float* each, float slopes, float products) {
  const auto slope_mean = static_cast<float>(add_threads(each, slopes) / group.count);
  const auto product_mean = static_cast<float>(add_threads(each, products) / group.count);
  group.for_elements(k.x.layout, [&](std::size_t at, int row, int c) {
    k.dx[at] = scalar::sample_slope(k.dy.data[at] * element(k.norm.weight, row, c),
                                    moments.normal(k.x.data[at]), slope_mean, product_mean,
                                    moments.inverse);
  });
  group.clear_padding(k.x.layout, k.dx);
}

RELUSCOPE_KERNEL(LayerNormForward, "layer_norm") {
  RELUSCOPE_SHARED(float, each, kThreads);
  normalise(k, each);
}

RELUSCOPE_KERNEL(GroupNormForward, "group_norm") {
  RELUSCOPE_SHARED(float, each, kThreads);
  normalise(k, each);
}

RELUSCOPE_KERNEL(LayerNormBackward, "layer_norm_backward") {
  RELUSCOPE_SHARED(float, each, kThreads);
  const Group group(k.norm, k.x.layout);
  const Moments moments(k.norm.epsilon, k.x, group, each);
  if (thread_index() == 0) {
    k.norm.moments[2 * group.sample] = moments.mean;
    k.norm.moments[2 * group.sample + 1] = moments.inverse;
  }
  if (k.dx == nullptr) return;
  float slopes = 0.0f, products = 0.0f;
  group.for_elements(k.x.layout, [&](std::size_t at, int row, int c) {
    const float slope = k.dy.data[at] * element(k.norm.weight, row, c);
    slopes += slope;
    products += slope * moments.normal(k.x.data[at]);
  });
  write_slopes(k, group, moments, each, slopes, products);
}

RELUSCOPE_KERNEL(LayerNormParameters, "layer_norm_parameters") {
  const Layout& weights = k.norm.weight.layout;
  const int samples = k.x.layout.rows / weights.rows;
  for_each(weights, [&](unsigned i, int row, int c) {
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

// Threads share the rows of as many columns as there are threads for.
RELUSCOPE_KERNEL(GroupNormBackward, "group_norm_backward") {
  RELUSCOPE_SHARED(float, each, kThreads);
  const Layout& layout = k.x.layout;
  const Group group(k.norm, layout);
  const Moments moments(k.norm.epsilon, k.x, group, each);
  const auto thread = static_cast<int>(thread_index()), threads = static_cast<int>(block_size());
  const int across = group.width < threads ? group.width : threads, lanes = threads / across;
  float g = 0.0f, gz = 0.0f;
  for (int base = 0; base < group.width; base += across) {
    const int c = group.first + base + thread % across, lane = thread / across;
    const bool works = lane < lanes && c < group.first + group.width;
    float sums[2] = {0.0f, 0.0f};  // of dy z and of dy
    for (int row = lane; works && row < group.rows; row += lanes) {
      const std::size_t at = layout.index(group.row + row, c);
      sums[0] = scalar::mad(k.dy.data[at], moments.normal(k.x.data[at]), sums[0]);
      sums[1] += k.dy.data[at];
    }
    for (int which = 0; which < 2; ++which) {
      RELUSCOPE_BARRIER();  // other threads may still read `each`
      each[thread] = sums[which];
      RELUSCOPE_BARRIER();
      if (!works || lane > 0) continue;
      float sum = 0.0f;
      for (int l = 0; l < lanes; ++l) sum += each[l * across + thread];
      k.sums.at(2 * group.sample + which, c) = sum;
      (which == 0 ? gz : g) += sum * k.norm.weight[c];
    }
  }
  if (k.dx != nullptr) write_slopes(k, group, moments, each, g, gz);
}

RELUSCOPE_KERNEL(GroupNormParameters, "group_norm_parameters") {
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

// --- Norms ----------------------------------------------------------------------------------

RELUSCOPE_KERNEL(SumOfSquares, "sum_of_squares") {
  RELUSCOPE_SHARED(double, each, kThreads);
  double mine = 0.0;
  for_each(k.n, [&](unsigned i) {
    const double x = static_cast<double>(k.x[i]);
    mine += x * x;
  });
  const double sum = add_threads(each, mine);
  if (thread_index() == 0) k.sums[block_index()] = sum;
}

RELUSCOPE_KERNEL(AddPenalty, "add_penalty") {
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

}  // namespace reluscope::cuda
