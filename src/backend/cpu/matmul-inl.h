// Matrix products. The right-hand operand is in panels already, so nothing is packed: a tile of
// MR rows x NV vectors stays in registers while the panel streams past it, all terms in
// ascending order. Pointers move and strides are compile-time constants, because WebAssembly
// engines keep index arithmetic in the loop otherwise.
#if defined(RELUSCOPE_BACKEND_CPU_MATMUL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_BACKEND_CPU_MATMUL_INL_H_
#undef RELUSCOPE_BACKEND_CPU_MATMUL_INL_H_
#else
#define RELUSCOPE_BACKEND_CPU_MATMUL_INL_H_
#endif

#include "backend/cpu/vec-inl.h"

RELUSCOPE_TARGET_BEGIN

// Tile rows, chosen by measurement (bench: BM_Matmul). Leftover rows use tiles of 4 and 1.
#if HWY_TARGET == HWY_AVX3
inline constexpr int kTileRows = 12, kTransposedTileRows = 8;
#elif HWY_TARGET == HWY_NEON
inline constexpr int kTileRows = 8, kTransposedTileRows = 8;
#elif HWY_TARGET == HWY_AVX2
inline constexpr int kTileRows = 5, kTransposedTileRows = 4;
#else
inline constexpr int kTileRows = 4, kTransposedTileRows = 4;
#endif
inline constexpr int kTileFloats = hn::MaxLanes(Floats()) >= 8 ? 16 : 8;  // tile columns
inline constexpr int kTileVectors = kTileFloats / static_cast<int>(hn::MaxLanes(Floats()));

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
  HWY_INLINE void store(float* HWY_RESTRICT y) const {
    for (int r = 0; r < MR; ++r) {
      for (int v = 0; v < kTileVectors; ++v) sum[r][v].store(y + r * kYStride + v * lanes());
    }
  }
};

// One tile of y = start + a b: rows `row`.. of a, kTileFloats columns of a panel kBWidth wide.
template <class V, int MR, int kBWidth>
HWY_NOINLINE void matmul_tile(const ConstMatrixView& a, int row, const float* b,
                              const float* start, float* y) {
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
  tile.template store<kBWidth>(y + row * kBWidth);
}

template <class V, int kBWidth>
HWY_INLINE void matmul_panel(const ConstMatrixView& a, const float* b, const float* start,
                             float* y) {
  for (int col = 0; col < kBWidth; col += kTileFloats) {
    const float* const from = start == nullptr ? nullptr : start + col;
    int row = 0;
    for (; row + kTileRows <= a.rows(); row += kTileRows) {
      matmul_tile<V, kTileRows, kBWidth>(a, row, b + col, from, y + col);
    }
    for (; row + 4 <= a.rows(); row += 4) {
      matmul_tile<V, 4, kBWidth>(a, row, b + col, from, y + col);
    }
    for (; row < a.rows(); ++row) matmul_tile<V, 1, kBWidth>(a, row, b + col, from, y + col);
  }
}

template <class V>
void matmul(ConstMatrixView a, ConstMatrixView b, const float* start, MatrixView y) {
  for (int p = 0; p < y.layout.panels(); ++p) {
    const float* const from = start == nullptr ? nullptr : start + p * kPanel;
    if (y.layout.panel_width(p) == kPanel) {
      matmul_panel<V, kPanel>(a, b.panel(p), from, y.panel(p));
    } else {
      matmul_panel<V, kPad>(a, b.panel(p), from, y.panel(p));
    }
  }
}

// One tile of y = start + a^T b: MR columns of a panel of a become MR rows of y.
template <class V, int MR, int kAWidth, int kBWidth>
HWY_NOINLINE void transposed_tile(const float* a, int depth, const float* b, const float* start,
                                  float* y) {
  Tile<V, MR> tile;
  tile.start_from(start);
  tile.template add_products<1, kAWidth, kBWidth>(a, b, depth);
  tile.template store<kBWidth>(y);
}

template <class V, int kAWidth, int kBWidth>
HWY_INLINE void transposed_panel(const float* a, int cols, int depth, const float* b,
                                 const float* start, float* y) {
  for (int col = 0; col < kBWidth; col += kTileFloats) {
    const float* const from = start == nullptr ? nullptr : start + col;
    int k = 0;
    for (; k + kTransposedTileRows <= cols; k += kTransposedTileRows) {
      transposed_tile<V, kTransposedTileRows, kAWidth, kBWidth>(a + k, depth, b + col, from,
                                                                y + k * kBWidth + col);
    }
    for (; k < cols; ++k) {
      transposed_tile<V, 1, kAWidth, kBWidth>(a + k, depth, b + col, from, y + k * kBWidth + col);
    }
  }
}

template <class V>
void matmul_transposed(ConstMatrixView a, ConstMatrixView b, const float* start, MatrixView y) {
  for (int p = 0; p < y.layout.panels(); ++p) {
    const float* const from = start == nullptr ? nullptr : start + p * kPanel;
    const int b_width = y.layout.panel_width(p);
    for (int q = 0; q < a.layout.panels(); ++q) {
      const int cols = a.layout.panel_cols(q);
      const int a_width = a.layout.panel_width(q);
      float* const to = y.panel(p) + static_cast<std::ptrdiff_t>(q) * kPanel * b_width;
      const auto run = a_width == kPanel
                           ? (b_width == kPanel ? &transposed_panel<V, kPanel, kPanel>
                                                : &transposed_panel<V, kPanel, kPad>)
                           : (b_width == kPanel ? &transposed_panel<V, kPad, kPanel>
                                                : &transposed_panel<V, kPad, kPad>);
      run(a.panel(q), cols, a.rows(), b.panel(p), from, to);
    }
  }
}

// Through 16 x 16 blocks: reads rows, writes rows.
inline void transpose(ConstMatrixView a, MatrixView y) {
  for (int p = 0; p < y.layout.panels(); ++p) {
    const int width = y.layout.panel_width(p);
    float* to = y.panel(p);
    for (int q = 0; q < a.layout.panels(); ++q) {
      const int a_width = a.layout.panel_width(q);
      const float* const from = a.panel(q) + static_cast<std::ptrdiff_t>(p) * kPanel * a_width;
      const int used = y.layout.panel_cols(p);
      for (int k = 0; k < a.layout.panel_cols(q); ++k, to += width) {
        for (int c = 0; c < used; ++c) to[c] = from[c * a_width + k];
        for (int c = used; c < width; ++c) to[c] = 0.0f;
      }
    }
  }
}

template <class V>
void column_sums(ConstMatrixView a, float* sums) {
  for (int p = 0; p < a.layout.panels(); ++p) {
    const int width = a.layout.panel_width(p);
    for (int col = 0; col < width; col += kPad) {
      constexpr int kVectors = kPad / static_cast<int>(hn::MaxLanes(Floats()));
      V sum[kVectors];
      for (int v = 0; v < kVectors; ++v) sum[v] = V::zero();
      const float* from = a.panel(p) + col;
      for (int row = 0; row < a.rows(); ++row, from += width) {
        for (int v = 0; v < kVectors; ++v) sum[v] = sum[v] + V::load(from + v * lanes());
      }
      for (int v = 0; v < kVectors; ++v) sum[v].store(sums + p * kPanel + col + v * lanes());
    }
  }
}

RELUSCOPE_TARGET_END

#endif
