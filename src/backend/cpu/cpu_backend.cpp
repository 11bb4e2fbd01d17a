#include "backend/cpu/cpu_backend.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"
#include "core/text.h"

namespace reluscope::cpu {
namespace {

// Detects what would silently change bits: a compiler that fuses or reorders operations, and a
// library that makes the process flush denormals. volatile prevents evaluation at compile time.
void check_arithmetic() {
  volatile float a = 1.0f + 0x1p-12f, c = -(1.0f + 0x1p-11f);
  if (a * a + c != 0.0f) {  // the exact sum is 2^-24; with a rounded product it is 0
    throw Error("this build fuses multiply and add; compile with -ffp-contract=off");
  }
  volatile float big = 0x1p24f, one = 1.0f;
  if ((big + one) - big != 0.0f) {
    throw Error("this build reorders floating-point sums; compile without -ffast-math");
  }
  volatile float smallest = 0x1p-126f, half = 0.5f;
  if (smallest * half == 0.0f) {
    throw Error(
        "this process flushes denormal numbers to zero (some library in it was built with "
        "-ffast-math), so results would differ from other builds");
  }
}

const Kernels* find_kernels(const std::string& simd, bool fused) {
  for (const Target& target : available_targets()) {
    if (simd != "auto" && simd != target.separate->name) continue;
    if (fused && target.fused == nullptr) {
      throw Error("fused is true, but " + std::string(target.separate->name) +
                  " has no fused multiply-add: avx512, avx2 and neon have");
    }
    return fused ? target.fused : target.separate;
  }
  throw Error("simd is " + in_quotes(simd) + ", but this machine and build have auto, " +
              join_or(simd_names()));
}

}  // namespace

std::vector<std::string> simd_names() {
  std::vector<std::string> names;
  for (const Target& target : available_targets()) names.emplace_back(target.separate->name);
  return names;
}

CpuBackend::CpuBackend(const std::string& simd, int threads, bool fused, int cores,
                       double free_bytes)
    : kernels_(find_kernels(simd, fused)), pool_(threads, cores), free_bytes_(free_bytes) {
  check_arithmetic();
}

// Shares are contiguous blocks in memory order, so that at every step a thread finds its panels of
// a weight matrix in its own cache.
int CpuBackend::blocks_of_panel(const Layout& layout, int unit) const {
  const int parts = pool_.size(), panels = layout.panels();
  if (panels % parts == 0 || panels >= 4 * parts) return 1;
  return std::min(parts, (layout.rows + unit - 1) / unit);
}

template <class Work>
void CpuBackend::split_panels(const Layout& layout, int unit, double operations, const Work& work) {
  const int panels = layout.panels(), blocks = blocks_of_panel(layout, unit);
  split(panels * blocks, 1, operations, [&](Rows share) {
    for (int i = share.first; i < share.end; ++i) {
      const int block = i % blocks;
      const Rows rows{ThreadPool::share_begin(layout.rows, block, blocks, unit),
                      ThreadPool::share_begin(layout.rows, block + 1, blocks, unit)};
      if (rows.count() > 0) work(i / blocks, rows);
    }
  });
}

namespace {

// Blocks of rows of a product begin at multiples of this: whole tiles on most targets.
constexpr int kRowUnit = 4;

const float* columns_of(const float* row, int panel) {
  return row == nullptr ? nullptr : row + panel * kPanel;
}

}  // namespace

void CpuBackend::matmul(const Signal& x, ConstMatrixView w, const float* start, MatrixView y,
                        const ActivationAfter& after) {
  const double products = static_cast<double>(y.rows()) * w.rows() * y.cols();
  const double operations = x.sparse() ? products / 4 : products;
  split_panels(y.layout, kRowUnit, operations, [&](int panel, Rows rows) {
    float* const to = y.data + offset_of(y.layout, panel, rows);
    const float* const from = columns_of(start, panel);
    if (x.sparse()) {
      kernels_->sparse_matmul(x.rows, rows, w, panel, from, to);
    } else {
      kernels_->matmul(x.values, rows, w, panel, from, to);
    }
    apply(after, y, panel, rows);
  });
}

// Computes dy W^T as (W dy^T)^T. dy is transposed once and becomes the operand whose panels stream;
// W needs no copy. Each block of 32 rows of W dy^T is transposed back while it is in the L1 cache.
void CpuBackend::input_gradient(ConstMatrixView dy, ConstMatrixView w, MatrixView dx,
                                float* scratch, const ActivationBefore& before) {
  const int n = dy.rows();
  const MatrixView turned{scratch, {dy.cols(), n}};
  float* const blocks = scratch + align_up(turned.layout.size());
  split(turned.layout.panels(), 1, cost(turned.layout), [&](Rows panels) {
    for (int p = panels.first; p < panels.end; ++p) kernels_->transpose(dy, p, turned.panel(p));
  });
  const double operations = static_cast<double>(n) * dy.cols() * dx.cols();
  split(dx.layout.panels(), 1, operations, [&](Rows panels) {
    // A share reuses the memory of its first block.
    const MatrixView block{
        blocks + static_cast<std::ptrdiff_t>(panels.first) * kPanel * turned.layout.padded_cols(),
        {kPanel, n}};
    for (int q = panels.first; q < panels.end; ++q) {
      const Rows rows{q * kPanel, q * kPanel + dx.layout.panel_cols(q)};
      const ConstMatrixView used{block.data, {rows.count(), n}};
      for (int p = 0; p < turned.layout.panels(); ++p) {
        kernels_->matmul(w, rows, turned, p, nullptr, block.data + used.layout.panel_offset(p));
      }
      kernels_->transpose(used, 0, dx.panel(q));
      apply(before, dx, q, {0, n});
    }
  });
}

void CpuBackend::weight_gradient(const Signal& x, ConstMatrixView d, const float* start,
                                 const ParameterUpdate& update, float* column_sums) {
  const Layout layout{x.values.cols(), d.cols()};
  const double products = static_cast<double>(x.values.cols()) * d.rows() * d.cols();
  const double operations = x.sparse() ? products / 4 : products;
  if (update.stores()) column_sums = nullptr;
  const bool separate = !in_gradient_kernels(update);
  // Whole columns are summed while they are in the cache, columns in several blocks afterwards.
  float* const sums_near = blocks_of_panel(layout, kPanel) == 1 ? column_sums : nullptr;
  split_panels(layout, kPanel, operations, [&](int panel, Rows rows) {
    const auto gradient = [&](Rows some, const ParameterUpdate& to, float* sums) {
      const float* const from = columns_of(start, panel);
      if (x.sparse()) {
        kernels_->sparse_weight_gradient(x.columns, some, d, panel, from, to, sums);
      } else {
        kernels_->weight_gradient(x.values, some, d, panel, from, to);
      }
    };
    if (separate) {
      // Some rows at a time, so that their gradient is still in the cache when the update reads it.
      constexpr int kRowsAtOnce = 4 * kPanel;
      for (int first = rows.first; first < rows.end; first += kRowsAtOnce) {
        const Rows some{first, std::min(first + kRowsAtOnce, rows.end)};
        gradient(some, {.gradient = update.gradient}, nullptr);
        kernels_->update(update.from(offset_of(layout, panel, some)),
                         floats_of(layout, panel, some));
      }
    } else {
      gradient(rows, update, sums_near == nullptr ? nullptr : sums_near + panel * kPanel);
    }
    if (sums_near != nullptr && (separate || !x.sparse())) {
      kernels_->column_sums({update.weights, layout}, sums_near, {panel, panel + 1});
    }
  });
  if (sums_near != column_sums) this->column_sums({update.weights, layout}, column_sums);
}

void CpuBackend::scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const float product = scale * x[i];
    y[i] = (a == nullptr ? 0.0f : a[i]) + product;
  }
}

// Sixteen sums of every sixteenth square, added in order: independent of the vector width.
double CpuBackend::sum_of_squares(const float* x, std::size_t n) {
  double sums[16] = {};
  for (std::size_t i = 0; i < n; ++i) {
    const auto value = static_cast<double>(x[i]);
    sums[i % 16] += value * value;
  }
  return std::accumulate(std::begin(sums), std::end(sums), 0.0);
}

void CpuBackend::clamp(float* x, float limit, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = x[i] > limit ? limit : (x[i] < -limit ? -limit : x[i]);
  }
}

void CpuBackend::activate_varied(ActivationOp op, ActivationId id, const VariedParameter& p,
                                 ConstMatrixView x, ConstMatrixView dy, MatrixView out) {
  const auto activate = kernels_->varied_activations[static_cast<int>(op)][id];
  split_panels(x.layout, 1, cost(x.layout, 10.0), [&](int panel, Rows rows) {
    const std::size_t at = offset_of(x.layout, panel, rows);
    const int width = x.layout.panel_width(panel);
    activate({.p = p.values + (p.by_row ? at : panel * kPanel),
              .p_step = p.by_row ? width : 0,
              .rows = rows.count(),
              .width = width,
              .x = x.data + at,
              .dy = dy.data == nullptr ? nullptr : dy.data + at,
              .out = out.data + at});
  });
}

// A draw gives four numbers and costs about as much as a hundred multiply-adds in vectors.
void CpuBackend::fill_uniform(const Rng& rng, std::uint32_t stream, float low, float high,
                              MatrixView y) {
  const float span = high - low;
  const auto draws_a_row = static_cast<std::uint64_t>((y.cols() + 3) / 4);
  split_panels(y.layout, 1, cost(y.layout, 25.0), [&](int panel, Rows rows) {
    float* to = y.data + offset_of(y.layout, panel, rows);
    const int width = y.layout.panel_width(panel);
    for (int row = rows.first; row < rows.end; ++row) {
      std::uint64_t draw = (std::uint64_t{stream} << 32) +
                           static_cast<std::uint64_t>(row) * draws_a_row +
                           static_cast<std::uint64_t>(panel * kPanel / 4);
      for (int c = 0; c < width; c += 4) {
        for (const std::uint32_t word : rng.bits(draw++)) {
          const float share = static_cast<float>(word >> 8) * 0x1p-24f;
          *to++ = low + span * share;
        }
      }
    }
  });
}

namespace {

// Of the input columns of the unit in output column `col`, the first that is NaN, or else the first
// largest.
int largest_piece(ConstMatrixView x, int row, int col, int pieces, int area) {
  int best = col / area * pieces * area + col % area;
  const int end = best + pieces * area;
  for (int c = best + area; c < end && x.at(row, best) == x.at(row, best); c += area) {
    if (!(x.at(row, c) <= x.at(row, best))) best = c;
  }
  return best;
}

}  // namespace

void CpuBackend::maxout_forward(ConstMatrixView x, int pieces, int area, MatrixView y) {
  split(x.rows(), 1, cost(x.layout, 10.0), [&](Rows rows) {
    for (int row = rows.first; row < rows.end; ++row) {
      for (int c = 0; c < y.layout.padded_cols(); ++c) {
        y.at(row, c) = c < y.cols() ? x.at(row, largest_piece(x, row, c, pieces, area)) : 0.0f;
      }
    }
  });
}

void CpuBackend::maxout_backward(ConstMatrixView x, ConstMatrixView dy, int pieces, int area,
                                 MatrixView dx) {
  split(x.rows(), 1, cost(x.layout, 10.0), [&](Rows rows) {
    for (int row = rows.first; row < rows.end; ++row) {
      for (int c = 0; c < dx.layout.padded_cols(); ++c) dx.at(row, c) = 0.0f;
      for (int c = 0; c < dy.cols(); ++c) {
        dx.at(row, largest_piece(x, row, c, pieces, area)) = dy.at(row, c);
      }
    }
  });
}

}  // namespace reluscope::cpu
