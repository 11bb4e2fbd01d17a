// Batch and layer normalisation and dropout. Their formulas stand in backend/normalisation.h.
// No include guard: layer_kernels.cpp includes it once for each SIMD target.

#include <algorithm>

#include "backend/cpu/kernels.h"
#include "backend/cpu/matmul-inl.h"
#include "backend/normalisation.h"
#include "core/philox.h"
#include "core/vec-inl.h"

RELUSCOPE_TARGET_BEGIN

template <class V>
void block_moments(ConstMatrixView x, int panel, Rows rows, float* means, float* squares) {
  struct Sums {
    V mean, deviations, squares;
  };
  const V count(static_cast<double>(rows.count()));
  block_sums<V>(x, panel, rows, means);
  for_columns(
      x.layout, panel, rows,
      [&](int col) {
        return Sums{V::load(means + col) / count, V::zero(), V::zero()};
      },
      [&](Sums& s, std::size_t at) {
        const V deviation = V::load(x.data + at) - s.mean;
        s.deviations = s.deviations + deviation;
        s.squares = mad(deviation, deviation, s.squares);
      },
      [&](Sums& s, int col) {
        correct_moments(count, s.deviations, s.mean, s.squares);
        s.mean.store(means + col);
        s.squares.store(squares + col);
      });
}

template <class V>
void block_products(const BatchNormalisation& norm, ConstMatrixView x, ConstMatrixView dy,
                    int panel, Rows rows, float* sums, float* products) {
  struct Sum {
    V mean, inverse, products;
  };
  block_sums<V>(dy, panel, rows, sums);
  for_columns(
      x.layout, panel, rows,
      [&](int col) {
        return Sum{V::load(norm.mean + col), V::load(norm.inverse_deviation + col), V::zero()};
      },
      [&](Sum& s, std::size_t at) {
        const V z = normal(V::load(x.data + at), s.mean, s.inverse);
        s.products = mad(V::load(dy.data + at), z, s.products);
      },
      [&](const Sum& s, int col) { s.products.store(products + col); });
}

template <class V>
void normalise(const BatchNormalisation& norm, ConstMatrixView x, int panel, Rows rows, float* y) {
  struct Column {
    V mean, scale, bias;
  };
  for_columns(
      x.layout, panel, rows,
      [&](int col) {
        return Column{V::load(norm.mean + col),
                      V::load(norm.weight + col) * V::load(norm.inverse_deviation + col),
                      V::load(norm.bias + col)};
      },
      [&](const Column& c, std::size_t at) {
        normalised(V::load(x.data + at), c.mean, c.scale, c.bias).store(y + at);
      },
      [](const Column&, int) {});
}

// Padding columns get 0: there weight is 0.
template <class V>
void normalise_backward(const BatchNormalisation& norm, const float* dbias, const float* dweight,
                        ConstMatrixView x, ConstMatrixView dy, int panel, Rows rows, float* dx) {
  struct Column {
    V mean, scale, dbias, dnormal;
  };
  for_columns(
      x.layout, panel, rows,
      [&](int col) {
        const V inverse = V::load(norm.inverse_deviation + col);
        return Column{V::load(norm.mean + col), V::load(norm.weight + col) * inverse,
                      V::load(dbias + col), V::load(dweight + col) * inverse};
      },
      [&](const Column& c, std::size_t at) {
        column_slope(V::load(x.data + at), V::load(dy.data + at), c.mean, c.scale, c.dbias,
                     c.dnormal)
            .store(dx + at);
      },
      [](const Column&, int) {});
}

// The mean and 1 / sqrt(variance + epsilon) of a sample or group, broadcast.
template <class V>
struct Moments {
  V mean, inverse;
  // sum(term): of term(offset in x, ...) over its `count` values.
  template <class Sum>
  HWY_INLINE Moments(const float* x, double count, double epsilon, const Sum& sum) {
    mean = V(sum([&](std::size_t at, auto...) { return V::load(x + at); }) / count);
    const double squares = sum([&](std::size_t at, auto...) {
      const V deviation = V::load(x + at) - mean;
      return deviation * deviation;
    });
    inverse = V(inverse_deviation(squares / count, epsilon));
  }
  HWY_INLINE V z(const float* x) const { return normal(V::load(x), mean, inverse); }
};

// Layer normalisation. `place` is an offset into the parameters' matrix (rows, columns) and `at`
// the one into x that goes with it, in some sample.

// work(at, place, lanes in use, v) for every vector of a sample, panels, rows and columns
// ascending; v: which of a strip of sixteen floats. A lane in use is 1; padding is 0.
template <class Work>
HWY_INLINE void for_sample(const Layout& x, const Layout& parameters, int sample,
                           const Work& work) {
  HWY_ALIGN float all[kPad];
  HWY_ALIGN float used[kPad];
  for (int i = 0; i < kPad; ++i) {
    all[i] = 1.0f;
    used[i] = parameters.padded_cols() - kPad + i < parameters.cols ? 1.0f : 0.0f;
  }
  for (int p = 0; p < x.panels(); ++p) {
    const int width = x.panel_width(p);
    std::size_t at = x.index(sample * parameters.rows, p * kPanel);
    std::size_t place = parameters.index(0, p * kPanel);
    for (int row = 0; row < parameters.rows; ++row) {
      for (int col = 0; col < width; col += kPad, at += kPad, place += kPad) {
        const float* const on = p == x.panels() - 1 && col == width - kPad ? used : all;
        RELUSCOPE_UNROLL
        for (int v = 0; v < kPadVectors; ++v) {
          const auto lane = static_cast<std::size_t>(v * lanes());
          work(at + lane, place + lane, on + lane, v);
        }
      }
    }
  }
}

// The sum of term(at, place) over a sample, in sixteen lanes that are then added in double: lane j
// has the columns that are j modulo 16.
template <class V, class Term>
HWY_INLINE double sample_sum(const Layout& x, const Layout& parameters, int sample,
                             const Term& term) {
  V strip[kPadVectors];
  for (V& sum : strip) sum = V::zero();
  for_sample(x, parameters, sample, [&](std::size_t at, std::size_t place, const float* on, int v) {
    const V value = select(V::load(on) > V::zero(), term(at, place), V::zero());
    strip[v] = strip[v] + value;
  });
  HWY_ALIGN float sums[kPad];
  for (int v = 0; v < kPadVectors; ++v) strip[v].store(sums + v * lanes());
  double sum = 0.0;
  for (const float lane : sums) sum += static_cast<double>(lane);
  return sum;
}

template <class V>
HWY_INLINE Moments<V> sample_moments(const LayerNormalisation& norm, ConstMatrixView x,
                                     int sample) {
  const Layout& parameters = norm.weight.layout;
  return {x.data, static_cast<double>(parameters.rows) * parameters.cols, norm.epsilon,
          [&](const auto& term) { return sample_sum<V>(x.layout, parameters, sample, term); }};
}

template <class V>
void run_parts(const LayerNormForward& op, Rows samples) {
  const LayerNormalisation& norm = op.norm;
  for (int n = samples.first; n < samples.end; ++n) {
    const Moments<V> moments = sample_moments<V>(norm, op.x, n);
    for_sample(op.x.layout, norm.weight.layout, n,
               [&](std::size_t at, std::size_t place, const float*, int) {
                 mad(moments.z(op.x.data + at), V::load(norm.weight.data + place),
                     V::load(norm.bias.data + place))
                     .store(op.y.data + at);
               });
  }
}

template <class V>
void run_parts(const LayerNormBackward& op, Rows samples) {
  const LayerNormalisation& norm = op.norm;
  const Layout& parameters = norm.weight.layout;
  const double count = static_cast<double>(parameters.rows) * parameters.cols;
  for (int n = samples.first; n < samples.end; ++n) {
    const Moments<V> moments = sample_moments<V>(norm, op.x, n);
    HWY_ALIGN float lane[kPad];
    moments.mean.store(lane);
    norm.moments[2 * n] = lane[0];
    moments.inverse.store(lane);
    norm.moments[2 * n + 1] = lane[0];
    if (op.dx == nullptr) continue;
    const auto slope = [&](std::size_t at, std::size_t place) {
      return V::load(op.dy.data + at) * V::load(norm.weight.data + place);
    };
    const auto product = [&](std::size_t at, std::size_t place) {
      return slope(at, place) * moments.z(op.x.data + at);
    };
    const V slopes(sample_sum<V>(op.x.layout, parameters, n, slope) / count);
    const V products(sample_sum<V>(op.x.layout, parameters, n, product) / count);
    for_sample(op.x.layout, parameters, n,
               [&](std::size_t at, std::size_t place, const float* on, int) {
                 const V dx = sample_slope(slope(at, place), moments.z(op.x.data + at), slopes,
                                           products, moments.inverse);
                 select(V::load(on) > V::zero(), dx, V::zero()).store(op.dx + at);
               });
  }
}

// dweight = sum of dy z and dbias = sum of dy over the samples.
template <class V>
void run_parts(const LayerNormParameters& op, Rows strips) {
  const LayerNormalisation& norm = op.norm;
  const Layout& parameters = norm.weight.layout;
  const int samples = op.x.rows() / parameters.rows;
  for (int strip = strips.first; strip < strips.end; ++strip) {
    const auto place = static_cast<std::size_t>(strip) * kPad;
    const int panel = static_cast<int>(place / parameters.panel_offset(1));
    const std::size_t inside = place - parameters.panel_offset(panel);
    const auto width = static_cast<std::size_t>(parameters.panel_width(panel));
    const int row = static_cast<int>(inside / width);
    for (std::size_t lane = 0; lane < kPad; lane += static_cast<std::size_t>(lanes())) {
      V products = V::zero(), sums = V::zero();
      for (int n = 0; n < samples; ++n) {
        const std::size_t at =
            op.x.layout.index(n * parameters.rows + row, panel * kPanel) + inside % width + lane;
        const V slope = V::load(op.dy.data + at);
        const V z = normal(V::load(op.x.data + at), V::broadcast(norm.moments + 2 * n),
                           V::broadcast(norm.moments + 2 * n + 1));
        products = mad(slope, z, products);
        sums = sums + slope;
      }
      products.store(op.dweight + place + lane);
      sums.store(op.dbias + place + lane);
    }
  }
}

// Group normalisation. The columns of a group of a sample need not begin or end with a strip of
// sixteen: what lies beside them in a strip is computed and left out.
struct ColumnGroup {
  Rows rows;
  int first, end;   // of its columns
  int written_end;  // the same, of the last group with the padding behind it

  ColumnGroup(const GroupNormalisation& norm, const Layout& layout, int part) {
    const int sample = part / norm.groups, group = part % norm.groups;
    const int width = layout.cols / norm.groups;
    rows = {sample * norm.pixels, (sample + 1) * norm.pixels};
    first = group * width;
    end = first + width;
    written_end = group == norm.groups - 1 ? layout.padded_cols() : end;
  }
  int first_strip() const { return first / kPad * kPad; }
  double count() const { return static_cast<double>(rows.count()) * (end - first); }
};

// sums[c] = the sum of term(offset) down column first + c, for sixteen columns.
template <class V, class Term>
HWY_INLINE void strip_sums(const Layout& layout, Rows rows, int first, float* sums,
                           const Term& term) {
  for_strip(
      layout, rows, first, [](int) { return V::zero(); },
      [&](V& sum, std::size_t at) { sum = sum + term(at); },
      [&](const V& sum, int col) { sum.store(sums + (col - first)); });
}

// The sum of term(offset) over a group: down each column in float, then along them in double.
template <class V, class Term>
HWY_INLINE double group_sum(const Layout& layout, const ColumnGroup& group, const Term& term) {
  double sum = 0.0;
  for (int strip = group.first_strip(); strip < group.end; strip += kPad) {
    HWY_ALIGN float columns[kPad];
    strip_sums<V>(layout, group.rows, strip, columns, term);
    for (int c = std::max(group.first, strip); c < std::min(group.end, strip + kPad); ++c) {
      sum += static_cast<double>(columns[c - strip]);
    }
  }
  return sum;
}

template <class V>
HWY_INLINE Moments<V> group_moments(const GroupNormalisation& norm, ConstMatrixView x,
                                    const ColumnGroup& group) {
  return {x.data, group.count(), norm.epsilon,
          [&](const auto& term) { return group_sum<V>(x.layout, group, term); }};
}

// to = value(offset, column) in the columns of a group that are written; in the others, which are
// other groups', it stays.
template <class V, class Value>
HWY_INLINE void write_group(const Layout& layout, const ColumnGroup& group, int end, float* to,
                            const Value& value) {
  struct Column {
    V own;
    int col;
  };
  for (int strip = group.first_strip(); strip < group.end; strip += kPad) {
    HWY_ALIGN float own[kPad];
    for (int c = strip; c < strip + kPad; ++c) {
      own[c - strip] = c >= group.first && c < end ? 1.0f : 0.0f;
    }
    for_strip(
        layout, group.rows, strip,
        [&](int col) {
          return Column{V::load(own + (col - strip)), col};
        },
        [&](const Column& c, std::size_t at) {
          select(c.own > V::zero(), value(at, c.col), V::load(to + at)).store(to + at);
        },
        [](const Column&, int) {});
  }
}

template <class V>
void run_parts(const GroupNormForward& op, Rows parts) {
  for (int part = parts.first; part < parts.end; ++part) {
    const ColumnGroup group(op.norm, op.x.layout, part);
    const Moments<V> moments = group_moments<V>(op.norm, op.x, group);
    write_group<V>(op.x.layout, group, group.written_end, op.y.data, [&](std::size_t at, int col) {
      return mad(moments.z(op.x.data + at), V::load(op.norm.weight + col),
                 V::load(op.norm.bias + col));
    });
  }
}

template <class V>
void run_parts(const GroupNormBackward& op, Rows parts) {
  for (int part = parts.first; part < parts.end; ++part) {
    const ColumnGroup group(op.norm, op.x.layout, part);
    const Moments<V> moments = group_moments<V>(op.norm, op.x, group);
    const auto dy = [&](std::size_t at) { return V::load(op.dy.data + at); };
    const auto z = [&](std::size_t at) { return moments.z(op.x.data + at); };
    // Weights are by column: sums over a group follow from those of its columns.
    const int sample = part / op.norm.groups;
    double g = 0.0, gz = 0.0;
    for (int strip = group.first_strip(); strip < group.end; strip += kPad) {
      HWY_ALIGN float sums[kPad];
      HWY_ALIGN float products[kPad];
      strip_sums<V>(op.x.layout, group.rows, strip, sums, dy);
      strip_sums<V>(op.x.layout, group.rows, strip, products,
                    [&](std::size_t at) { return dy(at) * z(at); });
      for (int c = std::max(group.first, strip); c < std::min(group.written_end, strip + kPad);
           ++c) {
        const bool used = c < group.end;
        const float sum = used ? sums[c - strip] : 0.0f,
                    product = used ? products[c - strip] : 0.0f;
        op.sums.at(2 * sample, c) = product;
        op.sums.at(2 * sample + 1, c) = sum;
        g += static_cast<double>(sum) * static_cast<double>(op.norm.weight[c]);
        gz += static_cast<double>(product) * static_cast<double>(op.norm.weight[c]);
      }
    }
    if (op.dx == nullptr) continue;
    const V g_mean(g / group.count()), gz_mean(gz / group.count());
    write_group<V>(op.x.layout, group, group.end, op.dx, [&](std::size_t at, int col) {
      return sample_slope(dy(at) * V::load(op.norm.weight + col), z(at), g_mean, gz_mean,
                          moments.inverse);
    });
    for (int row = group.rows.first; row < group.rows.end; ++row) {
      for (int c = group.end; c < group.written_end; ++c) op.dx[op.x.layout.index(row, c)] = 0.0f;
    }
  }
}

// dweight and dbias: the samples' sums, in double.
template <class V>
void run_parts(const GroupNormParameters& op, Rows strips) {
  for (int c = strips.first * kPad; c < strips.end * kPad; ++c) {
    double products = 0.0, sums = 0.0;
    for (int row = 0; row < op.sums.rows(); row += 2) {
      products += static_cast<double>(op.sums.at(row, c));
      sums += static_cast<double>(op.sums.at(row + 1, c));
    }
    op.dweight[c] = static_cast<float>(products);
    op.dbias[c] = static_cast<float>(sums);
  }
}

// The draws of sixteen elements of the stream, from `draw` on, word by word.
inline void dropout_words(const Dropping& dropping, std::uint64_t draw,
                          std::uint32_t (&words)[4][kPad]) {
  const std::uint64_t layer = std::uint64_t{dropping.layer} << 40;
  for (std::uint64_t i = 0; i < kPad; ++i) {
    const Philox4 four =
        philox_draw(dropping.seed, dropping.purpose, dropping.step, layer + draw + i);
    for (std::size_t w = 0; w < 4; ++w) words[w][i] = four[w];
  }
}

// Dropout. Element (r, c) has word r % 4 of draw (r / 4) * columns + c of its step and layer, so
// that sixteen draws side by side serve four rows. rows.first: a multiple of 4.
template <class V>
void dropout(const Dropping& dropping, ConstMatrixView x, Rows rows, float* y) {
  constexpr int kWords = 4;
  const Layout& layout = x.layout;
  for (int p = 0; p < layout.panels(); ++p) {
    const int width = layout.panel_width(p);
    for (int row = rows.first; row < rows.end; row += kWords) {
      const int count = std::min(rows.end - row, kWords);
      for (int col = 0; col < width; col += kPad) {
        const std::uint64_t draw =
            static_cast<std::uint64_t>(row / kWords) * static_cast<std::uint64_t>(layout.cols) +
            static_cast<std::uint64_t>(p * kPanel + col);
        std::uint32_t words[kWords][kPad];
        dropout_words(dropping, draw, words);
        std::size_t at = layout.index(row, p * kPanel) + static_cast<std::size_t>(col);
        for (int r = 0; r < count; ++r, at += static_cast<std::size_t>(width)) {
          for (int i = 0; i < kPad; ++i) {
            const auto lane = at + static_cast<std::size_t>(i);
            const float scaled = x.data[lane] * dropping.scale;
            y[lane] = words[r][i] >= dropping.threshold ? scaled : 0.0f;
          }
        }
      }
    }
  }
}

RELUSCOPE_TARGET_END
