// The CPU's kernels: one table of functions for each SIMD target, all from one source.
//
// Every output element has one accumulator that takes its terms in ascending order, so all
// targets, tile sizes and ways of splitting the work give the same bits. Matrices are in panels
// (core/tensor.h). Kernels never allocate and never throw.
#pragma once

#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "core/tensor.h"

namespace reluscope::cpu {

struct Rows {  // first .. end - 1
  int first, end;
  int count() const { return end - first; }
};

// Some rows of a panel of x, dy and the output, and of the parameters of its elements.
struct VariedSlice {
  const float* p;
  int p_step;  // floats from one row of p to the next: 0, or the width
  int rows, width;
  const float* x;
  const float* dy;
  float* out;
};

// Whether an update has gradient kernels of its own. Otherwise (other rules, weight decay) some
// rows of a gradient are stored, and `update` follows while they are in the cache.
inline bool in_gradient_kernels(const ParameterUpdate& update) {
  return update.stores() ||
         (update.coupled_decay == 0.0f && update.keep == 1.0f &&
          optimizer_rows()[static_cast<std::size_t>(update.rule)].in_gradient_kernels);
}

// Patches of images: a row for each pixel of a result (N * height * width), a column for each tap
// of a kernel and channel of the source. Tap (r, s) of result pixel (y, x) reads source pixel
// ((y * scale + offset + direction * r) / divisor, the same for x), if that is whole and inside.
struct Patches {
  int source_height, source_width, height, width, kernel_height, kernel_width;
  int scale, offset, direction = 1, divisor = 1;

  int taps() const { return kernel_height * kernel_width; }
  static Patches forward(const Window& w) {  // of the image, for each pixel of the result
    const int height = w.out_height(), width = w.out_width();
    return {w.height,        w.width,        height,   width,
            w.kernel_height, w.kernel_width, w.stride, -w.padding};
  }
  static Patches backward(const Window& w) {  // of the result's gradient, for each of the image
    const int height = w.out_height(), width = w.out_width();
    return {height,         width, w.height,  w.width, w.kernel_height,
            w.kernel_width, 1,     w.padding, -1,      w.stride};
  }
};
// Pixels are handled in multiples of kPatchUnit, whole tiles on every target, at most kPatchRows.
inline constexpr int kPatchUnit = 60, kPatchRows = 4 * kPatchUnit;

// Kernels for convolution, pooling, normalisation and dropout.
struct LayerKernels {
  // Panels of the matrix of patches (pixels, taps * channels), which begins at `block`.
  void (*copy_patches)(const Patches& patches, ConstMatrixView source, Rows pixels, Rows panels,
                       float* block);
  // Adds x^T d for some columns of x, the rows of y, to a panel of y, `width` wide.
  void (*add_gradient)(ConstMatrixView x, Rows rows, const float* d, int width, float* y);
  // turned (R * S * O, C) of w (R * S * C, O): each tap transposed.
  void (*turn_taps)(ConstMatrixView w, Rows taps, MatrixView turned);

  // Indexed by Pooling.
  void (*pool[2])(const Window& window, ConstMatrixView x, Rows samples, MatrixView y);
  void (*pool_backward[2])(const Window& window, ConstMatrixView x, ConstMatrixView dy,
                           Rows samples, MatrixView dx);
  void (*flatten)(ConstMatrixView image, int pixels, Rows samples, MatrixView features);
  void (*unflatten)(ConstMatrixView features, int pixels, Rows samples, MatrixView image);

  // Of some rows of a panel, column by column: sums; means and sums of squared deviations from
  // them; sums of dy and of dy (x - mean) / deviation. The outputs are rows of all columns.
  void (*block_sums)(ConstMatrixView x, int panel, Rows rows, float* sums);
  void (*block_moments)(ConstMatrixView x, int panel, Rows rows, float* means, float* squares);
  void (*block_products)(const BatchNormalisation& norm, ConstMatrixView x, ConstMatrixView dy,
                         int panel, Rows rows, float* sums, float* products);
  void (*normalise)(const BatchNormalisation& norm, ConstMatrixView x, int panel, Rows rows,
                    float* y);
  // dbias, dweight: column_slope()'s.
  void (*normalise_backward)(const BatchNormalisation& norm, const float* dbias,
                             const float* dweight, ConstMatrixView x, ConstMatrixView dy, int panel,
                             Rows rows, float* dx);
  void (*run)(const Operation& operation, Rows parts);
  void (*dropout)(const Dropping& dropping, ConstMatrixView x, Rows rows, float* y);
};

struct Kernels : LayerKernels {
  std::string_view name;  // "avx2"

  // As in backend/backend.h, for some rows of one panel of the output. `start` and `y` point at
  // that panel's columns, y at the first of the rows.
  void (*matmul)(ConstMatrixView x, Rows rows, ConstMatrixView w, int panel, const float* start,
                 float* y);
  void (*sparse_matmul)(const SparseLists& x, Rows rows, ConstMatrixView w, int panel,
                        const float* start, float* y);
  // For what in_gradient_kernels() says. The rows begin at a multiple of kPanel. column_sums: null,
  // or, if these are all rows, where the panel's sums go.
  void (*weight_gradient)(ConstMatrixView x, Rows rows, ConstMatrixView d, int panel,
                          const float* start, const ParameterUpdate& update);
  void (*sparse_weight_gradient)(const SparseLists& columns, Rows rows, ConstMatrixView d,
                                 int panel, const float* start, const ParameterUpdate& update,
                                 float* column_sums);
  // One panel of a transposed.
  void (*transpose)(ConstMatrixView a, int panel, float* y);
  void (*column_sums)(ConstMatrixView a, float* sums, Rows panels);

  // By ActivationOp and ActivationId. Those with parameters that vary are null for other entries.
  using Activate = void (*)(const float* p, const float* x, const float* dy, float* out,
                            std::size_t n);
  using ActivateVaried = void (*)(const VariedSlice&);
  const Activate* activations[3];
  const ActivateVaried* varied_activations[3];
  Activate activation(ActivationOp op, ActivationId id) const {
    return activations[static_cast<int>(op)][id];
  }

  void (*softmax_cross_entropy)(const SoftmaxLoss&, Rows samples);
  void (*add_penalty)(const PenaltyGradient&, Rows panels);
  void (*softmax)(ConstMatrixView logits, MatrixView probabilities);

  void (*update)(const ParameterUpdate& update, std::size_t n);
};

struct Target {
  const Kernels* separate;  // products and sums rounded one by one: the same bits everywhere
  const Kernels* fused;     // rounded once together, where there is such an instruction; or null
};

// What this machine can run, fastest first; never empty. Natively "scalar" is the last.
const std::vector<Target>& available_targets();

}  // namespace reluscope::cpu
