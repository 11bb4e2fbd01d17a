// Batch and layer normalisation and dropout. Their formulas stand in backend/normalisation.h.
#if defined(RELUSCOPE_BACKEND_CPU_NORMALISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_BACKEND_CPU_NORMALISE_INL_H_
#undef RELUSCOPE_BACKEND_CPU_NORMALISE_INL_H_
#else
#define RELUSCOPE_BACKEND_CPU_NORMALISE_INL_H_
#endif

#include <algorithm>

#include "backend/cpu/layer_kernels.h"
#include "backend/normalisation.h"
#include "core/philox.h"
#include "core/vec-inl.h"

RELUSCOPE_TARGET_BEGIN

using cpu::ColumnNorm;
using cpu::Rows;

// Vectors in the sixteen floats that a row of a panel is a multiple of.
inline constexpr int kPadVectors = kPad / static_cast<int>(hn::MaxLanes(Floats()));

// work(at, row step, column): the sixteen floats of some rows of a panel that begin `at` floats
// into the matrix, and their first column.
template <class Work>
HWY_INLINE void for_strips(const Layout& layout, int panel, Rows rows, const Work& work) {
  const int width = layout.panel_width(panel);
  const std::size_t begin = layout.panel_offset(panel) +
                            static_cast<std::size_t>(rows.first) * static_cast<std::size_t>(width);
  for (int col = 0; col < width; col += kPad) {
    work(begin + static_cast<std::size_t>(col), width, panel * kPanel + col);
  }
}

// Sixteen sums, one a column.
template <class V>
struct Strip {
  V sum[kPadVectors];
  HWY_INLINE Strip() {
    RELUSCOPE_UNROLL
    for (int v = 0; v < kPadVectors; ++v) sum[v] = V::zero();
  }
  HWY_INLINE void store(float* to) const {
    for (int v = 0; v < kPadVectors; ++v) sum[v].store(to + v * lanes());
  }
};

template <class V>
void block_sums(ConstMatrixView x, int panel, Rows rows, float* sums) {
  for_strips(x.layout, panel, rows, [&](std::size_t at, int step, int col) {
    Strip<V> strip;
    const float* from = x.data + at;
    for (int row = rows.first; row < rows.end; ++row, from += step) {
      RELUSCOPE_UNROLL
      for (int v = 0; v < kPadVectors; ++v) {
        strip.sum[v] = strip.sum[v] + V::load(from + v * lanes());
      }
    }
    strip.store(sums + col);
  });
}

template <class V>
void block_moments(ConstMatrixView x, int panel, Rows rows, float* means, float* squares) {
  const V count(static_cast<double>(rows.end - rows.first));
  block_sums<V>(x, panel, rows, means);
  for_strips(x.layout, panel, rows, [&](std::size_t at, int step, int col) {
    Strip<V> sums, products;
    V mean[kPadVectors];
    for (int v = 0; v < kPadVectors; ++v) mean[v] = V::load(means + col + v * lanes()) / count;
    const float* from = x.data + at;
    for (int row = rows.first; row < rows.end; ++row, from += step) {
      RELUSCOPE_UNROLL
      for (int v = 0; v < kPadVectors; ++v) {
        const V deviation = V::load(from + v * lanes()) - mean[v];
        sums.sum[v] = sums.sum[v] + deviation;
        products.sum[v] = mad(deviation, deviation, products.sum[v]);
      }
    }
    for (int v = 0; v < kPadVectors; ++v) {
      correct_moments(count, sums.sum[v], mean[v], products.sum[v]);
      mean[v].store(means + col + v * lanes());
      products.sum[v].store(squares + col + v * lanes());
    }
  });
}

template <class V>
void block_products(const ColumnNorm& norm, ConstMatrixView x, ConstMatrixView dy, int panel,
                    Rows rows, float* sums, float* products) {
  block_sums<V>(dy, panel, rows, sums);
  for_strips(x.layout, panel, rows, [&](std::size_t at, int step, int col) {
    Strip<V> strip;
    V mean[kPadVectors], inverse[kPadVectors];
    for (int v = 0; v < kPadVectors; ++v) {
      mean[v] = V::load(norm.mean + col + v * lanes());
      inverse[v] = V::load(norm.inverse_deviation + col + v * lanes());
    }
    const float *from = x.data + at, *slopes = dy.data + at;
    for (int row = rows.first; row < rows.end; ++row, from += step, slopes += step) {
      RELUSCOPE_UNROLL
      for (int v = 0; v < kPadVectors; ++v) {
        const V z = normal(V::load(from + v * lanes()), mean[v], inverse[v]);
        strip.sum[v] = mad(V::load(slopes + v * lanes()), z, strip.sum[v]);
      }
    }
    strip.store(products + col);
  });
}

template <class V>
void normalise(const ColumnNorm& norm, ConstMatrixView x, int panel, Rows rows, float* y) {
  for_strips(x.layout, panel, rows, [&](std::size_t at, int step, int col) {
    V mean[kPadVectors], scale[kPadVectors], bias[kPadVectors];
    for (int v = 0; v < kPadVectors; ++v) {
      const int lane = col + v * lanes();
      mean[v] = V::load(norm.mean + lane);
      scale[v] = V::load(norm.weight + lane) * V::load(norm.inverse_deviation + lane);
      bias[v] = V::load(norm.bias + lane);
    }
    const float* from = x.data + at;
    float* to = y + at;
    for (int row = rows.first; row < rows.end; ++row, from += step, to += step) {
      RELUSCOPE_UNROLL
      for (int v = 0; v < kPadVectors; ++v) {
        normalised(V::load(from + v * lanes()), mean[v], scale[v], bias[v]).store(to + v * lanes());
      }
    }
  });
}

// Padding columns get 0: there weight is 0.
template <class V>
void normalise_backward(const ColumnNorm& norm, ConstMatrixView x, ConstMatrixView dy, int panel,
                        Rows rows, float* dx) {
  for_strips(x.layout, panel, rows, [&](std::size_t at, int step, int col) {
    V mean[kPadVectors], scale[kPadVectors], dbias[kPadVectors], dnormal[kPadVectors];
    for (int v = 0; v < kPadVectors; ++v) {
      const int lane = col + v * lanes();
      const V inverse = V::load(norm.inverse_deviation + lane);
      mean[v] = V::load(norm.mean + lane);
      scale[v] = V::load(norm.weight + lane) * inverse;
      dbias[v] = V::load(norm.dbias_share + lane);
      dnormal[v] = V::load(norm.dweight_share + lane) * inverse;
    }
    const float *from = x.data + at, *slopes = dy.data + at;
    float* to = dx + at;
    for (int row = rows.first; row < rows.end; ++row, from += step, slopes += step, to += step) {
      RELUSCOPE_UNROLL
      for (int v = 0; v < kPadVectors; ++v) {
        column_slope(V::load(from + v * lanes()), V::load(slopes + v * lanes()), mean[v], scale[v],
                     dbias[v], dnormal[v])
            .store(to + v * lanes());
      }
    }
  });
}

// Layer normalisation. `place` is an offset into the parameters' matrix (rows, columns) and `at`
// the one into x that goes with it, in some sample.

// work(at, place, lanes in use) for every sixteen floats of a sample, panels, rows and columns
// ascending. A lane in use is 1; padding is 0.
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
        const bool last = p == x.panels() - 1 && col == width - kPad;
        work(at, place, last ? used : all);
      }
    }
  }
}

// The sum of term(at, place) over a sample, in sixteen lanes that are then added in double: lane j
// has the columns that are j modulo 16.
template <class V, class Term>
HWY_INLINE double sample_sum(const Layout& x, const Layout& parameters, int sample,
                             const Term& term) {
  Strip<V> strip;
  for_sample(x, parameters, sample, [&](std::size_t at, std::size_t place, const float* used) {
    RELUSCOPE_UNROLL
    for (int v = 0; v < kPadVectors; ++v) {
      const int lane = v * lanes();
      const auto offset = static_cast<std::size_t>(lane);
      const V value =
          select(V::load(used + lane) > V::zero(), term(at + offset, place + offset), V::zero());
      strip.sum[v] = strip.sum[v] + value;
    }
  });
  HWY_ALIGN float sums[kPad];
  strip.store(sums);
  double sum = 0.0;
  for (const float lane : sums) sum += static_cast<double>(lane);
  return sum;
}

// A sample's mean and 1 / sqrt(variance + epsilon), broadcast.
template <class V>
struct SampleMoments {
  V mean, inverse;
  HWY_INLINE SampleMoments(const LayerNormalisation& norm, ConstMatrixView x, int sample) {
    const Layout& parameters = norm.weight.layout;
    const double count = static_cast<double>(parameters.rows) * parameters.cols;
    mean = V(sample_sum<V>(x.layout, parameters, sample,
                           [&](std::size_t at, std::size_t) { return V::load(x.data + at); }) /
             count);
    const double squares =
        sample_sum<V>(x.layout, parameters, sample, [&](std::size_t at, std::size_t) {
          const V deviation = V::load(x.data + at) - mean;
          return deviation * deviation;
        });
    inverse = V(inverse_deviation(squares / count, norm.epsilon));
  }
};

template <class V>
void run_parts(const LayerNormForward& op, Rows samples) {
  const LayerNormalisation& norm = op.norm;
  const float* const x = op.x.data;
  for (int n = samples.first; n < samples.end; ++n) {
    const SampleMoments<V> moments(norm, op.x, n);
    for_sample(op.x.layout, norm.weight.layout, n,
               [&](std::size_t first, std::size_t place, const float*) {
                 for (int v = 0; v < kPad; v += lanes()) {
                   const std::size_t at = first + static_cast<std::size_t>(v);
                   const V z = normal(V::load(x + at), moments.mean, moments.inverse);
                   mad(z, V::load(norm.weight.data + place + v),
                       V::load(norm.bias.data + place + v))
                       .store(op.y.data + at);
                 }
               });
  }
}

template <class V>
void run_parts(const LayerNormBackward& op, Rows samples) {
  const LayerNormalisation& norm = op.norm;
  const Layout& parameters = norm.weight.layout;
  const double count = static_cast<double>(parameters.rows) * parameters.cols;
  for (int n = samples.first; n < samples.end; ++n) {
    const SampleMoments<V> moments(norm, op.x, n);
    HWY_ALIGN float lane[kPad];
    moments.mean.store(lane);
    norm.moments[2 * n] = lane[0];
    moments.inverse.store(lane);
    norm.moments[2 * n + 1] = lane[0];
    if (op.dx == nullptr) continue;
    const auto slope = [&](std::size_t at, std::size_t place) {
      return V::load(op.dy.data + at) * V::load(norm.weight.data + place);
    };
    const auto z = [&](std::size_t at) {
      return normal(V::load(op.x.data + at), moments.mean, moments.inverse);
    };
    const V slopes(sample_sum<V>(op.x.layout, parameters, n, slope) / count);
    const V products(
        sample_sum<V>(op.x.layout, parameters, n,
                      [&](std::size_t at, std::size_t place) { return slope(at, place) * z(at); }) /
        count);
    for_sample(
        op.x.layout, parameters, n, [&](std::size_t first, std::size_t place, const float* used) {
          for (int v = 0; v < kPad; v += lanes()) {
            const auto lanes_on = static_cast<std::size_t>(v);
            const std::size_t at = first + lanes_on;
            const V dx =
                sample_slope(slope(at, place + lanes_on), z(at), slopes, products, moments.inverse);
            select(V::load(used + v) > V::zero(), dx, V::zero()).store(op.dx + at);
          }
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
  double count() const { return static_cast<double>(rows.end - rows.first) * (end - first); }
};

// work(offset of a strip's first row, row step, column) for the strips of a group.
template <class Work>
HWY_INLINE void for_group(const Layout& layout, const ColumnGroup& group, const Work& work) {
  for (int col = group.first / kPad * kPad; col < group.end; col += kPad) {
    work(layout.index(group.rows.first, col), layout.panel_width(col / kPanel), col);
  }
}

// The sums of term(offset) down the columns of a strip.
template <class V, class Term>
HWY_INLINE Strip<V> down_strip(Rows rows, std::size_t at, int step, const Term& term) {
  Strip<V> strip;
  for (int row = rows.first; row < rows.end; ++row, at += static_cast<std::size_t>(step)) {
    RELUSCOPE_UNROLL
    for (int v = 0; v < kPadVectors; ++v) {
      strip.sum[v] = strip.sum[v] + term(at + static_cast<std::size_t>(v * lanes()));
    }
  }
  return strip;
}

// The sum of term(offset) over a group: down each column in float, then along them in double.
template <class V, class Term>
HWY_INLINE double group_sum(const Layout& layout, const ColumnGroup& group, const Term& term) {
  double sum = 0.0;
  for_group(layout, group, [&](std::size_t at, int step, int col) {
    HWY_ALIGN float columns[kPad];
    down_strip<V>(group.rows, at, step, term).store(columns);
    for (int c = std::max(group.first, col); c < std::min(group.end, col + kPad); ++c) {
      sum += static_cast<double>(columns[c - col]);
    }
  });
  return sum;
}

template <class V>
struct GroupMoments {
  V mean, inverse;
  HWY_INLINE GroupMoments(const GroupNormalisation& norm, ConstMatrixView x,
                          const ColumnGroup& group) {
    mean = V(group_sum<V>(x.layout, group, [&](std::size_t at) { return V::load(x.data + at); }) /
             group.count());
    const double squares = group_sum<V>(x.layout, group, [&](std::size_t at) {
      const V deviation = V::load(x.data + at) - mean;
      return deviation * deviation;
    });
    inverse = V(inverse_deviation(squares / group.count(), norm.epsilon));
  }
};

// to = value(offset, column) in the columns of a group that are written; in the others, which are
// other groups', it stays.
template <class V, class Value>
HWY_INLINE void write_group(const Layout& layout, const ColumnGroup& group, int end, float* to,
                            const Value& value) {
  for_group(layout, group, [&](std::size_t first, int step, int col) {
    HWY_ALIGN float own[kPad];
    for (int i = 0; i < kPad; ++i) own[i] = col + i >= group.first && col + i < end ? 1.0f : 0.0f;
    std::size_t row_at = first;
    for (int row = group.rows.first; row < group.rows.end; ++row) {
      for (int v = 0; v < kPad; v += lanes()) {
        const std::size_t at = row_at + static_cast<std::size_t>(v);
        select(V::load(own + v) > V::zero(), value(at, col + v), V::load(to + at)).store(to + at);
      }
      row_at += static_cast<std::size_t>(step);
    }
  });
}

template <class V>
void run_parts(const GroupNormForward& op, Rows parts) {
  for (int part = parts.first; part < parts.end; ++part) {
    const ColumnGroup group(op.norm, op.x.layout, part);
    const GroupMoments<V> moments(op.norm, op.x, group);
    write_group<V>(op.x.layout, group, group.written_end, op.y.data, [&](std::size_t at, int col) {
      const V z = normal(V::load(op.x.data + at), moments.mean, moments.inverse);
      return mad(z, V::load(op.norm.weight + col), V::load(op.norm.bias + col));
    });
  }
}

template <class V>
void run_parts(const GroupNormBackward& op, Rows parts) {
  for (int part = parts.first; part < parts.end; ++part) {
    const ColumnGroup group(op.norm, op.x.layout, part);
    const GroupMoments<V> moments(op.norm, op.x, group);
    const auto dy = [&](std::size_t at) { return V::load(op.dy.data + at); };
    const auto z = [&](std::size_t at) {
      return normal(V::load(op.x.data + at), moments.mean, moments.inverse);
    };
    // Weights are by column: sums over a group follow from those of its columns.
    const int sample = part / op.norm.groups;
    double g = 0.0, gz = 0.0;
    for_group(op.x.layout, group, [&](std::size_t at, int step, int col) {
      HWY_ALIGN float sums[kPad];
      HWY_ALIGN float products[kPad];
      down_strip<V>(group.rows, at, step, dy).store(sums);
      down_strip<V>(group.rows, at, step, [&](std::size_t i) {
        return dy(i) * z(i);
      }).store(products);
      for (int c = std::max(group.first, col); c < std::min(group.written_end, col + kPad); ++c) {
        const bool used = c < group.end;
        const float sum = used ? sums[c - col] : 0.0f, product = used ? products[c - col] : 0.0f;
        op.sums.at(2 * sample, c) = product;
        op.sums.at(2 * sample + 1, c) = sum;
        g += static_cast<double>(sum) * static_cast<double>(op.norm.weight[c]);
        gz += static_cast<double>(product) * static_cast<double>(op.norm.weight[c]);
      }
    });
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

#endif
