// The CPU's kernels for convolution, pooling, normalisation and dropout, apart from kernels.h only
// because compiling both at once takes long.
#pragma once

#include "backend/cpu/kernels.h"

namespace reluscope::cpu {

// Patches of images: a row for each pixel of a result (N * height * width), a column for each tap
// of a kernel and channel of the source. Tap (r, s) of result pixel (y, x) reads source pixel
// ((y * scale + offset + direction * r) / divisor, the same for x), if that is whole and inside.
struct Patches {
  int source_height, source_width, height, width, kernel_height, kernel_width;
  int scale, offset, direction, divisor;

  int taps() const { return kernel_height * kernel_width; }
  static Patches forward(const Window& w) {  // of the image, for each pixel of the result
    return {w.height,
            w.width,
            w.out_height(),
            w.out_width(),
            w.kernel_height,
            w.kernel_width,
            w.stride,
            -w.padding,
            1,
            1};
  }
  static Patches backward(const Window& w) {  // of the result's gradient, for each of the image
    return {w.out_height(),
            w.out_width(),
            w.height,
            w.width,
            w.kernel_height,
            w.kernel_width,
            1,
            w.padding,
            -1,
            w.stride};
  }
};
// Pixels are handled in multiples of kPatchUnit, whole tiles on every target, at most kPatchRows.
inline constexpr int kPatchUnit = 60, kPatchRows = 4 * kPatchUnit;

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

}  // namespace reluscope::cpu
