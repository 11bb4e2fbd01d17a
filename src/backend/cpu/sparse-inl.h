// Products with a sparse left-hand operand: the input of the first layer, which stores only pixels
// that differ from the background. Formula and order of terms are those of the dense products, and
// a skipped term is exactly +-0, so the bits are the same for a fifth of the work.
//
// Processes one panel at a time, so that its weights stay in the cache. (Several panels, or several
// lists in step, were measured slower on AVX-512 and AVX2.)
// No include guard: kernels.cpp includes it once for each SIMD target.

#include "backend/cpu/update-inl.h"
#include "core/vec-inl.h"

RELUSCOPE_TARGET_BEGIN

// sum = start + the sum over the entries of a list of value * (row of `right` at the entry's
// offset), for kWidth columns.
template <class V, int kWidth>
struct SparseSum {
  static constexpr int kVectors = kWidth / kMaxLanes;
  V sum[kVectors];

  // A single loop with two entries for each iteration, after a possible odd one: for a smaller loop
  // or two loops V8 (Node 20) keeps the sums in memory, which halves the speed.
  HWY_INLINE void run(const SparseLists& x, int list, const float* start, const float* right) {
    RELUSCOPE_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sum[v] = start == nullptr ? V::zero() : V::load(start + v * lanes());
    }
    const SparseEntry* e = x.entries + x.begin[list];
    const SparseEntry* const end = x.entries + x.end[list];
    if ((end - e) % 2 != 0) add(*e++, right);
    for (; e != end; e += 2) {
      add(e[0], right);
      add(e[1], right);
    }
  }

  HWY_INLINE void add(const SparseEntry& entry, const float* right) {
    const V value = V::broadcast(&entry.value);
    // Offsets are for panels of 32 columns; a panel of 16 columns has half of them.
    const float* const from = right + (kWidth == kPanel ? entry.offset : entry.offset / 2);
    RELUSCOPE_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sum[v] = mad(value, V::load(from + v * lanes()), sum[v]);
    }
  }
};

template <class V, int kWidth>
HWY_NOINLINE void sparse_rows(const SparseLists& x, Rows rows, const float* w, const float* start,
                              float* y) {
  SparseSum<V, kWidth> sum;
  for (int row = rows.first; row < rows.end; ++row, y += kWidth) {
    sum.run(x, row, start, w);
    for (int v = 0; v < sum.kVectors; ++v) sum.sum[v].store(y + v * lanes());
  }
}

template <class V>
void sparse_matmul(const SparseLists& x, Rows rows, ConstMatrixView w, int panel,
                   const float* start, float* y) {
  const auto run =
      w.layout.panel_width(panel) == kPanel ? &sparse_rows<V, kPanel> : &sparse_rows<V, kPad>;
  run(x, rows, w.panel(panel), start, y);
}

// Passes the gradient of some rows of a panel to `update`, from element `at` on. Stores in
// `column_sums`, unless null, the sums over ascending rows of what update.apply() returns.
template <class V, class Update, int kWidth>
HWY_NOINLINE void sparse_columns(const SparseLists& x, Rows rows, const float* d,
                                 const float* start, const Update& shared, std::size_t at,
                                 float* column_sums) {
  const Update update = shared;  // a local copy stays in registers
  SparseSum<V, kWidth> sum;
  V total[sum.kVectors];
  RELUSCOPE_UNROLL
  for (int v = 0; v < sum.kVectors; ++v) total[v] = V::zero();
  for (int k = rows.first; k < rows.end; ++k, at += kWidth) {
    sum.run(x, k, start, d);
    RELUSCOPE_UNROLL
    for (int v = 0; v < sum.kVectors; ++v) {
      total[v] = total[v] + update.apply(at + static_cast<std::size_t>(v * lanes()), sum.sum[v]);
    }
  }
  if (column_sums == nullptr) return;
  for (int v = 0; v < sum.kVectors; ++v) total[v].store(column_sums + v * lanes());
}

template <class Update>
struct SparseWeightGradient {
  static void run(const SparseLists& x, Rows rows, ConstMatrixView d, int panel, const float* start,
                  const ParameterUpdate& args, float* column_sums) {
    using V = typename Update::Number;
    const Update update(args);
    const Layout layout{x.count, d.cols()};
    const int width = layout.panel_width(panel);
    const auto run =
        width == kPanel ? &sparse_columns<V, Update, kPanel> : &sparse_columns<V, Update, kPad>;
    run(x, rows, d.panel(panel), start, update,
        layout.panel_offset(panel) + static_cast<std::size_t>(rows.first * width), column_sums);
  }
};

template <class V>
void sparse_weight_gradient(const SparseLists& x, Rows rows, ConstMatrixView d, int panel,
                            const float* start, const ParameterUpdate& update, float* column_sums) {
  RuleKernels<V, SparseWeightGradient, UpdateRules>::in_gradient(update.rule)(
      x, rows, d, panel, start, update, column_sums);
}

RELUSCOPE_TARGET_END
