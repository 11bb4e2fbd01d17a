// Products with a sparse left-hand operand: the first layer's, where only pixels that differ from
// the background are stored. The same formula and the same order of terms as the dense products
// (a skipped term is an exact +-0), so the same bits for a fifth of the work.
//
// kPanels panels are worked on at once, as many as give eight vectors of accumulators: enough to
// hide the latency of an addition, few enough to stay in registers.
#if defined(RELUSCOPE_BACKEND_CPU_SPARSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RELUSCOPE_BACKEND_CPU_SPARSE_INL_H_
#undef RELUSCOPE_BACKEND_CPU_SPARSE_INL_H_
#else
#define RELUSCOPE_BACKEND_CPU_SPARSE_INL_H_
#endif

#include "backend/cpu/update-inl.h"
#include "backend/cpu/vec-inl.h"

RELUSCOPE_TARGET_BEGIN

inline constexpr int kSparsePanels =
    hn::MaxLanes(Floats()) >= 16 ? 4 : hn::MaxLanes(Floats()) >= 8 ? 2 : 1;

// The sum of entries [e, end) in all columns of kPanels panels, from `start`.
template <class V, int kPanels, int kWidth>
struct SparseSum {
  static constexpr int kVectors = kWidth / static_cast<int>(hn::MaxLanes(Floats()));
  V sum[kPanels][kVectors];

  HWY_INLINE void run(const float* start, const SparseEntry* e, const SparseEntry* end,
                      const float* right, std::size_t panel_stride) {
    for (int p = 0; p < kPanels; ++p) {
      for (int v = 0; v < kVectors; ++v) {
        sum[p][v] = start == nullptr ? V::zero() : V::load(start + p * kPanel + v * lanes());
      }
    }
    for (; e != end; ++e) {
      const V value = V::broadcast(&e->value);
      // Offsets are those of full panels; a last panel of 16 columns has half of them.
      const float* from = right + (kWidth == kPanel ? e->offset : e->offset / 2);
      for (int p = 0; p < kPanels; ++p) {
        for (int v = 0; v < kVectors; ++v) {
          sum[p][v] = mad(value, V::load(from + v * lanes()), sum[p][v]);
        }
        from += panel_stride;
      }
    }
  }
};

template <class V, int kPanels, int kWidth>
HWY_NOINLINE void sparse_rows(const SparseLists& x, const float* w, std::size_t w_stride,
                              const float* start, float* y, std::size_t y_stride) {
  SparseSum<V, kPanels, kWidth> sum;
  for (int row = 0; row < x.count; ++row, y += kWidth) {
    sum.run(start, x.entries + x.begin[row], x.entries + x.end[row], w, w_stride);
    for (int p = 0; p < kPanels; ++p) {
      for (int v = 0; v < sum.kVectors; ++v) {
        sum.sum[p][v].store(y + static_cast<std::size_t>(p) * y_stride + v * lanes());
      }
    }
  }
}

// How many panels from p on, before `end`, have the full width: all but possibly the last.
HWY_INLINE int full_panels(const Layout& layout, int p, int end) {
  return layout.panel_width(end - 1) == kPanel ? end - p : end - 1 - p;
}

template <class V>
void sparse_matmul(const SparseLists& x, ConstMatrixView w, const float* start, MatrixView y,
                   int first, int end) {
  const std::size_t w_stride = static_cast<std::size_t>(w.rows()) * kPanel;
  const std::size_t y_stride = static_cast<std::size_t>(y.rows()) * kPanel;
  for (int p = first; p < end;) {
    const float* const from = start == nullptr ? nullptr : start + p * kPanel;
    const int full = full_panels(y.layout, p, end);
    const auto run = full >= kSparsePanels ? &sparse_rows<V, kSparsePanels, kPanel>
                     : full >= 1           ? &sparse_rows<V, 1, kPanel>
                                           : &sparse_rows<V, 1, kPad>;
    run(x, w.panel(p), w_stride, from, y.panel(p), y_stride);
    p += full >= kSparsePanels ? kSparsePanels : 1;
  }
}

template <class V, class Update, int kPanels, int kWidth>
HWY_NOINLINE void sparse_columns(const SparseLists& x, const float* d, std::size_t d_stride,
                                 const float* start, const Update& update, std::size_t at,
                                 std::size_t stride, float* column_sums) {
  SparseSum<V, kPanels, kWidth> sum;
  for (int p = 0; p < kPanels; ++p) {
    for (int c = 0; c < kWidth; ++c) column_sums[p * kPanel + c] = 0.0f;
  }
  for (int k = 0; k < x.count; ++k, at += kWidth) {
    sum.run(start, x.entries + x.begin[k], x.entries + x.end[k], d, d_stride);
    for (int p = 0; p < kPanels; ++p) {
      for (int v = 0; v < sum.kVectors; ++v) {
        const std::size_t element = at + static_cast<std::size_t>(p) * stride +
                                    static_cast<std::size_t>(v * lanes());
        float* const total = column_sums + p * kPanel + v * lanes();
        (V::load(total) + update.apply(element, sum.sum[p][v])).store(total);
      }
    }
  }
}

// Sums of the columns of the new weights, rows ascending, as the update leaves them.
template <class V, class Update>
void sparse_gradient_with(const SparseLists& x, ConstMatrixView d, const float* start,
                          const ParameterUpdate& args, float* column_sums, int first, int end) {
  const Update update(args);
  const Layout layout{x.count, d.cols()};
  const std::size_t d_stride = static_cast<std::size_t>(d.rows()) * kPanel;
  const std::size_t stride = static_cast<std::size_t>(layout.rows) * kPanel;
  for (int p = first; p < end;) {
    const float* const from = start == nullptr ? nullptr : start + p * kPanel;
    const int full = full_panels(layout, p, end);
    const auto run = full >= kSparsePanels ? &sparse_columns<V, Update, kSparsePanels, kPanel>
                     : full >= 1           ? &sparse_columns<V, Update, 1, kPanel>
                                           : &sparse_columns<V, Update, 1, kPad>;
    run(x, d.panel(p), d_stride, from, update, layout.panel_offset(p), stride,
        column_sums + p * kPanel);
    p += full >= kSparsePanels ? kSparsePanels : 1;
  }
}

template <class V>
void sparse_weight_gradient(const SparseLists& x, ConstMatrixView d, const float* start,
                            const ParameterUpdate& update, float* column_sums, int first,
                            int end) {
  using Kind = ParameterUpdate::Kind;
  switch (update.kind) {
    case Kind::kStore:
      return sparse_gradient_with<V, StoreUpdate<V>>(x, d, start, update, column_sums, first, end);
    case Kind::kAdam:
      return sparse_gradient_with<V, AdamUpdate<V>>(x, d, start, update, column_sums, first, end);
    case Kind::kSgd:
      return sparse_gradient_with<V, SgdUpdate<V>>(x, d, start, update, column_sums, first, end);
  }
}

RELUSCOPE_TARGET_END

#endif
