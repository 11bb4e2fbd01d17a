// The arguments of every kernel. This file says what a kernel computes; the .cu file of that name
// says how. Matrices are in panels (core/tensor.h) unless they are row-major; n counts floats.
// floats(): how many floats' worth of memory a launch must read and write at least, each place
// once. The report compares a kernel's time with it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "backend/augment_draws.h"
#include "backend/backend.h"
#include "backend/cpu/kernels.h"
#include "core/rng.h"
#include "cuda/device.h"
#include "nn/activations.h"

namespace reluscope::cuda {

template <class K>
const KernelInfo& kernel_of();

// --- elementwise.cu -------------------------------------------------------------------------

struct ScaleAdd {  // y = (a ? a : 0) + scale x
  const float *a, *x;
  float* y;
  float scale;
  unsigned n;
  double floats() const { return (a == nullptr ? 2.0 : 3.0) * n; }
};
struct Clamp {
  float* x;
  float limit;
  unsigned n;
  double floats() const { return 2.0 * n; }
};

template <class... A>
constexpr std::size_t most_parameters(scalar::ActivationList<A...>) {
  return std::max({A::kInfo.parameters.size()...});
}
// Parameters of an activation: in the device's memory, or here.
struct ActivationParameters {
  const float* at;  // null: here
  float values[most_parameters(scalar::Activations<float>())];
};
// y = f(x), dx = dy f'(x) or products = dy df/dp(x); of one activation.
struct Activate {
  ActivationParameters p;
  const float *x, *dy;
  float* out;
  unsigned n;
  double floats() const { return (dy == nullptr ? 2.0 : 3.0) * n; }
};
// The same where p differs by column or element.
struct ActivateVaried {
  const float *p, *x, *dy;
  float* out;
  Layout layout;
  bool by_row;
  double floats() const {
    return (dy == nullptr ? 2.0 : 3.0) * layout.size() +
           (by_row ? layout.size() : layout.padded_cols());
  }
};
// What follows a product: y += start, by column, and out = f(y); of one activation or of none.
struct FinishProduct {
  ActivationParameters p;
  const float* start;
  float *y, *out;
  Layout layout;
  double floats() const {
    return (out == nullptr ? 2.0 : 3.0) * layout.size() + layout.padded_cols();
  }
};
// What follows the gradient of an input: padding becomes 0, and dx = dx f'(z).
struct FinishInputGradient {
  ActivationParameters p;
  const float* z;
  float* dx;
  Layout layout;
  double floats() const { return (z == nullptr ? 2.0 : 3.0) * layout.size(); }
};
enum class DeviceOp {
  kForward,  // to kParameter: Activate; as ActivationOp
  kBackward,
  kParameter,
  kVariedForward,  // to kVariedParameter: ActivateVaried
  kVariedBackward,
  kVariedParameter,
  kFinishProduct,
  kFinishInputGradient
};
// id: -1 (no activation) only for the last two.
const KernelInfo& activation_kernel(DeviceOp op, ActivationId id);

// Applies one rule to the gradient, or stores it: gradient[i] + start[column of i].
struct Update {
  ParameterUpdate update;
  const float* start;  // null: 0
  Layout layout;
  double floats() const {
    const auto moments =
        kMostMoments - std::count(update.moments, update.moments + kMostMoments, nullptr);
    const double written = update.stores() ? 1.0 : 2.0;  // the gradient; or weights, read too
    return layout.size() * (1.0 + written + 2.0 * moments) +
           (start == nullptr ? 0 : layout.padded_cols());
  }
};
const KernelInfo& update_kernel(RuleId rule);

// Numbers in [low, high], see Backend::fill_uniform().
struct FillUniform {
  Rng rng;
  std::uint32_t stream;
  float low, span;
  MatrixView y;
  double floats() const { return 1.0 * y.layout.size(); }
};
struct Drop {
  Dropping dropping;
  ConstMatrixView x;
  MatrixView y;
  double floats() const { return 2.0 * x.layout.size(); }
};

// --- batch.cu -------------------------------------------------------------------------------

// The order of an epoch. The lower halves of the keys, the sample numbers, are all different.
struct MakeKeys {  // key = the sample's random word << 32 | sample
  std::uint64_t* keys;
  unsigned n;
  Rng rng;
  double floats() const { return 4.0 * n; }
};
// A bitonic sort in which all comparisons order upwards. A merge of runs of `size` keys first
// compares each key with its mirror image in the run, then keys `stride` apart, for ever smaller
// strides.
struct SortBlocks {  // all passes within kSortKeys keys: sizes from `first` to `last`
  std::uint64_t* keys;
  unsigned n;
  unsigned first, last;
  double floats() const { return 4.0 * n; }
};
struct SortPass {  // one pass over all keys; stride 0: the first of a merge
  std::uint64_t* keys;
  unsigned n;
  unsigned size, stride;
  double floats() const { return 4.0 * n; }
};
inline constexpr unsigned kSortKeys = 2048;  // sorted by one block

struct Gather {
  Gathering gathering;
  // A pixel is a byte, a sample's number four and its label one, which is read and written.
  double floats() const {
    return gathering.to.layout.size() + gathering.to.rows() * (gathering.pixels + 6.0) / 4.0;
  }
};
// The random changes of a sample by augmentation, drawn once.
struct DrawnChanges {
  Affine affine;
  ErasedPart erased;
};
// A batch with augmentation: what its kernels make one after another.
struct AugmentedBatch {
  Gathering gathering;
  AugmentPlan plan;  // its gaussian is on the host
  Rng rng;
  int radius, rows;
  DrawnChanges* changes;  // (rows)
  // Fields (rows, 2, H, W) of random numbers, smoothed along their rows; x and y. Null: no elastic
  // distortion.
  float* fields;
  const float* gaussian;  // (2 radius + 1)
};
struct DrawChanges : AugmentedBatch {
  double floats() const { return rows * (sizeof(DrawnChanges) / 4.0 + 1.0); }
};
struct SmoothRows : AugmentedBatch {
  double floats() const { return 2.0 * rows * gathering.pixels; }
};
// Gather with augmentation: warp, noise, erasing, in this order.
struct GatherAugmented : AugmentedBatch {
  // Each place of the fields counts once.
  double floats() const {
    const double of_fields = fields == nullptr ? 0.0 : 2.0 * gathering.pixels;
    return Gather{gathering}.floats() + rows * (of_fields + sizeof(DrawnChanges) / 4.0);
  }
};

// --- layout.cu ------------------------------------------------------------------------------

// Row-major, `stride` floats a row, of a matrix in panels; padding columns become 0.
struct Pack {
  ConstMatrixView x;
  float* to;
  int stride;
  double floats() const { return 1.0 * x.layout.size() + 1.0 * x.rows() * stride; }
};
// Rows first .. first + rows - 1 of the patches of images, row-major, `stride` floats a row.
struct CopyPatches {
  cpu::Patches patches;
  ConstMatrixView source;
  float* to;
  int first, rows, stride;
  double floats() const {
    const double pixels = 1.0 * patches.source_height * patches.source_width * rows /
                          (1.0 * patches.height * patches.width);
    return 1.0 * rows * stride + pixels * source.cols();
  }
};
// turned (R * S * O, C) of w (R * S * C, O): each tap transposed.
struct TurnTaps {
  ConstMatrixView w;
  MatrixView turned;
  double floats() const { return 1.0 * w.layout.size() + turned.layout.size(); }
};
struct Flatten {  // or back
  ConstMatrixView from;
  MatrixView to;
  int pixels;
  bool back;
  double floats() const { return 1.0 * from.layout.size() + to.layout.size(); }
};
struct Pool {
  ConstMatrixView x;
  MatrixView y;
  Window window;
  bool max;
  double floats() const { return 1.0 * x.layout.size() + y.layout.size(); }
};
struct PoolBackward {
  ConstMatrixView x, dy;
  MatrixView dx;
  Window window;
  bool max;
  double floats() const { return (max ? 2.0 : 1.0) * x.layout.size() + dy.layout.size(); }
};
struct Maxout {
  ConstMatrixView x, dy;  // dy empty: forward, into out (N, C area); else out is dx
  MatrixView out;
  int pieces, area;
  double floats() const { return 1.0 * x.layout.size() + dy.layout.size() + out.layout.size(); }
};

// --- sums.cu --------------------------------------------------------------------------------

// Sums of columns: a block adds kStrip columns of `rows_at_once` rows, a thread every
// kStripLanes-th row of one column. The sums of the lanes are added in order.
inline constexpr int kStrip = 16, kStripLanes = 16;
inline int sum_blocks(const Layout& layout) { return (layout.rows + kSumRows - 1) / kSumRows; }
inline int strips(const Layout& layout) { return layout.padded_cols() / kStrip; }
constexpr Grid strip_grid(int blocks) { return {blocks, kStrip * kStripLanes}; }

struct ColumnSums {  // sums[part * padded columns + column]
  ConstMatrixView x;
  float* sums;
  int rows_at_once;
  double floats() const { return 1.0 * x.layout.size(); }
};
// Of blocks of kSumRows rows: means and squared deviations; or sums of dy and of dy times the
// normalised x.
struct BlockMoments {
  ConstMatrixView x;
  float *means, *squares;
  double floats() const { return 1.0 * x.layout.size(); }
};
struct BlockProducts {
  ConstMatrixView x, dy;
  const float *mean, *inverse;
  float *sums, *products;
  double floats() const { return 2.0 * x.layout.size(); }
};
// The sums of the blocks, added in order and in double.
struct TotalSums {
  const float* sums;
  float* to;
  int blocks, columns;
  double floats() const { return (blocks + 1.0) * columns; }
};
struct TotalMoments {  // the statistics of batch normalisation, for all columns
  const float *means, *squares;
  BatchNormalisation norm;
  int blocks, columns, padded, rows;
  double floats() const { return (2.0 * blocks + 6.0) * padded; }
};
struct TotalProducts {
  const float *sums, *products;
  float *dbias, *dweight, *dbias_share, *dweight_share;
  double share;
  int blocks, columns;
  double floats() const { return (2.0 * blocks + 4.0) * columns; }
};
struct NormaliseColumns {
  BatchNormalisation norm;
  ConstMatrixView x;
  MatrixView y;
  double floats() const { return 2.0 * x.layout.size(); }
};
struct NormaliseColumnsBackward {
  BatchNormalisation norm;
  const float *dbias_share, *dweight_share;
  ConstMatrixView x, dy;
  MatrixView dx;
  double floats() const { return 3.0 * x.layout.size(); }
};
struct SumOfSquares {  // one number a block
  const float* x;
  double* sums;
  unsigned n;
  double floats() const { return 1.0 * n; }
};
struct AddPenalty {
  PenaltyGradient penalty;
  double floats() const { return 3.0 * penalty.weights.layout.size(); }
};

// --- loss.cu --------------------------------------------------------------------------------

struct SoftmaxCrossEntropy {  // a thread has a sample
  SoftmaxLoss loss;
  double floats() const {  // four bytes of a loss, a label and a hit
    const Layout& layout = loss.logits.layout;
    return (loss.dlogits == nullptr ? 1.0 : 2.0) * layout.size() + 1.5 * layout.rows;
  }
};
struct Softmax {
  ConstMatrixView logits;
  MatrixView probabilities;
  double floats() const { return 2.0 * logits.layout.size(); }
};

}  // namespace reluscope::cuda
