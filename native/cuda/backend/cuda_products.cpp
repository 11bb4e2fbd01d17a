// CudaBackend: matrix products of dense layers and convolutions, and updates of parameters.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "cuda/backend/cuda_backend.h"

namespace reluscope::cuda {
namespace {

constexpr std::size_t kPatchFloats = std::size_t{1} << 24;  // of one block of patches
constexpr int kLongRows = 1024;                             // longer columns are summed in parts

// The epilogue of cuBLASLt for a bias and an activation. Only GELU can also keep the product.
Epilogue epilogue_for(const ActivationAfter& after) {
  static const ActivationId relu = find_activation("relu"), gelu = find_activation("gelu_tanh");
  if (after.id == gelu) return after.keeps_product ? Epilogue::kBiasGeluKept : Epilogue::kBiasGelu;
  return after.id == relu && !after.keeps_product ? Epilogue::kBiasRelu : Epilogue::kBias;
}

// p for all panels of c: a batched product for the panels of 32 columns, which are evenly spaced,
// and one for a last panel of 16 (with no batches if there is none). b and c begin at rows b_row
// and c_row; p.kept is laid out like c.
std::array<Product, 2> by_panels(Product p, ConstMatrixView b, int b_row, MatrixView c, int c_row) {
  const int panels = c.layout.panels();
  const int wide = panels - (c.layout.panel_width(panels - 1) < kPanel ? 1 : 0);
  const auto begin = [&](int panel, int width) {
    Product part = p;
    part.n = part.ldb = part.ldc = width;
    part.b = b.panel(panel) + static_cast<std::ptrdiff_t>(b_row) * width;
    part.c = c.panel(panel) + static_cast<std::ptrdiff_t>(c_row) * width;
    part.stride_b = std::int64_t{kPanel} * b.rows();
    part.stride_c = std::int64_t{kPanel} * c.rows();
    part.stride_bias = kPanel;
    part.batches = width == kPanel ? wide : panels - wide;
    if (p.bias != nullptr) part.bias = p.bias + panel * kPanel;
    if (p.kept != nullptr) part.kept = p.kept + (part.c - c.data);
    return part;
  };
  return {begin(0, kPanel), begin(wide, kPad)};
}

}  // namespace

std::array<CudaBackend::Rows, 2> CudaBackend::rows_of(ConstMatrixView x, ConstMatrixView other) {
  const auto floats = [](const Layout& layout) {
    return layout.panels() > 1 ? align_up(layout.size()) : 0;
  };
  float* to = workspace(floats(x.layout) + floats(other.layout));
  const auto packed = [&](ConstMatrixView m) -> Rows {
    if (m.layout.panels() <= 1) return {m.data, m.layout.panel_width(0)};
    const int stride = m.layout.padded_cols();
    push(grid_for(m.layout.size()), Pack{m, to, stride});
    return {std::exchange(to, to + floats(m.layout)), stride};
  };
  return {packed(x), packed(other)};
}

Epilogue CudaBackend::multiply(Rows x, int rows, ConstMatrixView w, MatrixView y, int first_row,
                               const float* bias, const ActivationAfter& after) {
  const auto try_with = [&](Epilogue epilogue) {
    const auto products =
        by_panels({.precision = precision_,
                   .m = rows,
                   .k = w.rows(),
                   .a = x.data,
                   .lda = x.stride,
                   .epilogue = epilogue,
                   .bias = bias,
                   .kept = epilogue == Epilogue::kBiasGeluKept ? y.data : nullptr},
                  w, 0, {activates(epilogue) ? after.y : y.data, y.layout}, first_row);
    for (const Product& p : products) {
      if (epilogue != Epilogue::kNone && p.batches > 0 && !device_->fuses(p)) return false;
    }
    for (const Product& p : products) push(p);
    return true;
  };
  const Epilogue whole = epilogue_for(after);
  if (bias != nullptr && activates(whole) && agrees(whole) && try_with(whole)) return whole;
  if (bias != nullptr && try_with(Epilogue::kBias)) return Epilogue::kBias;
  try_with(Epilogue::kNone);
  return Epilogue::kNone;
}

// Tests one product of numbers that are exact in every precision: each row of the result is the
// first row of b.
bool CudaBackend::agrees(Epilogue epilogue) {
  if (const auto known = agrees_.find(epilogue); known != agrees_.end()) return known->second;
  device_->wait();  // the host may write only while the device is idle
  constexpr int kRows = 64, kDepth = kPad;
  Buffer a(kRows * kDepth, device_.get()), b(kDepth * kPanel, device_.get()),
      bias(kPanel, device_.get());
  Buffer c(kRows * kPanel, device_.get()), kept(kRows * kPanel, device_.get());
  for (int row = 0; row < kRows; ++row) a.data()[row * kDepth] = 1.0f;
  for (int col = 0; col < kPanel; ++col)
    b.data()[col] = 0.25f * static_cast<float>(col - kPanel / 2);
  // NaN must stay NaN, or a divergence would be hidden.
  b.data()[0] = std::numeric_limits<float>::quiet_NaN();
  Product p{.precision = precision_,
            .m = kRows,
            .n = kPanel,
            .k = kDepth,
            .a = a.data(),
            .b = b.data(),
            .c = c.data(),
            .lda = kDepth,
            .ldb = kPanel,
            .ldc = kPanel,
            .stride_c = kRows * kPanel,
            .epilogue = epilogue,
            .bias = bias.data()};
  const bool keeps = epilogue == Epilogue::kBiasGeluKept;
  if (keeps) p.kept = kept.data();
  if (!device_->fuses(p)) return agrees_[epilogue] = false;
  const Node node = Node::of(p);
  device_->run({&node, 1});
  device_->wait();
  const ActivationId id = find_activation(epilogue == Epilogue::kBiasRelu ? "relu" : "gelu_tanh");
  const auto differs = [](float actual, double expected) {
    return std::isnan(actual) != std::isnan(expected) ||
           std::abs(static_cast<double>(actual) - expected) > 2e-6;
  };
  bool same = true;
  for (std::size_t i = 0; i < c.size(); ++i) {
    const double z = static_cast<double>(b.data()[i % kPanel]);
    same = same && !differs(c.data()[i], activation_value(id, z, {})) &&
           !(keeps && differs(kept.data()[i], z));
  }
  return agrees_[epilogue] = same;
}

void CudaBackend::multiply_transposed(Rows x, int rows, ConstMatrixView d, int first_row,
                                      MatrixView y, bool accumulate) {
  const Product whole{.transpose_a = true,
                      .accumulate = accumulate,
                      .precision = precision_,
                      .m = y.rows(),
                      .k = rows,
                      .a = x.data,
                      .lda = x.stride};
  for (const Product& p : by_panels(whole, d, first_row, y, 0)) push(p);
}

void CudaBackend::finish_product(Epilogue done, const float* start, MatrixView y,
                                 const ActivationAfter& after) {
  if (activates(done)) return;
  if (start == nullptr || done == Epilogue::kBias) {
    if (after.id >= 0)
      activate(ActivationOp::kForward, after.id, after.p, y.data, nullptr, after.y,
               y.layout.size());
    return;
  }
  push(activation_kernel(DeviceOp::kFinishProduct, after.id), grid_for(y.layout.size()),
       FinishProduct{parameters_of(after.id, after.p), start, y.data, after.y, y.layout});
}

void CudaBackend::finish_input_gradient(MatrixView dx, const ActivationBefore& before) {
  if (before.id < 0 && dx.cols() == dx.layout.padded_cols()) return;
  push(activation_kernel(DeviceOp::kFinishInputGradient, before.id), grid_for(dx.layout.size()),
       FinishInputGradient{parameters_of(before.id, before.p), before.z, dx.data, dx.layout});
}

void CudaBackend::matmul(const Signal& x, ConstMatrixView w, const float* start, MatrixView y,
                         const ActivationAfter& after) {
  const Epilogue done = multiply(rows_of(x.values)[0], y.rows(), w, y, 0, start, after);
  finish_product(done, start, y, after);
}

// Each panel of dx is the product of dy and the transpose of 32 rows of w.
void CudaBackend::input_gradient(ConstMatrixView dy, ConstMatrixView w, MatrixView dx, float*,
                                 const ActivationBefore& before) {
  const auto operands = rows_of(dy, w);
  const Rows left = operands[0], right = operands[1];
  const auto push_panels = [&](int first, int columns, int panels) {
    push(Product{.transpose_b = true,
                 .precision = precision_,
                 .m = dx.rows(),
                 .n = columns,
                 .k = dy.cols(),
                 .a = left.data,
                 .b = right.data + static_cast<std::ptrdiff_t>(first) * kPanel * right.stride,
                 .c = dx.panel(first),
                 .lda = left.stride,
                 .ldb = right.stride,
                 .ldc = dx.layout.panel_width(first),
                 .stride_b = std::int64_t{kPanel} * right.stride,
                 .stride_c = std::int64_t{kPanel} * dx.rows(),
                 .batches = panels});
  };
  push_panels(0, kPanel, dx.cols() / kPanel);
  push_panels(dx.cols() / kPanel, dx.cols() % kPanel, 1);
  finish_input_gradient(dx, before);
}

// Applies the update to the stored gradient, to which the kernel still adds `start`.
void CudaBackend::apply(const ParameterUpdate& update, const float* start, const Layout& layout) {
  if (update.stores() && start == nullptr) return;
  push(update_kernel(update.rule), grid_for(layout.size()), Update{update, start, layout});
}

void CudaBackend::weight_gradient(const Signal& x, ConstMatrixView d, const float* start,
                                  const ParameterUpdate& update, float* column_sums) {
  const Layout layout{x.values.cols(), d.cols()};
  multiply_transposed(rows_of(x.values)[0], d.rows(), d, 0, {update.gradient, layout}, false);
  apply(update, start, layout);
  if (column_sums != nullptr && !update.stores()) {
    this->column_sums({update.weights, layout}, column_sums);
  }
}

void CudaBackend::column_sums(ConstMatrixView x, float* sums) {
  if (x.rows() <= kLongRows) {
    push(strip_grid(strips(x.layout)), ColumnSums{x, sums, x.rows()});
  } else {
    long_column_sums(x, workspace(batch_norm_scratch(x.layout)), sums);
  }
}

void CudaBackend::long_column_sums(ConstMatrixView x, float* scratch, float* sums) {
  const int blocks = sum_blocks(x.layout), padded = x.layout.padded_cols();
  push(strip_grid(strips(x.layout) * blocks), ColumnSums{x, scratch, kSumRows});
  push(grid_for(static_cast<std::size_t>(padded)), TotalSums{scratch, sums, blocks, padded});
}

// --- Convolutions: products of patches ---------------------------------------------------------

template <class Work>
void CudaBackend::for_patches(const cpu::Patches& patches, ConstMatrixView source, int pixels,
                              const Work& work) {
  const Layout row{1, patches.taps() * source.cols()};
  const auto stride = static_cast<std::size_t>(row.padded_cols());
  const int most = std::clamp(static_cast<int>(kPatchFloats / stride), 1, pixels);
  float* const to = workspace(static_cast<std::size_t>(most) * stride);
  for (int first = 0; first < pixels; first += most) {
    const int rows = std::min(most, pixels - first);
    push(grid_for(static_cast<std::size_t>(rows) * stride),
         CopyPatches{patches, source, to, first, rows, row.padded_cols()});
    work(Rows{to, row.padded_cols()}, first, rows);
  }
}

void CudaBackend::convolve(const Window& window, ConstMatrixView x, ConstMatrixView w,
                           const float* bias, MatrixView y, const ActivationAfter& after) {
  Epilogue done = Epilogue::kNone;
  for_patches(cpu::Patches::forward(window), x, y.rows(), [&](Rows patches, int first, int rows) {
    // Blocks could get different epilogues, so only a single block may have one.
    const float* const fused = rows == y.rows() ? bias : nullptr;
    done = multiply(patches, rows, w, y, first, fused, after);
  });
  finish_product(done, bias, y, after);
}

void CudaBackend::convolve_input_gradient(const Window& window, ConstMatrixView dy,
                                          ConstMatrixView w, MatrixView dx, float* turned,
                                          const ActivationBefore& before) {
  const MatrixView turned_w{turned, {window.taps() * dy.cols(), dx.cols()}};
  push(grid_for(turned_w.layout.size()), TurnTaps{w, turned_w});
  for_patches(cpu::Patches::backward(window), dy, dx.rows(),
              [&](Rows patches, int first, int rows) {
                multiply(patches, rows, turned_w, dx, first, nullptr, {});
              });
  finish_input_gradient(dx, before);
}

void CudaBackend::convolve_weight_gradient(const Window& window, ConstMatrixView x,
                                           ConstMatrixView dy, const ParameterUpdate& update) {
  const MatrixView gradient{update.gradient, {window.taps() * x.cols(), dy.cols()}};
  for_patches(cpu::Patches::forward(window), x, dy.rows(), [&](Rows patches, int first, int rows) {
    multiply_transposed(patches, rows, dy, first, gradient, first > 0);
  });
  apply(update, nullptr, gradient.layout);
}

}  // namespace reluscope::cuda
