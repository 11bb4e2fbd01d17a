// Kernels that add up: columns, the statistics of normalisation, penalties. Every sum has one
// order, whatever the device: a thread adds in ascending order, and threads' sums are added by
// their number.
#include "core/math.h"
#include "cuda/kernels/kernel.h"

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

// The corrected two-pass algorithm, as on the CPU.
RELUSCOPE_DEVICE void run(const BlockMoments& k) {
  RELUSCOPE_SHARED(float, lanes, kStrip* kStripLanes);
  const Strip s(k.layout, kSumRows);
  const auto count = static_cast<float>(s.end - s.first);
  float sum = 0.0f;
  for (int row = s.first + s.lane; row < s.end; row += kStripLanes) sum += k.x[s.place(row)];
  const float mean = add_lanes(lanes, sum) / count;
  float deviations = 0.0f, squares = 0.0f;
  for (int row = s.first + s.lane; row < s.end; row += kStripLanes) {
    const float deviation = k.x[s.place(row)] - mean;
    deviations += deviation;
    squares += deviation * deviation;
  }
  deviations = add_lanes(lanes, deviations);
  squares = add_lanes(lanes, squares);
  if (s.lane != 0) return;
  const float shift = deviations / count;
  const int to = s.part * k.layout.padded_cols() + s.column;
  k.means[to] = mean + shift;
  k.squares[to] = squares - deviations * shift;
}
RELUSCOPE_KERNEL(BlockMoments, "block_moments")

RELUSCOPE_DEVICE void run(const BlockProducts& k) {
  RELUSCOPE_SHARED(float, lanes, kStrip* kStripLanes);
  const Strip s(k.layout, kSumRows);
  float sum = 0.0f, products = 0.0f;
  for (int row = s.first + s.lane; row < s.end; row += kStripLanes) {
    const std::size_t at = s.place(row);
    sum += k.dy[at];
    products += k.dy[at] * ((k.x[at] - k.mean[s.column]) * k.inverse[s.column]);
  }
  sum = add_lanes(lanes, sum);
  products = add_lanes(lanes, products);
  if (s.lane != 0) return;
  const int to = s.part * k.layout.padded_cols() + s.column;
  k.sums[to] = sum;
  k.products[to] = products;
}
RELUSCOPE_KERNEL(BlockProducts, "block_products")

namespace {

RELUSCOPE_DEVICE double total(const float* sums, int blocks, int columns, unsigned column) {
  double sum = 0.0;
  for (int b = 0; b < blocks; ++b) {
    sum += static_cast<double>(sums[static_cast<unsigned>(b * columns) + column]);
  }
  return sum;
}

}  // namespace

RELUSCOPE_DEVICE void run(const TotalSums& k) {
  for_each(static_cast<unsigned>(k.columns), [&](unsigned c) {
    k.to[c] = static_cast<float>(total(k.sums, k.blocks, k.columns, c));
  });
}
RELUSCOPE_KERNEL(TotalSums, "total_sums")

// As CpuBackend::batch_norm.
RELUSCOPE_DEVICE void run(const TotalMoments& k) {
  const BatchNormalisation& norm = k.norm;
  for_each(static_cast<unsigned>(k.padded), [&](unsigned c) {
    if (c == 0 && norm.train) *norm.batches += 1.0f;
    if (c >= static_cast<unsigned>(k.columns)) {
      norm.mean[c] = norm.inverse_deviation[c] = 0.0f;  // so that y is 0 there
      return;
    }
    double mean = static_cast<double>(norm.running_mean[c]);
    double variance = static_cast<double>(norm.running_var[c]);
    if (norm.train) {
      double squares = 0.0, count = 0.0;
      mean = 0.0;
      for (int b = 0; b < k.blocks; ++b) {
        const auto at = static_cast<unsigned>(b * k.padded) + c;
        const double left = k.rows - count, more = left < kSumRows ? left : kSumRows;
        const double shift = static_cast<double>(k.means[at]) - mean, share = more / (count + more);
        mean += shift * share;
        squares += static_cast<double>(k.squares[at]) + shift * shift * count * share;
        count += more;
      }
      variance = squares / k.rows;
      const auto moved = [&](float running, double to) {
        return static_cast<float>((1.0 - norm.momentum) * static_cast<double>(running) +
                                  norm.momentum * to);
      };
      norm.running_mean[c] = moved(norm.running_mean[c], mean);
      norm.running_var[c] = moved(norm.running_var[c], squares / (k.rows - 1.0));
    }
    norm.mean[c] = static_cast<float>(mean);
    norm.inverse_deviation[c] = static_cast<float>(1.0 / scalar::sqrt(variance + norm.epsilon));
  });
}
RELUSCOPE_KERNEL(TotalMoments, "total_moments")

RELUSCOPE_DEVICE void run(const TotalProducts& k) {
  for_each(static_cast<unsigned>(k.columns), [&](unsigned c) {
    const double sum = total(k.sums, k.blocks, k.columns, c);
    const double products = total(k.products, k.blocks, k.columns, c);
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
    k.y[i] = scalar::mad(k.x[i] - k.norm.mean[c], scale, k.norm.bias[c]);
  });
}
RELUSCOPE_KERNEL(NormaliseColumns, "normalise_columns")

RELUSCOPE_DEVICE void run(const NormaliseColumnsBackward& k) {
  for_each(static_cast<unsigned>(k.layout.size()), [&](unsigned i) {
    const int c = column_of(i, k.layout);
    const float inverse = k.norm.inverse_deviation[c], scale = k.norm.weight[c] * inverse;
    const float centred = k.x[i] - k.norm.mean[c];
    const float share = centred * (k.norm.dweight_share[c] * inverse);
    k.dx[i] = (k.dy[i] - k.norm.dbias_share[c] - share) * scale;
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

  RELUSCOPE_DEVICE SampleMoments(const LayerNormalisation& norm, const float* x,
                                 const Layout& layout, int sample, float* each) {
    const Layout& weights = norm.weight.layout;
    const double count = static_cast<double>(weights.rows) * weights.cols;
    float sum = 0.0f, squares = 0.0f;
    for_sample(layout, weights, sample, [&](std::size_t at, std::size_t) { sum += x[at]; });
    mean = static_cast<float>(add_threads(each, sum) / count);
    for_sample(layout, weights, sample, [&](std::size_t at, std::size_t) {
      const float deviation = x[at] - mean;
      squares += deviation * deviation;
    });
    inverse =
        static_cast<float>(1.0 / scalar::sqrt(add_threads(each, squares) / count + norm.epsilon));
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

RELUSCOPE_DEVICE void run(const LayerNormForward& k) {
  RELUSCOPE_SHARED(float, each, kThreads);
  const auto sample = static_cast<int>(block_index());
  const Layout& weights = k.norm.weight.layout;
  const SampleMoments moments(k.norm, k.x, k.layout, sample, each);
  for_sample(k.layout, weights, sample, [&](std::size_t at, std::size_t place) {
    const float normal = (k.x[at] - moments.mean) * moments.inverse;
    k.y[at] = scalar::mad(normal, k.norm.weight.data[place], k.norm.bias.data[place]);
  });
  clear_padding(k.layout, weights, sample, k.y);
}
RELUSCOPE_KERNEL(LayerNormForward, "layer_norm")

RELUSCOPE_DEVICE void run(const LayerNormBackward& k) {
  RELUSCOPE_SHARED(float, each, kThreads);
  const auto sample = static_cast<int>(block_index());
  const Layout& weights = k.norm.weight.layout;
  const SampleMoments moments(k.norm, k.x, k.layout, sample, each);
  if (thread_index() == 0) {
    k.norm.scratch[2 * sample] = moments.mean;
    k.norm.scratch[2 * sample + 1] = moments.inverse;
  }
  if (k.dx == nullptr) return;
  const double count = static_cast<double>(weights.rows) * weights.cols;
  float slopes = 0.0f, products = 0.0f;
  for_sample(k.layout, weights, sample, [&](std::size_t at, std::size_t place) {
    const float slope = k.dy[at] * k.norm.weight.data[place];
    slopes += slope;
    products += slope * ((k.x[at] - moments.mean) * moments.inverse);
  });
  const auto slope_mean = static_cast<float>(add_threads(each, slopes) / count);
  const auto product_mean = static_cast<float>(add_threads(each, products) / count);
  for_sample(k.layout, weights, sample, [&](std::size_t at, std::size_t place) {
    const float slope = k.dy[at] * k.norm.weight.data[place];
    const float normal = (k.x[at] - moments.mean) * moments.inverse;
    k.dx[at] = (slope - slope_mean - normal * product_mean) * moments.inverse;
  });
  clear_padding(k.layout, weights, sample, k.dx);
}
RELUSCOPE_KERNEL(LayerNormBackward, "layer_norm_backward")

RELUSCOPE_DEVICE void run(const LayerNormParameters& k) {
  const Layout& weights = k.norm.weight.layout;
  const int samples = k.layout.rows / weights.rows;
  for_each(static_cast<unsigned>(weights.size()), [&](unsigned i) {
    const int row = row_of(i, weights), c = column_of(i, weights);
    float products = 0.0f, sum = 0.0f;
    if (c < weights.cols) {
      for (int n = 0; n < samples; ++n) {
        const std::size_t at = k.layout.index(n * weights.rows + row, c);
        const float normal = (k.x[at] - k.norm.scratch[2 * n]) * k.norm.scratch[2 * n + 1];
        products = scalar::mad(k.dy[at], normal, products);
        sum += k.dy[at];
      }
    }
    k.dweight[i] = products;
    k.dbias[i] = sum;
  });
}
RELUSCOPE_KERNEL(LayerNormParameters, "layer_norm_parameters")

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
