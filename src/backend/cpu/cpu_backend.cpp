#include "backend/cpu/cpu_backend.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"

namespace reluscope::cpu {
namespace {

// Finds what silently breaks equal bits: a compiler that fuses or reorders, and a library that
// switched the process to flushing denormals. volatile keeps the compiler from answering.
void check_arithmetic() {
  volatile float a = 1.0f + 0x1p-12f, c = -(1.0f + 0x1p-11f);
  if (a * a + c != 0.0f) {  // exact product minus rounded one is 2^-24: only a fused one sees it
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

const Target& find_target(const std::string& simd) {
  for (const Target& target : available_targets()) {
    if (simd == "auto" || simd == target.separate->name) return target;
  }
  throw Error("simd is " + in_quotes(simd) + ", but this machine and build have auto, " +
              join_or(simd_names()));
}

const Kernels* find_kernels(const std::string& simd, bool fused) {
  const Target& target = find_target(simd);
  if (!fused) return target.separate;
  if (target.fused == nullptr) {
    throw Error("fused is true, but " + std::string(target.separate->name) +
                " has no fused multiply-add: avx512, avx2 and neon have");
  }
  return target.fused;
}

}  // namespace

std::vector<std::string> simd_names() {
  std::vector<std::string> names;
  for (const Target& target : available_targets()) names.emplace_back(target.separate->name);
  return names;
}

CpuBackend::CpuBackend(const std::string& simd, int threads, bool fused, int cores)
    : kernels_(find_kernels(simd, fused)), pool_(threads, cores) {
  check_arithmetic();
}

// Shares are runs of blocks in the order of memory, so that a thread finds its panels of a weight
// matrix in its own cache at every step.
int CpuBackend::blocks_of_panel(const Layout& layout, int unit) const {
  const int parts = pool_.size(), panels = layout.panels();
  if (panels % parts == 0 || panels >= 4 * parts) return 1;
  return std::min(parts, (layout.rows + unit - 1) / unit);
}

template <class Work>
void CpuBackend::split_panels(const Layout& layout, int unit, double operations,
                              const Work& work) {
  const int panels = layout.panels(), blocks = blocks_of_panel(layout, unit);
  split(panels * blocks, 1, operations, [&](int first, int end) {
    for (int i = first; i < end; ++i) {
      const int block = i % blocks;
      const Rows rows{ThreadPool::share_begin(layout.rows, block, blocks, unit),
                      ThreadPool::share_begin(layout.rows, block + 1, blocks, unit)};
      if (rows.first < rows.end) work(i / blocks, rows);
    }
  });
}

namespace {

// Rows of a product are cut at multiples of this: whole tiles on most targets.
constexpr int kRowUnit = 4;

// Where some rows of a panel begin, and how many floats they have.
std::size_t offset_of(const Layout& layout, int panel, Rows rows) {
  return layout.panel_offset(panel) +
         static_cast<std::size_t>(rows.first) * static_cast<std::size_t>(layout.panel_width(panel));
}
std::size_t floats_of(const Layout& layout, int panel, Rows rows) {
  return static_cast<std::size_t>(rows.end - rows.first) *
         static_cast<std::size_t>(layout.panel_width(panel));
}

const float* columns_of(const float* row, int panel) {
  return row == nullptr ? nullptr : row + panel * kPanel;
}

}  // namespace

void CpuBackend::matmul(const Signal& x, ConstMatrixView w, const float* start, MatrixView y,
                        const ActivationAfter& after) {
  const double products = static_cast<double>(y.rows()) * w.rows() * y.cols();
  const double operations = x.sparse() ? products / 4 : products;
  split_panels(y.layout, kRowUnit, operations, [&](int panel, Rows rows) {
    const std::size_t at = offset_of(y.layout, panel, rows);
    const float* const from = columns_of(start, panel);
    if (x.sparse()) {
      kernels_->sparse_matmul(x.rows, rows, w, panel, from, y.data + at);
    } else {
      kernels_->matmul(x.values, rows, w, panel, from, y.data + at);
    }
    if (after.id >= 0) {
      kernels_->activation_forward[after.id](after.p, y.data + at, after.y + at,
                                             floats_of(y.layout, panel, rows));
    }
  });
}

// dy W^T is computed as (W dy^T)^T: dy is turned once, as the operand whose panels stream, and each
// block of 32 rows of W dy^T is turned back while it is in the nearest cache. W is read as it lies.
void CpuBackend::input_gradient(ConstMatrixView dy, ConstMatrixView w, MatrixView dx,
                                float* scratch, const ActivationBefore& before) {
  const int n = dy.rows();
  const MatrixView turned{scratch, {dy.cols(), n}};
  float* const blocks = scratch + align_up(turned.layout.size());
  split(turned.layout.panels(), 1, 4.0 * static_cast<double>(turned.layout.size()),
        [&](int first, int end) {
          for (int p = first; p < end; ++p) kernels_->transpose(dy, p, turned.panel(p));
        });
  const double operations = static_cast<double>(n) * dy.cols() * dx.cols();
  split(dx.layout.panels(), 1, operations, [&](int first, int end) {
    // A share has the first of its blocks for all of them.
    const MatrixView block{blocks + static_cast<std::ptrdiff_t>(first) * kPanel *
                                        turned.layout.padded_cols(), {kPanel, n}};
    for (int q = first; q < end; ++q) {
      const Rows rows{q * kPanel, q * kPanel + dx.layout.panel_cols(q)};
      const ConstMatrixView used{block.data, {rows.end - rows.first, n}};
      for (int p = 0; p < turned.layout.panels(); ++p) {
        kernels_->matmul(w, rows, turned, p, nullptr, block.data + used.layout.panel_offset(p));
      }
      kernels_->transpose(used, 0, dx.panel(q));
      if (before.id >= 0) {
        const std::size_t at = dx.layout.panel_offset(q);
        kernels_->activation_backward[before.id](before.p, before.z + at, dx.data + at, dx.data + at,
                                                 floats_of(dx.layout, q, {0, n}));
      }
    }
  });
}

void CpuBackend::weight_gradient(const Signal& x, ConstMatrixView d, const float* start,
                                 const ParameterUpdate& update, float* column_sums) {
  const Layout layout{x.values.cols(), d.cols()};
  const double products = static_cast<double>(x.values.cols()) * d.rows() * d.cols();
  const double operations = x.sparse() ? products / 4 : products;
  if (update.kind == ParameterUpdate::Kind::kStore) column_sums = nullptr;
  // Whoever has whole columns sums them while they are near; cut ones are summed afterwards.
  float* const sums_near = blocks_of_panel(layout, kPanel) == 1 ? column_sums : nullptr;
  split_panels(layout, kPanel, operations, [&](int panel, Rows rows) {
    const float* const from = columns_of(start, panel);
    if (x.sparse()) {
      float* const sums = sums_near == nullptr ? nullptr : sums_near + panel * kPanel;
      kernels_->sparse_weight_gradient(x.columns, rows, d, panel, from, update, sums);
    } else {
      kernels_->weight_gradient(x.values, rows, d, panel, from, update);
      if (sums_near != nullptr) {
        kernels_->column_sums({update.weights, layout}, sums_near, panel, panel + 1);
      }
    }
  });
  if (sums_near != column_sums) this->column_sums({update.weights, layout}, column_sums);
}

void CpuBackend::column_sums(ConstMatrixView x, float* sums) {
  split(x.layout.panels(), 1, static_cast<double>(x.layout.size()), [&](int first, int end) {
    kernels_->column_sums(x, sums, first, end);
  });
}

void CpuBackend::scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const float product = scale * x[i];
    y[i] = (a == nullptr ? 0.0f : a[i]) + product;
  }
}

// Elements are worth some ten operations each: they come from memory.
void CpuBackend::activation_forward(ActivationId id, const float* p, const float* x, float* y,
                                    std::size_t n) {
  split(static_cast<int>(n), kPad, 10.0 * static_cast<double>(n), [&](int first, int end) {
    kernels_->activation_forward[id](p, x + first, y + first, static_cast<std::size_t>(end - first));
  });
}

void CpuBackend::activation_backward(ActivationId id, const float* p, const float* x,
                                     const float* dy, float* dx, std::size_t n) {
  split(static_cast<int>(n), kPad, 10.0 * static_cast<double>(n), [&](int first, int end) {
    kernels_->activation_backward[id](p, x + first, dy + first, dx + first,
                                      static_cast<std::size_t>(end - first));
  });
}

void CpuBackend::activation_parameter(ActivationId id, const float* p, const float* x,
                                      const float* dy, float* products, std::size_t n) {
  split(static_cast<int>(n), kPad, 10.0 * static_cast<double>(n), [&](int first, int end) {
    kernels_->activation_parameter[id](p, x + first, dy + first, products + first,
                                       static_cast<std::size_t>(end - first));
  });
}

void CpuBackend::softmax_cross_entropy(const SoftmaxLoss& args) {
  const int rows = args.logits.rows(), classes = args.logits.cols();
  split(rows, 16, 40.0 * rows * classes, [&](int first, int end) {
    kernels_->softmax_cross_entropy(args, {first, end});
  });
}

void CpuBackend::softmax(ConstMatrixView logits, MatrixView probabilities) {
  kernels_->softmax(logits, probabilities);
}

void CpuBackend::update(const ParameterUpdate& update, std::size_t n) {
  split(static_cast<int>(n), kPad, 10.0 * static_cast<double>(n), [&](int first, int end) {
    ParameterUpdate part = update;
    for (float** at : {&part.gradient, &part.weights, &part.moment1, &part.moment2}) {
      if (*at != nullptr) *at += first;
    }
    kernels_->update(part, static_cast<std::size_t>(end - first));
  });
}

}  // namespace reluscope::cpu
