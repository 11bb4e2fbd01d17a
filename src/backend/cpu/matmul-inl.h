// Matrix products. The right-hand operand is already in panels, so nothing is packed. A tile of MR
// rows x kTileVectors vectors stays in registers while the panel streams past it; each sum takes
// its terms in ascending order. The loops increment pointers by compile-time strides, because
// WebAssembly engines would keep index arithmetic in the loop.
#if defined(RELUSCOPE_BACKEND_CPU_MATMUL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_BACKEND_CPU_MATMUL_INL_H_
#undef RELUSCOPE_BACKEND_CPU_MATMUL_INL_H_
#else
#define RELUSCOPE_BACKEND_CPU_MATMUL_INL_H_
#endif

#include <algorithm>
#include <type_traits>

#include "backend/cpu/update-inl.h"
#include "core/vec-inl.h"

RELUSCOPE_TARGET_BEGIN

// Tile rows, chosen by measurement (reluscope_bench --benchmark_filter='micro|forward'). Remaining
// rows use tiles of 4 and 1.
#if HWY_TARGET == HWY_AVX3
inline constexpr int kTileRows = 12, kGradientTileRows = 8;
#elif HWY_TARGET == HWY_NEON
inline constexpr int kTileRows = 8, kGradientTileRows = 8;
#elif HWY_TARGET == HWY_AVX2
inline constexpr int kTileRows = 5, kGradientTileRows = 4;
#else
inline constexpr int kTileRows = 4, kGradientTileRows = 4;
#endif
inline constexpr int kTileFloats = kMaxLanes >= 8 ? 16 : 8;  // tile columns
inline constexpr int kTileVectors = kTileFloats / kMaxLanes;
inline constexpr int kPadVectors = kPad / kMaxLanes;  // in the unit of a panel's width

template <class V, int MR>
struct Tile {
  V sum[MR][kTileVectors];

  HWY_INLINE void start_from(const float* start) {
    for (int v = 0; v < kTileVectors; ++v) {
      const V first = start == nullptr ? V::zero() : V::load(start + v * lanes());
      for (int r = 0; r < MR; ++r) sum[r][v] = first;
    }
  }

  // sum[r] += a[r * row_stride + k * k_stride] * b[k * b_stride], for k = 0 .. depth - 1.
  template <int kRowStride, int kDepthStride, int kBStride>
  HWY_INLINE void add_products(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b,
                               int depth) {
    const float* const end = b + static_cast<std::ptrdiff_t>(depth) * kBStride;
    for (; b != end; a += kDepthStride, b += kBStride) {
      V right[kTileVectors];
      for (int v = 0; v < kTileVectors; ++v) right[v] = V::load(b + v * lanes());
      for (int r = 0; r < MR; ++r) {
        const V left = V::broadcast(a + r * kRowStride);
        for (int v = 0; v < kTileVectors; ++v) sum[r][v] = mad(left, right[v], sum[r][v]);
      }
    }
  }

  template <int kYStride>
  HWY_INLINE void load(const float* y) {
    for (int r = 0; r < MR; ++r) {
      for (int v = 0; v < kTileVectors; ++v) sum[r][v] = V::load(y + r * kYStride + v * lanes());
    }
  }
  template <int kYStride>
  HWY_INLINE void store(float* HWY_RESTRICT y) const {
    for (int r = 0; r < MR; ++r) {
      for (int v = 0; v < kTileVectors; ++v) sum[r][v].store(y + r * kYStride + v * lanes());
    }
  }
};

// One tile of y = start + a b: MR rows of a from `row` on, kTileFloats columns of a panel of width
// kBWidth.
template <class V, int MR, int kBWidth>
HWY_NOINLINE void matmul_tile(const ConstMatrixView& a, int row, const float* b, const float* start,
                              float* y) {
  Tile<V, MR> tile;
  tile.start_from(start);
  const int panels = a.layout.panels();
  for (int p = 0; p < panels; ++p) {
    const int depth = a.layout.panel_cols(p);
    if (a.layout.panel_width(p) == kPanel) {
      tile.template add_products<kPanel, 1, kBWidth>(a.panel(p) + row * kPanel, b, depth);
    } else {
      tile.template add_products<kPad, 1, kBWidth>(a.panel(p) + row * kPad, b, depth);
    }
    b += depth * kBWidth;
  }
  tile.template store<kBWidth>(y);
}

template <class V, int kBWidth>
HWY_INLINE void matmul_panel(const ConstMatrixView& a, int first, int end, const float* b,
                             const float* start, float* to) {
  for (int col = 0; col < kBWidth; col += kTileFloats) {
    const float* const from = start == nullptr ? nullptr : start + col;
    float* y = to + col;
    int row = first;
    for (; row + kTileRows <= end; row += kTileRows, y += kTileRows * kBWidth) {
      matmul_tile<V, kTileRows, kBWidth>(a, row, b + col, from, y);
    }
    for (; row + 4 <= end; row += 4, y += 4 * kBWidth) {
      matmul_tile<V, 4, kBWidth>(a, row, b + col, from, y);
    }
    for (; row < end; ++row, y += kBWidth) {
      matmul_tile<V, 1, kBWidth>(a, row, b + col, from, y);
    }
  }
}

template <class V>
void matmul(ConstMatrixView a, Rows rows, ConstMatrixView b, int panel, const float* start,
            float* y) {
  if (b.layout.panel_width(panel) == kPanel) {
    matmul_panel<V, kPanel>(a, rows.first, rows.end, b.panel(panel), start, y);
  } else {
    matmul_panel<V, kPad>(a, rows.first, rows.end, b.panel(panel), start, y);
  }
}

// One tile of start + a^T b: MR columns of a panel of a become MR rows of the result, which
// `update` takes from element `at` on.
template <class V, class Update, int MR, int kAWidth, int kBWidth>
HWY_NOINLINE void gradient_tile(const float* a, int depth, const float* b, const float* start,
                                const Update& shared, std::size_t at) {
  const Update update = shared;  // a local copy stays in registers
  Tile<V, MR> tile;
  if constexpr (std::is_same_v<Update, AddUpdate<V>>) {
    tile.template load<kBWidth>(update.gradient + at);
  } else {
    tile.start_from(start);
  }
  tile.template add_products<1, kAWidth, kBWidth>(a, b, depth);
  for (int r = 0; r < MR; ++r) {
    for (int v = 0; v < kTileVectors; ++v) {
      update.apply(at + static_cast<std::size_t>(r * kBWidth + v * lanes()), tile.sum[r][v]);
    }
  }
}

template <class V, class Update, int kAWidth, int kBWidth>
void gradient_block(const float* a, int cols, int depth, const float* b, const float* start,
                    const Update& update, std::size_t at) {
  for (int col = 0; col < kBWidth; col += kTileFloats) {
    const float* const from = start == nullptr ? nullptr : start + col;
    const std::size_t to = at + static_cast<std::size_t>(col);
    int k = 0;
    for (; k + kGradientTileRows <= cols; k += kGradientTileRows) {
      gradient_tile<V, Update, kGradientTileRows, kAWidth, kBWidth>(
          a + k, depth, b + col, from, update, to + static_cast<std::size_t>(k * kBWidth));
    }
    for (; k < cols; ++k) {
      gradient_tile<V, Update, 1, kAWidth, kBWidth>(a + k, depth, b + col, from, update,
                                                    to + static_cast<std::size_t>(k * kBWidth));
    }
  }
}

// The gradient of some rows of a panel `width` wide, whose first row begins at element `at`.
template <class V, class Update>
void gradient_rows(ConstMatrixView x, Rows rows, const float* d, int width, const float* start,
                   const Update& update, std::size_t at) {
  for (int first = rows.first; first < rows.end;) {
    const int q = first / kPanel, within = first % kPanel;
    const int cols = std::min(rows.end - first, x.layout.panel_cols(q) - within);
    const auto run = x.layout.panel_width(q) == kPanel
                         ? (width == kPanel ? &gradient_block<V, Update, kPanel, kPanel>
                                            : &gradient_block<V, Update, kPanel, kPad>)
                         : (width == kPanel ? &gradient_block<V, Update, kPad, kPanel>
                                            : &gradient_block<V, Update, kPad, kPad>);
    run(x.panel(q) + within, cols, x.rows(), d, start, update,
        at + static_cast<std::size_t>(first * width));
    first += cols;
  }
}

template <class Update>
struct WeightGradient {
  static void run(ConstMatrixView x, Rows rows, ConstMatrixView d, int panel, const float* start,
                  const ParameterUpdate& args) {
    const Layout layout{x.cols(), d.cols()};
    gradient_rows<typename Update::Number>(x, rows, d.panel(panel), layout.panel_width(panel),
                                           start, Update(args), layout.panel_offset(panel));
  }
};

template <class V>
void weight_gradient(ConstMatrixView x, Rows rows, ConstMatrixView d, int panel, const float* start,
                     const ParameterUpdate& update) {
  RuleKernels<V, WeightGradient, UpdateRules>::in_gradient(update.rule)(x, rows, d, panel, start,
                                                                        update);
}

// to[c * to_stride + r] = from[r * from_stride + c] for 4 x 4 elements, all 16-byte aligned.
HWY_INLINE void transpose_4x4(const float* HWY_RESTRICT from, std::ptrdiff_t from_stride,
                              float* HWY_RESTRICT to, std::ptrdiff_t to_stride) {
#if HWY_TARGET == HWY_SCALAR
  for (int r = 0; r < 4; ++r) {
    for (int c = 0; c < 4; ++c) to[c * to_stride + r] = from[r * from_stride + c];
  }
#else
  const hn::CappedTag<float, 4> four;
  const hn::RepartitionToWide<decltype(four)> two;
  const auto wide = [&](auto v) { return hn::BitCast(two, v); };
  const auto store = [&](auto v, int row) {
    hn::Store(hn::BitCast(four, v), four, to + row * to_stride);
  };
  const auto a = hn::Load(four, from), b = hn::Load(four, from + from_stride);
  const auto c = hn::Load(four, from + 2 * from_stride);
  const auto d = hn::Load(four, from + 3 * from_stride);
  const auto ab_low = wide(hn::InterleaveLower(four, a, b));  // a0 b0 a1 b1
  const auto cd_low = wide(hn::InterleaveLower(four, c, d));
  const auto ab_high = wide(hn::InterleaveUpper(four, a, b));
  const auto cd_high = wide(hn::InterleaveUpper(four, c, d));
  store(hn::InterleaveLower(two, ab_low, cd_low), 0);
  store(hn::InterleaveUpper(two, ab_low, cd_low), 1);
  store(hn::InterleaveLower(two, ab_high, cd_high), 2);
  store(hn::InterleaveUpper(two, ab_high, cd_high), 3);
#endif
}

// Writes panel `panel` of a^T to y, with zero padding.
inline void transpose(ConstMatrixView a, int panel, float* y) {
  const int used = std::min(a.rows() - panel * kPanel, kPanel);  // columns of y
  const int width = (used + kPad - 1) / kPad * kPad;
  for (int q = 0; q < a.layout.panels(); ++q) {
    const int a_width = a.layout.panel_width(q), rows = a.layout.panel_cols(q);
    const float* const from = a.panel(q) + static_cast<std::ptrdiff_t>(panel) * kPanel * a_width;
    int k = 0;
    for (; k + 4 <= rows; k += 4) {
      int c = 0;
      for (; c + 4 <= used; c += 4) {
        transpose_4x4(from + c * a_width + k, a_width, y + k * width + c, width);
      }
      for (; c < width; ++c) {
        for (int i = k; i < k + 4; ++i) {
          y[i * width + c] = c < used ? from[c * a_width + i] : 0.0f;
        }
      }
    }
    for (; k < rows; ++k) {
      for (int c = 0; c < width; ++c) y[k * width + c] = c < used ? from[c * a_width + k] : 0.0f;
    }
    y += rows * width;
  }
}

// For the sixteen columns from `first` on: begin(column) makes a state for each of their vectors,
// each(state, at) takes one row after the other, `at` its offset in the matrix, and end(state,
// column) the rest.
template <class Begin, class Each, class End>
HWY_INLINE void for_strip(const Layout& layout, Rows rows, int first, const Begin& begin,
                          const Each& each, const End& end) {
  const auto step = static_cast<std::size_t>(layout.panel_width(first / kPanel));
  decltype(begin(0)) state[kPadVectors];
  RELUSCOPE_UNROLL
  for (int v = 0; v < kPadVectors; ++v) state[v] = begin(first + v * lanes());
  std::size_t at = layout.index(rows.first, first);
  for (int row = rows.first; row < rows.end; ++row, at += step) {
    RELUSCOPE_UNROLL
    for (int v = 0; v < kPadVectors; ++v) {
      each(state[v], at + static_cast<std::size_t>(v * lanes()));
    }
  }
  RELUSCOPE_UNROLL
  for (int v = 0; v < kPadVectors; ++v) end(state[v], first + v * lanes());
}
template <class Begin, class Each, class End>
HWY_INLINE void for_columns(const Layout& layout, int panel, Rows rows, const Begin& begin,
                            const Each& each, const End& end) {
  for (int col = panel * kPanel; col < panel * kPanel + layout.panel_width(panel); col += kPad) {
    for_strip(layout, rows, col, begin, each, end);
  }
}

template <class V>
void block_sums(ConstMatrixView x, int panel, Rows rows, float* sums) {
  for_columns(
      x.layout, panel, rows, [](int) { return V::zero(); },
      [&](V& sum, std::size_t at) { sum = sum + V::load(x.data + at); },
      [&](const V& sum, int col) { sum.store(sums + col); });
}

template <class V>
void column_sums(ConstMatrixView a, float* sums, Rows panels) {
  for (int p = panels.first; p < panels.end; ++p) block_sums<V>(a, p, {0, a.rows()}, sums);
}

RELUSCOPE_TARGET_END

#endif
