// The kernels a device must have. Layers and optimizers speak only to this; a second device
// implements it and nothing above changes. Work may be asynchronous: results are valid once
// finish() has returned.
//
// Matrices are in panels (core/tensor.h). Unless said otherwise outputs are overwritten and must
// not overlap inputs. Shape letters: N samples, I and O features in and out, C classes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/tensor.h"
#include "core/thread_pool.h"
#include "nn/activation.h"

namespace reluscope {

struct AdamStep {  // scalars of one update, see optim/optimizer.cpp
  float beta1, one_minus_beta1, beta2, one_minus_beta2;
  float step_size;            // lr / (1 - beta1^t)
  float inverse_root_second;  // 1 / sqrt(1 - beta2^t)
  float epsilon;
};

struct SgdStep {
  float lr, momentum;
  bool nesterov;
};

// What becomes of a parameter's gradient: it is stored, or an optimizer is applied to it while it
// is at hand, and then nothing is stored. Both give the same bits.
struct ParameterUpdate {
  enum class Kind { kStore, kAdam, kSgd };
  Kind kind = Kind::kStore;
  float* gradient = nullptr;  // for kStore: where to; else where one that was stored lies
  float* weights = nullptr;
  float* moment1 = nullptr;  // Adam's mean, or SGD's momentum (null: none)
  float* moment2 = nullptr;  // Adam's mean square
  AdamStep adam = {};
  SgdStep sgd = {};
};

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

// An activation behind a product, y = f(product), applied to each part of the product while that is
// in the nearest cache.
struct ActivationAfter {
  ActivationId id = -1;      // -1: none
  const float* p = nullptr;  // its parameters
  float* y = nullptr;        // laid out like the product
};
// An activation in front of a product, x = f(z): dL/dz is made of dL/dx in the same way.
struct ActivationBefore {
  ActivationId id = -1;
  const float* p = nullptr;
  const float* z = nullptr;  // laid out like x
};

struct SoftmaxLoss {
  ConstMatrixView logits;      // (N, C)
  const std::uint8_t* labels;  // (N)
  float gradient_scale;        // 1 / N for the gradient of the mean loss
  float* losses;               // (N) out
  std::uint8_t* correct;       // (N) out: 1 where the largest logit (the first of equals) is right
  float* dlogits;              // layout of logits, padding written as zero; null: not wanted
};

inline std::size_t input_gradient_scratch(int n, int in, int out) {
  return align_up(Layout{out, n}.size()) + align_up(Layout{in + kPanel, n}.size());
}

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view device() const = 0;  // "cpu"
  virtual std::string_view target() const = 0;  // the instruction set: "avx2"
  virtual int threads() const = 0;              // of the host that work for it
  virtual void finish() = 0;
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
  virtual void scale_add(const float* a, float scale, const float* x, float* y,
                         std::size_t n) = 0;

  // Element by element over n floats, n a multiple of kPad. p: the activation's parameters.
  virtual void activation_forward(ActivationId id, const float* p, const float* x, float* y,
                                  std::size_t n) = 0;
  // dx = dy f'(x).
  virtual void activation_backward(ActivationId id, const float* p, const float* x,
                                   const float* dy, float* dx, std::size_t n) = 0;
  // products = dy df/dp(x) for the learnable parameter p.
  virtual void activation_parameter(ActivationId id, const float* p, const float* x,
                                    const float* dy, float* products, std::size_t n) = 0;

  virtual void softmax_cross_entropy(const SoftmaxLoss& args) = 0;
  // probabilities (N, C) of logits (N, C), padding zero.
  virtual void softmax(ConstMatrixView logits, MatrixView probabilities) = 0;

  // Applies an optimizer to n parameters, a multiple of kPad, whose gradient was stored. Nothing
  // for kStore.
  virtual void update(const ParameterUpdate& update, std::size_t n) = 0;
};

}  // namespace reluscope
