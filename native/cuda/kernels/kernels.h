// The arguments of every kernel: what it computes stands here, how in the .cu file of that name.
// Matrices are in panels (core/tensor.h) unless they are said to be row-major; n counts floats.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "backend/augment_draws.h"
#include "backend/backend.h"
#include "backend/cpu/layer_kernels.h"
#include "cuda/device.h"
#include "nn/activations.h"

namespace reluscope::cuda {

template <class K>
const KernelInfo& kernel_of();
std::vector<const KernelInfo*> all_kernels();

// --- elementwise.cu -------------------------------------------------------------------------

struct ScaleAdd {  // y = (a ? a : 0) + scale x
  const float *a, *x;
  float* y;
  float scale;
  unsigned n;
};
struct Clamp {
  float* x;
  float limit;
  unsigned n;
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
// y = f(x), dx = dy f'(x) or products = dy df/dp(x); of one activation, see activation_kernel().
struct Activate {
  ActivationParameters p;
  const float *x, *dy;
  float* out;
  unsigned n;
};
// The same where p differs by column or element.
struct ActivateVaried {
  const float *p, *x, *dy;
  float* out;
  Layout layout;
  bool by_row;
};
// What follows a product: y += start, by column, and out = f(y); of one activation or of none.
struct FinishProduct {
  ActivationParameters p;
  const float* start;  // null: 0
  float *y, *out;
  Layout layout;
};
// What follows the gradient of an input: padding becomes 0, and dx = dx f'(z).
struct FinishInputGradient {
  ActivationParameters p;
  const float* z;
  float* dx;
  Layout layout;
};
const KernelInfo& activation_kernel(ActivationOp op, ActivationId id);
const KernelInfo& varied_kernel(ActivationOp op, ActivationId id);
const KernelInfo& finish_product_kernel(ActivationId id);         // -1: none
const KernelInfo& finish_input_gradient_kernel(ActivationId id);  // -1: none

// By one rule, or to store; gradient[i] + start[column of i] is the gradient.
struct Update {
  ParameterUpdate update;
  const float* start;  // null: 0
  Layout layout;       // where there is a start
  unsigned n;
};
const KernelInfo& update_kernel(RuleId rule);

// Numbers in [low, high], as Backend::fill_uniform() says.
struct FillUniform {
  std::uint64_t seed;
  std::uint32_t purpose, step, stream;
  float low, span;
  float* y;
  Layout layout;
};
struct Drop {
  Dropping dropping;
  const float* x;
  float* y;
  Layout layout;
};

// --- batch.cu -------------------------------------------------------------------------------

// An epoch's order. Keys that differ in their lower halves, the samples' numbers.
struct MakeKeys {  // key = word << 32 | sample, of the sample's draw
  std::uint64_t* keys;
  unsigned n;
  std::uint64_t seed;
  std::uint32_t purpose, step;
};
// Batcher's bitonic sort, all comparisons upwards. A merge of runs of `size` begins with each key
// against the one that is as far from the run's other end, then those `stride` apart, halving it.
struct SortBlocks {  // all that happens within kSortKeys keys: sizes from `first` to `last`
  std::uint64_t* keys;
  unsigned n;
  unsigned first, last;
};
struct SortPass {  // one pass over all keys; stride 0: the first of a merge
  std::uint64_t* keys;
  unsigned n;
  unsigned size, stride;
};
inline constexpr unsigned kSortKeys = 2048;  // that a block sorts

struct Gather {
  Gathering gathering;
};
// What augmentation does to a sample, drawn once.
struct DrawnChanges {
  Affine affine;
  ErasedPart erased;
};
struct DrawChanges {
  Gathering gathering;  // whose samples
  Augmentation options;
  std::uint64_t seed;
  int height, width, rows;
  DrawnChanges* to;  // (rows)
};
// Fields (rows, 2, H, W) of random numbers, smoothed along their rows; x and y.
struct SmoothRows {
  Gathering gathering;
  std::uint64_t seed;
  const float* gaussian;  // (2 radius + 1)
  int radius, height, width, rows;
  float* fields;
};
// Gather, of images that are warped, get noise and lose a part, in this order.
struct GatherAugmented {
  Gathering gathering;
  std::uint64_t seed;
  const DrawnChanges* changes;
  const float *fields, *gaussian;  // null: no elastic distortion
  float alpha;                     // of it, in pixels
  double noise;
  int radius, height, width;
  std::uint8_t background;
  bool moves;
};

// --- layout.cu ------------------------------------------------------------------------------

// Row-major, `stride` floats a row, of a matrix in panels; columns behind the last become 0.
struct Pack {
  const float* x;
  float* to;
  Layout layout;
  int stride;
};
// Rows first .. first + rows - 1 of the patches of images, row-major, `stride` floats a row.
struct CopyPatches {
  cpu::Patches patches;
  const float* source;
  Layout layout;  // of the source
  float* to;
  int first, rows, stride;
};
// turned (R * S * O, C) of w (R * S * C, O): each tap transposed.
struct TurnTaps {
  const float* w;
  float* turned;
  Layout w_layout, turned_layout;
};
struct Flatten {  // or back
  const float* from;
  float* to;
  Layout image, features;
  int pixels;
  bool back;
};
struct Pool {
  const float* x;
  float* y;
  Window window;
  Layout x_layout, y_layout;
  bool max;
};
struct PoolBackward {
  const float *x, *dy;
  float* dx;
  Window window;
  Layout x_layout, y_layout;
  bool max;
};
struct Maxout {
  const float *x, *dy;  // dy null: forward, into out (N, C area); else out is dx
  float* out;
  Layout x_layout, y_layout;
  int pieces, area;
};

// --- sums.cu --------------------------------------------------------------------------------

// Sums down columns: a block has kStrip columns of `rows_at_once` rows, from row block *
// rows_at_once on; one of its threads every kStripLanes-th row of a column, and the lanes are added
// in order.
inline constexpr int kStrip = 16, kStripLanes = 16;
inline int sum_blocks(const Layout& layout) { return (layout.rows + kSumRows - 1) / kSumRows; }
inline int strips(const Layout& layout) { return layout.padded_cols() / kStrip; }
constexpr Grid strip_grid(int blocks) { return {blocks, kStrip * kStripLanes}; }

struct ColumnSums {  // sums[part * padded columns + column]
  const float* x;
  float* sums;
  Layout layout;
  int rows_at_once;
};
// Of blocks of kSumRows rows: means and squared deviations, or sums of dy and of dy times what
// normalising makes of x.
struct BlockMoments {
  const float* x;
  float *means, *squares;
  Layout layout;
};
struct BlockProducts {
  const float *x, *dy, *mean, *inverse;
  float *sums, *products;
  Layout layout;
};
// The blocks' sums added up, in double, in order.
struct TotalSums {
  const float* sums;
  float* to;
  int blocks, columns;
};
struct TotalMoments {  // the statistics of batch normalisation, for all columns
  const float *means, *squares;
  BatchNormalisation norm;
  int blocks, columns, padded, rows;
};
struct TotalProducts {
  const float *sums, *products;
  float *dbias, *dweight, *dbias_share, *dweight_share;
  double share;
  int blocks, columns;
};
struct NormaliseColumns {
  cpu::ColumnNorm norm;
  const float* x;
  float* y;
  Layout layout;
};
struct NormaliseColumnsBackward {
  cpu::ColumnNorm norm;
  const float *x, *dy;
  float* dx;
  Layout layout;
};
struct SumOfSquares {  // one number a block
  const float* x;
  double* sums;
  unsigned n;
};
struct AddPenalty {
  PenaltyGradient penalty;
};

// --- loss.cu --------------------------------------------------------------------------------

struct SoftmaxCrossEntropy {  // a thread has a sample
  SoftmaxLoss loss;
};
struct Softmax {
  const float* logits;
  float* probabilities;
  Layout layout;
};

}  // namespace reluscope::cuda
