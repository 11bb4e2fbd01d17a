// The operations of a device, which layers and optimizers use. Work may be asynchronous: results
// are valid once finish() has returned.
//
// Matrices are in panels (core/tensor.h). Unless said otherwise outputs are overwritten and must
// not overlap inputs. Shape letters: N samples, I and O features in and out, C classes.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <variant>

#include "core/tensor.h"
#include "core/thread_pool.h"
#include "nn/activation.h"
#include "optim/rule.h"

namespace reluscope {

struct AugmentPlan;  // backend/augment_draws.h
class Rng;           // core/rng.h, neither of which compiles for a SIMD target

// Entries that are not zero, in lists: list i is entries[begin[i]] .. entries[end[i]], excluded.
struct SparseEntry {
  std::uint32_t offset;  // of the row that the entry multiplies, in a full panel: row * kPanel
  float value;
};
struct SparseLists {
  const SparseEntry* entries = nullptr;
  const std::uint32_t* begin = nullptr;
  const std::uint32_t* end = nullptr;
  int count = 0;
};

// A matrix (N, features) whose logical values are values + offset. Only the network's input has
// an offset: the normalised background, which is most of an image, so that the stored values are
// mostly zero. Then it may come as lists alone, and values.data is null.
struct Signal {
  ConstMatrixView values;
  float offset = 0.0f;
  SparseLists rows = {};     // one list a sample; entries multiply rows of (features, O)
  SparseLists columns = {};  // one list a feature; entries multiply rows of (N, O)

  bool sparse() const { return values.data == nullptr; }
};

// An activation behind a product, y = f(product), applied to each part while it is in the cache.
struct ActivationAfter {
  ActivationId id = -1;       // -1: none
  const float* p = nullptr;   // its parameters
  float* y = nullptr;         // laid out like the product
  bool keeps_product = true;  // whether anybody reads the product: if not, it may be left unwritten
};
// An activation in front of a product, x = f(z): dL/dz is made of dL/dx in the same way.
struct ActivationBefore {
  ActivationId id = -1;
  const float* p = nullptr;
  const float* z = nullptr;  // laid out like x
};

// How a square kernel moves over an image: places outside the image (padding) hold 0.
struct Window {
  int height, width;  // of the image
  int kernel_height, kernel_width;
  int stride = 1, padding = 0;

  constexpr int out_height() const { return (height + 2 * padding - kernel_height) / stride + 1; }
  constexpr int out_width() const { return (width + 2 * padding - kernel_width) / stride + 1; }
  constexpr int taps() const { return kernel_height * kernel_width; }
  constexpr int pixels() const { return height * width; }
  constexpr int out_pixels() const { return out_height() * out_width(); }
};

enum class Pooling { kMax, kAverage };

// torch.nn.BatchNorm1d and 2d over the rows of a matrix, column by column. All arrays have the
// matrix's padded columns. Training needs two rows or more.
struct BatchNormalisation {
  bool train;  // statistics of the batch, and the running ones updated; else the running ones
  double epsilon, momentum;
  const float *weight, *bias;
  float *running_mean, *running_var, *batches;  // batches: one number
  float *mean, *inverse_deviation;              // of the last forward, for backward
  float* scratch;                               // batch_norm_scratch() floats
};

// --- Operations that a device finds a kernel for by their type ---------------------------------
//
// Each is a struct of arguments. floats(): how many are read and written at least. To add one: a
// struct here and its name in Operation, and its kernels, run_parts() in backend/cpu/*-inl.h and
// run() in cuda/kernels.

// Pieces of the work that do not depend on one another: in any order, or at the same time.
struct Parts {
  int count;
  int together = 1;     // neighbours that write to the same kPad floats: one thread's with vectors
  bool strips = false;  // of kPad floats of the result; else a device's block may share a part
};

// torch.nn.LayerNorm over each sample: as many rows of the matrix as weight has, and all columns.
struct LayerNormalisation {
  ConstMatrixView weight, bias;
  float* moments;  // two numbers a sample: mean and inverse deviation
  double epsilon;
};
struct LayerNormForward {
  LayerNormalisation norm;
  ConstMatrixView x;
  MatrixView y;

  Parts parts() const { return {x.rows() / norm.weight.rows()}; }
  std::size_t floats() const { return 2 * x.layout.size() + 2 * norm.weight.layout.size(); }
};
struct LayerNormBackward {
  LayerNormalisation norm;  // moments: out
  ConstMatrixView x, dy;
  float* dx;  // laid out like x, padding zero; null: only the moments are wanted

  Parts parts() const { return {x.rows() / norm.weight.rows()}; }
  std::size_t floats() const {
    return (dx == nullptr ? 1 : 3) * x.layout.size() + norm.weight.layout.size();
  }
};
struct LayerNormParameters {
  LayerNormalisation norm;  // moments: LayerNormBackward's
  ConstMatrixView x, dy;
  float *dweight, *dbias;  // laid out like weight

  Parts parts() const {
    return {.count = static_cast<int>(norm.weight.layout.size() / kPad), .strips = true};
  }
  std::size_t floats() const { return 2 * x.layout.size() + 2 * norm.weight.layout.size(); }
};

// torch.nn.GroupNorm over each group of neighbouring columns of each sample. A part is a group of a
// sample.
struct GroupNormalisation {
  const float *weight, *bias;  // padded columns, as all arrays by column
  double epsilon;
  int groups;  // divides the columns
  int pixels;  // rows of a sample
};
struct GroupNormForward {
  GroupNormalisation norm;
  ConstMatrixView x;
  MatrixView y;

  Parts parts() const { return {x.rows() / norm.pixels * norm.groups, norm.groups}; }
  std::size_t floats() const { return 2 * x.layout.size(); }
};
struct GroupNormBackward {
  GroupNormalisation norm;
  ConstMatrixView x, dy;
  float* dx;        // laid out like x, padding zero; null: only the sums are wanted
  MatrixView sums;  // out: of each sample two rows, the sums of its columns of dy z and of dy

  Parts parts() const { return {x.rows() / norm.pixels * norm.groups, norm.groups}; }
  std::size_t floats() const { return (dx == nullptr ? 2 : 3) * x.layout.size(); }
};
struct GroupNormParameters {
  ConstMatrixView sums;  // GroupNormBackward's
  float *dweight, *dbias;

  Parts parts() const { return {.count = sums.layout.padded_cols() / kPad, .strips = true}; }
  std::size_t floats() const { return sums.layout.size(); }
};

using Operation = std::variant<LayerNormForward, LayerNormBackward, LayerNormParameters,
                               GroupNormForward, GroupNormBackward, GroupNormParameters>;

// Which elements survive: those whose random word is at least `threshold`; they are scaled.
struct Dropping {
  std::uint64_t seed;
  std::uint32_t purpose, step, layer;
  std::uint32_t threshold;  // of 2^32
  float scale;
};

// A parameter of an activation that is not one number: `values` has one for each column, (1, F),
// or one for each element, (N, F).
struct VariedParameter {
  const float* values;
  bool by_row;
};

// With weights w and smoothing e the loss of a sample of class k is, as torch.nn.CrossEntropyLoss
// has it, (1 - e) w_k (-log p_k) + e / C times the sum over the classes c of w_c (-log p_c). The
// mean over samples is their sum divided by the sum of their w_k.
struct SoftmaxLoss {
  ConstMatrixView logits;      // (N, C)
  const std::uint8_t* labels;  // (N)
  float gradient_scale;   // 1 / (sum of w_k), which is 1 / N without weights, for the mean loss
  float* losses;          // (N) out
  std::uint8_t* correct;  // (N) out: 1 where the largest logit (the first of equals) is right
  float* dlogits;         // layout of logits, padding written as zero; null: not wanted
  float label_smoothing = 0.0f;                   // e
  const float* class_weights = nullptr;           // w, (C); null: all are 1
  const std::uint8_t* gathered_labels = nullptr;  // where gather() put the labels; null: nowhere
};

// The gradient of l1 (sum of abs(w)) + l2 (sum of w^2), where l1's at 0 is 0.
struct PenaltyGradient {
  ConstMatrixView weights;  // (I, O)
  MatrixView gradient;      // (I, O); added to
  float l1, l2;
  float* values;  // out: the sum down each column, as many as the padded columns
};

// Samples of a set of images, as numbers: to (N, pixels) = table[pixel], padding zero.
struct Gathering {
  const std::uint8_t* images;  // (count, pixels): all of the set, which stays where it is
  int count, pixels;
  const int* samples;  // (N); null: the lower halves of `order`
  const float* table;  // (256)
  MatrixView to;
  const std::uint8_t* labels = nullptr;  // (count), like images
  std::uint8_t* to_labels = nullptr;     // (N) in memory(): the samples'; null: not wanted
  const std::uint64_t* order = nullptr;  // (N) in memory(), a part of what shuffle() has made
  const AugmentPlan* changes = nullptr;  // of the images in this epoch; null: as they are
  int epoch = 0;
};

inline std::size_t input_gradient_scratch(int n, int in, int out) {
  return align_up(Layout{out, n}.size()) + align_up(Layout{in + kPanel, n}.size());
}

// Sums over many rows are made of blocks of this many, each added up in float from its first row
// on; the blocks' sums are added in double, in order. So threads may share the blocks.
inline constexpr int kSumRows = 128;
inline std::size_t batch_norm_scratch(Layout x) {
  const auto blocks = static_cast<std::size_t>((x.rows + kSumRows - 1) / kSumRows);
  return 2 * align_up((blocks + 1) * static_cast<std::size_t>(x.padded_cols()));
}

// Floats that each thread needs to convolve images with so many channels in and out.
std::size_t convolution_workspace(const Window& window, int channels, int out_channels);

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view device() const = 0;                   // "cpu"
  virtual std::string_view target() const = 0;                   // the instruction set: "avx2"
  virtual std::string_view precision() const { return "fp32"; }  // of products' inputs
  virtual int threads() const = 0;                               // of the host that work for it
  virtual void finish() = 0;
  // Begins what was asked for so far, without waiting for it.
  virtual void submit() {}
  // Where buffers lie that it is given; null: anywhere. Other arrays in its arguments (labels,
  // losses, fixed parameters of activations) may lie anywhere.
  virtual Memory* memory() { return nullptr; }
  // Bytes that can still be had there, as far as is known.
  virtual double free_bytes() const { return std::numeric_limits<double>::infinity(); }
  virtual bool takes_lists() const { return true; }  // Signal::sparse()
  // How many steps are best begun before the results of the first are waited for: losses given to
  // softmax_cross_entropy() then lie apart, and all are there after one finish().
  virtual int steps_ahead() const { return 1; }
  // Whether it has done so, from images that it keeps once it has seen them; else the host must.
  virtual bool gather(const Gathering&) { return false; }
  // Whether it has put an epoch's samples in order: those in the lower halves of there (count) in
  // memory(), which become random word << 32 | sample, ascending; word 0 of rng's draw of that
  // number. order (count): the same for the host, after finish().
  virtual bool shuffle(const Rng&, std::uint64_t* /*there*/, int /*count*/,
                       std::uint64_t* /*order*/) {
    return false;
  }
  // Host work that may wait, such as making the next batch, for threads with nothing else to do.
  virtual void offer(const Chores& chores) = 0;
  virtual void finish_chores() = 0;  // returns when all that was offered is done

  // y (N, O) = start (O; null: 0) + x.values (N, I) w (I, O), dense or sparse, then what comes
  // after it.
  virtual void matmul(const Signal& x, ConstMatrixView w, const float* start, MatrixView y,
                      const ActivationAfter& after) = 0;
  // dx (N, I) = dy (N, O) times w (I, O) transposed, padding zero; times f'(z) if an activation is
  // before. scratch: input_gradient_scratch() floats.
  virtual void input_gradient(ConstMatrixView dy, ConstMatrixView w, MatrixView dx, float* scratch,
                              const ActivationBefore& before) = 0;
  // gradient (I, O) = start (O; null: 0) + x.values (N, I) transposed, times d (N, O); what
  // becomes of it, `update` says. If an optimizer is applied and column_sums is not null, it gets
  // the sums of the columns of the new weights, in the order of column_sums().
  virtual void weight_gradient(const Signal& x, ConstMatrixView d, const float* start,
                               const ParameterUpdate& update, float* column_sums) = 0;
  // sums[c] = sum over the rows of x, row 0 first; as many as the padded columns.
  virtual void column_sums(ConstMatrixView x, float* sums) = 0;
  // y[i] = (a ? a[i] : 0) + scale * x[i]; y may be a or x.
  virtual void scale_add(const float* a, float scale, const float* x, float* y, std::size_t n) = 0;

  // The sum of x[i]^2 in double, in an order that depends on n alone.
  virtual double sum_of_squares(const float* x, std::size_t n) = 0;
  // Every x[i] into [-limit, limit]; NaN stays.
  virtual void clamp(float* x, float limit, std::size_t n) = 0;

  // Element by element over n floats, n a multiple of kPad. p: the activation's parameters. dy:
  // null for kForward.
  virtual void activate(ActivationOp op, ActivationId id, const float* p, const float* x,
                        const float* dy, float* out, std::size_t n) = 0;
  // The same for (N, F) where all parameters of the entry, which activation_varies(), have the
  // value that p has for the element.
  virtual void activate_varied(ActivationOp op, ActivationId id, const VariedParameter& p,
                               ConstMatrixView x, ConstMatrixView dy, MatrixView out) = 0;

  // Images are matrices (N * H * W, C): a row for each pixel, samples, rows and columns of the
  // image ascending. The same as rows of features in PyTorch's order, (N, C * H * W), and back,
  // padding zero.
  virtual void flatten(ConstMatrixView image, int pixels, MatrixView features) = 0;
  virtual void unflatten(ConstMatrixView features, int pixels, MatrixView image) = 0;

  // Makes sure that every thread has this much memory of its own; not in a step.
  virtual void reserve(std::size_t workspace_floats) = 0;
  // y (N * OH * OW, O) = bias + x (N * H * W, C) convolved with w (R * S * C, O), whose rows are in
  // the order (R, S, C); terms are added in that order. Reserve convolution_workspace() before.
  virtual void convolve(const Window& window, ConstMatrixView x, ConstMatrixView w,
                        const float* bias, MatrixView y, const ActivationAfter& after) = 0;
  // dx of dy, terms in the order (R, S, O). turned: the size of a matrix (R * S * O, C).
  virtual void convolve_input_gradient(const Window& window, ConstMatrixView dy, ConstMatrixView w,
                                       MatrixView dx, float* turned,
                                       const ActivationBefore& before) = 0;
  // The gradient of w, terms in the order of dy's rows. It is stored and then updated.
  virtual void convolve_weight_gradient(const Window& window, ConstMatrixView x, ConstMatrixView dy,
                                        const ParameterUpdate& update) = 0;

  // y (N * OH * OW, C) of x (N * H * W, C). The window has no padding.
  virtual void pool(Pooling kind, const Window& window, ConstMatrixView x, MatrixView y) = 0;
  // To the first maximum of each window, or in equal parts to all of it.
  virtual void pool_backward(Pooling kind, const Window& window, ConstMatrixView x,
                             ConstMatrixView dy, MatrixView dx) = 0;

  virtual void batch_norm(const BatchNormalisation& norm, ConstMatrixView x, MatrixView y,
                          const ActivationAfter& after) = 0;
  // dx unless dx.data is null, dweight and dbias, padding zero.
  virtual void batch_norm_backward(const BatchNormalisation& norm, ConstMatrixView x,
                                   ConstMatrixView dy, MatrixView dx, float* dweight, float* dbias,
                                   const ActivationBefore& before) = 0;
  virtual void run(const Operation& operation) = 0;
  // y = x where it survives, scaled, else 0. The same for gradients.
  virtual void dropout(const Dropping& dropping, ConstMatrixView x, MatrixView y) = 0;
  // sums[c] = sum over the rows of x in blocks of kSumRows; scratch: batch_norm_scratch() floats.
  virtual void long_column_sums(ConstMatrixView x, float* scratch, float* sums) = 0;
  // y (N, F) uniform in [low, high]. Element (n, f) is word f % 4 of draw n ceil(F / 4) + f / 4,
  // and `stream` is the upper half of the draw's number.
  virtual void fill_uniform(const Rng& rng, std::uint32_t stream, float low, float high,
                            MatrixView y) = 0;
  // y (N, C area) = the largest of each `pieces` neighbouring channels of x (N, C pieces area).
  virtual void maxout_forward(ConstMatrixView x, int pieces, int area, MatrixView y) = 0;
  // dx = dy where x was the largest, the first of equals, else 0; padding zero.
  virtual void maxout_backward(ConstMatrixView x, ConstMatrixView dy, int pieces, int area,
                               MatrixView dx) = 0;

  virtual void softmax_cross_entropy(const SoftmaxLoss& args) = 0;
  virtual void add_penalty(const PenaltyGradient& args) = 0;
  // probabilities (N, C) of logits (N, C), padding zero.
  virtual void softmax(ConstMatrixView logits, MatrixView probabilities) = 0;

  // Applies an optimizer to n parameters, a multiple of kPad, whose gradient was stored. Nothing
  // for kStore.
  virtual void update(const ParameterUpdate& update, std::size_t n) = 0;
};

}  // namespace reluscope
